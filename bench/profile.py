#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the time of three rows goes, by sampling the server with perf ("make bench-profile"), into
build/profile.json and doc/PERFORMANCE.md."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

from harness import DATA, PAYLOADS, ROOT, build_programs, payloads
from rows_server import MIB, SMALL, WINDOW, Server
from table import replace

OUT = os.path.join(ROOT, "build", "profile.json")
DOC = os.path.join(ROOT, "doc", "PERFORMANCE.md")
START_S = 0.7  # until perf samples
TOP = 6

# Parts by object and function; the first that matches counts.  Kernel time is that of memory when the
# way to it leads through one of these.
MEMORY = re.compile(r"page_fault|munmap|madvise|mmap|mremap|brk")
PARTS = [
    ("curve", "libsecp256k1", ""),
    ("Keccak", "bench_node", r"keccak|permute|absorb|^mix$|body_mac|header_mac"),
    ("AES", "bench_node", r"aes|ctr"),
    ("AES, hashes and randomness of OpenSSL", "libcrypto", ""),
    ("snappy", "libsnappy", ""),
    ("libuv", "libuv", ""),
    ("memory and copies of the C library", "libc", r"malloc|free|mem|realloc"),
    ("locks and the rest of the C library", "libc", ""),
    ("the rest of the library", "bench_node", ""),
]


def part_of(stack):
    """The part that a sample belongs to; stack: (function, object) from the inside out."""
    function, where = stack[0]
    if "kernel" in where or where == "[unknown]" and len(stack) > 1:
        return "kernel: memory" if any(MEMORY.search(f) for f, _ in stack) else "kernel: sockets, waiting, waking"
    for name, place, pattern in PARTS:
        if place in where and re.search(pattern, function):
            return name
    return "other"


def samples(path):
    """The stacks of a recording."""
    lines = subprocess.run(["perf", "script", "-i", path, "-F", "ip,sym,dso"], text=True, check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.split("\n")
    stack = []
    for line in lines:
        found = re.match(r"\s+[0-9a-f]+ (.*) \(([^()]*)\)$", line)
        if found:
            stack.append((found.group(1), found.group(2).replace("kernel.kallsyms", "kernel")))
        elif stack:
            yield stack
            stack = []


def record(server, work):
    """Samples a server while it works: shares by part, and the functions that take most."""
    path = os.path.join(DATA, "perf.data")
    perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "1999", "-g", "-o", path,
                             "-p", str(server.program.process.pid)], stderr=subprocess.DEVNULL)
    time.sleep(START_S)
    work()
    perf.send_signal(signal.SIGINT)
    perf.wait()
    shares, functions, total = {}, {}, 0
    for stack in samples(path):
        part = part_of(stack)
        shares[part] = shares.get(part, 0) + 1
        if part not in ("curve", "snappy"):
            functions[stack[0][0]] = functions.get(stack[0][0], 0) + 1
        total += 1
    def sorted_shares(counts):
        return sorted(((name, n / total) for name, n in counts.items()), key=lambda pair: -pair[1])
    return {"samples": total, "parts": sorted_shares(shares), "functions": sorted_shares(functions)[:TOP]}


def echo():
    server = Server("events")
    load = server.load(100)
    found = record(server, lambda: load.numbers(f"echo {PAYLOADS['random']} {SMALL} {WINDOW} 300000"))
    server.end()
    return found


def bulk(take):
    server, count = Server("events"), 16
    load = server.load(8)

    def send():
        load.ask(f"take {count}")
        server.program.say(f"send {PAYLOADS['tx']} {MIB} {count}")
        load.line()
        server.program.line()
    found = record(server, (lambda: load.numbers(f"sink {PAYLOADS['tx']} {MIB} {count}")) if take else send)
    server.end()
    return found


def accept():
    server = Server("events", peers=2000)
    found = record(server, lambda: server.load(800, at_once=8))
    server.end()
    return found


ROWS = [
    ("echo_100", "a server that sends back messages of 100 B, 100 connections, 16 on their way", echo),
    ("bulk_8_tx, taking", "a server that takes messages of 1 MiB from 8 connections", lambda: bulk(True)),
    ("bulk_8_tx, sending", "a server that sends messages of 1 MiB to 8 connections", lambda: bulk(False)),
    ("accept", "a server to which 800 nodes connect", accept),
]


def markdown(found):
    text = ["By `make bench-profile`: `perf record -e cpu-clock -F 1999 -g` of the server's process while the row's work "
            "is done; a sample belongs to the function that ran, kernel time to memory when a page fault or a call such as "
            "`munmap` led to it."]
    for (name, what, _), profile in zip(ROWS, found):
        text += ["", f"**{name}**: {what} ({profile['samples']:,} samples)", "", "| part | share |", "|---|---|"]
        text += [f"| {part} | {share:.0%} |" for part, share in profile["parts"] if share >= 0.005]
        text += ["", "Most in: " + ", ".join(f"`{f}` {share:.0%}" for f, share in profile["functions"]) + "."]
    return "\n".join(text)


def main():
    if not shutil.which("perf"):
        raise SystemExit("profile: there is no perf here (Debian: linux-perf)")
    build_programs()
    payloads()
    found = [measure() for _, _, measure in ROWS]
    with open(OUT, "w", encoding="ascii") as f:
        json.dump({name: profile for (name, _, _), profile in zip(ROWS, found)}, f, indent=1)
    replace(DOC, markdown(found), "profile")
    print(markdown(found))


if __name__ == "__main__":
    main()
