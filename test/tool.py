# SPDX-License-Identifier: MIT
"""The tool devp2p for the tests of it, which have the folder of programs as argument."""

import os
import re
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "test", "interop")]
import tree  # noqa: E402

BIN = os.path.abspath(sys.argv[1])
TOOL = os.path.join(BIN, "devp2p")
PATIENCE = 60  # seconds; a machine may be busy


def must(good, what):
    if not good:
        raise AssertionError(what)


def equal(what, got, wanted):
    must(got == wanted, f"{what} is {got!r}, not {wanted!r}")


def run(*args, **more):
    """(exit code, output, error); what holds for every call is checked here."""
    done = subprocess.run([TOOL, *args], text=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, **{"stdout": subprocess.PIPE, **more})
    said = f"devp2p {' '.join(args)}: {done.returncode}, {done.stderr!r}"
    must(done.returncode in (0, 1, 2), said)
    if done.returncode:
        must(re.fullmatch(r"devp2p: [^\n]+\n", done.stderr), f"not one clear line: {said}")
        must(not done.stdout, f"output beside an error: {said}")
    else:
        equal(f"standard error of {said}", done.stderr, "")
    return done.returncode, done.stdout, done.stderr


def result(*args):
    """The output of a call that works."""
    code, out, err = run(*args)
    equal(f"exit code of {args}: {err}", code, 0)
    return out


def refused(wanted, *args, says="", **more):
    """A call that ends with this code and these words."""
    code, _, err = run(*args, **more)
    equal(f"exit code of {args}: {err}", code, wanted)
    must(says in err, f"{args}: {err!r} does not say {says!r}")


def commands(path=()):
    """Every command, found by asking for help from the top."""
    must(len(path) < 5, f"commands without end: {path}")
    text = result("help", *path)
    yield path, text
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.M)
    for line in listed.group(1).splitlines() if listed else []:
        yield from commands((*path, line.split()[0]))


def play(name, cases):
    """Runs all cases, each in a folder of its own, and ends the program."""
    complaints = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(folder)
            except AssertionError as what:
                complaints.append(f"{case.__name__}: {what}")
            except Exception:  # pylint: disable=broad-except
                complaints.append(f"{case.__name__}: {traceback.format_exc()}")
    tree.verdict(name, complaints, len(cases))
