#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""status.py BIN - what examples/status.c prints: two nodes that tell each other structs."""

import os
import subprocess

from tool import BIN, PATIENCE, equal, play

SAID = """\
listener received version 1
  difficulty 0x0000000000000000000000000000000000000000000000000000000000000009
  fork 01020304, next 0
  block 7 of alice
dialler received version 2
  difficulty 0x8000000000000000000000000000000000000000000000000000000000000000
  fork 01020304, next 100
  block 7 of alice
  block 8 of bob
  earliest 6
  extra 3
  extra 5
"""


def both_print_what_the_other_sent(_):
    done = subprocess.run([os.path.join(BIN, "status")], text=True, timeout=PATIENCE, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal("exit code, output, errors", (done.returncode, done.stdout, done.stderr), (0, SAID, ""))


play("status", [both_print_what_the_other_sent])
