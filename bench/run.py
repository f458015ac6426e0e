#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures, prints a table and writes build/bench.json ("make bench").

What is compared is measured in turns, A B C A B C, so that a busy neighbour or
a slow clock meets all of it alike.  Times are CPU time.  A ratio is the median
of the rounds' own ratios."""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build", "bin")
OUT = os.path.join(ROOT, "build", "bench.json")
GETH = "v1.17.5"
ROUNDS = 9
PEERS, PEER_ROUNDS = 500, 7
SIM_ROUNDS = 3
IDLE_S = 1  # what a handshake leaves behind is gone by then

sys.path.insert(0, os.path.join(ROOT, "test", "interop"))
import gobuild  # noqa: E402

# The kind of processor, as src/crypto/cpu.c chooses it: some targets depend on it.
with open("/proc/cpuinfo", encoding="utf-8") as f:
    FLAGS = set(f.read().split())
KINDS = [name for name, wanted in {"vaes": {"avx512vl", "avx512bw", "vaes"}, "avx512": {"avx512vl"}, "avx2": {"avx2", "bmi2"},
                                   "bmi": {"bmi1", "bmi2", "aes"}, "generic": set()}.items() if wanted <= FLAGS]
KIND = os.environ["DEVP2P_CPU"] if os.environ.get("DEVP2P_CPU") in KINDS else KINDS[0]
BULK = {"vaes": 1 / 3, "avx512": 1 / 3, "avx2": 1 / 1.8}.get(KIND)
SMALL = {"vaes": 1 / 2.4, "avx512": 1 / 2.4, "avx2": 1 / 1.4}.get(KIND)

# id, what, C program, name of ours, of the bound, of go-ethereum's, the most
# that ours may be over the bound; None: there is no such figure or target.  All in ns
# of CPU, fewer are better.
TIMES = [
    ("frame_seal_100", "seal a frame of 100 B; bound: Keccak and AES of its bytes, with the digests RLPx asks for",
     "frames", "seal_100", "bound_100", "seal_100", 1.10),
    ("frame_open_100", "open a frame of 100 B; bound: as above",
     "frames", "open_100", "bound_100", "open_100", 1.10),
    ("frame_seal_1m", "seal a frame of 1 MiB; bound: as above",
     "frames", "seal_1m", "bound_1m", "seal_1m", 1.10),
    ("frame_open_1m", "open a frame of 1 MiB; bound: as above",
     "frames", "open_1m", "bound_1m", "open_1m", 1.10),
    ("keccak_1m", "Keccak-256 of 1 MiB; bound: SHA3-256 of OpenSSL, the same permutation",
     "frames", "keccak_1m", "sha3_1m", "keccak_1m", 1.05 if KIND == "generic" else 0.95),
    ("frame_seal_32", "seal a frame of 32 B, one connection; bound: one permutation of Keccak",
     "frames", "seal_32", "permutation", None, 4.0),
    ("bulk_seal_1m", "seal a frame of 1 MiB, one connection; bound: Keccak of its bytes",
     "frames", "seal_1m", "keccak_1m", None, 1.10),
    ("bulk_open_1m", "open a frame of 1 MiB, one connection; bound: Keccak of its bytes",
     "frames", "open_1m", "keccak_1m", None, 1.10),
    ("lanes_seal_8x1m", "seal a frame of 1 MiB on each of 8 connections; bound: in one lane",
     "frames", "seal_8x1m", "seal_8x1m_one", None, BULK),
    ("lanes_open_8x1m", "open them; bound: in one lane",
     "frames", "open_8x1m", "open_8x1m_one", None, BULK),
    ("lanes_seal_100x16", "seal a frame of 100 B, 16 on each of 100 connections; bound: in one lane",
     "frames", "seal_100x16", "seal_100x16_one", None, SMALL),
    ("lanes_open_100x16", "open them; bound: in one lane",
     "frames", "open_100x16", "open_100x16_one", None, SMALL),
    ("handshake_responder", "one handshake, the listener's end; bound: its curve operations "
     "(2 keys, 4 exchanges, 1 recovery)",
     "handshakes", "responder", "bound_responder", "responder", 1.10),
    ("handshake_initiator", "one handshake, the dialler's end; bound: its curve operations "
     "(2 keys, 4 exchanges, 1 signature)",
     "handshakes", "initiator", "bound_initiator", "initiator", 1.10),
]

# Simulated networks: nodes, their ids with the test curve and with the real one, virtual
# seconds that are measured.
SIMS = [
    (10, "sim_speed_10", "sim_speed_real_10", "sim_memory_10", "sim_resident_10", 300),
    (100, "sim_speed_100", "sim_speed_real_100", "sim_memory_100", "sim_resident_100", 30),
    (1000, "sim_speed_1000", "sim_speed_real_1000", "sim_memory_1000", "sim_resident_1000", 8),
    (10000, "sim_speed_10000", None, "sim_memory_10000", "sim_resident_10000", 3),
]


