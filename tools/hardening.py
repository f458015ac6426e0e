#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hardening.py LIBRARY.so LIBRARY.a PROGRAM... - what the compiler and the linker were
asked to do against attackers, read back from what they made.

Before it looks, it compiles a small program without each of the measures and requires
that the same questions find it out; so a question that sees nothing fails.
"""

import os
import re
import subprocess
import sys
import tempfile

import elf
import tree

X86 = os.uname().machine == "x86_64"
PAGE = 4096


def notes_and_stacks(path):
    """(member, is marked for -fcf-protection, has a stack that may run) of each object."""
    sections = elf.output("readelf", "-SnW", path)
    for part in re.split(r"^File: ", sections, flags=re.M)[1:] or [path + "\n" + sections]:
        stack = re.search(r"\.note\.GNU-stack +\S+ +\S+ +\S+ +\S+ +\S+ +([A-Z]*)", part)
        yield (os.path.basename(part.split("\n", 1)[0]), bool(re.search(r"\bIBT, SHSTK\b", part)),
               not stack or "X" in stack.group(1))


def steps_of_stack(path):
    """How far each function moves the stack at once, in bytes."""
    code = elf.output("objdump", "-d", "--no-show-raw-insn", path)
    return [int(n, 16) for n in re.findall(r"\bsubq? +\$0x([0-9a-f]{1,8}),%rsp", code)]


def of_objects(path):
    """Complaints about an object, or each in an archive."""
    for member, marked, runs in notes_and_stacks(path):
        if runs:
            yield f"{member}: executable stack"
        if X86 and not marked:
            yield f"{member}: not marked for indirect branch tracking and a shadow stack"
    asked = elf.names(path, "-u")
    if "__stack_chk_fail" not in asked:
        yield "no stack protector"
    if not any(re.match(r"__\w+_chk$", name) for name in asked):
        yield "not fortified"
    if X86 and (far := [n for n in steps_of_stack(path) if n > PAGE]):
        yield f"no protection from stack clashes: the stack moves {max(far)} bytes at once"


def of_linked(path, program):
    """Complaints about a library or a program."""
    segments = elf.output("readelf", "-lW", path)
    flags = elf.dynamic(path, "FLAGS_1")
    if "GNU_RELRO" not in segments:
        yield "no RELRO"
    if not any("NOW" in f.split() for f in flags):
        yield "binds lazily"
    if not re.search(r"GNU_STACK +(?:0x\w+ +)+RW +", segments):
        yield "executable stack"
    if elf.dynamic(path, "TEXTREL") or any("TEXTREL" in f for f in elf.dynamic(path, "FLAGS")):
        yield "has text relocations"
    if program and not any("PIE" in f.split() for f in flags):
        yield "not position-independent"


TINY = """#include <string.h>
void tiny(char *out, const char *in, unsigned n);
static void (*volatile later)(char *, const char *, unsigned) = tiny;
void tiny(char *out, const char *in, unsigned n)
{
    char copy[20000];
    memcpy(copy, in, n);
    memcpy(out, copy, n);
}
int main(int argc, char **argv)
{
    char out[64];
    later(out, argv[0], (unsigned)argc);
    return out[0] == 'x';
}
"""
SOUND = ["-O2", "-fPIE", "-fstack-protector-strong", "-fstack-clash-protection", "-U_FORTIFY_SOURCE",
         "-D_FORTIFY_SOURCE=2", *(["-fcf-protection"] if X86 else [])]
LINKED = ["-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"]
# Without a measure: what is compiled and linked instead, and what must be said of it.
WEAK = [
    ([], [], None),
    (["-fno-stack-protector"], [], "no stack protector"),
    (["-U_FORTIFY_SOURCE"], [], "not fortified"),
    ([], ["-Wl,-z,norelro"], "no RELRO"),
    ([], ["-Wl,-z,lazy"], "binds lazily"),
    ([], ["-Wl,-z,execstack"], "executable stack"),
    (["-Wa,--execstack"], [], "tiny.o: executable stack"),
    (["-fno-pie"], ["-no-pie"], "not position-independent"),
] + ([
    (["-fno-pie", "-mcmodel=large"], ["-pie", "-Wl,-z,notext"], "has text relocations"),
    (["-fno-stack-clash-protection"], [], "no protection from stack clashes"),
    (["-fcf-protection=none"], [], "tiny.o: not marked"),
] if X86 else [])


def seen_to_fail():
    """Complaints about the questions themselves."""
    with tempfile.TemporaryDirectory() as work:
        source, obj, program = (os.path.join(work, name) for name in ("tiny.c", "tiny.o", "tiny"))
        with open(source, "w", encoding="utf-8") as f:
            f.write(TINY)
        for compiled, linked, says in WEAK:
            subprocess.run(["cc", *SOUND, *compiled, "-w", "-c", source, "-o", obj], check=True)
            subprocess.run(["cc", *LINKED, *linked, "-w", obj, "-o", program], check=True, stderr=subprocess.DEVNULL)
            said = [*of_objects(obj), *of_linked(program, program=True)]
            if says is None and said or says and not any(s.startswith(says) for s in said):
                yield f"a program made with {' '.join(compiled + linked) or 'all measures'} is found to be: {said}"


def main():
    shared, static, *programs = sys.argv[1:]
    complaints = [*seen_to_fail(), *(f"archive: {why}" for why in of_objects(static))]
    for path in [shared, *programs]:
        complaints += [f"{os.path.basename(path)}: {why}" for why in of_linked(path, path in programs)]
    tree.verdict("hardening", complaints, len(WEAK) + len(list(notes_and_stacks(static))) + 1 + len(programs))


main()
