"""Whether a draft may be written for an image: it must be able to be a frontal chest radiograph of an adult.

Headers are often sparse or wrong, so an image is refused only on positive evidence against it; what is merely unknown
becomes a sentence for the reader. What the pixels look like to the model is judged elsewhere.
"""

from __future__ import annotations

import re

import numpy as np

from gaze2report.errors import Refused
from gaze2report.types import Image, InstanceHeader

MIN_AGE_YEARS = 16.0
MIN_SIDE_PX = 64
MAX_ASPECT_RATIO = 3.0
MIN_GREY_LEVELS = 8
MIN_CENTRAL_SPAN = 4


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_RADIOGRAPH_MODALITIES = frozenset({"CR", "DX", "RG", "DR", "XR"})
_CAPTURE_MODALITIES = frozenset({"OT", "SC"})  # films that were converted or digitised
_CHEST_WORDS = _listed("CHEST THORAX TORAX CXR LUNG LUNGS HEART CHESTABDOMEN CHESTABDPELVIS")
# CID 4031 and the words that technologists write
_OTHER_BODY_WORDS = _listed(
    """
    ABDOMEN ABDOMINAL ABD KUB PELVIS PELVIC ABDOMENPELVIS HIP HIPS SKULL HEAD FACE FACIAL SINUS SINUSES JAW MANDIBLE
    MAXILLA NASAL ORBIT ORBITS TEETH DENTAL NECK SPINE CSPINE TSPINE LSPINE SSPINE CERVICAL LUMBAR LUMBOSACRAL SACRUM
    COCCYX CTSPINE TLSPINE LSSPINE EXTREMITY UPPEREXTREMITY LOWEREXTREMITY ARM HUMERUS ELBOW FOREARM RADIUS ULNA WRIST
    HAND HANDS FINGER FINGERS THUMB SHOULDER SHOULDERS CLAVICLE SCAPULA ACJOINT SCJOINT STERNUM RIB RIBS LEG LEGS FEMUR
    THIGH KNEE KNEES PATELLA TIBIA FIBULA ANKLE FOOT FEET HEEL CALCANEUS TOE TOES BREAST BREASTS SCOLIOSIS
    """
)
_FRONTAL_WORDS = _listed("PA AP FRONTAL POSTEROANTERIOR ANTEROPOSTERIOR")
_LATERAL_WORDS = _listed("LATERAL LAT LL RL")
_OTHER_VIEW_WORDS = _listed(
    "LLD RLD DECUBITUS DECUB LLO RLO LAO RAO LPO RPO OBLIQUE OBL LORDOTIC APICAL TANGENTIAL AXIAL SWIMMERS"
)


def check_draftable(image: Image) -> None:
    """Refuse an image that the model must not write for.

    Raises
    ------
    Refused
        With one of the codes ``modality``, ``for_processing``, ``body_part``, ``view``, ``child``, ``too_small``,
        ``aspect_ratio`` and ``blank``, and a sentence that says what and why.
    """
    header = image.header
    _check_acquisition(header)
    _check_body_part(header)
    _check_view(header)
    if header.patient_age_years is not None and header.patient_age_years < MIN_AGE_YEARS:
        raise Refused(
            "child",
            f"The patient is {header.patient_age_years:.0f} years old; drafts are written for patients of "
            f"{MIN_AGE_YEARS:.0f} years and older.",
        )
    _check_pixels(image)


