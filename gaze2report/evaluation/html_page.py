"""One HTML file that holds everything it shows: no script, no link to anything outside, figures and pictures in it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #222; background: #fff;
  max-width: 72rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; font-weight: 600; margin-bottom: .4rem; }
h2 { font-size: 1.2rem; font-weight: 600; margin: 2.2rem 0 .5rem; border-bottom: 1px solid #ddd;
  padding-bottom: .2rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 1.4rem 0 .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: left; color: #555; padding: .2rem 0; }
th, td { text-align: right; padding: .2rem .55rem; border-bottom: 1px solid #e6e6e6; white-space: nowrap; }
th { font-weight: 600; border-bottom: 1px solid #999; }
th:first-child, td:first-child { text-align: left; }
td small { color: #555; }
.facts td, .facts th { text-align: left; white-space: normal; border: 0; padding: .1rem 1rem .1rem 0; }
.facts th { font-weight: 400; color: #555; vertical-align: top; white-space: nowrap; }
figure { margin: 1rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .85rem; }
.case { display: grid; grid-template-columns: minmax(14rem, 26rem) 1fr; gap: 1.2rem; margin: 1.2rem 0;
  border-top: 1px solid #ddd; padding-top: 1rem; }
.case img { width: 100%; background: #111; }
.case h3 { margin-top: 0; }
.case .text { white-space: pre-wrap; background: #f6f6f4; padding: .5rem .7rem; margin: .2rem 0 .8rem;
  font-size: .9rem; }
.label { color: #555; font-size: .85rem; }
.note { background: #f4f6f8; border-left: 3px solid #7a8ea3; padding: .5rem .8rem; margin: .6rem 0; }
@media (max-width: 44rem) { .case { grid-template-columns: 1fr; } }
@media print { body { max-width: none; } .case, figure, table { break-inside: avoid; } }
"""


class HtmlPage:
    """Builds a page from top to bottom. Every text that is given is escaped.

    Parameters
    ----------
    title : str
        Heading and title of the page.
    language : str
        Of its text.
    """

    def __init__(self, title: str, language: str = "en") -> None:
        self._title = title
        self._language = language
        self._parts: list[str] = [f"<h1>{escape(title)}</h1>"]

    def heading(self, text: str, level: int = 2) -> None:
        """Begin a section."""
        self._parts.append(f"<h{level}>{escape(text)}</h{level}>")

    def paragraph(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def note(self, text: str) -> None:
        """Add a sentence that must not be passed over."""
        self._parts.append(f'<p class="note">{escape(text)}</p>')

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Add names and values."""
        lines = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
        self._parts.append(f'<table class="facts"><tbody>{lines}</tbody></table>')

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> None:
        """Add a table; of a cell with a line break, what is behind it is set small."""
        top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
        body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in rows)
        told = f"<caption>{escape(caption)}</caption>" if caption else ""
        self._parts.append(
            f'<div class="wide"><table>{told}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
        )

    def figure(self, content: bytes, description: str, media_type: str = "image/svg+xml") -> None:
        """Add a figure with its description, which is shown and read out."""
        image = f'<img src="{_data_url(content, media_type)}" alt="{escape(description)}">'
        self._parts.append(f"<figure>{image}<figcaption>{escape(description)}</figcaption></figure>")

    def case(
        self, title: str, picture: bytes | None, description: str, texts: Sequence[tuple[str, str]], foot: str = ""
    ) -> None:
        """Add a case: a picture (JPEG) on the left, named texts on the right."""
        left = "<p class='label'>no picture</p>"
        if picture is not None:
            left = f'<img src="{_data_url(picture, "image/jpeg")}" alt="{escape(description)}">'
            left += f'<p class="label">{escape(description)}</p>'
        right = "".join(
            f'<div class="label">{escape(name)}</div><div class="text">{escape(text)}</div>' for name, text in texts
        )
        right += f'<p class="label">{escape(foot)}</p>' if foot else ""
        self._parts.append(f'<div class="case"><div>{left}</div><div><h3>{escape(title)}</h3>{right}</div></div>')

    def to_html(self) -> str:
        """The page as the text of one file."""
        policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self._language)}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            f"<title>{escape(self._title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
            + "\n".join(self._parts)
            + "\n</body>\n</html>\n"
        )


def _cell(text: str) -> str:
    first, _, rest = text.partition("\n")
    return f"{escape(first)}<br><small>{escape(rest)}</small>" if rest else escape(first)


def _data_url(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
