"""MIMIC-CXR, IU X-Ray and a labelled folder on made copies of their exact layouts."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from made_data_sets import FILMS, PATIENTS, REPORT, SIZE_PX, STUDIES, make_mimic, mimic_film, mimic_folder
from training_sets import convert_made, losses, make_film

from gaze2report.data.sources.mimic_sections import name_of_heading, split_sections
from gaze2report.data.splits import drawn_split
from gaze2report.data.training_set_check import find_problems
from gaze2report.errors import SplitLeaks, UnreadableInput

ROWS = [
    mimic_film(0),
    mimic_film(0, "lateral-1", ViewPosition="LATERAL"),
    mimic_film(1, ViewPosition=""),
    mimic_film(2),
]


@pytest.fixture
def mimic(tmp_path):
    root = make_mimic(tmp_path / "mimic", ROWS)
    make_film(mimic_folder(root, 0) / "lateral-1.jpg", *SIZE_PX, seed=9)
    return root


def known(example):
    return {name: value for name, value in example.labels.items() if value is not None}


def test_mimic_studies_keep_views_sections_labels_and_their_split(mimic, tmp_path, intake):
    made = convert_made("mimic-cxr", mimic, tmp_path / "set", intake)
    first, second, third = made.examples()
    assert (first.example_id, first.patient_id, first.study_id) == (f"s{STUDIES[0]}", PATIENTS[0], STUDIES[0])
    assert [(image.image_id, image.view) for image in first.images] == [(FILMS[0], "PA"), ("lateral-1", "LATERAL")]
    assert [example.split for example in (first, second, third)] == ["train", "val", "test"]
    assert first.reports[0].sections == {
        "indication": "___ year old with cough.",
        "comparison": "None.",
        "findings": "The lungs are clear.  There is a small\n left effusion.",
        "impression": "Small left effusion.",
    }
    assert known(first) == {"Pleural Effusion": 1.0, "Fracture": 0.0}
    assert first.source_labels == {"Pleural Effusion": 1.0, "Edema": -1.0, "Fracture": 0.0}
    assert known(second) == {"No Finding": 1.0}
    assert all(made.image_path(image).is_file() for image in first.images)
    assert losses(made) == {}
    assert list(find_problems(made.folder)) == []


def test_mimic_reports_may_lie_apart_and_films_elsewhere_or_nowhere(mimic, tmp_path, intake):
    (mimic / "mimic-cxr-reports").mkdir()
    (mimic / "files").rename(tmp_path / "films-files")
    (tmp_path / "films").mkdir()
    (tmp_path / "films-files").rename(tmp_path / "films" / "files")
    for index in range(3):
        report = mimic_folder(mimic / "mimic-cxr-reports", index).with_suffix(".txt")
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(REPORT)
    made = convert_made("mimic-cxr", mimic, tmp_path / "set", intake, image_root=tmp_path / "films")
    assert losses(made) == {}
    bare = convert_made("mimic-cxr", mimic, tmp_path / "bare", intake, images="none")
    first = next(bare.examples())
    assert (first.images[0].width_px, first.images[0].height_px, first.images[0].file) == (*SIZE_PX, None)


def test_mimic_rows_that_cannot_be_used_are_counted_by_reason(tmp_path, intake):
    rows = [
        *ROWS[:1], ROWS[0], mimic_film(0, "../x"), mimic_film(1, subject_id=""),
        mimic_film(1), mimic_film(1, "stray", study_id=STUDIES[0]),
        mimic_film(2, subject_id="19999999", study_id="59999999"),
    ]  # fmt: skip
    root = make_mimic(tmp_path / "mimic", rows)
    mimic_folder(root, 0).with_suffix(".txt").write_bytes(b"\xff\xfe no text")
    mimic_folder(root, 1).with_suffix(".txt").write_text(" FINAL REPORT\n EXAMINATION:  CXR\n")
    (mimic_folder(root, 1) / f"{FILMS[1]}.jpg").write_bytes(b"torn")
    made = convert_made("mimic-cxr", root, tmp_path / "set", intake)
    assert len(list(made.examples())) == 2
    assert losses(made) == {
        ("film", "one of the same name came before"): 1,
        ("film", "it, its study or its patient has no usable name"): 2,
        ("film", "its study belongs to another patient"): 1,
        ("film", "it cannot be read"): 1,
        ("report", "it is not there or no text"): 1,
        ("report", "no rule finds its findings or impression"): 1,
        ("study", "the split table does not name its patient"): 1,
    }


def test_a_mimic_split_that_leaks_or_is_none_is_an_error(tmp_path, intake):
    root = make_mimic(tmp_path / "mimic", ROWS, splits=("train", "holdout", "test"))
    with pytest.raises(SplitLeaks, match="a part 'holdout'"):
        convert_made("mimic-cxr", root, tmp_path / "set", intake)
    made = convert_made("mimic-cxr", root, tmp_path / "drawn", intake, split="patient")
    assert [example.split for example in made.examples()] == [drawn_split(patient) for patient in PATIENTS]
    (root / "mimic-cxr-2.0.0-metadata.csv.gz").unlink()
    with pytest.raises(UnreadableInput, match=r"holds no mimic-cxr-2\.1\.0-metadata\.csv or"):
        convert_made("mimic-cxr", root, tmp_path / "set", intake)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The lungs are clear.", {}),
        ("x\n \n FINDINGS:  A.\n \n IMPRESSION:  B.\n", {"findings": "A.", "impression": "B."}),
        ("\n IMPRSSION:  A.\n ADDENDUM:\n B\n IMPRESSION: C", {"impression": "C"}),
        ("\n CHEST, PA LATERAL:\n \n INDICATION:  Fever.\n", {"indication": "Fever."}),
        ("\n CHEST, PA LATERAL:\n INDICATION:  F.\n IMPRESSION: A", {"findings": "INDICATION:  F.", "impression": "A"}),
        ("\n FINDINGS/IMPRESSION:  A.", {"impression": "A."}),
        ("\n HISTORY: A\n \n Clear.\n \n Small.", {"history": "A", "last_paragraph": "Clear.\n \n Small."}),
        ("\n FINDINGS: \n \n IMPRESSION:  ___ stable.", {"impression": "___ stable."}),
        ("\n FINDINGS:\n IMPRESSION:  ___ stable.", {"findings": "IMPRESSION:  ___ stable."}),
        ("\n Findings: small letters", {}),
        ("\nIMPRESSION: no space", {}),
    ],
)
def test_sections_are_those_of_the_authors_parser(text, expected):
    # Values computed with section_parser.py of MIT-LCP/mimic-cxr at 3190146.
    assert split_sections(text) == expected


@pytest.mark.parametrize(
    ("heading", "name"),
    [("REASON FOR EXAM", "indication"), ("PFI", "history"), ("CONCLUSION", "impression"),
     ("AP AND LATERAL", "findings"),
     ("COMPARISION", "comparison"), ("PRIOR HISTORY OF", "history"), ("NDICATION", "impression"), ("DOSE", "dose")],
)  # fmt: skip
def test_headings_are_known_in_many_spellings(heading, name):
    assert name_of_heading(heading) == name


def open_i(number, findings="Clear lungs.", impression="Normal.", mesh=("normal",), films=1):
    images = "".join(f'<parentImage id="CXR{number}_IM-{number}-{n}001"/>' for n in range(films))
    terms = "".join(f"<major>{term}</major>" for term in mesh)
    return (
        f'<eCitation><uId id="CXR{number}"/><AbstractText Label="COMPARISON">None.</AbstractText>'
        f'<AbstractText Label="INDICATION">XXXX-year-old</AbstractText><AbstractText Label="FINDINGS">{findings}'
        f'</AbstractText><AbstractText Label="IMPRESSION">{impression}</AbstractText><MeSH>{terms}</MeSH>{images}'
        "</eCitation>"
    )


@pytest.fixture
def open_i_folder(tmp_path):
    folder = tmp_path / "open-i"
    reports = {
        1: open_i(1, films=2),
        2: open_i(2, mesh=("Pleural Effusion/left", "Cardiomegaly")),
        3: open_i(3, "", "", films=0),
    }
    (folder / "ecgen-radiology").mkdir(parents=True)
    for number, text in reports.items():
        (folder / "ecgen-radiology" / f"{number}.xml").write_text(text)
    make_film(folder / "NLMCXR_png" / "CXR1_IM-1-0001.png", seed=1)
    make_film(folder / "NLMCXR_png" / "CXR1_IM-1-1001.png", seed=2)
    split = [{"study_id": "CXR1", "split": "test"}, {"study_id": "CXR2", "split": "val"}]
    (folder / "r2gen_split.json").write_text(json.dumps(split))
    return folder


def test_open_i_keeps_sections_views_and_what_mesh_asserts(open_i_folder, tmp_path, intake):
    made = convert_made("iu-xray", open_i_folder, tmp_path / "set", intake)
    first, second = made.examples()
    assert (first.example_id, first.patient_id, first.split, second.split) == ("CXR1", "CXR1", "test", "val")
    assert first.reports[0].sections == {
        "indication": "XXXX-year-old", "comparison": "None.", "findings": "Clear lungs.", "impression": "Normal.",
    }  # fmt: skip
    assert [made.image_path(image).is_file() for image in first.images] == [True, True]
    assert known(first) == {name: float(name == "No Finding") for name in first.labels}
    assert known(second) == {"Pleural Effusion": 1.0, "Cardiomegaly": 1.0}
    assert second.source_labels == {"MeSH": ["Pleural Effusion/left", "Cardiomegaly"]}
    assert losses(made) == {
        ("film", "it is not there"): 1,
        ("report", "it has neither findings nor impression"): 1,
        ("study", "it has neither films nor a report"): 1,
    }
    assert "0 of 1 test findings occur word for word" in " ".join(made.manifest.description.notes)


def test_open_i_is_read_from_its_archive_and_damaged_reports_are_counted(tmp_path, intake):
    folder = tmp_path / "open-i"
    folder.mkdir()
    texts = [open_i(1), open_i(1), "<eCitation>", "<eCitation/>", open_i("9/../../x"), open_i(4, films=1)]
    with tarfile.open(folder / "NLMCXR_reports.tgz", "w:gz") as archive:
        for number, text in enumerate(texts):
            entry = tarfile.TarInfo(f"ecgen-radiology/{number}.xml")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    made = convert_made("iu-xray", folder, tmp_path / "set", intake)
    assert [example.example_id for example in made.examples()] == ["CXR1", "CXR4", "CXR9/../../x"]
    assert losses(made) == {
        ("film", "its name is no plain name"): 1,
        ("report", "it cannot be read"): 1,
        ("report", "it has no name (uId)"): 1,
        ("report", "one of the same name came before"): 1,
    }


def annotation(*items):
    parts = {"train": [], "val": [], "test": []}
    for item in items:
        parts[item["split"]].append(item)
    return json.dumps(parts)


def item(name, split="train", report="the lungs are clear .", films=None, **more):
    films = [f"{name}/0.png", f"{name}/1.png"] if films is None else films
    return {"id": name, "report": report, "image_path": films, "split": split, **more}


def test_an_r2gen_annotation_gives_findings_and_two_views(tmp_path, intake):
    folder = tmp_path / "iu"
    for number in range(2):
        make_film(folder / "images" / "CXR2384_IM-0942" / f"{number}.png", seed=number)
    hostile = item("CXR1_1_IM-0001", report=" ", films=["../../secret.png", "a.png", "a.png"])
    rows = [item("CXR2384_IM-0942", "test"), hostile]
    (folder / "annotation.json").write_text(annotation(*rows, hostile))
    made = convert_made("iu-xray", folder, tmp_path / "set", intake)
    second, first = made.examples()
    assert (first.patient_id, first.split, first.report().findings) == ("CXR2384", "test", "the lungs are clear .")
    assert [image.image_id for image in first.images] == ["CXR2384_IM-0942/0", "CXR2384_IM-0942/1"]
    assert (second.patient_id, second.reports) == ("CXR1", ())
    assert losses(made) == {
        ("film", "its name leads out of the source"): 1,
        ("film", "it is not there"): 1,
        ("film", "the same film stands twice in the study"): 1,
        ("report", "it has no text"): 1,
        ("study", "one of the same name came before"): 1,
    }


def test_an_r2gen_annotation_of_mimic_goes_by_its_patients(tmp_path, intake):
    folder = tmp_path / "mimic"
    folder.mkdir()
    rows = [item("a", study_id=50, subject_id=10, films=[]), item("b", "test", study_id=51, subject_id=10, films=[])]
    (folder / "annotation.json").write_text(annotation(*rows))
    with pytest.raises(SplitLeaks, match="first '10' in test and train"):
        convert_made("mimic-cxr", folder, tmp_path / "set", intake)
    made = convert_made("mimic-cxr", folder, tmp_path / "set", intake, split="patient")
    assert [(e.patient_id, e.study_id) for e in made.examples()] == [("10", "50"), ("10", "51")]
    (folder / "annotation.json").write_text('{"train": [{"id": "a"}]}')
    with pytest.raises(UnreadableInput, match="cannot be read as an R2Gen annotation: 'image_path'"):
        convert_made("mimic-cxr", folder, tmp_path / "other", intake)


def labelled(folder, header, *rows):
    folder.mkdir(exist_ok=True)
    (folder / "index.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def test_a_labelled_folder_groups_studies_and_keeps_unknown_apart_from_absent(tmp_path, intake):
    folder = tmp_path / "own"
    for number, name in enumerate(("a.png", "sub/b.png", "c.jpg")):
        make_film(folder / name, seed=number)
    header = "image,patient_id,study_id,view,Edema,Fracture,Pneumonia,findings"
    labelled(folder, header, "a.png,p1,s1,PA,1,-1,,Small effusion.", "sub/b.png,p1,s1,LATERAL,1,,,Small effusion.",
             "c.jpg,p2,,AP,0,,perhaps,", "../x.png,p3,,,,,,", "c.jpg,p9,,,,,,", "d.png,,,,,,,",
             "e.png,p4,,,,,,")  # fmt: skip
    made = convert_made("labelled-folder", folder, tmp_path / "set", intake)
    second, first = made.examples()
    assert (first.example_id, first.patient_id, first.split) == ("p1/s1", "p1", drawn_split("p1"))
    assert [image.view for image in first.images] == ["PA", "LATERAL"]
    assert known(first) == {"Edema": 1.0}
    assert first.source_labels == {"Edema": 1.0, "Fracture": -1.0}
    assert first.report().findings == "Small effusion."
    assert (known(second), second.reports) == ({"Edema": 0.0}, ())
    assert losses(made) == {
        ("example", "none of its films is left"): 1,
        ("film", "it has no patient"): 1,
        ("film", "it is not there"): 1,
        ("film", "its name leads out of the folder"): 1,
        ("film", "one of the same name came before"): 1,
        ("label", "it is none of 1, 0 and -1"): 1,
    }


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("a.png,p1,,train", "b.png,p1,,test"), "first 'p1' in test and train"),
        (("a.png,p1,s1,train", "b.png,p1,s1,test"), "stand in two splits"),
        (("a.png,p1,,train", "b.png,p2,,"), "gives 1 patients no split, first 'p2'"),
    ],
)
def test_a_labelled_folder_whose_split_leaks_is_refused(rows, words, tmp_path, intake):
    folder = labelled(tmp_path / "own", "image,patient_id,study_id,split", *rows)
    with pytest.raises(SplitLeaks, match=words):
        convert_made("labelled-folder", folder, tmp_path / "set", intake)


def test_a_labelled_folder_is_read_in_the_form_of_nih(tmp_path, intake):
    folder = tmp_path / "nih"
    make_film(folder / "1_000.png")
    rows = [{"image": "1_000.png", "labels": ["Effusion"], "patient_id": 1, "view": "PA", "quality_flag": None},
            {"image": "2_000.png", "labels": [], "patient_id": 2, "view": "AP", "quality_flag": "turned"}]  # fmt: skip
    (folder / "index.json").write_text(json.dumps(rows))
    made = convert_made("labelled-folder", folder, tmp_path / "set", intake)
    (example,) = made.examples()
    assert (example.patient_id, example.images[0].view) == ("1", "PA")
    assert (example.labels["Pleural Effusion"], example.labels["Edema"], example.labels["Fracture"]) == (1.0, 0.0, None)
    assert losses(made) == {("film", "the index calls its quality bad"): 1}
    with pytest.raises(UnreadableInput, match=r"holds neither index\.csv nor index\.json"):
        convert_made("labelled-folder", tmp_path, tmp_path / "other", intake)
