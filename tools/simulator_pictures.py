"""Draws the pictures of docs/SIMULATOR.md from a world: ``python tools/simulator_pictures.py WORLD docs``.

WORLD is a folder that ``detak simulate --out`` wrote.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

WIDE, HIGH, LEFT, BOTTOM = 720, 240, 44, 36
INK, BAR, LINE, SOFT = "#222", "#9db8d9", "#c0392b", "#bbb"


def main(world: Path, docs: Path) -> None:
    """Draw all of them."""
    visits, hours = (pq.read_table(world / "truth" / f"{name}.parquet") for name in ("visits", "hours"))
    people = pq.read_table(world / "truth" / "people.parquet")
    persons = visits.filter(pc.invert(pc.or_(visits["bot"], visits["campaign"])))
    zone = people["utc_offset"].to_numpy()[persons["user"].to_numpy()]
    local = persons["start"].cast("int64").to_numpy() + zone * 3_600_000
    (docs / "simulator-hours.svg").write_text(_hours(local, hours), encoding="utf-8")
    (docs / "simulator-days.svg").write_text(_days(local, hours), encoding="utf-8")
    (docs / "simulator-reasons.svg").write_text(_reasons(world), encoding="utf-8")


def _hours(local: np.ndarray, hours: pa.Table) -> str:
    """Found as bars, planted as a line: each day's curve, weighted by how busy the day is."""
    found = np.bincount(local % 86_400_000 // 3_600_000, minlength=24) / len(local)
    share, weight = (hours[name].to_numpy().reshape(-1, 24) for name in ("share", "intensity"))
    planted = np.average(share, axis=0, weights=weight[:, 0])
    return _chart("Visits by hour of the shopper's day: found (bars), planted (line)", found, planted, range(24), 3)


def _days(local: np.ndarray, hours: pa.Table) -> str:
    dates = hours["date"].to_pylist()[::24]
    first = int(np.datetime64(dates[0], "D").astype(int))
    day = local // 86_400_000 - first
    found = np.bincount(day[(day >= 0) & (day < len(dates))], minlength=len(dates)).astype(float)
    planted = hours["intensity"].to_numpy()[::24]
    title = "Visits by day: found (bars), planted (line)"
    return _chart(title, found, planted * found.sum() / planted.sum(), dates, 14)


def _reasons(world: Path) -> str:
    """Two bars a reason: carts left for it, and orders that there would be without it."""
    reasons = json.loads((world / "truth" / "summary.json").read_text())["reasons"]
    most = max(one["left"] for one in reasons.values())
    rows = []
    for place, (name, one) in enumerate(sorted(reasons.items(), key=lambda item: -item[1]["left"])):
        y = 34 + place * 24
        left, back = (one[key] / most * (WIDE - 250) for key in ("left", "orders_without_it"))
        rows.append(f'<text x="140" y="{y + 12}" text-anchor="end">{name.replace("_", " ")}</text>')
        rows.append(f'<rect x="150" y="{y}" width="{left:.1f}" height="8" fill="{BAR}"/>')
        rows.append(f'<rect x="150" y="{y + 9}" width="{back:.1f}" height="8" fill="{LINE}"/>')
        rows.append(f'<text x="{156 + left:.1f}" y="{y + 12}">{one["left"]:,} / {one["orders_without_it"]:,}</text>')
    title = "Carts left for each reason (blue), and orders there would be without it (red)"
    return _svg(title, rows, 44 + 24 * len(reasons))


def _chart(title: str, bars: np.ndarray, line: np.ndarray, labels: Sequence[object], every: int) -> str:
    step = (WIDE - LEFT - 10) / len(bars)
    top = float(max(bars.max(), line.max())) * 1.05
    reach = HIGH - BOTTOM - 30

    def y(value: float) -> float:
        return HIGH - BOTTOM - value / top * reach

    parts = [
        f'<rect x="{LEFT + n * step:.1f}" y="{y(v):.1f}" width="{step * 0.85:.1f}" '
        f'height="{v / top * reach:.1f}" fill="{BAR}"/>'
        for n, v in enumerate(bars.tolist())
    ]
    points = " ".join(f"{LEFT + (n + 0.42) * step:.1f},{y(v):.1f}" for n, v in enumerate(line.tolist()))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="1.5"/>')
    parts += [
        f'<text x="{LEFT + (n + 0.42) * step:.1f}" y="{HIGH - BOTTOM + 16}" text-anchor="middle">{label}</text>'
        for n, label in enumerate(labels)
        if n % every == 0
    ]
    for part in (0.5, 1.0):
        value = top / 1.05 * part
        shown = f"{value:.1%}" if top < 1 else f"{value:,.0f}"
        across = f'x1="{LEFT}" x2="{WIDE - 10}" y1="{y(value):.1f}" y2="{y(value):.1f}"'
        parts.append(f'<line {across} stroke="{SOFT}" stroke-width="0.5"/>')
        parts.append(f'<text x="{LEFT - 4}" y="{y(value) + 4:.1f}" text-anchor="end">{shown}</text>')
    return _svg(title, parts, HIGH)


def _svg(title: str, parts: Sequence[str], high: int) -> str:
    look = f'font-family="sans-serif" font-size="11" fill="{INK}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" {look}>'
    named = f'<text x="8" y="16" font-size="13">{title}</text>'
    body = "\n".join([f'<rect width="{WIDE}" height="{high}" fill="#fff"/>', named, *parts])
    return f"{head}\n<title>{title}</title>\n{body}\n</svg>\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
