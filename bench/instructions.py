#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of the hot paths under valgrind and compares them with instructions.json
("make bench-instructions"); --record writes that file.

Time is noise on a shared machine, this is not: the same build executes the same instructions.
Only those of our own code are counted, not OpenSSL's, which chooses by processor, and ours is
made to choose generic.  Another compiler makes other code, so its figures are only shown."""

import json
import os
import re
import subprocess
import sys
import tempfile

from harness import ROOT, build_programs, first_line, ours

RECORD = os.path.join(ROOT, "bench", "instructions.json")
PATHS = {
    "hot_seal": "seal 16 frames of 100 B",
    "hot_open": "open 16 frames of 100 B",
    "hot_seal_large": "seal a frame of 60,000 B",
    "hot_open_large": "open a frame of 60,000 B",
    "hot_encode": "encode a struct of 4 fields",
    "hot_decode": "decode a struct of 4 fields",
    "hot_echo": "a session takes 16 messages of 100 B and sends them back",
}
TIMES = 100  # of each in hot.c
TOLERANCE = 0.02  # of code that moved and did not become slower


def own_cost(path, program):
    """Instructions of the functions of one program in a file of callgrind: exclusive costs."""
    names, mine, total, called = {}, False, 0, False
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("ob="):
                number, name = re.match(r"ob=\((\d+)\)\s*(.*)", line).groups()
                names.setdefault(number, name)
                mine = names[number].endswith(program)
            elif line.startswith("calls="):
                called = True
            elif line[:1].isdigit() or line[:1] in "+-*":
                if mine and not called:
                    total += int(line.split()[1])
                called = False
            elif (found := re.match(r"cob=\((\d+)\)\s*(.+)", line)):
                names.setdefault(*found.groups())
    return total


def count(path):
    """Instructions of one run of a hot path."""
    program = ours("hot")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind")
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--toggle-collect={path}", f"--callgrind-out-file={out}", program],
            env={**os.environ, "DEVP2P_CPU": "generic"}, text=True, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise SystemExit(f"instructions: valgrind failed: {done.stderr[-2000:]}")
        return own_cost(out, os.path.basename(program)) // TIMES


def main():
    build_programs()
    compiler = first_line("cc", "--version")
    now = {path: count(path) for path in PATHS}
    if sys.argv[1:] == ["--record"]:
        with open(RECORD, "w", encoding="ascii") as f:
            json.dump({"compiler": compiler, "instructions": now}, f, indent=1)
            f.write("\n")
        print(f"recorded in {os.path.relpath(RECORD, ROOT)}")
    with open(RECORD, encoding="ascii") as f:
        before = json.load(f)
    comparable = before["compiler"] == compiler
    over = []
    for path, what in PATHS.items():
        was = before["instructions"][path]
        change = now[path] / was - 1
        if change > TOLERANCE:
            over.append(path)
        print(f"{path:16} {now[path]:>9,}  recorded {was:>9,}  {change:+7.1%}  {what}")
    if not comparable:
        print(f"recorded with another compiler, so nothing is judged: {before['compiler']}")
    elif over:
        raise SystemExit(f"instructions: more than {TOLERANCE:.0%} above what is recorded: {', '.join(over)}")


if __name__ == "__main__":
    main()
