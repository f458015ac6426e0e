# SPDX-License-Identifier: MIT
"""What a cell plays on: the processes of both sides and the checks."""

import hashlib

from drivers import ANY_PORT
from process import Failed
from tap import Tap

# The protocol of the model program.
MODEL = {"name": "MyProtocol", "version": 1, "length": 1}

# A public key that nobody in the suite holds the private key of: x and y of the
# generator of secp256k1, whose private key is 1.
STRANGER = ("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
            "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")

# Keys for cells in which two nodes have to share one, or to claim another's.
KEY_A = "11" * 32
KEY_B = "22" * 32


def equal(what, got, want):
    if got != want:
        raise Failed(f"{what} is {got}, not {want}")


def payload(form, size, seed):
    """The bytes that a peer makes of the same words."""
    if form == "zeros":
        return bytes(size)
    return hashlib.shake_128(str(seed).encode()).digest(size)


class Node:
    """A started peer."""

    def __init__(self, peer, start):
        self.peer, self.start = peer, start
        answer = peer.ask("start", **start)
        self.enode, self.id = answer["enode"], answer["id"]

    def __getattr__(self, name):  # post, ask, refuse, wait, ...
        return getattr(self.peer, name)

    def say(self, form, value):
        """Sends a string in the model program's protocol."""
        return self.ask("send", cap=MODEL["name"], code=0, form=form, value=value)

    def hears(self, **members):
        return self.wait("msg", **members)


class Stage:
    """One cell for one pair of implementations and one direction."""

    def __init__(self, ours, theirs, we_dial, step, fault=""):
        self.ours, self.theirs, self.we_dial = ours, theirs, we_dial
        self.step = step
        self._fault = fault  # of their peers; only the self-test has one
        self._open = []

    def end(self):
        """Ends every process in good order: the last check of each cell."""
        processes = [thing for thing in self._open if not isinstance(thing, Tap)]
        for process in processes:
            process.ask_to_end()
        for process in processes:
            process.check_end()

    def close(self):
        for thing in reversed(self._open):
            thing.close() if isinstance(thing, Tap) else thing.kill()

    def _keep(self, thing):
        self._open.append(thing)
        return thing

    def _start(self, peer, start):
        start = {"name": "my node name", "listen": ANY_PORT, "caps": [MODEL],
                 "maxPeers": 10, **start}
        return Node(self._keep(peer), start)

    # The three kinds of scripted peer, and the two model programs.

    def us(self, **start):
        return self._start(self.ours.peer(self.step), start)

    def them(self, **start):
        return self._start(self.theirs.peer(self.step), {"fault": self._fault, **start})

    def raw(self, **start):
        return self._start(self.theirs.raw(self.step), {"fault": self._fault, **start})

    def anew(self, node):
        """Another node with another key in the process of one that a cell has done with."""
        node.ask("stop")
        return Node(node.peer, node.start)

    def our_program(self, **args):
        return self._keep(self.ours.program(self.step, **args))

    def their_program(self, **args):
        return self._keep(self.theirs.program(self.step, **args))

    def our_tool(self, *words):
        return self._keep(self.ours.tool(self.step, *words))

    def tap(self, node):
        """Stands in front of a node; returns the tap and the node's URL through it."""
        host, port = node.enode.split("@")[1].split("?")[0].rsplit(":", 1)
        tap = self._keep(Tap(int(port)))
        return tap, node.enode.replace(f"{host}:{port}", f"{host}:{tap.port}")

    # Connecting.

    def sides(self, us, them):
        """Who dials and who listens."""
        return (us, them) if self.we_dial else (them, us)

    def join(self, us, them):
        """Connects in this cell's direction; both ends tell of the other."""
        dialler, listener = self.sides(us, them)
        dialler.ask("dial", enode=listener.enode)
        at_dialler = dialler.wait("peer", id=listener.id)
        at_listener = listener.wait("peer", id=dialler.id)
        equal("the dialler's inbound mark", at_dialler["inbound"], False)
        equal("the listener's inbound mark", at_listener["inbound"], True)
        for seen in (at_dialler, at_listener):
            equal("the name in Hello", seen["name"], "my node name")

    def pair(self, ours=None, theirs=None, raw=False):
        """A connected pair."""
        us = self.us(**(ours or {}))
        them = (self.raw if raw else self.them)(**(theirs or {}))
        self.join(us, them)
        return us, them


def play(cell, ours, theirs, we_dial, step, fault=""):
    """Plays one cell; returns why it failed, or None."""
    stage = Stage(ours, theirs, we_dial, step, fault)
    try:
        cell.play(stage, **cell.args)
        stage.end()
    except Failed as failure:
        return str(failure)
    finally:
        stage.close()
    return None


def deliver(sender, receiver, form, size, seed=1, code=0, cap=MODEL["name"], want=None):
    """Sends a generated payload and checks what arrives."""
    sent = sender.ask("send", cap=cap, code=code, form=form, size=size, seed=seed)
    got = receiver.hears(cap=cap)
    equal("the code", got["code"], code)
    equal("the size", got["size"], size)
    want = want or hashlib.sha256(payload(form, size, seed)).hexdigest()
    equal("the SHA-256 at the receiver", got["sha256"], want)
    equal("the SHA-256 at the sender", sent["sha256"], want)


def still_up(us, them):
    """A message each way: the connection has survived what came before."""
    deliver(us, them, "random", 33, seed=77)
    deliver(them, us, "random", 33, seed=78)


def parted(node, reason, by):
    """The end of a connection as a node must tell it."""
    gone = node.wait("closed")
    equal(f"how {node.peer.name} saw the end", (gone.get("reason"), gone["by"]), (reason, by))
    return gone
