from __future__ import annotations

import base64
import io
import json
import xml.etree.ElementTree as ET

import pytest
from fhir.resources.R4B.bundle import Bundle
from pypdf import PdfReader
from reported_studies import FINDINGS, SIGNER, joined, reported_study

from db.errors import OutputRefused
from db.records import TEXT_SECTIONS, WorkingText
from db.report_output import fhir
from db.report_output.document import RESEARCH_USE, collect
from db.report_output.plain_text import to_text
from db.report_output.sections import kind_of


def written(made, version=None):
    return json.loads(fhir.to_fhir(collect(made.workspace, made.study_uid, version)))


def of_type(bundle, name):
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == name]


def references(content):
    if isinstance(content, dict):
        found = [content["reference"]] if "reference" in content else []
        return found + [one for value in content.values() for one in references(value)]
    return [one for value in content for one in references(value)] if isinstance(content, list) else []


def test_every_section_is_an_observation_with_its_text_as_it_is(reported):
    said = {name: f"  Text\tof {name}.\r\n\nÉnd 🫁 " for name in TEXT_SECTIONS}
    reported.sign(WorkingText(**said))
    bundle = written(reported)
    (report,) = of_type(bundle, "DiagnosticReport")
    by_url = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    observed = [by_url[one["reference"]] for one in report["result"]]
    assert [(one["code"]["coding"][0]["code"], one["valueString"]) for one in observed] == [
        (kind_of(name).heading_code.value, text) for name, text in said.items()
    ]
    assert report["conclusion"] == said["impression"]
    assert Bundle.model_validate(bundle).entry[0].resource.conclusion == said["impression"]


def test_every_reference_leads_to_an_entry_of_the_bundle(reported):
    reported.sign()
    reported.add("More.", "Dr. B")
    bundle = written(reported)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert set(references(bundle)) <= set(urls)
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert kinds >= {"Patient", "ImagingStudy", "DiagnosticReport", "Device", "Provenance", "Observation"}
    assert [one["name"][0]["text"] for one in of_type(bundle, "Practitioner")] == ["Dr. B", SIGNER]


def test_the_status_follows_the_version(reported):
    reported.accept()
    reported.sign()
    reported.add("More.")
    bundles = [written(reported, version) for version in (1, 2, 3)]
    assert [of_type(one, "DiagnosticReport")[0]["status"] for one in bundles] == ["preliminary", "final", "appended"]
    assert [of_type(one, "Observation")[0]["status"] for one in bundles] == ["preliminary", "final", "amended"]
    reported.correct(WorkingText(findings="Left.", impression="Left."))
    assert of_type(written(reported), "DiagnosticReport")[0]["status"] == "corrected"
    revised = [
        one["what"]["identifier"] for one in of_type(bundles[2], "Provenance")[0]["entity"] if one["role"] == "revision"
    ]
    assert revised == of_type(bundles[1], "DiagnosticReport")[0]["identifier"]


def test_the_presented_forms_are_the_text_and_the_pdf(reported):
    reported.sign()
    document = collect(reported.workspace, reported.study_uid)
    text, pdf = of_type(json.loads(fhir.to_fhir(document)), "DiagnosticReport")[0]["presentedForm"]
    assert text["contentType"].startswith("text/plain")
    assert base64.b64decode(text["data"]).decode() == to_text(document)
    assert "Radiology report" in PdfReader(io.BytesIO(base64.b64decode(pdf["data"]))).pages[0].extract_text()


def test_the_narrative_is_xhtml_with_the_texts_and_the_purpose(reported):
    reported.sign(WorkingText(findings="a < b & c\n\n<script>x</script>", impression="Clear."))
    div = ET.fromstring(of_type(written(reported), "DiagnosticReport")[0]["text"]["div"])
    paragraphs = [one.text for one in div if one.tag.endswith("}p")]
    assert paragraphs[0] == "a < b & c\n\n<script>x</script>"
    assert paragraphs[-1] == RESEARCH_USE


def test_patient_and_study_say_what_the_images_said(reported):
    reported.sign()
    bundle = written(reported)
    (patient,) = of_type(bundle, "Patient")
    assert (patient["gender"], patient["birthDate"]) == ("female", "1960-03-01")
    assert patient["name"] == [{"text": "Doe, Jane", "family": "Doe", "given": ["Jane"]}]
    (study,) = of_type(bundle, "ImagingStudy")
    assert study["identifier"][0] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}
    assert study["series"][0]["instance"][0]["uid"] == "1.2.3.1.1"


def test_a_header_that_says_nothing_gives_a_valid_bundle(workspace, tmp_path):
    empty = dict.fromkeys(
        ("sop_class_uid", "patient_id", "patient_name", "patient_sex", "patient_birth_date", "accession_number",
         "study_date", "study_time", "study_description", "modality"), "",
    )  # fmt: skip
    made = reported_study(workspace, tmp_path, with_draft=False, **empty)
    made.sign(WorkingText(findings="Clear.", impression="Clear."))
    bundle = written(made)
    assert set(of_type(bundle, "Patient")[0]) == {"resourceType", "id"}
    assert "series" not in of_type(bundle, "ImagingStudy")[0]


def test_the_model_and_what_it_wrote_are_marked(reported):
    reported.sign()
    bundle = written(reported)
    model = of_type(bundle, "Device")[1]
    assert (model["deviceName"][0]["name"], model["serialNumber"]) == ("base with adapter embedded", "a" * 64)
    roles = [one["type"]["coding"][0]["code"] for one in of_type(bundle, "Provenance")[0]["agent"]]
    assert roles == ["verifier", "assembler", "author"]
    labelled = [one["code"]["text"] for one in of_type(bundle, "Observation") if "meta" in one]
    assert labelled == ["Findings", "Impressions"]


def test_without_a_model_nothing_is_marked(workspace, tmp_path):
    made = reported_study(workspace, tmp_path, with_draft=False)
    made.sign(WorkingText(findings=FINDINGS, impression="Clear."))
    bundle = written(made)
    assert len(of_type(bundle, "Device")) == 1
    assert "AIAST" not in json.dumps(bundle)


def test_the_same_version_gives_the_same_bytes(reported):
    reported.sign()
    document = collect(reported.workspace, reported.study_uid)
    assert fhir.to_fhir(document) == fhir.to_fhir(document)


def test_a_section_longer_than_fhir_allows_is_refused(reported):
    reported.sign(WorkingText(findings="x" * (fhir.MAX_STRING_CHARACTERS + 1), impression="Clear."))
    with pytest.raises(OutputRefused, match="the section Findings is longer than"):
        written(reported)


def test_what_was_kept_is_said_by_joining_the_sections(reported):
    reported.sign()
    assert joined(one["valueString"] for one in of_type(written(reported), "Observation")) == (
        f"Cough.{FINDINGS}Cardiomegaly."
    )
