# SPDX-License-Identifier: MIT
"""Shows that every kind of check can fail, by peers that do wrong, and that the cells
which go-ethereum cannot pass in our place can be passed, by the raw peer."""

import cells
from cells import BOTH, CELLS, MODEL, Cell, cap
from drivers import Raw

STEP = 3  # seconds; several cases fail by waiting

# Cells that must fail, and a part of the reason they must give.
WRONG = [
    (Cell("another hash is expected", cells.arrives,
          form="random", size=100, we_send=False, want="00"), "SHA-256"),
    (Cell("a byte is changed", cells.arrives,
          form="random", size=100, we_send=False, fault="flip"), "SHA-256"),
    (Cell("a byte is missing", cells.arrives,
          form="zeros", size=100, we_send=False, fault="short"), "size"),
    (Cell("nothing is sent", cells.arrives,
          form="zeros", size=100, we_send=False, fault="drop"), "no event msg"),
    (Cell("the receiver dies", cells.arrives,
          form="zeros", size=1, we_send=True, fault="die"), "ended with"),
    (Cell("the peer hangs up", cells.too_big,
          form="zeros", size=1), "worked and should not have"),
    (Cell("a message does not survive", cells.too_big,
          form="zeros", size=cells.FRAME_MAX + 1), "peer"),
    (Cell("the program has the other form", cells.their_form_answers,
          form=2, say="list"), "no "),
    (Cell("a foo is answered after all", cells.other_form_is_ignored,
          form=2, wrong="bare", right="bare"), "no line"),
    (Cell("codes are swapped", cells.multiplexed, run=[("alpha", 1, 3)],
          ours=[cap("alpha", 1, 3)], theirs=[cap("alpha", 1, 4)]), "where it arrived"),
]
