"""ZIP archives among the files to import, such as a PACS or a disc gives: unpacked aside, within limits.

An archive is told by its content, not by its name. Names inside are kept to tell a user which film is meant, but no
name can lead out of the folder that is unpacked into (APPNOTE 4.4.17 allows "..", drives and absolute paths).
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from db.files import files_under
from gaze2report.errors import StorageFailed

MOST_MEMBERS = 50_000
MOST_BYTES = 32 * 2**30
_SPARE_BYTES = 256 * 2**20
_PIECE_BYTES = 2**20
_LOCAL_FILE_HEADER = b"PK\x03\x04"
_ENCRYPTED = 0x1
_Failures = list[tuple[Path, str]]


@contextmanager
def files_to_read(
    paths: Iterable[Path | str], should_stop: Callable[[], bool] = lambda: False
) -> Iterator[tuple[list[Path], _Failures]]:
    """List the files named, those in the folders named and those in ZIP archives among them.

    What was unpacked is gone when the context ends. An archive inside an archive is not unpacked, and said.

    Parameters
    ----------
    should_stop : callable
        Asked between two pieces of an archive; once it says so, nothing more is unpacked.

    Yields
    ------
    files : list of Path
    failures : list of (Path, str)
        What could not be read, with a sentence.

    Raises
    ------
    StorageFailed
        If the disk has no room for what an archive holds.
    """
    named, failures = files_under(paths)
    files: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="gaze2report-import-", ignore_cleanup_errors=True) as aside:
        for number, path in enumerate(named):
            if not is_archive(path):
                files.append(path)
            elif not should_stop():
                files += _unpack(path, Path(aside, str(number), _plain(path.name)), failures, should_stop)
        yield files, failures


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive by its content; a file that cannot be read is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(_LOCAL_FILE_HEADER)) == _LOCAL_FILE_HEADER
    except OSError:
        return False


def _unpack(archive: Path, into: Path, failures: _Failures, should_stop: Callable[[], bool]) -> list[Path]:
    unpacked: list[Path] = []
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened)
            _refuse_too_much(archive, members)
            for member in members:
                if should_stop():
                    break
                place = into.joinpath(*_parts(member.filename))
                reason = _why_not(opened, member)
                if reason:
                    failures.append((archive, f"{archive}: {member.filename}: {reason}"))
                    continue
                try:
                    _write(opened, member, place, should_stop)
                except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
                    place.unlink(missing_ok=True)
                    failures.append((archive, f"{archive}: {member.filename}: it is damaged ({error})"))
                else:
                    unpacked.append(place)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError) as error:
        failures.append((archive, f"{archive}: the ZIP archive cannot be read ({error})"))
    except OSError as error:
        raise StorageFailed(f"{archive} could not be unpacked: {error.strerror or error}") from error
    return unpacked


def _members(opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Files that :func:`files_under` would list in a folder."""
    hidden = re.compile(r"(^|/)(\.(?!\.?/)|__MACOSX/)")
    return [
        member
        for member in opened.infolist()
        if not member.is_dir()
        and not hidden.search(member.filename)
        and PurePosixPath(member.filename).name.upper() != "DICOMDIR"
    ]


def _refuse_too_much(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise ValueError(f"it holds {len(members)} files, at most {MOST_MEMBERS} are unpacked")
    total = sum(member.file_size for member in members)
    if total > MOST_BYTES:
        raise ValueError(f"it would unpack to {total / 2**30:.0f} GiB, at most {MOST_BYTES / 2**30:.0f} are unpacked")
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if total + _SPARE_BYTES > free:
        raise StorageFailed(
            f"{archive} needs {total / 2**20:.0f} MiB to be unpacked, {free / 2**20:.0f} are free in "
            f"{tempfile.gettempdir()}"
        )


def _why_not(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    if member.flag_bits & _ENCRYPTED:
        return "it is encrypted; unpack the archive with its password and import the folder"
    try:
        with opened.open(member) as file:
            if file.read(len(_LOCAL_FILE_HEADER)) == _LOCAL_FILE_HEADER:
                return "an archive inside an archive is not unpacked; unpack it and import the folder"
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        return f"it is damaged ({error})"
    return ""


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path, should_stop: Callable[[], bool]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, place.open("xb") as target:
        # zipfile gives no more than the size announced, which was counted before
        while not should_stop() and (piece := source.read(_PIECE_BYTES)):
            target.write(piece)


def _parts(name: str) -> list[str]:
    """A member's name as folders and a file that can lead nowhere else."""
    return [_plain(part) for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")] or ["file"]


def _plain(part: str) -> str:
    return re.sub(r"[^\w .()+,=@-]", "_", part).strip(". ")[-120:] or "_"
