# SPDX-License-Identifier: MIT
"""Rows of whole servers with two protocols, the same other end (bench/load.c) for all of them."""

import time

from harness import GETH, PAYLOADS, ROUNDS, Program, geth_program, middle, ours, row
from rows_parts import parts

CONNECTIONS, WINDOW = 100, 16
SMALL = 100
SMALL_WIRE = 160  # of its frame: header 32, id and 102 compressed bytes, padded, MAC 16
SETTLE_S = 0.2
REST_S = 0.7  # of a server without handshakes: it makes keys for the next ones (DP_SPARES_REST_NS)
ANYWHERE, MANY_NETS = 0, 2  # guests_from of bench/guests.h


class Server:
    """A server and what loads it: ours of one style, or go-ethereum on so many cores."""

    def __init__(self, style, geth=None, procs=None, extra=(), peers=200):
        self.key = procs or style
        self.program = (geth_program(geth, procs, "node", str(peers)) if procs
                        else Program(ours("node"), style, str(peers), *extra))
        self.url = self.program.line()
        self.loads = []
        self.counted = 0  # bytes that it said it has taken

    def load(self, connections, *, at_once=16, source=ANYWHERE, nice=0):
        """So many guests of one process."""
        load = Program(ours("load"), self.url, str(connections), nice=nice)
        load.numbers(f"connect {connections} {at_once} {source}")
        self.loads.append(load)
        return load

    def cpu(self):
        return self.program.numbers("usage")[0]

    def end(self):
        for load in self.loads:
            load.end()
        self.program.end()


def check(load, payload, size):
    """Both ends have the same bytes."""
    if load.ask(f"check {PAYLOADS[payload]} {size}") != "same":
        raise SystemExit(f"bench: the bytes of {payload} arrive changed")


def all_servers(geth, *styles, **more):
    servers = [Server(style, **more) for style in styles or ("events",)]
    return servers + [Server(None, geth, procs, peers=more.get("peers", 200)) for procs in (1, 2) if geth]


def split(rounds):
    """Rounds by server: ours by style, go-ethereum's by cores."""
    return ({key: v for key, v in rounds.items() if isinstance(key, str)},
            {key: v for key, v in rounds.items() if isinstance(key, int)})


# --- echo ---

def echo_round(server, load, messages):
    """CPU of the server per message, messages a second."""
    before = server.cpu()
    wall, _, back = load.numbers(f"echo {PAYLOADS['random']} {SMALL} {WINDOW} {messages}")
    if back != messages:
        raise SystemExit("bench: not every message came back")
    return (server.cpu() - before) / messages, messages / wall * 1e9


def raw_round(server, load, messages):
    before = int(server.ask("usage"))
    wall, back = load.numbers(f"echo {SMALL_WIRE} {WINDOW} {messages}")
    return (int(server.ask("usage")) - before) / back, back / wall * 1e9


def raw_pair(connections):
    server = Program(ours("raw"), "serve")
    return server, Program(ours("raw"), "load", server.line(), str(connections))


class RawBulk:
    """What the kernel alone takes for one message of 1 MiB on each of some connections."""

    def __init__(self, connections, kind):
        sized = Program(ours("parts"), PAYLOADS[kind], "wire")
        self.connections, self.wire = connections, int(sized.line())
        sized.end()
        self.server, self.load = raw_pair(connections)
        self.load.numbers(f"echo {SMALL_WIRE} 1 {connections}")  # all are accepted
        self.server.ask("still")

    def cpu(self, one, other):
        before = int(self.server.ask("usage"))
        self.load.say(f"{other} {self.wire}")
        spent = int(self.server.ask(f"{one} {self.wire}")) - before
        self.load.line()
        return spent / self.connections

    def send(self):
        return self.cpu("push", "swallow")

    def take(self):
        return self.cpu("swallow", "push")

    def end(self):
        self.load.end()
        self.server.end()


