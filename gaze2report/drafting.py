"""Image to draft: the one call behind the host and the command line."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gaze2report import __version__, base_models
from gaze2report.config import ModelConfig
from gaze2report.data.transforms import Preprocessing, display_to_input
from gaze2report.errors import AdapterUnusable, DraftCancelled, Gaze2ReportError
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.imaging.quality import check_draftable
from gaze2report.imaging.windowing import to_display
from gaze2report.models.adapter import AdapterManifest, load_adapter, read_manifest
from gaze2report.models.film_refusal import refuse_by_pixels
from gaze2report.models.gaze2report import Gaze2Report, Seen
from gaze2report.models.generator import Decoding, load_language_model, seed_of_text
from gaze2report.report_text import BoxPx, SectionSplitter, begun_report, to_sentences
from gaze2report.types import CHEXPERT_OBSERVATIONS, Draft, Fixation, GazeSource, Image, Provenance, Report, SectionName

OnEvent = Callable[[str, dict[str, Any]], None]
"""Told of each stage: ``scanpath``, ``observations`` and ``text`` with the body of the host's message."""

LoadProgress = Callable[[str, int, int], None]
DRAFT_SOURCES = ("predicted", "none", "recorded")
MAX_THREADS = 4  # more than four threads do not speed up one draft of a small model


