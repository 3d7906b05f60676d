from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.ai_priority import URGENCY_ORDER, priority_of
from gaze2report.types import CHEXPERT_OBSERVATIONS

observations = st.dictionaries(st.sampled_from(CHEXPERT_OBSERVATIONS), st.one_of(st.none(), st.floats(0, 1)))


def test_every_ranked_finding_is_an_observation_of_the_model():
    names = [name for names in URGENCY_ORDER for name in names]
    assert set(names) <= set(CHEXPERT_OBSERVATIONS)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"Pneumothorax": 0.8, "Cardiomegaly": 0.99}, (7, "Pneumothorax", 0.8)),
        ({"Pneumothorax": 0.49, "Cardiomegaly": 0.5}, (2, "Cardiomegaly", 0.5)),
        ({"Consolidation": 0.6, "Pneumonia": 0.7}, (5, "Pneumonia", 0.7)),
        ({"Pneumothorax": 0.1}, (0, "", 0.0)),
        ({"Pneumothorax": None, "Edema": 0.1}, (0, "", 0.0)),
        ({"Pneumothorax": None}, None),
        ({"Support Devices": 1.0, "No Finding": 1.0}, None),
        ({}, None),
    ],
)
def test_the_most_urgent_likely_finding_ranks_a_film(given_, expected):
    assert priority_of(given_) == expected


@given(observations)
def test_a_null_observation_never_raises_the_rank(known):
    ranked = priority_of(known)
    for name in CHEXPERT_OBSERVATIONS:
        with_null = priority_of(known | {name: None})
        assert (with_null.rank if with_null else 0) <= (ranked.rank if ranked else 0)
