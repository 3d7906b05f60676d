"""The gate: whether a candidate version is measurably no worse than the live one, on a hold-out neither has seen.

A candidate is let through only if every bar holds. It goes live only when a person approves it after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.clinical_labels import is_positive, label_matrix
from gaze2report.evaluation.report_metrics.protocol import COCO, words
from gaze2report.evaluation.report_metrics.rouge import rouge_l
from gaze2report.evaluation.report_metrics.text_quality import compares
from gaze2report.evaluation.statistics.bootstrap import Interval, paired_bootstrap
from gaze2report.types import CHEXPERT_OBSERVATIONS


@dataclass(frozen=True)
class GateSettings:
    """The bars.

    Attributes
    ----------
    margin : float
        By how much a primary metric may be worse: the lower end of the interval of the difference must lie above
        minus this.
    sensitivity_drop : float
        By how much the sensitivity for a finding may fall.
    min_positives : int
        A finding of fewer hold-out reports is told, and decides nothing.
    min_patients : int
        Fewer held-out patients decide nothing: the candidate is then not let through.
    """

    margin: float = 0.02
    sensitivity_drop: float = 0.02
    min_positives: int = 5
    min_patients: int = 20
    draws: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class GateCase:
    """One study of the hold-out as both versions drafted it; a draft is None where the version refused.

    Attributes
    ----------
    golden : dict of str to bool
        Observations that a draft of this study must, or must not, assert; empty for a study that is no golden case.
    """

    case_id: str
    patient_id: str
    reference: str
    live: str | None
    candidate: str | None
    golden: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Bar:
    """One bar: what was asked, what was found, whether it holds.

    Attributes
    ----------
    holds : bool or None
        None where there was too little to measure; such a bar decides nothing but is told.
    """

    name: str
    holds: bool | None
    sentence: str
    live: float
    candidate: float
    interval: Interval | None = None


@dataclass(frozen=True)
class Judgement:
    """What the gate found.

    Attributes
    ----------
    is_passed : bool
        Whether every bar holds that could be measured, and enough patients were there.
    bars : tuple of Bar
        Failed ones first.
    """

    is_passed: bool
    bars: tuple[Bar, ...]
    patients: int
    settings: GateSettings

    @property
    def reasons(self) -> tuple[str, ...]:
        """A sentence for each bar, failed ones first."""
        return tuple(bar.sentence for bar in self.bars)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON."""
        return {
            "is_passed": self.is_passed,
            "patients": self.patients,
            "settings": asdict(self.settings),
            "bars": [_plain(asdict(bar)) for bar in self.bars],
        }


def judge(cases: Sequence[GateCase], settings: GateSettings | None = None) -> Judgement:
    """Compare two versions on the hold-out.

    Parameters
    ----------
    cases : sequence of GateCase
        Of patients whom neither version was trained on.

    Raises
    ------
    ValueError
        If there are no cases.
    """
    settings = settings or GateSettings()
    if not cases:
        raise ValueError("the hold-out is empty")
    patients = [case.patient_id for case in cases]
    texts = {name: [getattr(case, name) or "" for case in cases] for name in ("live", "candidate", "reference")}
    positive = {name: is_positive(label_matrix(found), "positive") for name, found in texts.items()}
    bars = [
        _enough(len(set(patients)), settings),
        _f1_bar(positive, patients, settings),
        _rouge_bar(texts, patients, settings),
        *_sensitivity_bars(positive, settings),
        _rate_bar("refusals", [case.live is None for case in cases], [case.candidate is None for case in cases]),
        _rate_bar("drafts that speak of a prior", *_priors(texts)),
        *_golden_bars(cases, positive["candidate"]),
    ]
    bars.sort(key=lambda bar: {False: 0, True: 1, None: 2}[bar.holds])
    return Judgement(all(bar.holds is not False for bar in bars), tuple(bars), len(set(patients)), settings)


def _enough(patients: int, settings: GateSettings) -> Bar:
    holds = patients >= settings.min_patients
    sentence = f"{patients} patients are held out; {settings.min_patients} are needed to decide."
    return Bar("held-out patients", holds, sentence, patients, patients)


