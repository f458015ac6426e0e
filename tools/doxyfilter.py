#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""doxyfilter.py HEADER - a public header as doxygen wants to read it: its plain comments
become documentation of what stands below, or before, them; a comment that names several
declarations is that of each."""

import re
import sys

SECTIONS = {"Returns": ["\\return"], "Out": ["\\par Out", ""], "In": ["\\par In", ""], "Thread": ["\\par Thread", ""]}
DECLARED = re.compile(r"^(?:DEVP2P_API|typedef|struct|enum|#define)\b")
FUNCTION = re.compile(r"^DEVP2P_API\b[^(;]*?\b(devp2p_\w+)(?=\(|\[|;)")


def plain(text):
    """Words that doxygen must not take for commands."""
    return re.sub(r"([\\@<>#%])", r"\\\1", text)


def words(comment):
    """The lines of a comment without its stars."""
    body = re.sub(r"^/\*\s?|\s*\*/$", "", comment)
    return [re.sub(r"^\s*\* ?", "", line) for line in body.split("\n")]


def documentation(comment, void=False):
    out = []
    for line in words(comment):
        named = re.match(r"(Returns|Out|In|Thread):\s*(.*)", line)
        if named:
            # doxygen knows no return of a void function, whose comment may be about others too
            *title, start = ["\\par Returns", ""] if void and named.group(1) == "Returns" else SECTIONS[named.group(1)]
            out += ["", *title, f"{start} {plain(named.group(2))}".strip()]
        elif line.startswith("    "):
            # code and tables stay as they are
            out.append("    " + line if not out or out[-1].startswith("    ") or not out[-1].strip() else plain(line))
        else:
            out.append(plain(line.strip()))
    return "/** " + "\n * ".join(out) + " */"


def filtered(text):
    out, last = [], ""
    parts = re.split(r"(/\*.*?\*/)", text, flags=re.S)
    for i, part in enumerate(parts):
        if part.startswith("/* SPDX"):
            continue
        if part.startswith("/* devp2p/"):
            out.append("/** \\file\n * " + documentation(part)[4:])
        elif part.startswith("/* ---"):
            out.append(part)
        elif part.startswith("/*"):
            before = "".join(parts[:i]).rsplit("\n", 1)[-1].strip()
            if before and not before.startswith("/*"):
                out.append("/**< " + plain(" ".join(w.strip() for w in words(part))) + " */")
            elif DECLARED.match(parts[i + 1].lstrip("\n")) if i + 1 < len(parts) else False:
                out.append(documentation(part, bool(re.match(r"DEVP2P_API void devp2p", parts[i + 1].lstrip()))))
                last = part
            else:
                out.append(part)
        else:
            out.append(shared(part, last, bool(out) and out[-1].startswith("/** ")))
    return "".join(out)


def shared(code, comment, fresh):
    """Code in which functions that the last comment names too refer to its first one."""
    lines, first = [], None
    for line in code.split("\n"):
        found = FUNCTION.match(line)
        if found and fresh:
            first, fresh = found.group(1), False
        elif found and re.search(rf"\b{found.group(1)}\b", comment):
            first = first or re.search(r"\bdevp2p_\w+", comment).group(0)
            if first != found.group(1):
                lines.append(f"/** See {first}(). */")
        lines.append(line)
    return "\n".join(lines)


with open(sys.argv[1], encoding="utf-8") as header:
    print(filtered(header.read()), end="")
