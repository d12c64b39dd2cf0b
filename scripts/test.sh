#!/usr/bin/env bash
# Installs, builds and runs the tests.
#   test.sh [LABELS]   LABELS: a ctest label expression, all tests without it
set -euo pipefail
cd "$(dirname "$0")/.."
labels=${1:-}

scripts/install-deps.sh build test
source scripts/peers.sh
scripts/build.sh release all -DBATON_BUILD_TESTS=ON
if [[ -z $labels || fuzz =~ ^($labels)$ ]]; then
    scripts/install-deps.sh fuzz
    scripts/fuzz.sh build
fi

select=()
[[ -n $labels ]] && select=(--label-regex "$labels")
echo "==> testing ${labels:-everything}"
# Here the peers are installed, so a test that can't find one has failed, not been skipped.
export BATON_REQUIRE_PEERS=1
status=0
ctest --test-dir build/release --output-on-failure --no-tests=error -j "$(nproc)" "${select[@]}" || status=$?

# ctest counts a program as passed when it skipped some of its tests: say which.
skipped=$(grep -E '^\[  SKIPPED \] [A-Z].*/' build/release/Testing/Temporary/LastTest.log \
    | sed -E 's/ \([0-9]+ ms\)$//' | sort -u || true)
if [[ -n $skipped ]]; then
    printf '==> this machine could not run these (power cuts need root and loop devices, points need ptrace):\n%s\n' "$skipped"
fi
exit "$status"
