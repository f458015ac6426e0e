#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each fuzz target's corpus covers of the files that bear its name: src/*/x.c and
src/*/x_*.c.  Needs a build of the preset coverage."""

import glob
import json
import os
import subprocess
import sys

import tree

BUILD = os.path.join(tree.ROOT, "build", "coverage")
OBJECTS = os.path.join(BUILD, "CMakeFiles", "devp2p_objects.dir")


def parts(source):
    """The library's files that a target is about."""
    stem = source[:-len("_fuzz.c")]
    return [p for p in tree.files(f"{stem}.c", f"{stem}_*.c") if not p.endswith(("_fuzz.c", "_test.c"))]


def lines_of(source):
    """(run, all) lines of one file since the counters were cleared."""
    counts = os.path.join(OBJECTS, source + ".gcda")
    if not os.path.exists(counts):
        return 0, 0
    out = subprocess.run(["gcov", "--json-format", "--stdout", counts], check=True, text=True, cwd=BUILD,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    hits = {}
    for file in json.loads(out)["files"]:
        if file["file"].endswith(source):
            for line in file["lines"]:
                number = line["line_number"]
                hits[number] = hits.get(number, 0) + line["count"]
    return sum(1 for n in hits.values() if n), len(hits)


def main():
    print(f"{'target':12} {'file':28} lines run by the corpus")
    failed = 0
    for source in tree.files("src/*/*_fuzz.c"):
        name = os.path.basename(source)[:-len("_fuzz.c")]
        for counts in glob.glob(os.path.join(OBJECTS, "**", "*.gcda"), recursive=True):
            os.remove(counts)
        argv = [os.path.join(BUILD, "tests", name + "_fuzz"), os.path.join(tree.ROOT, "test", "corpus", name)]
        failed += subprocess.run(argv, stdout=subprocess.DEVNULL, check=False).returncode != 0
        for part in parts(source):
            ran, known = lines_of(part)
            print(f"{name:12} {part:28} {ran} of {known}, {100 * ran // max(known, 1)} %")
    sys.exit(1 if failed else 0)


main()
