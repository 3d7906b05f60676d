"""Which scanpath decoder a config names."""

from __future__ import annotations

from gaze2report.config import ScanpathConfig
from gaze2report.models.autoregressive_scanpath import AutoregressiveScanpath
from gaze2report.models.parallel_scanpath import ParallelScanpath
from gaze2report.models.scanpath import ScanpathPredictor


def build_scanpath_predictor(config: ScanpathConfig, feature_width: int, grid_side: int) -> ScanpathPredictor:
    """Build the decoder that a config names, with fresh weights.

    Parameters
    ----------
    config : ScanpathConfig
    feature_width, grid_side : int
        D and R of the encoder whose features it will see.
    """
    kind = ParallelScanpath if config.decoder == "parallel" else AutoregressiveScanpath
    return kind(
        feature_width,
        grid_side,
        config.width,
        config.depth,
        config.n_heads,
        config.max_fixations,
        has_duration_spread=config.duration_spread,
    )
