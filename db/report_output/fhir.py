"""The report as a FHIR R4B Bundle: DiagnosticReport with patient, study, sections, devices and provenance.

A section is an Observation (``DiagnosticReport.result``) under its LOINC code, because R4B has no place for sections;
its ``valueString`` is the text as it is. ``presentedForm`` has the whole report as text and as PDF. Regions of
sentences are not in it: the resource for them, ImagingSelection, came with R5.
"""

from __future__ import annotations

import base64
import html
import json
from typing import Any

from db.errors import OutputRefused
from db.report_output import dicom_identity as identity
from db.report_output import fhir_parties as parties
from db.report_output.clean_text import one_line
from db.report_output.document import RESEARCH_USE, OutputDocument, OutputSection
from db.report_output.fhir_parties import Resource, reference, uid_identifier, urn
from db.report_output.pdf import to_pdf
from db.report_output.plain_text import heading_of, to_text
from db.report_output.sections import DCM, LOINC, REPORT_CODE, Coded

MAX_STRING_CHARACTERS = 1024 * 1024
"""Longest string of FHIR (data types, string); narrative and base64 have no such limit."""

REPORT_STATUS = {"preliminary": "preliminary", "final": "final", "addendum": "appended", "correction": "corrected"}
OBSERVATION_STATUS = {**REPORT_STATUS, "addendum": "amended"}
_SYSTEMS = {LOINC: "http://loinc.org", DCM: "http://dicom.nema.org/resources/ontology/DCM"}
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_AI_ASSERTED = {
    "system": f"{_TERMINOLOGY}/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}


def to_fhir(document: OutputDocument) -> bytes:
    """Write the report as JSON, checked against the definitions of R4B.

    Raises
    ------
    OutputRefused
        If a section is longer than FHIR allows.
    """
    from fhir.resources.R4B.bundle import Bundle

    content = bundle(document)
    Bundle.model_validate(content)
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def bundle(document: OutputDocument) -> dict[str, Any]:
    """Give the Bundle as a JSON-ready object."""
    long = [section.kind.heading for section in document.sections if len(section.text) > MAX_STRING_CHARACTERS]
    if long:
        raise OutputRefused(f"the section {long[0]} is longer than the {MAX_STRING_CHARACTERS} characters of FHIR")
    study = parties.imaging_study(document)
    observations = [_observation(document, section, index) for index, section in enumerate(document.sections)]
    report = _report(document, observations)
    resources = [
        report,
        parties.patient(document),
        study,
        *parties.practitioners(document),
        *parties.devices(document),
        *observations,
        parties.provenance(document, [report, *observations]),
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": document.version.created_at_utc,
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }


def _report(document: OutputDocument, observations: list[Resource]) -> Resource:
    version = document.version
    impression = "\n\n".join(section.text for section in document.sections if section.name == "impression")
    content: Resource = {
        "resourceType": "DiagnosticReport",
        "id": urn(document, f"report {version.version}"),
        **_label(document.assistance is not None),
        "language": "en",
        "text": {"status": "generated", "div": narrative(document)},
        "identifier": [uid_identifier(identity.instance_uid(version, identity.SR_KIND))],
        "status": REPORT_STATUS.get(version.kind, "unknown"),
        "category": [{"coding": [{"system": f"{_TERMINOLOGY}/v2-0074", "code": "RAD", "display": "Radiology"}]}],
        "code": concept(REPORT_CODE),
        "subject": reference(parties.patient_id(document)),
        "issued": version.created_at_utc,
        "resultsInterpreter": [reference(parties.practitioner_id(version.signer or version.author))],
        "imagingStudy": [reference(parties.study_id(document))],
        "presentedForm": [
            _attachment(document, "text/plain; charset=utf-8", to_text(document).encode(), "Radiology report"),
            _attachment(document, "application/pdf", to_pdf(document), "Radiology report"),
        ],
    }
    if observations:
        content["result"] = [reference(one["id"]) for one in observations]
    if impression and len(impression) <= MAX_STRING_CHARACTERS:
        content["conclusion"] = impression
    return content


def _observation(document: OutputDocument, section: OutputSection, index: int) -> Resource:
    by = section.added_by or document.version
    return {
        "resourceType": "Observation",
        "id": urn(document, f"section {document.version.version} {index}"),
        **_label(section.has_ai_text),
        "status": OBSERVATION_STATUS.get(document.version.kind, "unknown"),
        "code": concept(section.kind.heading_code),
        "subject": reference(parties.patient_id(document)),
        "issued": by.created_at_utc,
        "performer": [reference(parties.practitioner_id(by.signer or by.author))],
        "valueString": section.text,
    }


def _label(has_ai_text: bool) -> Resource:
    return {"meta": {"security": [_AI_ASSERTED]}} if has_ai_text else {}


def _attachment(document: OutputDocument, content_type: str, data: bytes, title: str) -> Resource:
    return {
        "contentType": content_type,
        "language": "en",
        "data": base64.b64encode(data).decode(),
        "title": title,
        "creation": document.version.created_at_utc,
    }


def narrative(document: OutputDocument) -> str:
    """Give the report as XHTML; carriage returns become line feeds there, as XML 1.0 (2.11) has it."""
    parts = []
    for section in document.sections:
        parts.append(f"<h2>{html.escape(heading_of(section))}</h2>")
        parts.append(f'<p style="white-space: pre-wrap">{html.escape(section.text)}</p>')
    parts += [
        f"<p>{html.escape(line)}</p>" for line in (*document.amendments, document.assistance_sentence, RESEARCH_USE)
    ]
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}</div>'


def concept(code: Coded) -> Resource:
    """Give a coded concept; one of our own scheme by its words only."""
    text = one_line(code.meaning)
    system = _SYSTEMS.get(code.scheme)
    if system is None:
        return {"text": text}
    return {"coding": [{"system": system, "code": code.value}], "text": text}
