"""Reading DICOM: every transfer syntax, what is tolerated with a note, and what is refused with a sentence."""

from __future__ import annotations

import struct

import numpy as np
import pydicom
import pytest
from factories import (
    NATIVE_TRANSFER_SYNTAXES,
    chest_phantom,
    make_dataset,
    make_deflate_bomb,
    make_dicom,
    make_lut,
    write_dataset,
)
from pydicom.data import get_testdata_file
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import JPEG2000, UID, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from gaze2report.errors import ImageTooLarge, NotAnImage, UnreadableInput
from gaze2report.imaging.dicom import read_dicom, read_dicom_header
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.imaging.read import read_image
from gaze2report.types import VoiWindow

LOSSLESS = (*NATIVE_TRANSFER_SYNTAXES, RLELossless, JPEG2000Lossless)


def test_file(name):
    return get_testdata_file(f"{name}.dcm", download=False)


test_file.__test__ = False


# --- stored values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda uid: UID(uid).name)
def test_every_lossless_encoding_of_the_same_pixels_has_the_same_hash(tmp_path, syntax, is_signed):
    pixels = chest_phantom(is_signed=is_signed)
    image = read_dicom(make_dicom(tmp_path / "a.dcm", pixels, transfer_syntax=syntax, is_signed=is_signed))
    plain = read_dicom(make_dicom(tmp_path / "b.dcm", pixels, is_signed=is_signed))
    assert np.array_equal(image.modality_values[image.codes], pixels)
    assert image.pixel_sha256 == plain.pixel_sha256
    assert image.header.transfer_syntax_uid == syntax
    assert image.notes == ()


def test_the_lossless_variants_of_a_real_film_have_one_hash_and_the_lossy_another():
    lossless = {read_dicom(test_file(name)).pixel_sha256 for name in ("RG1_UNCR", "RG1_J2KR")}
    lossy = {read_dicom(test_file(name)).pixel_sha256 for name in ("RG1_UNCI", "RG1_J2KI")}
    assert len(lossless) == len(lossy) == 1
    assert lossless != lossy


@pytest.mark.parametrize(
    "name",
    [
        "JPEG-LL",  # JPEG lossless SV1, 16-bit signed
        "JPGLosslessP14SV1_1s_1f_8b",
        "JPGExtended",
        "JPEGLSNearLossless_08",
        "MR_small_jpeg_ls_lossless",
        "MR_small_RLE",
        "MR_small_bigendian",
        "MR_small_implicit",
        "J2K_pixelrep_mismatch",
        "image_dfl",
        "693_J2KR",
    ],
)
def test_files_of_other_writers_give_the_values_pydicom_gives(name):
    path = test_file(name)
    image = read_dicom(path)
    assert np.array_equal(image.modality_values[image.codes], pydicom.pixels.apply_modality_lut(*with_array(path)))


def with_array(path):
    dataset = pydicom.dcmread(path)
    return dataset.pixel_array, dataset


def test_a_lossy_codestream_stays_close_and_is_marked(tmp_path):
    dataset = make_dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.compress(JPEG2000, j2k_cr=[8], generate_instance_uid=False)
    dataset.LossyImageCompression = "01"
    dataset.save_as(tmp_path / "lossy.dcm", enforce_file_format=True)
    image = read_dicom(tmp_path / "lossy.dcm")
    assert image.header.is_lossy
    assert np.abs(image.modality_values[image.codes] - chest_phantom()).mean() < 60


@pytest.mark.parametrize("is_signed", [False, True])
def test_the_high_bit_and_the_unused_bits_are_respected(tmp_path, is_signed):
    pixels = chest_phantom(bits_stored=10, is_signed=is_signed)
    shifted = make_dataset(pixels, bits_stored=10, high_bit=12, is_signed=is_signed)
    words = np.frombuffer(shifted.PixelData, "<u2") | 0xE003  # what an overlay in the unused bits looks like
    shifted.PixelData = words.astype("<u2").tobytes()
    image = read_dicom(write_dataset(tmp_path / "a.dcm", shifted))
    assert np.array_equal(image.modality_values[image.codes], pixels)


