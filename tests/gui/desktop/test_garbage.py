from __future__ import annotations

import gc
import weakref

import pytest
from PySide6.QtCore import QObject

from desktop.garbage import GarbageWhenIdle


class Node:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def garbage(qapp: object):
    before = gc.get_threshold()
    made = GarbageWhenIdle(idle_s=0.2)
    made.start()
    yield made
    made.stop()
    assert gc.get_threshold() == before


def full_collections() -> int:
    return gc.get_stats()[2]["collections"]


def test_many_objects_are_made_without_a_full_collection(garbage: QObject) -> None:
    before = full_collections()
    kept = [[number] for number in range(400_000)]
    assert len(kept) == 400_000
    assert full_collections() == before


def test_old_garbage_is_collected_once_nobody_touches_anything(garbage: QObject, qtbot) -> None:
    node = Node()
    gc.collect(1)
    gone = weakref.ref(node)
    del node
    qtbot.waitUntil(lambda: gone() is None, timeout=10_000)
