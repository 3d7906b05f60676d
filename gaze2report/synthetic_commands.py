"""The commands about made data: ``make-synthetic`` and ``fit-reader-statistics``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from gaze2report.errors import EXIT_OK, StorageFailed
from gaze2report.training_set_commands import Progress, manifest_as_text


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    make = commands.add_parser(
        "make-synthetic", help="make a training set of drawn radiographs with reports, boxes and simulated gaze"
    )
    make.add_argument("out", type=Path, metavar="OUT", help="folder to write; must not exist")
    make.add_argument("--n", type=int, default=200, metavar="FILMS", help="number of films; default 200")
    make.add_argument("--seed", type=int, default=0)
    make.add_argument(
        "--gaze-share", type=float, default=0.5, help="share of readers whose gaze tells what is reported"
    )
    make.add_argument("--size", type=int, default=224, metavar="PX", help="films are PX x PX; default 224")
    make.add_argument("--normal-share", type=float, default=0.3, help="share of films without a finding")
    make.add_argument(
        "--look-alike-share", type=float, default=0.4, help="share of abnormal films with two densities, one reported"
    )
    make.add_argument(
        "--conspicuity", type=float, nargs=2, default=(0.1, 1.0), metavar=("LOW", "HIGH"), help="0 faint, 1 obvious"
    )
    make.add_argument("--dwell-share", type=float, help="share of fixations on the finding; default: as fitted")
    make.add_argument("--own-sentences", action="store_true", help="do not use the Open-i reports, even if installed")
    make.add_argument("--json", action="store_true", help="print the manifest as one JSON object")

    fit = commands.add_parser(
        "fit-reader-statistics", help="fit the statistics of simulated readers to radiologists' gaze"
    )
    fit.add_argument("gazesearch", type=Path, help="scanpaths.json of GazeSearch")
    fit.add_argument("siim_gaze", type=Path, help="gaze.json of the SIIM gaze set")
    fit.add_argument("--out", type=Path, help="file to write; default: print")


def make_synthetic(parsed: argparse.Namespace) -> int:
    """Make the set and print what it holds."""
    from gaze2report.data.synthetic.case import CaseOptions
    from gaze2report.data.synthetic.synthetic_set import make_synthetic_set
    from gaze2report.data.training_set import manifest_to_json

    options = CaseOptions(
        side_px=parsed.size,
        gaze_share=parsed.gaze_share,
        normal_share=parsed.normal_share,
        look_alike_share=parsed.look_alike_share,
        conspicuity=tuple(parsed.conspicuity),
        dwell_share=parsed.dwell_share,
    )
    manifest = make_synthetic_set(
        parsed.out, parsed.n, parsed.seed, options, own_sentences=parsed.own_sentences, progress=Progress("films")
    )
    content = manifest_to_json(manifest)
    print(json.dumps(content, ensure_ascii=False) if parsed.json else manifest_as_text(content, parsed.out))
    return EXIT_OK


def fit_reader_statistics(parsed: argparse.Namespace) -> int:
    """Fit the statistics and print or write them."""
    from gaze2report.data.synthetic.reader_statistics import fit_statistics, statistics_to_json

    text = statistics_to_json(fit_statistics(parsed.gazesearch, parsed.siim_gaze))
    if parsed.out is None:
        print(text, end="")
        return EXIT_OK
    try:
        parsed.out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write {parsed.out}: {error.strerror}") from error
    return EXIT_OK


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "make-synthetic": make_synthetic,
    "fit-reader-statistics": fit_reader_statistics,
}