def echo(wanted, geth, geth_why):
    servers = all_servers(geth, "events", "run")
    raw, raw_load = raw_pair(CONNECTIONS)
    cpu, rate = {s.key: [] for s in servers}, {s.key: [] for s in servers}
    raws, bounds, floors, raw_rates = [], [], [], []
    for server in servers:
        check(server.load(CONNECTIONS), "random", SMALL)
        echo_round(server, server.loads[0], 20000)
    for _ in range(ROUNDS):
        for server in servers:
            a, b = echo_round(server, server.loads[0], 20000 if isinstance(server.key, int) else 60000)
            cpu[server.key].append(a)
            rate[server.key].append(b)
        cost, fast = raw_round(raw, raw_load, 200000)
        now = parts("seal_100", "open_100", "seal_small", "open_small", rounds=1)
        raws.append(cost)
        raw_rates.append(fast)
        bounds.append(now["seal_100"] + now["open_100"] + cost)
        floors.append(now["seal_small"] + now["open_small"] + cost)
    for program in (*servers, raw_load, raw):
        program.end()
    mine, theirs = split(cpu)
    fast, geth_fast = split(rate)
    work = (f"{CONNECTIONS} connections, two protocols, {WINDOW} messages of {SMALL} B each on their way; the server "
            "opens, inflates, hands to the handler, which sends it back, compresses and seals")
    more = {"raw_socket_ns": middle(raws), "frames_at_once_bound_ns": middle(floors),
            "messages_per_s": {k: middle(v) for k, v in rate.items()}}
    rows = [
        row("echo_100", f"CPU of a server per echo: {work}; bound: seal and open one frame, and the raw echo of "
            f"{SMALL_WIRE} B, batched alike", "ns", mine["events"], bound=bounds, geth=theirs,
            target={"gain_geth": 8, "ratio_bound": 1.5}, moonshot={"gain_geth": 15, "ratio_bound": 1.1},
            geth_why=geth_why, floor=middle(floors), more=more),
        row("echo_100_run", "the same with handlers of the run style, a thread each", "ns", mine["run"], bound=bounds,
            geth=theirs, geth_why=geth_why),
        row("echo_100_rate", f"messages a second, both ends on this machine, one client for all: {work}; bound: the raw "
            "echo", "1/s", fast["events"], bound=raw_rates, geth=geth_fast, better="more", geth_why=geth_why),
    ]
    return [r for r in rows if r["id"] in wanted]


# --- one message at a time ---

def ping(load, count, gap_us=0):
    return load.numbers(f"ping {PAYLOADS['random']} {SMALL} {count} {gap_us}")


def latency(wanted, geth, geth_why):
    servers = all_servers(geth, "events", "run")
    raw, raw_load = raw_pair(1)
    trips, raws, frames = {s.key: [] for s in servers}, [], []
    for server in servers:
        ping(server.load(1), 500)
    for _ in range(ROUNDS):
        for server in servers:
            trips[server.key].append(ping(server.loads[0], 1500)[0])
        raws.append(raw_load.numbers(f"ping {SMALL_WIRE} 1500")[0])
        now = parts("seal_100", "open_100", rounds=1)
        frames.append(2 * (now["seal_100"] + now["open_100"]))
    floor = middle([raw + work for raw, work in zip(raws, frames)])
    for program in (*servers, raw_load, raw):
        program.end()
    mine, theirs = split(trips)
    what = f"round trip of one message of {SMALL} B on one connection, wall time, median of 1,500; bound: raw echo of " \
           f"{SMALL_WIRE} B with epoll at both ends"
    rows = [
        row("latency", f"{what}; handlers of the events style", "ns", mine["events"], bound=raws, geth=theirs,
            target={"ratio_bound": 1.3}, moonshot={"ratio_bound": 1.15}, geth_why=geth_why, floor=floor,
            more={"two_frames_at_each_end_ns": middle(frames)}),
        row("latency_run", f"{what}; handlers of the run style", "ns", mine["run"], bound=raws, geth=theirs,
            moonshot={"ratio_bound": 2.0}, geth_why=geth_why),
    ]
    return [r for r in rows if r["id"] in wanted]


# --- handshakes ---

