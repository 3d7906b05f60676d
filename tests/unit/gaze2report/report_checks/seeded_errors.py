"""Errors put into clean reports, one at a time, with a seed: what the checks have to find."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from unit.gaze2report.report_checks.clean_reports import CleanReport

from gaze2report.report_checks.content import ReportContent, StudyFacts
from gaze2report.report_checks.statements import FINDINGS


class Case(NamedTuple):
    content: ReportContent
    facts: StudyFacts


Injector = Callable[[Case, random.Random], Case | None]


def case_of(report: CleanReport) -> Case:
    """The report as the checks see it. The findings head agrees with it, and does not know of fractures."""
    sections = {
        "indication": report.indication,
        "comparison": report.comparison,
        "findings": report.findings,
        "impression": report.impression,
        "recommendation": report.recommendation,
    }
    facts = StudyFacts(
        "1.2", "P100", "ACC7", report.sex, report.age_years, report.has_prior,
        observations={"Fracture": None, **_agreeing(f"{report.findings} {report.impression}")}, ctr=report.ctr,
    )  # fmt: skip
    return Case(ReportContent(sections, study_uid="1.2", has_communication=report.is_communicated), facts)


def _agreeing(text: str) -> dict[str, float | None]:
    present = {
        "Pneumothorax": r"(?:right|left) pneumothorax",
        "Pleural Effusion": r"(?<!no )(?:small|moderate|right|left|bilateral)[\w ]* effusions?(?! on| is absent)",
    }
    return {name: 0.8 if re.search(pattern, text, re.I) else 0.1 for name, pattern in present.items()}


def change(case: Case, section: str, text: str) -> Case:
    return case._replace(content=replace(case.content, sections={**case.content.sections, section: text}))


def wrong_side(case: Case, rng: random.Random) -> Case | None:
    """Turn round the one side that findings and impression give to the same finding."""
    sections = case.content.sections
    words = re.compile(r"\b(left|right)\b", re.I)
    if len(words.findall(sections["impression"])) != 1 or "bilateral" in sections["findings"].lower():
        return None
    side = words.search(sections["impression"]).group().lower()  # type: ignore[union-attr]
    sentence = next(s for s in re.split(r"(?<=[.])\s", sections["impression"]) if words.search(s))
    shared = [p for p in FINDINGS.values() if p.search(sentence)]
    sentences = [s for s in re.split(r"(?<=[.])\s", sections["findings"]) if words.findall(s)]
    if not any(p.search(s) and {w.lower() for w in words.findall(s)} == {side} for p in shared for s in sentences):
        return None
    other = {"left": "right", "right": "left"}
    section = rng.choice(["findings", "impression"])
    if section == "findings":  # every mention of that side, as if the writer took the film the wrong way round
        turned = words.sub(lambda m: _as(m.group(), other[m.group().lower()]), sections["findings"])
        return change(case, "findings", turned)
    return change(case, "impression", words.sub(lambda m: _as(m.group(), other[side]), sections["impression"]))


def _as(model: str, word: str) -> str:
    return word.capitalize() if model[0].isupper() else word


def wrong_sex(case: Case, rng: random.Random) -> Case | None:
    said = {
        "M": ["She is short of breath.", "The uterus is gravid.", "Status post hysterectomy.", "A woman."],
        "F": ["He has chest pain.", "Known prostate carcinoma.", "Bilateral gynecomastia.", "Pleasant gentleman."],
    }  # fmt: skip
    section = rng.choice(["indication", "findings"])
    added = rng.choice(said[case.facts.sex])
    return change(case, section, f"{case.content.sections[section]} {added}".strip())


def wrong_age(case: Case, rng: random.Random) -> Case | None:
    age = int(case.facts.age_years or 0) + rng.choice([-30, -12, 11, 25])
    said = rng.choice([f"{max(age, 3)}-year-old with cough.", f"{max(age, 3)} y/o, fever.", "Infant with fever."])
    return change(case, "indication", said)


def invented_prior(case: Case, rng: random.Random) -> Case | None:
    if case.facts.has_prior:
        return None
    added = rng.choice([
        "Unchanged from the prior study.", "Compared with the previous radiograph, there is no change.",
        "The cardiac silhouette is stable.", "There is a new opacity at the base.", "Interval improvement of aeration.",
        "Findings are again seen.", "The effusion has decreased since yesterday.", "Persistent basilar scarring.",
    ])  # fmt: skip
    section = rng.choice(["findings", "impression"])
    return change(case, section, f"{case.content.sections[section]} {added}")


def left_over_field(case: Case, rng: random.Random) -> Case | None:
    added = rng.choice([
        "Nodule of [# mm].", "Heart is [normal*|enlarged].", "[right|left] effusion.", "Tip at [? level].",
        "____ lobe opacity.",
        "Seen by Dr. XXXX.", "Effusion on the [side].", "{say where}", "The patient is <age> years old.", "Size ???.",
    ])  # fmt: skip
    section = rng.choice(["findings", "impression", "recommendation"])
    return change(case, section, f"{case.content.sections[section]} {added}".strip())


def missing_impression(case: Case, rng: random.Random) -> Case | None:
    return change(case, "impression", rng.choice(["", " ", "\n"]))


def unreviewed_sentence(case: Case, rng: random.Random) -> Case | None:
    section = rng.choice(["findings", "impression"])
    end = case.content.sections[section].index(".") + 1
    return case._replace(content=replace(case.content, unreviewed=((section, 0, end),)))


def other_study(case: Case, rng: random.Random) -> Case | None:
    if rng.random() < 0.5:
        return case._replace(content=replace(case.content, study_uid="9.9"))
    return change(case, "indication", rng.choice(["Accession number: ACC99.", "MRN 555123, cough."]))


def turned_negation(case: Case, rng: random.Random) -> Case | None:
    """The findings head is sure of the opposite of what the text says."""
    findings = case.content.sections["findings"]
    for name, word in (("Pneumothorax", "pneumothorax"), ("Pleural Effusion", "effusion")):
        if re.search(rf"\bno (?:pleural )?{word}", findings, re.I):
            observations = {**case.facts.observations, name: rng.uniform(0.6, 0.99)}
            return case._replace(facts=replace(case.facts, observations=observations))
    return None


def nobody_told(case: Case, rng: random.Random) -> Case | None:
    if case.content.has_communication:
        return case._replace(content=replace(case.content, has_communication=False))
    if "neumothorax" in case.content.sections["findings"]:
        return None
    added = rng.choice([
        "There is a small apical pneumothorax.", "Free air below the diaphragm.",
        "The endotracheal tube ends in the right main bronchus.", "Mediastinal shift to the left.",
    ])  # fmt: skip
    return change(case, "findings", f"{case.content.sections['findings']} {added}")


def other_heart_size(case: Case, rng: random.Random) -> Case | None:
    findings = case.content.sections["findings"]
    if not re.search(r"heart|cardi", findings, re.I):
        return None
    is_large = bool(re.search(r"cardiomegaly(?<!no cardiomegaly)|(?<!not )enlarged", findings, re.I))
    is_normal = bool(re.search(r"(?:heart|cardi)[^.]*(?:normal|not enlarged)|no cardiomegaly", findings, re.I))
    if is_large == is_normal or "upper limits" in findings:
        return None
    ratio = rng.uniform(0.36, 0.46) if is_large else rng.uniform(0.54, 0.66)
    return case._replace(facts=replace(case.facts, ctr=ratio))


INJECTORS: dict[str, Injector] = {
    "laterality": wrong_side,
    "sex": wrong_sex,
    "age": wrong_age,
    "prior": invented_prior,
    "placeholder": left_over_field,
    "missing impression": missing_impression,
    "unreviewed AI": unreviewed_sentence,
    "wrong study": other_study,
    "negation": turned_negation,
    "critical result": nobody_told,
    "measurement": other_heart_size,
}
"""Code of the issue that must be found, and what puts the error in."""
