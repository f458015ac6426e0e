# SPDX-License-Identifier: MIT
"""Figures over a range, for the plots of the README: each point is one measurement of some 100 ms."""

from harness import PAYLOADS, middle
from rows_memory import MANY, MANY_GETH, measure
from rows_server import WINDOW, Server, all_servers

SIZES = [32, 100, 1 << 10, 1 << 14, 1 << 17, 1 << 20]
CONNECTIONS = [1, 10, 100, 1000]
PEERS = [50, 200, 1000]
TIMES = 3
BYTES, MOST = 8 << 20, 40000  # of a point of sizes: so many bytes, not more messages


def curve(name, what, x, y, points):
    return {"id": name, "what": what, "x": x, "y": y, "points": points}


def names(servers):
    """Ours, and go-ethereum with two cores."""
    return {server: "go-ethereum" if server.key == 2 else "libdevp2p" for server in servers if server.key != 1}


def sizes(_wanted, geth, _why):
    servers = all_servers(geth)
    points = {label: [] for label in names(servers).values()}
    for server in servers:
        server.load(8)
    for server, label in names(servers).items():
        for size in SIZES:
            each = max(1, min(BYTES // size, MOST) // 8)
            spent = []
            for _ in range(TIMES):
                before = server.cpu()
                server.loads[0].numbers(f"sink {PAYLOADS['tx']} {size} {each}")
                spent.append((server.cpu() - before) / (8 * each * size))
            points[label].append((size, 1000 / middle(spent)))
    for server in servers:
        server.end()
    return [curve("curve_sizes", "payload that a server takes from 8 connections, per second of its CPU, tx bytes",
                  "bytes of a message", "MB/s", points)]


def connections(_wanted, geth, _why):
    points = {}
    for many in CONNECTIONS:
        servers = [Server("events", peers=2000)] + ([Server(None, geth, 2, peers=2000)] if geth else [])
        for server, label in names(servers).items():
            load = server.load(many)
            count = max(5000, many * WINDOW * 2)
            spent = []
            for _ in range(TIMES):
                before = server.cpu()
                load.numbers(f"echo {PAYLOADS['random']} 100 {WINDOW} {count}")
                spent.append((server.cpu() - before) / count)
            points.setdefault(label, []).append((many, 1e9 / middle(spent)))
            server.end()
    return [curve("curve_connections", f"echoes of 100 B per second of the server's CPU, {WINDOW} on their way on each "
                  "connection", "connections", "1/s", points)]


def peers(_wanted, geth, _why):
    points = {"libdevp2p": [(n, sum(measure(n).each[:-1])) for n in [*PEERS, MANY]]}
    if geth:
        points["go-ethereum"] = [(n, measure(n, geth).each[0]) for n in [*PEERS, MANY_GETH]]
    return [curve("curve_peers", "own memory per idle connected peer", "peers", "B", points)]


GROUPS = [(["curve_sizes"], sizes), (["curve_connections"], connections), (["curve_peers"], peers)]
