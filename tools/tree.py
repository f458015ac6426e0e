# SPDX-License-Identifier: MIT
"""The files of this tree, for the checks."""

import fnmatch
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIP = {".git", "build", "node_modules", "__pycache__"}


def files(*patterns):
    """Paths from the root whose whole path matches one of the patterns, sorted."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(d for d in folders if d not in SKIP)
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if any(fnmatch.fnmatch(path, p) for p in patterns):
                found.append(path)
    return sorted(found)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def version():
    """(major, minor, patch) of the public header."""
    return tuple(int(n) for n in re.findall(r"^#define DEVP2P_VERSION_\w+ (\d+)$", text("include/devp2p/base.h"), re.M))


def soversion(of):
    """The part of a version that is in the soname: cmake/version.cmake has the rule."""
    major, minor, _ = of
    return str(major) if major else f"0.{minor}"


def verdict(name, complaints, checked):
    """Prints what a check found and ends with its exit code."""
    for complaint in complaints:
        print(f"{name}: {complaint}")
    print(f"{name}: {checked} checked, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)
