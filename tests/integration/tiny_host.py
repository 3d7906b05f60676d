"""The real model host around the tiny model, as a process: ``python tiny_host.py [seconds per text piece]``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

import tiny_model  # noqa: E402 - found through the path above

from gaze2report.drafting import Drafter  # noqa: E402
from gaze2report.host import LoadedModel, serve_process  # noqa: E402


class SlowDrafter(Drafter):
    """Waits before each piece of text, as a big model on a small machine does."""

    delay_s = 0.0

    def draft(self, *arguments: Any, **options: Any):
        tell = options["on_event"]

        def tell_slowly(kind: str, body: dict[str, Any]) -> None:
            if kind == "text":
                time.sleep(self.delay_s)
            tell(kind, body)

        return super().draft(*arguments, **{**options, "on_event": tell_slowly})


def load(progress: Callable[[str, int, int], None]) -> LoadedModel:
    progress("loading the tiny model", 0, 1)
    manifest = tiny_model.tiny_manifest()
    drafter = SlowDrafter(tiny_model.tiny_model(), tiny_model.TINY, manifest)
    drafter.delay_s = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    print("a library that prints to standard output")
    return LoadedModel(drafter, {"adapter": manifest.name, "adapter_sha256": "", "base_model": "tiny", "device": "cpu"})


if __name__ == "__main__":
    serve_process(load)
