"""Teaching only: where a radiologist would look who was told which finding to look for.

GazeSearch and ChestSearch condition a scanpath on a finding that is known to be there. What is there is what a draft is
to find out, so this is no `ScanpathPredictor`, no config names it, and an import contract keeps it out of the drafting
path. Notation as in `gaze2report.models.scanpath`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaze2report.config import ScanpathConfig
from gaze2report.models.scanpath import FixationTargets, PredictedFixation
from gaze2report.models.scanpath_decoders import build_scanpath_predictor
from gaze2report.types import CHEXPERT_OBSERVATIONS


class FindingSearch(nn.Module):
    """A scanpath decoder over patch features to which the finding that is looked for was added.

    Parameters
    ----------
    config : ScanpathConfig
        The decoder below.
    feature_width, grid_side : int
        D and R.
    """

    def __init__(self, config: ScanpathConfig, feature_width: int, grid_side: int) -> None:
        super().__init__()
        self.decoder = build_scanpath_predictor(config, feature_width, grid_side)
        self.finding = nn.Embedding(len(CHEXPERT_OBSERVATIONS), feature_width)
        self.gain = nn.Embedding(len(CHEXPERT_OBSERVATIONS), feature_width)
        nn.init.zeros_(self.gain.weight)

    def loss(
        self,
        features: Tensor,
        findings: Sequence[str],
        targets: FixationTargets,
        target_map: Tensor,
        *,
        sigma_patches: float = 0.0,
    ) -> dict[str, Tensor]:
        """Losses of the decoder, of an image and the finding looked for a row; see `ScanpathPredictor.loss`."""
        looked_for = self._with_findings(features, findings)
        return self.decoder.loss(looked_for, targets, target_map, sigma_patches=sigma_patches)

    def search(self, features: Tensor, finding: str, *, seed: int | None = None) -> list[PredictedFixation]:
        """Show how one would look for a CheXpert-14 finding on features (1, N, D).

        Raises
        ------
        ValueError
            If there is no such finding.
        """
        with torch.inference_mode():
            return self.decoder.predict(self._with_findings(features, [finding]), seed=seed)

    def _with_findings(self, features: Tensor, findings: Sequence[str]) -> Tensor:
        unknown = sorted(set(findings) - set(CHEXPERT_OBSERVATIONS))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of the CheXpert observations")
        number = torch.tensor([CHEXPERT_OBSERVATIONS.index(name) for name in findings], device=features.device)
        return torch.as_tensor(features * (1 + self.gain(number)[:, None]) + self.finding(number)[:, None])
