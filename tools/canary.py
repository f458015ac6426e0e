#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants the faults of tools/canaries.json, one at a time, in a copy of the tree and
requires that the check named there fails and says so.

A row: fault (its name), file, search (occurs once), replace, kind, check, says (what
the failing check must print).  The kind is the build that the check needs: none, or the
preset dev, tsan or release; the check is then a test of that build, and only its target
is built.  Without a build the check is a tool.

A row may have a scenario of the simulation, seeds, instead of a check: one of its first
seeds, count or SEEDS of them, must fail and say so, and the command that `devp2p sim
seeds` shows for that seed must fail with the same sentence.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import tree

COPY = os.path.join(tree.ROOT, "build", "canary")
TOOLS = {"tidy": ["tools/tidy.py"], "headers": ["tools/headers.py"], "docs": ["tools/docs.py"],
         "from_go": ["tools/from_go.py"], "format": ["tools/format.sh"]}
# What a check of the artefacts looks at; a test needs the program of its name.
LIBRARIES = ["devp2p_shared", "devp2p_static"]
ARTEFACTS = {"purity": ["devp2p_objects"], "exports": LIBRARIES, "hardening": [*LIBRARIES, "programs"],
             "install": [*LIBRARIES, "programs"], "remnants": ["talk"], "constant_time": ["secret_time"],
             "determinism": ["devp2p_tool"]}
# What the caller requires is in the tree, not in the copy.
ENV = {name: value for name, value in os.environ.items() if name != "DEVP2P_REQUIRE"}
# Seeds that a fault has to be found by, and that must pass without one; the tool.
SEEDS, FEW = 500, 20
TARGET, TOOL = "devp2p_tool", "bin/devp2p"


def copy_tree():
    """Makes the copy equal to the tree; a file that is equal stays, with its time."""
    wanted = set(tree.files("*"))
    for path in wanted:
        source, target = os.path.join(tree.ROOT, path), os.path.join(COPY, path)
        if not os.path.exists(target) or open(source, "rb").read() != open(target, "rb").read():
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)
    for folder, folders, names in os.walk(COPY):
        folders[:] = [d for d in folders if d not in tree.SKIP]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, COPY) not in wanted:
                os.remove(path)


def run(*argv):
    """(exit code, what it said)"""
    done = subprocess.run(argv, cwd=COPY, text=True, errors="replace", check=False, env=ENV,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def name_of(row):
    return row.get("check") or row["seeds"]


def folder(kind):
    return "build" if kind == "release" else f"build/{kind}"


def check(row):
    """("passed" | "failed" | "broken", what was said); broken: it does not build."""
    kind, name = row["kind"], name_of(row)
    if kind == "none":
        code, said = run(*TOOLS[name])
        return "failed" if code else "passed", said
    build = folder(kind)
    targets = [TARGET] if "seeds" in row else ARTEFACTS.get(name, [name])
    code, said = run("cmake", "--build", build, "--target", *targets)
    if code:
        return "broken", said
    if "seeds" in row:
        code, said = run(f"{build}/{TOOL}", "sim", "seeds", name, "--from", "1", "--count", str(row.get("count", SEEDS)),
                         "--jobs", str(os.cpu_count()), "--stop")
    else:
        code, said = run("ctest", "--test-dir", build, "-R", f"^{name}$", "--no-tests=error", "--output-on-failure")
    return "failed" if code else "passed", said


def replay(row, said):
    """(the seed that failed, why its command does not show that again or None)"""
    found = re.search(r"^seed (\d+): (.*)\n  devp2p (.*)$", said, re.MULTILINE)
    if not found:
        return None, f"no seed and no command:\n{said[-2000:]}"
    seed, sentence, command = found.groups()
    code, again = run(f"{folder(row['kind'])}/{TOOL}", *shlex.split(command))
    if code and sentence in again:
        return seed, None
    return seed, f"devp2p {command} ends with {code} and does not say \"{sentence}\":\n{again[-2000:]}"


def plant(row):
    """Plants a fault; returns what takes it out again."""
    path = os.path.join(COPY, row["file"])
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if text.count(row["search"]) != 1:
        raise LookupError(f"{row['file']}: \"{row['search']}\" occurs {text.count(row['search'])} times")

    def write(content):
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)

    write(text.replace(row["search"], row["replace"]))
    return lambda: write(text)


def caught(row):
    """(what caught it, None), or (None, why the fault was not caught)"""
    try:
        revert = plant(row)
    except LookupError as why:
        return None, f"cannot be planted: {why}"
    name = name_of(row)
    result, said = check(row)
    revert()
    if result == "passed":
        return None, f"{name} passes"
    if result == "broken":
        return None, f"does not build:\n{said[-2000:]}"
    if not re.search(row["says"], said):
        return None, f"{name} fails without saying \"{row['says']}\":\n{said[-2000:]}"
    if "seeds" not in row:
        return name, None
    seed, why = replay(row, said)
    return f"seed {seed} of {name}", why


def sound(rows):
    """The checks pass as long as nothing is planted, or they would show nothing."""
    fine = True
    for kind, what, name in dict.fromkeys((r["kind"], "seeds" if "seeds" in r else "check", name_of(r)) for r in rows):
        result, said = check({"kind": kind, what: name, "count": FEW})
        if result != "passed":
            print(f"{name}: {result} without a fault:\n{said[-4000:]}")
            fine = False
    return fine


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true", help="only name the faults")
    parser.add_argument("--only", help="faults whose name contains this")
    options = parser.parse_args()
    rows = json.loads(tree.text("tools/canaries.json"))
    rows = [r for r in rows if not options.only or options.only in r["fault"]]
    if options.list:
        print("\n".join(r["fault"] for r in rows))
        return 0

    copy_tree()
    for kind in sorted({r["kind"] for r in rows} - {"none"}):
        code, said = run("cmake", "--preset", kind)
        if code:
            sys.exit(f"{kind}: cannot be configured:\n{said[-4000:]}")
    if not sound(rows):
        return 1
    found = 0
    # one kind after the other, so that each file is built again for its own faults only
    for row in sorted(rows, key=lambda r: (r["kind"], name_of(r))):
        began = time.monotonic()
        by, why = caught(row)
        found += why is None
        words = f"caught by {by}" if why is None else f"NOT CAUGHT: {why}"
        print(f"{row['fault']}: {words} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(rows)} planted, {found} caught")
    return 0 if found == len(rows) else 1


sys.exit(main())
