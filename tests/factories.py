"""Made radiographs for tests: nothing here is a patient.

``make_dicom(path)``, ``make_png(path)`` and ``make_jpeg(path)`` write one readable frontal chest film each; keyword
arguments change what a test is about. The DICOM UIDs follow from ``seed``, so a test may make the same study twice.
"""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

NATIVE_TRANSFER_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def chest_phantom(
    rows: int = 160, columns: int = 144, *, bits_stored: int = 12, seed: int = 0, is_signed: bool = False
) -> NDArray[Any]:
    """Stored values with the look of a frontal chest film: two dark lungs, a bright heart, some noise."""
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    y, x = y / rows, x / columns

    def ellipse(center_x: float, center_y: float, radius_x: float, radius_y: float) -> NDArray[np.float64]:
        distance = np.hypot((x - center_x) / radius_x, (y - center_y) / radius_y)
        return 1.0 / (1.0 + np.exp(12.0 * (distance - 1.0)))

    level = 0.15 + 0.5 * ellipse(0.5, 0.55, 0.48, 0.55)
    level -= 0.4 * (ellipse(0.3, 0.5, 0.16, 0.32) + ellipse(0.7, 0.5, 0.16, 0.32))
    level += 0.25 * ellipse(0.56, 0.62, 0.14, 0.16) + 0.15 * ellipse(0.5, 0.5, 0.05, 0.5)
    level += np.random.default_rng(seed).normal(0.0, 0.01, level.shape)
    highest = 2**bits_stored - 1
    values = np.rint(np.clip(level, 0.0, 1.0) * highest).astype(np.int64)
    if is_signed:
        values -= 2 ** (bits_stored - 1)
    return values


def make_dataset(
    pixels: NDArray[Any] | None = None,
    *,
    photometric: str = "MONOCHROME2",
    bits_stored: int = 12,
    bits_allocated: int = 16,
    high_bit: int | None = None,
    is_signed: bool = False,
    is_little_endian: bool = True,
    seed: int = 0,
    **elements: Any,
) -> Dataset:
    """Single-frame DX data set.

    Parameters
    ----------
    pixels
        Stored values, shape (rows, columns); a ``chest_phantom`` when not given.
    elements
        DICOM keywords to set, or to leave out with the value None.
    """
    if pixels is None:
        pixels = chest_phantom(bits_stored=bits_stored, seed=seed, is_signed=is_signed)
    high_bit = bits_stored - 1 if high_bit is None else high_bit
    dataset = Dataset()
    # None of these is anybody's: the UID root of pydicom with entropy from the seed
    named = {level: generate_uid(entropy_srcs=[f"{seed}", level]) for level in ("study", "series", "instance")}
    values: dict[str, Any] = {
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "SOPInstanceUID": named["instance"],
        "StudyInstanceUID": named["study"],
        "SeriesInstanceUID": named["series"],
        "StudyDate": "20240301",
        "StudyTime": "101500",
        "Modality": "DX",
        "PresentationIntentType": "FOR PRESENTATION",
        "AccessionNumber": f"ACC{seed:04d}",
        "StudyDescription": "Chest PA",
        "PatientName": "Made^Film",
        "PatientID": f"MADE{seed:04d}",
        "PatientBirthDate": "19600301",
        "PatientSex": "F",
        "PatientAge": "064Y",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "ReasonForStudy": "Cough.",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": photometric,
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": bits_allocated,
        "BitsStored": bits_stored,
        "HighBit": high_bit,
        "PixelRepresentation": int(is_signed),
        **elements,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broken values are the point of some tests
        for keyword, value in values.items():
            if value is not None:
                setattr(dataset, keyword, value)
    if "PixelData" not in values:
        words = (pixels.astype(np.int64) & (2**bits_stored - 1)) << (high_bit - bits_stored + 1)
        if is_signed and high_bit == bits_stored - 1:  # sign-extended, as most writers do
            words = pixels.astype(np.int64)
        order = "<" if is_little_endian else ">"
        dtype = np.dtype(f"{order}{'i' if is_signed else 'u'}{bits_allocated // 8}")
        data = words.astype(dtype.newbyteorder("<")).astype(dtype).tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        dataset["PixelData"].VR = "OW" if bits_allocated > 8 else "OB"
    return dataset


def make_dicom(
    path: Path | str,
    pixels: NDArray[Any] | None = None,
    *,
    transfer_syntax: str = ExplicitVRLittleEndian,
    **arguments: Any,
) -> Path:
    """Write a single-frame DX film and give back its path; arguments as ``make_dataset``.

    Compressed transfer syntaxes need an encoder of pydicom: RLE and JPEG 2000 have one.
    """
    syntax = UID(transfer_syntax)
    arguments.setdefault("is_little_endian", syntax != ExplicitVRBigEndian)
    dataset = make_dataset(pixels, **arguments)
    return write_dataset(path, dataset, syntax)


def write_dataset(path: Path | str, dataset: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a data set as a Part 10 file in a transfer syntax, compressing it where that asks for it."""
    syntax = UID(transfer_syntax)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax not in NATIVE_TRANSFER_SYNTAXES:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(syntax, generate_instance_uid=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcmwrite(path, dataset, enforce_file_format=True)
    return Path(path)


def make_lut(entries: NDArray[Any] | list[int], first_mapped: int, bits: int, *, is_signed: bool = False) -> Dataset:
    """Item of a Modality or VOI LUT Sequence."""
    item = Dataset()
    count = len(entries) % 65536 if not is_signed else (len(entries) + 32768) % 65536 - 32768
    item.add_new("LUTDescriptor", "SS" if is_signed else "US", [count, first_mapped, bits])
    item.add_new("LUTData", "OW", np.asarray(entries).astype("<u2").tobytes())
    item.LUTExplanation = "made"
    return item


def make_png(path: Path | str, pixels: NDArray[Any] | None = None, *, bits: int = 8) -> Path:
    """Write a grey or colour PNG film of 8 or 16 bits and give back its path."""
    if pixels is None:
        pixels = chest_phantom(bits_stored=bits)
    PIL.Image.fromarray(pixels.astype(np.uint16 if bits == 16 else np.uint8)).save(path, format="PNG")
    return Path(path)


def make_jpeg(path: Path | str, pixels: NDArray[Any] | None = None, *, quality: int = 90) -> Path:
    """Write an 8-bit JPEG film and give back its path."""
    if pixels is None:
        pixels = chest_phantom(bits_stored=8)
    PIL.Image.fromarray(pixels.astype(np.uint8)).save(path, format="JPEG", quality=quality)
    return Path(path)


def make_deflate_bomb(path: Path | str, inflated_bytes: int) -> Path:
    """Write a small deflated DICOM file that inflates to a private element of the given size."""
    whole = Path(path).with_suffix(".whole")
    make_dicom(whole, transfer_syntax=DeflatedExplicitVRLittleEndian)
    content = whole.read_bytes()
    whole.unlink()
    meta_end = 144 + int.from_bytes(content[140:144], "little")  # preamble, DICM, group length element
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(1 << 20)
    header = b"\x09\x00\x10\x10OB\x00\x00" + inflated_bytes.to_bytes(4, "little")
    parts = [content[:meta_end], deflater.compress(header)]
    parts += [deflater.compress(zeros) for _ in range(inflated_bytes // len(zeros))]
    parts.append(deflater.flush())
    Path(path).write_bytes(b"".join(parts))
    return Path(path)
