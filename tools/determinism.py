#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""determinism.py BUILD... - a seed is the same run everywhere.

What `devp2p sim run` says of a seed, its hash of every step above all, is compared
between the first build, which is the measure, and
- the other builds: other compilers, sanitizers;
- the first one as each kind of processor that this one can be, by DEVP2P_CPU;
- the first one again, and without address-space randomization: other layouts of memory.

A build is a folder; the last part of its name is what DEVP2P_REQUIRE calls it.  One
that is not there is passed over, unless DEVP2P_REQUIRE names it.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

import tree

# 20 seeds of all that can go wrong, and a few of what is busiest with threads and goodbyes.
RUNS = ([("mixed", seed, "30s") for seed in range(1, 21)] + [("churn", seed, "20s") for seed in range(1, 5)]
        + [("simultaneous-dials", seed, "10s") for seed in range(1, 5)])
# What the processor must say of itself in /proc/cpuinfo.
KINDS = {"generic": [], "bmi": ["bmi1", "bmi2", "aes"], "avx2": ["bmi1", "bmi2", "aes", "avx2"],
         "avx512": ["bmi1", "bmi2", "aes", "avx2", "avx512f", "avx512vl"],
         "vaes": ["bmi1", "bmi2", "aes", "avx2", "avx512f", "avx512vl", "avx512bw", "vaes"]}
PATIENCE = 120  # seconds; a machine may be busy


class Way:
    """One way to run a seed."""

    def __init__(self, name, build, env=None, before=()):
        self.name, self._env = name, env or {}
        self._argv = [*before, os.path.join(build, "bin", "devp2p"), "sim", "run"]

    def says(self, scenario, seed, time):
        """What is said of a seed, with the exit code when it is not 0."""
        env = {name: value for name, value in os.environ.items() if name != "DEVP2P_CPU"}
        done = subprocess.run([*self._argv, scenario, "--seed", str(seed), "--for", time], text=True, check=False,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**env, **self._env})
        return done.stdout + (f"exit code {done.returncode}\n" if done.returncode else "")


# --- what there is to compare ---

def builds(folders, missing):
    """The other builds; missing is told of those that are not there."""
    for folder in folders:
        if os.path.exists(os.path.join(folder, "bin", "devp2p")):
            yield Way(f"the {os.path.basename(folder)} build", folder)
        else:
            missing[os.path.basename(folder)] = f"no {os.path.relpath(folder, tree.ROOT)}/bin/devp2p"


def kinds(build, missing, complaints):
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        flags = set(f.read().split())
    names = re.findall(r'^ *\[DP_CPU_\w+\] = \{ "(\w+)"', tree.text("src/crypto/cpu.c"), re.M)
    if set(names) != set(KINDS):
        complaints.append(f"the kinds are {names}, not {list(KINDS)}")
    for name, wanted in KINDS.items():
        if flags.issuperset(wanted):
            yield Way(f"DEVP2P_CPU={name}", build, {"DEVP2P_CPU": name})
        else:
            missing[f"DEVP2P_CPU={name}"] = f"this processor has no {' and '.join(wanted)}"


def layouts(build, missing):
    with open("/proc/sys/kernel/randomize_va_space", encoding="utf-8") as f:
        if f.read().strip() == "0":
            missing["random layouts"] = "this system makes none"
    yield Way("another layout", build)
    fixed = subprocess.run(["setarch", "-R", "true"], check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True)
    if fixed.returncode:
        missing["setarch -R"] = fixed.stderr.strip()
    else:
        yield Way("setarch -R", build, before=["setarch", "-R"])


# --- the comparison ---

def hash_in(text):
    found = re.search(r"^trace (\w+)$", text, re.M)
    return found.group(1) if found else "no hash"


def compare(measure, ways):
    """Complaints about the ways that say another thing than the measure."""
    # the seeds of one way after those of another, so that a slow one keeps no core idle
    jobs = [(way, run) for way in [measure, *ways] for run in RUNS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = dict(zip(jobs, pool.map(lambda job: job[0].says(*job[1]), jobs)))
    for run in RUNS:
        scenario, seed, time = run
        about, wanted = f"{scenario} --seed {seed} --for {time}", said[measure, run]
        if "exit code" in wanted or hash_in(wanted) == "no hash":
            yield f"{about}: {measure.name}: {wanted}"
        for way in ways:
            got = said[way, run]
            if got != wanted:
                yield (f"{about}: {way.name}: {hash_in(got)}, {measure.name}: {hash_in(wanted)}"
                       + ("" if hash_in(got) != hash_in(wanted) else f"\n{got}not\n{wanted}"))


def main():
    first, *others = [os.path.abspath(folder) for folder in sys.argv[1:]]
    required = os.environ.get("DEVP2P_REQUIRE", "").split(",")
    missing, complaints = {}, []
    measure = Way("the first build", first)
    ways = [*builds(others, missing), *kinds(first, missing, complaints), *layouts(first, missing)]
    complaints += [f"{name} is required: {why}" for name, why in missing.items() if name in required]
    complaints += compare(measure, ways)
    print(f"{len(RUNS)} seeds, {measure.name} against: {', '.join(way.name for way in ways)}")
    for name, why in missing.items():
        print(f"not compared: {name}: {why}")
    tree.verdict("determinism", complaints, len(RUNS) * len(ways))


main()
