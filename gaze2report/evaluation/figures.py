"""Every figure of a report on a model, as the bytes of a PNG or SVG file: drawn without a window, quiet, on white.

matplotlib is loaded when the first figure is drawn. The same content gives the same bytes with one release of it.
Colours are those of Okabe & Ito, which people with colour-blindness tell apart; nothing is said by colour alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FigureFormat = Literal["svg", "png"]
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B5B5B")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_INK, _FAINT = "#333333", "#BBBBBB"
_DPI = 144
_STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlecolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "svg.fonttype": "none",  # text stays text: it can be found, read out and copied
    "svg.hashsalt": "gaze2report",
}


@dataclass(frozen=True)
class IntervalRow:
    """A line of an interval plot: a value with its interval.

    Attributes
    ----------
    label : str
    value, low, high : float
        A row whose value is NaN is drawn as "not run"; low and high may be NaN where there is no interval.
    group : str
        Rows of one group have one colour and marker, named in the legend.
    """

    label: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    group: str = ""


@dataclass(frozen=True, eq=False)
class Curve:
    """A named line.

    Attributes
    ----------
    label : str
    x, y : array_like, shape (P,)
    weights : array_like, shape (P,), optional
        How many cases a point stands for: sizes its mark.
    """

    label: str
    x: ArrayLike
    y: ArrayLike
    weights: ArrayLike | None = None


def interval_plot(
    rows: Sequence[IntervalRow],
    *,
    title: str = "",
    axis: str = "",
    null_value: float | None = None,
    file_format: FigureFormat = "svg",
) -> bytes:
    """Draw values with intervals under each other (a forest plot).

    Parameters
    ----------
    rows : sequence of IntervalRow
        From top to bottom.
    title, axis : str
        Heading, and what the values are.
    null_value : float, optional
        Where a line says "no difference".
    """
    groups = list(dict.fromkeys(row.group for row in rows))

    def draw(axes: Axes) -> None:
        if null_value is not None:
            axes.axvline(null_value, color=_FAINT, linewidth=1.0, zorder=0)
        named: set[str] = set()
        for place, row in enumerate(rows):
            number = groups.index(row.group) % len(COLOURS)
            colour, marker = COLOURS[number], MARKERS[number]
            if not np.isfinite(row.value):
                axes.annotate("not run", (0.0, place), xycoords=("axes fraction", "data"), va="center", color="#777777")
                continue
            if np.isfinite(row.low) and np.isfinite(row.high):
                axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
            name = row.group if row.group and row.group not in named else None
            named.add(row.group)
            axes.plot([row.value], [place], marker, color=colour, markersize=5.5, linestyle="none", label=name)
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color="#EEEEEE", zorder=-1)
        axes.set_xlabel(axis)
        _legend(axes, len(groups) > 1)

    return _drawn(draw, title, (6.6, 0.9 + 0.27 * max(2, len(rows))), file_format)


def bar_plot(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    title: str = "",
    axis: str = "",
    limits: tuple[float, float] | None = (0.0, 1.0),
    file_format: FigureFormat = "svg",
) -> bytes:
    """Draw bars by finding, one colour a series; NaN leaves the place of a bar empty, with a dash.

    Parameters
    ----------
    labels : sequence of str
        L findings, from top to bottom.
    series : mapping of str to sequence of float
        L values each.
    limits : (low, high), optional
        Ends of the axis; None fits them.
    """
    thickness = 0.8 / max(1, len(series))

    def draw(axes: Axes) -> None:
        for number, (name, values) in enumerate(series.items()):
            places = np.arange(len(labels)) + thickness * (number - (len(series) - 1) / 2)
            known = np.nan_to_num(np.asarray(values, dtype=np.float64))
            axes.barh(places, known, height=thickness * 0.9, color=COLOURS[number % len(COLOURS)], label=name)
            for place in places[~np.isfinite(np.asarray(values, dtype=np.float64))]:
                axes.annotate("–", (0.0, place), va="center", ha="left", fontsize=7, color="#777777")
        axes.set_yticks(range(len(labels)), list(labels))
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        if limits is not None:
            axes.set_xlim(*limits)
        axes.grid(axis="x", color="#EEEEEE", zorder=0)
        axes.set_axisbelow(True)
        axes.set_xlabel(axis)
        _legend(axes, len(series) > 1)

    height = 0.9 + max(0.24, 0.13 * len(series) + 0.1) * max(2, len(labels))
    return _drawn(draw, title, (6.6, height), file_format)


def roc_plot(curves: Sequence[Curve], *, title: str = "", file_format: FigureFormat = "svg") -> bytes:
    """Draw receiver operating characteristics; x is 1 - specificity, y sensitivity."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1.0, linestyle="--")
        for number, curve in enumerate(curves):
            style = "-" if number < len(COLOURS) else ":"
            axes.plot(curve.x, curve.y, style, color=COLOURS[number % len(COLOURS)], linewidth=1.5, label=curve.label)
        _unit_square(axes, "1 - specificity", "sensitivity")
        _legend(axes, bool(curves))

    return _drawn(draw, title, (6.6, 4.2), file_format)


