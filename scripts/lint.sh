#!/usr/bin/env bash
# The law of the tree, the API's document, the format, every header on its own, clang-tidy. Goes through
# all of them and fails at the end if one did.
#   CHANGED=1 lint.sh   formats and tidies only what differs from the last commit
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh lint || exit 1
if [[ -n ${CHANGED:-} ]]; then scope=(changed); else scope=(); fi
failed=()

echo "==> law of the tree"
python3 tests/arch/check.py || failed+=("law")

echo "==> OpenAPI"
# Apart, because it changes PATH, and because a failed installation has to end it (`-e` holds in no `||`).
openapi() (
    set -e
    peer_sets=(scripts/openapi-lint)
    source scripts/peers.sh
    linters=scripts/openapi-lint
    wrong=0
    $linters/node_modules/.bin/spectral lint --ruleset $linters/spectral.yaml --fail-severity=warn \
        docs/reference/openapi.yaml || wrong=1
    REDOCLY_TELEMETRY=off $linters/node_modules/.bin/redocly lint --config $linters/redocly.yaml \
        --format=stylish docs/reference/openapi.yaml || wrong=1
    exit $wrong
)
openapi
(( $? == 0 )) || failed+=("OpenAPI")

echo "==> format"
scripts/sources.sh "${scope[@]}" | xargs -r clang-format-19 --dry-run -Werror \
    || failed+=("format (make format mends it)")

echo "==> every header on its own"
if ! scripts/build.sh lint baton_header_check; then failed+=("headers"); fi

echo "==> clang-tidy"
# A file that passed is not looked at again until it, a header it includes or the rules change.
stamps=build/lint/tidy
mkdir -p "$stamps"
tidy() {
    local stamps=$1 hash=$2 file=$3 stamp
    stamp=$stamps/${file//\//_}
    [[ -e $stamp && $(<"$stamp") == "$hash" ]] && return 0
    if clang-tidy-19 -p build/lint --quiet "$file" 2>"$stamp.err"; then
        echo "$hash" >"$stamp"
        rm -f "$stamp.err"
    else
        # What is no count of suppressed warnings says why clang-tidy could not even start.
        grep -vE '^[0-9]+ warnings? (generated|and)|^Suppressed|^Use -' "$stamp.err" >&2
        return 1
    fi
}
export -f tidy
# Units of foreign code (*_impl.cpp) are not ours to tidy, and files outside the build have no flags.
scripts/sources.sh "${scope[@]}" | grep -E '^(src|cmd)/.*\.cpp$' | grep -v '_impl\.cpp$' \
    | while read -r file; do grep -q "/$file\"" build/lint/compile_commands.json && echo "$file"; done \
    | scripts/tidy-stamps.py \
    | xargs -r -P "$(nproc)" -L 1 bash -c 'tidy "$@"' _ "$stamps" \
    || failed+=("clang-tidy")

if (( ${#failed[@]} )); then
    printf 'lint failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
echo "lint passed"
