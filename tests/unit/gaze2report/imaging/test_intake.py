"""The intake worker: what it gives back, and how a fault of it costs one read and no more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pydicom
import pytest
from factories import chest_phantom, make_deflate_bomb, make_dicom, make_lut, make_png
from pydicom.data import get_testdata_file
from pydicom.uid import RLELossless

from gaze2report.errors import ImageTooLarge, IntakeFailed, NotAnImage, UnreadableInput
from gaze2report.imaging import intake_worker
from gaze2report.imaging.intake import Intake, IntakeLimits
from gaze2report.imaging.read import read_image, read_image_header
from gaze2report.messages import Message

on_posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and resource limits")


@pytest.fixture(scope="module")
def intake():
    with Intake() as shared:
        yield shared


@pytest.fixture
def film(tmp_path):
    return make_dicom(tmp_path / "film.dcm")


def worker_of(intake: Intake) -> psutil.Process:
    assert intake._worker is not None
    return psutil.Process(intake._worker._process.pid)


def same(image, other) -> bool:
    return (
        np.array_equal(image.codes, other.codes)
        and np.array_equal(image.modality_values, other.modality_values)
        and image.header == other.header
        and image.pixel_sha256 == other.pixel_sha256
        and image.windows == other.windows
        and [(lut.first_mapped, lut.bits, lut.entries.tolist()) for lut in image.voi_luts]
        == [(lut.first_mapped, lut.bits, lut.entries.tolist()) for lut in other.voi_luts]
        and (image.is_inverted, image.padding_codes, image.notes)
        == (other.is_inverted, other.padding_codes, other.notes)
    )


# --- what comes back --------------------------------------------------------------------------------------------


def test_the_worker_gives_the_image_that_reading_in_process_gives(intake, tmp_path):
    path = make_dicom(
        tmp_path / "film.dcm",
        photometric="MONOCHROME1",
        VOILUTSequence=[make_lut(np.arange(4096), 0, 12)],
        WindowCenter=[1, 2],
        WindowWidth=[10, 0.5],
        PixelPaddingValue=0,
        PixelSpacing=[0.2, 0.1],
        PatientName="Müller^Žofie",
        SpecificCharacterSet="ISO_IR 192",
    )
    assert same(intake.read(path), read_image(path))
    assert intake.read_header(path) == read_image_header(path)


def test_pictures_go_the_same_way(intake, tmp_path):
    path = make_png(tmp_path / "film.png", bits=16)
    assert same(intake.read(path), read_image(path))
    assert intake.read_header(path) == read_image_header(path)


def test_one_worker_serves_many_files_and_leaves_no_pixels_behind(intake, film):
    intake.read(film)
    first = worker_of(intake).pid
    for _ in range(5):
        intake.read(film)
    assert worker_of(intake).pid == first
    assert [path.name for path in intake._worker.folder.iterdir()] == ["worker.log"]


def test_threads_share_one_worker_and_get_their_own_images(intake, tmp_path):
    films = [make_dicom(tmp_path / f"{seed}.dcm", seed=seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(intake.read, films))
    for seed, image in enumerate(images):
        assert np.array_equal(image.codes, chest_phantom(seed=seed))


@pytest.mark.parametrize(
    ("module", "absent"),
    [("intake", ("pydicom", "PIL", "torch")), ("intake_worker", ("torch", "PySide6", "sqlalchemy"))],
)
def test_importing_intake_is_light_and_the_worker_knows_no_model(module, absent):
    code = f"import sys, gaze2report.imaging.{module}; print([name for name in {absent} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_a_closed_intake_has_no_worker_and_no_folder(film):
    intake = Intake()
    intake.read(film)
    worker, folder = worker_of(intake), intake._worker.folder
    intake.close()
    intake.close()
    assert not worker.is_running()
    assert not folder.exists()
    with pytest.raises(ValueError, match="closed"):
        intake.read(film)


@on_posix
def test_only_the_user_may_enter_the_folder_of_pixels(intake, film):
    intake.read(film)
    assert intake._worker.folder.stat().st_mode & 0o077 == 0


# --- paths ------------------------------------------------------------------------------------------------------


def empty(folder: Path) -> Path:
    (folder / "x").touch()
    return folder / "x"


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "x")
    return folder / "x"


def link(folder: Path) -> Path:
    (folder / "x").symlink_to(make_dicom(folder / "target.dcm"))
    return folder / "x"


def huge(folder: Path) -> Path:
    with (folder / "x").open("wb") as stream:
        stream.truncate(2**30 + 1)  # sparse
    return folder / "x"


@on_posix
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "absent.dcm", "no such file"),
        (lambda folder: folder, "a folder"),
        (lambda folder: folder / "a\0b", "null character"),
        (lambda folder: folder / ("n" * 300), "cannot be opened"),
        (lambda folder: f"{folder}/film\udce9.dcm", "valid text"),
        (lambda folder: "/dev/zero", "a device"),
        (empty, "empty"),
        (fifo, "named pipe"),
        (link, "symbolic link"),
        (huge, "more than the limit of 1024 MiB"),
    ],
    ids=["missing", "folder", "null", "long", "undecodable", "device", "empty", "fifo", "symlink", "huge"],
)
@pytest.mark.parametrize("method", ["read", "read_header"])
def test_paths_that_are_no_readable_file_get_a_sentence(intake, tmp_path, make, words, method):
    with pytest.raises(UnreadableInput, match=words):
        getattr(intake, method)(make(tmp_path))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_gets_a_sentence(intake, film):
    film.chmod(0)
    with pytest.raises(UnreadableInput, match="no permission"):
        intake.read(film)


def test_errors_keep_their_kind_and_the_path_as_the_caller_wrote_it(intake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_dicom("frames.dcm", NumberOfFrames=3)
    with pytest.raises(NotAnImage, match=r"^frames\.dcm: it has 3 frames"):
        intake.read("frames.dcm")


# --- bombs ------------------------------------------------------------------------------------------------------


def rle_bomb(folder: Path) -> Path:
    path = make_dicom(folder / "rle.dcm", transfer_syntax=RLELossless)
    dataset = pydicom.dcmread(path)
    dataset.Rows = dataset.Columns = 20000
    dataset.save_as(path)
    return path


def lying_header(folder: Path) -> Path:
    return make_dicom(folder / "lying.dcm", Rows=65535, Columns=65535, PixelData=b"\0" * 100)


def deflate_bomb(folder: Path) -> Path:
    return make_deflate_bomb(folder / "deflate.dcm", 512 * 2**20)


@pytest.mark.parametrize("make", [rle_bomb, lying_header, deflate_bomb])
def test_bombs_are_refused_quickly_and_the_worker_lives_on(intake, tmp_path, film, make):
    bomb = make(tmp_path)
    intake.read(film)
    worker = worker_of(intake)
    before = sum(worker.cpu_times()[:2])
    with pytest.raises(ImageTooLarge):
        intake.read(bomb)
    assert sum(worker.cpu_times()[:2]) - before < 5.0  # of the processor: the wall clock depends on the neighbours
    assert worker.is_running()
    assert worker.memory_info().rss < 512 * 2**20
    intake.read(film)
    assert worker_of(intake).pid == worker.pid


# --- faults of the worker ---------------------------------------------------------------------------------------


@on_posix
def test_a_hang_is_ended_after_the_time_limit_and_the_next_read_works(film):
    with Intake(IntakeLimits(read_timeout_s=2.0)) as intake:
        intake.read(film)
        hung = worker_of(intake)
        hung.suspend()
        with pytest.raises(IntakeFailed, match="longer than the 2 s"):
            intake.read(film)
        assert not hung.is_running()
        assert intake.read(film).codes.shape == (160, 144)
        assert worker_of(intake).pid != hung.pid


@on_posix
@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL])
def test_a_crash_in_the_middle_of_a_read_is_a_sentence_and_the_next_read_works(film, how):
    with Intake() as intake:
        intake.read(film)
        worker = worker_of(intake)
        worker.suspend()  # so that the crash falls into the read

        def end() -> None:
            worker.send_signal(how)
            if how != signal.SIGKILL:  # a stopped process meets any other signal when it goes on
                worker.resume()

        crash = threading.Timer(0.2, end)
        crash.start()
        with pytest.raises(IntakeFailed, match=f"crashed the decoder \\(signal {how.value}\\)"):
            intake.read(film)
        crash.join()
        assert intake.read(film).codes.shape == (160, 144)


@on_posix
def test_a_worker_that_died_between_two_reads_is_replaced_unseen(film):
    with Intake() as intake:
        intake.read(film)
        worker = worker_of(intake)
        worker.kill()
        worker.wait(5)
        assert intake.read(film).codes.shape == (160, 144)


@on_posix
def test_running_out_of_memory_is_a_sentence_and_the_next_read_works(film, tmp_path):
    large = make_dicom(tmp_path / "large.dcm", np.zeros((5000, 5000), np.int64))
    with Intake(IntakeLimits(max_address_space_bytes=300 * 2**20)) as intake:
        intake.read(film)
        with pytest.raises(IntakeFailed, match="more memory than the 300 MiB"):
            intake.read(large)
        assert intake.read(film).codes.shape == (160, 144)


def test_an_unforeseen_error_in_the_worker_is_told_with_its_type(monkeypatch, capsys, tmp_path):
    def fail(path, limits):
        raise ZeroDivisionError("".join(["sur", "prise"]))

    monkeypatch.setattr("gaze2report.imaging.read.read_image", fail)
    answer = intake_worker._answer(Message("read", "file", {"file": "film.dcm"}), tmp_path, IntakeLimits())
    assert answer.kind == "fault"
    assert answer.body["reason"] == "reading it failed (ZeroDivisionError: surprise)"
    log = capsys.readouterr().err
    assert "ZeroDivisionError" in log
    assert "in fail" in log
    assert "surprise" not in log  # a message may quote the file


@on_posix
def test_a_worker_whose_parent_hangs_ends_itself():
    code = """
        from gaze2report.imaging.intake_worker import _self_destruct_after
        with _self_destruct_after(0.2):
            sum(range(10**12))  # one call into C that never gives the interpreter back
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == -signal.SIGALRM


