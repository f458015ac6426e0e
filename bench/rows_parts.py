# SPDX-License-Identifier: MIT
"""Rows of parts in memory: frames, hashes, handshakes, RLP."""

from harness import PAYLOADS, Program, geth_program, once, ours, row

ROUNDS = 9

# What a target is depends on the kind of processor, as src/crypto/cpu.c chooses it: None where there is none.
KECCAK = {"generic": 1.05, "bmi": 0.95, "avx2": 0.95, "avx512": 0.95, "vaes": 0.95}
BULK = {"avx2": 1 / 1.8, "avx512": 1 / 3, "vaes": 1 / 3}
SMALL = {"avx2": 1 / 1.4, "avx512": 1 / 2.4, "vaes": 1 / 2.4}

# id, what, C program, name of ours, of the bound, of go-ethereum's, target, moonshot.  All in ns of CPU, fewer
# are better.
TIMES = [
    ("frame_seal_100", "seal a frame of 100 B; bound: Keccak and AES of its bytes, with the digests RLPx asks for",
     "frames", "seal_100", "bound_100", "seal_100", {"ratio_bound": 1.10}, None),
    ("frame_open_100", "open a frame of 100 B; bound: as above",
     "frames", "open_100", "bound_100", "open_100", {"ratio_bound": 1.10}, None),
    ("frame_seal_1m", "seal a frame of 1 MiB; bound: as above",
     "frames", "seal_1m", "bound_1m", "seal_1m", {"ratio_bound": 1.10}, None),
    ("frame_open_1m", "open a frame of 1 MiB; bound: as above",
     "frames", "open_1m", "bound_1m", "open_1m", {"ratio_bound": 1.10}, None),
    ("keccak_1m", "Keccak-256 of 1 MiB; bound: SHA3-256 of OpenSSL, the same permutation",
     "frames", "keccak_1m", "sha3_1m", "keccak_1m", {"ratio_bound": KECCAK},
     {"ratio_bound": 0.80}),
    ("frame_seal_32", "seal a frame of 32 B, one connection; bound: one permutation of Keccak",
     "frames", "seal_32", "permutation", None, {"ratio_bound": 4.0}, {"ratio_bound": 2.8}),
    ("bulk_seal_1m", "seal a frame of 1 MiB, one connection; bound: Keccak of its bytes",
     "frames", "seal_1m", "keccak_1m", None, {"ratio_bound": 1.10}, {"ratio_bound": 1.05}),
    ("bulk_open_1m", "open a frame of 1 MiB, one connection; bound: Keccak of its bytes",
     "frames", "open_1m", "keccak_1m", None, {"ratio_bound": 1.10}, {"ratio_bound": 1.05}),
    ("lanes_seal_8x1m", "seal a frame of 1 MiB on each of 8 connections; bound: in one lane",
     "frames", "seal_8x1m", "seal_8x1m_one", None, {"ratio_bound": BULK}, {"ratio_bound": 1 / 3.5}),
    ("lanes_open_8x1m", "open them; bound: in one lane",
     "frames", "open_8x1m", "open_8x1m_one", None, {"ratio_bound": BULK}, {"ratio_bound": 1 / 3.5}),
    ("lanes_seal_100x16", "seal a frame of 100 B, 16 on each of 100 connections; bound: in one lane",
     "frames", "seal_100x16", "seal_100x16_one", None, {"ratio_bound": SMALL}, {"ratio_bound": 1 / 3}),
    ("lanes_open_100x16", "open them; bound: in one lane",
     "frames", "open_100x16", "open_100x16_one", None, {"ratio_bound": SMALL}, {"ratio_bound": 1 / 3}),
    ("handshake_responder", "one handshake, the listener's end, with a stranger; two ephemeral keys were made ahead in "
     "idle time, which is not counted (row spare_key); bound: its curve operations (2 keys, 4 exchanges, 1 recovery)",
     "handshakes", "responder", "bound_responder", "responder", {"ratio_bound": 1.10}, {"ratio_bound": 0.75}),
    ("handshake_known", "the same with a peer that was here before: the secret of the two static keys was kept, too; "
     "bound: as above, go-ethereum as above",
     "handshakes", "known_responder", "bound_responder", "responder", {"ratio_bound": 1.10}, {"ratio_bound": 0.75}),
    ("handshake_fresh", "the same with nothing made ahead or kept, as when the keys have run out; bound: as above",
     "handshakes", "fresh_responder", "bound_responder", "responder", {"ratio_bound": 1.10}, None),
    ("handshake_initiator", "one handshake, the dialler's end; its envelope's key was made ahead in idle time, which is "
     "not counted (row spare_key); bound: its curve operations (2 keys, 4 exchanges, 1 signature)",
     "handshakes", "initiator", "bound_initiator", "initiator", {"ratio_bound": 1.10}, None),
    ("spare_key", "one ephemeral key made ahead: drawn, derived and put aside",
     "handshakes", "spare_key", None, None, {}, None),
    ("rlp_encode", "encode a block of 28.7 kB: header, 200 transactions, 2 uncles; ours from structs with tables, "
     "go-ethereum's from structs with uint256, both into a buffer that is there already",
     "rlp", "rlp_encode", None, "rlp_encode", {"gain_geth": 3}, {"gain_geth": 6}),
    ("rlp_decode", "decode the same block into structs", "rlp", "rlp_decode", None, "rlp_decode",
     {"gain_geth": 3}, {"gain_geth": 6}),
]


