"""What goes into an export comes out: BIDS past its own validator, REFLACX past its reader, Parquet to the bit."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from captured import CONSENT
from recorded_cases import CaseBench, consent_of, record_case
from workspaces import STUDY_UID, add_study

from capture import __main__ as capture_command
from capture import recording
from capture.export_command import content_of, exportable
from db import case_rows, gaze_exports, recordings, withdrawal
from db.__main__ import main
from db.database import open_workspace
from gaze2report.__main__ import main as gaze2report_main
from gaze2report.data.sources.reflacx_reading import FIXATION_COLUMNS as PUBLISHED_COLUMNS
from gaze2report.data.training_set import TrainingSet
from gaze2report.gaze.export_content import recording_label
from gaze2report.gaze.export_folder import ExportRefused
from gaze2report.gaze.gaze_export import write_export

FILM = f"{STUDY_UID}.1.1"


@pytest.fixture(scope="session")
def spools(tmp_path_factory):
    """A recording with a pause in it, one of another reader, and one that lost a second on its way."""
    folder = tmp_path_factory.mktemp("spools")
    record_case(folder, FILM, recording_id="rec-a", seconds=2, overlays=["predicted gaze"])
    record_case(folder, FILM, recording_id="rec-b", consent=consent_of("reader-2"), seconds=2, frequency_hz=60.0)
    bench = CaseBench(folder, "rec-c", CONSENT, 300.0)
    bench.mark("screen", screen="screen-1", width_px=1920, height_px=1080)
    bench.mark("film", image_uid=FILM, columns_px=2000, rows_px=1600)
    bench.mark("case_opened", study_uid=STUDY_UID)
    bench.show(FILM)
    bench.run(1)
    bench.recorder.pause(True)
    bench.run(1)
    bench.recorder.pause(False)
    bench.run(1)
    bench.mark("case_closed")
    bench.recorder.finish("")
    bench.tracker.close()
    return folder


@pytest.fixture(scope="session")
def contents(spools):
    return [exportable(spools / f"rec-{name}.gaze") for name in "abc"]


def lines_of(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def validator() -> list[str]:
    pytest.importorskip("bids_validator_deno", reason="the BIDS validator is not installed")
    return [str(Path(sys.executable).with_name("bids-validator-deno"))]


def test_the_validator_of_bids_finds_no_error(contents, tmp_path):
    command = validator()
    samples = contents[1].content.samples.copy()
    for name in ("gaze", "origin", "pupil", "openness"):
        samples[f"right_{name}_valid"] = 0
    of_one_eye = dataclasses.replace(contents[1].content, samples=samples, recording_id="rec-one-eye")
    write_export(tmp_path / "bids", "bids", [*contents, dataclasses.replace(contents[1], content=of_one_eye)])
    done = subprocess.run(
        [*command, "--format", "json", str(tmp_path / "bids")],
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    issues = json.loads(done.stdout)["issues"]["issues"]
    errors = [issue for issue in issues if issue["severity"] == "error"]
    assert errors == []
    # What it would like to be told and nobody knows, such as the address of the institution, is all that it warns of.
    assert {issue["code"] for issue in issues} <= {
        "JSON_KEY_RECOMMENDED", "SIDECAR_KEY_RECOMMENDED", "README_FILE_SMALL", "NO_AUTHORS", "TOO_FEW_AUTHORS",
    }  # fmt: skip
    assert done.returncode == 0


def test_every_sample_is_a_row_for_each_eye_and_every_fixation_and_marker_an_event(contents, tmp_path):
    manifest = write_export(tmp_path / "bids", "bids", contents)
    for one, exported in zip(contents, manifest.recordings, strict=True):
        counts = exported.counts
        n_markers, n_fixations = len(one.content.markers), sum(len(case.fixations) for case in one.cases)
        assert (counts["samples"], counts["markers"], counts["fixations"]) == (
            len(one.content.samples),
            n_markers,
            n_fixations,
        )
        for number in (1, 2):
            names = [name for name in exported.files if name.endswith(f"eye{number}_physio.tsv.gz")]
            assert len(names) == counts["runs"]
            rows = [row for name in names for row in lines_of(tmp_path / "bids" / name)]
            assert len(rows) == counts["samples"] + counts["padded"]
        events = [name for name in exported.files if name.endswith("physioevents.tsv.gz")]
        assert sum(len(lines_of(tmp_path / "bids" / name)) for name in events) == n_markers + n_fixations
    assert manifest.recordings[2].counts["runs"] == 2  # before and after the pause


def test_the_values_of_a_run_are_those_of_the_recording(contents, tmp_path):
    manifest = write_export(tmp_path / "bids", "bids", contents[:1])
    (name,) = (name for name in manifest.recordings[0].files if name.endswith("eye1_physio.tsv.gz"))
    rows, samples = lines_of(tmp_path / "bids" / name), contents[0].content.samples
    sidecar = json.loads((tmp_path / "bids" / name).with_suffix("").with_suffix(".json").read_text())
    assert (sidecar["RecordedEye"], sidecar["SamplingFrequency"]) == ("left", 300.0)
    assert sidecar["Columns"][:4] == ["timestamp", "x_coordinate", "y_coordinate", "pupil_size"]
    for row, sample in zip(rows, samples, strict=True):
        if not sample["left_gaze_valid"]:
            assert row[1:3] == ["n/a", "n/a"]
            continue
        assert float(row[1]) == pytest.approx(float(sample["left_x"]) * 1920, abs=1e-4)
        assert np.float32(row[3]) == sample["left_pupil_mm"] or not sample["left_pupil_valid"]


def test_samples_that_never_came_are_rows_of_nothing(contents, tmp_path):
    one = contents[0]
    keep = np.ones(len(one.content.samples), dtype=bool)
    keep[100:140] = False
    kept = {name: getattr(one.content, name)[keep] for name in ("samples", "sample_segments")}
    lost = dataclasses.replace(one, content=dataclasses.replace(one.content, **kept))
    (exported,) = write_export(tmp_path / "bids", "bids", [lost]).recordings
    assert exported.counts["padded"] == 40
    (name,) = (name for name in exported.files if name.endswith("eye1_physio.tsv.gz"))
    rows = lines_of(tmp_path / "bids" / name)
    assert len(rows) == len(keep)
    assert all(set(row[1:]) == {"n/a"} for row in rows[100:140])
    steps = np.diff([float(row[0]) for row in rows])
    assert steps.max() < 2 / 300


def test_reflacx_columns_are_the_published_ones_and_the_converter_reads_them(contents, tmp_path):
    manifest = write_export(tmp_path / "reflacx", "reflacx", contents)
    folder = tmp_path / "reflacx"
    with (folder / "main_data" / "metadata_phase_3.csv").open(newline="") as file:
        metadata = list(csv.DictReader(file))
    assert [row["id"] for row in metadata] == ["P900R000001", "P900R000002", "P900R000003"]
    with (folder / "main_data" / "P900R000001" / "fixations.csv").open(newline="") as file:
        assert tuple(next(csv.reader(file))) == PUBLISHED_COLUMNS
    status = gaze2report_main(["convert", "reflacx", str(folder), str(tmp_path / "set"), "--images", "none"])
    assert status == 0
    found = {example.example_id: example for example in TrainingSet.open(tmp_path / "set").examples()}
    assert len(found) == 3
    for row, one, exported in zip(metadata, contents, manifest.recordings, strict=True):
        (scanpath,) = found[row["id"]].scanpaths
        fixations = one.cases[0].fixations
        assert exported.counts["fixations"] == len(fixations) == len(scanpath.x)
        np.testing.assert_allclose(scanpath.x, [fixation.x_px for fixation in fixations], rtol=1e-8)
        np.testing.assert_allclose(scanpath.y, [fixation.y_px for fixation in fixations], rtol=1e-8)
        durations_s = [fixation.duration_ms / 1000 for fixation in fixations]
        np.testing.assert_allclose(scanpath.durations, durations_s, atol=2e-6)
        degrees = [(fixation.px_per_dva_x, fixation.px_per_dva_y) for fixation in fixations]
        np.testing.assert_allclose(scanpath.image_px_per_degree, degrees, rtol=1e-8)
        assert (row["image_size_x"], row["image_size_y"], row["source"]) == ("2000", "1600", "simulation")


def test_every_sample_of_a_case_is_in_one_gaze_file(contents, tmp_path):
    manifest = write_export(tmp_path / "reflacx", "reflacx", contents)
    for one, exported in zip(contents, manifest.recordings, strict=True):
        gaze = [name for name in exported.files if name.endswith("gaze.csv")]
        n_rows = sum(len((tmp_path / "reflacx" / name).read_text().splitlines()) - 1 for name in gaze)
        counts = exported.counts
        assert n_rows == counts["samples_in_cases"]
        parts = ("samples_in_cases", "samples_outside_cases", "samples_of_one_time")
        assert sum(counts[part] for part in parts) == counts["samples"] == len(one.content.samples)


def test_parquet_holds_every_sample_to_the_bit_and_every_row(contents, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    manifest = write_export(tmp_path / "parquet", "parquet", contents)
    for one, exported in zip(contents, manifest.recordings, strict=True):
        folder = tmp_path / "parquet" / exported.label
        table = parquet.read_table(folder / "samples.parquet")
        samples = one.content.samples
        assert table.num_rows == len(samples)
        for name in samples.dtype.names:
            if samples[name].ndim == 1:
                assert table.column(name).to_numpy().tobytes() == np.ascontiguousarray(samples[name]).tobytes()
            for k, axis in enumerate("xyz" if samples[name].ndim == 2 else ""):
                column = table.column(f"{name.removesuffix('_mm')}_{axis}_mm").to_numpy()
                assert column.tobytes() == np.ascontiguousarray(samples[name][:, k]).tobytes()
        counted = {"views": one.content.views, "markers": one.content.markers, "time_syncs": one.content.exchanges}
        for kind, rows in counted.items():
            assert parquet.read_table(folder / f"{kind}.parquet").num_rows == len(rows) == exported.counts[kind]
        fixations = parquet.read_table(folder / "fixations.parquet").to_pylist()
        assert [row["x_px"] for row in fixations] == [f.x_px for case in one.cases for f in case.fixations]
        about = json.loads(table.schema.metadata[b"gaze2report"])
        assert (about["layout"], about["source"]) == ("gaze-sample-1", "simulation")


@pytest.mark.parametrize("kind", ["bids", "reflacx", "parquet"])
def test_an_export_names_no_date_serial_number_uid_or_recording(contents, tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    write_export(tmp_path / "out", kind, contents)
    secrets = ["SIM-1200", FILM, "rec-a", "rec-b", "consent-1", "operator-3", "2026-", "2027-"]
    tracker = contents[0].content.tracker
    secrets += [tracker[name] for name in ("serial_number", "address") if tracker[name]]
    for path in (path for path in (tmp_path / "out").rglob("*") if path.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in data, f"{path.name} names {secret}"
            assert secret not in path.name


def test_an_export_is_refused_with_its_reason_and_nothing_is_left_out_in_silence(contents, tmp_path):
    without = dataclasses.replace(contents[0], mapped=None, not_mapped="the size of the film is not known")
    with pytest.raises(ExportRefused, match=r"rec-a cannot be written in the layout of REFLACX: the size of the film"):
        write_export(tmp_path / "a", "reflacx", [contents[1], without])
    assert not (tmp_path / "a").exists()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "something").write_text("")
    with pytest.raises(ExportRefused, match="is not empty"):
        write_export(tmp_path / "b", "bids", contents)
    with pytest.raises(ExportRefused, match="there is no export xdf"):
        write_export(tmp_path / "c", "xdf", contents)
    with pytest.raises(ExportRefused, match="no recording to export"):
        write_export(tmp_path / "c", "bids", [])


def test_the_command_of_the_capture_side_exports_files(spools, tmp_path, capsys):
    paths = [str(spools / f"rec-{name}.gaze") for name in "ab"]
    out = str(tmp_path / "out")
    assert capture_command.main(["export", *paths, "--format", "bids", "--out", out]) == 0
    n_samples = sum(len(recording.samples(Path(path))) for path in paths)
    assert f"2 recordings; {n_samples} samples" in capsys.readouterr().out
    assert capture_command.main(["export", *paths, "--format", "bids", "--out", out]) == 3
    assert "is not empty" in capsys.readouterr().err
    withdrawn = Path(shutil.copy(paths[0], tmp_path / "w.gaze"))
    recording.withdraw(withdrawn)
    assert capture_command.main(["export", str(withdrawn), "--format", "bids", "--out", str(tmp_path / "w")]) == 3
    assert "'withdrawn' is not exported" in capsys.readouterr().err


def test_the_workspace_gives_the_same_content_notes_the_export_and_reaches_it_at_a_withdrawal(
    spools, folder, tmp_path, capsys
):
    with open_workspace(folder) as workspace:
        add_study(workspace, tmp_path)
        for name in "ab":
            recordings.import_recording(workspace, spools / f"rec-{name}.gaze", actor="test")
        kept = case_rows.exportable(workspace, "rec-a").content
    of_file = content_of(spools / "rec-a.gaze")
    for name, value in vars(of_file).items():
        found = getattr(kept, name)
        same = np.array_equal(found, value) if name.startswith("sample_") else found == value
        assert name == "samples" or same, name
    assert kept.samples.tobytes() == of_file.samples.tobytes()

    out = tmp_path / "out"
    place = ["--workspace", str(folder)]
    assert main(["export-gaze", "--all", "--format", "reflacx", "--out", str(out), *place]) == 0
    assert "2 recordings" in capsys.readouterr().out
    with open_workspace(folder) as workspace:
        (export,) = gaze_exports.list_exports(workspace)
        assert export.recordings == {"rec-a": CONSENT.reader_pseudonym, "rec-b": "reader-2"}
        done = withdrawal.withdraw_consent(workspace, "reader-2", actor="test")
        assert done.exports == (str(out.resolve()),)
    labels = {row.split(",")[9] for row in (out / "main_data" / "metadata_phase_3.csv").read_text().splitlines()[1:]}
    assert labels == {recording_label("rec-a")}
    assert (out / "WITHDRAWN.json").is_file()
    left = [path.parent.name for path in out.rglob("gaze.csv")]
    assert len(left) == 1
    assert main(["export-gaze", "rec-b", "--format", "bids", "--out", str(tmp_path / "b"), *place]) == 3
    assert "withdrawn" in capsys.readouterr().err
    assert main(["export-gaze", "rec-a", "--format", "bids", "--json", "--out", str(tmp_path / "a"), *place]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "bids"
