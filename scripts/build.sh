#!/usr/bin/env bash
# Configures and builds one preset, showing progress.
#   build.sh PRESET [programs|all|TARGET …] [-DNAME=VALUE …]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
shift
targets=()
settings=()
for word in "$@"; do
    case "$word" in
        -D*) settings+=("$word") ;;
        *) targets+=("$word") ;;
    esac
done
(( ${#targets[@]} )) || targets=(all)

# The programs alone need no test packages, so a first configuration for them leaves the tests out.
# A later one keeps what the cache says.
if [[ ${targets[*]} == programs && ! -e build/$preset/CMakeCache.txt ]]; then
    settings+=(-DBATON_BUILD_TESTS=OFF)
fi

log=build/$preset.configure.log
mkdir -p build
if ! cmake --preset "$preset" "${settings[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi

# The largest files take 1 GB to compile (3 GB with sanitizers): no more at once than memory holds.
jobs=$(nproc)
available_mb=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo 2>/dev/null || echo 4096)
case "$preset" in
    asan | tsan | fuzz) per_job_mb=2000 ;;
    *) per_job_mb=1000 ;;
esac
if (( jobs > available_mb / per_job_mb )); then jobs=$(( available_mb / per_job_mb )); fi
if (( jobs < 1 )); then jobs=1; fi

echo "==> building $preset (${targets[*]}), $jobs at a time"
export NINJA_STATUS="[%f/%t %es] "
cmake --build --preset "$preset" --parallel "$jobs" --target "${targets[@]}"
