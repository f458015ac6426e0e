#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""man.py BIN PAGES - the manual pages, of which some are made in the folder PAGES: they
are sound, and say what the tool, the headers and the example say."""

import os
import re
import shutil
import subprocess
import sys

from tool import ROOT, commands, equal, must, play, tree

PAGES = {name: os.path.join(folder, name) for folder, name in [
    (os.path.join(ROOT, "man"), "devp2p.1"), (sys.argv[2], "libdevp2p.3"), (sys.argv[2], "devp2p_errors.7")]}


def source(name):
    with open(PAGES[name], encoding="utf-8") as f:
        return f.read()


def shown(name):
    """A page as a terminal shows it, without bold and underlined letters."""
    text = subprocess.run(["mandoc", "-T", "ascii", PAGES[name]], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return re.sub(".\b", "", text)


# --- the cases ---

def nothing_to_complain_of(folder):
    """At every level; mandoc looks for the pages they refer to where it is started."""
    for path in PAGES.values():
        shutil.copy(path, folder)
    for name in PAGES:
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "all", name], cwd=folder, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        equal(f"mandoc on {name}", (lint.returncode, lint.stdout), (0, ""))


def every_command(_folder):
    """devp2p(1) has an entry for each command that help knows, and for no other; its
    options and their defaults stand there."""
    parts = re.split(r"^(?:\.It (?:Xo\n\.)?Nm Cm )([a-z -]+?)(?= [A-Z]|$)", source("devp2p.1"), flags=re.M)
    entries = dict(zip(parts[1::2], parts[2::2]))
    wanted = {" ".join(path): text for path, text in commands() if "\nCommands:\n" not in text}
    equal("the commands", sorted(entries), sorted(wanted))
    for path, text in wanted.items():
        for name, rest in re.findall(r"^  --([\w-]+)(.*)$", text, re.M):
            if name in ("help", "version"):
                continue
            about = re.search(rf"^\.It Fl -{name}(?: .*)?\n((?:.*\n)+?)(?=\.It|\.El)", entries[path], re.M)
            must(about and re.search(rf" Fl -{name}[ \n]", entries[path].split("\n.Bl")[0]),
                 f"{path}: nothing about --{name}")
            for preset in re.findall(r"\((.+)\)$", rest):
                must(f"{preset} by default" in about.group(1), f"{path} --{name}: {preset} is not told")


def every_error(_folder):
    """devp2p_errors(7) has every code of base.h, in order, with its words."""
    wanted = []
    for kind, rows in re.findall(r"#define DEVP2P_(ERROR|DISC_REASON)S\(X\)((?:.*\\\n)+.*\n)",
                                 tree.text("include/devp2p/base.h")):
        rows = re.findall(r'X\((\w+), (-?\w+), "(.*?)"\)', rows)
        wanted += [(f"DEVP2P_{kind[:4].rstrip('O')}_{name}", code, words) for name, code, words in rows]
    must(len(wanted) > 50, f"only {len(wanted)} codes in base.h")
    equal("the list", re.findall(r"^ +(DEVP2P_\w+) \((.*)\)\n +(.*)$", shown("devp2p_errors.7"), re.M), wanted)


def headers_and_example(_folder):
    """libdevp2p(3) lists the headers and shows the example as it is."""
    text = shown("libdevp2p.3")
    headers = [h[len("include/"):] for h in tree.files("include/devp2p/*.h") if not h.endswith("_detail.h")]
    equal("the headers", re.findall(r"^ +<(\S+)>$", text, re.M), headers)
    lines = [line and line[5:] for line in text.split("\n")]
    must(tree.text("examples/foobar.c") in "\n".join(lines), "the example is not examples/foobar.c")


def names_that_exist(_folder):
    """What the pages name, the headers declare."""
    declared = "".join(tree.text(h) for h in tree.files("include/devp2p/*.h"))
    declared = re.sub(r"\bX\((\w+), ", r"DEVP2P_ERR_\1 DEVP2P_DISC_\1 ", declared)
    names = [n for page in PAGES for n in re.findall(r"^\.(?:Fn|Vt|Dv|Fa) (\w+)", source(page), re.M)]
    must(len(names) > 20, f"only {names}")
    equal("names that no header has", [n for n in names if not re.search(rf"\b{n}", declared)], [])


play("man", [nothing_to_complain_of, every_command, every_error, headers_and_example, names_that_exist])
