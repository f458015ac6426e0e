#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""deb.py [--install] - builds the Debian packages into build/deb and looks at them.

lintian has no word of error or warning, after it was seen to have one; the library
depends on the packages of what it needs; unpacked into an empty folder they let the
first example compile and talk.  With --install, which needs root, it takes the packages
that were built, installs them into this system, compiles the example there, and purges
them: nothing is left of them.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import elf
import outside
import tree

OUT = os.path.join(tree.ROOT, "build", "deb")
PACKAGES = [f"libdevp2p{tree.soversion(tree.version())}", "libdevp2p-dev", "devp2p"]
# Where a package may leave something.
SYSTEM = ["/etc", "/opt", "/srv", "/usr", "/var"]


def build():
    """Builds a copy of the tree; whatever make was told is not told on."""
    shutil.rmtree(OUT, ignore_errors=True)
    source = os.path.join(OUT, "source")
    for path in tree.files("*"):
        target = os.path.join(source, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(tree.ROOT, path), target)
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "PREFIX", "BUILD")}
    with open(os.path.join(OUT, "log"), "w", encoding="utf-8") as log:
        done = subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=source, env=env, stdout=log,
                              stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        with open(os.path.join(OUT, "log"), encoding="utf-8", errors="replace") as log:
            sys.exit(f"{log.read()[-4000:]}deb: dpkg-buildpackage fails; its log is {OUT}/log")
    shutil.rmtree(source)


def deb(package):
    """The file of a package, or an end."""
    found = glob.glob(f"{OUT}/{package}_*.deb")
    if len(found) != 1:
        sys.exit(f"deb: {len(found)} files {package}_*.deb in {OUT}")
    return found[0]


def lintian(path):
    return outside.run(f"lintian --no-cfg --fail-on error,warning {path}", OUT)


def of_lintian(work):
    """Complaints of lintian; first it must have one about a package without a copyright."""
    broken = os.path.join(work, "broken")
    subprocess.run(["dpkg-deb", "-R", deb("devp2p"), broken], check=True)
    os.remove(f"{broken}/usr/share/doc/devp2p/copyright")
    subprocess.run(["dpkg-deb", "-b", broken], check=True, stdout=subprocess.DEVNULL)
    if "no-copyright-file" not in (lintian(f"{broken}.deb") or ""):
        yield "lintian does not miss a copyright"
    if why := lintian(glob.glob(f"{OUT}/*.changes")[0]):
        yield why


def of_depends(libs):
    """Complaints: the library depends on a package for each library it needs, and on no others."""
    control = elf.output("dpkg-deb", "-f", deb(PACKAGES[0]), "Depends")
    unused = {word.split()[0] for word in control.split(",")}
    depends = set(unused)
    for need in elf.dynamic(f"{libs}/libdevp2p.so", "NEEDED"):
        owners = {line.split(":")[0] for line in elf.output("dpkg", "-S", f"*/{need}").splitlines()}
        if not owners & depends:
            yield f"{PACKAGES[0]} needs {need}, and depends on none of {sorted(owners)}"
        unused -= owners
    yield from (f"{PACKAGES[0]} depends on {package}, and needs nothing of it" for package in sorted(unused))


def unpacked(work):
    """Complaints about what the packages hold, without installing them."""
    root = os.path.join(work, "root")
    for package in PACKAGES:
        subprocess.run(["dpkg-deb", "-x", deb(package), root], check=True)
    prefix = os.path.join(root, "usr")
    libs, tool = outside.libraries(prefix), f"{prefix}/bin/devp2p"
    yield from of_depends(libs)
    yield from outside.by_pkg_config(f"{work}/shared", prefix)
    yield from outside.by_cmake(f"{work}/package", prefix)
    for path in (tool, f"{libs}/libdevp2p.so"):
        yield from (f"{path} has a run path" for tag in ("RUNPATH", "RPATH") if elf.dynamic(path, tag))
    for command in (f"{tool} key generate {work}/key && {tool} key to-id {work}/key",
                    f"{tree.ROOT}/tools/hardening.py {libs}/libdevp2p.so {libs}/libdevp2p.a {tool}"):
        if why := outside.run(command, work, LD_LIBRARY_PATH=libs):
            yield why


def paths_of(package):
    """What a package puts into the system."""
    return {line.split()[5][1:].rstrip("/") for line in elf.output("dpkg-deb", "-c", deb(package)).splitlines()}


def there():
    """What there is in the system of the packages, and whatever has our name."""
    listed = {path for package in PACKAGES for path in paths_of(package) if os.path.lexists(path)}
    named = {os.path.join(at, name) for top in SYSTEM for at, folders, names in os.walk(top)
             for name in folders + names if "devp2p" in name}
    return listed | named


def installed():
    """Installs, compiles, purges; yields complaints."""
    if os.geteuid():
        sys.exit("deb: to install packages needs root")
    before = there()
    if left := [path for path in before if re.search(r"/dpkg/info/(lib)?devp2p", path)]:
        sys.exit(f"deb: is installed already, and stays: {left[0]}")
    apt = "DEBIAN_FRONTEND=noninteractive apt-get -q -y"
    try:
        if why := outside.run(f"{apt} install --no-install-recommends {' '.join(map(deb, PACKAGES))}", OUT):
            yield why
        elif "/usr/bin/devp2p" not in there() - before:
            yield "what is installed is not seen"
        else:
            with tempfile.TemporaryDirectory() as work:
                yield from outside.by_pkg_config(f"{work}/shared", "/usr")
                yield from (why for why in [outside.run("devp2p key generate key", work)] if why)
    finally:
        why = outside.run(f"{apt} purge {' '.join(PACKAGES)}", OUT)
    yield from [why] if why else []
    yield from (f"purge leaves {path}" for path in sorted(there() - before))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--install", action="store_true")
    if parser.parse_args().install:
        tree.verdict("deb --install", list(installed()), len(PACKAGES))
    build()
    with tempfile.TemporaryDirectory() as work:
        tree.verdict("deb", [*of_lintian(work), *unpacked(work)], len(PACKAGES))


main()