def accept(_wanted, geth, geth_why):
    """CPU of a server from accept to two Hellos and its handlers started; whole: until it rests again."""
    servers, each = all_servers(geth, peers=1000), 100
    cpu, whole, bounds = {s.key: [] for s in servers}, {s.key: [] for s in servers}, []
    curve = Program(ours("handshakes"))
    for server in servers:
        server.load(20, at_once=8)  # all code has run
    time.sleep(REST_S)
    for _ in range(ROUNDS):
        for server in servers:
            server.loads.pop().end()
            time.sleep(SETTLE_S)
            before = server.cpu()
            server.load(each, at_once=8)
            time.sleep(SETTLE_S)
            after, peers = server.program.numbers("usage")
            if peers != each:
                raise SystemExit(f"bench: {peers} of {each} peers are there")
            cpu[server.key].append((after - before) / each)
            time.sleep(REST_S)
            whole[server.key].append((server.cpu() - before) / each)
        bounds.append(float(curve.ask("bound_responder")))
    for program in (*servers, curve):
        program.end()
    mine, theirs = split(cpu)
    return [row("accept", "CPU of a server from accept to session ready and handlers begun, 100 connections, 8 at once, "
                "the same initiator for all servers; ours uses ephemeral keys that it made in idle time before, two a "
                "handshake (row spare_key), which is not counted; bound: the curve operations of the handshake", "ns",
                mine["events"], bound=bounds, geth=theirs, target={"gain_geth": 1.8}, moonshot={"gain_geth": 3},
                geth_why=geth_why, more={"until_idle_again_ns": {k: middle(v) for k, v in whole.items()}})]


# --- large messages ---

MIB = 1 << 20


def between(geth, procs=None):
    """Two servers of one kind, the first of which has dialled the second."""
    pair = [Server("events", geth, procs), Server("events", geth, procs)]
    pair[0].program.ask(f"dial {pair[1].url}")
    return pair


def bulk_one(wanted, geth, geth_why):
    pairs = {procs or "events": between(geth, procs) for procs in ((None, 1, 2) if geth else (None,))}
    rows, count = [], 48
    for kind in ("random", "tx"):
        if f"bulk_1_{kind}" not in wanted:
            continue
        speed, cpu, bounds = {key: [] for key in pairs}, {key: [] for key in pairs}, []
        for number in range(ROUNDS + 1):  # the first warms up
            for key, (sender, taker) in pairs.items():
                before = sender.cpu() + taker.cpu()
                wall = int(sender.program.ask(f"send {PAYLOADS[kind]} {MIB} {count}"))
                if number:
                    speed[key].append(count * MIB / wall * 1000)
                    cpu[key].append((sender.cpu() + taker.cpu() - before) / count / MIB)
            if number and kind == "random":
                bounds.append(MIB * 1000 / max(parts("seal_1m", "open_1m", rounds=1).values()))
        mine, theirs = split(speed)
        rows.append(row(
            f"bulk_1_{kind}", f"one way, messages of 1 MiB, {kind} bytes, one connection between two servers of a kind, "
            "each message compressed by its sender; MB of payload a second; bound: the slower one of sealing and opening "
            "the frames, each on a core of its own", "MB/s", mine["events"], bound=bounds, geth=theirs, better="more",
            target={"gain_geth": 1.3}, moonshot={"gain_geth": 1.6}, geth_why=geth_why,
            bound_why="random bytes have one", more={"cpu_ns_per_byte_both_ends": {k: middle(v) for k, v in cpu.items()}}))
    for pair in pairs.values():
        for server in pair:
            server.end()
    return rows


