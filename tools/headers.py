#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header compiles alone as C11 and as C++17, with every compiler that is
here; each internal one alone as C11."""

import os
import shutil
import subprocess

import tree

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wundef", "-Werror"]


def compilers(names):
    """Those that are here; one program under two names counts once."""
    found = {}
    for name in names:
        if path := shutil.which(name):
            found.setdefault(os.path.realpath(path), name)
    return list(found.values())


def compile_alone(argv, header):
    """None, or the first line that the compiler says."""
    run = subprocess.run([*argv, *WARNINGS, "-fsyntax-only", "-"], input=f"#include <{header}>\n", text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    errors = [line for line in run.stdout.splitlines() if "error" in line] or run.stdout.splitlines()
    return errors[0] if run.returncode else None


def main():
    include, src = os.path.join(tree.ROOT, "include"), os.path.join(tree.ROOT, "src")
    c, cxx = compilers(["gcc", "clang", "cc"]), compilers(["g++", "clang++", "c++"])
    ways = [[name, "-std=c11", "-xc"] for name in c] + [[name, "-std=c++17", "-xc++"] for name in cxx]
    complaints = [] if c and cxx else ["no C compiler, or no C++ compiler"]
    done = 0
    for path in tree.files("include/*.h"):
        for way in ways:
            done += 1
            if why := compile_alone([*way, f"-I{include}"], path[len("include/"):]):
                complaints.append(f"{path}: {way[0]} {way[1]}: {why}")
    inner = [c[0], "-std=c11", "-D_DEFAULT_SOURCE", "-xc", f"-I{include}", f"-I{src}",
             f"-I{tree.ROOT}/test", f"-I{tree.ROOT}"]
    for path in tree.files("src/*.h", "cli/*.h"):
        done += 1
        if why := compile_alone(inner, path):
            complaints.append(f"{path}: {why}")
    tree.verdict("headers", complaints, done)


main()
