"""What a comparator wrote for the test films, kept as a file, so that a comparison that was stopped goes on.

::

    OUT/fits/<comparator>-seed<n>.json
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gaze2report.comparators.comparator import Comparator, FitSummary, ParameterCount, ReportCase
from gaze2report.comparators.encoded_cases import EncodedSplits
from gaze2report.types import Report


@dataclass(frozen=True)
class WrittenReports:
    """One fit of one comparator and what it wrote.

    Attributes
    ----------
    fingerprint : str
        Hash of everything that decided the texts; an old file with another one is not used.
    reports : dict of str to Report
        Example id to what was written of it.
    fit_s, fit_cpu_s, write_s : float
        Seconds of the fit on the clock and of all cores of this process, and of writing all reports.
    threads : int
        Threads that torch might use meanwhile.
    """

    comparator: str
    seed: int
    fingerprint: str
    reports: dict[str, Report]
    summary: FitSummary
    parameters: ParameterCount
    fit_s: float
    fit_cpu_s: float
    write_s: float
    threads: int


def fit_and_write(
    name: str,
    comparator: Comparator,
    cases: EncodedSplits,
    seed: int,
    fingerprint: str,
    threads: int,
    on_log: Callable[[str], None],
) -> WrittenReports:
    """Fit a comparator and let it write a report of every test film."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    summary = comparator.fit(cases.train, cases.val, on_log)
    fitted_s, fitted_cpu_s = time.perf_counter(), time.process_time()
    reports = write_all(comparator, cases.test, on_log)
    return WrittenReports(
        name,
        seed,
        fingerprint,
        reports,
        summary,
        comparator.parameters(),
        fitted_s - started_s,
        fitted_cpu_s - started_cpu_s,
        time.perf_counter() - fitted_s,
        threads,
    )


def write_all(comparator: Comparator, cases: Sequence[ReportCase], on_log: Callable[[str], None]) -> dict[str, Report]:
    """Let a comparator write of every film, without its report."""
    reports: dict[str, Report] = {}
    for number, case in enumerate(cases, start=1):
        reports[case.example_id] = comparator.generate(case.film)
        if number % 25 == 0:
            on_log(f"  {number}/{len(cases)} reports written")
    return reports


def keep(path: Path, written: WrittenReports) -> None:
    """Write the file; it appears whole or not at all."""
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps(asdict(written), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, path)


def find(path: Path, fingerprint: str) -> WrittenReports | None:
    """Read what an earlier run has kept; None where there is nothing, or it was decided by other settings."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["fingerprint"] != fingerprint:
            return None
        content["reports"] = {key: Report(**report) for key, report in content["reports"].items()}
        content["summary"] = FitSummary(**content["summary"])
        content["parameters"] = ParameterCount(**content["parameters"])
        return WrittenReports(**content)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None  # a damaged file is made anew: it holds nothing that a fit does not give again