def _f1_bar(positive: dict[str, NDArray[np.bool_]], patients: list[str], settings: GateSettings) -> Bar:
    def f1_of(name: str) -> Any:
        found, true = positive[name], positive["reference"]

        def f1(numbers: NDArray[np.intp]) -> float:
            both = float((found[numbers] & true[numbers]).sum())
            total = float(found[numbers].sum() + true[numbers].sum())
            return 2 * both / total if total else float("nan")

        return f1

    return _difference_bar("CheXpert-14 micro-F1", f1_of("candidate"), f1_of("live"), patients, settings)


def _rouge_bar(texts: dict[str, list[str]], patients: list[str], settings: GateSettings) -> Bar:
    split = {name: words(found, COCO) for name, found in texts.items()}
    scores = {name: rouge_l(split[name], split["reference"]) for name in ("live", "candidate")}

    def mean_of(name: str) -> Any:
        return lambda numbers: float(scores[name][numbers].mean())

    return _difference_bar("ROUGE-L", mean_of("candidate"), mean_of("live"), patients, settings)


def _difference_bar(name: str, candidate: Any, live: Any, patients: list[str], settings: GateSettings) -> Bar:
    random = np.random.default_rng(settings.seed)
    interval = paired_bootstrap(candidate, live, patients, random, draws=settings.draws)
    everyone = np.arange(len(patients), dtype=np.intp)
    holds = bool(interval.low > -settings.margin) if np.isfinite(interval.low) else None
    sentence = (
        f"{name}: {live(everyone):.3f} live, {candidate(everyone):.3f} candidate, difference {interval.value:+.3f} "
        f"(95 % {interval.low:+.3f} to {interval.high:+.3f}); the lower end must lie above {-settings.margin:+.3f}."
    )
    return Bar(name, holds, sentence, live(everyone), candidate(everyone), interval)


def _sensitivity_bars(positive: dict[str, NDArray[np.bool_]], settings: GateSettings) -> list[Bar]:
    bars = []
    for column, name in enumerate(CHEXPERT_OBSERVATIONS):
        true = positive["reference"][:, column]
        count = int(true.sum())
        if not count:
            continue
        live, candidate = (float(positive[who][true, column].mean()) for who in ("live", "candidate"))
        holds = None if count < settings.min_positives else candidate >= live - settings.sensitivity_drop - 1e-9
        few = f" Of {count} reports only, so it decides nothing." if holds is None else ""
        sentence = (
            f"Sensitivity for {name}: {live:.2f} live, {candidate:.2f} candidate ({count} reports); it may fall by "
            f"{settings.sensitivity_drop:.2f}.{few}"
        )
        bars.append(Bar(f"sensitivity {name}", holds, sentence, live, candidate))
    return bars


def _priors(texts: dict[str, list[str]]) -> tuple[list[bool], list[bool]]:
    return [compares(text) for text in texts["live"]], [compares(text) for text in texts["candidate"]]


def _rate_bar(name: str, live: Sequence[bool], candidate: Sequence[bool]) -> Bar:
    before, after = float(np.mean(live)), float(np.mean(candidate))
    sentence = f"Share of {name}: {before:.3f} live, {after:.3f} candidate; it must not rise."
    return Bar(name, after <= before + 1e-9, sentence, before, after)


def _golden_bars(cases: Sequence[GateCase], positive: NDArray[np.bool_]) -> list[Bar]:
    bars = []
    for row, case in enumerate(cases):
        for name, is_asserted in case.golden.items():
            found = bool(positive[row, CHEXPERT_OBSERVATIONS.index(name)]) and case.candidate is not None
            holds = found == is_asserted
            must = "must" if is_asserted else "must not"
            sentence = f"Golden case {case.case_id} {must} assert {name}: it {'does' if found else 'does not'}."
            bars.append(Bar(f"golden {case.case_id} {name}", holds, sentence, float("nan"), float(found)))
    return bars


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """Numbers that JSON has; what is not a number is null."""
    return {
        key: _plain(value)
        if isinstance(value, dict)
        else None
        if isinstance(value, float) and not np.isfinite(value)
        else value
        for key, value in content.items()
    }
