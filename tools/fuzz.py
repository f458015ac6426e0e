#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fuzz.py --seconds N - runs every fuzz target for N seconds, one per core at a time.

Seeds come from test/corpus/x; what is found goes to build/fuzz/corpus/x, a crash to
build/fuzz/crash-x-*.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

import tree

BUILD = os.path.join(tree.ROOT, "build", "fuzz")


def fuzz(target, seconds):
    """(name, what it did, whether it is fine)"""
    name = os.path.basename(target)[:-len("_fuzz")]
    found, seeds = os.path.join(BUILD, "corpus", name), os.path.join(tree.ROOT, "test", "corpus", name)
    os.makedirs(found, exist_ok=True)
    argv = [target, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1",
            f"-artifact_prefix={BUILD}/crash-{name}-", found, seeds]
    run = subprocess.run(argv, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         check=False)
    executed = re.search(r"number_of_executed_units:\s*(\d+)", run.stdout)
    covered = re.findall(r"cov: (\d+)", run.stdout)
    said = re.findall(r"^reached: .*$", run.stdout, re.M)
    words = f"{executed.group(1) if executed else '?'} runs, {covered[-1] if covered else '?'} edges"
    words = "; ".join([words, *said[-1:]])
    if run.returncode:
        words += f"\n{run.stdout[-6000:]}"
    return name, words, run.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("target", nargs="*", help="only these")
    options = parser.parse_args()
    targets = [t for t in sorted(glob.glob(os.path.join(BUILD, "tests", "*_fuzz")))
               if not options.target or os.path.basename(t)[:-len("_fuzz")] in options.target]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, words, fine in pool.map(lambda t: fuzz(t, options.seconds), targets):
            print(f"{name}: {'' if fine else 'FAILED: '}{words}", flush=True)
            failed += not fine
    print(f"{len(targets) - failed} targets passed, {failed} failed")
    sys.exit(1 if failed or not targets else 0)


main()
