from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from gaze2report.data.report_corpus import pertinent_first, stated_observations
from gaze2report.data.sources.open_i import clean_section, mesh_to_observations, parse_report, read_reports
from gaze2report.errors import UnreadableInput

XML = b"""<eCitation><uId id="CXR7"/><MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="INDICATION">Cough</AbstractText>
<AbstractText Label="FINDINGS">1. Left effusion. Stable heart size. XXXX is seen. Chest x-XXXX is clear.</AbstractText>
<AbstractText Label="IMPRESSION"/></Abstract></Article></MedlineCitation>
<MeSH><major>Pleural Effusion/left</major><major>Opacity/lung/base/left</major></MeSH></eCitation>"""


def test_sections_and_terms_are_read() -> None:
    report = parse_report(XML)
    assert (report.study_id, report.indication, report.impression) == ("CXR7", "Cough", "")
    assert report.observations == {"Pleural Effusion", "Lung Opacity"}


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        pytest.param(("normal",), {"No Finding"}, id="normal"),
        pytest.param(("Spine/degenerative",), {"No Finding"}, id="nothing_of_chexpert"),
        pytest.param(("Costophrenic Angle/blunted/left",), {"Pleural Effusion"}, id="blunted_angle"),
        pytest.param(("Thickening/pleura/apex",), {"Pleural Other"}, id="pleural_thickening"),
        pytest.param(("Cardiomegaly/mild", "Pulmonary Congestion"), {"Cardiomegaly", "Edema"}, id="two"),
        pytest.param((), {"No Finding"}, id="none"),
    ],
)
def test_mesh_terms_map_to_observations(mesh: tuple[str, ...], expected: set[str]) -> None:
    assert mesh_to_observations(mesh) == expected


def test_cleaning_drops_numbers_priors_and_deidentified_sentences_and_mends_x_ray() -> None:
    assert clean_section(parse_report(XML).findings) == "Left effusion. Chest x-ray is clear."
    assert clean_section("Unchanged effusion. Comparison is made with the prior film.") == ""


def test_an_archive_is_read_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reports.tgz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("ecgen-radiology/7.xml")
        entry.size = len(XML)
        archive.addfile(entry, io.BytesIO(XML))
    assert [report.study_id for report in read_reports(path)] == ["CXR7"]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UnreadableInput, match=r"reports\.tgz"):
        list(read_reports(path))


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        pytest.param("Small left effusion.", {"Pleural Effusion"}, {"Pleural Effusion"}, id="stated"),
        pytest.param("The lungs are clear.", {"Lung Opacity"}, set(), id="finding_was_cleaned_away"),
        pytest.param("No effusion.", {"No Finding"}, {"No Finding"}, id="normal"),
        pytest.param("Left effusion.", {"No Finding"}, set(), id="label_normal_text_not"),
    ],
)
def test_only_labels_that_the_cleaned_text_still_states_are_kept(
    text: str, labels: set[str], expected: set[str]
) -> None:
    assert stated_observations(text, frozenset(labels)) == expected


def test_sentences_that_assert_a_finding_come_first_in_their_order() -> None:
    text = "Heart size is normal. Small left effusion. No pneumothorax. Basilar atelectasis."
    assert pertinent_first(text) == "Small left effusion. Basilar atelectasis. Heart size is normal. No pneumothorax."
