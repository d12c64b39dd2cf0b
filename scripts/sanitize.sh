#!/usr/bin/env bash
# Unit and integration tests under a sanitizer.
#   sanitize.sh asan|tsan
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1

scripts/install-deps.sh build test
source scripts/peers.sh
scripts/build.sh "$preset" all -DBATON_BUILD_TESTS=ON

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
export BATON_REQUIRE_PEERS=1

# The thread sanitizer of g++ 12 can't place its shadow where the kernel randomises more than 28 bits.
launcher=()
if [[ $preset == tsan ]] && setarch -R true 2>/dev/null; then launcher=(setarch -R); fi

"${launcher[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error \
    --label-regex 'unit|integration'
