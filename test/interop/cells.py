# SPDX-License-Identifier: MIT
"""The cells: each is one fact about our side and theirs, in one dial direction.

"We" is libdevp2p, or what stands in its place. Cells of the raw peer use the
implementation's peer on bare RLPx.
"""

import itertools
import time

from process import Failed
from stage import (KEY_A, KEY_B, MODEL, STRANGER, deliver, equal, parted,
                   payload, still_up)

BOTH = (True, False)  # we dial, they dial
WE_DIAL, THEY_DIAL = (True,), (False,)

FOO = {"list": "c483666f6f", "bare": "83666f6f"}
LIST_BAR = "c483626172"

MIB = 1 << 20
FRAME_MAX = (1 << 24) - 1  # the size field of a frame counts the message id too


class Cell:
    def __init__(self, name, play, directions=BOTH, raw=False, tool=False, **args):
        self.name, self.play, self.args = name, play, args
        self.directions, self.raw, self.tool = directions, raw, tool


# --- the model program ---

def their_form_answers(s, form, say):
    """Their model program answers our foo; ours prints the answer."""
    if s.we_dial:
        theirs = s.their_program(form=form)
        s.our_program(form=1, dial=theirs.enode(), say=say).expect("recv: bar")
        return
    us = s.us()
    s.their_program(form=form, dial=us.enode)
    us.wait("peer")
    us.say(say, "foo")
    equal("the answer", us.hears()["hex"], LIST_BAR)


def other_form_is_ignored(s, form, wrong, right):
    """A foo in the other form: no answer, and the connection goes on."""
    us = s.us()
    theirs = s.their_program(form=form, dial=None if s.we_dial else us.enode)
    if s.we_dial:
        us.ask("dial", enode=theirs.enode())
    us.wait("peer")
    us.say(wrong, "foo")
    theirs.expect("decode error")
    # Answers keep the order of questions: two to the two right ones are all.
    for _ in range(2):
        us.say(right, "foo")
    for _ in range(2):
        equal("the answer", us.hears()["hex"], LIST_BAR)
    us.say("list" if form == 1 else "bare", "end")
    theirs.expect("recv: end")
    if us.saw("msg"):
        raise Failed("the foo in the wrong form was answered")


def our_foobar_answers(s, say):
    """Our foobar answers foo in this form with the list bar."""
    them, foobar = foobar_meets_them(s, say)
    them.say(say, "foo")
    equal("the answer", them.hears()["hex"], LIST_BAR)


def our_foobar_prints(s, say):
    """Our foobar prints a bar of this form and does not answer it."""
    them, foobar = foobar_meets_them(s, say)
    them.say(say, "bar")
    foobar.expect("recv: bar")
    them.say(say, "foo")
    equal("the only answer", them.hears()["hex"], LIST_BAR)


def foobar_meets_them(s, say):
    them = s.them()
    form = 1 if say == "list" else 2
    if s.we_dial:
        foobar = s.our_program(form=form, dial=them.enode, say=say)
        them.wait("peer", name="my node name")
        equal("what it says first", them.hears()["hex"], FOO[say])
    else:
        foobar = s.our_program(form=form)
        them.ask("dial", enode=foobar.enode())
        them.wait("peer", name="my node name")
    return them, foobar


# --- payloads ---

def arrives(s, form, size, we_send, p2p=0, want=None):
    us, them = s.pair(theirs={"p2p": p2p}, raw=p2p == 4)
    deliver(*((us, them) if we_send else (them, us)), form, size, want=want)


def too_big(s, form, size, p2p=0):
    """A send that fits no frame fails here and harms nothing."""
    us, them = s.pair(theirs={"p2p": p2p}, raw=p2p == 4)
    no = us.refuse("send", cap=MODEL["name"], code=0, form=form, size=size, seed=1)
    equal("the failure", no.get("kind"), "too_big")
    still_up(us, them)