@pytest.mark.parametrize(("bits_stored", "bits_allocated"), [(8, 8), (12, 16), (15, 16), (16, 16), (14, 32)])
def test_bits_stored_decide_the_number_of_codes(tmp_path, bits_stored, bits_allocated):
    pixels = chest_phantom(bits_stored=bits_stored)
    path = make_dicom(tmp_path / "a.dcm", pixels, bits_stored=bits_stored, bits_allocated=bits_allocated)
    image = read_dicom(path)
    assert image.codes.dtype == np.uint16
    assert len(image.modality_values) == 2**bits_stored
    assert np.array_equal(image.codes, pixels)


def test_pixels_above_the_stated_bits_of_a_compressed_film_are_kept_with_a_note(tmp_path):
    dataset = pydicom.dcmread(make_dicom(tmp_path / "a.dcm", bits_stored=16, transfer_syntax=JPEG2000Lossless))
    expected = dataset.pixel_array
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.save_as(tmp_path / "b.dcm")
    image = read_dicom(tmp_path / "b.dcm")
    assert np.array_equal(image.codes, expected)
    assert "12 bits" in " ".join(image.notes)


def test_a_bare_data_set_without_preamble_is_read_when_it_is_believable(tmp_path):
    whole = make_dicom(tmp_path / "a.dcm").read_bytes()
    meta_bytes = int.from_bytes(whole[140:144], "little")
    (tmp_path / "bare.dcm").write_bytes(whole[144 + meta_bytes :])
    (tmp_path / "no_preamble.dcm").write_bytes(whole[132:])
    expected = read_image(tmp_path / "a.dcm").pixel_sha256
    assert read_image(tmp_path / "bare.dcm").pixel_sha256 == expected
    assert read_image(tmp_path / "no_preamble.dcm").pixel_sha256 == expected


# --- header -----------------------------------------------------------------------------------------------------


def test_the_header_is_taken_over(tmp_path):
    path = make_dicom(
        tmp_path / "a.dcm", PixelSpacing=[0.2, 0.1], ImagerPixelSpacing=[0.25, 0.125], ImageLaterality="U"
    )
    header = read_dicom(path).header
    assert (header.patient_id, header.patient_name, header.patient_sex) == ("MADE0000", "Made^Film", "F")
    assert (header.modality, header.body_part, header.view_position) == ("DX", "CHEST", "PA")
    assert header.patient_age_years == 64.0
    assert header.indication == "Cough."
    assert header.pixel_spacing_mm == (0.2, 0.1)
    assert header.imager_pixel_spacing_mm == (0.25, 0.125)
    assert (header.rows, header.columns, header.bits_stored) == (160, 144, 12)
    assert header.presentation_intent == "FOR PRESENTATION"
    assert header.laterality == "U"
    assert not header.is_lossy


@pytest.mark.parametrize(
    ("syntax", "stated", "is_lossy"),
    [
        (JPEG2000Lossless, None, False),
        (JPEG2000Lossless, "01", True),
        (JPEG2000, None, True),
        (JPEG2000, "00", False),
        (ExplicitVRLittleEndian, "01", True),
        (ExplicitVRLittleEndian, None, False),
    ],
)
def test_loss_is_known_from_the_header_or_the_transfer_syntax(tmp_path, syntax, stated, is_lossy):
    lossless = make_dicom(tmp_path / "a.dcm", transfer_syntax=JPEG2000Lossless if syntax == JPEG2000 else syntax)
    dataset = pydicom.dcmread(lossless)
    dataset.file_meta.TransferSyntaxUID = syntax
    if stated:
        dataset.LossyImageCompression = stated
    dataset.save_as(tmp_path / "b.dcm")
    assert read_dicom(tmp_path / "b.dcm").header.is_lossy is is_lossy


def test_the_header_alone_is_the_header_of_the_image(tmp_path):
    path = make_dicom(tmp_path / "a.dcm")
    header, sha256 = read_dicom_header(path)
    assert header == read_dicom(path).header
    assert len(sha256) == 64


