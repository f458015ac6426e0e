#!/bin/sh
# SPDX-License-Identifier: MIT
# uninstall.sh BUILD PREFIX - removes what "make install" put there, and the
# folders that are the library's own.  DESTDIR is respected.
set -eu

build=$1
prefix=$2
target=${DESTDIR-}$prefix
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

DESTDIR=$stage cmake --install "$build" --prefix "$prefix" >/dev/null
cd "$stage$prefix"
find . ! -type d -exec sh -c 'cd "$0" && rm -f "$@"' "$target" {} +
find . -depth -type d -name devp2p -exec sh -c \
    'cd "$0" && rmdir --ignore-fail-on-non-empty "$@"' "$target" {} +
