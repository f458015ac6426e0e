#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""coverage.py - what each fuzz target's corpus covers of the files the target is for.

tools/coverage.json names them, and for a file with lines that are missed the reason.
Fails when a file is below 80 %, when lines are missed without a reason, when a reason is
no longer needed, and when a target is not in the table.  Needs a build of the preset
coverage.
"""

import glob
import json
import os
import subprocess
import sys

import tree

BUILD = os.path.join(tree.ROOT, "build", "coverage")
OBJECTS = os.path.join(BUILD, "CMakeFiles", "devp2p_objects.dir")
LEAST = 80  # percent


def lines_of(source):
    """{line: how often it ran} of one file since the counters were cleared."""
    counts = os.path.join(OBJECTS, source + ".gcda")
    if not os.path.exists(counts):
        return {}
    out = subprocess.run(["gcov", "--json-format", "--stdout", counts], check=True, text=True, cwd=BUILD,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    hits = {}
    for file in json.loads(out)["files"]:
        if file["file"].endswith(source):
            for line in file["lines"]:
                number = line["line_number"]
                hits[number] = hits.get(number, 0) + line["count"]
    return hits


def replay(target):
    """Runs a target over its corpus alone, with fresh counters: whether it went well."""
    for counts in glob.glob(os.path.join(OBJECTS, "**", "*.gcda"), recursive=True):
        os.remove(counts)
    argv = [os.path.join(BUILD, "tests", target + "_fuzz"), os.path.join(tree.ROOT, "test", "corpus", target)]
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def judge(source, hits, reason):
    """Complaints about one file; prints its row."""
    ran, missed = sum(1 for n in hits.values() if n), sorted(n for n, times in hits.items() if not times)
    percent = 100 * ran // max(len(hits), 1)
    print(f"  {percent:3} %  {source}, {ran} of {len(hits)} lines" + (f"; missed: {reason}" if reason else ""))
    if percent < LEAST:
        yield f"{source}: below {LEAST} %; missed lines: {missed}"
    if missed and not reason:
        yield f"{source}: no reason in tools/coverage.json for the missed lines {missed}"
    if reason and not missed:
        yield f"{source}: nothing is missed; tools/coverage.json gives a reason"


def main():
    rows, complaints = json.loads(tree.text("tools/coverage.json")), []
    targets = {os.path.basename(p)[:-len("_fuzz.c")] for p in tree.files("src/*/*_fuzz.c")}
    complaints += [f"{t}: a target that is not in tools/coverage.json, or the reverse"
                   for t in sorted(targets ^ {r["target"] for r in rows})]
    for row in (r for r in rows if r["target"] in targets):
        print(f"{row['target']}: {len(os.listdir(os.path.join(tree.ROOT, 'test/corpus', row['target'])))} inputs")
        if not replay(row["target"]):
            complaints.append(f"{row['target']}: the replay of its corpus failed")
        for source, reason in row["files"].items():
            complaints += judge(source, lines_of(source), reason)
    tree.verdict("coverage", complaints, len(rows))


main()