@pytest.mark.parametrize(
    ("stated", "born", "expected"),
    [
        ("045Y", None, 45.0),
        ("006M", None, 0.5),
        ("002W", None, 14 / 365.25),
        (None, "20080301", 16.0),
        ("45", "19600301", 64.0),
        ("45", None, 45.0),
        ("999Y", None, None),
        (None, "20250101", None),
        (None, "garbage", None),
        (None, None, None),
    ],
)
def test_the_age_comes_from_the_age_or_the_dates(tmp_path, stated, born, expected):
    path = make_dicom(tmp_path / "a.dcm", PatientAge=stated, PatientBirthDate=born)
    age = read_dicom(path).header.patient_age_years
    assert age == (None if expected is None else pytest.approx(expected, abs=0.01))


def code_item(meaning):
    item = Dataset()
    item.CodeMeaning = meaning
    return item


@pytest.mark.parametrize(
    ("meaning", "view"),
    [("postero-anterior", "PA"), ("antero-posterior", "AP"), ("left lateral", "LL"), ("lateral", "LATERAL")],
)
def test_the_view_code_stands_in_for_a_missing_view_position(tmp_path, meaning, view):
    path = make_dicom(tmp_path / "a.dcm", ViewPosition=None, ViewCodeSequence=[code_item(meaning)])
    assert read_dicom(path).header.view_position == view


def test_the_anatomic_region_stands_in_for_a_missing_body_part(tmp_path):
    path = make_dicom(tmp_path / "a.dcm", BodyPartExamined=None, AnatomicRegionSequence=[code_item("Chest")])
    assert read_dicom(path).header.body_part == "CHEST"


def test_missing_or_unsafe_uids_are_made_from_the_content(tmp_path):
    path = make_dicom(tmp_path / "a.dcm", StudyInstanceUID="../../etc/passwd", SeriesInstanceUID=None)
    image = read_dicom(path)
    assert image.header.study_uid.startswith("2.25.")
    assert image.header.series_uid.startswith("2.25.")
    assert len({image.header.study_uid, image.header.series_uid, image.header.instance_uid}) == 3
    assert image.header == read_dicom(path).header
    assert any("StudyInstanceUID" in note for note in image.notes)


BAD_ELEMENTS = {
    "PixelSpacing": ("DS", b"zero\\one"),
    "PatientAge": ("AS", b"\xff\xfe\x00Y"),
    "StudyDate": ("DA", b"yesterda"),
    "WindowCenter": ("DS", b"middle"),
    "WindowWidth": ("DS", b"wide"),
    "RescaleSlope": ("DS", b"nan "),
    "RescaleIntercept": ("DS", b"1e999 "),
    "PixelPaddingValue": ("US", b"\x01"),
    "PatientName": ("PN", b"A\x00B\x07\xff"),
    "VOILUTFunction": ("CS", b"CUBIC "),
}


def test_bad_optional_elements_are_noted_and_never_fatal(tmp_path):
    dataset = make_dataset(SpecificCharacterSet="ISO_IR 100")
    for keyword, (_, data) in BAD_ELEMENTS.items():
        dataset[keyword] = DataElement(Tag(keyword), "OB", data)
    content = write_dataset(tmp_path / "a.dcm", dataset).read_bytes().replace(b"ISO_IR 100", b"KLINGON IS")
    for keyword, (vr, data) in BAD_ELEMENTS.items():  # as bytes first, then under the VR that cannot hold them
        tag = struct.pack("<HH", Tag(keyword).group, Tag(keyword).element)
        padded = data + b"\0" * (len(data) % 2)
        written = tag + b"OB\0\0" + struct.pack("<I", len(padded)) + padded
        assert content.count(written) == 1
        content = content.replace(written, tag + vr.encode() + struct.pack("<H", len(data)) + data)
    (tmp_path / "a.dcm").write_bytes(content)
    image = read_dicom(tmp_path / "a.dcm")
    assert np.array_equal(image.codes, chest_phantom())
    assert np.array_equal(image.modality_values, np.arange(4096))
    assert image.windows == ()
    assert image.header.pixel_spacing_mm is None
    assert image.header.study_date == ""
    assert image.header.patient_name.isprintable()
    assert all(any(word in note for note in image.notes) for word in ("PixelSpacing", "StudyDate", "RescaleSlope"))


# --- grey pipeline of the header --------------------------------------------------------------------------------


