#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""remnants.py TALK - no secret is left in memory when it is done with.

Runs TALK (test/remnants/talk.c), which writes every secret it meets into a file, stops
it at each of its pauses and searches all its memory through /proc/PID/mem; at last also
a core file.  A secret is looked for in pieces of 8 bytes at any address: as it is, with
the bytes turned round (limbs of a scalar, words of SHA-256), as limbs of 52 bits, masked
as HMAC does, in hex and base64, and with all round keys of AES.
"""

import hashlib
import mmap
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import needles
import tree

PAGE = 4096
PATIENCE = 6  # s: a connection that is over drains its input for 2 s
NODES = [hashlib.sha256(f"node {i}".encode()).digest() for i in range(3)]

KINDS = {"k": "node key", "e": "ephemeral key", "v": "envelope's key", "n": "nonce", "x": "ECDH secret",
         "h": "hash of secrets", "a": "aes-secret", "m": "mac-secret", "s": "MAC state", "c": "envelope's cipher key",
         "t": "envelope's MAC key", "b": "secret mixed with a nonce", "p": "key made ahead", "y": "kept secret"}
HANDSHAKE = "evnxhctb"
# pause: (kinds that are gone, kinds or forms that must be found)
PAUSES = {
    "planted": ("", {"node key, raw", "node key, reversed", "node key, hex", "node key, HEX", "node key, base64"}),
    "side by side": ("ams", set()),
    "connected": (HANDSHAKE, {"node key, raw", "aes-secret, raw", "mac-secret, raw", "aes-secret, round keys"}),
    "closed": (HANDSHAKE + "ams", {"node key, raw", "kept secret, raw", "key made ahead, raw"}),
    "failed": (HANDSHAKE + "ams", {"node key, raw"}),
    "alone": (HANDSHAKE, {"aes-secret, raw", "mac-secret, raw"}),
    "alone, freed": (HANDSHAKE + "ams", {"node key, raw"}),
    "again": (HANDSHAKE, {"node key, raw", "aes-secret, raw", "mac-secret, raw"}),
    "freed": (HANDSHAKE + "amskpy", set()),
}


# --- the forms of a secret ---

def sbox():
    """The S-box of AES (FIPS 197, 5.1.1), from the inverse in its field."""
    table, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= (p << 1) ^ (0x11b if p & 0x80 else 0)
        for shift in (1, 2, 4):
            q ^= q << shift
        q &= 0xff
        q ^= 0x09 if q & 0x80 else 0
        table[p] = 0x63 ^ q
        for turn in range(1, 5):
            table[p] ^= (q << turn | q >> (8 - turn)) & 0xff
        if p == 1:
            return table


SBOX = sbox()


def round_keys(key):
    """The key schedule of AES (FIPS 197, 5.2) behind the key itself."""
    n, words, rcon = len(key) // 4, [key[i:i + 4] for i in range(0, len(key), 4)], 1
    for i in range(n, 4 * (n + 7)):
        word = words[-1]
        if i % n == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ rcon]) + word[1:]
            rcon = (rcon << 1) ^ (0x11b if rcon & 0x80 else 0)
        elif n > 6 and i % n == 4:
            word = bytes(SBOX[b] for b in word)
        words.append(bytes(a ^ b for a, b in zip(words[i - n], word)))
    return b"".join(words[n:])


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def forms(kind, secret):
    """(name, bytes) of what a copy may look like."""
    yield from needles.plain(secret)
    yield "reversed", secret[::-1]
    yield "32-bit words", b"".join(secret[i:i + 4][::-1] for i in range(0, len(secret), 4))
    if len(secret) == 32:
        number = int.from_bytes(secret, "big")
        yield "52-bit limbs", b"".join((number >> 52 * i & (1 << 52) - 1).to_bytes(8, "little") for i in range(5))
    if kind in "amc":
        yield "round keys", round_keys(secret)
    if kind == "t":
        yield "HMAC pads", xor(secret, bytes([0x36]) * 32) + xor(secret, bytes([0x5c]) * 32)


def pieces(kind, secret):
    """{8 bytes as a number: what they are}"""
    return {n: f"{KINDS[kind]}, {form}" for form, data in forms(kind, secret) for n in needles.pieces(data)}


# --- what the program wrote down ---

def read_record(path):
    """{kind: set of secrets}"""
    data, at = open(path, "rb").read(), 0
    known, halves = {kind: set() for kind in KINDS}, None
    known["k"].update(NODES)
    while at < len(data):
        kind, length = chr(data[at]), data[at + 1]
        value = data[at + 2:at + 2 + length]
        at += 2 + length
        if kind == "i":
            halves = value
        elif kind != "o":
            known[kind].add(value)
        elif {halves[:32], halves[32:]} & (known["x"] | known["n"] | known["h"]):
            known["h"].add(value)
    # aes-secret and mac-secret are hashes too, and the session's as long as it lasts
    known["h"] -= known["a"] | known["m"]
    known["b"] = {xor(a, n) for a in known["x"] | known["m"] for n in known["n"]}
    # what is kept beyond the handshake, and what is not yet used
    known["x"] -= known["y"]
    known["p"] -= known["e"] | known["v"]
    return known


# --- memory ---

def search(regions, wanted):
    """What of {piece: name} stands in the regions: {name: how many pieces}."""
    keys, counts = wanted.keys(), {}
    for data in regions:
        for piece in needles.found(data, keys):
            counts[wanted[piece]] = counts.get(wanted[piece], 0) + 1
    return counts


def used(data):
    """data without its empty pages, in runs."""
    run, empty = bytearray(), bytes(PAGE)
    for at in range(0, len(data), PAGE):
        page = data[at:at + PAGE]
        if page != empty[:len(page)]:
            run += page
        elif run:
            yield bytes(run)
            run = bytearray()
    if run:
        yield bytes(run)


def memory(pid):
    """All readable memory of a process."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, mode = line.split()[:2]
            first, end = (int(x, 16) for x in span.split("-"))
            if mode[0] != "r" or "[v" in line:
                continue
            mem.seek(first)
            for at in range(first, end, 1 << 24):
                try:
                    yield from used(mem.read(min(1 << 24, end - at)))
                except OSError:
                    break  # pages behind the end of a file


