#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures, prints a table and writes build/bench.json ("make bench"); with names of rows only these.

What is compared is measured in turns, A B C A B C, so that a busy neighbour or
a slow clock meets all of it alike.  Times are CPU time where a row does not say
otherwise.  A ratio is the median of the rounds' own ratios."""

import os
import sys
import time

import harness
import rows_curves
import rows_loops
import rows_memory
import rows_parts
import rows_server
import rows_sim
import table

GROUPS = [*rows_parts.GROUPS, *rows_server.GROUPS, *rows_memory.GROUPS, *rows_sim.GROUPS,
          *rows_curves.GROUPS, *rows_loops.GROUPS]


def main():
    known = [name for ids, _ in GROUPS for name in ids]
    only = [name for text in sys.argv[1:] for name in text.split(",") if name]
    strange = [name for name in only if name not in known]
    if strange:
        raise SystemExit(f"bench: no row {', '.join(strange)}; there are {', '.join(known)}")
    began = time.monotonic()
    geth, geth_why = harness.build()
    result = {"machine": harness.machine(), "only": only, "rows": []}
    for ids, run in GROUPS:
        wanted = [name for name in ids if not only or name in only]
        if not wanted:
            continue
        print(f"{time.monotonic() - began:5.0f} s  {', '.join(wanted)}", file=sys.stderr, flush=True)
        result["rows"] += run(wanted, geth, geth_why)
    result["seconds"] = time.monotonic() - began
    shown = list(result["rows"])
    harness.write(result)
    table.show(shown)
    print(f"{result['seconds']:.0f} s; all figures: {os.path.relpath(harness.OUT, harness.ROOT)}")


if __name__ == "__main__":
    main()
