#!/usr/bin/env bash
# Builds the benchmarks and runs them; rows go to bench/results.
#   bench.sh smoke|full   smoke: each briefly, to see that it works; full: about half an hour
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh build bench
settings=(-DBATON_BUILD_BENCH=ON)
# A first configuration leaves the tests out: they need packages of their own.
[[ -e build/release/CMakeCache.txt ]] || settings+=(-DBATON_BUILD_TESTS=OFF)
scripts/build.sh release programs queue_compare queue_posts conversation_pages http_ceiling llm_load llm_upstream "${settings[@]}"
peer_sets=(bench/peers/*)
source scripts/peers.sh
if [[ $1 == smoke ]]; then
    python3 bench/compare.py --runs 1 --time-ms 200 --batches 1,100
    python3 bench/http_posts.py --runs 1 --seconds 1
    python3 bench/krpc_posts.py --runs 1 --seconds 1
    python3 bench/embedded.py --runs 1 --thousands 32
    python3 bench/conversations.py --messages 2000 --conversations 100 --pages 2
    python3 bench/llm_gateway.py --runs 1 --seconds 1 --streams 200 --peers
else
    python3 bench/compare.py
    python3 bench/http_posts.py
    python3 bench/krpc_posts.py
    python3 bench/embedded.py
    python3 bench/conversations.py
    python3 bench/conversations.py --pages 0 --messages 100000
    python3 bench/llm_gateway.py --peers
    python3 bench/table.py
fi
