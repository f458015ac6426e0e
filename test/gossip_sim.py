#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gossip_sim.py BIN - what examples/gossip_sim.c prints: how a rumour reaches 200 simulated nodes."""

import os
import re
import subprocess

from tool import BIN, PATIENCE, equal, must, play

NODES = 200


def gossip(seed, *file, code=0, nodes=NODES):
    done = subprocess.run([os.path.join(BIN, "gossip_sim"), str(nodes), str(seed), *file], text=True, check=False,
                          timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal("exit code", done.returncode, code)
    equal("errors", bool(done.stderr), code != 0)
    return done.stdout


def curve(text):
    """[(ms, nodes that have heard)] and the last line."""
    *rows, end = text.splitlines()
    points = []
    for line in rows:
        found = re.fullmatch(r" *(\d+) ms +(\d+) (#*)", line)
        must(found, f"no row of the curve: {line!r}")
        ms, heard = int(found.group(1)), int(found.group(2))
        equal(f"bar of {line!r}", len(found.group(3)), heard * 50 // NODES)
        points.append((ms, heard))
    return points, end


def all_hear_and_none_forgets(_):
    points, end = curve(gossip(1))
    must(re.fullmatch(rf"{NODES} of {NODES} nodes have heard, trace [0-9a-f]{{16}}", end), end)
    equal("last point", points[-1][1], NODES)
    equal("moments", [ms for ms, _ in points], [25 * (i + 1) for i in range(len(points))])
    heard = [n for _, n in points]
    equal("curve", heard, sorted(heard))
    must(0 < heard[0] < NODES // 2 and len(points) > 4, f"no curve: {heard}")


def csv_has_the_same_figures(folder):
    name = os.path.join(folder, "curve.csv")
    points, _ = curve(gossip(2, name))
    with open(name, encoding="ascii") as f:
        equal("CSV", f.read(), "ms,nodes\n" + "".join(f"{ms},{heard}\n" for ms, heard in points))


def a_seed_is_a_run(_):
    first, again, other = gossip(3), gossip(3), gossip(4)
    equal("the same seed", again, first)
    must(other.split()[-1] != first.split()[-1], "two seeds have one hash")


def one_node_is_no_network(_):
    gossip(1, code=2, nodes=1)


play("gossip_sim", [all_hear_and_none_forgets, csv_has_the_same_figures, a_seed_is_a_run, one_node_is_no_network])
