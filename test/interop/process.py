# SPDX-License-Identifier: MIT
"""Processes of one cell: what they print is waited for, never slept for."""

import json
import signal
import subprocess
import threading
import time


class Failed(Exception):
    """A check did not hold, a step took too long, or a process ended."""


class Process:
    """A child whose lines of output are collected as they come."""

    def __init__(self, name, argv, step):
        self.name, self.step = name, step
        self._lines, self._changed = [], threading.Condition()
        self._ended = False
        self._child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace")
        self._stderr = []
        self._threads = [
            threading.Thread(target=self._collect, daemon=True),
            threading.Thread(target=self._collect_errors, daemon=True)]
        for thread in self._threads:
            thread.start()

    def parse(self, line):
        """What is kept of a line."""
        return line

    def _collect(self):
        for line in self._child.stdout:
            with self._changed:
                self._lines.append(self.parse(line.rstrip("\n")))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _collect_errors(self):
        for line in self._child.stderr:
            self._stderr.append(line.rstrip("\n"))

    def take(self, match, what, limit=None):
        """Waits for the first line that matches and has not been taken."""
        end = time.monotonic() + (limit or self.step)
        with self._changed:
            while True:
                for i, line in enumerate(self._lines):
                    if match(line):
                        return self._lines.pop(i)
                if self._ended:
                    raise Failed(f"{self.name} ended{self._last_words()}"
                                 f" while waited for: {what}")
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"{self.name}: no {what} in time")
                self._changed.wait(left)

    def has(self, match):
        """Tells whether such a line has come and has not been taken."""
        with self._changed:
            return any(match(line) for line in self._lines)

    def write(self, line):
        try:
            self._child.stdin.write(line + "\n")
            self._child.stdin.flush()
        except OSError:
            raise Failed(f"{self.name} ended{self._last_words()}") from None

    def _last_words(self):
        try:
            code = self._child.wait(2)
        except subprocess.TimeoutExpired:
            code = "?"
        self._threads[1].join(2)  # its last words may come behind its end
        tail = " / ".join(self._stderr[-3:])
        return f" with {code}" + (f" ({tail})" if tail else "")

    def ask_to_end(self):
        """Ends the input, which is how every peer is told to end."""
        try:
            self._child.stdin.close()
        except OSError:
            pass

    def check_end(self):
        """A process that was asked to end does, and has nothing to complain of."""
        try:
            code = self._child.wait(self.step)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} does not end") from None
        if code:
            raise Failed(f"{self.name} ended{self._last_words()}")

    def kill(self):
        self._child.kill()
        self._child.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            try:
                pipe.close()
            except OSError:
                pass


class Program(Process):
    """A program for people: the model program of some implementation."""

    def __init__(self, name, argv, step, interrupt=False):
        super().__init__(name, argv, step)
        self._interrupt = interrupt

    def ask_to_end(self):
        if self._interrupt:
            self._child.send_signal(signal.SIGINT)
        else:
            super().ask_to_end()

    def enode(self):
        """The URL that it prints once it listens."""
        line = self.take(lambda l: "enode://" in l, "enode URL")
        return next(w for w in line.split() if w.startswith("enode://"))

    def expect(self, text):
        self.take(lambda l: text in l, f'line "{text}"')


class Peer(Process):
    """A scripted peer; the language is described in README.md."""

    def __init__(self, name, argv, step):
        super().__init__(name, argv, step)
        self._tag = 0

    def parse(self, line):
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        return event if isinstance(event, dict) else {"ev": "?", "line": line}

    def post(self, op, **args):
        """Gives a command and returns its tag."""
        self._tag += 1
        self.write(json.dumps({"op": op, "tag": self._tag, **args}))
        return self._tag

    def reply(self, tag, what="reply", limit=None):
        return self.take(
            lambda e: e["ev"] in ("ok", "fail") and e.get("tag") == tag,
            what, limit)

    def ask(self, op, **args):
        """Gives a command that has to work."""
        answer = self.reply(self.post(op, **args), f"reply to {op}")
        if answer["ev"] != "ok":
            raise Failed(f"{self.name}: {op}: {answer.get('error')}")
        return answer

    def refuse(self, op, **args):
        """Gives a command that has to fail."""
        answer = self.reply(self.post(op, **args), f"reply to {op}")
        if answer["ev"] != "fail":
            raise Failed(f"{self.name}: {op} worked and should not have")
        return answer

    def wait(self, ev, limit=None, **members):
        """Waits for an event with these members."""
        def match(e):
            return e["ev"] == ev and all(
                e.get(k) == v for k, v in members.items())
        wanted = " ".join(f"{k}={v}" for k, v in members.items())
        return self.take(match, f"event {ev} {wanted}".strip(), limit)

    def maybe(self, ev, limit, **members):
        """Waits for an event, and tells whether it came."""
        try:
            return bool(self.wait(ev, limit, **members))
        except Failed:
            return False

    def saw(self, ev):
        return self.has(lambda e: e["ev"] == ev)
