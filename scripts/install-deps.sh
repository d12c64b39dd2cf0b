#!/usr/bin/env bash
# Installs the Debian packages of the named groups that are missing, and touches nothing otherwise.
#   install-deps.sh build test lint fuzz bench dev
set -euo pipefail

build=(g++ cmake ninja-build pkg-config libboost1.81-dev libssl-dev libsqlite3-dev
    libcurl4-openssl-dev zlib1g-dev libfmt-dev libspdlog-dev libyaml-cpp-dev libcli11-dev
    prometheus-cpp-dev libsodium-dev libnats-dev libpq-dev
    libhiredis-dev libzstd-dev)
test=(python3 python3-yaml libgtest-dev libgmock-dev librapidcheck-dev strace e2fsprogs nats-server
    postgresql-15 redis-server)
lint=(python3 clang-19 clang-tidy-19 clang-format-19)
fuzz=(clang-19 libclang-rt-19-dev llvm-19)  # llvm-19: names in the reports
bench=(libbenchmark-dev python3 wrk nats-server redis-server librabbitmq-dev
    rabbitmq-server postgresql beanstalkd)
dev=(git ccache mold inotify-tools)

wanted=()
for group in "$@"; do
    case "$group" in
        build) wanted+=("${build[@]}") ;;
        test) wanted+=("${build[@]}" "${test[@]}") ;;
        lint) wanted+=("${build[@]}" "${test[@]}" "${lint[@]}") ;;
        fuzz) wanted+=("${build[@]}" "${fuzz[@]}") ;;
        bench) wanted+=("${build[@]}" "${bench[@]}") ;;
        dev) wanted+=("${dev[@]}") ;;
        *) echo "install-deps.sh: no group '$group'" >&2; exit 2 ;;
    esac
    # Peers of tests and benchmarks and linters of the API's document run on Node. Whatever brought
    # `node` and `npm` is fine; its age is looked at by scripts/peers.sh.
    if [[ $group == test || $group == bench || $group == lint ]]; then
        command -v node >/dev/null || wanted+=(nodejs)
        command -v npm >/dev/null || wanted+=(npm)
    fi
done
mapfile -t wanted < <(printf '%s\n' "${wanted[@]}" | sort -u)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    if [[ -n ${BATON_SKIP_INSTALL:-} ]]; then exit 0; fi
    cat >&2 <<MESSAGE
This system has no apt, so the packages must be installed by hand. Their Debian 12 names:
  ${wanted[*]}
Then run again with BATON_SKIP_INSTALL=1.
MESSAGE
    exit 1
fi

have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
    grep -qxF "installed $package" <<<"$have" || missing+=("$package")
done
(( ${#missing[@]} == 0 )) && exit 0

if [[ -n ${BATON_SKIP_INSTALL:-} ]]; then
    echo "not installed, as BATON_SKIP_INSTALL asks: ${missing[*]}" >&2
    exit 0
fi

as_root=()
if (( EUID != 0 )); then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing, and there is neither root nor sudo to install them:" >&2
        echo "  apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 \
        -o DPkg::Lock::Timeout=300 "$@"
}

if [[ " ${missing[*]} " =~ -server\ |\ postgresql(-15)?\ |\ beanstalkd\  ]]; then
    echo "Debian starts the servers among these as services. Tests and benchmarks start their own," >&2
    echo "on free ports, so \`systemctl disable --now\` may stop those." >&2
fi
echo "==> installing ${#missing[@]} packages: ${missing[*]}"
apt update -qq
if ! apt install -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"; then
    echo "apt could not install: ${missing[*]}" >&2
    echo "Baton is built on Debian 12 (bookworm); on another release the names may differ." >&2
    exit 1
fi
