#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs compiled against the last version that has our soname go on working: abidiff
compares its library, built from its tag vX.Y.Z, with that of this tree.

Before it compares, it requires that the same comparison lets pass what may change and
finds what may not, on libraries of a few lines.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import tree

WORK = os.path.join(tree.ROOT, "build", "abi")
# Structs whose size a program tells us may grow at their end.
MAY_GROW = """[suppress_type]
  type_kind = struct
  name_regexp = ^devp2p_(config|protocol)$
  has_data_member_inserted_at = end
"""

HEADER = """typedef struct devp2p_config { int one; unsigned long two; } devp2p_config;
typedef struct devp2p_slice { const void *at; unsigned long len; } devp2p_slice;
typedef enum devp2p_kind { DEVP2P_FIRST, DEVP2P_SECOND } devp2p_kind;
typedef struct devp2p_server devp2p_server;
int devp2p_start(devp2p_server *s, const devp2p_config *c, unsigned long size);
int devp2p_stop(devp2p_server *s, devp2p_kind why, devp2p_slice words);
"""
SOURCE = """#include "tiny.h"
struct devp2p_server { int inner; };
int devp2p_start(devp2p_server *s, const devp2p_config *c, unsigned long size)
{
    return s->inner + c->one + (size > sizeof *c);
}
int devp2p_stop(devp2p_server *s, devp2p_kind why, devp2p_slice words)
{
    return s->inner + (int)why + (int)words.len;
}
"""
# What is done to the two files: replaced, by, whether programs go on working.
CHANGES = [
    ("a function more", [], [(r"\Z", "int devp2p_more(void);\nint devp2p_more(void)\n{\n    return 1;\n}\n")], True),
    ("a config that grows at its end", [("two; }", "two; int three; }")], [], True),
    ("a kind more", [("SECOND", "SECOND, DEVP2P_THIRD")], [], True),
    ("what is not public", [], [("int inner;", "long more; int inner;")], True),
    ("a function less", [("int devp2p_stop.*\n", "")], [(r"int devp2p_stop[\s\S]*", "")], False),
    ("another parameter", [("unsigned long size", "int size")], [("unsigned long size", "int size")], False),
    ("fields in another order", [("int one; unsigned long two;", "unsigned long two; int one;")], [], False),
    ("a field of another type", [("int one", "short one")], [], False),
    ("a config that grows in its middle", [("int one;", "int one; long half;")], [], False),
    ("a config whose padding becomes a field", [("int one;", "int one; int half;")], [], False),
    ("a config that shrinks", [("int one; ", "")], [(r"c->one", "(int)c->two")], False),
    ("another struct that grows", [("len; }", "len; int more; }")], [], False),
    ("a kind that has another number", [("DEVP2P_FIRST, ", "DEVP2P_FIRST, DEVP2P_HALF, ")], [], False),
]


def differs(old, old_headers, new, new_headers):
    """None, or how a program that was made for the old library finds the new one broken."""
    os.makedirs(WORK, exist_ok=True)
    rules = os.path.join(WORK, "may-grow")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(MAY_GROW)

    def abidiff(*more):
        done = subprocess.run(["abidiff", "--no-added-syms", "--fail-no-debug-info", "--headers-dir1", old_headers,
                               "--headers-dir2", new_headers, *more, old, new], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout

    code, said = abidiff("--suppressions", rules)
    if code:
        return said
    # the rule hides whatever else happens to a struct that may grow
    code, said = abidiff()
    return said if code and re.search(r"data member (change|deletion)", said) else None


def tiny(folder, in_header=(), in_source=()):
    """Makes a library of a few lines; returns it and the folder of its header."""
    os.makedirs(folder)
    for name, text, changes in [("tiny.h", HEADER, in_header), ("tiny.c", SOURCE, in_source)]:
        for search, replace in changes:
            text, count = re.subn(search, replace, text, count=1)
            assert count, search
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    subprocess.run(["cc", "-g", "-shared", "-fPIC", "tiny.c", "-o", "tiny.so"], cwd=folder, check=True)
    return os.path.join(folder, "tiny.so"), folder


def seen_to_fail():
    """Complaints about the comparison itself."""
    with tempfile.TemporaryDirectory() as work:
        before = tiny(os.path.join(work, "before"))
        for number, (name, in_header, in_source, fine) in enumerate(CHANGES):
            said = differs(*before, *tiny(os.path.join(work, str(number)), in_header, in_source))
            if fine != (said is None):
                yield f"{name}: {'not found' if said is None else said}"


def build(source, folder):
    """Builds the shared library, with what a debugger needs; returns it and its headers."""
    for argv in (["cmake", "-S", source, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                  "-DDEVP2P_TESTS=OFF"], ["cmake", "--build", folder, "--target", "devp2p_shared"]):
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, "lib", "libdevp2p.so"), os.path.join(source, "include")


def last_of_our_soname(tags):
    """The newest of the tags whose library has our soname, or None."""
    versions = [tuple(map(int, m.groups())) for t in tags if (m := re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)", t))]
    ours = [v for v in versions if tree.soversion(v) == tree.soversion(tree.version())]
    return "v{}.{}.{}".format(*max(ours)) if ours else None


def unpack(tag):
    """A folder with the tree of a tag."""
    folder = os.path.join(WORK, tag)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    archive = subprocess.run(["git", "archive", tag], cwd=tree.ROOT, check=True, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    return folder


def main():
    complaints = list(seen_to_fail())
    tags = subprocess.run(["git", "tag", "--list"], cwd=tree.ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout
    tag = last_of_our_soname(tags.split())
    if tag:
        before = build(unpack(tag), os.path.join(WORK, tag, "build"))
        if said := differs(*before, *build(tree.ROOT, os.path.join(WORK, "now"))):
            complaints.append(f"not compatible with {tag}:\n{said}")
    print(f"abi: compared with {tag}" if tag else f"abi: no tag of libdevp2p.so.{tree.soversion(tree.version())} yet")
    tree.verdict("abi", complaints, len(CHANGES) + bool(tag))


main()
