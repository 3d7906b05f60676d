"""The two commands that measure, on made folders of their exact layouts."""

from __future__ import annotations

import json

import made_gaze
import numpy as np
import pytest

from gaze2report import __main__ as command_line
from gaze2report.errors import EXIT_OK, EXIT_WRONG_USE
from gaze2report.evaluation.coded_recordings import CODED_SCREEN, read_coded_recordings


@pytest.fixture
def coded(tmp_path):
    """Two recordings in the layout of Hooge et al.; the coder ``TRUE`` marks the truth, ``LATE`` 20 ms later."""
    (tmp_path / "samples").mkdir()
    rows = ["trial,coder,onset_ms,offset_ms"]
    for number in range(2):
        stops = [tuple(row) for row in np.random.default_rng(number).uniform((300, 200, 200), (1600, 900, 500), (8, 3))]
        made = made_gaze.make_gaze(stops, rms_s2s_dva=0.05, screen=CODED_SCREEN, lost=[(300, 340)], seed=number)
        name, time_ms = f"adult_{number}", made.samples.time_ms
        # A lost sample is written the way that trackers do: far outside of the screen.
        place = np.nan_to_num(made.samples.left_px, nan=-1920.0)
        lines = [f"{t:.3f}\t{x:.1f}\t{y:.1f}\t0" for t, (x, y) in zip(time_ms, place, strict=True)]
        (tmp_path / "samples" / f"{name}.txt").write_text("\n".join(["time\tx\ty\tv", *lines]), encoding="utf-8")
        for first, last in made.spans:
            rows.append(f"{name},TRUE,{time_ms[first]:.2f},{time_ms[last]:.2f}")
            rows.append(f"{name},LATE,{time_ms[first] + 20:.2f},{time_ms[last] + 20:.2f}")
    (tmp_path / "fixations.csv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


def test_marks_and_lost_samples_are_read_as_what_they_are(coded):
    recording = read_coded_recordings(coded)[0]
    assert (recording.name, recording.group, sorted(recording.coders)) == ("adult_0", "adult", ["LATE", "TRUE"])
    time_ms = recording.samples.time_ms
    lost = np.isnan(recording.samples.left_px).all(axis=1)
    np.testing.assert_array_equal(lost, (time_ms >= 300) & (time_ms < 340))
    (first, last), (late_first, late_last) = recording.coders["TRUE"][2], recording.coders["LATE"][2]
    assert (late_first - first, late_last - last) == (6, 6)  # 20 ms at 300 Hz


def test_classifiers_are_compared_with_the_coders(coded, capsys):
    arguments = ["evaluate-fixations", str(coded), "--classifier", "I-VT", "--classifier", "I-DT", "--json"]
    assert command_line.main(arguments) == EXIT_OK
    found = json.loads(capsys.readouterr().out)
    assert (found["n_recordings"], sorted(found["classifiers"])) == (2, ["I-DT", "I-VT"])
    assert found["human"]["f1"] == 1.0  # each pair overlaps, 20 ms apart
    assert found["classifiers"]["I-VT"]["published"]["f1"] > 0.9
    assert len(found["classifiers"]["I-VT"]["chosen"]) == 2

    assert command_line.main(arguments[:-1]) == EXIT_OK
    text = capsys.readouterr().out
    assert "2 recordings (adult), 2 coders" in text
    assert "I-VT, chosen on the others" in text


def test_what_cannot_be_measured_is_said(coded, tmp_path, capsys):
    assert command_line.main(["evaluate-fixations", str(coded), "--group", "infant"]) == EXIT_WRONG_USE
    assert "0 recordings of the group 'infant'" in capsys.readouterr().err
    (coded / "samples" / "adult_1.txt").write_text("time\tx\ty\n0\tleft\t0\n", encoding="utf-8")
    assert command_line.main(["evaluate-fixations", str(coded)]) == EXIT_WRONG_USE
    assert "adult_1.txt: is not a table" in capsys.readouterr().err
    (coded / "fixations.csv").write_text("trial,coder\nadult_0,A\n", encoding="utf-8")
    assert command_line.main(["evaluate-fixations", str(coded)]) == EXIT_WRONG_USE
    assert "fixations.csv: is not a table of trial" in capsys.readouterr().err
    assert command_line.main(["evaluate-gaze-quality", str(tmp_path / "samples")]) == EXIT_WRONG_USE
    assert "holds no file" in capsys.readouterr().err


def test_the_quality_of_a_validation_is_measured_per_eye(tmp_path, capsys):
    lines = ["timestamp\tleft_x\tleft_y\tright_x\tright_y\ttarget_id\ttar_x\ttar_y"]
    for k in range(60):
        target, x = (1, -300.0) if k < 30 else (2, 300.0)
        right = "nan\tnan" if k == 40 else f"{x + 41.25}\t10.0"
        lines.append(f"{1000 + k * 25 / 3:.3f}\t{x}\t10.0\t{right}\t{target}\t{x}\t10.0")
    (tmp_path / "made_120Hz.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert command_line.main(["evaluate-gaze-quality", str(tmp_path), "--json"]) == EXIT_OK
    (found,) = json.loads(capsys.readouterr().out)
    assert found["frequency_hz"] == 120.0
    assert found["left"]["accuracy_dva"] == pytest.approx(0.0, abs=1e-9)
    assert found["left"]["rms_s2s_dva"] == 0.0
    assert 0.9 < found["right"]["accuracy_dva"] < 1.0  # 41.25 px are a degree in the middle, less beside it
    assert found["right"]["loss_share"] == pytest.approx((0 + 1 / 30) / 2)
    assert found["whole_right"]["effective_hz"] == pytest.approx(118.0, abs=0.01)
    assert command_line.main(["evaluate-gaze-quality", str(tmp_path)]) == EXIT_OK
    assert "made_120Hz.tsv" in capsys.readouterr().out
