#!/usr/bin/env bash
# Builds the benchmarks and runs the micro ones.
#   bench.sh smoke|full
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh build bench
scripts/build.sh release all -DBATON_BUILD_BENCH=ON
options=()
[[ $1 == smoke ]] && options=(--benchmark_min_time=0.01)
if [[ ! -x build/release/bin/bench_micro ]]; then
    echo "there are no micro benchmarks yet"
    exit 0
fi
build/release/bin/bench_micro "${options[@]}"
