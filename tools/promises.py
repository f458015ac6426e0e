#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""promises.py --build BUILD - every row of doc/PROMISES.md names tests that exist.

A row is: promise | test | command | figure | differs from go-ethereum.  The tests of a
row, between backquotes: `name` is a test of ctest, `name:case` a case inside it,
`interop:cell` a cell of the matrix, `canary:fault` a planted fault, `bench:row` a row
of the figures.
"""

import argparse
import json
import os
import re
import subprocess
import sys

import tree

PAGE = "doc/PROMISES.md"
HEAD = ["promise", "test", "command", "figure", "differs from go-ethereum"]

# The checks of a release build, and those of the Makefile, are known by their scripts.
SCRIPTS = {"purity", "exports", "hardening", "install", "remnants", "abi", "deb", "constant_time", "coverage", "determinism",
           "sim"}


def rows(text):
    """(line, cells) of the tables that have our head."""
    ours = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            ours = False
            continue
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if [c.lower() for c in cells] == HEAD:
            ours = True
        elif ours and not re.fullmatch(r"[\s|:-]+", line):
            yield number, cells


def ctests(build):
    """The names that ctest knows; one that is disabled counts as missing."""
    out = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    tests = json.loads(out[out.index("{"):])["tests"]
    disabled = {t["name"] for t in tests for p in t.get("properties", []) if p["name"] == "DISABLED" and p["value"]}
    return {t["name"] for t in tests} - disabled


def python_says(*argv):
    run = subprocess.run([sys.executable, *argv], cwd=tree.ROOT, check=True, text=True, stdout=subprocess.PIPE)
    return set(run.stdout.splitlines())


class Tests:
    def __init__(self, build):
        self.names = ctests(build) | SCRIPTS
        self.cells = self.faults = None

    def why_not(self, test):
        """None, or why there is no such test."""
        name, _, case = test.partition(":")
        if name == "interop" and case:
            self.cells = self.cells or python_says("test/interop/matrix.py", "--list")
            return None if case in self.cells else "no such cell"
        if name == "canary" and case:
            self.faults = self.faults or python_says("tools/canary.py", "--list")
            return None if case in self.faults else "no such fault"
        if name == "bench" and case:
            return None if any(case in tree.text(p) for p in tree.files("bench/*")) else "no such row"
        if name not in self.names:
            return "no such test"
        if not case:
            return None
        sources = tree.files(f"src/*/{name}.c", f"test/{name}.c", f"test/{name}.py")
        if name == "vectors":
            return None if os.path.exists(os.path.join(tree.ROOT, "test/vectors", case + ".json")) else "no such file"
        unit = re.compile(rf"(cmocka_unit_test\w*\(\s*|^def ){re.escape(case)}\b", re.M)
        return None if any(unit.search(tree.text(s)) for s in sources) else "no such case"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    tests, complaints, seen = Tests(parser.parse_args().build), [], 0
    for number, cells in rows(tree.text(PAGE)):
        seen += 1
        if len(cells) != len(HEAD):
            complaints.append(f"{PAGE}:{number}: {len(cells)} cells, not {len(HEAD)}")
            continue
        named = re.findall(r"`([^`]+)`", cells[1])
        if not named:
            complaints.append(f"{PAGE}:{number}: names no test")
        complaints += [f"{PAGE}:{number}: {test}: {why}" for test in named if (why := tests.why_not(test))]
    if not seen:
        complaints.append(f"{PAGE}: no rows")
    tree.verdict("promises", complaints, seen)


main()
