"""Small made copies of all data sets, and hostile changes to their files."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from made_data_sets import (
    REFLACX_METADATA,
    egd_fixation,
    egd_master,
    make_egd,
    make_mimic,
    make_reading,
    make_reflacx,
    mimic_film,
    reflacx_row,
    write_csv,
)

from gaze2report.data.conversion import ConversionOptions, convert
from gaze2report.data.source_registry import open_source
from gaze2report.data.training_set_check import find_problems
from gaze2report.errors import Gaze2ReportError
from gaze2report.imaging.intake import Intake

HOSTILE = (
    "", "nan", "NaN", "inf", "-1", "0", "1e999", "9" * 400, "-0.0", "3.5", "null", "true", "[]", "{}", '"', ",", "\n",
    "\r\n", "\x00", "\ufeff", "../../etc/passwd", "/", "..", "C:\\x", "train", "test", "é" * 300, "\ud7ff",
    "<!DOCTYPE a [", "[" * 3000,
)  # fmt: skip
TOKEN = re.compile(r'[^\s,:{}\[\]"<>]+|[,:{}\[\]"<>]')
HOSTILE_VALUES = (
    None, True, False, 0, -1, 10**400, float("nan"), float("inf"), "", "nan", "3", "../../etc/passwd", "/etc/passwd",
    "a\x00b", "\ud800", "é" * 300,
    [], {}, [[]], [None], [{}], {"a": []}, "x" * 5000,
)  # fmt: skip


def made_reflacx(root: Path) -> None:
    make_reflacx(root, [reflacx_row(f"P300R00000{n}", n) for n in range(2)])


def made_egd(root: Path) -> None:
    fixations = [egd_fixation(n % 2, n, (0.5, 0.1 * n)) for n in range(1, 5)]
    make_egd(root, fixations, [egd_master(0), egd_master(1)])


def made_mimic_eye(root: Path) -> None:
    folder = root / "patient_10000001"
    write_csv(folder / "REFLACX" / "metadata.csv", REFLACX_METADATA, [reflacx_row("P300R000001")])
    make_reading(folder / "REFLACX" / "main_data" / "P300R000001")
    make_egd(folder / "EyeGaze", [egd_fixation(0, 1, (0.5, 0.5))], [egd_master(0)])


def made_gazesearch(root: Path) -> None:
    row = {
        "name": "a.jpg",
        "subject": 1,
        "task": "edema",
        "X": [26, 20],
        "Y": [35, 3],
        "T": [0.2, 0.3],
        "split": "train",
    }
    put(root / "scanpaths.json", [row, row | {"name": "b.jpg"}])


def made_siim(root: Path) -> None:
    row = {"image_id": "1.2", "x": [0.5, 0.2], "y": [0.3, 0.4], "t": [3, 1], "pneumothorax": True, "mask_rle": ["1 2"]}
    put(root / "gaze.json", [row, row | {"image_id": "1.3"}])


def made_osie(root: Path) -> None:
    viewer = {"x": [0.5, 0.2], "y": [0.3, 0.4], "t": [300, 120]}
    put(root / "fixations.json", [{"image": f"s/{n}.jpg", "w": 8, "h": 6, "subjects": [viewer, viewer]} for n in "ab"])


def made_iu(root: Path) -> None:
    folder = root / "ecgen-radiology"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"{number}.xml").write_text(
            f'<e><uId id="CXR{number}"/><AbstractText Label="FINDINGS">Clear.</AbstractText><MeSH><major>normal</major>'
            f'</MeSH><parentImage id="CXR{number}_IM-1"/></e>'
        )
    put(root / "r2gen_split.json", [{"study_id": "CXR1", "split": "test"}])


def made_r2gen(root: Path) -> None:
    item = {"id": "CXR1_IM-1", "report": "clear .", "image_path": ["CXR1_IM-1/0.png"], "split": "train"}
    put(root / "annotation.json", {"train": [item], "val": [], "test": [item | {"id": "CXR2_IM-1", "split": "test"}]})


def made_labelled(root: Path) -> None:
    root.mkdir(parents=True)
    (root / "index.csv").write_text(
        "image,patient_id,study_id,view,split,Edema,findings\na.png,1,1,PA,train,1,Clear.\n"
    )


def made_nih(root: Path) -> None:
    put(root / "index.json", [{"image": "1.png", "labels": ["Effusion"], "patient_id": 1, "view": "PA"}])


def put(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


SOURCES = {
    "reflacx": made_reflacx, "egd-cxr": made_egd, "mimic-eye": made_mimic_eye, "gazesearch": made_gazesearch,
    "siim-gaze": made_siim, "osie": made_osie, "iu-xray": made_iu,
    "mimic-cxr": lambda root: make_mimic(root, [mimic_film(0), mimic_film(1)]), "labelled-folder": made_labelled,
}  # fmt: skip
FORMS = [*SOURCES.items(), ("iu-xray", made_r2gen), ("mimic-cxr", made_r2gen), ("labelled-folder", made_nih)]


def places(content: Any) -> list[tuple[Any, Any]]:
    """Every container of a JSON value and every key or index in it."""
    inside = list(content.items() if isinstance(content, dict) else enumerate(content))
    return [(content, key) for key, _ in inside] + [
        place for _, value in inside if isinstance(value, dict | list) for place in places(value)
    ]


def mutate(path: Path, rng: random.Random) -> None:
    """Change one to three words of a text file, or values of a JSON file, into something hostile, or cut it short."""
    if path.suffix == ".json" and rng.random() < 0.8:
        content = json.loads(path.read_text())
        for _ in range(rng.randint(1, 2)):
            found = places(content)
            if not found:
                break
            container, key = rng.choice(found)
            container[key] = rng.choice(HOSTILE_VALUES)
            if rng.random() < 0.2:
                del container[key]
        path.write_text(json.dumps(content))
        return
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    for _ in range(rng.randint(1, 3)):
        tokens = list(TOKEN.finditer(text))
        if tokens:
            token = rng.choice(tokens)
            text = text[: token.start()] + rng.choice(HOSTILE) + text[token.end() :]
    if rng.random() < 0.1:
        text = text[: rng.randrange(len(text) + 1)]
    changed = text.encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(changed) if path.suffix == ".gz" else changed)


def is_text(path: Path) -> bool:
    """Whether a file of a source is one to change."""
    return path.is_file() and path.suffix in (".csv", ".gz", ".json", ".txt", ".xml")


def sound_sets(kind: str, make: Callable[[Path], object], folder: Path, intake: Intake, n_mutations: int) -> int:
    """Convert a source after each of many hostile changes; how often a set came of it, which is checked each time."""
    make(folder / "sound")
    texts = [path.relative_to(folder / "sound") for path in sorted((folder / "sound").rglob("*")) if is_text(path)]
    options = ConversionOptions(images="none")
    n_sound = 0
    for seed in range(n_mutations):
        rng = random.Random(f"{kind} {seed}")
        source, out = folder / f"source-{seed}", folder / f"set-{seed}"
        shutil.copytree(folder / "sound", source)
        n_changed = rng.randint(1, min(2, len(texts))) if seed else 0  # the first is converted as it is
        for name in rng.sample(texts, n_changed):
            mutate(source / name, rng)
        try:
            convert(open_source(kind, source, options), out, options, intake=intake)
        except Gaze2ReportError:
            continue
        assert list(find_problems(out)) == [], f"{kind}, change {seed}"
        n_sound += 1
    return n_sound
