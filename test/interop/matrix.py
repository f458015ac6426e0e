#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The interop matrix: every cell against every implementation, both ways of dialling.

    matrix.py --bin DIR             libdevp2p (DIR/cpeer, DIR/foobar, DIR/devp2p) against all
    matrix.py --subject pirl        go-ethereum 1.9.12 in libdevp2p's place
    matrix.py --self-test           shows that the checks can fail

Closes with "N passed, N failed, N skipped"; exits 1 on a failure. What cannot be run
is skipped, unless DEVP2P_REQUIRE=interop makes that a failure.
"""

import argparse
import os
import signal
import sys
import time

import drivers
import selftest
from cells import CELLS
from toolchain import HERE, Broken, Unavailable
from stage import play

ROOT = os.path.dirname(os.path.dirname(HERE))
GO = {"pirl": drivers.pirl, "geth": drivers.geth}
THEIRS = {**GO, "ethereumjs": drivers.ethereumjs}


class Results:
    """The table as it grows; long words become notes below it."""

    def __init__(self, columns):
        self._columns = columns
        self._notes = {}
        self._width = max(len(cell.name) for cell in CELLS)
        self.passed = self.failed = self.not_applicable = 0

    def head(self):
        titles = [f"{name}, {'we' if we_dial else 'they'} dial" for name, we_dial in self._columns]
        self._print("", titles)

    def row(self, cell, words):
        self._print(cell.name, words)

    def ok(self):
        self.passed += 1
        return "ok"

    def fail(self, why):
        self.failed += 1
        return f"FAILED [{self._note(why)}]"

    def none(self, why):
        self.not_applicable += 1
        return f"n/a [{self._note(why)}]"

    def _note(self, why):
        return self._notes.setdefault(why, len(self._notes) + 1)

    def _print(self, first, words):
        print(first.ljust(self._width), *(w.ljust(20) for w in words), flush=True)

    def notes(self):
        for why, number in self._notes.items():
            print(f"[{number}] {why}")


def why_not(cell, ours, theirs, we_dial):
    """Why a cell does not exist here, or None."""
    if we_dial not in cell.directions:
        return "the other side has nothing to dial in this cell"
    if cell.raw and not theirs.raw:
        return theirs.no_raw
    if cell.tool and not ours.tool:
        return "the tool is libdevp2p's"
    return drivers.excuse(theirs.cannot_show, cell.name) or ours.why_not(cell.name, theirs, we_dial)


def run(cells, ours, theirs, step):
    columns = [(t, d) for t in theirs for d in (True, False)]
    results = Results([(t.name, d) for t, d in columns])
    results.head()
    for cell in cells:
        words = []
        for t, we_dial in columns:
            absent = why_not(cell, ours, t, we_dial)
            if absent:
                words.append(results.none(absent))
                continue
            failure = play(cell, ours, t, we_dial, step)
            words.append(results.fail(failure) if failure else results.ok())
        results.row(cell, words)
    results.notes()
    print(f"{results.not_applicable} cells do not apply")
    return results.passed, results.failed


class Total:
    """The closing line and the exit code."""

    def __init__(self, required):
        self._required = required
        self.passed = self.failed = self.skipped = 0

    def built(self, implementation, cells):
        """Makes the programs of an implementation; its cells count if it cannot."""
        try:
            implementation.build()
            return True
        except Unavailable as reason:
            how = "cannot run and is required" if self._required else "skipped"
            print(f"{how}: interop: {implementation.name}: {reason}")
            self.skipped += cells
        except Broken as reason:
            print(reason)
            self.failed += cells
        return False

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed or (self.skipped and self._required) else 0


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"), help="where cpeer, foobar and devp2p are")
    p.add_argument("--out", default=os.path.join(ROOT, "build", "interop"), help="where the Go programs go")
    p.add_argument("--go-cache", help="build cache of Go, if not its own")
    p.add_argument("--only", choices=sorted(THEIRS), action="append", help="one other implementation; may be given often")
    p.add_argument("--cell", action="append", help="cells whose name contains this; may be given often")
    p.add_argument("--subject", choices=["libdevp2p", *sorted(GO)], default="libdevp2p", help="who plays our side")
    p.add_argument("--style", choices=["run", "events"], default="run", help="handlers of cpeer and foobar")
    p.add_argument("--step", type=float, default=30, help="seconds that one step may take")
    p.add_argument("--self-test", action="store_true", help="show that the checks can fail")
    p.add_argument("--list", action="store_true", help="only name the cells")
    return p.parse_args()


def main():
    o = options()
    required = "interop" in os.environ.get("DEVP2P_REQUIRE", "").split(",")
    cells = [c for c in CELLS if not o.cell or any(part in c.name for part in o.cell)]
    if o.list:
        print("\n".join(c.name for c in cells))
        return 0
    if not cells:
        sys.exit("no cell has such a name")
    # So that the processes of the running cell are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    began = time.monotonic()
    total = Total(required)
    if o.self_test:
        go = [make(o.out, o.go_cache) for make in GO.values()]
        if all([total.built(g, len(cells)) for g in go]):
            total.passed, total.failed = selftest.run(*go)
        return total.close()
    if o.subject == "libdevp2p":
        ours = drivers.Library(o.bin, o.style)
    else:
        ours = GO[o.subject](o.out, o.go_cache)
    theirs = [make(o.out, o.go_cache) for name, make in THEIRS.items() if not o.only or name in o.only]
    if total.built(ours, len(theirs) * len(cells)):
        theirs = [t for t in theirs if total.built(t, len(cells))]
        if theirs:
            total.passed, failed = run(cells, ours, theirs, o.step)
            total.failed += failed
            print(f"{time.monotonic() - began:.0f} s")
    return total.close()


if __name__ == "__main__":
    sys.exit(main())
