"""A training of the tiny model as a program of its own, so that tests can kill it or start it several times at once.

``python tests/train_tiny.py SET WORK BATCH_SIZE [KILL_AT_STEP]``
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import tiny_model
import torch

from gaze2report.data.dataset import StudyDataset
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.transforms import Preprocessing
from gaze2report.training.objective import LoopSettings
from gaze2report.training.report_losses import ReportLosses
from gaze2report.training.report_recipe import CalibrationSettings
from gaze2report.training.report_training import TrainingResult, train

LOSSES = ReportLosses(encoder_lr=1e-3, lora_lr=1e-2, no_gaze_share=0.3, head_share=0.5, max_report_tokens=32)
LOOP = LoopSettings(steps=8, batch_size=4, evaluate_every=3, checkpoint_every=2, seed=3)
NO_DRAFTS = CalibrationSettings(min_films=1, n_drafts=0)


def datasets(folder: Path, max_views: int = 1) -> tuple[StudyDataset, StudyDataset]:
    """Training and validation studies, as input of the tiny model."""
    opened, size = TrainingSet.open(folder), Preprocessing(side_px=tiny_model.SIDE_PX)
    return (
        StudyDataset(opened, "train", size, max_views=max_views),
        StudyDataset(opened, "val", size, max_views=max_views),
    )


def train_tiny(
    folder: Path, work: Path, batch_size: int = 4, kill_at: int = 0, *, accumulation: int = 1, workers: int = 0
) -> TrainingResult:
    """Train the tiny model with recorded gaze; kill this very process after a step if asked to."""

    def on_progress(done: int, *_: object) -> None:
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    train_set, val_set = datasets(folder)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # how sums are divided over threads decides their last digit
    try:
        return train(
            tiny_model.tiny_model(),
            tiny_model.TINY,
            train_set,
            val_set,
            work=work,
            losses=LOSSES,
            settings=replace(LOOP, batch_size=batch_size, accumulation=accumulation, workers=workers),
            calibration=NO_DRAFTS,
            gaze="recorded",
            on_progress=on_progress,
        )
    finally:
        torch.set_num_threads(threads)
        train_set.close()
        val_set.close()


if __name__ == "__main__":
    train_tiny(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), *(int(step) for step in sys.argv[4:]))
