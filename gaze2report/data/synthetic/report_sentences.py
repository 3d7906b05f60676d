"""Sentences for made reports: those of Open-i where the package that carries them is installed, else a few own ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gaze2report.data.sentence_pool import SentencePool
from gaze2report.data.sources.open_i import OpenIReport, read_reports
from gaze2report.errors import UnreadableInput


@dataclass(frozen=True)
class ReportSentences:
    """A pool of sentences, whose they are, and what a manifest must say of them."""

    pool: SentencePool
    source: str
    note: str
    licence: str


def open_sentences(allow_open_i: bool = True) -> ReportSentences:
    """Sort the sentences of the installed Open-i reports by finding; without the package, those of this file."""
    if allow_open_i:
        try:
            return ReportSentences(
                SentencePool(read_reports()),
                "open-i",
                "Reports are put together from sentences of Open-i reports, sorted by what they assert; as a whole "
                "nobody wrote them. Words of side and zone are taken out. All splits draw from the same sentences.",
                "CC BY-NC-ND 4.0 (sentences of the Open-i reports)",
            )
        except UnreadableInput as error:
            reason = str(error)
    else:
        reason = "they were not asked for"
    return ReportSentences(
        SentencePool(own_reports()),
        "own",
        f"Reports are put together from a few sentences that come with the program, not from Open-i reports: {reason}. "
        "Their language is much poorer than that of real reports.",
        "Apache-2.0",
    )


_NORMAL = (
    (
        "The heart is normal in size. The lungs are clear. No pleural effusion or pneumothorax.",
        "No acute disease.",
    ),
    (
        "Heart size is within normal limits. No focal consolidation. No pneumothorax. No pleural effusion.",
        "Normal chest.",
    ),
    (
        "The cardiac silhouette is normal. Lungs are clear. There is no pleural effusion. No fracture is seen.",
        "No acute cardiopulmonary abnormality.",
    ),
)
_ASSERTING: dict[str, tuple[tuple[str, str], ...]] = {
    "Cardiomegaly": (
        ("The heart is enlarged.", "Cardiomegaly."),
        ("There is mild cardiomegaly.", "Mild cardiomegaly."),
    ),
    "Lung Opacity": (
        ("There is a patchy opacity.", "Patchy opacity."),
        ("A hazy opacity is seen.", "Hazy airspace opacity."),
    ),
    "Lung Lesion": (
        ("There is a round nodule.", "Pulmonary nodule."),
        ("A small nodule is noted.", "Nodule."),
    ),
    "Edema": (
        ("There is pulmonary edema.", "Pulmonary edema."),
        ("Findings of mild interstitial edema.", "Mild edema."),
    ),
    "Pneumonia": (
        ("There is an opacity consistent with pneumonia.", "Pneumonia."),
        ("Dense opacity suggests pneumonia.", "Opacity, likely pneumonia."),
    ),
    "Atelectasis": (
        ("There is linear atelectasis.", "Atelectasis."),
        ("Bands of subsegmental atelectasis are seen.", "Subsegmental atelectasis."),
    ),
    "Pneumothorax": (
        ("There is a pneumothorax.", "Pneumothorax."),
        ("A small pneumothorax is present.", "Small pneumothorax."),
    ),
    "Pleural Effusion": (
        ("There is a pleural effusion.", "Pleural effusion."),
        ("A small pleural effusion is seen.", "Small effusion."),
    ),
    "Fracture": (
        ("There is a rib fracture.", "Rib fracture."),
        ("A displaced fracture of a rib is seen.", "Displaced rib fracture."),
    ),
}


def own_reports() -> Iterable[OpenIReport]:
    """Reports of one finding each, and normal ones, in the form of Open-i."""
    for number, (findings, impression) in enumerate(_NORMAL):
        yield OpenIReport(f"own-normal-{number}", "", findings, impression, (), frozenset({"No Finding"}))
    for name, texts in _ASSERTING.items():
        observations = frozenset({name, "Lung Opacity"} if name == "Pneumonia" else {name})
        for number, (findings, impression) in enumerate(texts):
            yield OpenIReport(f"own-{name}-{number}", "", findings, impression, (), observations)
