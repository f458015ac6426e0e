#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""All tests: with sanitizers, the checks of a release build, the interop matrix; then
one line of totals.  What DEVP2P_REQUIRE names must not be missing: interop, a skipped
suite; clang, a build that seeds are compared with; socks5, the test of a real proxy."""

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

import tree

LOGS = os.path.join(tree.ROOT, "build", "interop", "logs")
JOBS = str(os.cpu_count())
# programs and libraries of the release build: what the checks look at
PARTS = ["devp2p_shared", "devp2p_static", "programs", "cpeer", "talk", "secret_time"]


def run(*argv, quiet=False):
    """Runs a command in the tree; it must succeed."""
    done = subprocess.run(argv, cwd=tree.ROOT, text=True, check=False,
                          stdout=subprocess.PIPE if quiet else None,
                          stderr=subprocess.STDOUT if quiet else None)
    if done.returncode:
        print(done.stdout or "", f"failed: {' '.join(argv)}", sep="")
        sys.exit(1)


def build(preset, *targets):
    run("cmake", "--preset", preset, quiet=True)
    run("cmake", "--build", "--preset", preset, *(["--target", *targets] if targets else []))


def ctest(preset, *which):
    """(passed, failed, skipped) of the tests of one build."""
    report = os.path.join(tree.ROOT, "build", f"{preset}-tests.xml")
    if os.path.exists(report):
        os.remove(report)
    subprocess.run(["ctest", "--preset", preset, "-j", JOBS, "--output-junit", report, *which],
                   cwd=tree.ROOT, check=False)
    suite = xml.parse(report).getroot()
    ran, failed = int(suite.get("tests")), int(suite.get("failures"))
    skipped = int(suite.get("skipped")) + int(suite.get("disabled"))
    for case in suite.iter("testcase"):
        if case.find("skipped") is not None:
            why = re.findall(r"^skipped: .*$", case.findtext("system-out") or "", re.M)
            print(f"{case.get('name')}: {why[-1] if why else 'skipped'}")
    return ran - failed - skipped, failed, skipped


def traces(logs):
    """(passed, failed, skipped) of the one look through what the matrix logged."""
    code = subprocess.run([sys.executable, "tools/traces.py", "--logs", logs], cwd=tree.ROOT, check=False).returncode
    return (0, 1, 0) if code else (1, 0, 0)


def interop(style, binaries):
    """(passed, failed, skipped) cells of the matrix, whose table is shown."""
    argv = [sys.executable, "test/interop/matrix.py", "--bin", binaries, "--out", "build/interop", "--style", style]
    print(f"\ninterop, handlers of the {style} style:", flush=True)
    matrix = subprocess.Popen(argv, cwd=tree.ROOT, text=True, stdout=subprocess.PIPE,
                              env={**os.environ, "DEVP2P_LOGS": LOGS})
    totals = None
    for line in matrix.stdout:
        print(line, end="", flush=True)
        totals = re.match(r"(\d+) passed, (\d+) failed, (\d+) skipped$", line) or totals
    code = matrix.wait()
    passed, failed, skipped = map(int, totals.groups()) if totals else (0, 0, 0)
    if code and not failed:
        # it was required and could not run
        failed, skipped = max(skipped, 1), 0
    return passed, failed, skipped


def main():
    began = time.monotonic()
    build("dev")
    build("release", *PARTS)
    # what the release is compared with: the build before this one, and clang's if there is one
    os.environ["DEVP2P_REQUIRE"] = ",".join(["dev", *filter(None, [os.environ.get("DEVP2P_REQUIRE")])])
    if os.path.exists(os.path.join(tree.ROOT, "build", "clang", "build.ninja")):
        build("clang", "devp2p_tool")
    parts = [("sanitized tests", ctest("dev", "-E", "^interop_")),
             ("release checks", ctest("release", "-L", "artefacts"))]
    run(sys.executable, "tools/traces.py", "--logs", LOGS, "--clear")
    # one style with sanitizers, the other as it is shipped
    parts += [("interop, run style, sanitized", interop("run", "build/dev/bin")),
              ("interop, events style, release", interop("events", "build/bin"))]
    parts += [("interop, keys in logs", traces(LOGS))]
    print(f"\n{time.monotonic() - began:.0f} s")
    for name, counts in parts:
        print(f"{name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    passed, failed, skipped = (sum(counts[i] for _, counts in parts) for i in range(3))
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
