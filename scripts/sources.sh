#!/usr/bin/env bash
# Lists the project's own C++ files, one per line.
#   sources.sh [changed]   changed: only those that differ from the last commit
set -euo pipefail
cd "$(dirname "$0")/.."

folders=()
for folder in src cmd tests bench cmake examples; do
    [[ -d $folder ]] && folders+=("$folder")
done
if [[ ${1:-} == changed ]]; then
    { git diff --name-only --diff-filter=d HEAD -- "${folders[@]}"
      git ls-files --others --exclude-standard -- "${folders[@]}"; } | sort -u
else
    find "${folders[@]}" -name node_modules -prune -o -type f -print | sort
fi | grep -E '\.(cpp|h)$' || true
