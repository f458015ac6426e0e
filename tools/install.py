#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""install.py BUILD - what "make install" puts into a folder, seen from outside.

It may be moved elsewhere; the example compiles against it in four ways, and each of the
four programs talks; "make uninstall" leaves nothing of it.
"""

import glob
import os
import shutil
import sys
import tempfile

import elf
import outside
import tree


def make(target, build, **variables):
    """None, or why make failed; the build is taken as it is."""
    words = " ".join(f"{name}={value}" for name, value in variables.items())
    return outside.run(f"make -s -o build {target} BUILD={build} {words}", tree.ROOT)


def below(folder):
    """The files in a folder and below it, from there."""
    return sorted(os.path.relpath(os.path.join(at, name), folder)
                  for at, _, names in os.walk(folder) for name in names)


def versions(prefix):
    """Complaints: one version in the header, the pkg-config file and the soname."""
    libs, version = outside.libraries(prefix), "{}.{}.{}".format(*tree.version())
    if outside.run(f"pkg-config --exists 'devp2p = {version}'", None, PKG_CONFIG_PATH=f"{libs}/pkgconfig"):
        yield f"devp2p.pc is not of version {version}"
    sonames = elf.dynamic(f"{libs}/libdevp2p.so", "SONAME")
    if sonames != [f"libdevp2p.so.{tree.soversion(tree.version())}"]:
        yield f"soname {sonames}"
    if os.path.realpath(f"{libs}/libdevp2p.so") != os.path.realpath(f"{libs}/libdevp2p.so.{version}"):
        yield f"libdevp2p.so does not lead to version {version}"


def run_paths(prefix):
    """Complaints: a library looks nowhere but where the system says, a program beside itself at most."""
    for path in [f"{outside.libraries(prefix)}/libdevp2p.so", *glob.glob(f"{prefix}/bin/*")]:
        allowed = [] if path.endswith(".so") else ["$ORIGIN/../lib"]
        found = elf.dynamic(path, "RUNPATH") + elf.dynamic(path, "RPATH")
        yield from (f"{path} looks for libraries in {p}" for p in found if p not in allowed)


def mentions(prefix, words):
    """Complaints: a text that names a folder of this machine."""
    for path in below(prefix):
        with open(os.path.join(prefix, path), "rb") as f:
            content = f.read()
        yield from (f"{path} names {word}" for word in words if word.encode() in content)


def main():
    build = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as work:
        stage, moved = f"{work}/stage", f"{work}/moved"
        if why := make("install", build, PREFIX="/opt/here", DESTDIR=stage):
            tree.verdict("install", [why], 0)
        files = below(stage)
        shutil.copytree(f"{stage}/opt/here", moved, symlinks=True)
        complaints = [why for why in [make("uninstall", build, PREFIX="/opt/here", DESTDIR=stage)] if why]
        complaints += [f"uninstall leaves {path}" for path in below(stage)]
        complaints += [f"uninstall leaves {path}" for path in glob.glob(f"{stage}/**/devp2p", recursive=True)]
        complaints += [*versions(moved), *run_paths(moved), *mentions(moved, [tree.ROOT, build, work])]

        complaints += outside.by_pkg_config(f"{work}/shared", moved)
        complaints += outside.by_cmake(f"{work}/package", moved)
        # nothing but the archive is there to be linked
        for path in glob.glob(f"{outside.libraries(moved)}/libdevp2p.so*"):
            os.remove(path)
        complaints += outside.by_pkg_config(f"{work}/static", moved, static=True)
    tree.verdict("install", complaints, len(files))


main()
