"""The report as a DICOM Enhanced SR document (PS3.3 A.35.2), written by highdicom.

The tree follows TID 2000 "Basic Diagnostic Imaging Report": language, observers, then a container per section with its
text. Where a sentence has a region on an image, it is a text of its own that is INFERRED FROM the coordinates. The
texts of a section, put together as they stand, are the section; only spaces at its very end are lost, because DICOM
takes them for padding (PS3.5 6.2, UT), and a tab is written as a space, because readers of DICOM take it for an error.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import numpy as np
from highdicom.base_content import ContributingEquipment
from highdicom.sr import (
    CodedConcept,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    EnhancedSR,
    GraphicTypeValues,
    ImageContentItem,
    LanguageOfContentItemAndDescendants,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PnameContentItem,
    RelationshipTypeValues,
    ScoordContentItem,
    TextContentItem,
)
from highdicom.sr.value_types import ContentItem
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import EnhancedSRStorage
from pydicom.valuerep import DT

from db.records import ReportVersion
from db.report_output import dicom_identity as identity
from db.report_output.clean_text import clean, one_line
from db.report_output.demographics import dicom_name
from db.report_output.document import RESEARCH_USE, OutputDocument, OutputSection
from db.report_output.sections import LOCAL_SCHEME, LOCAL_SCHEME_NAME, REPORT_CODE, Coded
from db.report_output.sentence_regions import SentenceRegion

SERIES_NUMBER = 9301
"""Far from the numbers that modalities give; all versions of a study's report are one series."""

_COMMENT = Coded("121106", "DCM", "Comment")
_REGION = Coded("111030", "DCM", "Image Region")
_SOURCE_IMAGE = Coded("121324", "DCM", "Source image")
_ENGLISH = Coded("en", "RFC5646", "English")
_PERSON_OBSERVER_NAME = Coded("121008", "DCM", "Person Observer Name")
_TEMPLATE = "2000"


def to_enhanced_sr(document: OutputDocument) -> bytes:
    """Write the report as a DICOM file.

    Raises
    ------
    OutputRefused
        If the films are no DICOM images, or the PatientID cannot be written.
    """
    version = document.version
    report = EnhancedSR(
        evidence=identity.evidence(document),
        content=_tree(document),
        series_instance_uid=identity.series_uid(version.study_uid, identity.SR_KIND),
        series_number=SERIES_NUMBER,
        sop_instance_uid=identity.instance_uid(version, identity.SR_KIND),
        instance_number=version.version,
        manufacturer=identity.MANUFACTURER,
        manufacturer_model_name=identity.MODEL_NAME,
        software_versions=identity.SOFTWARE_VERSION,
        series_description="Radiology report",
        is_complete=True,
        is_final=document.is_signed,
        is_verified=document.is_signed,
        verifying_observer_name=dicom_name(version.signer) if document.is_signed else None,
        verifying_organization=identity.ORGANIZATION_NOT_STATED if document.is_signed else None,
        previous_versions=[_reference(one) for one in document.predecessors] or None,
        contributing_equipment=_equipment(document),
        specific_character_set="ISO_IR 192",
    )
    identity.set_times(report, version)
    for equipment in report.ContributingEquipmentSequence:  # highdicom names itself, too, with the time of today
        equipment.ContributionDateTime = DT(identity.exact_datetime(version))
    if document.is_signed:
        report.VerifyingObserverSequence = [_verifier(one) for one in (*document.predecessors, version)]
    if any(section.kind.heading_code.scheme == LOCAL_SCHEME for section in document.sections):
        report.CodingSchemeIdentificationSequence = [_local_scheme()]
    buffer = io.BytesIO()
    report.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _tree(document: OutputDocument) -> ContainerContentItem:
    root = ContainerContentItem(_concept(REPORT_CODE), is_content_continuous=False, template_id=_TEMPLATE)
    items: list[ContentItem] = [*LanguageOfContentItemAndDescendants(_concept(_ENGLISH)), *_observers(document)]
    items += [_section(document, section) for section in document.sections]
    for sentence in (*document.amendments, document.assistance_sentence, RESEARCH_USE):
        items.append(TextContentItem(_concept(_COMMENT), sentence, RelationshipTypeValues.CONTAINS))
    root.ContentSequence = ContentSequence(items)
    return root


def _observers(document: OutputDocument) -> Iterator[ContentItem]:
    """Person who answers for the text, and the model that drafted it (TID 1002 to 1004)."""
    version = document.version
    name = dicom_name(version.signer or version.author)
    yield from ObserverContext(codes.DCM.Person, PersonObserverIdentifyingAttributes(name))
    if document.assistance is None or document.assistance.record is None:
        return
    made_by = document.assistance.record.draft.provenance
    device = DeviceObserverIdentifyingAttributes(
        uid=identity.device_uid(made_by.adapter_sha256),
        name=one_line(f"{made_by.base_model} with adapter {made_by.adapter}"),
        manufacturer_name=identity.MANUFACTURER,
        model_name=one_line(made_by.adapter),
        serial_number=made_by.adapter_sha256,
    )
    yield from ObserverContext(codes.DCM.Device, device)


