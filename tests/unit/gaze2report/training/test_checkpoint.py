from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gaze2report.errors import Gaze2ReportError
from gaze2report.training.checkpoint import CheckpointFolder, OtherRun, RunState, difference
from gaze2report.training.example_order import ExampleOrder, MicroBatches
from gaze2report.training.training_log import TrainingLog, read_curve


def trained(steps: int) -> tuple[torch.nn.Linear, torch.optim.Optimizer]:
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
    for step in range(steps):
        one_step(layer, optimizer, step)
    return layer, optimizer


def one_step(layer: torch.nn.Linear, optimizer: torch.optim.Optimizer, step: int) -> None:
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
    layer(inputs).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()


def test_a_loaded_checkpoint_goes_on_bit_for_bit(tmp_path: Path) -> None:
    layer, optimizer = trained(5)
    folder = CheckpointFolder(tmp_path, {"lr": 0.1})
    folder.save(RunState(step=5, best_step=4, best_loss=0.25, since_best=1), dict(layer.named_parameters()), optimizer)
    one_step(layer, optimizer, 5)

    resumed, other = trained(0)
    found = folder.load(other)
    assert found is not None
    state, weights = found
    resumed.load_state_dict(weights)
    one_step(resumed, other, state.step)
    assert vars(state) == {"step": 5, "best_step": 4, "best_loss": 0.25, "since_best": 1, "is_over": False}
    assert all(torch.equal(a, b) for a, b in zip(layer.parameters(), resumed.parameters(), strict=True))


def test_only_the_newest_two_are_kept_and_a_half_written_one_is_passed_by(tmp_path: Path) -> None:
    layer, optimizer = trained(1)
    folder = CheckpointFolder(tmp_path)
    for step in (1, 2, 3):
        folder.save(RunState(step=step), dict(layer.named_parameters()), optimizer)
    (tmp_path / ".step-00000004.aside").mkdir()
    assert sorted(path.name for path in tmp_path.glob("step-*")) == ["step-00000002", "step-00000003"]
    found = folder.load(optimizer)
    assert found is not None
    assert found[0].step == 3
    folder.clear()
    assert folder.load(optimizer) is None


def test_a_run_with_other_settings_is_not_continued(tmp_path: Path) -> None:
    layer, optimizer = trained(1)
    CheckpointFolder(tmp_path, {"lr": 0.1}).save(RunState(step=1), dict(layer.named_parameters()), optimizer)
    with pytest.raises(OtherRun, match=r"differs in lr: 0\.1 there, 0\.2 here"):
        CheckpointFolder(tmp_path, {"lr": 0.2}).load(optimizer)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    layer, optimizer = trained(1)
    folder = CheckpointFolder(tmp_path)
    path = folder.save(RunState(step=1), dict(layer.named_parameters()), optimizer)
    (path / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(Gaze2ReportError, match="step-00000001: the checkpoint cannot be read"):
        folder.load(optimizer)


def test_a_tuple_and_its_list_in_json_are_the_same_setting() -> None:
    assert difference({"targets": ["q", "v"]}, {"targets": ("q", "v")}) == ""


@pytest.mark.parametrize(("processes", "batch", "accumulation"), [(1, 6, 1), (1, 2, 3), (3, 2, 1), (2, 1, 3)])
def test_a_step_holds_the_same_examples_however_it_is_divided(processes: int, batch: int, accumulation: int) -> None:
    order = ExampleOrder(10, batch, accumulation, processes, seed=3)
    found = [
        sorted(
            index
            for part in range(accumulation)
            for process in range(processes)
            for index in order.micro_batch(step, part, process)
        )
        for step in range(4)
    ]
    whole = ExampleOrder(10, 6, seed=3)
    assert found == [sorted(whole.micro_batch(step, 0, 0)) for step in range(4)]


def test_every_example_comes_up_once_an_epoch_in_a_new_order() -> None:
    order = ExampleOrder(7, 7, seed=1)
    first, second = order.micro_batch(0, 0, 0), order.micro_batch(1, 0, 0)
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
    assert order.steps_of(3) == 3
    assert order.epoch_of(3) == 3.0


def test_micro_batches_begin_where_a_run_was_stopped() -> None:
    order = ExampleOrder(9, 2, 2, seed=5)
    whole, rest = list(MicroBatches(order, 0, 0, 6)), list(MicroBatches(order, 0, 4, 6))
    assert rest == whole[8:]
    assert len(MicroBatches(order, 0, 4, 6)) == len(rest) == 4


def test_rows_after_the_checkpoint_and_a_line_that_was_cut_are_taken_out(tmp_path: Path) -> None:
    with TrainingLog(tmp_path) as log:
        for step in range(1, 6):
            log.add(step, "train", {"loss": 1 / step})
    whole = (tmp_path / "curve.csv").read_bytes()
    (tmp_path / "curve.csv").write_bytes(whole + b"6,train,lo")
    with TrainingLog(tmp_path, from_step=3) as log:
        for step in (4, 5):
            log.add(step, "train", {"loss": 1 / step})
    assert (tmp_path / "curve.csv").read_bytes() == whole
    assert read_curve(tmp_path)[2] == (3, "train", "loss", 1 / 3)


def test_tensorboard_can_read_the_curves(tmp_path: Path) -> None:
    from tensorboardX.proto import event_pb2

    with TrainingLog(tmp_path) as log:
        assert log.has_tensorboard
        log.add(1, "val", {"loss": 0.5})
    (file,) = (tmp_path / "tensorboard").glob("events.out.tfevents.*")
    events = [event_pb2.Event.FromString(record) for record in records(file.read_bytes())]
    values = [(event.step, value.tag, value.simple_value) for event in events for value in event.summary.value]
    assert values == [(1, "val/loss", 0.5)]


def records(data: bytes) -> list[bytes]:
    """Records of a TFRecord file: length (8 bytes), its checksum (4), the record, its checksum (4)."""
    found = []
    while data:
        length = int.from_bytes(data[:8], "little")
        found.append(data[12 : 12 + length])
        data = data[16 + length :]
    return found