def test_all_windows_are_kept_with_their_explanations(tmp_path):
    path = make_dicom(
        tmp_path / "a.dcm",
        WindowCenter=[2000, 1500, 900],
        WindowWidth=[4000, 0, 800],
        WindowCenterWidthExplanation=["NORMAL", "BROKEN", "SOFT"],
    )
    image = read_dicom(path)
    assert image.windows == (VoiWindow(2000, 4000, "LINEAR", "NORMAL"), VoiWindow(900, 800, "LINEAR", "SOFT"))
    assert any("impossible width" in note for note in image.notes)


@pytest.mark.parametrize("descriptor", [[0, 0, 12], [4096, 0, 7], [4096, 0, 99], [4096, 0], [5000, 0, 12]], ids=str)
def test_a_broken_voi_lut_falls_back_to_the_window_with_a_note(tmp_path, descriptor):
    lut = make_lut(np.arange(4096), 0, 12)
    lut["LUTDescriptor"].value = descriptor
    image = read_dicom(make_dicom(tmp_path / "a.dcm", VOILUTSequence=[lut], WindowCenter=2000, WindowWidth=4000))
    assert image.voi_luts == ()
    assert image.windows == (VoiWindow(2000.0, 4000.0),)
    assert any("VOI LUT 1 is unusable" in note for note in image.notes)


def test_a_good_voi_lut_beside_a_broken_one_is_kept(tmp_path):
    broken = make_lut(np.arange(4096), 0, 12)
    del broken.LUTData
    image = read_dicom(make_dicom(tmp_path / "a.dcm", VOILUTSequence=[broken, make_lut(np.arange(4096), 0, 12)]))
    assert [lut.bits for lut in image.voi_luts] == [12]
    assert image.voi_luts[0].explanation == "made"


def test_lut_entries_above_the_stated_bits_widen_the_range(tmp_path):
    lut = make_lut(np.linspace(0, 4095, 4096), 0, 10)
    image = read_dicom(make_dicom(tmp_path / "a.dcm", VOILUTSequence=[lut]))
    assert image.voi_luts[0].bits == 12
    assert any("larger range" in note for note in image.notes)


def test_a_broken_modality_lut_leaves_the_stored_values_with_a_note(tmp_path):
    lut = make_lut(np.arange(4096), 0, 40)
    image = read_dicom(make_dicom(tmp_path / "a.dcm", ModalityLUTSequence=[lut]))
    assert np.array_equal(image.modality_values, np.arange(4096))
    assert any("Modality LUT is unusable" in note for note in image.notes)


@pytest.mark.parametrize(
    ("is_signed", "value", "limit", "expected"),
    [
        (False, 0, None, (0, 0)),
        (False, 4095, 4000, (4000, 4095)),
        (True, -2048, None, (0, 0)),
        (True, -2000, -2048, (0, 48)),
        (False, 60000, None, None),
    ],
)
def test_padding_is_given_in_codes(tmp_path, is_signed, value, limit, expected):
    path = make_dicom(tmp_path / "a.dcm", is_signed=is_signed, PixelPaddingValue=value, PixelPaddingRangeLimit=limit)
    assert read_dicom(path).padding_codes == expected


