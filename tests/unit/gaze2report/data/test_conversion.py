"""A conversion that is stopped goes on to the same bytes; what it meets on the disk is told in sentences."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from training_sets import bytes_of, make_film

from gaze2report.__main__ import main
from gaze2report.data.conversion import ConversionOptions, convert
from gaze2report.data.source_registry import KINDS, open_source
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.training_set_check import find_problems
from gaze2report.errors import Gaze2ReportError, StorageFailed

N = 12


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    rows = []
    for number in range(N):
        make_film(folder / "stimuli" / f"{number:03}.png", seed=number)
        viewer = {"x": [0.5, 0.1 + number / 100], "y": [0.5, 0.4], "t": [200, 0 if number == 3 else 150]}
        rows.append({"image": f"stimuli/{number:03}.png", "w": 800, "h": 600, "subjects": [viewer]})
    (folder / "stimuli" / "005.png").write_bytes(b"no picture")
    (folder / "stimuli" / "006.png").unlink()
    (folder / "fixations.json").write_text(json.dumps(rows))
    return folder


class Stopped(Exception):
    pass


def stop_after(n: int):
    def progress(done: int, total: int) -> None:
        if done >= n:
            raise Stopped

    return progress


def run(source, out, intake, progress=lambda done, total: None, **options):
    chosen = ConversionOptions(**options)
    return convert(open_source("osie", source, chosen), out, chosen, progress, intake)


def test_a_stopped_conversion_goes_on_to_the_same_bytes(source, tmp_path, intake):
    run(source, tmp_path / "whole", intake)
    for n in (1, 5, 9):
        with pytest.raises(Stopped):
            run(source, tmp_path / "parts", intake, stop_after(n))
        assert not (tmp_path / "parts").exists()
    journal = tmp_path / ".parts.converting" / "journal.jsonl"
    assert len(journal.read_text().splitlines()) == 1 + 9
    with journal.open("ab") as stream:
        stream.write(b'{"record": "009", "exam')  # as a kill in the middle of a line leaves it
    (tmp_path / ".parts.converting" / "set" / "images" / "00").mkdir(exist_ok=True)
    (tmp_path / ".parts.converting" / "set" / "images" / "00" / ".half.png.aside").write_bytes(b"half")
    seen = []
    run(source, tmp_path / "parts", intake, lambda done, total: seen.append((done, total)))
    assert seen == [(10, N), (11, N), (12, N)]
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts", "source", "whole"]
    assert list(find_problems(tmp_path / "parts")) == []


def test_a_kill_in_the_middle_leaves_what_the_next_run_ends(source, tmp_path, intake):
    run(source, tmp_path / "whole", intake)
    code = (
        "import sys, time; from pathlib import Path; from gaze2report.data.conversion import *\n"
        "from gaze2report.data.source_registry import KINDS, open_source\n"
        "o = ConversionOptions()\n"
        "def slow(done, total): print(done, flush=True); time.sleep(60 if done == 4 else 0)\n"
        "convert(open_source('osie', Path(sys.argv[1]), o), Path(sys.argv[2]), o, slow)\n"
    )
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip() != "4":
            assert process.poll() is None
        with pytest.raises(StorageFailed, match="another process is converting"):
            run(source, tmp_path / "killed", intake)
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.05)
    run(source, tmp_path / "killed", intake)
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")


def test_what_was_begun_for_something_else_is_not_gone_on_with(source, tmp_path, intake):
    with pytest.raises(Stopped):
        run(source, tmp_path / "set", intake, stop_after(2))
    with pytest.raises(StorageFailed, match="another source, other options or another release"):
        run(source, tmp_path / "set", intake, images="none")
    rows = json.loads((source / "fixations.json").read_text())
    (source / "fixations.json").write_text(json.dumps(rows[1:]))
    with pytest.raises(StorageFailed, match="delete it, or name another"):
        run(source, tmp_path / "set", intake)


def test_a_film_lost_meanwhile_is_noticed(source, tmp_path, intake):
    with pytest.raises(Stopped):
        run(source, tmp_path / "set", intake, stop_after(2))
    next((tmp_path / ".set.converting").rglob("*.png")).unlink()
    with pytest.raises(Gaze2ReportError, match="has lost the film"):
        run(source, tmp_path / "set", intake)


def test_a_picture_that_stands_under_two_names_in_two_splits_is_dropped_once(source, tmp_path, intake):
    films = {path: path.read_bytes() for path in sorted((source / "stimuli").glob("*.png"))}
    for path in films:
        path.write_bytes(films[source / "stimuli" / "000.png"])
    manifest = run(source, tmp_path / "set", intake)
    reasons = {row["reason"]: row["count"] for row in manifest.dropped}
    n_dropped = reasons["its very picture stands in another split under another name"]
    assert manifest.counts["total"]["examples"] == N - n_dropped
    assert 0 < n_dropped < N
    assert list(find_problems(tmp_path / "set")) == []


def test_films_are_linked_or_left_away_on_request(source, tmp_path, intake):
    run(source, tmp_path / "linked", intake, images="hardlink")
    linked = TrainingSet.open(tmp_path / "linked")
    example = next(linked.examples())
    assert linked.image_path(example.images[0]).samefile(source / "stimuli" / "000.png")
    run(source, tmp_path / "bare", intake, images="none")
    bare = TrainingSet.open(tmp_path / "bare")
    assert not (tmp_path / "bare" / "images").exists()
    assert bare.manifest.counts["total"]["images"] == N
    assert bare.manifest.counts["total"]["image_files"] == 0


def test_a_disk_that_refuses_is_told_and_a_set_that_exists_is_left_alone(source, tmp_path, intake):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="cannot write beside"):
        run(source, tmp_path / "file" / "set", intake)
    (tmp_path / "set").mkdir()
    with pytest.raises(StorageFailed, match="never changed"):
        run(source, tmp_path / "set", intake)


def test_the_commands_print_counts_losses_and_problems(source, tmp_path, capsys):
    out = tmp_path / "set"
    assert main(["convert", "osie", str(source), str(out)]) == 0
    printed = capsys.readouterr().out
    for words in ("12 examples, 12 images, 10 image files, 12 scanpaths, 23 fixations", "1 film: it cannot be read",
                  "1 film: it is not there", "1 fixation: it lies outside", "licence: MIT"):  # fmt: skip
        assert words in printed
    assert main(["check-training-set", str(out)]) == 0
    assert "no split leaks" in capsys.readouterr().out
    (out / "dropped.jsonl").write_text("")
    assert main(["check-training-set", str(out), "--json"]) == 3
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert problems == ["dropped.jsonl is not the file that was written: its hash does not match"]
    assert main(["convert", "osie", str(source), str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["check-training-set", str(source)]) == 2
    assert main(["convert", "atlas", str(source), str(tmp_path / "x")]) == 2
    printed = capsys.readouterr().err
    assert all(f"\n  {kind} " in printed for kind in KINDS)
