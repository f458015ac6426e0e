# SPDX-License-Identifier: MIT
"""What all rows use: programs that answer lines, rounds, rows, the machine."""

import atexit
import json
import os
import platform
import random
import re
import resource
import select
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build", "bin")
OUT = os.path.join(ROOT, "build", "bench.json")
DATA = os.path.join(ROOT, "build", "bench")
GETH = "v1.17.5"
ROUNDS = 7

sys.path.insert(0, os.path.join(ROOT, "test", "interop"))
import gobuild  # noqa: E402


# --- programs ---

def ours(name):
    """The path of a C program of bench/."""
    return os.path.join(BIN, f"bench_{name}")


class Program:
    """A bench program: a line in, a line out.  nice: it yields to what is measured."""

    running = []

    def __init__(self, *argv, env=None, nice=0):
        self.argv = ["nice", "-n", str(nice), *argv] if nice else list(argv)
        self.process = subprocess.Popen(self.argv, env={**os.environ, **(env or {})}, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        self.rest = b""
        Program.running.append(self.process)

    def fail(self, why):
        raise SystemExit(f"bench: {' '.join(self.argv)} {why}")

    def line(self, timeout=120):
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], timeout)[0]:
                self.fail(f"has not answered for {timeout} s")
            some = os.read(self.process.stdout.fileno(), 4096)
            if not some:
                self.fail("ended early")
            self.rest += some
        text, self.rest = self.rest.split(b"\n", 1)
        return text.decode().strip()

    def say(self, what):
        self.process.stdin.write(what.encode() + b"\n")

    def ask(self, what):
        self.say(what)
        return self.line()

    def numbers(self, what):
        return [int(n) for n in self.ask(what).split()]

    def end(self):
        self.process.stdin.close()
        if self.process.wait(timeout=60):
            self.fail("failed")
        self.process.stdout.close()
        Program.running.remove(self.process)


@atexit.register
def leave_nothing_behind():
    for process in Program.running:
        process.kill()


def once(*argv, ask):
    """One answer of a program."""
    program = Program(*argv)
    answer = program.ask(ask)
    program.end()
    return answer


def geth_program(geth, procs, *argv, gc=400):
    """go-ethereum's program on so many cores.  A node of the real network has a large heap and
    collects rarely; so GOGC is 400, not 100, except where memory is measured."""
    return Program(geth, *argv, env={"GOMAXPROCS": str(procs), "GOGC": str(gc)})


def build_programs():
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", "benches"]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def build():
    """Builds the C programs and the payloads; returns go-ethereum's program, or None and why."""
    build_programs()
    payloads()
    out = os.path.join(BIN, "bench_geth")
    try:
        gobuild.build_package(os.path.join(ROOT, "bench", "geth"), ".", out)
    except gobuild.Unavailable as why:
        return None, str(why)
    return out, None


# --- payloads: the same bytes for everybody ---

PAYLOADS = {"random": os.path.join(DATA, "random"), "tx": os.path.join(DATA, "tx")}
PAYLOAD_BYTES = 1 << 24


def transactions(rand, size):
    """Bytes like those of many transactions: a third of them compresses away."""
    tokens = [rand.randbytes(20) for _ in range(200)]
    out = bytearray()
    while len(out) < size:
        call = bytes.fromhex("a9059cbb") + bytes(12) + rand.randbytes(20) + bytes(24) + rand.randbytes(8)
        data = b"\xb8\x44" + call if rand.random() < 0.4 else b"\x80"
        fields = (b"\x82" + rand.randbytes(2) + b"\x85\x04\xa8\x17\xc8" + rand.randbytes(1) + b"\x83\x01\x5f\x90\x94" +
                  rand.choice(tokens) + b"\x88" + rand.randbytes(8) + data + b"\x25\xa0" + rand.randbytes(32) +
                  b"\xa0" + rand.randbytes(32))
        out += b"\xf8" + bytes([len(fields)]) + fields
    return bytes(out[:size])


