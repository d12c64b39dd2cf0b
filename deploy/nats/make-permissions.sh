#!/usr/bin/env bash
# Prints what the user `batond` may do, for so many partitions. NATS has no wildcard inside a word, so
# each stream is named.
#   make-permissions.sh [PARTITIONS] > batond-permissions.conf
set -euo pipefail
partitions=${1:-16}

streams=(baton-bucket baton-limits-bucket)
for ((i = 0; i < partitions; ++i)); do streams+=("baton-log-$i" "baton-log-$i-b"); done

list() { printf '        "%s",\n' "$@"; }

cat <<HEAD
# Made by make-permissions.sh $partitions: streams baton-log-0 to baton-log-$((partitions - 1)) (subjects baton.log.N.G) and the same with -b
# (baton.log.N-b.G), baton-bucket (baton.bucket) and baton-limits-bucket (baton.limits.bucket). No stream may be deleted, saved or
# restored, and none but these touched.
permissions: {
  publish: {
    allow: [
HEAD
list 'baton.>' '_INBOX.>' "\$JS.API.INFO" "\$JS.API.STREAM.NAMES" "\$JS.FC.>"
for stream in "${streams[@]}"; do
    for verb in CREATE UPDATE INFO PURGE MSG.GET LEADER.STEPDOWN; do
        list "\$JS.API.STREAM.$verb.$stream"
    done
    for verb in CREATE DURABLE.CREATE INFO DELETE MSG.NEXT; do
        list "\$JS.API.CONSUMER.$verb.$stream" "\$JS.API.CONSUMER.$verb.$stream.>"
    done
    list "\$JS.API.DIRECT.GET.$stream" "\$JS.API.DIRECT.GET.$stream.>" "\$JS.ACK.$stream.>"
done
cat <<TAIL
    ]
  }
  subscribe: {
    allow: [
$(list 'baton.>' '_INBOX.>')
    ]
  }
}
TAIL
