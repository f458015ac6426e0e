# SPDX-License-Identifier: MIT
"""The row of servers with several loops."""

import os

from harness import PAYLOADS, ROUNDS, middle, missing, row
from rows_server import CONNECTIONS, SMALL, WINDOW, Server, check

CORES = 4  # two for the loops, two for who loads them
LOADS = 2
MESSAGES = 60000  # of each load in a round


def rate_round(server):
    """Wall time per message, while all loads of a server send at once."""
    for load in server.loads:
        load.say(f"echo {PAYLOADS['random']} {SMALL} {WINDOW} {MESSAGES}")
    walls = []
    for load in server.loads:
        wall, _, back = (int(n) for n in load.line().split())
        if back != MESSAGES:
            raise SystemExit("bench: not every message came back")
        walls.append(wall)
    return max(walls) / (MESSAGES * LOADS)


def loaded(*extra):
    server = Server("events", extra=extra)
    for _ in range(LOADS):
        check(server.load(CONNECTIONS // LOADS), "random", SMALL)
    rate_round(server)
    return server


def loops(_wanted, _geth, _geth_why):
    what = (f"wall time per echo of {SMALL} B with two loops (io_threads), {CONNECTIONS} connections of {LOADS} processes, "
            f"{WINDOW} on their way in each; bound: the same with one loop")
    cores = len(os.sched_getaffinity(0))
    if cores < CORES:
        return [missing("echo_loops", what, f"not run: {cores} cores")]
    one, two = loaded(), loaded("loops=2")
    before, after = [], []
    for _ in range(ROUNDS):
        before.append(rate_round(one))
        after.append(rate_round(two))
    for server in (one, two):
        server.end()
    more = {"gain": middle([a / b for a, b in zip(before, after)])}
    return [row("echo_loops", what, "ns", after, bound=before, target={"ratio_bound": 1 / 1.6},
                moonshot={"ratio_bound": 1 / 1.9}, geth_why="compared with itself", more=more)]


GROUPS = [(["echo_loops"], loops)]
