#!/usr/bin/env bash
# Builds and runs the daemon, and does it again after each change below src/, cmd/, cmake/, configs/.
#   dev.sh [batond arguments …]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh build

watched=()
for folder in src cmd cmake configs migrations proto; do
    [[ -d $folder ]] && watched+=("$folder")
done
mark=$(mktemp)
daemon=

stop_daemon() {
    [[ -n $daemon ]] || return 0
    kill -TERM "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    daemon=
}
trap 'rm -f "$mark"; stop_daemon' EXIT
trap 'exit 0' INT TERM

# Returns after a file has changed since the mark. Looks once a second where inotify-tools is missing.
wait_for_change() {
    while [[ -z $(find "${watched[@]}" -newer "$mark" -type f -print -quit) ]]; do
        if command -v inotifywait >/dev/null; then
            inotifywait -qq -r -t 5 -e close_write,move,create,delete "${watched[@]}" || true
        else
            sleep 1
        fi
    done
}

while :; do
    touch "$mark"
    if scripts/build.sh dev programs; then
        stop_daemon
        setpriv --pdeathsig TERM setsid build/dev/bin/batond "$@" &
        daemon=$!
    else
        echo "==> the build failed; the daemon before it, if any, keeps running" >&2
    fi
    wait_for_change
    sleep 0.2 # editors write several files at once
done
