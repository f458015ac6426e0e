# SPDX-License-Identifier: MIT
"""Rows of idle peers: what each takes, what it costs to keep them."""

import resource
import statistics
import time

from harness import ROUNDS, Program, geth_program, missing, ours, row

PEERS = 500
MANY, MANY_GETH, MANY_ROUNDS = 10000, 2000, 3
NEEDS = 11000  # descriptors of one process, for 10,000 connections
ONE_NET = 1  # guests_from of bench/guests.h
SETTLE_S = 1  # what a handshake leaves behind is gone by then
IDLE_S = 15  # every peer pings once in this time, and is pinged
WHY = "nothing to measure it against: the kernel's socket is not counted"


class Idle:
    """A server of ours, or go-ethereum's, with so many idle peers in 127.0.1.0/24."""

    def __init__(self, peers, geth=None):
        self.peers = peers
        self.server = geth_program(geth, 2, "peers", gc=100) if geth else Program(ours("peers"))
        url = self.server.line()
        before = self.numbers()
        self.crowd = Program(ours("load"), url, str(peers), "idle")
        self.connect_ns = self.crowd.numbers(f"connect {peers} 16 {ONE_NET}")[1]
        self.cpu = [self.numbers()[-1] - before[-1]]
        time.sleep(SETTLE_S)
        after = self.numbers()
        if after[0] != peers:
            raise SystemExit(f"bench: {after[0]} of {peers} peers are there")
        self.each = [(b - a) / peers for a, b in zip(before[1:-1], after[1:-1])]

    def numbers(self):
        """Peers; bytes of several kinds, the last one resident; CPU."""
        return self.server.numbers("count")

    def end(self):
        self.crowd.end()
        self.server.end()


def measure(peers, geth=None):
    idle = Idle(peers, geth)
    idle.end()
    return idle


def rows_of(name, peers, ours_each, geth_each, geth_why, target, moonshot, limits):
    """The two rows of memory of one size."""
    library, libuv, openssl, resident = zip(*ours_each)
    live = [sum(kinds) for kinds in zip(library, libuv, openssl)]
    heap, geth_resident = zip(*geth_each) if geth_each else (None, None)
    parts = ", ".join(f"{kind} {statistics.median(values):.0f}" for kind, values in
                      (("library", library), ("libuv", libuv), ("OpenSSL", openssl)))
    return [
        row(f"memory_{name}", f"own memory per idle peer, of {peers:,} on loopback: bytes live in the allocators "
            f"({parts}); go-ethereum: heap and stacks in use after a collection", "B", live, geth=heap,
            target=target, moonshot=moonshot, bound_why=WHY, geth_why=geth_why, limits=limits),
        row(f"resident_{name}", "growth of the resident set per peer in the same runs", "B", list(resident),
            geth=geth_resident, bound_why=WHY, geth_why=geth_why, limits=limits),
    ]


def memory(wanted, geth, geth_why):
    """Both servers serve the same crowd, in turns."""
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(measure(PEERS).each)
        if geth:
            theirs.append(measure(PEERS, geth).each)
    rows = rows_of("per_peer", PEERS, mine, theirs, geth_why, {"median": 4096}, {"median": 1536},
                   [f"max_peers raised from 50 to {PEERS}; handshakes start at most 1,000 a second on loopback too"])
    return [r for r in rows if r["id"] in wanted]


def many(wanted, geth, geth_why):
    """10,000 of ours; they and go-ethereum's idle at the same time."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most < NEEDS:
        return [missing(name, f"{MANY:,} idle peers", f"not run: limit {most}") for name in wanted]
    mine, theirs, idle, geth_idle, accepts, geth_accepts = [], [], [], [], [], []
    for _ in range(MANY_ROUNDS):
        crowds = [Idle(MANY), *([Idle(MANY_GETH, geth)] if geth else [])]
        before = [c.numbers()[-1] for c in crowds]
        time.sleep(IDLE_S)
        spent = [(c.numbers()[-1] - b) / IDLE_S / c.peers / 1000 for c, b in zip(crowds, before)]
        mine.append(crowds[0].each)
        idle.append(spent[0])
        accepts.append(crowds[0].connect_ns / MANY / 1000)
        if geth:
            theirs.append(crowds[1].each)
            geth_idle.append(spent[1])
            geth_accepts.append(crowds[1].connect_ns / MANY_GETH / 1000)
        for crowd in crowds:
            crowd.end()
    limits = [f"{MANY:,} peers: clients in a second process, in 127.0.1.0/24; go-ethereum with {MANY_GETH:,} peers",
              f"{MANY:,} peers take long: {MANY_ROUNDS} rounds"]
    rows = rows_of("per_peer_10000", MANY, mine, theirs, geth_why, {"median": 4096}, {"median": 1536}, limits)
    rows += [
        row("idle_10000", f"CPU per second and idle peer, with the pings of both sides, {MANY:,} peers", "us/s", idle,
            geth=geth_idle, geth_why=geth_why, limits=limits),
        row("accept_10000", f"time per peer until {MANY:,} were connected, both ends on this machine, 16 at once; at "
            "most 1,000 handshakes a second start", "us", accepts, geth=geth_accepts, geth_why=geth_why,
            limits=limits),
    ]
    return [r for r in rows if r["id"] in wanted]


GROUPS = [
    (["memory_per_peer", "resident_per_peer"], memory),
    (["memory_per_peer_10000", "resident_per_peer_10000", "idle_10000", "accept_10000"], many),
]
