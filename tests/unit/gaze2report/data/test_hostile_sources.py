"""Whatever stands in a source's files: a sound training set, or a sentence; never a crash."""

from __future__ import annotations

import pytest
from hostile_sources import FORMS, sound_sets

from gaze2report.data.conversion import ConversionOptions, convert
from gaze2report.data.source_registry import KINDS, open_source
from gaze2report.errors import Gaze2ReportError


def test_every_kind_of_source_is_tried():
    assert {kind for kind, _ in FORMS} == set(KINDS)


@pytest.mark.parametrize(("kind", "make"), FORMS)
def test_a_hostile_source_gives_a_sound_set_or_a_sentence(kind, make, tmp_path, intake):
    assert sound_sets(kind, make, tmp_path, intake, n_mutations=8)  # tests/soak makes hundreds


def test_a_source_that_is_a_file_or_not_there_is_told_in_a_sentence(tmp_path, intake):
    (tmp_path / "file").write_text("no folder")
    options = ConversionOptions()
    for kind in KINDS:
        for path in (tmp_path / "file", tmp_path / "nowhere"):
            with pytest.raises(Gaze2ReportError, match=r"no such folder|is no folder"):
                convert(open_source(kind, path, options), tmp_path / "out", options, intake=intake)