# --- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"NumberOfFrames": 2}, "2 frames"),
        ({"NumberOfFrames": 0}, "0 frames"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "colour"),
        ({"PhotometricInterpretation": "YBR_FULL"}, "colour"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
        ({"PhotometricInterpretation": "MONOCHROME3"}, "'MONOCHROME3'"),
        ({"PhotometricInterpretation": None}, "missing"),
        ({"Rows": None}, "no image size"),
        ({"Columns": 0}, "no image size"),
        ({"BitsAllocated": 1, "BitsStored": 1}, "1 of 1 bits"),
        ({"BitsStored": 20}, "20 of 16 bits"),
        ({"BitsStored": None}, "0 of 16 bits"),
        ({"PixelData": None}, "without readable pixel data"),
        ({"PixelData": b"\0\0"}, "cannot be decoded"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(tmp_path, elements, words):
    dataset = make_dataset()
    for keyword, value in elements.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    with pytest.raises(NotAnImage, match=words):
        read_dicom(write_dataset(tmp_path / "a.dcm", dataset))


@pytest.mark.parametrize("name", ["SC_rgb", "US1_J2KR", "OBXXXX1A", "emri_small", "liver_1frame", "rtdose_1frame"])
def test_other_images_of_other_writers_are_refused(name):
    with pytest.raises(NotAnImage):
        read_dicom(test_file(name))


def test_a_header_beyond_the_pixel_cap_is_refused_before_decoding(tmp_path):
    bomb = make_dicom(tmp_path / "a.dcm", transfer_syntax=RLELossless)
    dataset = pydicom.dcmread(bomb)
    dataset.Rows = dataset.Columns = 20000
    dataset.save_as(bomb)
    with pytest.raises(ImageTooLarge, match="20000 x 20000"):
        read_dicom(bomb)


def test_a_codestream_larger_than_its_header_is_refused_before_decoding(tmp_path):
    bomb = make_dicom(tmp_path / "a.dcm", transfer_syntax=JPEG2000Lossless)
    content = bytearray(bomb.read_bytes())
    siz = content.index(b"\xff\x4f\xff\x51")
    content[siz + 8 : siz + 16] = (60000).to_bytes(4, "big") * 2
    bomb.write_bytes(content)
    with pytest.raises(ImageTooLarge, match="60000 x 60000"):
        read_dicom(bomb)
    content[siz + 8 : siz + 16] = (200).to_bytes(4, "big") * 2
    bomb.write_bytes(content)
    with pytest.raises(NotAnImage, match="compressed stream 200 x 200"):
        read_dicom(bomb)


def test_a_deflate_bomb_is_inflated_no_further_than_the_limit(tmp_path):
    bomb = make_deflate_bomb(tmp_path / "bomb.dcm", 64 * 2**20)
    with pytest.raises(ImageTooLarge, match="limit of 16 MiB"):
        read_dicom(bomb, IntakeLimits(max_inflated_bytes=16 * 2**20))


@pytest.mark.parametrize("depth", [300, 5000])
def test_deeply_nested_sequences_are_refused(tmp_path, depth):
    start = make_dicom(tmp_path / "a.dcm").read_bytes()
    private = b"\x09\x00\x10\x10SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    modality = start.index(b"\x18\x00\x15\x00CS")
    (tmp_path / "deep.dcm").write_bytes(start[:modality] + private * depth + start[modality:])
    with pytest.raises(NotAnImage, match="nested too deeply"):
        read_dicom(tmp_path / "deep.dcm")


def test_millions_of_elements_are_refused(tmp_path):
    start = make_dicom(tmp_path / "a.dcm").read_bytes()
    modality = start.index(b"\x18\x00\x15\x00CS")
    (tmp_path / "a.dcm").write_bytes(start[:modality] + b"\x09\x00\x10\x10CS\x00\x00" * 60_000 + start[modality:])
    with pytest.raises(NotAnImage, match="more than 50000 data elements"):
        read_dicom(tmp_path / "a.dcm")


@pytest.mark.parametrize("start", [b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"#!/bin/sh\n"])
def test_a_dicom_file_that_is_a_program_as_well_is_refused(tmp_path, start):
    content = make_dicom(tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(start + content[len(start) :])
    with pytest.raises(NotAnImage, match="it starts as a"):
        read_image(tmp_path / "a.dcm")


def test_a_tiff_preamble_is_allowed(tmp_path):
    content = make_dicom(tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(b"II*\x00" + content[4:])
    assert read_image(tmp_path / "a.dcm").codes.shape == (160, 144)


@pytest.mark.parametrize("content", [b"hello", b"\0" * 4000, b"%PDF-1.7" + b"x" * 999, bytes(range(256)) * 20])
def test_files_of_no_supported_kind_are_refused(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(UnreadableInput):
        read_image(tmp_path / "a.bin")


def test_an_unknown_transfer_syntax_is_refused_by_name(tmp_path):
    path = make_dicom(tmp_path / "a.dcm", transfer_syntax=JPEG2000Lossless)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.MPEG2MPML
    dataset.save_as(path)
    with pytest.raises(NotAnImage, match="MPEG2"):
        read_dicom(path)
