#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""constant_time.py [PROGRAM] - no branch and no address depends on a secret.

Runs PROGRAM (test/timing/secret_time.c) under valgrind's memcheck, then each of its
controls, which memcheck must report, or it would report nothing.
"""

import re
import shutil
import subprocess
import sys

import tree

CONTROLS = ["memcmp", "branch", "index"]
FOUND = 9


def memcheck(program, *arguments):
    """(exit code, what was said)"""
    argv = ["valgrind", "--tool=memcheck", "--leak-check=no", "--num-callers=20", f"--error-exitcode={FOUND}",
            program, *arguments]
    done = subprocess.run(argv, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def main():
    if len(sys.argv) < 2 or not shutil.which("valgrind"):
        sys.exit("constant_time: needs valgrind and its headers")
    complaints = []
    code, said = memcheck(sys.argv[1])
    if code:
        complaints.append(f"exit code {code}\n{said[-6000:]}")
    print(*re.findall(r"ERROR SUMMARY: .*", said))
    for control in CONTROLS:
        code, said = memcheck(sys.argv[1], control)
        if code != FOUND:
            complaints.append(f"memcheck does not report the control \"{control}\": exit code {code}\n{said[-1000:]}")
    tree.verdict("constant_time", complaints, 1 + len(CONTROLS))


main()
