# SPDX-License-Identifier: MIT
"""Shows build/bench.json: on the terminal, and in a document between two markers."""

import json
import os
import re
import sys

from harness import OUT, ROOT

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def number(value, unit):
    if value is None:
        return "-"
    for bigger, factor in (("us", 1e3), ("ms", 1e6)) if unit == "ns" else ():
        if value >= 10 * factor:
            unit, value = bigger, value / factor
            break
    if unit == "ns" and value >= 10_000_000:
        value, unit = value / 1e6, "ms"
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f} {unit}"


def of(part, unit):
    return number(part["median"], unit) if part else "-"


def spread(part):
    """How far the rounds lie apart, in percent of the median."""
    return f"{(part['max'] - part['min']) / part['median'] * 100:.0f} %" if part["median"] else "-"


def aim(target, unit):
    words = {"ratio_bound": lambda v: f"<= {v:g} x bound", "gain_geth": lambda v: f">= {v:g} x geth",
             "median": lambda v: f"<= {number(v, unit)}"}
    return ", ".join(words[key](value) for key, value in (target or {}).items()) or "-"


def ratio(value):
    return "-" if value is None else f"{value:.2f}"


def verdict(r):
    if r["met"] is False and r.get("unreachable"):
        return "unreachable"
    return {True: "yes", False: "no", None: "-"}[r["met"]] + (", moonshot" if r["moonshot_met"] else "")


HEAD = ("row", "ours", "spread", "bound", "geth", "ours/bound", "times geth", "target", "moonshot", "met")


def cells(r):
    if "not_run" in r:
        return (r["id"], r["not_run"], *["-"] * (len(HEAD) - 2))
    unit = r["unit"]
    geth = r.get("geth_by_procs")
    theirs = " / ".join(of(geth[n], unit) for n in sorted(geth)) if geth else of(r["geth"], unit)
    return (r["id"], of(r["ours"], unit), spread(r["ours"]), of(r["bound"], unit), theirs, ratio(r["ratio_bound"]),
            ratio(r["gain_geth"]), aim(r["target"], unit), aim(r["moonshot"], unit), verdict(r))


def notes(rows):
    """What has to be said beside the table."""
    run = [r for r in rows if "not_run" not in r]
    said = [f"no go-ethereum beside it: {why}" for why in sorted({r["geth_why"] for r in run if r.get("geth_why")})]
    said += [f"{r['id']} cannot be reached here: {r['unreachable']}" for r in run if r.get("unreachable")]
    return said + [f"limit: {limit}" for limit in sorted({text for r in run for text in r.get("limits", ())})]


def show(rows):
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    for line in lines:
        print(line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:])), sep="  ")
    for note in notes(rows):
        print(note)


# --- documents ---

def markdown(result):
    m, rows = result["machine"], result["rows"]
    features = " ".join(m["features"])
    text = [f"`make bench`, {m['cpu']}, {m['cpus']} cores ({features}), library's choice `{m['kernel_chosen']}`; "
            f"{m['system']} {m['kernel']}, {m['compiler']}, OpenSSL {m['libcrypto']}, libsecp256k1 {m['libsecp256k1']}, "
            f"libuv {m['libuv']}; {m['go']}, go-ethereum {m['go-ethereum']}; load {m['load']:.1f} at the start.", ""]
    text += ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    text += ["| " + " | ".join(("`" + c[0] + "`", *c[1:])) + " |" for c in map(cells, rows)]
    text += ["", "Of go-ethereum's two figures the first is with GOMAXPROCS 1, the second with 2; the better one is "
             "compared.", ""]
    text += [f"- {note[0].upper()}{note[1:]}." for note in notes(rows)]
    text += ["", "What each row is:", ""] + [f"- `{r['id']}`: {r['what']}." for r in rows]
    return "\n".join(text)


def replace(path, text):
    """Puts text between the markers of a document."""
    with open(path, encoding="utf-8") as f:
        whole = f.read()
    new, n = re.subn(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n{text}\n{END}", whole, flags=re.S)
    if n != 1:
        raise SystemExit(f"bench: {path} has no place for the table")
    with open(path, "w", encoding="utf-8") as f:
        f.write(new)


def main():
    """table.py [--write]: shows the last run, or puts it into doc/PERFORMANCE.md too."""
    with open(OUT, encoding="ascii") as f:
        result = json.load(f)
    show(result["rows"])
    if sys.argv[1:] == ["--write"]:
        replace(os.path.join(ROOT, "doc", "PERFORMANCE.md"), markdown(result))


if __name__ == "__main__":
    main()
