#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""traces.py --logs LOGS [--output FILE...] [--clear] - no test key stands in a log.

Looks through what the tests logged, down to TRACE (LOGS/*.log), and what they printed
(FILE), for every key that they used: noted by the fixtures (LOGS/*.secrets), in the test
vectors, in the sources of tests; in hex, in base64 and as bytes.  In the logs nothing may
even look like a key: no 32 hex digits in a row.  With --clear the logs are removed
instead, for a new run.
"""

import argparse
import glob
import json
import os
import re
import sys

import needles
import tree

SOURCES = ["src/*/*_test.c", "src/*/*_fuzz.c", "src/*/*_fixture.h", "test/*.c", "test/*.h", "test/interop/*.py"]
SECRET_NAME = re.compile(r"priv|secret|eph|nonce|aes|mac|key|shared", re.I)
PUBLIC_NAME = re.compile(r"pub", re.I)
CONTROL = bytes(range(7, 39))  # a key that no test uses
NUMBERS = 256  # fixtures number their nodes: the key 1, the key 2, ...
CHUNK = 1 << 24


def of_vectors(value, name=""):
    """32-byte values of a vector file under names that sound secret."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from of_vectors(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from of_vectors(inner, name)
    elif isinstance(value, str) and SECRET_NAME.search(name) and not PUBLIC_NAME.search(name):
        if re.fullmatch(r"(0x)?[0-9a-fA-F]{64}", value):
            yield bytes.fromhex(value[-64:])


def keys(logs):
    """All keys that tests use."""
    known = {n.to_bytes(32, "big") for n in range(1, NUMBERS)}
    for path in tree.files("test/vectors/*.json"):
        known.update(of_vectors(json.loads(tree.text(path))))
    for path in tree.files(*SOURCES):
        known.update(map(bytes.fromhex, re.findall(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])", tree.text(path))))
    for path in glob.glob(os.path.join(logs, "*.secrets")):
        with open(path, encoding="ascii") as f:
            known.update(bytes.fromhex(line) for line in f)
    return known


class Search:
    """Bytes are looked for in pieces of 8, text in pieces of 16 characters, and keys that
    have no piece of their own, such as the key 1, as 64 hex digits."""

    def __init__(self, known):
        self.raw, self.texts = set(), {key.hex().encode(): "hex" for key in known}
        for key in known:
            for form, data in needles.plain(key):
                if form == "raw":
                    self.raw |= needles.pieces(data)
                else:
                    self.texts.update((data[i:i + 16], form) for i in range(0, len(data) - 15, 16)
                                      if len(set(data[i:i + 16])) > 3)

    def forms(self, data):
        """Forms of keys that stand in data."""
        forms = {"raw"} if needles.found(data, self.raw) else set()
        for run in re.findall(rb"[0-9A-Za-z+/]{16,}", data):
            for length in (16, 64):
                for i in range(len(run) - length + 1):
                    if run[i:i + length] in self.texts:
                        forms.add(self.texts[run[i:i + length]])
        return forms


def controls(search):
    """The search finds a key in each form, within a line, or it would find nothing."""
    for form, data in needles.plain(CONTROL):
        if form not in search.forms(b"peer 1: " + data + b" connected\n"):
            yield f"control: the search does not find a key in {form}"
    if not search.forms(b"x" + (1).to_bytes(32, "big").hex().encode()):
        yield "control: the search does not find the key 1"


def lines_of(path, search, is_log):
    """Complaints about one file."""
    with open(path, "rb") as f:
        for data in iter(lambda: f.read(CHUNK), b""):
            for form in sorted(search.forms(data)):
                yield f"{path}: holds a key, {form}"
            shape = re.search(rb"[^\n]*[0-9a-fA-F]{32,}[^\n]*", data) if is_log else None
            if shape:
                yield f"{path}: looks like a key: {shape.group()[:200]!r}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--logs", required=True)
    parser.add_argument("--output", nargs="*", default=[])
    parser.add_argument("--clear", action="store_true")
    options = parser.parse_args()
    logs = sorted(glob.glob(os.path.join(options.logs, "*.log")))
    if options.clear:
        os.makedirs(options.logs, exist_ok=True)
        for path in logs + glob.glob(os.path.join(options.logs, "*.secrets")):
            os.remove(path)
        sys.exit(0)

    known = keys(options.logs)
    search = Search(known | {CONTROL})
    outputs = [path for path in options.output if os.path.exists(path)]
    complaints = list(controls(search))
    for path in logs + outputs:
        complaints += lines_of(path, search, path in logs)
    size = sum(os.path.getsize(p) for p in logs + outputs)
    print(f"{len(known)} keys, {len(logs)} logs, {len(outputs)} outputs, {size >> 10} KiB")
    tree.verdict("traces", complaints, len(logs) + len(outputs))


main()
