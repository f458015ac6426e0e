#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh FOOBAR - two nodes on loopback; the second dials the first and says
# foo, the first answers bar.  Exits 0 when that bar arrived.
set -euo pipefail

foobar=$1
dir=$(mktemp -d)
pids=()
finish() {
    local code=$?
    [ "$code" = 0 ] || echo "demo: no bar arrived" >&2
    # both stop in order: the peers hear it
    for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap finish EXIT

# node NAME [ARG...] starts a node whose lines can be read from NAME's pipe
node() {
    mkfifo "$dir/$1"
    timeout 60 "$foobar" --listen 127.0.0.1:0 "${@:2}" >"$dir/$1" &
    pids+=($!)
}

node first
exec 3<"$dir/first"
read -r -t 30 -u 3 url
echo "first:  foobar --listen 127.0.0.1:0"
echo "first:  $url"

node second "$url"
exec 4<"$dir/second"
read -r -t 30 -u 4 second_url
echo "second: foobar --listen 127.0.0.1:0 ${url:0:20}...${url: -30}"
echo "second: $second_url"
echo "second: sends foo"
read -r -t 30 -u 4 line
echo "second: $line"
[ "$line" = "recv: bar" ]
