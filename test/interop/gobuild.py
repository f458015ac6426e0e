# SPDX-License-Identifier: MIT
"""Builds the Go programs; offline when the module cache holds what they need."""

import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
NEEDS = (1, 24)

# Module folder -> program -> package.
PROGRAMS = {
    "pirl": {"peer": "interop/gopeer/cmd/peer",
             "model": "interop/gopeer/cmd/model"},
    "geth": {"peer": "interop/gopeer/cmd/peer",
             "model": "interop/gopeer/cmd/model",
             "rawpeer": "./rawpeer"},
}


class Unavailable(Exception):
    """This machine lacks Go, or the modules and a way to them: a skip."""


class Broken(Exception):
    """The programs do not compile: a failure."""


def check():
    """Raises Unavailable unless Go is here and new enough."""
    if not shutil.which("go"):
        raise Unavailable("Go is not installed")
    env = dict(os.environ, GOTOOLCHAIN="local")
    text = subprocess.run(["go", "version"], env=env, text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    found = re.search(r"go(\d+)\.(\d+)", text)
    if not found or tuple(map(int, found.groups())) < NEEDS:
        raise Unavailable(f"Go {NEEDS[0]}.{NEEDS[1]} or newer is needed, this is {text.strip()}")


def build(modules, out, cache=None):
    """Builds the programs of these modules into the folder out."""
    for module in modules:
        for program, package in PROGRAMS[module].items():
            build_package(os.path.join(HERE, module), package,
                          os.path.join(out, f"{module}-{program}"), cache)


def build_package(folder, package, out, cache=None):
    """Builds one package of the module in folder into the file out."""
    check()
    os.makedirs(os.path.dirname(out), exist_ok=True)
    env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-mod=readonly")
    if cache:
        env["GOCACHE"] = os.path.abspath(cache)
    _run(["go", "build", "-trimpath", "-buildvcs=false", "-o", os.path.abspath(out), package],
         folder, env)


def _run(argv, folder, env):
    offline = subprocess.run(argv, cwd=folder, env=dict(env, GOPROXY="off"),
                             text=True, stderr=subprocess.PIPE)
    if offline.returncode == 0:
        return
    if "GOPROXY=off" not in offline.stderr:
        raise Broken(offline.stderr)
    online = subprocess.run(argv, cwd=folder, env=env, text=True,
                            stderr=subprocess.PIPE)
    if online.returncode:
        raise Unavailable("Go modules are missing: "
                          + online.stderr.strip().splitlines()[-1])
