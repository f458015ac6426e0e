# SPDX-License-Identifier: MIT
"""The implementations: how their programs are made and started, what they cannot show.

A new one is a class of this shape and a line in matrix.py.
"""

import os

import gobuild
import nodebuild
from process import Peer, Program
from toolchain import Unavailable

ANY_PORT = "127.0.0.1:0"

# Why go-ethereum, in our place, cannot do what is asked of libdevp2p.
GO_CANNOT = {
    "too big": "go-ethereum drops the connection when a send is too big",
    "goodbye before 1 MiB unread": "go-ethereum closes at once and answers what still comes with a reset",
    "second Hello": "go-ethereum ignores it",
    "stray ids": "go-ethereum ignores them without end",
    "id outside": "go-ethereum closes without a word",
}
# What it can, but not every time.
GO_SOMETIMES = {
    "goodbye before 1 MiB,": "go-ethereum closes at once; now and then the peer's write fails first",
    "both dial at once": "two of go-ethereum dial each other again at the same moment, 35 s later",
}
PIRL_CANNOT = {
    "disconnect as bare": "v1.9.12 reads lists only",
    "disconnect plain": "v1.9.12 decompresses it all the same",
}
GETH_CANNOT = {
    "disconnect plain": "go-ethereum decompresses it all the same",
}

UNHEARD = "go-ethereum decompresses also the Disconnects of ethereumjs, which are not compressed"
UNTOLD = "go-ethereum closes at once; ethereumjs fails to write its Hello before it reads why"
# By whether go-ethereum dials.
GO_WITH_ETHEREUMJS = {
    True: {"they disconnect": UNHEARD, "they stop": UNHEARD, "too many peers": UNHEARD},
    False: {"they disconnect": UNHEARD, "they stop": UNHEARD,
            "too many peers": UNTOLD, "connected already": UNTOLD},
}

ETHEREUMJS_CANNOT = {
    "form ": "the model program is written in Go",
    "p2p 4": "ethereumjs says version 5 in every Hello",
    "too big, p2p 4": "ethereumjs says version 5 in every Hello",
    "no common capability: we say": "ethereumjs hangs up by itself, and then hears nothing more",
    "both dial at once": "ethereumjs has no static nodes",
    "no protocols": "ethereumjs hangs up when nothing is shared, also without protocols of its own",
    "a dial of ourselves": "ethereumjs hangs up on its own key by itself",
}


def excuse(excuses, cell):
    return next((why for beginning, why in excuses.items()
                 if cell.startswith(beginning)), None)


class Implementation:
    """Two programs and the differences that a cell must know."""

    raw = None          # how to start a raw RLPx peer, if there is one
    no_raw = ""         # why there is none
    tool = None         # how to start the tool devp2p in our place
    full = 1            # maxPeers that leaves one inbound place
    cannot = {}         # beginning of a cell's name -> why, when it is in our place
    sometimes = {}      # the same for cells that fail there only now and then
    cannot_show = {}    # the same when it is on the other side
    goodbyes = 100      # times that the cells of goodbyes are played
    late_verdict = False  # says after its Hello, not instead, that it has no place
    with_go = {True: {}, False: {}}  # like GO_WITH_ETHEREUMJS

    def __init__(self, name):
        self.name = name

    def build(self):
        """Makes the programs; raises Unavailable or Broken."""

    def why_not(self, cell, theirs, we_dial):
        """Why it cannot play our side of a cell, or None."""
        return excuse(self.cannot, cell) or excuse(self.sometimes, cell)


class Library(Implementation):
    """libdevp2p: cpeer and the example foobar, in one of the two handler styles; the tool."""

    full = 2  # as go-ethereum

    def __init__(self, folder, style):
        super().__init__("libdevp2p")
        run = style == "run"
        self._foobar = os.path.join(folder, "foobar" if run else "foobar_events")
        self._peer = [os.path.join(folder, "cpeer")] + ([] if run else ["--events"])
        self._tool = os.path.join(folder, "devp2p")

    def build(self):
        missing = [p for p in (self._foobar, self._peer[0], self._tool) if not os.path.exists(p)]
        if missing:
            raise Unavailable("not built: " + ", ".join(missing))

    def peer(self, step):
        return Peer("cpeer", self._peer, step)

    def tool(self, step, *words):
        return Program("devp2p", [self._tool, *words], step)

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

    def __init__(self, name, folder, cache, cannot, raw=False, no_raw=""):
        super().__init__(name)
        self._folder, self._cache = folder, cache
        self.cannot = {**GO_CANNOT, **cannot}
        self.no_raw = no_raw
        if raw:
            self.raw = lambda step: Peer("rawpeer", [self._path("rawpeer")], step)

    def build(self):
        gobuild.build(self.name, self._folder, self._cache)

    def why_not(self, cell, theirs, we_dial):
        return excuse(theirs.with_go[we_dial], cell) or super().why_not(cell, theirs, we_dial)

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


class Ethereumjs(Implementation):
    """@ethereumjs/devp2p: one peer, which is the raw peer too."""

    cannot_show = ETHEREUMJS_CANNOT
    with_go = GO_WITH_ETHEREUMJS
    late_verdict = True
    goodbyes = 10  # its Keccak takes longer for the MiB than all else together

    def __init__(self, folder):
        super().__init__("ethereumjs")
        self._folder = os.path.join(folder, self.name)

    def build(self):
        nodebuild.build(self._folder)

    def peer(self, step):
        return Peer("ethereumjs peer", ["node", os.path.join(self._folder, "peer.mjs")], step)

    raw = peer


def pirl(folder, go_cache):
    return GoEthereum("pirl", folder, go_cache, PIRL_CANNOT,
                      no_raw="v1.9.12 has no public RLPx package")


def geth(folder, go_cache):
    return GoEthereum("geth", folder, go_cache, GETH_CANNOT, raw=True)


def ethereumjs(folder, _):
    return Ethereumjs(folder)
