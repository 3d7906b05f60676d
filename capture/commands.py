"""The commands of ``python -m capture`` that need numpy: agent, list, record, recover, verify, export."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from capture import recording
from capture.agent import Agent
from capture.backends import NAMES, find_all, make_backends
from capture.clocks import Clock, HostClock, VirtualClock
from capture.consent import Consent, NoConsent
from capture.endpoint import FolderInUse, SpoolLock
from capture.recorder import Recorder
from capture.spool import SpoolError, SpoolWriter, Start
from capture.spool_schema import SUFFIX
from capture.tracker import Tracker, TrackerError

EXIT_OK, EXIT_WRONG_USE, EXIT_REFUSED = 0, 2, 3
_VIRTUAL_STEP_S = 1.0


def add_commands(verbs: Any) -> None:
    """Add the commands to the command line's verbs."""
    agent = verbs.add_parser("agent", help="run the capture agent for a spool folder")
    agent.add_argument("--spool", type=Path, required=True, help="folder of the recordings")
    agent.add_argument("--backends", default=",".join(NAMES))
    agent.add_argument("--orphan-limit-s", type=float, default=900.0, help="a recording without client ends after this")
    agent.add_argument("--idle-limit-s", type=float, default=300.0, help="an agent without any work ends after this")
    agent.set_defaults(run=_agent)
    listing = verbs.add_parser("list", help="list the trackers that can be reached")
    listing.add_argument("--spool", type=Path, default=Path("."), help="folder whose recordings can be replayed")
    listing.add_argument("--backends", default=",".join(NAMES))
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)
    record = verbs.add_parser("record", help="record without a window, for checks and demonstrations")
    record.add_argument("--spool", type=Path, required=True)
    record.add_argument("--backend", choices=NAMES, required=True)
    record.add_argument("--serial", default="", help="serial number; the first found otherwise")
    record.add_argument("--frequency-hz", type=float, default=0.0, help="as set in the tracker otherwise")
    record.add_argument("--seconds", type=float, required=True)
    record.add_argument("--virtual", action="store_true", help="a simulated tracker on a clock that runs ahead")
    record.add_argument("--consent", type=Path, help="JSON file with the reader's consent; nothing is recorded without")
    record.add_argument("--json", action="store_true")
    record.set_defaults(run=_record)
    recover = verbs.add_parser("recover", help="close recordings that were cut off, and say what each lost")
    recover.add_argument("spool", type=Path, help="folder of the recordings; no agent may be running for it")
    recover.set_defaults(run=_recover)
    verify = verbs.add_parser("verify", help="check recordings byte by byte")
    verify.add_argument("path", type=Path, help="a recording, or a folder of them")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(run=_verify)
    export = verbs.add_parser("export", help="export recordings; needs the workstation's Python")
    export.add_argument("paths", nargs="+", type=Path, metavar="RECORDING")
    export.add_argument("--format", choices=("bids", "reflacx", "parquet"), required=True)
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    export.set_defaults(run=_export)


def run(wanted: argparse.Namespace) -> int:
    """Run a command; its known failures are one sentence on stderr and status 2 or 3."""
    command: Callable[[argparse.Namespace], int] = wanted.run
    try:
        return command(wanted)
    except (FolderInUse, NoConsent, SpoolError, TrackerError) as error:
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    except recording.NotARecording as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_USE


def _agent(wanted: argparse.Namespace) -> int:
    agent = Agent(wanted.spool, _names(wanted.backends), wanted.orphan_limit_s, wanted.idle_limit_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.end())
    agent.serve()
    return EXIT_OK


def _list(wanted: argparse.Namespace) -> int:
    backends, missing = make_backends(_names(wanted.backends), wanted.spool)
    found, failed = find_all(backends)
    if wanted.json:
        print(json.dumps({"trackers": [asdict(info) for info in found], "missing": {**missing, **failed}}))
        return EXIT_OK
    for info in found:
        rates = ", ".join(f"{f:g}" for f in info.frequencies_hz)
        print(f"{info.serial_number}  {info.model}  ({info.backend}; {info.source}; {rates} Hz)")
    for name, why in {**missing, **failed}.items():
        print(f"{name}: {why}")
    return EXIT_OK


