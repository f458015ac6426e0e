#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh build|clang|format|abi|deb|doc|interop|socks5 ... - installs what is
# missing for these purposes with apt; on other systems it names what is missing.
set -eu

packages=
programs=
for purpose; do
    case $purpose in
    build)
        packages="$packages gcc g++ libc6-dev make cmake ninja-build pkgconf
            python3 libssl-dev libsecp256k1-dev libsnappy-dev libuv1-dev
            libcmocka-dev libjansson-dev valgrind mandoc"
        programs="$programs cc c++ cmake ninja pkg-config python3 mandoc"
        ;;
    clang)
        packages="$packages clang libclang-rt-14-dev"
        programs="$programs clang"
        ;;
    format)
        packages="$packages clang-format-14"
        programs="$programs clang-format-14"
        ;;
    abi)
        packages="$packages abigail-tools"
        programs="$programs abidiff"
        ;;
    deb)
        packages="$packages build-essential debhelper lintian"
        programs="$programs dpkg-buildpackage lintian"
        ;;
    doc)
        packages="$packages make python3 doxygen"
        programs="$programs doxygen"
        ;;
    interop)
        programs="$programs go node npm"
        # Node may come from elsewhere; no Go of Debian 12 is new enough
        command -v npm >/dev/null || packages="$packages nodejs npm"
        command -v go >/dev/null ||
            echo "setup.sh: please install Go 1.24 or newer" >&2
        ;;
    socks5)
        packages="$packages microsocks"
        programs="$programs microsocks"
        ;;
    *)
        echo "setup.sh: unknown purpose: $purpose" >&2
        exit 2
        ;;
    esac
done

# Debian and its kin: the packages that are not installed.
missing_packages() {
    for package in $packages; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1) in
        installed) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Other systems: the programs and libraries that cannot be found.
missing_things() {
    for program in $programs; do
        command -v "$program" >/dev/null || printf '%s ' "$program"
    done
    case " $* " in *" build "*) ;; *) return ;; esac
    for module in 'libcrypto >= 3.0' 'libsecp256k1 >= 0.2' 'libuv >= 1.44' \
        cmocka jansson; do
        pkg-config --exists "$module" 2>/dev/null ||
            printf '%s ' "$(echo "$module" | tr -d ' ')"
    done
    echo '#include <snappy-c.h>' | cc -E -xc - >/dev/null 2>&1 ||
        printf 'libsnappy '
}

install() {
    as=
    if [ "$(id -u)" != 0 ]; then
        as=sudo
        command -v sudo >/dev/null || {
            echo "setup.sh: needs root, or sudo, to install: $*" >&2
            exit 1
        }
    fi
    echo "setup.sh: installing${as:+ with sudo}: $*"
    as="$as env DEBIAN_FRONTEND=noninteractive"
    $as apt-get -qq update ||
        echo "setup.sh: not every package list is new; going on" >&2
    $as apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

if command -v apt-get >/dev/null; then
    missing=$(missing_packages)
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install $missing
else
    missing=$(missing_things "$@")
    [ -z "$missing" ] || {
        echo "setup.sh: please install: $missing" >&2
        exit 1
    }
fi