class Drafter:
    """A loaded model that drafts reports.

    Parameters
    ----------
    model, config, manifest
        As `gaze2report.models.adapter.load_adapter` gives them.
    """

    def __init__(self, model: Gaze2Report, config: ModelConfig, manifest: AdapterManifest) -> None:
        self.preprocessing = Preprocessing(side_px=config.encoder.image_side_px)
        if manifest.preprocessing_sha256 != self.preprocessing.sha256():
            raise AdapterUnusable(
                f"adapter {manifest.name} was trained on images prepared otherwise than this release prepares them"
            )
        self.model, self.config, self.manifest = model, config, manifest
        self._device = next(model.findings.parameters()).device
        self._decoding = Decoding(**asdict(config.decoding))
        self._thresholds = dict(zip(CHEXPERT_OBSERVATIONS, model.calibration.threshold.tolist(), strict=True))

    @classmethod
    def load(cls, adapter: Path, progress: LoadProgress = lambda *_: None) -> Drafter:
        """Load the base language model and an adapter version; on a GPU, if there is one, the former in bfloat16.

        Raises
        ------
        LanguageModelMissing, AdapterUnusable
            With the sentence that says what to do.
        """
        torch.set_num_threads(min(MAX_THREADS, os.cpu_count() or 1))
        progress("finding the language model", 0, 3)
        wanted = read_manifest(adapter)
        base = base_models.find(wanted.base_model_sha256, wanted.base_model, adapter)
        progress("loading the language model", 1, 3)
        is_on_gpu = torch.cuda.is_available()
        language_model, tokenizer = load_language_model(base.path, torch.bfloat16 if is_on_gpu else torch.float32)
        progress("loading the adapter", 2, 3)
        model, config, manifest = load_adapter(adapter, language_model, tokenizer, base.sha256)
        model.generator.language_model.merge_adapter()  # one product a layer instead of three, for every word
        progress("ready", 3, 3)
        return cls(model.to("cuda") if is_on_gpu else model, config, manifest)

    def draft(
        self,
        image: Image,
        *,
        file: str,
        gaze: GazeSource = "predicted",
        recorded: Sequence[Fixation] = (),
        seed: int = 0,
        section: SectionName | None = None,
        findings: str = "",
        decode_s: float = 0.0,
        on_event: OnEvent = lambda *_: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Draft:
        """Draft the report of one image.

        Parameters
        ----------
        image : Image
        file : str
            Name that the draft carries.
        gaze : str
            ``predicted``, ``none``, or ``recorded`` with the fixations of a reader in ``recorded``.
        seed : int
            The same image, adapter, gaze and seed give the same draft on the same machine.
        section : str, optional
            Write only this section; the other one of the draft is empty.
        findings : str
            For ``section="impression"``: the findings it is to be the impression of.
        decode_s : float
            Seconds that reading the file took, for the timing.
        on_event, should_stop
            See `OnEvent`; ``should_stop`` is asked before each stage and between two words.

        Raises
        ------
        Refused
            If no draft may be written for this image.
        DraftCancelled
            If ``should_stop`` answered True.
        """
        check_draftable(image)
        clock = _Clock(decode_s)
        seen = self._see(image)
        with torch.inference_mode():
            probabilities = self.model.finding_probabilities(seen)
        clock.note("encode")
        _stop_if(should_stop)
        scanpath, patch_gaze = self._look(image, seen.patches, gaze, recorded, seed)
        clock.note("scanpath")
        observations = self._observations(probabilities)
        on_event("scanpath", {"fixations": [asdict(fixation) for fixation in scanpath]})
        on_event("observations", {"probabilities": observations})
        _stop_if(should_stop)
        writer = _SectionWriter(section, clock, on_event, should_stop)
        text_seed = seed_of_text(image.pixel_sha256, seed)
        report = self._write(seen.patches, patch_gaze, probabilities, text_seed, begun_report(findings), writer)
        _stop_if(should_stop)
        return Draft(
            file=file,
            study_uid=image.header.study_uid,
            instance_uid=image.header.instance_uid,
            report=report,
            sentences=to_sentences(report, observations, self._thresholds, self._region(image, seen)),
            observations=observations,
            scanpath=tuple(scanpath),
            gaze=gaze,
            provenance=self.provenance(image, seed),
            created_at_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            timing_s=clock.finish(),
            section=section,
        )

    def scanpaths(self, image: Image, n_samples: int, seed: int) -> list[list[Fixation]]:
        """Draw scanpaths with the seeds ``seed``, ``seed + 1``, ...; positions in image pixels.

        The first is the one that a draft with this seed uses. Samples, not the most likely path: taking the most
        likely next fixation each time stays on one patch.

        Raises
        ------
        Refused
            If the image is not one the model may look at.
        """
        check_draftable(image)
        seen = self._see(image)
        return [self._predict(image, seen.patches, seed + sample) for sample in range(n_samples)]

    def provenance(self, image: Image, seed: int) -> Provenance:
        """Name everything that made a draft of this image."""
        manifest = self.manifest
        return Provenance(
            base_model=manifest.base_model,
            base_model_sha256=manifest.base_model_sha256,
            adapter=manifest.name,
            adapter_sha256=manifest.sha256,
            preprocessing_sha256=self.preprocessing.sha256(),
            pixel_sha256=image.pixel_sha256,
            seed=seed,
            code_version=__version__,
        )

    def _see(self, image: Image) -> Seen:
        """Encode an image, and refuse it where its pixels are not what drafts are written for."""
        display = torch.from_numpy(display_to_input(to_display(image), self.preprocessing))[None].to(self._device)
        with torch.inference_mode():
            seen = self.model.see(display)
        refuse_by_pixels(self.model, display, seen)
        return seen

    def _region(self, image: Image, seen: Seen) -> BoxPx | None:
        """Most opaque zones of the lungs in image pixels; None where the image gives no evidence of a place."""
        if self.model.film_reader is None or seen.film is None:
            return None
        region = self.model.film_reader.zones.region(seen.film.maps)
        if region is None:
            return None
        rows, columns = image.codes.shape
        x0, y0, x1, y1 = region
        return (round(x0 * columns, 1), round(y0 * rows, 1), round(x1 * columns, 1), round(y1 * rows, 1))

    def _look(
        self, image: Image, features: Tensor, gaze: GazeSource, recorded: Sequence[Fixation], seed: int
    ) -> tuple[list[Fixation], PatchGaze]:
        rows, columns = image.codes.shape
        if gaze not in DRAFT_SOURCES:
            raise Gaze2ReportError(f"gaze {gaze!r} is a control of experiments; a draft takes one of {DRAFT_SOURCES}")
        if gaze == "predicted":
            scanpath = self._predict(image, features, seed)
        else:
            scanpath = list(recorded) if gaze == "recorded" else []
        grid, sigma = self.model.encoder.grid_side, self.config.graph.sigma_patches
        return scanpath, aggregate(scanpath, columns, rows, grid, sigma)

    def _predict(self, image: Image, features: Tensor, seed: int) -> list[Fixation]:
        rows, columns = image.codes.shape
        return [
            Fixation(round(f.x * columns, 1), round(f.y * rows, 1), round(f.duration_s, 3))
            for f in self.model.scanpath.predict(features, seed=seed)
        ]

    def _observations(self, probabilities: Tensor) -> dict[str, float | None]:
        supported = self.model.calibration.is_supported.tolist()
        values = probabilities[0].tolist()
        return {
            name: round(value, 4) if is_supported else None
            for name, value, is_supported in zip(CHEXPERT_OBSERVATIONS, values, supported, strict=True)
        }

    def _write(
        self,
        features: Tensor,
        patch_gaze: PatchGaze,
        probabilities: Tensor,
        seed: int,
        begun: str,
        writer: _SectionWriter,
    ) -> Report:
        self.model.draft(
            features,
            patch_gaze,
            self.model.calibration.decisions(probabilities),
            decoding=self._decoding,
            seed=seed,
            begun=begun if writer.only == "impression" else "",
            on_text=writer.feed,
            should_stop=writer.should_stop,
        )
        return writer.finish()


class _SectionWriter:
    """Takes the text as it is generated, hands it on by section, and stops when the section asked for is done."""

    def __init__(
        self, only: SectionName | None, clock: _Clock, on_event: OnEvent, should_stop: Callable[[], bool]
    ) -> None:
        self.only = only
        self._clock, self._on_event, self._should_stop = clock, on_event, should_stop
        self._splitter = SectionSplitter("impression" if only == "impression" else "findings")
        self._sections: dict[str, str] = {"findings": "", "impression": ""}

    def feed(self, text: str) -> None:
        self._clock.note_first_token()
        self._hand_on(self._splitter.feed(text))

    def should_stop(self) -> bool:
        return (self.only is not None and self._splitter.section != self.only) or self._should_stop()

    def finish(self) -> Report:
        self._hand_on(self._splitter.finish())
        return Report(findings=self._sections["findings"], impression=self._sections["impression"])

    def _hand_on(self, pieces: Iterable[tuple[SectionName, str]]) -> None:
        for section, added in pieces:
            if self.only in (None, section):
                self._sections[section] += added
                self._on_event("text", {"section": section, "text": added})


class _Clock:
    """Seconds of the stages of one draft."""

    def __init__(self, decode_s: float) -> None:
        self._started = self._last = time.perf_counter()
        self._seconds = {"decode": round(decode_s, 4)}

    def note(self, stage: str) -> None:
        now = time.perf_counter()
        self._seconds[stage] = round(now - self._last, 4)
        self._last = now

    def note_first_token(self) -> None:
        self._seconds.setdefault("first_token", round(time.perf_counter() - self._started, 4))

    def finish(self) -> dict[str, float]:
        whole = time.perf_counter() - self._started + self._seconds["decode"]
        return {**self._seconds, "total": round(whole, 4)}


def _stop_if(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise DraftCancelled("the draft was cancelled")
