"""Gaze that is seen but not kept: before a recording, beside one, and never on the disk."""

from __future__ import annotations

import base64
import time

import numpy as np
import pytest
from captured import CONSENT

from capture.clocks import HostClock
from capture.samples import SAMPLE_DTYPE, SAMPLE_LAYOUT
from capture.session import Refused, Session
from capture.simulated import SimulatedBackend
from capture.watch import KEPT_US, RecentSamples


@pytest.fixture
def session(tmp_path):
    made = Session({"simulated": SimulatedBackend()}, tmp_path, HostClock(), lambda *_: None)
    made.connect("simulated", "SIM-1200")
    yield made
    made.close("the test is over")


def seen(session, since_us=0):
    answer = session.recent(since_us)
    assert answer["layout"] == SAMPLE_LAYOUT
    return np.frombuffer(base64.b64decode(answer["data"]), SAMPLE_DTYPE)


def wait_for(is_so):
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_watched_tracker_is_seen_and_nothing_is_written(session, tmp_path):
    assert len(seen(session)) == 0
    session.watch(True)
    session.watch(True)
    wait_for(lambda: len(seen(session)) > 200)
    newest = int(seen(session)["system_us"][-1])
    assert (seen(session, newest)["system_us"] >= newest).all()
    assert session.newest_gaze() is not None
    assert list(tmp_path.glob("*.gaze*")) == []
    session.watch(False)
    assert len(seen(session)) == 0


def test_a_recording_takes_over_from_the_watch_and_is_seen_too(session):
    session.watch(True)
    session.start("rec-1", CONSENT.to_body(), 600.0)
    wait_for(lambda: len(seen(session)) > 100)
    session.watch(True)
    assert session.stop()["counts"]["missing"] == 0
    assert len(seen(session)) == 0


def test_watching_needs_a_tracker(tmp_path):
    with pytest.raises(Refused, match="No tracker"):
        Session({}, tmp_path, HostClock(), lambda *_: None).watch(True)


def test_only_the_newest_seconds_are_kept():
    recent = RecentSamples()
    for second in range(20):
        block = np.zeros(10, SAMPLE_DTYPE)
        block["system_us"] = second * 1_000_000 + np.arange(10)
        recent.add(block)
    kept = recent.since(0)["system_us"]
    assert kept[0] >= 19_000_000 - KEPT_US - 10
    assert kept[-1] == 19_000_009


def test_a_recording_after_a_watch_begins_with_its_own_samples(session, tmp_path):
    session.watch(True)
    wait_for(lambda: len(seen(session)) > 20)
    session.watch(False)
    time.sleep(0.3)
    started_us = session.start("rec-1", CONSENT.to_body(), 600.0)["started_us"]
    wait_for(lambda: len(seen(session)) > 60)
    assert int(seen(session)["system_us"][0]) >= started_us - 50_000
    assert session.stop()["counts"]["missing"] == 0
