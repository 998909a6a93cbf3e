"""Charts as SVG, made on the server: they print, need no script, and have a table beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

__all__ = ["Part", "stacked"]

WIDTH: Final = 1_000  # of the drawing; the page scales it
HEIGHT: Final = 28

Part = tuple[str, int, str]
"""A word, how many, and the tone of its colour."""


def stacked(parts: Sequence[Part], title: str) -> Markup:
    """Return one bar of parts, each as long as its share; empty where there is nothing to show."""
    total = sum(count for _, count, _ in parts)
    if not total:
        return Markup()
    drawn, x = Markup(), 0.0
    for word, count, tone in parts:
        width = WIDTH * count / total
        drawn += Markup(
            '<rect class="part {}" x="{:.1f}" y="0" width="{:.1f}" height="{}">'
            "<title>{}: {}</title></rect>"
        ).format(tone, x, max(0.0, width - 2), HEIGHT, word, count)
        x += width
    return Markup(
        '<svg class="chart" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'preserveAspectRatio="none">{}</svg>'
    ).format(title, WIDTH, HEIGHT, drawn)
