"""Frontal chest films of further sources that share one form of ``index.json``, grouped by patient across sources.

Sources: Cohen et al. 2020 with lung masks and Brixia scores (``covid_masks_scores``) and with notes (``covid_notes``),
COVID-CXNet (``covid_cxnet``), Winther et al. 2020 (``hannover``), and children's films of Kermany et al. 2018
(``kermany_paediatric``). The same picture or patient stands in several of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaze2report.errors import UnreadableInput

MIN_ADULT_YEARS = 18.0
ADULT_SOURCES = ("covid_masks_scores", "covid_notes", "covid_cxnet", "hannover")
CHILD_SOURCE = "kermany_paediatric"
ZONE_SOURCE = "covid_masks_scores"
_SHARED_ADDRESS = "https://github.com/ml-workgroup/covid-19-image-repository"
"""Address of a whole collection, not of one patient."""


@dataclass(frozen=True)
class ChestFilm:
    """One film of a source and its row of the index; ``patient`` groups it with the same patient elsewhere."""

    path: Path
    source: str
    patient: str
    row: dict[str, Any]


def read_source(folder: Path) -> list[ChestFilm]:
    """Read one source's index; patients are told apart within it.

    Raises
    ------
    UnreadableInput
        If the index is missing or of another form.
    """
    try:
        rows = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        return [ChestFilm(folder / row["image"], folder.name, _patient(folder.name, row), row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableInput(folder, f"cannot be read as a folder of chest films: {error}") from error


def read_adults(data: Path) -> list[ChestFilm]:
    """Read the adult sources under a folder and give films of one patient one name, also across sources."""
    films = [film for source in ADULT_SOURCES for film in read_source(data / source)]
    return _united([film for film in films if (age := _age(film)) is None or age >= MIN_ADULT_YEARS])


def read_children(data: Path) -> list[ChestFilm]:
    """Read the children's films."""
    return read_source(data / CHILD_SOURCE)


def _patient(source: str, row: dict[str, Any]) -> str:
    if source == CHILD_SOURCE:  # the normal films carry a batch, not a patient
        key = str(row["patient_key"])
        return f"{source}:{row['file'] if key.startswith('normal') else key}"
    if source == "covid_cxnet":
        return f"{source}:{(row.get('meta') or {}).get('patient_id') or row['file']}"
    family = "cohen" if source.startswith("covid_") else source
    return f"{family}:{row['patient_id']}"


def _age(film: ChestFilm) -> float | None:
    stated = film.row.get("age") or (film.row.get("meta") or {}).get("age")
    try:
        return float(stated) if stated is not None else None
    except ValueError:
        return None


def _united(films: list[ChestFilm]) -> list[ChestFilm]:
    """Join patients that share a picture or the address of a case."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for film in films:
        for token in _tokens(film):
            parent[root(token)] = root(film.patient)
    return [replace(film, patient=root(film.patient)) for film in films]


def _tokens(film: ChestFilm) -> list[str]:
    address = film.row.get("url") or (film.row.get("meta") or {}).get("url")
    tokens = [f"address:{address}"] if address and address != _SHARED_ADDRESS else []
    if film.source == "hannover":
        tokens.append(f"picture:{film.path.stem}")
    if film.row.get("in_hannover_cxr"):
        tokens.append(f"picture:{Path(film.row['in_hannover_cxr']).stem}")
    return tokens