def start(names):
    """The C programs of these names; that of RLP first says what it made."""
    programs = {name: Program(ours(name)) for name in names}
    made = programs["rlp"].line() if "rlp" in programs else None
    return programs, made


def for_kind(target, kind):
    """A target, in which a figure may stand for each kind of processor."""
    found = {key: most.get(kind) if isinstance(most, dict) else most for key, most in target.items()}
    return {key: most for key, most in found.items() if most}


def run(wanted, geth, geth_why):
    """Each round asks every program for everything once."""
    entries = [entry for entry in TIMES if entry[0] in wanted]
    programs, made = start({entry[2] for entry in entries})
    peer = geth_program(geth, 2) if geth else None
    if made and peer and peer.ask("rlp_bytes") != made:
        raise SystemExit("bench: go-ethereum's block has other bytes")
    kind = once(ours("parts"), PAYLOADS["tx"], ask="cpu")
    rounds = {entry[0]: ([], [], []) for entry in entries}
    for _ in range(ROUNDS):
        for name, _, program, mine, bound, theirs, _, _ in entries:
            a, b, c = rounds[name]
            a.append(float(programs[program].ask(mine)))
            if bound:
                b.append(float(programs[program].ask(bound)))
            if peer and theirs:
                c.append(float(peer.ask(theirs)))
    for program in [*programs.values(), *([peer] if peer else [])]:
        program.end()
    return [row(name, what, "ns", rounds[name][0], bound=rounds[name][1], geth=rounds[name][2], target=for_kind(target, kind),
                moonshot=moonshot, geth_why=geth_why if theirs else "nothing of the kind in go-ethereum")
            for name, what, _, _, _, theirs, target, moonshot in entries]


def parts(*names, rounds=3, kind="tx"):
    """What the rows of servers compare with, measured now: medians by name."""
    found = {name: [] for name in names}
    frames, many = Program(ours("frames")), Program(ours("parts"), PAYLOADS[kind])
    for _ in range(rounds):
        for name in names:
            found[name].append(float((frames if name.endswith(("_100", "_1m")) else many).ask(name)))
    for program in (frames, many):
        program.end()
    return {name: sorted(values)[rounds // 2] for name, values in found.items()}


GROUPS = [([entry[0] for entry in TIMES], run)]