def _record(wanted: argparse.Namespace) -> int:
    consent = _consent(wanted.consent)
    if wanted.virtual and wanted.backend != "simulated":
        raise TrackerError("bad_value", "Only the simulated tracker can be recorded on a virtual clock.")
    clock: Clock = VirtualClock(utc_us=time.time_ns() // 1000) if wanted.virtual else HostClock()
    consent.check_at(clock.utc_us())
    lock = SpoolLock(wanted.spool)
    try:
        _recover_all(wanted.spool)
        tracker = _open(wanted, clock)
        path = _record_from(tracker, wanted, consent, clock)
    finally:
        lock.release()
    checked = recording.verify(path)
    if wanted.json:
        print(json.dumps({"path": str(path), **recording.as_json(checked)}))
    else:
        counts = checked.counts
        print(f"{path}: {checked.n_samples} samples, {counts.missing} missing in {counts.gaps} gaps")
        print("\n".join(checked.faults) or "The recording is whole.")
    return EXIT_OK if checked.is_whole else EXIT_REFUSED


def _recover(wanted: argparse.Namespace) -> int:
    lock = SpoolLock(wanted.spool)
    try:
        n_recovered, n_unreadable = _recover_all(wanted.spool)
    finally:
        lock.release()
    print(f"{n_recovered} recovered, {n_unreadable} cannot be read")
    return EXIT_WRONG_USE if n_unreadable else EXIT_OK


def _recover_all(folder: Path) -> tuple[int, int]:
    recovered, unreadable = recording.recover_all(folder)
    for recovery in recovered:
        lost = "unknown" if recovery.lost_ms is None else f"{recovery.lost_ms:.0f} ms"
        print(f"{recovery.recording_id} was cut off and is recovered; lost: {lost}", file=sys.stderr)
    for why in unreadable.values():
        print(why, file=sys.stderr)
    return len(recovered), len(unreadable)


def _record_from(tracker: Tracker, wanted: argparse.Namespace, consent: Consent, clock: Clock) -> Path:
    area = None if tracker.info.source == "mouse" else tracker.display_area()
    tracker.start(wanted.frequency_hz or None)
    frequency_hz = tracker.frequency_hz()
    recording_id = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    start = Start(recording_id, consent, tracker.info, frequency_hz, area, {}, clock.now_us(), clock.utc_us())
    spool = SpoolWriter(wanted.spool, start)
    recorder = Recorder(tracker, spool, clock, frequency_hz)
    if isinstance(clock, VirtualClock):
        for _ in range(max(1, round(wanted.seconds / _VIRTUAL_STEP_S))):
            clock.advance(_VIRTUAL_STEP_S)
            recorder.step()
    else:
        end = threading.Event()
        timer = threading.Timer(wanted.seconds, end.set)
        timer.start()
        try:
            recorder.run(end)
        except KeyboardInterrupt:
            timer.cancel()  # ends the recording as the time limit does
    recorder.finish("the time asked for was over")
    tracker.close()
    if recorder.failure:
        raise SpoolError(recorder.failure)
    return spool.path


def _open(wanted: argparse.Namespace, clock: Clock) -> Tracker:
    backends, missing = make_backends((wanted.backend,), wanted.spool, clock)
    if missing:
        raise TrackerError("not_found", missing[wanted.backend])
    backend = backends[wanted.backend]
    serial = wanted.serial
    if not serial:
        found = backend.find()
        if not found:
            raise TrackerError("not_found", "No eye tracker was found; is it connected, and its runtime installed?")
        serial = found[0].serial_number
    return backend.open(serial)


def _verify(wanted: argparse.Namespace) -> int:
    paths = sorted(wanted.path.glob(f"*{SUFFIX}")) if wanted.path.is_dir() else [wanted.path]
    if not paths:
        raise recording.NotARecording(f"{wanted.path}: no recording is in this folder")
    is_whole = True
    for path in paths:
        checked, about = recording.verify(path), recording.describe(path)
        is_whole &= checked.is_whole
        if wanted.json:
            print(json.dumps({**recording.as_json(about), **recording.as_json(checked)}))
        else:
            print(f"{about.recording_id}: {about.state}, {about.source}, {checked.n_samples} samples, ", end="")
            print(f"{checked.counts.missing} missing; {'whole' if checked.is_whole else ' '.join(checked.faults)}")
    return EXIT_OK if is_whole else EXIT_REFUSED


def _export(wanted: argparse.Namespace) -> int:
    from capture.export_command import export, summary

    print(summary(export(wanted.paths, wanted.format, wanted.out)))
    return EXIT_OK


def _consent(path: Path | None) -> Consent:
    if path is None:
        raise NoConsent("Nothing is recorded without the reader's consent; give it with --consent FILE.")
    try:
        return Consent.from_body(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        if isinstance(error, NoConsent):
            raise
        raise NoConsent(f"The consent in {path} cannot be read: {error}") from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