def echoed(s, count):
    """Many messages, all at once, come back whole and in order."""
    us, them = s.pair(theirs={"caps": [{**MODEL, "echo": True}]})
    sizes = [(i * 37) % 5000 for i in range(count)]
    tags = [us.post("send", cap=MODEL["name"], code=0, form="random", size=size, seed=i)
            for i, size in enumerate(sizes)]
    for i, (tag, size) in enumerate(zip(tags, sizes)):
        sent, got = us.reply(tag), us.hears()
        equal("a send", sent["ev"], "ok")
        equal(f"message {i}", (got["size"], got["sha256"]), (size, sent["sha256"]))


def code_refused(s):
    """A code that the protocol does not have fails here; nothing is sent."""
    us, them = s.pair()
    no = us.refuse("send", cap=MODEL["name"], code=MODEL["length"], form="bare", value="foo")
    equal("the failure", no.get("kind"), "invalid")
    still_up(us, them)


# --- capabilities ---

def cap(name, version, length, **more):
    return {"name": name, "version": version, "length": length, **more}


def multiplexed(s, ours, theirs, run):
    """Each message reaches its protocol, at its version, under its own code."""
    us, them = s.pair(ours={"caps": ours}, theirs={"caps": theirs})
    for sender, receiver in ((us, them), (them, us)):
        for name, version, length in run:
            for code in {0, length - 1}:
                sender.ask("send", cap=name, code=code, form="bare", value=f"{name} {code}")
                got = receiver.hears()
                equal("where it arrived", (got["cap"], got["version"], got["code"]),
                      (name, version, code))
                equal("what arrived", bytes.fromhex(got["hex"])[1:].decode(), f"{name} {code}")


def nothing_shared(s, to_raw=False):
    """No common capability: the connection ends with 0x03."""
    us = s.us(caps=[cap("ours", 1, 1), cap("same", 1, 1)])
    them = (s.raw if to_raw else s.them)(caps=[cap("same", 2, 1), cap("theirs", 1, 1)])
    dialler, listener = s.sides(us, them)
    if to_raw:  # it checks nothing itself, so what it hears is what we say
        dialler.post("dial", enode=listener.enode)
        parted(them, 0x03, "them")
        return
    equal("the reason", dialler.refuse("dial", enode=listener.enode).get("reason"), 0x03)


def no_protocols(s):
    """Two nodes without any protocol have no reason to part."""
    us, them = s.pair(ours={"caps": []}, theirs={"caps": []})
    them.ask("disconnect", reason=0x10)
    parted(us, 0x10, "them")


def shown_by_our_tool(s):
    """Our tool shows what their Hello says, whatever it holds, and ends well."""
    them = s.them(name="a \x1b[1mnode\n", caps=[cap("alpha", 1, 3), cap("beta", 2, 3)])
    tool = s.our_tool("rlpx", "ping", them.enode)
    for line in (r"client: a \x1b[1mnode\x0a", "version: 5", "capabilities: alpha/1 beta/2", f"id: {them.id}"):
        tool.expect(line)


def peer_of_our_tool(s):
    """Our tool becomes their peer, and shows it as theirs would."""
    them = s.them(name="a \x1b[1mnode\n", caps=[cap("alpha", 1, 3), cap("beta", 2, 3)])
    tool = s.our_tool("rlpx", "info", "--caps", "beta/2,gamma/1", them.enode)
    for line in ('"gamma": {"version": 1}', f'"id": "{them.id}",', r'"name": "a \\x1b[1mnode\\x0a",', '"alpha/1",',
                 '"beta/2"', '"inbound": false,', '"beta": {"version": 2}'):
        tool.expect(line)


# --- identity ---

def wrong_key_dialled(s):
    """A right address under another key: the handshake fails, nothing more is said."""
    dialler, listener = s.sides(s.us(), s.them())
    tap, url = s.tap(listener)
    key, address = url.removeprefix("enode://").split("@")
    fails_silently(s, dialler, listener, tap, url.replace(key, STRANGER))


def fails_silently(s, dialler, listener, tap, url):
    no = dialler.refuse("dial", enode=url)
    equal("the failure", no.get("kind"), "handshake")
    if not tap.ended(s.step):
        raise Failed("the connection was left open")
    said = bytes(tap.dialler)
    equal("what the dialler said, beside its auth", len(said) - auth_size(said), 0)
    equal("what the listener said", len(tap.listener), 0)
    for node in (dialler, listener):
        if node.saw("peer"):
            raise Failed("a peer was told")


