"""Small made copies of credentialed data sets, in their exact layout: every number and word here is invented."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training_sets import make_film

PATIENTS = ("10000001", "10000002", "10000003")
STUDIES = ("50000001", "50000002", "50000003")
FILMS = tuple(f"{n}{n}{n}{n}{n}{n}{n}{n}-aaaaaaaa-bbbbbbbb-cccccccc-ddddd{n}{n}{n}" for n in (1, 2, 3))
SIZE_PX = (400, 500)

REFLACX_METADATA = [
    "id",
    "split",
    "eye_tracking_data_discarded",
    "image",
    "dicom_id",
    "subject_id",
    "image_size_x",
    "image_size_y",
    "Abnormal mediastinal contour",
    "Acute fracture",
    "Atelectasis",
    "Consolidation",
    "Enlarged cardiac silhouette",
    "Enlarged hilum",
    "Groundglass opacity",
    "Hiatal hernia",
    "High lung volume / emphysema",
    "Interstitial lung disease",
    "Lung nodule or mass",
    "Pleural abnormality",
    "Pneumothorax",
    "Pulmonary edema",
    "Support devices",
    "Other",
]
REFLACX_FIXATIONS = [
    "timestamp_start_fixation",
    "timestamp_end_fixation",
    "x_position",
    "y_position",
    "pupil_area_normalized",
    "angular_resolution_x_pixels_per_degree",
    "angular_resolution_y_pixels_per_degree",
    "window_width",
    "window_level",
    "xmin_shown_from_image",
    "ymin_shown_from_image",
    "xmax_shown_from_image",
    "ymax_shown_from_image",
    "xmin_in_screen_coordinates",
    "ymin_in_screen_coordinates",
    "xmax_in_screen_coordinates",
    "ymax_in_screen_coordinates",
]
EGD_FIXATIONS = [
    "SESSION_ID",
    "MEDIA_ID",
    "DICOM_ID",
    "CNT",
    "Time (in secs)",
    "TIMETICK(f=10000000)",
    "FPOGX",
    "FPOGY",
    "FPOGS",
    "FPOGD",
    "FPOGID",
    "FPOGV",
    "BPOGX",
    "BPOGY",
    "BPOGV",
    "LPCX",
    "LPCY",
    "LPD",
    "LPS",
    "LPV",
    "RPCX",
    "RPCY",
    "RPD",
    "RPS",
    "RPV",
    "BKID",
    "BKDUR",
    "BKPMIN",
    "LPMM",
    "LPMMV",
    "RPMM",
    "RPMMV",
    "SACCADE_MAG",
    "SACCADE_DIR",
    "VID_FRAME",
    "X_ORIGINAL",
    "Y_ORIGINAL",
]
EGD_MASTER = [
    "dicom_id",
    "path",
    "study_id",
    "patient_id",
    "stay_id",
    "gender",
    "anchor_age",
    "image_top_pad",
    "image_bottom_pad",
    "image_left_pad",
    "image_right_pad",
    "normal_reports",
    "Normal",
    "CHF",
    "pneumonia",
    "no_finding__chx",
    "cardiomegaly__chx",
    "pleural_effusion__chx",
    "edema__chx",
    "cxr_exam_indication",
]
MIMIC_METADATA = [
    "dicom_id",
    "subject_id",
    "study_id",
    "PerformedProcedureStepDescription",
    "ViewPosition",
    "Rows",
    "Columns",
    "StudyDate",
    "StudyTime",
    "ProcedureCodeSequence_CodeMeaning",
    "ViewCodeSequence_CodeMeaning",
    "PatientOrientationCodeSequence_CodeMeaning",
]
CHEXPERT = [
    "subject_id",
    "study_id",
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Enlarged Cardiomediastinum",
    "Fracture",
    "Lung Lesion",
    "Lung Opacity",
    "No Finding",
    "Pleural Effusion",
    "Pleural Other",
    "Pneumonia",
    "Pneumothorax",
    "Support Devices",
]
REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)
 
 INDICATION:  ___ year old with cough.
 
 COMPARISON:  None.
 
 FINDINGS: 
 
 The lungs are clear.  There is a small
 left effusion.
 
 IMPRESSION: 
 
 Small left effusion.
"""  # noqa: W291, W293 - blank lines of these reports hold one space


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]], line_end: str = "\r\n") -> Path:
    """Write a table; cells that a row does not name are empty. A name that ends in .gz is gzipped."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator=line_end)
    writer.writeheader()
    writer.writerows({name: row.get(name, "") for name in columns} for row in rows)
    assert not {name for row in rows for name in row} - set(columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def mimic_folder(root: Path, index: int) -> Path:
    """Folder of a study in the tree of MIMIC-CXR."""
    patient, study = PATIENTS[index], STUDIES[index]
    return root / "files" / f"p{patient[:2]}" / f"p{patient}" / f"s{study}"


def reflacx_row(reading: str, index: int = 0, **changes: Any) -> dict[str, Any]:
    """One row of REFLACX's metadata."""
    path = f"physionet.org/files/mimic-cxr/2.0.0/files/p10/p{PATIENTS[index]}/s{STUDIES[index]}/{FILMS[index]}.dcm"
    row = {name: 0 for name in REFLACX_METADATA[8:]} | {"Other": "", "Support devices": "False"}
    return {
        **row, "id": reading, "split": ("train", "validate", "test")[index], "eye_tracking_data_discarded": "False",
        "image": path, "dicom_id": FILMS[index], "subject_id": PATIENTS[index], "image_size_x": SIZE_PX[0],
        "image_size_y": SIZE_PX[1], **changes,
    }  # fmt: skip


