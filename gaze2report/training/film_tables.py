"""What `evaluate_films` measured, as tables in Markdown: for the command and for the model card."""

from __future__ import annotations

from typing import Any

SYSTEMS = {"floor": "floor", "head": "encoder and head", "ours": "probe and head (ships)"}
SUBSETS = {"all": "all", "AP": "AP", "PA": "PA", "F": "women", "M": "men"}


def film_tables(result: dict[str, Any]) -> str:
    """All tables."""
    parts = (findings_tables(result["findings"]), refusal_rows(result["refusal"]), opacity_text(result))
    return "\n\n".join(parts) + "\n"


def findings_tables(findings: dict[str, Any]) -> str:
    """AUROC by subset and system, the paired difference, and each observation with its calibration."""
    head = "| films | n | " + " | ".join(f"{SYSTEMS[s]}: {k}" for k in ("abnormal", "macro") for s in SYSTEMS) + " |"
    lines = [head, "|---" * (2 + 2 * len(SYSTEMS)) + "|"]
    for subset, words in SUBSETS.items():
        rows = {(r["system"], r["measure"]): r for r in findings["rows"] if r["subset"] == subset}
        cells = [_with_interval(rows[system, kind]) for kind in ("abnormal", "macro") for system in SYSTEMS]
        lines.append(f"| {words} | {rows['ours', 'abnormal']['films']} | " + " | ".join(cells) + " |")
    difference = findings["ours_minus_floor"]
    lines += [
        "",
        "Paired difference to the floor (patients resampled): abnormal "
        f"{_signed(difference['abnormal'])}, macro {_signed(difference['macro'])}.",
        "",
        "| observation | positive films | floor | ships (95 %) | ECE |",
        "|---|---|---|---|---|",
    ]
    for row in findings["by_observation"]:
        lines.append(
            f"| {row['observation']} | {row['positive_films']} | {row['floor']:.3f} | {_with_interval(row)} "
            f"| {row['ece']:.3f} |"
        )
    return "\n".join(lines)


def calibration_rows(findings: dict[str, Any], observation: str = "No Finding") -> str:
    """Calibration curve of one observation in ten bins of equal count."""
    curve = next(row["curve"] for row in findings["by_observation"] if row["observation"] == observation)
    cells = zip(*((f"{b['predicted']:.2f}", f"{b['observed']:.2f}") for b in curve), strict=True)
    predicted, observed = (" | ".join(row) for row in cells)
    return "\n".join(
        [
            f"| {observation} | " + " | ".join(str(i + 1) for i in range(len(curve))) + " |",
            "|---" * (len(curve) + 1) + "|",
            f"| predicted | {predicted} |",
            f"| observed | {observed} |",
        ]
    )


def refusal_rows(rows: list[dict[str, Any]]) -> str:
    """Refused share by class."""
    lines = ["| class | n | refused | reasons |", "|---|---|---|---|"]
    for row in rows:
        refused = "not measured" if row["refused"] is None else f"{100 * row['refused']:.1f} %"
        reasons = ", ".join(f"{code} {count}" for code, count in row["reasons"].items())
        lines.append(f"| {row['class']} | {row['films']} | {refused} | {reasons} |")
    return "\n".join(lines)


def opacity_text(result: dict[str, Any]) -> str:
    """Extent of opacity, lungs and regions in sentences."""
    o, r = result["opacity"], result["regions"]
    return (
        f"Opacity extent (sum of six zones) on {o['films']} films of {o['patients']} held-out patients: r with the "
        f"mean of two readers {_correlation(o['with_mean_of_readers'])}, with the senior "
        f"{_correlation(o['with_senior'])}, with the junior {_correlation(o['with_junior'])}; between the readers "
        f"{_correlation(o['between_readers'])}.\n"
        f"Lungs, {o['lung_films']} films: mean overlap (IoU on the grid) {o['lung_overlap_mean']:.2f}.\n"
        f"Regions on {r['boxed_films']} films with a radiologist's box, none trained on: given on "
        f"{r['films_with_region']}, mean area {100 * r['mean_area']:.0f} % of the film; the centre of a box lies "
        f"inside in {100 * r['centre_of_a_box_inside']:.0f} % (region of another film: "
        f"{100 * r['centre_of_a_box_inside_by_chance']:.0f} %), the side is right in {100 * r['side_right']:.0f} % "
        f"of {r['one_sided_films']} (another film's: {100 * r['side_right_by_chance']:.0f} %)."
    )


def _with_interval(row: dict[str, float]) -> str:
    return f"{row['auroc']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def _signed(row: dict[str, float]) -> str:
    return f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"


def _correlation(row: dict[str, float]) -> str:
    return f"{row['r']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
