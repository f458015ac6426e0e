#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sim.py [--nightly] - plays the scenarios of the release build with many seeds.

Without --nightly: what a change must pass.  The seeds are always the same ones; the time
is shown and is no reason to fail.  A scenario fails with a seed, and when a fault that it
is about never happened.

With it: more seeds, in chunks.  build/sim-nightly.json knows which are done, so that it
goes on where it was interrupted, unless the build is another one.
"""

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import tree

BIN = os.path.join(tree.ROOT, "build", "bin", "devp2p")
PLAYED = [BIN, os.path.join(tree.ROOT, "build", "lib", "libdevp2p.so")]
STATE = os.path.join(tree.ROOT, "build", "sim-nightly.json")

SEEDS = {"mixed": 500, "simultaneous-dials": 10000}
OTHERS = 20
LOOPS, LOOP_SEEDS = 2, 200

# name, seeds, options of "sim seeds mixed"
PARTS = [("mixed", 10000, []), ("mixed, test crypto", 100000, ["--test-crypto"])]
# A chunk is what is lost at most when it is interrupted: 20 seeds for each core, half a minute.
CHUNK = 20 * os.cpu_count()


def play(scenario, first, count, options=(), heard=None):
    """Plays so many seeds; what they say is seen by the user, or kept for who wants to hear it."""
    return subprocess.run([BIN, "sim", "seeds", scenario, "--from", str(first), "--count", str(count), "--jobs",
                           str(os.cpu_count()), "--every-fault", *options], text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=heard, stderr=heard)


def clock(seconds):
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


# --- what a change must pass ---

def once():
    """All scenarios; the exit code."""
    listed = subprocess.run([BIN, "sim", "list"], check=True, text=True, stdout=subprocess.PIPE).stdout
    names = [line.split()[0] for line in listed.splitlines()]
    if set(SEEDS) - set(names):
        sys.exit(f"sim: no scenario {set(SEEDS) - set(names)}")
    failed, all_began = 0, time.monotonic()
    plays = [(name, SEEDS.get(name, OTHERS), []) for name in names]
    plays += [("mixed", LOOP_SEEDS, ["--loops", str(LOOPS)])]
    for name, count, options in plays:
        began = time.monotonic()
        print(f"--- {' '.join([name, *options])}", flush=True)
        code = play(name, 1, count, options).returncode
        failed += code != 0
        print(f"{'FAILED, ' if code else ''}{time.monotonic() - began:.0f} s")
    print(f"--- {len(plays)} scenarios, {time.monotonic() - all_began:.0f} s")
    print(f"{len(plays) - failed} passed, {failed} failed")
    return 1 if failed else 0


# --- a night ---

def load():
    """What is done so far of the build that is there."""
    digest = hashlib.sha256()
    for path in PLAYED:
        with open(path, "rb") as f:
            digest.update(f.read())
    fresh = {"build": digest.hexdigest(), "parts": {name: {"done": 0, "seconds": 0, "failures": []}
                                                    for name, *_ in PARTS}}
    if not os.path.exists(STATE):
        return fresh
    with open(STATE, encoding="utf-8") as f:
        found = json.load(f)
    if found["build"] == fresh["build"]:
        return found
    print(f"{os.path.relpath(STATE, tree.ROOT)} is of another build: from the first seed again")
    return fresh


def save(state):
    """There is always a whole file."""
    with open(STATE + ".new", "w", encoding="utf-8") as f:
        json.dump(state, f, indent=1)
    os.replace(STATE + ".new", STATE)


def failures_in(about, out, err):
    """What failed, each seed with the command that repeats it."""
    seeds = re.findall(r"^seed \d+: .*\n  devp2p .*$", out, re.M)
    return seeds or [f"{about}: {err.strip() or out.strip() or 'no word'}"]


def left(state):
    """Seconds until all is done, at the pace of each part so far; a part that has none
    yet is as fast as the others."""
    pace = {name: part["seconds"] / part["done"] for name, part in state["parts"].items() if part["done"]}
    usual = sum(pace.values()) / len(pace)
    return sum((count - state["parts"][name]["done"]) * pace.get(name, usual) for name, count, *_ in PARTS)


def nightly():
    """All parts, from where they are; the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    state = load()
    for name, count, options in PARTS:
        part = state["parts"][name]
        if part["done"]:
            print(f"{name}: {part['done']} of {count} seeds were played before, {len(part['failures'])} failed")
        while part["done"] < count:
            began = time.monotonic()
            first, chunk = part["done"] + 1, min(CHUNK, count - part["done"])
            done = play("mixed", first, chunk, options, subprocess.PIPE)
            about = f"{chunk} seeds from {first}"
            found = failures_in(about, done.stdout, done.stderr) if done.returncode else []
            part["failures"] += found
            part["done"] += chunk
            part["seconds"] += time.monotonic() - began
            save(state)
            print("".join(f"{failure}\n" for failure in found)
                  + f"{name}: {part['done']} of {count} seeds, {len(part['failures'])} failed, {clock(left(state))} left",
                  flush=True)
    for name, count, *_ in PARTS:
        part = state["parts"][name]
        print(f"\n{name}: {count} seeds, {clock(part['seconds'])}, {len(part['failures'])} failed")
        print("".join(f"{failure}\n" for failure in part["failures"]), end="")
    return 1 if any(part["failures"] for part in state["parts"].values()) else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nightly", action="store_true", help="more seeds, resumable")
    try:
        sys.exit(nightly() if parser.parse_args().nightly else once())
    except KeyboardInterrupt:
        sys.exit("sim: interrupted")


main()