def calibration_plot(curves: Sequence[Curve], *, title: str = "", file_format: FigureFormat = "svg") -> bytes:
    """Draw reliability diagrams: mean probability of a bin against how often the finding was there.

    Marks grow with the number of cases of a bin, so that a bin of three cases does not look like one of 300.
    """

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1.0, linestyle="--")
        for number, curve in enumerate(curves):
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            weights = np.asarray(curve.weights if curve.weights is not None else np.ones_like(curve.x), np.float64)
            sizes = 8.0 + 90.0 * weights / max(weights.max(initial=0.0), 1.0)
            axes.plot(curve.x, curve.y, color=colour, linewidth=1.0, alpha=0.6)
            axes.scatter(curve.x, curve.y, s=sizes, color=colour, marker=marker, label=curve.label, linewidths=0)
        _unit_square(axes, "predicted probability", "observed frequency")
        _legend(axes, bool(curves))

    return _drawn(draw, title, (6.6, 4.2), file_format)


def scatter_plot(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    title: str = "",
    x_axis: str = "",
    y_axis: str = "",
    with_line: bool = False,
    file_format: FigureFormat = "svg",
) -> bytes:
    """Draw points by group.

    Parameters
    ----------
    groups : mapping of str to (x, y)
        Coordinates, shape (P,) each.
    with_line : bool
        Adds the least-squares line through all points where x varies.
    """

    def draw(axes: Axes) -> None:
        for number, (name, (x, y)) in enumerate(groups.items()):
            axes.scatter(
                x, y, s=16, marker=MARKERS[number % len(MARKERS)], color=COLOURS[number % len(COLOURS)],
                alpha=0.7, linewidths=0, label=name,
            )  # fmt: skip
        if with_line and groups:
            x, y = (np.concatenate([np.asarray(pair[i], np.float64) for pair in groups.values()]) for i in (0, 1))
            known = np.isfinite(x) & np.isfinite(y)
            if np.ptp(x[known]) > 0 if known.any() else False:
                slope, intercept = np.polyfit(x[known], y[known], 1)
                ends = np.array([x[known].min(), x[known].max()])
                axes.plot(ends, slope * ends + intercept, color=_INK, linewidth=1.0)
        axes.grid(color="#EEEEEE", zorder=0)
        axes.set_axisbelow(True)
        axes.set_xlabel(x_axis)
        axes.set_ylabel(y_axis)
        _legend(axes, len(groups) > 1)

    return _drawn(draw, title, (6.6, 3.8), file_format)


def line_plot(
    curves: Sequence[Curve],
    *,
    title: str = "",
    x_axis: str = "",
    y_axis: str = "",
    file_format: FigureFormat = "svg",
) -> bytes:
    """Draw curves over a common axis, such as a loss over steps."""

    def draw(axes: Axes) -> None:
        for number, curve in enumerate(curves):
            axes.plot(curve.x, curve.y, color=COLOURS[number % len(COLOURS)], linewidth=1.4, label=curve.label)
        axes.grid(color="#EEEEEE")
        axes.set_xlabel(x_axis)
        axes.set_ylabel(y_axis)
        _legend(axes, len(curves) > 1)

    return _drawn(draw, title, (6.6, 3.4), file_format)


def roc_points(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """1 - specificity and sensitivity at every threshold, ties together; labels are 1, 0 or NaN (left out)."""
    known = ~np.isnan(labels)
    scores, positive = scores[known], labels[known] == 1
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.diff(scores[order]) != 0, True) if len(order) else np.zeros(0, np.bool_)
    hits, alarms = np.cumsum(positive[order])[last_of_tie], np.cumsum(~positive[order])[last_of_tie]
    n_positive, n_negative = max(1, int(positive.sum())), max(1, int((~positive).sum()))
    return np.concatenate([[0.0], alarms / n_negative]), np.concatenate([[0.0], hits / n_positive])


def _unit_square(axes: Axes, x_axis: str, y_axis: str) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.grid(color="#EEEEEE", zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(x_axis)
    axes.set_ylabel(y_axis)


def _legend(axes: Axes, is_needed: bool) -> None:
    if is_needed:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)


def _drawn(draw: Callable[[Axes], None], title: str, size_in: tuple[float, float], file_format: FigureFormat) -> bytes:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=size_in, facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        draw(axes)
        if title:
            axes.set_title(title)
        buffer = io.BytesIO()
        # Without a date, so that the same content is the same file.
        metadata = {"Date": None} if file_format == "svg" else {}
        figure.savefig(buffer, format=file_format, dpi=_DPI, bbox_inches="tight", metadata=metadata)
    return buffer.getvalue()