def auth_size(said):
    if len(said) < 2:
        raise Failed("the dialler said nothing")
    return 2 + int.from_bytes(said[:2], "big")


def hello_of_another(s):
    """A Hello whose id is not the key of the handshake: 0x09."""
    us, them = s.us(), s.raw(key=KEY_A, helloKey=KEY_B)
    if s.we_dial:
        equal("the reason here", us.refuse("dial", enode=them.enode).get("reason"), 0x09)
    else:
        them.ask("dial", enode=us.enode)
    parted(them, 0x09, "them")
    if us.saw("peer"):
        raise Failed("a peer was told")


def ourselves(s):
    """Somebody with our key, which is what a dial to ourselves looks like: 0x0a."""
    us = s.us(key=KEY_A)
    if s.we_dial:
        equal("the reason", us.refuse("dial", enode=us.enode).get("reason"), 0x0a)
        return
    them = s.raw(key=KEY_A)
    answer = them.reply(them.post("dial", enode=us.enode))
    if answer["ev"] == "fail":  # said before our Hello
        equal("the reason", answer.get("reason"), 0x0a)
    else:
        parted(them, 0x0a, "them")
    if us.saw("peer"):
        raise Failed("a peer was told")


def known_already(s):
    """A second connection of a node that is connected: 0x05."""
    us = s.us()
    first, second = s.them(key=KEY_A), s.them(key=KEY_A)
    first.ask("dial", enode=us.enode)
    us.wait("peer")
    equal("the reason", second.refuse("dial", enode=us.enode).get("reason"), 0x05)
    first.wait("peer")
    still_up(us, first)


def both_dial(s, times, seconds):
    """Each has the other as a static node and dials at once: a session stands in time.

    go-ethereum decides at once and knows no rule, so both may refuse what the other keeps;
    then the next dials decide.
    """
    us, them = s.us(), s.them()
    words = (f"word {n}" for n in itertools.count())
    for i in range(times):
        end = time.monotonic() + seconds
        tags = [(a, a.post("dial", enode=b.enode, keep=True)) for a, b in ((us, them), (them, us))]
        for node, tag in tags:
            equal("the command", node.reply(tag)["ev"], "ok")
        while not (talks(us, them, next(words)) and talks(them, us, next(words))):
            if time.monotonic() > end:
                raise Failed(f"the {i + 1}. time no session stands after {seconds} s")
            us.maybe("peer", 1)
        us, them = s.anew(us), s.anew(them)


def talks(sender, receiver, word):
    """Whether a message passes; while connections come and go it may not."""
    sent = sender.reply(sender.post("send", cap=MODEL["name"], code=0, form="bare", value=word))
    return sent["ev"] == "ok" and receiver.maybe("msg", 1, sha256=sent["sha256"])


# --- limits and endings ---

def full(s):
    """Whoever listens has one place, which is taken: 0x04 for the next."""
    if s.we_dial:
        listener, dialler = s.them(maxPeers=s.theirs.full), s.us()
    else:
        listener, dialler = s.us(maxPeers=s.ours.full), s.them()
    first = s.them()
    first.ask("dial", enode=listener.enode)
    listener.wait("peer", id=first.id)
    if s.we_dial and s.theirs.late_verdict:
        dialler.ask("dial", enode=listener.enode)
        parted(dialler, 0x04, "them")
    else:
        equal("the reason", dialler.refuse("dial", enode=listener.enode).get("reason"), 0x04)
    if listener.saw("closed"):
        raise Failed("the first peer was dropped")


REASONS = (0x00, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x10)


def disconnected(s, by_us):
    """Every reason that can be said is seen on both ends."""
    us, them = s.us(), s.them()
    for reason in REASONS:
        s.join(us, them)
        here, there = (us, them) if by_us else (them, us)
        here.ask("disconnect", id=there.id, reason=reason)
        parted(here, reason, "us")
        parted(there, reason, "them")
        them = s.anew(them)


