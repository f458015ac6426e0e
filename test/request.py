#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""request.py BIN - examples/request.c gets all things, one request timed out and its answer came late."""

import os
import re
import subprocess

from tool import BIN, PATIENCE, equal, must, play

# A busy machine may have more that time out; none is lost, and none is counted twice.
SAID = re.compile(r"1000 things, (\d+) answers in time, (\d+) requests timed out, (\d+) answered late\n")


def all_things_come(_):
    done = subprocess.run([os.path.join(BIN, "request")], text=True, timeout=PATIENCE, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal("exit code, errors", (done.returncode, done.stderr), (0, ""))
    said = SAID.fullmatch(done.stdout)
    must(said, f"{done.stdout!r} is not what it says")
    in_time, lost, late = map(int, said.groups())
    must(in_time >= 10, f"{in_time} answers cannot hold all things")
    must(1 <= late <= lost, f"{late} of {lost} answered late")


play("request", [all_things_come])
