"""Open-i chest radiograph reports (Demner-Fushman et al. 2016), as carried by the torchxrayvision package.

3,955 XML files with FINDINGS, IMPRESSION, INDICATION and MeSH terms; no access agreement; one study a patient.
De-identified words read ``XXXX``. MeSH ``major`` terms look like ``Opacity/lung/base/left`` or ``normal``.
"""

from __future__ import annotations

import importlib.util
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from gaze2report.errors import UnreadableInput
from gaze2report.types import CHEXPERT_OBSERVATIONS

ARCHIVE_NAME = "NLMCXR_reports.tgz"

MESH_TO_OBSERVATIONS: dict[str, tuple[str, ...]] = {
    "Cardiomegaly": ("Cardiomegaly",),
    "Opacity": ("Lung Opacity",),
    "Airspace Disease": ("Lung Opacity",),
    "Infiltrate": ("Lung Opacity",),
    "Consolidation": ("Consolidation", "Lung Opacity"),
    "Pneumonia": ("Pneumonia", "Lung Opacity"),
    "Pulmonary Edema": ("Edema", "Lung Opacity"),
    "Pulmonary Congestion": ("Edema",),
    "Pulmonary Atelectasis": ("Atelectasis",),
    "Pneumothorax": ("Pneumothorax",),
    "Hydropneumothorax": ("Pneumothorax", "Pleural Effusion"),
    "Pleural Effusion": ("Pleural Effusion",),
    "Nodule": ("Lung Lesion",),
    "Mass": ("Lung Lesion",),
    "Fractures, Bone": ("Fracture",),
    "Catheters, Indwelling": ("Support Devices",),
    "Implanted Medical Device": ("Support Devices",),
    "Medical Device": ("Support Devices",),
    "Tube, Inserted": ("Support Devices",),
}
"""First part of a MeSH term to the CheXpert-14 observations it asserts."""


@dataclass(frozen=True)
class OpenIReport:
    """One report: its sections as published, its MeSH terms, and the observations those terms assert."""

    study_id: str
    indication: str
    findings: str
    impression: str
    mesh: tuple[str, ...]
    observations: frozenset[str]
    comparison: str = ""
    image_ids: tuple[str, ...] = ()


def locate_archive() -> Path:
    """Return the archive inside the installed torchxrayvision package, without importing that package.

    Raises
    ------
    UnreadableInput
        If the package is not installed or does not hold the archive.
    """
    spec = importlib.util.find_spec("torchxrayvision")
    if spec is None or not spec.submodule_search_locations:
        raise UnreadableInput("torchxrayvision", "is not installed; it carries the Open-i reports (extra 'weights')")
    path = Path(next(iter(spec.submodule_search_locations))) / "data" / ARCHIVE_NAME
    if not path.is_file():
        raise UnreadableInput(path, "the installed torchxrayvision does not hold the Open-i reports")
    return path


def read_reports(archive: Path | None = None) -> Iterator[OpenIReport]:
    """Read every report of the archive, in the archive's order.

    Raises
    ------
    UnreadableInput
        If the archive is missing or not a readable tar file.
    """
    path = archive or locate_archive()
    for name, xml in read_files(path):
        try:
            yield parse_report(xml)
        except ElementTree.ParseError as error:
            raise UnreadableInput(path, f"{name} cannot be read as a report: {error}") from error


def read_files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Read the report files of the archive, in its order, or of an unpacked folder, by name.

    Raises
    ------
    UnreadableInput
        If the source is missing or not readable.
    """
    try:
        if source.is_dir():
            for path in sorted(source.glob("*.xml")):
                yield path.name, path.read_bytes()
            return
        with tarfile.open(source) as files:
            for member in files:
                if member.isfile() and member.name.endswith(".xml"):
                    stream = files.extractfile(member)
                    if stream is not None:
                        yield member.name, stream.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UnreadableInput(source, f"cannot be read as the Open-i report archive: {error}") from error


def parse_report(xml: bytes) -> OpenIReport:
    """Read one report from its XML."""
    root = ElementTree.fromstring(xml)
    sections = {part.get("Label", ""): (part.text or "").strip() for part in root.iter("AbstractText")}
    mesh = tuple((term.text or "").strip() for term in root.iter("major"))
    identifier = root.find("uId")
    return OpenIReport(
        study_id=(identifier.get("id", "") if identifier is not None else ""),
        indication=sections.get("INDICATION", ""),
        findings=sections.get("FINDINGS", ""),
        impression=sections.get("IMPRESSION", ""),
        mesh=mesh,
        observations=mesh_to_observations(mesh),
        comparison=sections.get("COMPARISON", ""),
        image_ids=tuple(image.get("id", "") for image in root.iter("parentImage")),
    )


def mesh_to_observations(mesh: tuple[str, ...]) -> frozenset[str]:
    """Map MeSH terms to positive CheXpert-14 observations; ``No Finding`` when none of the other 13 is asserted."""
    found: set[str] = set()
    for term in mesh:
        parts = [part.strip() for part in term.split("/")]
        found.update(MESH_TO_OBSERVATIONS.get(parts[0], ()))
        if parts[0] in {"Thickening", "Calcinosis"} and any(part.startswith("pleura") for part in parts[1:]):
            found.add("Pleural Other")
        if parts[0] == "Costophrenic Angle" and "blunted" in parts[1:]:
            found.add("Pleural Effusion")
        if parts[0] in {"Cardiac Shadow", "Mediastinum"} and "enlarged" in parts[1:]:
            found.add("Enlarged Cardiomediastinum")
    return frozenset(found or {"No Finding"}) & frozenset(CHEXPERT_OBSERVATIONS)


_PRIOR = re.compile(
    r"\b(unchanged|stable|stably|interval(?:ly)?|previous(?:ly)?|prior|compar\w+|again|persist\w*|resol\w+|"
    r"change[ds]?|improv\w+|worsen\w*|redemonstrat\w+|since|earlier|new|newly|remain\w*|no longer|recent|"
    r"progress\w+|increas(?:ing|ed since)|decreas\w+)\b",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"(?:(?<=\s)|^)\d{1,2}[.)]\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def clean_section(text: str) -> str:
    """Keep the sentences of a section that a first draft without priors may use.

    Dropped are list numbers, sentences with a de-identified word, and sentences that compare with an earlier film:
    a language model trained on those invents comparisons (Ramesh et al. 2022).
    """
    text = re.sub(r"\bx-XXXX\b", "x-ray", text)
    text = _NUMBERING.sub("", " ".join(text.split()))
    kept = []
    for sentence in _SENTENCE_END.split(text):
        words = sentence.strip().rstrip(".").strip()
        if not words or "XXXX" in words or _PRIOR.search(words):
            continue
        kept.append(words[0].upper() + words[1:] + ".")
    return " ".join(kept)