def bulk_many(wanted, geth, geth_why):
    """Sending to 8 peers, then taking from 8; the peers are of the bench."""
    peers, count = 8, 3
    servers, rows = all_servers(geth), []
    total = peers * count * MIB
    for server in servers:
        server.load(peers)
        for kind in ("random", "tx"):
            check(server.loads[0], kind, MIB)
    for kind in ("random", "tx"):
        if f"bulk_8_{kind}" not in wanted:
            continue
        sent, taken, bounds = {s.key: [] for s in servers}, {s.key: [] for s in servers}, []
        raw, sockets, floors = RawBulk(peers, kind), [], []
        for _ in range(ROUNDS):
            for server in servers:
                sent[server.key].append(send_round(server, kind, count, total))
                taken[server.key].append(take_round(server, kind, count, total))
            now = parts("seal_large", "open_large", rounds=1)
            bounds.append((now["seal_large"] + now["open_large"]) / MIB)
            sockets.append((raw.send() + raw.take()) / MIB)
            least = parts("bulk_send", "bulk_take", rounds=1, kind=kind)
            floors.append(sum(least.values()) / MIB + sockets[-1])
        raw.end()
        sums = {key: [a + b for a, b in zip(sent[key], taken[key])] for key in sent}
        mine, theirs = split(sums)
        rows.append(row(
            f"bulk_8_{kind}", f"messages of 1 MiB, {kind} bytes, 8 connections: CPU of a server that sends to 8 peers plus "
            "CPU of one that takes from 8, per byte of payload; bound: seal and open as many bytes of 8 connections, "
            "given to the frame engine at once", "ns/B", mine["events"], bound=bounds, geth=theirs,
            target={"gain_geth": 2.5}, moonshot={"gain_geth": 4}, geth_why=geth_why, floor=middle(floors),
            more={"raw_socket_ns_per_byte": middle(sockets), "frames_snappy_and_sockets_ns_per_byte": middle(floors),
                  "send_ns_per_byte": {k: middle(v) for k, v in sent.items()},
                  "take_ns_per_byte": {k: middle(v) for k, v in taken.items()}}))
    for server in servers:
        server.end()
    return rows


def send_round(server, kind, count, total):
    load = server.loads[0]
    if load.ask(f"take {count}") != "ready":
        raise SystemExit("bench: nobody is ready to take")
    before = server.cpu()
    server.program.say(f"send {PAYLOADS[kind]} {MIB} {count}")
    messages, size = (int(n) for n in load.line().split())
    server.program.line()
    if size != total:
        raise SystemExit(f"bench: {size} of {total} bytes in {messages} messages came")
    return (server.cpu() - before) / total


def take_round(server, kind, count, total):
    load = server.loads[0]
    before, was = server.cpu(), server.counted
    server.counted = load.numbers(f"sink {PAYLOADS[kind]} {MIB} {count}")[3]
    if server.counted - was != total:
        raise SystemExit(f"bench: the server counted {server.counted - was} of {total} bytes")
    return (server.cpu() - before) / total


def wait(wanted, geth, geth_why):
    """Another connection's message while a large one passes."""
    size = 16_700_000  # random bytes grow when compressed, and a frame ends at 2^24 - 1
    servers, rows = all_servers(geth), []
    for server in servers:
        server.load(1)
        server.load(1, nice=10)
    for kind in ("random", "tx"):
        if f"wait_{kind}" not in wanted:
            continue
        worst, quiet = {s.key: [] for s in servers}, {s.key: [] for s in servers}
        for number in range(ROUNDS + 1):
            for server in servers:
                small, large = server.loads
                small.ask(f"watch {PAYLOADS['random']} {SMALL}")
                large.numbers(f"sink {PAYLOADS[kind]} {size} 1")
                found = small.numbers("")
                if number:
                    worst[server.key].append(found[2] / 1e6)
                    quiet[server.key].append(found[1] / 1e6)
        mine, theirs = split(worst)
        rows.append(row(
            f"wait_{kind}", f"longest round trip of messages of {SMALL} B, one after the other, while one of 16.7 MB, {kind} "
            "bytes, comes on another connection; wall time, one large message a round", "ms", mine["events"],
            geth=theirs, target={"median": 2}, moonshot={"median": 1}, geth_why=geth_why,
            more={"p99_ms": {k: middle(v) for k, v in quiet.items()}}))
    for server in servers:
        server.end()
    return rows


