#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""seeds.py BIN - every seed that once found a bug, played again.

test/seeds/SCENARIO has one a line, with its options and what it found:

    731 --for 30s: a message came twice
"""

import concurrent.futures
import os
import re
import subprocess

from tool import PATIENCE, ROOT, TOOL, tree

SEEDS = os.path.join(ROOT, "test", "seeds")


def lines():
    """(scenario, number of the line, the line) of all files."""
    for scenario in sorted(os.listdir(SEEDS)):
        with open(os.path.join(SEEDS, scenario), encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if not line.startswith("#"):
                    yield scenario, number, line.rstrip("\n")


def play(entry):
    """None, or what is wrong with a line or its seed."""
    scenario, number, line = entry
    found = re.fullmatch(r"(\d+)((?: [\w-]+)*): \S.*", line)
    if not found:
        return f"test/seeds/{scenario}:{number}: not \"SEED [OPTION...]: what it found\""
    done = subprocess.run([TOOL, "sim", "run", scenario, "--seed", found.group(1), *found.group(2).split()],
                          text=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return f"{line}: exit code {done.returncode}\n{done.stdout}" if done.returncode else None


def main():
    entries = list(lines())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [why for why in pool.map(play, entries) if why]
    if not entries:
        complaints.append("no seeds")
    tree.verdict("seeds", complaints, len(entries))


main()