def payloads():
    os.makedirs(DATA, exist_ok=True)
    if all(os.path.exists(path) and os.path.getsize(path) == PAYLOAD_BYTES for path in PAYLOADS.values()):
        return
    rand = random.Random(1)
    some = transactions(rand, 1 << 20)
    for path, data in ((PAYLOADS["random"], rand.randbytes(PAYLOAD_BYTES)),
                       (PAYLOADS["tx"], some * (PAYLOAD_BYTES // len(some)))):
        with open(path, "wb") as f:
            f.write(data)


# --- rows ---

def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": len(values)}


def middle(values):
    return statistics.median(values) if values else None


def row(name, what, unit, values, *, bound=None, geth=None, target=None, moonshot=None, better="less",
        bound_why="nothing to measure it against", geth_why=None, limits=(), floor=None, more=None):
    """One row of figures.

    values, bound: one figure a round.  geth: the same, or a dict of them by GOMAXPROCS: the best one
    counts.  target and moonshot say the most that ratio_bound (ours/bound) and median may be, and the
    least that gain_geth (how many times better than go-ethereum) may be.  floor: what no implementation
    can do without here (or, where more is better, cannot exceed), as the run measured it, if that is not
    the bound.  more: figures beside these."""
    by_procs = {n: v for n, v in geth.items() if v} if isinstance(geth, dict) else {}
    if by_procs:
        pick = min if better == "less" else max
        geth = pick(by_procs.values(), key=statistics.median)
    def ratio(other, up=False):
        if not other:
            return None
        pairs = list(zip(values, other)) if len(values) == len(other) else [(middle(values), middle(other))]
        return statistics.median((b / a if up else a / b) for a, b in pairs)
    result = {
        "id": name, "what": what, "unit": unit, "better": better, "ours": summary(values),
        "bound": summary(bound) if bound else None, "geth": summary(geth) if geth else None,
        "ratio_bound": ratio(bound), "ratio_geth": ratio(geth),
        "gain_geth": ratio(geth, up=better == "less"), "target": target or None, "moonshot": moonshot or None,
    }
    if by_procs:
        result["geth_by_procs"] = {n: summary(v) for n, v in by_procs.items()}
    result["met"] = reached(result, target)
    result["moonshot_met"] = reached(result, moonshot)
    if result["met"] is False:
        result["beyond_bound"] = beyond_bound(result, target, floor if floor is not None else middle(bound))
    for key, value in (("bound_why", None if bound else bound_why), ("geth_why", None if geth else geth_why),
                       ("limits", list(limits)), ("more", more)):
        if value:
            result[key] = value
    return result


def reached(result, target):
    """True or False; None without a target, or without what it is compared with."""
    if not target:
        return None
    have = {"ratio_bound": result["ratio_bound"], "median": result["ours"]["median"], "gain_geth": result["gain_geth"]}
    if any(have[key] is None for key in target):
        return None
    return all(have[key] >= value if key == "gain_geth" else have[key] <= value for key, value in target.items())


def beyond_bound(result, target, floor):
    """The arithmetic by which the bound of this run shows that the target cannot be reached; None: it does not."""
    if not floor:
        return None
    unit, up = result["unit"], result["better"] == "more"
    if "gain_geth" in target and result["geth"]:
        theirs = result["geth"]["median"]
        a, b = (("bound", floor), ("go-ethereum", theirs)) if up else (("go-ethereum", theirs), ("bound", floor))
        if a[1] / b[1] < target["gain_geth"]:
            return (f"{a[0]} {a[1]:,.1f} {unit} / {b[0]} {b[1]:,.1f} {unit} = {a[1] / b[1]:.2f} "
                    f"is below {target['gain_geth']:g}")
    if up:
        return None
    if "median" in target and floor > target["median"]:
        return f"the bound is {floor:,.1f} {unit}, above {target['median']:,g} {unit}"
    if "ratio_bound" in target and floor / result["bound"]["median"] > target["ratio_bound"]:
        return (f"what it cannot do without is {floor:,.1f} {unit}, {floor / result['bound']['median']:.2f} times "
                f"{result['bound']['median']:,.1f} {unit}, above {target['ratio_bound']:g}")
    return None


def missing(name, what, why):
    """A row that could not be measured here."""
    return {"id": name, "what": what, "not_run": why}


# --- the machine ---

def first_line(*argv):
    if not shutil.which(argv[0]):
        return None
    return subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False).stdout.split("\n")[0].strip()


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        info = f.read()
    def field(name):
        found = re.search(rf"^{name}\s*: (.*)$", info, re.M)
        return found.group(1) if found else None
    flags = (field("flags") or field("Features") or "").split()
    names = ("aes", "vaes", "pclmulqdq", "sha_ni", "bmi1", "bmi2", "adx", "avx2", "avx512f", "avx512vl",
             "avx512ifma", "gfni", "hypervisor", "sha3")
    return {
        "cpu": field("model name"), "cpus": os.cpu_count(), "features": [n for n in names if n in flags],
        "kernel_chosen": once(ours("parts"), PAYLOADS["tx"], ask="cpu"), "forced": os.environ.get("DEVP2P_CPU"),
        "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "system": platform.system(), "kernel": platform.release(), "arch": platform.machine(),
        "compiler": first_line("cc", "--version"), "build": "release, -O2",
        "libcrypto": first_line("pkg-config", "--modversion", "libcrypto"),
        "libsecp256k1": first_line("pkg-config", "--modversion", "libsecp256k1"),
        "libuv": first_line("pkg-config", "--modversion", "libuv"),
        "go": first_line("go", "version"), "go-ethereum": GETH,
        "load": os.getloadavg()[0],
    }


def write(result):
    """Puts the rows into build/bench.json; those of an earlier run that were not run now stay."""
    if os.path.exists(OUT) and result["only"]:
        with open(OUT, encoding="ascii") as f:
            before = json.load(f)["rows"]
        new = {r["id"]: r for r in result["rows"]}
        result["rows"] = [new.pop(r["id"], r) for r in before] + list(new.values())
    with open(OUT, "w", encoding="ascii") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
