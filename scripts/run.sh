#!/usr/bin/env bash
# From a checkout to a running daemon that has answered one message; serves until Ctrl-C.
#   run.sh [batond arguments …]
set -euo pipefail
cd "$(dirname "$0")/.."
started=$EPOCHREALTIME

say() { printf '\n==> %s\n' "$*"; }

# since START: seconds from START until now, like 12.345
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.3f", b - a}'; }

# Ports of 127.0.0.1 the daemon is going to use, unless the arguments say otherwise.
refuse_busy_port() {
    [[ " $* " =~ server\.port ]] && return
    if (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; then
        cat >&2 <<MESSAGE
Port 8080 on 127.0.0.1 is already in use, perhaps by another batond. Stop that program, or choose
another port (0 means any free one):
  make run ARGS="--set server.port=0"
MESSAGE
        exit 1
    fi
}
refuse_busy_port "$@"

scripts/install-deps.sh build
scripts/build.sh release programs
refuse_busy_port "$@"

say "starting build/release/bin/batond $*"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/out"

# The daemon gets a session of its own: a Ctrl-C in the terminal reaches this script only, which hands
# on exactly one signal. Should this script be killed, the daemon is told to end as well.
setpriv --pdeathsig TERM setsid build/release/bin/batond "$@" >"$work/out" 2>&1 &
daemon=$!

# Passes the daemon's lines on until its last one, and notes the ready line.
(
    trap '' INT TERM
    while IFS= read -r line; do
        printf '%s\n' "$line"
        if [[ $line == "ready "* && ! -e $work/ready ]]; then
            printf '%s\n' "$line" >"$work/ready.part"
            mv "$work/ready.part" "$work/ready"
        fi
    done <"$work/out"
) &
reader=$!

# Waits until the daemon has ended, however many signals arrive meanwhile, and ends with its status.
finish() {
    local status=0
    while :; do
        wait "$daemon" && status=0 || status=$?
        kill -0 "$daemon" 2>/dev/null || break
    done
    wait "$reader" 2>/dev/null || true
    (( stopping && (status == 130 || status == 143) )) && status=0
    exit "$status"
}
stopping=0
stop() {
    stopping=1
    kill -s "$1" "$daemon" 2>/dev/null || true
}
trap 'stop INT' INT
trap 'stop TERM' TERM

for (( tick = 0; tick < 600; tick++ )); do
    [[ -e $work/ready ]] && break
    if (( stopping )) || ! kill -0 "$daemon" 2>/dev/null; then finish; fi
    sleep 0.05
done
if [[ ! -e $work/ready ]]; then
    echo "batond was not ready after 30 s; stopping it" >&2
    stop TERM
    wait "$daemon" || true
    exit 1
fi
ready_after=$(since "$started")
url=$(sed -nE 's/.*http=([^ ]+).*/\1/p' "$work/ready")
[[ $url == http*://* ]] || url=http://$url
data=$(sed -nE 's/.* data=(.*)$/\1/p' "$work/ready")

say "sending one message through $url"
sent=$EPOCHREALTIME
# The CLI is a child in this script's own process group, so Ctrl-C ends it too.
if BATON_URL=$url build/release/bin/baton --data-dir "$data" send "Hello from make run" --wait; then
    say "replied after $(since "$sent") s; ready after ${ready_after} s; $(since "$started") s in all"
else
    (( stopping )) && finish
    echo "the message was not answered; stopping batond" >&2
    stop TERM
    wait "$daemon" || true
    exit 1
fi

(( stopping )) || say "serving on $url until Ctrl-C"
finish
