#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the public headers say of every function.

Above each declaration stands a comment that names it; one comment may stand above
several that follow each other.  In it
- "Thread:" says where the function may be called, unless the head of the header does for
  all of them;
- "Returns:" says what a function gives back that is not void; of an int that is 0 or a
  list of errors, each of which is in the lists of base.h;
- "Out:" names every parameter that the function fills in.
A time has its unit in its name.  Every function is used by a test, an example or the
tool, and has its row in the table of doc/THREADS.md.
"""

import re

import tree

OUT = re.compile(r"^(?:out|sent|full|ticket|remote|at|a|b|n|node|len)$")
HANDLE = re.compile(r"devp2p_sim_node \*")
TIME = re.compile(r"time|wait|delay|deadline|duration")
UNIT = re.compile(r"(?:_|^)(?:ms|ns|us|s)$")


class Function:
    """A declaration with the comment that it stands below."""

    def __init__(self, path, line, declaration, comment, head):
        self.path, self.line, self.comment, self.head = path, line, comment, head
        found = re.match(r"DEVP2P_API (?:DEVP2P_CHECK )?(.*?)(devp2p_\w+)\((.*)\)", declaration)
        self.type, self.name = found.group(1).strip(), found.group(2)
        self.params = [p.strip() for p in re.sub(r"\[[^]]*\]", "[]", found.group(3)).split(",")]

    def outputs(self):
        """Names of the parameters that it fills in."""
        for param in self.params:
            found = re.fullmatch(r"(.*?)(\w+)(\[\])?", param)
            if not found or "const" in found.group(1).split("*")[0]:
                continue
            pointer = found.group(1).count("*") + bool(found.group(3))
            if pointer and OUT.match(found.group(2)) and not HANDLE.fullmatch(found.group(1)):
                yield found.group(2)


def functions():
    for path in tree.files("include/*.h"):
        text, comment = tree.text(path), ""
        head = re.search(r"/\* devp2p/.*?\*/", text, re.S).group(0)
        for found in re.finditer(r"/\*.*?\*/|^DEVP2P_API\b[^;]*;|^(?:typedef|struct|enum)\b[^\n]*", text, re.S | re.M):
            piece = found.group(0)
            if piece.startswith("/*"):
                # a comment behind code is about that line
                if not text[text.rfind("\n", 0, found.start()) + 1:found.start()].strip():
                    comment = piece
            elif piece.startswith("DEVP2P_API"):
                yield Function(path, text.count("\n", 0, found.start()) + 1, " ".join(piece.split()), comment, head)
            else:
                comment = ""


def errors():
    """The names of base.h."""
    lists = re.findall(r"X\((\w+), -?\w+, \"", tree.text("include/devp2p/base.h"))
    return set(lists)


def about(f, known):
    """What is missing."""
    if not re.search(rf"\b{f.name}\b", f.comment):
        return ["no comment names it"]
    said = []
    if "Thread:" not in f.comment + f.head:
        said.append("no \"Thread:\"")
    if f.type != "void" and "Returns:" not in f.comment:
        said.append("no \"Returns:\"")
    for name in f.outputs():
        part = re.search(r"Out:(.*?)(?:\* +(?:In|Thread|Returns):|$)", f.comment, re.S)
        if not part or not re.search(rf"\b{name}\b", part.group(1)):
            said.append(f"\"Out:\" does not name {name}")
    returns = re.search(r"Returns:(.*?)(?:\* +(?:In|Out|Thread):|$)", f.comment, re.S)
    if f.type == "int" and returns and not re.search(r"\b0\b|\bas\b", returns.group(1)):
        said.append("\"Returns:\" says neither 0 nor \"as\" another")
    for word in re.findall(r"\b(?:ERR|DISC)_([A-Z0-9_]+)\b(?!\*)", f.comment):
        if word.rstrip("_") not in known and not word.endswith("_"):
            said.append(f"there is no error {word}")
    for param in f.params:
        found = re.fullmatch(r"uint(?:32|64)_t (\w+)", param)
        if found and TIME.search(found.group(1)) and not UNIT.search(found.group(1)):
            said.append(f"{found.group(1)} has no unit")
    return said


def main():
    known, found = errors(), list(functions())
    users = "\n".join(tree.text(p) for p in tree.files("src/*_test.c", "src/*_fuzz.c", "test/*.c", "test/*.h", "src/*_fixture.h",
                                                       "examples/*.c", "cli/*.c"))
    # the macros of the headers stand for functions
    joined = "\n".join(tree.text(p) for p in tree.files("include/*.h"))
    for macro, body in re.findall(r"^#define (devp2p_\w+)\(((?:[^\n]*\\\n)*[^\n]*)", joined, re.M):
        if re.search(rf"\b{macro}\b", users):
            users += body
    threads = tree.text("doc/THREADS.md")
    complaints = []
    for f in found:
        said = about(f, known)
        if not re.search(rf"\b{f.name}\b", users):
            said.append("no test, example or command uses it")
        if not re.search(rf"`{f.name}`", threads):
            said.append("not in the table of doc/THREADS.md")
        complaints += [f"{f.path}:{f.line}: {f.name}: {words}" for words in said]
    names = {f.name for f in found}
    complaints += [f"doc/THREADS.md: there is no {name}" for name in re.findall(r"`(devp2p_\w+)`", threads)
                   if name not in names]
    tree.verdict("docs", complaints, len(found))


main()