def _section(document: OutputDocument, section: OutputSection) -> ContainerContentItem:
    container = ContainerContentItem(
        _concept(section.kind.heading_code),
        is_content_continuous=False,
        relationship_type=RelationshipTypeValues.CONTAINS,
    )
    items: list[ContentItem] = []
    if section.added_by is not None:
        at = section.added_by
        # Without the offset from UTC, which dcmtk 3.6 takes for an error here.
        container["ObservationDateTime"] = DataElement(
            "ObservationDateTime", "DT", identity.written_at(at).strftime("%Y%m%d%H%M%S")
        )
        name = PnameContentItem(
            _concept(_PERSON_OBSERVER_NAME), dicom_name(at.signer), RelationshipTypeValues.HAS_OBS_CONTEXT
        )
        items.append(name)
    regions = document.regions if section.added_by is None else ()
    for text, region in text_pieces(section.text, [one for one in regions if one.section == section.name]):
        item = TextContentItem(
            _concept(section.kind.text_code), text.replace("\t", " "), RelationshipTypeValues.CONTAINS
        )
        if region is not None:
            item.ContentSequence = ContentSequence([_region(document, region)])
        items.append(item)
    container.ContentSequence = ContentSequence(items)
    return container


def text_pieces(text: str, regions: Iterable[SentenceRegion]) -> list[tuple[str, SentenceRegion | None]]:
    """Cut a section into its sentences with a region and what lies between them; joined they are the section.

    White space begins a piece rather than ends one: DICOM keeps it there.
    """
    pieces: list[tuple[str, SentenceRegion | None]] = []
    done = 0
    for region in sorted(regions, key=lambda one: one.start):
        between = text[done : region.start]
        words_end = len(between.rstrip())
        if words_end:
            pieces.append((between[:words_end], None))
        pieces.append((between[words_end:] + text[region.start : region.end], region))
        done = region.end
    rest = text[done:]
    if rest.strip() or not pieces:
        pieces.append((rest, None))
    elif rest:
        last, region_of_last = pieces[-1]
        pieces[-1] = (last + rest, region_of_last)
    return pieces


def _region(document: OutputDocument, region: SentenceRegion) -> ScoordContentItem:
    """Closed outline of a box; coordinates are column, row from the image's outer corner, as ours (PS3.3 C.18.6)."""
    x0, y0, x1, y1 = region.box_px
    outline = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])
    item = ScoordContentItem(
        _concept(_REGION), GraphicTypeValues.POLYLINE, outline, relationship_type=RelationshipTypeValues.INFERRED_FROM
    )
    image = next(one for one in document.images if one.instance_uid == region.instance_uid)
    item.ContentSequence = ContentSequence(
        [
            ImageContentItem(
                _concept(_SOURCE_IMAGE),
                image.sop_class_uid,
                image.instance_uid,
                relationship_type=RelationshipTypeValues.SELECTED_FROM,
            )
        ]
    )
    return item


def _reference(version: ReportVersion) -> Dataset:
    """Name the SR document of an earlier version."""
    dataset = Dataset()
    dataset.SOPClassUID = EnhancedSRStorage
    dataset.SOPInstanceUID = identity.instance_uid(version, identity.SR_KIND)
    dataset.StudyInstanceUID = version.study_uid
    dataset.SeriesInstanceUID = identity.series_uid(version.study_uid, identity.SR_KIND)
    return dataset


def _verifier(version: ReportVersion) -> Dataset:
    item = Dataset()
    item.VerifyingObserverName = dicom_name(version.signer)
    item.VerifyingObserverIdentificationCodeSequence = []
    item.VerifyingOrganization = identity.ORGANIZATION_NOT_STATED
    item.VerificationDateTime = identity.exact_datetime(version)
    return item


def _equipment(document: OutputDocument) -> list[ContributingEquipment] | None:
    if document.assistance is None or document.assistance.record is None:
        return None
    made_by = document.assistance.record.draft.provenance
    return [
        ContributingEquipment(
            manufacturer=identity.MANUFACTURER,
            purpose_of_reference=codes.DCM.ProcessingEquipment,
            manufacturer_model_name=identity.long_string(made_by.adapter),
            software_versions=identity.long_string(made_by.code_version),
            device_serial_number=made_by.adapter_sha256,
            contribution_description=one_line(f"Draft text, {made_by.base_model}", 1024),
        )
    ]


def _local_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = LOCAL_SCHEME
    item.CodingSchemeName = LOCAL_SCHEME_NAME
    return item


def _concept(coded: Coded) -> CodedConcept:
    return CodedConcept(coded.value, coded.scheme, clean(coded.meaning)[:64])
