#!/usr/bin/env bash
# Builds and runs the libFuzzer targets of tests/fuzz.
#   fuzz.sh build   with clang 19, into build/fuzz
#   fuzz.sh full    installs, builds, runs each for FUZZ_SECONDS (300), as many at once as there are cores
#   fuzz.sh brief   runs what is built, one after the other, each for FUZZ_SECONDS (60); ctest calls it for each
# FUZZ_ONLY=name runs one target. Finds are kept in build/fuzz/corpus, inputs that break something in
# build/fuzz/crashes: mend the fault, then move the input to tests/fuzz/corpus/<name>.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=$1

if [[ $mode == full ]]; then scripts/install-deps.sh fuzz; fi
if [[ $mode == full || $mode == build ]]; then
    scripts/build.sh fuzz fuzzers
    touch build/fuzz/.built
fi
if [[ $mode == build ]]; then exit 0; fi

if [[ ! -e build/fuzz/.built ]]; then
    echo "the fuzz targets are not built: scripts/fuzz.sh build" >&2
    if [[ -n ${BATON_REQUIRE_PEERS:-} ]]; then exit 1; else exit 77; fi
fi

names=()
for source in tests/fuzz/*_fuzz.cpp; do
    name=$(basename "$source" _fuzz.cpp)
    [[ -z ${FUZZ_ONLY:-} || $FUZZ_ONLY == "$name" ]] && names+=("$name")
done
if (( ${#names[@]} == 0 )); then
    echo "fuzz.sh: there is no tests/fuzz/${FUZZ_ONLY}_fuzz.cpp" >&2
    exit 2
fi

if [[ $mode == brief ]]; then
    each=${FUZZ_SECONDS:-60}
    lanes=1
else
    each=${FUZZ_SECONDS:-300}
    lanes=$(nproc)
fi

# run NAME SECONDS: fails, with the input printed, when one breaks the target.
run() {
    local name=$1 seconds=$2 kept=build/fuzz/corpus/$1 log=build/fuzz/$1.log
    local crashes=build/fuzz/crashes seeds=tests/fuzz/corpus/$1 options=()
    mkdir -p "$kept" "$crashes"
    if [[ ! -d $seeds ]]; then
        echo "$name: there are no seeds in $seeds" >&2
        return 1
    fi
    [[ -e tests/fuzz/$name.dict ]] && options+=("-dict=tests/fuzz/$name.dict")
    if "build/fuzz/bin/${name}_fuzz" "$kept" "$seeds" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -max_len=8192 -artifact_prefix="$crashes/$name-" \
        -print_final_stats=1 "${options[@]}" >"$log" 2>&1; then
        echo "$name: $(awk '/number_of_executed_units/ {n = $2}
            match($0, / cov: [0-9]+/) {c = substr($0, RSTART + 6, RLENGTH - 6)}
            END {print n " inputs, " c " edges"}' "$log") in $seconds s"
        return 0
    fi
    awk '/ERROR: |runtime error: |Assertion/ {found = 1} found' "$log" | head -n 60 >&2
    local input
    input=$(sed -nE 's/.*Test unit written to (.*)/\1/p' "$log" | tail -n 1)
    if [[ -n $input && -e $input ]]; then
        { echo "$name: this input breaks it ($input):"
          od -A d -t x1z "$input" | head -n 40
          echo "again with: build/fuzz/bin/${name}_fuzz $input"; } >&2
    fi
    return 1
}
export -f run

export ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-/usr/bin/llvm-symbolizer-19}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
echo "==> fuzzing ${#names[@]} targets for $each s each"
printf '%s\n' "${names[@]}" | xargs -P "$lanes" -I{} bash -c 'run "$@"' _ {} "$each"