def reflacx_fixation(start_s: float, end_s: float, x: Any, y: Any, **changes: Any) -> dict[str, Any]:
    """One row of a reading's fixations, with the whole film shown at twice its size."""
    values = (start_s, end_s, x, y, 1.021, 44, 45, 4096.0, 2048.0, 0, 0, *SIZE_PX, 560, 40, 1360, 1040)
    return dict(zip(REFLACX_FIXATIONS, values, strict=True)) | changes


FIXATIONS = (
    reflacx_fixation(-0.412, -0.1, 200, 250),
    reflacx_fixation(0.05, 0.355, -12, 80),
    reflacx_fixation(0.4, 1.65, 399, 512),
)


def make_reading(folder: Path, fixations: Sequence[dict[str, Any]] = FIXATIONS) -> None:
    """Write ``main_data/<id>``."""
    write_csv(folder / "fixations.csv", REFLACX_FIXATIONS, fixations)
    (folder / "transcription.txt").write_text("small left effusion. no pneumothorax.")
    words = [("small", 0.1, 0.4), ("left", 0.5, 0.7), ("effusion", 0.7, 1.3), (".", 1.3, 1.3)]
    columns = ("word", "timestamp_start_word", "timestamp_end_word")
    write_csv(folder / "timestamps_transcription.csv", columns, [dict(zip(columns, w, strict=True)) for w in words])
    ellipse = {"xmin": 300, "ymin": 350, "xmax": 380, "ymax": 450, "certainty": 5, "Pleural abnormality": "True",
               "Atelectasis": "False"}  # fmt: skip
    write_csv(folder / "anomaly_location_ellipses.csv", list(ellipse), [ellipse])
    chest = {"xmin": 20, "ymin": 30, "xmax": 380, "ymax": 470}
    write_csv(folder / "chest_bounding_box.csv", list(chest), [chest])


def make_reflacx(root: Path, rows: Sequence[dict[str, Any]], phase: int = 3) -> Path:
    """A REFLACX folder with the readings of ``rows``; discarded ones have no fixations and no transcription."""
    write_csv(root / "main_data" / f"metadata_phase_{phase}.csv", REFLACX_METADATA, rows)
    for row in rows:
        if row["eye_tracking_data_discarded"] == "False" and "/" not in row["id"]:
            make_reading(root / "main_data" / row["id"])
    return root


def make_films(root: Path, suffix: str = "png") -> Path:
    """The three films in the tree of MIMIC-CXR."""
    for index, name in enumerate(FILMS):
        make_film(mimic_folder(root, index) / f"{name}.{suffix}", *SIZE_PX, seed=index)
    return root


