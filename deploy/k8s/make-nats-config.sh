#!/usr/bin/env bash
# Prints the ConfigMap with the files of deploy/nats that the cluster uses.
#   make-nats-config.sh > nats-config.yaml
set -euo pipefail
cd "$(dirname "$0")/../nats"
cat <<HEAD
# Made by make-nats-config.sh from deploy/nats.
apiVersion: v1
kind: ConfigMap
metadata:
  name: nats-config
  labels: {app.kubernetes.io/name: nats, app.kubernetes.io/part-of: baton}
data:
HEAD
for file in accounts.conf batond-permissions.conf common.conf jetstream.conf three.conf; do
    printf '  %s: |\n' "$file"
    sed -E 's/^(.+)$/    \1/' "$file"
done
