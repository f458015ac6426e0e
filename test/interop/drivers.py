# SPDX-License-Identifier: MIT
"""The implementations: how their programs are started and what they cannot show.

A new one is an object of this shape: a name, peer(), program(), what the others
call `full` and `cannot`, and a line in matrix.py.
"""

import os

from process import Peer, Program

ANY_PORT = "127.0.0.1:0"

# Why go-ethereum, in our place, cannot do what is asked of libdevp2p.
GO_CANNOT = {
    "too big": "go-ethereum drops the connection when a send is too big",
    "goodbye before 1 MiB unread": "go-ethereum closes at once and answers what still comes with a reset",
    "second Hello": "go-ethereum ignores it",
    "stray ids": "go-ethereum ignores them without end",
    "id outside": "go-ethereum closes without a word",
    "ping burst": "go-ethereum answers every ping",
}
# What it can, but not every time.
GO_SOMETIMES = {
    "goodbye before 1 MiB,": "go-ethereum closes at once; now and then the peer's write fails first",
}
PIRL_CANNOT = {
    "disconnect as bare": "v1.9.12 reads lists only",
    "disconnect plain": "v1.9.12 decompresses it all the same",
}
GETH_CANNOT = {
    "disconnect plain": "go-ethereum decompresses it all the same",
}


def excuse(excuses, cell):
    return next((why for beginning, why in excuses.items()
                 if cell.startswith(beginning)), None)


class Implementation:
    """Two programs and the differences that a cell must know."""

    raw = None       # how to start a raw RLPx peer, if there is one
    no_raw = ""      # why there is none
    full = 1         # maxPeers that leaves one inbound place
    cannot = {}      # beginning of a cell's name -> why, when it is in our place
    sometimes = {}   # the same for cells that fail there only now and then

    def __init__(self, name):
        self.name = name

    def why_not(self, cell):
        return excuse(self.cannot, cell) or excuse(self.sometimes, cell)


class Library(Implementation):
    """libdevp2p: cpeer and the example foobar, in one of the two handler styles."""

    def __init__(self, folder, style):
        super().__init__("libdevp2p")
        run = style == "run"
        self._foobar = os.path.join(folder, "foobar" if run else "foobar_events")
        self._peer = [os.path.join(folder, "cpeer")] + ([] if run else ["--events"])

    def missing(self):
        return [p for p in (self._foobar, self._peer[0]) if not os.path.exists(p)]

    def peer(self, step):
        return Peer("cpeer", self._peer, step)

    def program(self, step, form, dial=None, say=None):
        """form is not needed: foobar decodes both."""
        argv = [self._foobar, "--listen", ANY_PORT]
        if say == "bare":
            argv.append("--bare")
        if dial:
            argv.append(dial)
        return Program("foobar", argv, step, interrupt=True)


class GoEthereum(Implementation):
    """go-ethereum of some version: the programs of gopeer."""

    sometimes = GO_SOMETIMES
    full = 2  # a third of the places, and at least one, is kept for dialling

    def __init__(self, name, folder, cannot, raw=False, no_raw=""):
        super().__init__(name)
        self._folder = folder
        self.cannot = {**GO_CANNOT, **cannot}
        self.no_raw = no_raw
        if raw:
            self.raw = lambda step: Peer("rawpeer", [self._path("rawpeer")], step)

    def _path(self, program):
        return os.path.join(self._folder, f"{self.name}-{program}")

    def peer(self, step):
        return Peer(f"{self.name} peer", [self._path("peer")], step)

    def program(self, step, form, dial=None, say=None):
        argv = [self._path("model"), "-form", str(form), "-listen", ANY_PORT,
                "-send", say or "none"]
        if dial:
            argv += ["-dial", dial]
        return Program(f"{self.name} model", argv, step)


class Raw(Implementation):
    """The raw peer in our place: shows that a cell can pass where go-ethereum cannot."""

    def __init__(self, geth):
        super().__init__("raw")
        self.peer = geth.raw


def pirl(folder):
    return GoEthereum("pirl", folder, PIRL_CANNOT,
                      no_raw="v1.9.12 has no public RLPx package")


def geth(folder):
    return GoEthereum("geth", folder, GETH_CANNOT, raw=True)