def egd_fixation(index: int, number: int, fraction: tuple[float, float], **changes: Any) -> dict[str, Any]:
    """One fixation on a film of 400 x 500 in 1080 rows: 864 columns of film, 528 of padding on either side."""
    x = (fraction[0] * 1920 - 528) * SIZE_PX[0] / 864
    y = fraction[1] * SIZE_PX[1]
    is_on = 0 < x < SIZE_PX[0] and 0 < y < SIZE_PX[1]
    return {
        "SESSION_ID": 7, "MEDIA_ID": 1, "DICOM_ID": FILMS[index], "CNT": number,
        "FPOGX": fraction[0], "FPOGY": fraction[1],
        "FPOGS": 10.0 + number, "FPOGD": 0.25 + number / 100, "FPOGID": number, "FPOGV": 1,
        "X_ORIGINAL": int(x) if is_on else -1, "Y_ORIGINAL": int(y) if is_on else -1, **changes,
    }  # fmt: skip


def egd_master(index: int, **changes: Any) -> dict[str, Any]:
    """One row of the master sheet."""
    path = f"files/p10/p{PATIENTS[index]}/s{STUDIES[index]}/{FILMS[index]}.dcm"
    return {
        "dicom_id": FILMS[index], "path": path, "study_id": STUDIES[index], "patient_id": PATIENTS[index],
        "image_top_pad": 0, "image_bottom_pad": 0, "image_left_pad": 528, "image_right_pad": 528, "Normal": 0, "CHF": 1,
        "pneumonia": 0, "no_finding__chx": "", "cardiomegaly__chx": 1.0, "pleural_effusion__chx": 0.0,
        "edema__chx": -1.0,
        "cxr_exam_indication": "cough", **changes,
    }  # fmt: skip


BOXES = ({"bbox_name": "left lung", "x1": 210, "x2": 380, "y1": 60, "y2": 440},)


def make_egd(
    root: Path, fixations: Sequence[dict[str, Any]], masters: Sequence[dict[str, Any]], boxes: Sequence[Any] = BOXES
) -> Path:
    """An EGD-CXR folder."""
    write_csv(root / "master_sheet.csv", EGD_MASTER, masters)
    write_csv(root / "fixations.csv", EGD_FIXATIONS, fixations)
    columns = ("dicom_id", "bbox_name", "x1", "x2", "y1", "y2")
    rows = [{"dicom_id": master["dicom_id"], **box} for master in masters for box in boxes]
    write_csv(root / "bounding_boxes.csv", columns, rows)
    for master in masters:
        if "/" not in master["dicom_id"]:
            folder = root / "audio_segmentation_transcripts" / master["dicom_id"]
            folder.mkdir(parents=True, exist_ok=True)
            phrases = [{"phrase": " heart is large ", "begin_time": 0.3, "end_time": 1.9}]
            content = {"full_text": "Heart is large. ", "time_stamped_text": phrases}
            (folder / "transcript.json").write_text(json.dumps(content))
    return root


def mimic_film(index: int, dicom_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """One row of MIMIC-CXR-JPG's metadata."""
    return {
        "dicom_id": dicom_id or FILMS[index], "subject_id": PATIENTS[index], "study_id": STUDIES[index],
        "ViewPosition": "PA", "Rows": SIZE_PX[1], "Columns": SIZE_PX[0], **changes,
    }  # fmt: skip


def make_mimic(
    root: Path, films: Sequence[dict[str, Any]], splits: Sequence[str] = ("train", "validate", "test")
) -> Path:
    """A MIMIC-CXR-JPG folder with the reports of MIMIC-CXR beside the films."""
    make_films(root, "jpg")
    write_csv(root / "mimic-cxr-2.0.0-metadata.csv.gz", MIMIC_METADATA, films, "\n")
    columns = ("dicom_id", "study_id", "subject_id", "split")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(FILMS, STUDIES, PATIENTS, splits, strict=True)]
    write_csv(root / "mimic-cxr-2.0.0-split.csv.gz", columns, rows, "\n")
    labels = [{"subject_id": PATIENTS[0], "study_id": STUDIES[0], "Pleural Effusion": 1.0, "Edema": -1.0,
               "Fracture": 0.0},
              {"subject_id": PATIENTS[1], "study_id": STUDIES[1], "No Finding": 1.0}]  # fmt: skip
    write_csv(root / "mimic-cxr-2.0.0-chexpert.csv.gz", CHEXPERT, labels, "\n")
    for index in range(3):
        mimic_folder(root, index).with_suffix(".txt").write_text(REPORT)
    return root
