# SPDX-License-Identifier: MIT
"""The tools that programs are made with, and how making them fails."""

import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Unavailable(Exception):
    """This machine lacks what the programs are made with, or a way to it: a skip."""


class Broken(Exception):
    """The programs do not compile: a failure."""


def version(name, argv, needs, env=None):
    """Raises Unavailable unless a tool is here and new enough."""
    wanted = f"{name} {'.'.join(map(str, needs))} or newer is needed"
    if not shutil.which(argv[0]):
        raise Unavailable(f"{wanted}, there is none")
    text = subprocess.run(argv, env=env, text=True, check=True, stdout=subprocess.PIPE).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    if not found or tuple(map(int, found.groups())) < needs:
        raise Unavailable(f"{wanted}, this is {text.strip()}")
