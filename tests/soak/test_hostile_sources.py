"""Hundreds of hostile changes to the files of every data set: a sound training set, or a sentence; never a crash."""

from __future__ import annotations

import pytest
from hostile_sources import FORMS, sound_sets

from gaze2report.imaging.intake import Intake


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "make"), FORMS)
def test_no_hostile_source_crashes_a_conversion(kind, make, tmp_path):
    with Intake() as intake:
        assert sound_sets(kind, make, tmp_path, intake, n_mutations=600)
