#!/usr/bin/env bash
# Each fault of a cluster ROUNDS times under load, its gaps held against their targets.
#   ROUNDS=10 cluster-faults.sh [GTEST FILTER]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh build test
scripts/build.sh release cluster_tests batond baton -DBATON_BUILD_TESTS=ON
BATON_CLUSTER_ROUNDS=${ROUNDS:-10} build/release/bin/cluster_tests \
    --gtest_filter="${1:-ClusterFaults.*:ClusterHangs.*:ClusterBacklog.*}"