class Program:
    """A bench program: a line in, a line out."""

    def __init__(self, *argv):
        self.process = subprocess.Popen(argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise SystemExit(f"bench: {os.path.basename(self.process.args[0])} ended early")
        return text.strip()

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.line()

    def numbers(self):
        return [int(n) for n in self.ask("count").split()]

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait():
            raise SystemExit(f"bench: {os.path.basename(self.process.args[0])} failed")


def build():
    """Builds the C programs; returns go-ethereum's, or None and why."""
    subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "benches"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    out = os.path.join(BIN, "bench_geth")
    try:
        gobuild.build_package(os.path.join(ROOT, "bench", "geth"), ".", out)
    except gobuild.Unavailable as why:
        return None, str(why)
    return out, None


# --- rows ---

def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": len(values)}


def row(name, what, unit, ours, bound, geth, target, *, better="less", bound_why=None, geth_why=None, limits=()):
    """One row; bound and geth are lists of rounds, or None and why."""
    def ratio(other):
        return statistics.median(a / b for a, b in zip(ours, other)) if other else None
    result = {
        "id": name, "what": what, "unit": unit, "better": better, "ours": summary(ours),
        "bound": summary(bound) if bound else None, "geth": summary(geth) if geth else None,
        "ratio_bound": ratio(bound), "ratio_geth": ratio(geth), "target": target,
    }
    values = {"ratio_bound": result["ratio_bound"], "median": result["ours"]["median"]}
    result["met"] = all(values[key] <= most for key, most in target.items()) if target else None
    if not bound:
        result["bound_why"] = bound_why
    if not geth:
        result["geth_why"] = geth_why
    if limits:
        result["limits"] = list(limits)
    return result


def times(geth, geth_why):
    """The rows of CPU time: each round asks every program for everything once."""
    programs = {name: Program(os.path.join(BIN, f"bench_{name}")) for name in ("frames", "handshakes")}
    peer = Program(geth) if geth else None
    rounds = {entry[0]: ([], [], []) for entry in TIMES}
    for _ in range(ROUNDS):
        for name, _, program, ours, bound, theirs, _ in TIMES:
            a, b, c = rounds[name]
            a.append(float(programs[program].ask(ours)))
            b.append(float(programs[program].ask(bound)))
            if peer and theirs:
                c.append(float(peer.ask(theirs)))
    for program in [*programs.values(), *([peer] if peer else [])]:
        program.end()
    return [row(name, what, "ns", *rounds[name], {"ratio_bound": most} if most else None,
                geth_why=geth_why if theirs else "nothing of the kind in go-ethereum")
            for name, what, _, _, _, theirs, most in TIMES]


def peers_once(*server):
    """What a server has per peer: a list of numbers, the last one resident bytes."""
    program = Program(*server)
    url = program.line()
    before = program.numbers()
    crowd = Program(os.path.join(BIN, "bench_crowd"), url, str(PEERS))
    crowd.line()
    time.sleep(IDLE_S)
    after = program.numbers()
    if after[0] != PEERS:
        raise SystemExit(f"bench: {after[0]} of {PEERS} peers are there")
    crowd.end()
    program.end()
    return [(b - a) / PEERS for a, b in zip(before[1:], after[1:])]


def memory(geth, geth_why):
    """The rows of memory; both servers serve the same crowd, in turns."""
    ours, theirs = [], []
    for _ in range(PEER_ROUNDS):
        ours.append(peers_once(os.path.join(BIN, "bench_peers")))
        if geth:
            theirs.append(peers_once(geth, "peers"))
    library, libuv, openssl, resident = zip(*ours)
    live = [sum(kinds) for kinds in zip(library, libuv, openssl)]
    heap, geth_resident = zip(*theirs) if theirs else (None, None)
    parts = ", ".join(f"{name} {statistics.median(values):.0f}" for name, values in
                      (("library", library), ("libuv", libuv), ("OpenSSL", openssl)))
    limits = [f"max_peers raised from 50 to {PEERS}; handshakes start at most 1,000 a second on loopback too"]
    why = "nothing to measure it against: the kernel's socket is not counted"
    return [
        row("memory_per_peer", f"own memory per idle peer, of {PEERS} on loopback: bytes live in the allocators "
            f"({parts}); go-ethereum: heap and stacks in use after a collection", "B", live, None, heap,
            {"median": 4096}, bound_why=why, geth_why=geth_why, limits=limits),
        row("resident_per_peer", "growth of the resident set per peer in the same runs", "B", list(resident), None,
            geth_resident, None, bound_why=why, geth_why=geth_why, limits=limits),
    ]


def sim_once(nodes, crypto, seconds):
    """What a simulated network takes: one line of numbers of bench/sim.c."""
    program = Program(os.path.join(BIN, "bench_sim"), str(nodes), crypto, str(seconds))
    numbers = [int(n) for n in program.line().split()]
    program.end()
    return numbers


def sim_rows(size, rounds, crypto):
    """The rows of one size with one kind of crypto."""
    nodes, speed, speed_real, memory_id, resident_id, seconds = size
    met, cpu, real, live, resident, _ = zip(*rounds)
    more = {
        "bound_why": "nothing to measure it against", "geth_why": "go-ethereum's simulations have no virtual time",
        "limits": ["a simulation is one thread: its speed is per second of CPU, which is real time on a free core"],
    }
    how = f"{nodes:,} nodes with 8 peers each, a rumour of 100 B every second to all, {crypto} curve functions"
    speed_row = row(speed if crypto == "test" else speed_real,
                    f"simulated seconds per second, {how}; per second of the wall clock "
                    f"{seconds / statistics.median(real) * 1e9:,.1f}; until all had met "
                    f"{statistics.median(met) / nodes / 1000:,.0f} us of CPU per node",
                    "s/s", [seconds * 1e9 / ns for ns in cpu], None, None, None, better="more", **more)
    if crypto != "test":
        return [speed_row]
    return [
        speed_row,
        row(memory_id, f"bytes per node live in the allocators of the servers, {how}", "B",
            [n / nodes for n in live], None, None, None, **more),
        row(resident_id, "growth of the resident set per node, with the simulation's own, in the same runs", "B",
            [n / nodes for n in resident], None, None, None, **more),
    ]


def simulations():
    """The rows of simulated networks; the largest one is run once, as it takes longest."""
    rows = []
    for size in SIMS:
        nodes, _, speed_real, *_, seconds = size
        rounds = {"test": [], "real": []} if speed_real else {"test": []}
        for _ in range(SIM_ROUNDS if speed_real else 1):
            for crypto, results in rounds.items():
                results.append(sim_once(nodes, crypto, seconds))
        for crypto, results in rounds.items():
            rows += sim_rows(size, results, crypto)
    return rows


# --- the machine ---

def first_line(*argv):
    if not shutil.which(argv[0]):
        return None
    return subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False).stdout.split("\n")[0].strip()


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        info = f.read()
    def field(name):
        found = re.search(rf"^{name}\s*: (.*)$", info, re.M)
        return found.group(1) if found else None
    flags = (field("flags") or field("Features") or "").split()
    names = ("aes", "vaes", "pclmulqdq", "sha_ni", "bmi1", "bmi2", "adx", "avx2", "avx512f", "avx512vl",
             "avx512ifma", "gfni", "hypervisor", "sha3")
    return {
        "cpu": field("model name"), "cpus": os.cpu_count(), "features": [n for n in names if n in flags],
        "system": platform.system(), "kernel": platform.release(), "arch": platform.machine(),
        "compiler": first_line("cc", "--version"), "build": "release, -O2",
        "libcrypto": first_line("pkg-config", "--modversion", "libcrypto"),
        "libsecp256k1": first_line("pkg-config", "--modversion", "libsecp256k1"),
        "libuv": first_line("pkg-config", "--modversion", "libuv"),
        "go": first_line("go", "version"), "go-ethereum": GETH,
        "load": os.getloadavg()[0],
    }


