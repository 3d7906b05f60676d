"""Who and what a FHIR report speaks of: patient, imaging study, readers, devices, and who did what."""

from __future__ import annotations

import uuid
from typing import Any

from db.report_output import dicom_identity as identity
from db.report_output.clean_text import one_line
from db.report_output.demographics import iso_date, name_text
from db.report_output.document import OutputDocument, OutputImage
from gaze2report.types import Provenance

Resource = dict[str, Any]

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_URI = "urn:ietf:rfc:3986"
_NAMESPACE = uuid.UUID("5f0c6b4e-6a37-5d0b-9d0e-1c9c2f4b7a10")
_GENDERS = {"M": "male", "F": "female", "O": "other"}


def urn(document: OutputDocument, what: str) -> str:
    """UUID of a resource: the same one each time the version is sent out."""
    return str(uuid.uuid5(_NAMESPACE, f"{document.study.study_uid} {what}"))


def reference(resource_id: str) -> Resource:
    """Refer to an entry of the Bundle."""
    return {"reference": f"urn:uuid:{resource_id}"}


def uid_identifier(uid: str) -> Resource:
    """Give a DICOM UID as an identifier."""
    return {"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}


def patient_id(document: OutputDocument) -> str:
    """UUID of the patient, the same in all of that patient's studies."""
    patient = document.study.patient
    if not patient.patient_id.strip():
        return urn(document, "patient")
    return str(uuid.uuid5(_NAMESPACE, f"{patient.patient_id}\0{patient.name}\0{patient.birth_date}"))


def study_id(document: OutputDocument) -> str:
    """UUID of the imaging study."""
    return urn(document, "study")


def practitioner_id(name: str) -> str:
    """UUID of a reader by name."""
    return str(uuid.uuid5(_NAMESPACE, f"reader {name}"))


def patient(document: OutputDocument) -> Resource:
    """Patient as the images name them."""
    person = document.study.patient
    content: Resource = {"resourceType": "Patient", "id": patient_id(document)}
    if one_line(person.patient_id):
        content["identifier"] = [{"value": one_line(person.patient_id)}]
    if name_text(person.name):
        content["name"] = [_human_name(person.name)]
    if person.sex in _GENDERS:
        content["gender"] = _GENDERS[person.sex]
    if (born := iso_date(person.birth_date)) is not None:
        content["birthDate"] = born
    return content


def imaging_study(document: OutputDocument) -> Resource:
    """Study with the images that were read."""
    study = document.study
    content: Resource = {
        "resourceType": "ImagingStudy",
        "id": study_id(document),
        "identifier": [uid_identifier(study.study_uid)],
        "status": "available",
        "subject": reference(patient_id(document)),
    }
    if accession := one_line(study.accession_number):
        accession_type = {"coding": [{"system": f"{_TERMINOLOGY}/v2-0203", "code": "ACSN"}]}
        content["identifier"].append({"type": accession_type, "value": accession})
    if (day := iso_date(study.study_date)) is not None:
        content["started"] = day
    if description := one_line(study.description):
        content["description"] = description
    by_series: dict[str, list[OutputImage]] = {}
    for image in document.images:
        by_series.setdefault(image.series_uid, []).append(image)
    if by_series:
        content["series"] = [_series(uid, images) for uid, images in by_series.items()]
        content["numberOfSeries"] = len(by_series)
        content["numberOfInstances"] = len(document.images)
    return content


def practitioners(document: OutputDocument) -> list[Resource]:
    """Readers who wrote or signed this version and those it stands on, each once."""
    versions = (document.version, *document.predecessors)
    names = dict.fromkeys(one.signer or one.author for one in versions)
    return [
        {"resourceType": "Practitioner", "id": practitioner_id(name), "name": [{"text": one_line(name) or "unnamed"}]}
        for name in names
    ]


def devices(document: OutputDocument) -> list[Resource]:
    """Workstation, and the model where one had a hand in the text."""
    workstation: Resource = {
        "resourceType": "Device",
        "id": _workstation_id(),
        "manufacturer": identity.MANUFACTURER,
        "deviceName": [{"name": identity.MODEL_NAME, "type": "user-friendly-name"}],
        "version": [{"value": identity.SOFTWARE_VERSION}],
    }
    made_by = _provenance_of_draft(document)
    if made_by is None:
        return [workstation]
    model: Resource = {
        "resourceType": "Device",
        "id": _model_id(made_by.adapter_sha256),
        "identifier": [uid_identifier(identity.device_uid(made_by.adapter_sha256))],
        "manufacturer": identity.MANUFACTURER,
        "serialNumber": made_by.adapter_sha256,
        "deviceName": [
            {"name": one_line(f"{made_by.base_model} with adapter {made_by.adapter}"), "type": "user-friendly-name"}
        ],
        "type": {"text": "report drafting model, research use only"},
        "version": [{"value": one_line(made_by.code_version)}],
    }
    return [workstation, model]


def provenance(document: OutputDocument, targets: list[Resource]) -> Resource:
    """Say who answers for the version, what wrote it, and from which draft and versions it came."""
    version = document.version
    role = "verifier" if document.is_signed else "author"
    agents = [_agent(role, practitioner_id(version.signer or version.author)), _agent("assembler", _workstation_id())]
    made_by = _provenance_of_draft(document)
    entities: list[Resource] = [
        {"role": "revision", "what": {"identifier": uid_identifier(identity.instance_uid(one, identity.SR_KIND))}}
        for one in document.predecessors
    ]
    if made_by is not None and document.assistance is not None and document.assistance.record is not None:
        agents.append(_agent("author", _model_id(made_by.adapter_sha256)))
        draft_hash = document.assistance.record.content_sha256
        entities.append({"role": "source", "what": {"display": f"draft of the model, SHA-256 {draft_hash}"}})
    content: Resource = {
        "resourceType": "Provenance",
        "id": urn(document, f"provenance {version.version}"),
        "target": [reference(one["id"]) for one in targets],
        "recorded": version.created_at_utc,
        "agent": agents,
    }
    if entities:
        content["entity"] = entities
    return content


def _human_name(dicom_name: str) -> Resource:
    family, given, middle, *_ = [*one_line(dicom_name).split("=")[0].split("^"), "", ""]
    content: Resource = {"text": name_text(dicom_name)}
    if family.strip():
        content["family"] = family.strip()
    if givens := [part.strip() for part in (given, middle) if part.strip()]:
        content["given"] = givens
    return content


def _series(uid: str, images: list[OutputImage]) -> Resource:
    return {
        "uid": uid,
        "modality": {"system": _DCM, "code": one_line(images[0].modality) or "OT"},
        "numberOfInstances": len(images),
        "instance": [
            {"uid": one.instance_uid, "sopClass": {"system": _URI, "code": f"urn:oid:{one.sop_class_uid}"}}
            for one in images
        ],
    }


def _provenance_of_draft(document: OutputDocument) -> Provenance | None:
    if document.assistance is None or document.assistance.record is None:
        return None
    return document.assistance.record.draft.provenance


def _agent(role: str, who: str) -> Resource:
    coding = {"system": f"{_TERMINOLOGY}/provenance-participant-type", "code": role}
    return {"type": {"coding": [coding]}, "who": reference(who)}


def _workstation_id() -> str:
    return str(uuid.uuid5(_NAMESPACE, f"workstation {identity.SOFTWARE_VERSION}"))


def _model_id(adapter_sha256: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"model {adapter_sha256}"))
