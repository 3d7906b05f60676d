"""What the commands of ``python -m gaze2report`` do."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from gaze2report import library_noise
from gaze2report.draft_json import draft_to_json, refusal_to_json
from gaze2report.errors import EXIT_OK, Gaze2ReportError, Refused, StorageFailed, UnreadableInput
from gaze2report.gaze.film_gaze import fixations_on_film
from gaze2report.gaze.recorded_gaze import RecordedGaze
from gaze2report.gaze.recorded_gaze_file import read_recorded_gaze
from gaze2report.imaging.intake import Intake
from gaze2report.types import Draft, GazeSource, Image

if TYPE_CHECKING:
    from gaze2report.drafting import Drafter

WorkOnImage = Callable[["Drafter", Path, Image, float], dict[str, Any]]


def draft(files: Sequence[Path], gaze: str, adapter: Path | None, seed: int, *, out: Path | None, as_json: bool) -> int:
    """Draft the report of each file; print it, and write it to ``out`` when given."""
    source, recorded = _parse_gaze(gaze)
    if out is not None:
        _make_folder(out)

    def work(drafter: Drafter, path: Path, image: Image, decode_s: float) -> dict[str, Any]:
        looked = fixations_on_film(recorded.scanpath, image, recorded.instance_uid) if recorded is not None else ()
        made = drafter.draft(image, file=str(path), gaze=source, recorded=looked, seed=seed, decode_s=decode_s)
        if out is not None:
            _write_outputs(out / path.stem if len(files) > 1 else out, image, made)
        content = draft_to_json(made)
        del content["created_at_utc"]  # printed twice, only ``timing_s`` may differ
        return content

    def check(image: Image) -> None:
        if recorded is not None:
            fixations_on_film(recorded.scanpath, image, recorded.instance_uid)

    return _on_each(files, adapter, work, _draft_as_text, as_json=as_json, check=check)


def scanpath(files: Sequence[Path], n_samples: int, adapter: Path | None, seed: int, *, as_json: bool) -> int:
    """Predict scanpaths of each file."""
    if n_samples < 1:
        raise Gaze2ReportError("--samples must be 1 or more")

    def work(drafter: Drafter, path: Path, image: Image, _: float) -> dict[str, Any]:
        paths = drafter.scanpaths(image, n_samples, seed)
        return {"file": str(path), "refused": None, "scanpaths": [[asdict(f) for f in one] for one in paths]}

    return _on_each(files, adapter, work, _scanpaths_as_text, as_json=as_json)


def verify(folder: Path) -> int:
    """Check an adapter version and say what it is."""
    from gaze2report.adapter_files import verify_files

    manifest = verify_files(folder)
    print(f"{manifest.name}: whole and unaltered, sha256 {manifest.sha256}")
    return EXIT_OK


def host(adapter: Path | None) -> NoReturn:
    """Serve the workstation until it goes away."""
    from gaze2report import host as model_host

    model_host.main(adapter or _embedded())


def _embedded() -> Path:
    # Not through models.adapter: naming the folder must not load torch.
    return Path(__file__).resolve().parent / "adapters" / "embedded"


def _on_each(
    files: Sequence[Path],
    adapter: Path | None,
    work: WorkOnImage,
    as_text: Callable[[dict[str, Any]], str],
    *,
    as_json: bool,
    check: Callable[[Image], None] = lambda _: None,
) -> int:
    """Read every file through the intake and work on it; a file that fails does not stop the others."""
    status = EXIT_OK
    drafter: Drafter | None = None
    with Intake() as intake:
        for path in files:
            try:
                begun = time.perf_counter()
                image = intake.read(path)
                decode_s = time.perf_counter() - begun
                _refuse_early(image)
                check(image)
                drafter = drafter or _load_drafter(adapter)
                content = work(drafter, path, image, decode_s)
            except (UnreadableInput, Refused) as error:
                status = max(status, error.exit_code)
                reason = error.reason
                content = refusal_to_json(str(path), error.code, reason)
                print(f"{path}: {reason}", file=sys.stderr)
                if not as_json:
                    continue
            print(json.dumps(content, ensure_ascii=False) if as_json else as_text(content), flush=True)
    return status


def _refuse_early(image: Image) -> None:
    """Refuse before the model is loaded: a refusal needs no ten seconds."""
    from gaze2report.imaging.quality import check_draftable

    check_draftable(image)


def _load_drafter(adapter: Path | None) -> Drafter:
    library_noise.silence()
    from gaze2report.drafting import Drafter

    library_noise.silence_progress_bars()

    return Drafter.load(adapter or _embedded())


def _parse_gaze(gaze: str) -> tuple[GazeSource, RecordedGaze | None]:
    if gaze in {"predicted", "none"}:
        return cast(GazeSource, gaze), None
    kind, _, name = gaze.partition(":")
    if kind != "recorded" or not name:
        raise Gaze2ReportError(f"--gaze {gaze!r} is not known; use predicted, none, or recorded:FILE")
    return "recorded", read_recorded_gaze(Path(name))


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot make the folder {out}: {error.strerror}") from error


def _write_outputs(out: Path, image: Image, made: Draft) -> None:
    """Write report.txt, draft.json and overlay.png; each appears whole or not at all."""
    from gaze2report.overlay import draw_overlay

    _make_folder(out)
    caption = (
        f"predicted gaze (AI), adapter {made.provenance.adapter}" if made.gaze == "predicted" else f"gaze: {made.gaze}"
    )
    content = draft_to_json(made)
    _write_whole(out / "report.txt", lambda path: path.write_text(_draft_as_text(content) + "\n", encoding="utf-8"))
    _write_whole(
        out / "draft.json",
        lambda path: path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"),
    )
    _write_whole(out / "overlay.png", lambda path: draw_overlay(image, made.scanpath, caption).save(path, format="PNG"))


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}") from error
    aside = Path(name)
    try:
        write(aside)
        aside.chmod(0o644)
        os.replace(aside, path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)


def _draft_as_text(content: dict[str, Any]) -> str:
    provenance = content["provenance"]
    marked = [s["text"] for s in content["sentences"] if s["unsupported"]]
    lines = [
        f"DRAFT, not read by a radiologist. Research use only, not for primary diagnosis. {content['file']}",
        "",
        "FINDINGS",
        content["report"]["findings"] or "(none written)",
        "",
        "IMPRESSION",
        content["report"]["impression"] or "(none written)",
        "",
    ]
    if marked:
        lines += ["Not supported by the image model (check each):", *[f"  - {text}" for text in marked], ""]
    lines += [
        f"Scanpath: {len(content['scanpath'])} fixations ({content['gaze']})",
        f"Adapter {provenance['adapter']} {provenance['adapter_sha256'][:12]}, base {provenance['base_model']} "
        f"{provenance['base_model_sha256'][:12]}, seed {provenance['seed']}",
    ]
    return "\n".join(lines)


def _scanpaths_as_text(content: dict[str, Any]) -> str:
    lines = [content["file"]]
    for number, path in enumerate(content["scanpaths"], start=1):
        lines.append(f"scanpath {number}")
        lines += [
            f"  {i}: x {f['x_px']:.1f} px, y {f['y_px']:.1f} px, {f['duration_s']:.3f} s" for i, f in enumerate(path, 1)
        ]
    return "\n".join(lines)