def draft_notes(image: Image) -> tuple[str, ...]:
    """Sentences to show beside a draft: what the header leaves open, or what may weaken the draft."""
    header, notes = image.header, []
    words = _words(header.body_part)
    if not words & _CHEST_WORDS and not _description_words(header) & _CHEST_WORDS:
        stated = f"states the body part {header.body_part!r}" if header.body_part else "does not state the body part"
        notes.append(f"The header {stated}; check that this is a chest radiograph.")
    if not _words(header.view_position) & _FRONTAL_WORDS:
        stated = f"the view {header.view_position!r}" if header.view_position else "no view"
        notes.append(f"The header states {stated}; drafts are meant for frontal films (PA or AP).")
    if header.patient_age_years is None:
        notes.append(f"The patient's age is unknown; drafts are meant for {MIN_AGE_YEARS:.0f} years and older.")
    if not header.modality:
        notes.append("The file does not state how the image was made; check that it is a radiograph.")
    elif header.modality in _CAPTURE_MODALITIES:
        notes.append("The image was converted or digitised (secondary capture); its grey levels may be altered.")
    if header.is_lossy:
        notes.append("The image was compressed with loss.")
    return tuple(notes)


def _check_acquisition(header: InstanceHeader) -> None:
    if header.modality not in _RADIOGRAPH_MODALITIES | _CAPTURE_MODALITIES | {""}:
        raise Refused(
            "modality", f"The modality is {header.modality}; drafts are written for radiographs (CR or DX) only."
        )
    if header.presentation_intent == "FOR PROCESSING":
        raise Refused(
            "for_processing",
            "The image is marked FOR PROCESSING: it holds raw detector values that are not meant to be read.",
        )


def _check_body_part(header: InstanceHeader) -> None:
    """Refuse another body part, by the body part examined or, where that does not decide, by the descriptions."""
    stated = _words(header.body_part)
    series, study = _words(header.series_description), _words(header.study_description)
    sources = [("body part", header.body_part, stated), ("series description", header.series_description, series)]
    if not (stated | series) & _CHEST_WORDS:
        # one study may hold films of several body parts, so its description counts last
        sources.append(("study description", header.study_description, study))
    for name, text, words in sources:
        if words & _OTHER_BODY_WORDS and not words & _CHEST_WORDS:
            raise Refused("body_part", f"The {name} is {text!r}; drafts are written for chest radiographs only.")


def _check_view(header: InstanceHeader) -> None:
    for name, text in (("view position", header.view_position), ("series description", header.series_description)):
        words = _words(text)
        if words & _FRONTAL_WORDS:
            continue  # "PA and lateral" does not say which this one is
        if words & _LATERAL_WORDS:
            raise Refused("view", f"The {name} is {text!r}, a lateral view; drafts are written for frontal films only.")
        if words & _OTHER_VIEW_WORDS:
            raise Refused(
                "view", f"The {name} is {text!r}; drafts are written for upright or supine frontal films only."
            )


def _check_pixels(image: Image) -> None:
    rows, columns = image.codes.shape
    short, long = sorted((rows, columns))
    if short < MIN_SIDE_PX:
        raise Refused("too_small", f"The image has {columns} x {rows} pixels, too few to read a chest film from.")
    if long > MAX_ASPECT_RATIO * short:
        raise Refused("aspect_ratio", f"The image is {columns} x {rows} pixels, too elongated for a chest film.")
    counts = np.bincount(image.codes.ravel(), minlength=len(image.modality_values))
    if image.padding_codes is not None:
        first, last = image.padding_codes
        counts[first : last + 1] = 0
    used = np.flatnonzero(counts)
    if len(used) < MIN_GREY_LEVELS:
        raise Refused("blank", f"The image has only {len(used)} different grey levels: it is blank or not a film.")
    cumulative = np.cumsum(counts)
    low, high = np.searchsorted(cumulative, [0.01 * cumulative[-1], 0.99 * cumulative[-1]])
    if high - low < MIN_CENTRAL_SPAN:
        raise Refused("blank", "Nearly all of the image has one grey level: it is blank.")


def _description_words(header: InstanceHeader) -> frozenset[str]:
    return _words(header.series_description) | _words(header.study_description)


def _words(text: str) -> frozenset[str]:
    """Words of a header text in capitals; ``C-SPINE`` and ``C SPINE`` hold the word SPINE."""
    return frozenset(re.findall(r"[^\W\d_]+", text.upper()))
