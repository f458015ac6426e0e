# SPDX-License-Identifier: MIT
"""Shows build/bench.json: on the terminal, and in a document between two markers."""

import json
import os
import re
import sys

from harness import OUT, ROOT


def number(value, unit):
    if value is None:
        return "-"
    if unit == "ns":
        factor, unit = next((f, u) for f, u in ((1e6, "ms"), (1e3, "us"), (1, "ns")) if value >= 10 * f or f == 1)
        value /= factor
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
    words = {True: "yes", False: "no", None: "-"}[r["met"]] + (", moonshot" if r["moonshot_met"] else "")
    return f"{words}, beyond the bound" if r.get("beyond_bound") else words


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
    said += [f"{r['id']}: its target is beyond the bound of this run: {r['beyond_bound']}" for r in run
             if r.get("beyond_bound")]
    return said + [f"limit: {limit}" for limit in sorted({text for r in run for text in r.get("limits", ())})]


def show(rows):
    rows = [r for r in rows if "points" not in r]
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    for line in lines:
        print(line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:])), sep="  ")
    for note in notes(rows):
        print(note)


# --- documents ---

def markdown(result):
    m, rows = result["machine"], [r for r in result["rows"] if "points" not in r]
    features = " ".join(m["features"])
    text = [f"`make bench`, {m['cpu']}, {m['cpus']} cores ({features}), library's choice `{m['kernel_chosen']}`; "
            f"{m['system']} {m['kernel']}, {m['compiler']}, OpenSSL {m['libcrypto']}, libsecp256k1 {m['libsecp256k1']}, "
            f"libuv {m['libuv']}; {m['go']}, go-ethereum {m['go-ethereum']}; load {m['load']:.1f} at the start.", ""]
    text += ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    text += ["| " + " | ".join(("`" + c[0] + "`", *c[1:])) + " |" for c in map(cells, rows)]
    text += ["", "Of go-ethereum's two figures the first is with GOMAXPROCS 1, the second with 2; the better one is "
             "compared.", ""]
    text += [f"- {note}." for note in notes(rows)]
    text += ["", "What each row is:", ""] + [f"- `{r['id']}`: {r['what']}." for r in rows]
    return "\n".join(text)


# Rows of the README, with fewer words.
BRIEF = [
    ("frame_seal_100", "seal a frame of 100 B"),
    ("frame_open_1m", "open a frame of 1 MiB"),
    ("handshake_responder", "handshake, the side that answers"),
    ("rlp_decode", "decode a block of 28.7 kB into structs"),
    ("echo_100", "whole server: echo of 100 B, 100 connections, 16 on their way on each"),
    ("latency", "whole server: round trip of 100 B, one at a time, wall time"),
    ("bulk_8_tx", "whole server: send and take a byte of messages of 1 MiB, 8 connections"),
    ("broadcast_64", "whole server: broadcast 1 MiB to 64 peers"),
    ("accept", "whole server: from accept to session ready"),
    ("idle_10000", "whole server: keep an idle peer, of 10,000, a second"),
    ("memory_per_peer_10000", "own memory of an idle connected peer, of 10,000"),
]


def brief(result):
    """The table of the README: some rows."""
    m, rows = result["machine"], {r["id"]: r for r in result["rows"]}
    text = [f"`make bench` on {m['cpus']} cores of {m['cpu']} (shared, virtual), Keccak `{m['kernel_chosen']}`, CPU time "
            "where nothing else is said, medians of interleaved rounds; *bound* is what the machine needs at least, "
            f"measured in the same run, go-ethereum is {m['go-ethereum'].lstrip('v')}:", "",
            "| what | libdevp2p | bound | go-ethereum | ours / bound | times go-ethereum |", "|---|---|---|---|---|---|"]
    for name, what in BRIEF:
        r = rows.get(name)
        if r and "ours" in r:
            text.append(f"| {what} | {of(r['ours'], r['unit'])} | {of(r['bound'], r['unit'])} | {of(r['geth'], r['unit'])} | "
                        f"{ratio(r['ratio_bound'])} | {ratio(r['gain_geth'])} |")
    return "\n".join(text)


def replace(path, text, name):
    """Puts text between the markers <!-- name --> and <!-- /name --> of a document."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    with open(path, encoding="utf-8") as f:
        whole = f.read()
    new, n = re.subn(re.escape(begin) + ".*?" + re.escape(end), lambda _: f"{begin}\n{text}\n{end}", whole, flags=re.S)
    if n != 1:
        raise SystemExit(f"bench: {path} has no place for the {name}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(new)


def main():
    """table.py [--write]: shows the last run, or puts it into doc/PERFORMANCE.md and README.md too."""
    with open(OUT, encoding="ascii") as f:
        result = json.load(f)
    show(result["rows"])
    if sys.argv[1:] == ["--write"]:
        replace(os.path.join(ROOT, "doc", "PERFORMANCE.md"), markdown(result), "bench")
        replace(os.path.join(ROOT, "README.md"), brief(result), "bench")


if __name__ == "__main__":
    main()