# --- the table ---

def show(rows):
    def number(summary_of, unit):
        if not summary_of:
            return "-"
        value = summary_of["median"]
        if unit == "ns" and value >= 10000:
            return f"{value / 1000:,.1f} us"
        return f"{value:,.2f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    def ratio(value):
        return "-" if value is None else f"{value:.2f}"
    lines = [("", "ours", "bound", "geth", "ours/bound", "ours/geth", "target", "met")]
    for r in rows:
        target = ", ".join(f"<= {most:.2f}" if key == "ratio_bound" else f"<= {most:,} {r['unit']}"
                           for key, most in (r["target"] or {}).items()) or "-"
        lines.append((r["id"], number(r["ours"], r["unit"]), number(r["bound"], r["unit"]),
                      number(r["geth"], r["unit"]), ratio(r["ratio_bound"]), ratio(r["ratio_geth"]), target,
                      {True: "yes", False: "no", None: "-"}[r["met"]]))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print(line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:])), sep="  ")
    for why in sorted({r["geth_why"] for r in rows if r.get("geth_why")}):
        print(f"no go-ethereum beside it: {why}")
    for limit in sorted({text for r in rows for text in r.get("limits", ())}):
        print(f"limit: {limit}")


def main():
    geth, geth_why = build()
    result = {"machine": machine(), "rows": times(geth, geth_why) + memory(geth, geth_why) + simulations()}
    with open(OUT, "w", encoding="ascii") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    show(result["rows"])
    print(f"all figures: {os.path.relpath(OUT, ROOT)}")


if __name__ == "__main__":
    main()
