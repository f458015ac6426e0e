# SPDX-License-Identifier: MIT
"""Builds the Go programs; offline when the module cache holds what they need."""

import os
import subprocess

from toolchain import HERE, Broken, Unavailable, version

NEEDS = (1, 24)

# Module folder -> program -> package.
PROGRAMS = {
    "pirl": {"peer": "interop/gopeer/cmd/peer",
             "model": "interop/gopeer/cmd/model"},
    "geth": {"peer": "interop/gopeer/cmd/peer",
             "model": "interop/gopeer/cmd/model",
             "rawpeer": "./rawpeer"},
}


def build(module, out, cache=None):
    """Builds the programs of a module into the folder out."""
    for program, package in PROGRAMS[module].items():
        build_package(os.path.join(HERE, module), package,
                      os.path.join(out, f"{module}-{program}"), cache)


def build_package(folder, package, out, cache=None):
    """Builds one package of the module in folder into the file out."""
    env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-mod=readonly")
    if cache:
        env["GOCACHE"] = os.path.abspath(cache)
    version("Go", ["go", "version"], NEEDS, env)
    os.makedirs(os.path.dirname(out), exist_ok=True)
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