def broadcast(_wanted, geth, geth_why):
    peers, count = 64, 2
    servers = all_servers(geth)
    cpu, bounds, sockets = {s.key: [] for s in servers}, [], []
    raw = RawBulk(peers, "tx")
    for server in servers:
        server.load(peers)
    for number in range(ROUNDS + 1):
        for server in servers:
            spent = [spread_round(server, peers) for _ in range(count)]
            if number:
                cpu[server.key].append(sum(spent) / count)
        if number:
            bounds.append(parts("broadcast", rounds=1)["broadcast"])
            sockets.append(raw.send() * peers)
    for program in (*servers, raw):
        program.end()
    mine, theirs = split(cpu)
    return [row("broadcast_64", "CPU of a server that sends one message of 1 MiB, tx bytes, to 64 peers; bound: compress it "
                "once, and seal the frames of 64 connections, 8 given to the engine at once", "ns", mine["events"],
                bound=bounds, geth=theirs, target={"ratio_bound": 1.3}, moonshot={"ratio_bound": 1.1},
                floor=middle([a + b for a, b in zip(bounds, sockets)]), more={"raw_socket_ns": middle(sockets)},
                geth_why=geth_why, limits=[f"go-ethereum {GETH} compresses for each peer"])]


def spread_round(server, peers):
    load = server.loads[0]
    load.ask("take 1")
    before = server.cpu()
    server.program.say(f"spread {PAYLOADS['tx']} {MIB}")
    messages, size = (int(n) for n in load.line().split())
    sent = int(server.program.line())
    if (sent, messages, size) != (peers, peers, peers * MIB):
        raise SystemExit(f"bench: {sent} peers were sent to, {messages} messages of {size} bytes came")
    return server.cpu() - before


# --- strangers ---

def flood(_wanted, geth, geth_why):
    """Ten thousand in all rounds together; each round has a time without them too."""
    established, attempts, per_s = 50, 1430, 2000
    servers = [Server("events", peers=500, extra=("fenced",))]
    servers += [Server(None, geth, 2, peers=500)] if geth else []
    quiet, busy, floods = {}, {}, {}
    for server in servers:
        server.load(established, at_once=4, source=MANY_NETS)
        ping(server.loads[0], 20, 10000)
        floods[server.key] = Program(ours("flood"), server.url, nice=10)
        server.loads.append(floods[server.key])
        quiet[server.key], busy[server.key] = [], []
    for _ in range(ROUNDS):
        for server in servers:
            quiet[server.key].append(ping(server.loads[0], 70, 10000)[1] / 1e6)
            floods[server.key].say(f"{attempts} {per_s}")
            busy[server.key].append(ping(server.loads[0], 70, 10000)[1] / 1e6)
            floods[server.key].line()
    for server in servers:
        server.end()
    more = {"quiet_p99_ms": {k: middle(v) for k, v in quiet.items()},
            "with_over_without": {k: middle([a / b for a, b in zip(busy[k], quiet[k])]) for k in busy}}
    return [row("flood", f"p99 of the round trips of {established} peers, each a message of {SMALL} B every 10 ms, while "
                f"strangers come, {per_s:,} a second and {attempts * ROUNDS:,} in all, each from another address: a third "
                "with a valid auth, a third with noise, a third silent; bound: the same without them", "ms",
                busy["events"], bound=quiet["events"], geth={2: busy[2]} if geth else None,
                target={"ratio_bound": 2}, moonshot={"ratio_bound": 1.2}, geth_why=geth_why, more=more,
                limits=["flood: our server treats local addresses as all others; go-ethereum's limits by address do not "
                        "apply to loopback"])]


GROUPS = [
    (["echo_100", "echo_100_run", "echo_100_rate"], echo),
    (["latency", "latency_run"], latency),
    (["bulk_1_random", "bulk_1_tx"], bulk_one),
    (["bulk_8_random", "bulk_8_tx"], bulk_many),
    (["wait_random", "wait_tx"], wait),
    (["broadcast_64"], broadcast),
    (["accept"], accept),
    (["flood"], flood),
]
