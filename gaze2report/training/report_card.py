"""The model card of an adapter version that was trained by ``train-report``, written from its manifest alone."""

from __future__ import annotations

from typing import Any

from gaze2report.models.adapter import AdapterManifest


def write_report_card(manifest: AdapterManifest) -> str:
    """Say what was trained on what, and what was measured; no figure is typed by hand."""
    metrics, data = manifest.metrics, manifest.training_set
    lines = [
        f"# {manifest.name}",
        "",
        "**Research use only. Not for primary diagnosis.**",
        "",
        f"Trained by the recipe `{manifest.recipe}` on `{data['name']}` ({data['kind']}), split by patient; training",
        f"set SHA-256 `{data['sha256']}`. Licence of the data: {data['licence'] or 'not told'}"
        + ("." if data["may_be_shared"] else "; not to be handed on, and these weights neither where it says so."),
        "",
        f"Base language model: {manifest.base_model} (`{manifest.base_model_sha256}`)."
        + (f" Continued from the adapter version `{manifest.parent}`." if manifest.parent else ""),
        f"Gaze in training: {data['gaze']}.",
        "",
        "## Measured",
        "",
        f"{metrics['studies']['train']} studies trained, {metrics['studies']['validation']} validated"
        + (" (**the same as trained: this shows what was learnt by heart, nothing else**)" if _is_same(data) else "")
        + f"; best of {metrics['steps']} steps: {metrics['best_step']}.",
        "",
        *[f"- {name}: {value}" for name, value in metrics["validation"].items()],
    ]
    if "drafts" in metrics:
        drafts = metrics["drafts"]
        lines.append(f"- drafts that are the very report: {drafts['verbatim']} of {drafts['studies']}")
    if "calibration" in metrics:
        lines += ["", *_calibration(metrics["calibration"])]
    lines += ["", "Whether gaze helps was not measured by this run.", ""]
    return "\n".join(lines)


def _is_same(data: dict[str, Any]) -> bool:
    return bool(data["validate_on"] == "train")


def _calibration(calibration: dict[str, Any]) -> list[str]:
    macro = calibration["macro"]
    rows = [
        f"| {name} | {row['films']} | {row['positive_films']} | {row['auroc']:.3f} | {row['temperature']:.2f} "
        f"| {row['error_before']:.4f} | {row['error_after']:.4f} | {'yes' if row['is_supported'] else 'no'} |"
        for name, row in calibration["observations"].items()
    ]
    return [
        f"Calibration, on {calibration['measured_on']}; expected calibration error (ECE) over "
        f"{calibration['n_bins']} bins of equal width, before and after the temperature. "
        f"Mean over {macro['observations']} supported observations: {macro['error_before']} before, "
        f"{macro['error_after']} after.",
        "",
        "| observation | films | positive | AUROC | temperature | ECE before | ECE after | supported |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
    ]
