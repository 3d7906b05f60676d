"""Samples as the agent keeps them; the layout is defined where those who read recordings find it too."""

from __future__ import annotations

from gaze2report.gaze.sample_layout import EYES, LAYOUT_SHA256, SAMPLE_DTYPE, SAMPLE_LAYOUT, Samples, empty_samples

__all__ = ["EYES", "LAYOUT_SHA256", "SAMPLE_DTYPE", "SAMPLE_LAYOUT", "Samples", "empty_samples"]
