"""Losses that a recipe may add to ``train-report``: a line here and a class that keeps `AddedLoss`. Off by default.

In a recipe::

    added:
      gaze_map: {weight: 0.5, lr: 1.0e-3}
      sentence_gaze: {weight: 0.2, lr: 1.0e-3, contrast_weight: 0.5}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gaze2report.data.dataset import StudyExample
from gaze2report.errors import Gaze2ReportError
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.training.gaze_losses import GazeMapLoss, SentenceGazeLoss
from gaze2report.training.report_objective import AddedLoss


def _gaze_map(model: Gaze2Report, settings: Mapping[str, Any]) -> AddedLoss:
    return GazeMapLoss(model.encoder.width, model.encoder.grid_side, **settings)


def _sentence_gaze(model: Gaze2Report, settings: Mapping[str, Any]) -> AddedLoss:
    return SentenceGazeLoss(model.encoder.width, model.generator.width, model.encoder.grid_side, **settings)


MAKERS: dict[str, Callable[[Gaze2Report, Mapping[str, Any]], AddedLoss]] = {
    GazeMapLoss.name: _gaze_map,
    SentenceGazeLoss.name: _sentence_gaze,
}
_NEEDED: dict[str, tuple[str, Callable[[StudyExample], bool]]] = {
    GazeMapLoss.name: ("recorded gaze", lambda study: any(film.recorded for film in study.films)),
    SentenceGazeLoss.name: (
        "dictated sentences with gaze on the same clock",
        lambda study: any(film.sentences for film in study.films),
    ),
}


def make_added_losses(
    added: Mapping[str, Mapping[str, Any]], model: Gaze2Report, studies: Sequence[StudyExample], encoder_lr: float
) -> list[AddedLoss]:
    """Build the losses that a recipe adds.

    Parameters
    ----------
    added : mapping
        Name to settings.
    studies : sequence of StudyExample
        What is trained on, to tell beforehand when it holds nothing for a loss.

    Raises
    ------
    Gaze2ReportError
        If a loss or setting is not known, could change nothing because the encoder is not trained, or finds nothing in
        the set.
    """
    made = []
    for name, settings in added.items():
        if name not in MAKERS:
            raise Gaze2ReportError(f"there is no loss {name!r} to add; there are {', '.join(MAKERS)}")
        if not encoder_lr:
            raise Gaze2ReportError(f"the loss {name!r} teaches the encoder, which is not trained: encoder_lr is 0")
        what, is_there = _NEEDED[name]
        if not any(is_there(study) for study in studies):
            raise Gaze2ReportError(f"the loss {name!r} needs {what}, and no study of the training split has any")
        try:
            made.append(MAKERS[name](model, {"weight": 1.0, "lr": 1e-3, **settings}))
        except TypeError as error:
            raise Gaze2ReportError(f"the settings of the added loss {name!r}: {error}") from error
    return made