def stopped(pid):
    """memory(), while the process stands still."""
    os.kill(pid, signal.SIGSTOP)
    os.waitpid(pid, os.WUNTRACED)
    try:
        yield from memory(pid)
    finally:
        os.kill(pid, signal.SIGCONT)


# --- the test ---

class Talk:
    def __init__(self, program, folder):
        self.record = os.path.join(folder, "record")
        open(self.record, "wb").close()
        files = [os.path.join(folder, f"key{i}") for i in range(len(NODES))]
        for path, key in zip(files, NODES):
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
                f.write(key.hex())
        self.process = subprocess.Popen([program, self.record, *files], cwd=folder, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, preexec_fn=allow_core)

    def until(self, pause):
        said = self.process.stdout.readline().strip()
        if said != pause:
            sys.exit(f"remnants: talk ended before the pause \"{pause}\"")

    def go_on(self):
        self.process.stdin.write(".")
        self.process.stdin.flush()

    def wanted(self, kinds):
        known = read_record(self.record)
        return {n: name for kind in kinds for secret in known[kind] for n, name in pieces(kind, secret).items()}


def allow_core():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def at_pause(talk, pause):
    """Complaints about the memory as it is at a pause."""
    gone, there = PAUSES[pause]
    deadline = time.monotonic() + PATIENCE
    while True:
        names = search(stopped(talk.process.pid), talk.wanted(KINDS))
        left = {name: n for name, n in names.items() if any(name.startswith(KINDS[k] + ",") for k in gone)}
        missing = there - names.keys()
        if not left and not missing or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    return [f"{pause}: {n} pieces of: {name}" for name, n in sorted(left.items())] + \
        [f"{pause}: the search does not find: {name}" for name in sorted(missing)]


def cores(talk, folder):
    """(how, path) of each core file of the process that can be had; it is dead then."""
    pid = talk.process.pid
    if shutil.which("gcore"):
        subprocess.run(["gcore", "-o", os.path.join(folder, "gcore"), str(pid)], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.kill(pid, signal.SIGABRT)
    talk.process.wait()
    for how, name in (("gcore", f"gcore.{pid}"), ("the kernel", "core"), ("the kernel", f"core.{pid}")):
        if os.path.exists(os.path.join(folder, name)):
            yield how, os.path.join(folder, name)


def in_cores(talk, folder):
    """Complaints about core files, registers included."""
    wanted, complaints, seen = talk.wanted(PAUSES["freed"][0]), [], 0
    for how, path in cores(talk, folder):
        with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names = search(used(data), wanted)
        complaints += [f"core file by {how}: {n} pieces of: {name}" for name, n in sorted(names.items())]
        print(f"core file by {how}: searched")
        seen += 1
    if not seen:
        print("no core file: neither gcore nor the kernel (core_pattern, limit) makes one here")
    return complaints


def main():
    complaints = []
    with tempfile.TemporaryDirectory() as folder:
        talk = Talk(os.path.abspath(sys.argv[1]), folder)
        for pause in PAUSES:
            talk.until(pause)
            complaints += at_pause(talk, pause)
            if pause == "freed":
                complaints += in_cores(talk, folder)
            if talk.process.poll() is None:
                talk.go_on()
        talk.process.stdin.close()
        talk.process.wait()
        known = read_record(talk.record)
    seen = sum(len(v) for v in known.values())
    print(", ".join(f"{len(v)} {KINDS[k]}" for k, v in known.items()))
    tree.verdict("remnants", complaints, seen)


main()
