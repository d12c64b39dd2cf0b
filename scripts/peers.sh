# To be sourced: installs the foreign programs that tests talk to (tests/peers/*, or the folders in
# `peer_sets`: those of benchmarks, the linters of the API's document), and puts a Node that can run them first on PATH. Debian 12's own Node is too old for
# them; then the exact one pinned in tests/peers/node comes from npm into build/tools.
# shellcheck shell=bash

# install_npm_set FOLDER: what the folder's lock file says, once per lock file.
install_npm_set() {
    local folder=$1 stamp=$1/node_modules/.installed
    if [[ -e $stamp ]] && cmp -s "$folder/package-lock.json" "$stamp"; then
        return
    fi
    echo "==> installing $(basename "$folder") from npm"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp "$folder/package-lock.json" "$stamp"
}

node_is_current() {
    local version
    version=$("$1" --version 2>/dev/null) || return 1
    local major minor
    IFS=. read -r major minor _ <<<"${version#v}"
    (( major > 20 || (major == 20 && minor >= 19) ))
}

if ! node_is_current node; then
    mkdir -p build/tools/node
    cp tests/peers/node/package.json tests/peers/node/package-lock.json tests/peers/node/.npmrc \
        build/tools/node/
    install_npm_set build/tools/node
    for bin in "$PWD"/build/tools/node/node_modules/node-linux-*/bin; do
        PATH=$bin:$PATH
    done
    export PATH
    if ! node_is_current node; then
        # npm passes over an optional package it can't fetch without a word.
        rm -f build/tools/node/node_modules/.installed
        echo "The tests need Node 20.19 or newer. Here is $(node --version), and npm could not fetch" >&2
        echo "node-linux-* (tests/peers/node). \`npm ping\` tells why; then run this again." >&2
        exit 1
    fi
fi

[[ -v peer_sets ]] || peer_sets=(tests/peers/*)
for folder in "${peer_sets[@]}"; do
    [[ $folder != tests/peers/node && -e $folder/package-lock.json ]] || continue
    install_npm_set "$folder"
done
