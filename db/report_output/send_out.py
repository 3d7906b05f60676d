"""A report out of the workspace into a file: collected, written aside, noted in the audit log, renamed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from db import audit
from db.database import Workspace
from db.errors import OutputRefused
from db.objects import flush_folder
from db.report_output.document import HeaderReader, OutputDocument, collect
from db.report_output.formats import OUTPUT_FORMATS
from gaze2report.errors import StorageFailed

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SentReport:
    """What was written and where.

    Attributes
    ----------
    notes : tuple of str
        What the person who sends it out should know, as sentences.
    """

    path: Path
    format: str
    study_uid: str
    version: int
    status: str
    sha256: str
    size_bytes: int
    notes: tuple[str, ...]


def render(document: OutputDocument, output_format: str) -> bytes:
    """Write a report in a format. The libraries of a format are loaded only for it.

    Raises
    ------
    OutputRefused
        If the format cannot hold this report.
    """
    if output_format == "text":
        from db.report_output.plain_text import to_text

        return to_text(document).encode()
    if output_format == "pdf":
        from db.report_output.pdf import to_pdf

        return to_pdf(document)
    if output_format == "sr":
        from db.report_output.enhanced_sr import to_enhanced_sr

        return to_enhanced_sr(document)
    if output_format == "encapsulated-pdf":
        from db.report_output.encapsulated_pdf import to_encapsulated_pdf

        return to_encapsulated_pdf(document)
    if output_format == "fhir":
        from db.report_output.fhir import to_fhir

        return to_fhir(document)
    raise ValueError(f"{output_format!r} is not one of {OUTPUT_FORMATS}")


def send_out(
    workspace: Workspace,
    study_uid: str,
    output_format: str,
    path: Path | str,
    *,
    actor: str,
    version: int | None = None,
    header_reader: HeaderReader | None = None,
    progress: Progress | None = None,
) -> SentReport:
    """Write one version of a report into a file; a file that is there is replaced, as a whole or not at all.

    Parameters
    ----------
    actor : str
        Who sends it out, for the audit log; with it are kept the version, the format, the file and its hash.
    version : int, optional
        The newest when not given.
    progress : callable, optional
        Called with (done, total) between the steps. What it raises ends the work; nothing is written then.

    Raises
    ------
    UnknownRecord, OutputRefused
        If there is no such study or version; if the study has no report, the format cannot hold it, or the file lies
        where the workspace keeps its own.
    StorageFailed
        If the file cannot be written; what was there stays.
    """
    path = Path(path).absolute()
    tell = progress or _tell_nobody
    refuse_place(workspace, path)
    tell(0, 3)
    document = collect(workspace, study_uid, version, header_reader=header_reader)
    tell(1, 3)
    content = render(document, output_format)
    tell(2, 3)
    sent = deliver(workspace, document, output_format, content, path, actor=actor)
    tell(3, 3)
    return sent


def deliver(
    workspace: Workspace, document: OutputDocument, output_format: str, content: bytes, path: Path, *, actor: str
) -> SentReport:
    """Do the last step of :func:`send_out`: note it in the audit log and write the file; raises the same."""
    path = path.absolute()
    refuse_place(workspace, path)
    sha256 = hashlib.sha256(content).hexdigest()
    study_uid = document.study.study_uid
    with _written_aside(path, content) as aside:
        detail = {
            "version": document.version.version,
            "format": output_format,
            "where": str(path),
            "sha256": sha256,
            "text_sha256": document.version.text_sha256,
        }
        # Before the file has its name: a report that went out unnoted is worse than a note of one that did not.
        audit.record(workspace, actor, "report sent out", study_uid, detail)
        os.replace(aside, path)
    flush_folder(path.parent)
    return SentReport(
        path=path,
        format=output_format,
        study_uid=study_uid,
        version=document.version.version,
        status=document.status_text,
        sha256=sha256,
        size_bytes=len(content),
        notes=document.notes,
    )


@contextlib.contextmanager
def _written_aside(path: Path, content: bytes) -> Iterator[Path]:
    aside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with open(aside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    except OSError as error:
        raise StorageFailed(f"{path}: the report could not be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def refuse_place(workspace: Workspace, path: Path) -> None:
    """Refuse a file where the workspace keeps its own, and a folder; raises OutputRefused."""
    folder = workspace.folder.resolve()
    target = path.parent.resolve() / path.name
    if target.is_relative_to(folder) and not target.is_relative_to(workspace.exports_dir.resolve()):
        raise OutputRefused(f"{path} lies where the workspace keeps its own files; choose another folder")
    if path.is_dir():
        raise OutputRefused(f"{path} is a folder; name a file")


def _tell_nobody(_done: int, _total: int) -> None:
    pass
