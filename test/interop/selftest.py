# SPDX-License-Identifier: MIT
"""Shows that the checks can fail and that what go-ethereum is excused from can be passed.

Three lists, all with Go on both sides:
- cells whose peers do wrong on purpose, or which expect something wrong, must fail and
  say why;
- cells that go-ethereum is excused from in our place must fail there, or the excuse is
  none;
- those of them that the raw peer can play in our place must pass.
"""

import cells
import drivers
from cells import CELLS, Cell, cap
from stage import KEY_A, KEY_B, play

STEP = 5  # seconds; some cases fail by waiting


def named(name, **changed):
    """A cell of the table, with other arguments."""
    c = next(c for c in CELLS if c.name == name)
    return Cell(c.name, c.play, c.directions, c.raw, **{**c.args, **changed})


def talks_in_a_failed_handshake(s):
    """The check of the wrong key on a handshake that fails late, with Hellos said."""
    dialler, listener = s.us(), s.raw(key=KEY_A, helloKey=KEY_B)
    tap, url = s.tap(listener)
    cells.fails_silently(s, dialler, listener, tap, url)


def right_key_dialled(s):
    dialler, listener = s.us(), s.them()
    cells.fails_silently(s, dialler, listener, *s.tap(listener))


THEY_SEND = "payload 100 B random, they send"
ALPHA = [("alpha", 1, 3)]

# What is wrong, the cell, the fault of their peers, and words of the failure.
WRONG = [
    ("another hash is expected", named(THEY_SEND, want="00"), "", "SHA-256"),
    ("a byte is changed", named(THEY_SEND), "flip", "SHA-256"),
    ("a byte is missing", named(THEY_SEND), "short", "the size"),
    ("nothing is sent", named(THEY_SEND), "drop", "no event msg"),
    ("the receiver dies", named("payload 1 B random, we send"), "die", "ended with 3"),
    ("another name is said", named(THEY_SEND), "no-name", "the name in Hello"),
    ("messages are echoed wrongly", named("1,000 messages echoed in order"), "hang-up", "no event msg"),
    ("the connection does not stay", named("code beyond the protocol refused"), "hang-up", "no event msg"),
    ("a send is not refused", Cell("", cells.too_big, form="zeros", size=1), "", "worked and should not"),
    ("codes are swapped", named("two capabilities"), "code", "where it arrived"),
    ("messages come twice", named("two capabilities"), "twice", "where it arrived"),
    ("a lower version runs", Cell("", cells.multiplexed, run=ALPHA, ours=[cap("alpha", 2, 3)],
                                  theirs=[cap("alpha", 2, 3)]), "", "where it arrived"),
    ("the program decodes the other form",
     Cell("", cells.their_form_answers, form=2, say="list"), "", "in time"),
    ("no decode error is seen", Cell("", cells.other_form_is_ignored, form=2, wrong="bare",
                                     right="bare"), "", 'no line "decode error"'),
    ("the right key is dialled", Cell("", right_key_dialled), "", "worked and should not"),
    ("a failing handshake talks", Cell("", talks_in_a_failed_handshake), "", "what the dialler said"),
    ("another reason is said", named("they disconnect, every reason"), "reason", "saw the end"),
]

# Cells that the raw peer plays in our place.
RAW_CAN = [c for c in CELLS if c.play in (cells.too_big, cells.goodbye)]


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def note(self, good, what, result):
        self.passed += good
        self.failed += not good
        print(f"{'ok' if good else 'FAILED':7}{what}: {result}", flush=True)


def run(pirl, geth):
    count = Count()
    for what, cell, fault, words in WRONG:
        for we_dial in cell.directions:
            why = play(cell, pirl, geth, we_dial, STEP, fault)
            count.note(why is not None and words in why, f"must fail, {what}", why)
    for ours in (pirl, geth):
        for cell in CELLS:
            if excuse := drivers.excuse(ours.cannot, cell.name):
                why = play(cell, ours, geth, False, STEP)
                count.note(why is not None, f"must fail, {ours.name} plays {cell.name}",
                           f"{why} ({excuse})")
    raw = drivers.Raw(geth)
    for cell in RAW_CAN:
        for we_dial in cell.directions:
            why = play(cell, raw, geth, we_dial, STEP)
            count.note(why is None, f"must pass, raw plays {cell.name}", why or "passed")
    rude = named("goodbye before 1 MiB unread, each time", fault="rude")
    why = play(rude, raw, geth, False, STEP)
    count.note(why is not None, "must fail, raw closes rudely", why)
    return count.passed, count.failed
