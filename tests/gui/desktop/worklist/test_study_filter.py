from __future__ import annotations

import datetime as dt
import json

import pytest
from gui.desktop.worklist.test_worklist import entry
from hypothesis import given
from hypothesis import strategies as st

from db.records import STUDY_STATUSES
from desktop.worklist.columns import COLUMNS, searched_text
from desktop.worklist.study_filter import (
    ALL_STUDIES,
    BUILT_IN,
    StudyFilter,
    filters_from_json,
    filters_to_json,
)
from desktop.worklist.study_index import StudyIndex

TODAY = dt.date(2024, 3, 10)
filters = st.builds(
    StudyFilter,
    name=st.text(min_size=1).filter(str.strip),
    words=st.text(),
    statuses=st.sets(st.sampled_from(STUDY_STATUSES)).map(lambda some: tuple(s for s in STUDY_STATUSES if s in some)),
    days=st.integers(0, 4000),
    is_mine=st.booleans(),
    is_raised=st.booleans(),
)


@given(st.lists(filters).map(tuple))
def test_saved_filters_are_read_back_as_they_were(saved):
    assert filters_from_json(filters_to_json(saved)) == saved


@pytest.mark.parametrize(
    "text", ["", "nonsense", "{}", "[1, null, {}]", '[{"name": " "}]', '[{"name": "a", "days": []}]']
)
def test_what_is_no_saved_filter_is_left_out(text):
    assert filters_from_json(text) == ()


def test_a_filter_of_another_release_is_read_as_far_as_it_is_known():
    kept = json.dumps([{"name": "a", "statuses": ["unread", "gone"], "days": 10**9, "colour": "red"}])
    assert filters_from_json(kept) == (StudyFilter("a", statuses=("unread",), days=36_500),)


@pytest.mark.parametrize(
    ("wanted", "fields", "is_shown"),
    [
        (ALL_STUDIES, {}, True),
        (StudyFilter(words="NAME1 dx"), {}, True),
        (StudyFilter(words="name1 ct"), {}, False),
        (StudyFilter(words="in progress ada"), {"status": "in-progress", "locked_by": "Ada"}, True),
        (StudyFilter(words="pneumothorax"), {"ai_priority": 7, "ai_priority_reason": "Pneumothorax 0.9"}, True),
        (StudyFilter(statuses=("draft", "final")), {"status": "final"}, True),
        (StudyFilter(statuses=("draft",)), {}, False),
        (StudyFilter(days=1), {"study_date": "20240310"}, True),
        (StudyFilter(days=1), {"study_date": "20240309"}, False),
        (StudyFilter(days=7), {"study_date": "20240304"}, True),
        (StudyFilter(days=7), {"study_date": "20240303"}, False),
        (StudyFilter(days=7), {"study_date": ""}, False),
        (StudyFilter(is_mine=True), {"assigned_to": "Ada"}, True),
        (StudyFilter(is_mine=True), {"locked_by": "Ada"}, True),
        (StudyFilter(is_mine=True), {}, False),
        (StudyFilter(is_raised=True), {"ai_priority": 1}, True),
        (StudyFilter(is_raised=True), {"ai_priority": 0}, False),
        (StudyFilter(is_raised=True), {"ai_priority": None}, False),
    ],
)
def test_what_a_filter_lets_through(wanted, fields, is_shown):
    one = entry(1, **fields)
    assert wanted.predicate("Ada", TODAY)(one, searched_text(one)) is is_shown


def test_every_built_in_filter_has_a_name_of_its_own_and_shows_something_else():
    assert len({one.name for one in BUILT_IN}) == len(BUILT_IN)
    assert not any(a.is_same_but_name(b) for a in BUILT_IN for b in BUILT_IN if a is not b)


@given(
    st.lists(
        st.builds(
            lambda n, status, date, rank: entry(n, status=status, study_date=date, ai_priority=rank),
            st.integers(0, 99), st.sampled_from(STUDY_STATUSES), st.sampled_from(["", "20240101", "20240301"]),
            st.sampled_from([None, 0, 3]),
        ),
        unique_by=lambda e: e.study_uid,
    ),
    st.integers(0, len(COLUMNS) - 1),
    st.booleans(),
)  # fmt: skip
def test_the_index_sorts_as_python_does_and_takes_over_from_the_one_before(entries, column, is_descending):
    index = StudyIndex(entries)
    newest_first = sorted(entries, key=lambda e: (e.study_date, e.study_time), reverse=True)
    expected = sorted(newest_first, key=COLUMNS[column].key, reverse=is_descending)
    for one in (index, StudyIndex(entries, index)):
        assert one.shown(lambda *_: True, column, is_descending=is_descending) == expected
