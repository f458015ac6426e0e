#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""exports.py LIBRARY.so LIBRARY.a - what the libraries show, and what they need."""

import re
import sys

import elf
import tree

# ld-linux is a part of libc: the word that thread-local storage asks for stands there.
OF_LIBC = re.compile(r"libc\.|ld-")
# What the linker and the compiler's own run time put into a shared library;
# __int128 is divided there.
OF_COMPILER = re.compile(r"_GLOBAL_OFFSET_TABLE_$|__cpu_|__u?divti3$")


def declared():
    """What the public headers promise."""
    text = "\n".join(tree.text(p) for p in tree.files("include/*.h"))
    return set(re.findall(r"^DEVP2P_API\b[^;(]*?\b(devp2p_\w+)(?=\(|\[|;)", text, re.M))


def shown(shared, static):
    exported, promised = elf.names(shared, "-D", "-g", "--defined-only"), declared()
    for name in sorted(exported - promised):
        why = "but in no public header" if name.startswith("devp2p_") else "without the prefix devp2p_"
        yield f"exported {why}: {name}"
    yield from (f"declared but not exported: {name}" for name in sorted(promised - exported))
    for name in sorted(elf.names(static, "-g", "--defined-only")):
        if not name.startswith(("devp2p_", "dp_")):
            yield f"global without devp2p_ or dp_: {name}"


def needed(shared, static):
    needs = elf.dynamic(shared, "NEEDED")
    ours = {name: [n for n in needs if re.match(rf"{name}\.so", n)] for name in elf.LIBRARIES}
    yield from (f"does not need {name}" for name, found in ours.items() if not found)
    known = sum(ours.values(), [])
    yield from (f"needs {n}" for n in needs if n not in known and not OF_LIBC.match(n))
    # the archive names no libraries: what it leaves open, the shared one found in its own
    still_open = elf.names(static, "-u") - elf.names(static, "-g", "--defined-only") - elf.names(shared, "-D", "-u")
    yield from (f"the archive alone needs {name}" for name in sorted(still_open) if not OF_COMPILER.match(name))


def main():
    shared, static = sys.argv[1:]
    complaints = [*shown(shared, static), *needed(shared, static)]
    tree.verdict("exports", complaints, len(declared()))


main()