@on_posix
@pytest.mark.parametrize(("program", "words"), [("/bin/false", "ended"), ("/no/such/python", "cannot be started")])
def test_a_worker_that_cannot_start_is_a_sentence(film, monkeypatch, program, words):
    monkeypatch.setattr(sys, "executable", program)
    with Intake() as intake, pytest.raises(IntakeFailed, match=words):
        intake.read(film)


@on_posix
def test_the_worker_and_its_pixels_go_when_the_parent_is_killed(film):
    parent_code = textwrap.dedent(
        """
        import sys, time
        from gaze2report.imaging.intake import Intake
        intake = Intake()
        intake.read(sys.argv[1])
        print(intake._worker._process.pid, intake._worker.folder, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", parent_code, film], stdout=subprocess.PIPE, text=True) as parent:
        pid, folder = parent.stdout.readline().split()
        worker = psutil.Process(int(pid))
        parent.kill()
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline and (worker_is_alive(worker) or Path(folder).exists()):
        time.sleep(0.02)
    assert not worker_is_alive(worker)
    assert not Path(folder).exists()


def worker_is_alive(worker: psutil.Process) -> bool:
    return worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE


def test_a_codec_that_prints_cannot_break_the_message_lines(intake, tmp_path):
    # pydicom warns and logs about this file; nothing of it may reach the lines between worker and parent
    path = get_testdata_file("J2K_pixelrep_mismatch.dcm")
    assert same(intake.read(path), read_image(path))
