"""Draws the plots of docs/ as SVG: lines over a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 230, 50, 50
COLOURS = ("#1b6ac9", "#c2410c", "#15803d", "#7c3aed")


def growth(title: str, sizes: Sequence[int], lines: Mapping[str, Sequence[float]]) -> str:
    """Draw how values grow, relative to the first size (1.0)."""
    shares = {name: [value / values[0] for value in values] for name, values in lines.items()}
    top = max(2.0, math.ceil(max(max(values) for values in shares.values())))
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(size: float) -> float:
        span = math.log10(sizes[-1]) - math.log10(sizes[0])
        return LEFT + inner_width * (math.log10(size) - math.log10(sizes[0])) / span

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - inner_height * share / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#222">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="28" font-size="16">{escape(title)}</text>',
    ]
    for step in range(int(top) + 1):
        parts.append(
            f'<path d="M{LEFT} {y(step):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{y(step) + 4:.1f}" text-anchor="end">{step} ×</text>'
        )
    for size in sizes:
        parts.append(
            f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">'
            f"{size:,}</text>"
        )
    names = sorted(shares, key=lambda name: shares[name][-1], reverse=True)
    label = -math.inf
    for name in names:
        colour = COLOURS[list(shares).index(name)]
        points = " ".join(
            f"{x(size):.1f},{y(share):.1f}" for size, share in zip(sizes, shares[name], strict=True)
        )
        label = max(y(shares[name][-1]) + 4, label + 17)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{label:.1f}" fill="{colour}">{escape(name)} '
            f"{shares[name][-1]:.2f} ×</text>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
