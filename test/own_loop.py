# SPDX-License-Identifier: MIT
"""own_loop.py BIN: examples/own_loop.c talks foo and bar with examples/foobar.c, as
dialler and as dialled, and hears how it ends."""

import os
import signal
import subprocess
import sys

BIN = os.path.abspath(sys.argv[1])
PATIENCE = 60  # seconds; a machine may be busy


class Program:
    """A program whose lines are read one by one."""

    def __init__(self, name, *args):
        self.name = name
        self.process = subprocess.Popen([os.path.join(BIN, name), *args], text=True, stdout=subprocess.PIPE)

    def line(self, wanted=None):
        said = self.process.stdout.readline().strip()
        if wanted is not None and said != wanted:
            raise SystemExit(f"{self.name} says {said!r}, not {wanted!r}")
        return said

    def end(self, interrupt=False):
        if interrupt:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE)
        if code:
            raise SystemExit(f"{self.name} ended with {code}")


def dials():
    server = Program("foobar", "--listen", "127.0.0.1:0")
    own = Program("own_loop", server.line())
    own.line("recv: bar")
    server.end(interrupt=True)
    own.line("ended: client quitting")
    own.end()


def is_dialled():
    own = Program("own_loop")
    server = Program("foobar", "--listen", "127.0.0.1:0", own.line())
    server.line()
    server.line("recv: bar")
    server.end(interrupt=True)
    own.line("ended: client quitting")
    own.end()


signal.alarm(2 * PATIENCE)
dials()
is_dialled()
print("own_loop: foo and bar in both directions")
