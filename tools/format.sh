#!/bin/sh
# SPDX-License-Identifier: MIT
# format.sh [--fix] [FILE...] - the layout of clang-format 14 in every C file.
set -eu
cd "$(dirname "$0")/.."

mode='--dry-run -Werror'
if [ "${1-}" = --fix ]; then
    mode=-i
    shift
fi
if [ $# = 0 ]; then
    # shellcheck disable=SC2046
    set -- $(find . -name '*.[ch]' \
        -not -path './build/*' -not -path '*/node_modules/*')
fi
# shellcheck disable=SC2086
clang-format-14 $mode "$@"
