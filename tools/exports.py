#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""exports.py LIBRARY.so LIBRARY.a - what the libraries show and need."""

import re
import subprocess
import sys

import tree

NEEDED = re.compile(r"lib(crypto|secp256k1|snappy|uv|c|m|pthread|stdc\+\+|gcc_s)\.so|ld-linux")
MUST_NEED = ["libcrypto", "libsecp256k1", "libsnappy", "libuv"]


def lines(*argv):
    return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()


def symbols(*argv):
    return {line.split()[0] for line in lines("nm", "-P", "-g", "--defined-only", *argv) if len(line.split()) > 1}


def declared():
    """What the public headers promise."""
    text = "\n".join(tree.text(p) for p in tree.files("include/*.h"))
    found = re.findall(r"^DEVP2P_API\b[^;(]*?\b(devp2p_\w+)(?=\(|\[|;)", text, re.M)
    return set(found)


def main():
    shared, static = sys.argv[1:]
    exported, promised, inner = symbols("-D", shared), declared(), symbols(static)
    complaints = [f"exported without the prefix devp2p_: {s}" for s in sorted(exported) if not s.startswith("devp2p_")]
    complaints += [f"exported but in no public header: {s}" for s in sorted(exported - promised)
                   if s.startswith("devp2p_")]
    complaints += [f"declared but not exported: {s}" for s in sorted(promised - exported)]
    complaints += [f"global without devp2p_ or dp_: {s}" for s in sorted(inner)
                   if not s.startswith(("devp2p_", "dp_"))]

    dynamic = "\n".join(lines("readelf", "-dW", shared))
    needs = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    complaints += [f"needs {n}" for n in needs if not NEEDED.match(n)]
    complaints += [f"does not need {n}" for n in MUST_NEED if not any(n in need for need in needs)]
    if "TEXTREL" in dynamic:
        complaints.append("has text relocations")
    if not re.search(r"BIND_NOW|FLAGS_1.*NOW", dynamic):
        complaints.append("binds lazily")
    segments = "\n".join(lines("readelf", "-lW", shared))
    if "GNU_RELRO" not in segments:
        complaints.append("no RELRO")
    if re.search(r"GNU_STACK.*E\b", segments):
        complaints.append("executable stack")
    tree.verdict("exports", complaints, len(exported))


main()
