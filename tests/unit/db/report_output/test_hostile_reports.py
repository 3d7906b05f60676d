"""Reports and headers that nobody should write, in every format: valid output with the text, or a sentence."""

from __future__ import annotations

import base64
import io
import json

import pydicom
import pytest
from dicom_checks import DCIODVFY, dciodvfy_messages
from pypdf import PdfReader
from reported_studies import HEADER, joined, reported_study, without_space

from db import readings, reports
from db.records import WorkingText
from db.report_output.clean_text import clean
from db.report_output.document import collect
from db.report_output.plain_text import to_text
from db.report_output.send_out import render

ALL_CONTROLS = "".join(map(chr, [*range(32), *range(127, 160), 0x202D, 0x202E, 0xFFFE, 0xFFFF]))
TEXTS = {
    "control characters": WorkingText(findings=f"a{ALL_CONTROLS}b", impression="\x1b[2J\x00 c"),
    "astral and combining": WorkingText(findings="🫁🏳️‍🌈 𝒳 e\u0301\u0323 \U0010fffd", impression="ﬁ Å ﷽"),
    "markup": WorkingText(
        findings="</div>]]><!-- <b>&amp; **x** \\ ^ = % {nb} ]", impression="'; DROP TABLE report;--"
    ),
    "no impression": WorkingText(findings="Only findings.\n"),
    "one word without end": WorkingText(findings="x" * 5000, impression="y"),
    "line ends": WorkingText(findings="\n\n a\r\n\r b\n\n\n", impression="c"),
}
HEADERS = {
    "long names": {"patient_name": f"{'N' * 70}^{'G' * 70}", "study_description": "d" * 300,
                   "accession_number": "A" * 64},
    "long name in another script": {"patient_name": f"Yamada={'山' * 90}^{'太' * 90}"},
    "empty": dict.fromkeys(HEADER.keys() - {"sop_class_uid", "rows", "columns"}, ""),
    "separators": {"patient_name": "A\\B=C=D=E^F", "study_description": "a\\b\x00\x1b", "accession_number": "x\\y"},
    "nonsense": {"patient_birth_date": "19991399", "study_date": "yesterday", "study_time": "999999",
                 "patient_sex": "?", "modality": "\x00"},
}  # fmt: skip


def kept(workspace, tmp_path, text=None, **header):
    """The document of a preliminary report: it may lack an impression, a signed one may not."""
    made = reported_study(workspace, tmp_path, with_draft=False, **header)
    reports.accept(workspace, made.reading_id, text or WorkingText(findings="Clear.", impression="Clear."))
    return collect(workspace, made.study_uid)


def sr_sections(content):
    report = pydicom.dcmread(io.BytesIO(content))
    containers = [one for one in report.ContentSequence if one.ValueType == "CONTAINER"]
    return [joined(one.TextValue for one in container.ContentSequence) for container in containers]


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_goes_out_as_it_is_apart_from_what_no_format_holds(workspace, tmp_path, name):
    text = TEXTS[name]
    document = kept(workspace, tmp_path, text)
    expected = [clean(one) for one in (text.findings, text.impression) if one]
    assert [one.text for one in document.sections] == expected

    plain = render(document, "text").decode()
    assert all(one in plain for one in expected)

    bundle = json.loads(render(document, "fhir"))
    observed = [entry["resource"]["valueString"] for entry in bundle["entry"] if "valueString" in entry["resource"]]
    assert observed == expected
    pages = PdfReader(io.BytesIO(base64.b64decode(bundle["entry"][0]["resource"]["presentedForm"][1]["data"])))
    assert pages.attachments["report.txt"] == [to_text(document).encode()]
    if name in ("markup", "one word without end", "line ends", "no impression"):  # the others lack glyphs
        shown = without_space(" ".join(page.extract_text() for page in pages.pages))
        assert all(without_space(one)[:2000] in shown for one in expected)

    sr = render(document, "sr")
    assert sr_sections(sr) == [one.replace("\t", " ").rstrip(" ") for one in expected]


@pytest.mark.parametrize("name", HEADERS)
def test_a_hostile_header_gives_readable_output(workspace, tmp_path, name):
    document = kept(workspace, tmp_path, **HEADERS[name])
    for output_format in ("text", "fhir", "sr"):
        assert render(document, output_format)
    dataset = pydicom.dcmread(io.BytesIO(render(document, "sr")))
    assert all(len(group) <= 64 for group in str(dataset.PatientName).split("="))
    assert len(dataset.AccessionNumber) <= 16


@DCIODVFY
@pytest.mark.parametrize("name", [*TEXTS, *(one for one in HEADERS if "script" not in one)])  # it counts bytes
def test_dciodvfy_finds_no_error_in_it(workspace, tmp_path, name):
    document = kept(workspace, tmp_path, TEXTS.get(name), **HEADERS.get(name, {}))
    found = [line for line in dciodvfy_messages(render(document, "sr"), tmp_path) if line.startswith("Error")]
    assert found == []


@pytest.mark.parametrize("reader", ["R" * 200, "a\\b", "Müller^Anna=山=か=x", "🫁", "\x07bell"])
def test_a_hostile_name_of_a_reader_can_sign(workspace, tmp_path, reader):
    made = reported_study(workspace, tmp_path, with_draft=False)
    readings.close_reading(workspace, made.reading_id)
    reading = readings.open_reading(workspace, made.study_uid, reader)
    reports.sign(workspace, reading.id, WorkingText(findings="Clear.", impression="Clear."), signer=reader)
    document = collect(workspace, made.study_uid)
    report = pydicom.dcmread(io.BytesIO(render(document, "sr")))
    name = report.VerifyingObserverSequence[0].VerifyingObserverName
    assert all(len(group) <= 64 for group in str(name).split("="))
    assert "Signed by" in render(document, "text").decode()


def test_half_a_surrogate_pair_never_comes_so_far(workspace, tmp_path):
    made = reported_study(workspace, tmp_path, with_draft=False)
    with pytest.raises(reports.ReportRefused, match="half of a two-part character"):
        made.sign(WorkingText(findings="\ud83e", impression="c"))


def test_a_very_long_report_is_whole_in_text_sr_and_fhir(workspace, tmp_path):
    text = " ".join(f"Sentence {number}." for number in range(3000))
    document = kept(workspace, tmp_path, WorkingText(findings=text, impression="Clear."))
    assert text in render(document, "text").decode()
    assert sr_sections(render(document, "sr"))[0] == text
