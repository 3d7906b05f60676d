"""Which data sets can be converted, and which options each of them understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path

from gaze2report.data.conversion import ConversionOptions, Source
from gaze2report.errors import Gaze2ReportError, UnreadableInput

COMMON_OPTIONS = frozenset({"images", "split"})


@dataclass(frozen=True)
class SourceKind:
    """One kind of source: where its class is, what it is in a line, and its options besides the common ones."""

    module: str
    name: str
    summary: str
    options: frozenset[str] = frozenset()

    def load(self) -> Callable[[Path, ConversionOptions], Source]:
        """Import the class."""
        made: Callable[[Path, ConversionOptions], Source] = getattr(import_module(self.module), self.name)
        return made


_SOURCES = "gaze2report.data.sources"
KINDS: dict[str, SourceKind] = {
    "reflacx": SourceKind(
        f"{_SOURCES}.reflacx",
        "ReflacxSource",
        "REFLACX: main_data/metadata_phase_3.csv",
        frozenset({"image_root", "positive_certainty"}),
    ),
    "egd-cxr": SourceKind(
        f"{_SOURCES}.egd_cxr", "EgdCxrSource", "EGD-CXR: master_sheet.csv, fixations.csv", frozenset({"image_root"})
    ),
    "mimic-eye": SourceKind(
        f"{_SOURCES}.mimic_eye", "MimicEyeSource", "MIMIC-Eye: patient_<number>/", frozenset({"positive_certainty"})
    ),
    "gazesearch": SourceKind(
        f"{_SOURCES}.gazesearch",
        "GazeSearchSource",
        "GazeSearch scanpaths: scanpaths.json",
        frozenset({"image_root", "patients"}),
    ),
    "siim-gaze": SourceKind(
        f"{_SOURCES}.siim_gaze", "SiimGazeSource", "gaze on SIIM-ACR films: gaze.json", frozenset({"image_root"})
    ),
    "osie": SourceKind(f"{_SOURCES}.osie", "OsieSource", "everyday pictures with 15 viewers each: fixations.json"),
    "iu-xray": SourceKind(
        f"{_SOURCES}.iu_xray",
        "open_iu_xray",
        "Open-i: NLMCXR_reports.tgz or ecgen-radiology/, or R2Gen's annotation.json",
        frozenset({"image_root"}),
    ),
    "mimic-cxr": SourceKind(
        f"{_SOURCES}.mimic_cxr",
        "open_mimic_cxr",
        "MIMIC-CXR: mimic-cxr-2.0.0-metadata.csv.gz and files/, or R2Gen's annotation.json",
        frozenset({"image_root"}),
    ),
    "labelled-folder": SourceKind(
        f"{_SOURCES}.labelled_folder", "LabelledFolderSource", "films of one's own with index.csv"
    ),
}


def open_source(kind: str, folder: Path, options: ConversionOptions) -> Source:
    """Open a data set for conversion.

    Raises
    ------
    Gaze2ReportError
        If the kind is not known or does not understand an option that was given.
    UnreadableInput
        If the folder is not that data set.
    """
    if kind not in KINDS:
        known = "\n".join(f"  {name:<16} {found.summary}" for name, found in KINDS.items())
        raise Gaze2ReportError(f"there is no converter for {kind!r}; there are\n{known}")
    default = ConversionOptions()
    for item in fields(ConversionOptions):
        is_given = getattr(options, item.name) != getattr(default, item.name)
        if is_given and item.name not in COMMON_OPTIONS | KINDS[kind].options:
            raise Gaze2ReportError(f"--{item.name.replace('_', '-')} means nothing for {kind}; leave it away")
    if not folder.exists():
        raise UnreadableInput(folder, "there is no such folder")
    if not folder.is_dir():
        raise UnreadableInput(folder, "it is no folder; name the one that holds the data set")
    return KINDS[kind].load()(folder, options)
