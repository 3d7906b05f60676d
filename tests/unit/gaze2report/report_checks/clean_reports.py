"""Made-up chest radiograph reports without an error, in the style of a university hospital."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

_FILE = Path(__file__).parents[3] / "data" / "clean_reports.yaml"


class CleanReport(NamedTuple):
    sex: str
    age_years: float
    has_prior: bool
    findings: str
    impression: str
    comparison: str = ""
    indication: str = ""
    recommendation: str = ""
    ctr: float | None = None
    is_communicated: bool = False


CLEAN: tuple[CleanReport, ...] = tuple(CleanReport(**fields) for fields in yaml.safe_load(_FILE.read_text("utf-8")))
