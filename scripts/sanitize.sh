#!/usr/bin/env bash
# Unit and integration tests under a sanitizer.
#   sanitize.sh asan|tsan [NAMES]   NAMES: a regular expression of ctest's names, all tests without it
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
names=${2:-}

scripts/install-deps.sh build test
source scripts/peers.sh
scripts/build.sh "$preset" all -DBATON_BUILD_TESTS=ON

# The thread sanitizer's reports go to files, one a process: so those of daemons count, whose output a
# test may not look at and which it may kill before they could end with an error.
reports=$PWD/build/$preset/reports
rm -rf "$reports"
mkdir -p "$reports"

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS="halt_on_error=0:second_deadlock_stack=1:log_path=$reports/tsan"
export BATON_REQUIRE_PEERS=1

# The thread sanitizer of g++ 12 can't place its shadow where the kernel randomises more than 28 bits.
launcher=()
if [[ $preset == tsan ]] && setarch -R true 2>/dev/null; then launcher=(setarch -R); fi

select=()
[[ -n $names ]] && select=(--tests-regex "$names")
status=0
"${launcher[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error \
    --label-regex 'unit|integration' "${select[@]}" || status=$?

mapfile -t found < <(find "$reports" -type f | sort)
if (( ${#found[@]} )); then
    cat "${found[@]}"
    echo "==> ${#found[@]} processes reported (build/$preset/reports):" >&2
    cat "${found[@]}" | grep '^SUMMARY' | sort | uniq -c | sort -rn >&2 || true
    status=1
fi
exit "$status"
