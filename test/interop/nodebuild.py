# SPDX-License-Identifier: MIT
"""Installs the peer on ethereumjs; offline when npm's cache holds what it needs."""

import os
import re
import shutil
import subprocess

from toolchain import HERE, Broken, Unavailable, version

NEEDS = (18,)
SOURCE = os.path.join(HERE, "ethereumjs")
MANIFEST = ("package.json", "package-lock.json", ".npmrc")


def build(out):
    """Puts the peer and its packages, as the lock file pins them, into the folder out.

    They are never installed beside the source: it stays as it was cloned.
    """
    version("Node", ["node", "--version"], NEEDS)
    if any(_differs(name, out) for name in MANIFEST):
        _install(out)
    shutil.copy(os.path.join(SOURCE, "peer.mjs"), out)


def _differs(name, out):
    there = os.path.join(out, name)
    if not os.path.exists(there):
        return True
    with open(there, "rb") as a, open(os.path.join(SOURCE, name), "rb") as b:
        return a.read() != b.read()


def _install(out):
    if not shutil.which("npm"):
        raise Unavailable("npm is needed, there is none")
    new = out + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    for name in MANIFEST:
        shutil.copy(os.path.join(SOURCE, name), new)
    npm = subprocess.run(["npm", "ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1"],
                         cwd=new, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if npm.returncode:
        code = re.search(r"^npm (?:error|ERR!) code (\S+)", npm.stdout, re.MULTILINE)
        if code and code[1] not in ("EUSAGE", "EINTEGRITY"):
            raise Unavailable(f"npm packages are missing: {code[1]}")
        raise Broken(npm.stdout)
    shutil.rmtree(out, ignore_errors=True)
    os.rename(new, out)