def stopped(s, by_us):
    """A server that stops says 0x08."""
    us, them = s.pair()
    here, there = (us, them) if by_us else (them, us)
    here.post("stop")
    parted(there, 0x08, "them")


def disconnect_form(s, data, plain):
    """A Disconnect in another shape is understood all the same."""
    us, them = s.pair(theirs={"mute": True}, raw=True)
    them.ask("raw", code=1, form="hex", hex=data, plain=plain)
    parted(us, 0x04, "them")


def goodbye(s, unread=False, fault=""):
    """1 MiB is on its way to us when we disconnect; the peer hears why, each time.

    Our handler says goodbye at the first message and the second is the MiB. Unread:
    by a raw peer that reads nothing before all of it is written.
    """
    theirs = {"caps": [cap("MyProtocol", 1, 2)], "mute": unread}
    us = s.us(caps=[cap("MyProtocol", 1, 2, bye={"code": 1, "reason": 0x04})], fault=fault)
    them = (s.raw if unread else s.them)(**theirs)
    heard, loss = 0, ""
    for _ in range(s.theirs.goodbyes):
        s.join(us, them)
        tags = [them.post("send", cap=MODEL["name"], code=code, form="random", size=size)
                for code, size in ((1, 0), (0, MIB))]
        if unread:
            wrote = [them.reply(tag) for tag in tags]
            them.ask("listen")
            broken = [w["error"] for w in wrote if w["ev"] == "fail"]
        else:
            broken = []  # its write ends with the connection, as it must
        gone = them.wait("closed")
        us.wait("closed", id=them.id)
        if gone.get("reason") == 0x04 and gone["by"] == "them" and not broken:
            heard += 1
        else:
            loss = broken[0] if broken else gone.get("error", "")
        them = s.anew(them)
    if heard < s.theirs.goodbyes:
        raise Failed(f"the reason was heard {heard} of {s.theirs.goodbyes} times ({loss})")


# --- the base protocol, by the raw peer ---

def ping(s):
    us, them = s.pair(raw=True)
    them.ask("raw", code=2, form="hex", hex="c0")
    them.wait("base", code=3)
    still_up(us, them)


def second_hello(s):
    us, them = s.pair(raw=True)
    them.ask("hello")
    parted(them, 0x02, "them")


def stray_ids(s):
    """Sixteen messages that the base protocol does not know are ignored, not more."""
    us, them = s.pair(raw=True)
    for i in range(16):
        them.ask("raw", code=4 + i % 12, form="hex", hex="c0")
    still_up(us, them)
    them.ask("raw", code=4, form="hex", hex="c0")
    parted(them, 0x02, "them")


def id_outside(s):
    """A message id beyond the last protocol: 0x02."""
    us, them = s.pair(raw=True)
    them.ask("raw", code=16 + MODEL["length"], form="hex", hex="c0")
    parted(them, 0x02, "them")


# --- the table ---

def payload_cells():
    sizes = [("0 B", "zeros", 0)]
    for label, size in (("1 B", 1), ("100 B", 100), ("64 KiB", 64 << 10), ("1 MiB", MIB)):
        sizes += [(f"{label} compressible", "zeros", size), (f"{label} random", "random", size)]
    sizes += [("16,777,215 B compressible", "zeros", FRAME_MAX),
              ("16,776,000 B random", "random", 16_776_000)]
    for label, form, size in sizes:
        for we_send in BOTH:
            who = "we send" if we_send else "they send"
            yield Cell(f"payload {label}, {who}", arrives, form=form, size=size, we_send=we_send)


def v4_cells():
    # Without compression the payload and its one-byte id share the frame.
    for label, form, size in (("100 B random", "random", 100),
                              ("16,777,214 B compressible", "zeros", FRAME_MAX - 1),
                              ("16,777,214 B random", "random", FRAME_MAX - 1)):
        for we_send in BOTH:
            who = "we send" if we_send else "they send"
            yield Cell(f"p2p 4: payload {label}, {who}", arrives, raw=True,
                       form=form, size=size, we_send=we_send, p2p=4)
    yield Cell("too big, p2p 4: 16,777,215 B", too_big, raw=True,
               form="zeros", size=FRAME_MAX, p2p=4)


