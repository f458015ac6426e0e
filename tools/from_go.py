#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What doc/FROM-GO.md says of each name that go-ethereum's packages export.

tools/go_names.txt lists the names.  Each has one row, in the table of its type or package,
and each row is about one of them: marked as new or old if 1.9.12 or the current version
has not got it.  A row names what is ours, which the public headers declare, or says in
its remark that there is none, or what it comes with.
"""

import re

import tree

NAMES, PAGE = "tools/go_names.txt", "doc/FROM-GO.md"
PLAIN = "Functions, types, constants of `p2p`"
ABSENT = re.compile(r"\b(?:none|comes with|ask)\b")


def wanted():
    """name -> "", "old" or "new"."""
    lines = [line.split() for line in tree.text(NAMES).splitlines() if not line.startswith("#")]
    return {line[0]: "".join(line[1:]) for line in lines}


def tables():
    """(line, name, ours, remark) of each row; a heading says whose names they are."""
    scope = None
    for at, line in enumerate(tree.text(PAGE).splitlines(), 1):
        if line.startswith("#"):
            heading = line.lstrip("# ")
            scope = "p2p." if heading == PLAIN else None
            if re.fullmatch(r"`[\w.]+`", heading) and line.startswith("### "):
                scope = heading.strip("`") + "."
            continue
        row = re.fullmatch(r"\| `([\w.]+)` \| (.*?) ?\| (.*?) ?\|", line)
        if scope and row:
            yield at, scope + row.group(1), row.group(2), row.group(3)


def about(mark, ours, remark, declared):
    """What is wrong with a row."""
    marked = re.match(r"(new|old)\b", remark)
    if (marked.group(1) if marked else "") != mark:
        yield f"the remark begins with \"{mark}\"" if mark else "it is neither new nor old"
    names = re.findall(r"`([^`]+)`", ours)
    if not names and not ABSENT.search(remark):
        yield "there is nothing of ours, and the remark does not say so"
    for name in names:
        for word in re.findall(r"\w+", name.replace("_*", "_")):
            if not re.search(rf"\b{word}", declared):
                yield f"no header has {name}"


def main():
    known, complaints, seen = wanted(), [], set()
    declared = "\n".join(tree.text(p) for p in tree.files("include/devp2p/*.h"))
    declared = re.sub(r"\bX\((\w+), ", r"DEVP2P_ERR_\1 DEVP2P_DISC_\1 ", declared)
    for at, name, ours, remark in tables():
        where = f"{PAGE}:{at}: {name}: "
        if name not in known:
            complaints.append(where + f"it is not in {NAMES}")
            continue
        if name in seen:
            complaints.append(where + "it has a row already")
        seen.add(name)
        complaints += [where + words for words in about(known[name], ours, remark, declared)]
    complaints += [f"{PAGE}: nothing about {name}" for name in sorted(set(known) - seen)]
    tree.verdict("from_go", complaints, len(known))


main()
