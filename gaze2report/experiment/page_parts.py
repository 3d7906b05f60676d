"""Parts of a page that needs nothing beside itself: tables, inline figures, films with gaze drawn over them."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Iterable, Sequence

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gaze2report.evaluation.statistics.bootstrap import Interval
from gaze2report.types import Fixation

_STYLE = """
body { font: 15px/1.5 "DejaVu Sans", system-ui, sans-serif; color: #222; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .86rem; }
caption { text-align: left; color: #444; padding-bottom: .3rem; }
th, td { padding: .22rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; font-weight: 600; } th:first-child, td:first-child { text-align: left; }
.verdict { border-left: .35rem solid #0072B2; background: #f2f6fa; padding: .7rem 1rem; font-size: 1.05rem; }
.note { color: #444; font-size: .88rem; } figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
.films { display: flex; flex-wrap: wrap; gap: 1rem; } .film { width: 13rem; font-size: .82rem; }
.film svg { width: 13rem; height: 13rem; background: #000; } code { background: #f3f3f3; padding: 0 .2rem; }
"""


def page(title: str, body: Iterable[str]) -> str:
    """A whole page."""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def heading(text: str) -> str:
    """A heading of a section."""
    return f"<h2>{html.escape(text)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; ``verdict`` and ``note`` are kinds of their own."""
    return f"<p class='{kind}'>{html.escape(text)}</p>" if kind else f"<p>{html.escape(text)}</p>"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text; the first column names the row."""
    cells = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><caption>{html.escape(caption)}</caption>\n<tr>{cells}</tr>\n{body}</table>"


def figure(svg: bytes, caption: str) -> str:
    """A figure drawn as SVG, inline."""
    text = svg.decode("utf-8")
    return f"<figure>{text[text.index('<svg') :]}<figcaption class='note'>{html.escape(caption)}</figcaption></figure>"


def film(pixels: NDArray[np.float32], fixations: Sequence[Fixation], caption: Sequence[str]) -> str:
    """A film (S, S) in [0, 1] with fixations, positions in fractions of it; circles grow with duration."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.round(255 * np.clip(pixels, 0, 1)).astype(np.uint8)).save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    circles = "".join(
        f"<circle cx='{f.x_px:.3f}' cy='{f.y_px:.3f}' r='{0.012 + 0.025 * math.sqrt(f.duration_s):.3f}'/>"
        for f in fixations
    )
    words = "<br>".join(html.escape(line) for line in caption)
    return (
        f"<div class='film'><svg viewBox='0 0 1 1' role='img' aria-label='{html.escape(caption[0], quote=True)}'>"
        f"<image href='data:image/png;base64,{data}' width='1' height='1'/>"
        f"<g fill='none' stroke='#56B4E9' stroke-width='.006'>{circles}</g></svg><br>{words}</div>"
    )


def number(value: float, digits: int = 3) -> str:
    """A number, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def signed(one: Interval) -> str:
    """A difference with its interval."""
    return f"{one.value:+.3f} ({one.low:+.3f} to {one.high:+.3f})"


def plain(one: Interval) -> str:
    """A score with its interval."""
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"


def p_text(value: float) -> str:
    """A p-value."""
    if math.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
