# SPDX-License-Identifier: MIT
"""Rows of simulated networks."""

import statistics

from harness import Program, ours, row

SIM_ROUNDS = 3

# Simulated networks: nodes, their ids with the test curve and with the real one, virtual
# seconds that are measured.
SIMS = [
    (10, "sim_speed_10", "sim_speed_real_10", "sim_memory_10", "sim_resident_10", 300),
    (100, "sim_speed_100", "sim_speed_real_100", "sim_memory_100", "sim_resident_100", 30),
    (1000, "sim_speed_1000", "sim_speed_real_1000", "sim_memory_1000", "sim_resident_1000", 8),
    (10000, "sim_speed_10000", None, "sim_memory_10000", "sim_resident_10000", 3),
]


def sim_once(nodes, crypto, seconds):
    """What a simulated network takes: one line of numbers of bench/sim.c."""
    program = Program(ours("sim"), str(nodes), crypto, str(seconds))
    numbers = [int(n) for n in program.line().split()]
    program.end()
    return numbers


def sim_rows(size, rounds, crypto):
    """The rows of one size with one kind of crypto."""
    nodes, speed, speed_real, memory_id, resident_id, seconds = size
    met, cpu, real, live, resident, _ = zip(*rounds)
    why = {
        "geth_why": "go-ethereum's simulations have no virtual time",
        "limits": ["a simulation is one thread: its speed is per second of CPU, which is real time on a free core"],
    }
    how = f"{nodes:,} nodes with 8 peers each, a rumour of 100 B every second to all, {crypto} curve functions"
    speed_row = row(speed if crypto == "test" else speed_real,
                    f"simulated seconds per second, {how}; per second of the wall clock "
                    f"{seconds / statistics.median(real) * 1e9:,.1f}; until all had met "
                    f"{statistics.median(met) / nodes / 1000:,.0f} us of CPU per node",
                    "s/s", [seconds * 1e9 / ns for ns in cpu], better="more", **why)
    if crypto != "test":
        return [speed_row]
    return [
        speed_row,
        row(memory_id, f"bytes per node live in the allocators of the servers, {how}", "B",
            [n / nodes for n in live], **why),
        row(resident_id, "growth of the resident set per node, with the simulation's own, in the same runs", "B",
            [n / nodes for n in resident], **why),
    ]


def simulate(size):
    """The group of one size; the largest is run once, as it takes longest."""
    nodes, speed, speed_real, live, resident, seconds = size
    by_crypto = {"test": [speed, live, resident], **({"real": [speed_real]} if speed_real else {})}

    def run(wanted, _geth, _geth_why):
        rounds = {crypto: [] for crypto, ids in by_crypto.items() if set(ids) & set(wanted)}
        for _ in range(SIM_ROUNDS if speed_real else 1):
            for crypto, results in rounds.items():
                results.append(sim_once(nodes, crypto, seconds))
        return [r for crypto, results in rounds.items() for r in sim_rows(size, results, crypto) if r["id"] in wanted]
    return [name for ids in by_crypto.values() for name in ids], run


GROUPS = [simulate(size) for size in SIMS]
