"""The films in the pictures: a public sample, phantoms, and nobody's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def films(folder: Path) -> Iterator[Path]:
    """Films of two patients, none of whom is anybody."""
    import numpy as np
    import pydicom
    from factories import chest_phantom, make_dicom
    from pydicom.data import get_testdata_file

    source = pydicom.dcmread(str(get_testdata_file("RG1_UNCR.dcm")))
    uid = pydicom.uid.generate_uid(entropy_srcs=["pictures"])

    def write(name: str, **elements: object) -> Path:
        film = pydicom.dcmread(str(get_testdata_file("RG1_UNCR.dcm")))
        if "PixelSpacing" in film:
            del film.PixelSpacing
        film.update(_elements({
            "PatientName": "Doe^Jane", "PatientID": "4711", "PatientBirthDate": "19600301", "PatientSex": "F",
            "PatientAge": "064Y", "AccessionNumber": "A-1001", "StudyDate": "20240301", "StudyTime": "101500",
            "StudyInstanceUID": uid, "StudyDescription": "Chest PA and lateral", "ImagerPixelSpacing": [0.2, 0.2],
            "SOPInstanceUID": pydicom.uid.generate_uid(entropy_srcs=[name]),
            "SeriesInstanceUID": pydicom.uid.generate_uid(entropy_srcs=[name, "series"]),
            "ReasonForStudy": "Cough for three weeks.",
            **elements,
        }))  # fmt: skip
        film["PixelData"].VR = "OW"
        film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
        film.save_as(folder / f"{name}.dcm")
        return folder / f"{name}.dcm"

    yield write("a-pa")
    older = np.roll(source.pixel_array.astype(np.float64) * 0.94, 24, axis=0).astype(np.uint16)
    prior = pydicom.uid.generate_uid(entropy_srcs=["prior"])
    yield write("b-prior", StudyInstanceUID=prior, StudyDate="20230302", AccessionNumber="A-0311", PatientAge="063Y",
                StudyDescription="Chest PA", PixelData=older.tobytes())  # fmt: skip
    same = {"PatientName": "Doe^Jane", "PatientID": "4711", "AccessionNumber": "A-1001", "StudyTime": "101500"}
    yield make_dicom(folder / "c-lateral.dcm", chest_phantom(1024, 920, seed=2), seed=2, StudyInstanceUID=uid,
                     ViewPosition="LL", **same)  # fmt: skip
    yield make_dicom(folder / "d-namesake.dcm", chest_phantom(1024, 920, seed=5), seed=5, PatientID="4711",
                     PatientName="Miller^Mary", StudyDate="20220106", AccessionNumber="A-0207")  # fmt: skip
    for number, name in enumerate(("Adams^Ann", "Brown^Ben", "Clark^Cora", "Davis^Dan", "Evans^Eve"), 10):
        yield make_dicom(folder / f"e{number}.dcm", chest_phantom(512, 460, seed=number), seed=number, PatientName=name,
                         StudyDate=f"202402{number + 10}")  # fmt: skip


def _elements(values: dict[str, object]) -> Any:
    from pydicom.dataset import Dataset

    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made