TWO = [("alpha", 1, 3), ("zeta", 7, 17)]
THREE = [("Gamma", 2, 1), ("alpha", 1, 3), ("zeta", 7, 17)]

CELLS = [
    Cell("form 1 <- our list foo", their_form_answers, form=1, say="list"),
    Cell("form 2 <- our bare foo", their_form_answers, form=2, say="bare"),
    Cell("form 2 <- our list foo: silence", other_form_is_ignored, form=2, wrong="list", right="bare"),
    Cell("form 1 <- our bare foo: silence", other_form_is_ignored, form=1, wrong="bare", right="list"),
    Cell("our foobar <- list foo", our_foobar_answers, say="list"),
    Cell("our foobar <- bare foo", our_foobar_answers, say="bare"),
    Cell("our foobar <- list bar", our_foobar_prints, say="list"),
    Cell("our foobar <- bare bar", our_foobar_prints, say="bare"),

    *payload_cells(),
    Cell("too big: 16,777,216 B compressible", too_big, form="zeros", size=FRAME_MAX + 1),
    Cell("too big: 16,777,216 B random", too_big, form="random", size=FRAME_MAX + 1),
    Cell("too big: frame of 16,777,215 B random", too_big, form="random", size=FRAME_MAX),
    *v4_cells(),
    Cell("1,000 messages echoed in order", echoed, count=1000),
    Cell("code beyond the protocol refused", code_refused),

    Cell("two capabilities", multiplexed, run=TWO,
         ours=[cap(*c) for c in TWO] + [cap("ours", 1, 5)],
         theirs=[cap("beta", 1, 5)] + [cap(*c) for c in TWO]),
    Cell("three capabilities", multiplexed, run=THREE,
         ours=[cap(*c) for c in reversed(THREE)],
         theirs=[cap(*c) for c in THREE] + [cap("beta", 1, 5)]),
    Cell("highest common version", multiplexed, run=[("alpha", 2, 4), ("zeta", 7, 17)],
         ours=[cap("alpha", 1, 9), cap("alpha", 2, 4), cap("zeta", 7, 17)],
         theirs=[cap("alpha", 1, 9), cap("alpha", 2, 4), cap("alpha", 3, 30), cap("zeta", 7, 17)]),
    Cell("no common capability: 0x03", nothing_shared),
    Cell("no common capability: we say 0x03", nothing_shared, raw=True, to_raw=True),
    Cell("no protocols at all", no_protocols),
    Cell("our tool shows their Hello", shown_by_our_tool, WE_DIAL, tool=True),
    Cell("our tool is their peer", peer_of_our_tool, WE_DIAL, tool=True),

    Cell("right address, wrong key", wrong_key_dialled),
    Cell("Hello of another: 0x09", hello_of_another, raw=True),
    Cell("a dial of ourselves: 0x0a", ourselves, raw=True),
    Cell("connected already: 0x05", known_already, THEY_DIAL),
    Cell("both dial at once, 50 times", both_dial, WE_DIAL, times=50, seconds=40),

    Cell("too many peers: 0x04", full),
    Cell("we disconnect, every reason", disconnected, by_us=True),
    Cell("they disconnect, every reason", disconnected, by_us=False),
    Cell("we stop: 0x08", stopped, by_us=True),
    Cell("they stop: 0x08", stopped, by_us=False),
    Cell("disconnect as list", disconnect_form, raw=True, data="c104", plain=False),
    Cell("disconnect as bare number", disconnect_form, raw=True, data="04", plain=False),
    Cell("disconnect plain, as list", disconnect_form, raw=True, data="c104", plain=True),
    Cell("disconnect plain, as bare number", disconnect_form, raw=True, data="04", plain=True),
    Cell("goodbye before 1 MiB, each time", goodbye),
    Cell("goodbye before 1 MiB unread, each time", goodbye, raw=True, unread=True),

    Cell("ping answered", ping, raw=True),
    Cell("second Hello: 0x02", second_hello, raw=True),
    Cell("stray ids: the 17th is 0x02", stray_ids, raw=True),
    Cell("id outside every range: 0x02", id_outside, raw=True),
]
