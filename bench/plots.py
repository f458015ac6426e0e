#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the curves of build/bench.json as SVG into doc/figures ("make bench-plots")."""

import json
import math
import os

from harness import OUT, ROOT

FOLDER = os.path.join(ROOT, "doc", "figures")
WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 78, 130, 40, 48
COLOURS = ["#0b6e99", "#c0504d", "#6a994e"]
STYLE = "font-family:sans-serif;font-size:12px;fill:#333"


def short(value):
    if value >= 1024 and value % 1024 == 0:
        return f"{value // 1024:g} KiB" if value < 1 << 20 else f"{value / (1 << 20):g} MiB"
    for unit, factor in (("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:g}{unit}"
    return f"{value:g}"


def ticks(low, high):
    """1, 2 and 5 of each power of ten; powers alone when that is plenty."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1,) if len(powers) > 4 else (1, 2, 5)
    return [m * 10.0 ** p for p in powers for m in steps if low <= m * 10.0 ** p <= high]


class Axis:
    """A logarithmic scale from values to pixels."""

    def __init__(self, values, start, end):
        self.low, self.high = min(values) / 1.15, max(values) * 1.15
        self.start, self.end = start, end

    def at(self, value):
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + part * (self.end - self.start)


def text(x, y, words, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{STYLE}"{more}>{words}</text>'


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def chart(row):
    """The SVG of one curve; both axes are logarithmic."""
    series = row["points"]
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_axis, y_axis = Axis(xs, LEFT, WIDTH - RIGHT), Axis(ys, HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}">', '<rect width="100%" height="100%" fill="#fff"/>',
           text(LEFT, 20, row["what"], "start")]
    for y in ticks(y_axis.low, y_axis.high):
        out += [line(LEFT, y_axis.at(y), WIDTH - RIGHT, y_axis.at(y), "#ddd"),
                text(LEFT - 6, y_axis.at(y) + 4, short(y), "end")]
    for x in sorted(set(xs)):
        out += [line(x_axis.at(x), HEIGHT - BOTTOM, x_axis.at(x), HEIGHT - BOTTOM + 5, "#888"),
                text(x_axis.at(x), HEIGHT - BOTTOM + 18, short(x))]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out += [line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "#888"),
            text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, row["x"]),
            text(18, middle, row["y"], more=f' transform="rotate(-90 18 {middle:.1f})"')]
    taken = []  # where names stand already
    for (name, points), colour in zip(series.items(), COLOURS):
        places = [(x_axis.at(x), y_axis.at(y)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        beside = places[-1][1] + 4
        while any(abs(beside - y) < 14 for y in taken):
            beside += 2
        taken.append(beside)
        out.append(text(places[-1][0] + 8, beside, name, "start"))
    return "\n".join([*out, "</svg>"]) + "\n"


def main():
    with open(OUT, encoding="ascii") as f:
        curves = [row for row in json.load(f)["rows"] if "points" in row]
    if not curves:
        raise SystemExit("plots: build/bench.json has no curves; run make bench")
    os.makedirs(FOLDER, exist_ok=True)
    for row in curves:
        path = os.path.join(FOLDER, row["id"].removeprefix("curve_") + ".svg")
        with open(path, "w", encoding="ascii") as f:
            f.write(chart(row))
        print(os.path.relpath(path, ROOT))


if __name__ == "__main__":
    main()
