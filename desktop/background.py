"""Work that leaves the GUI thread: lanes of worker threads, results back on the GUI thread.

A lane is an executor: "db" has one thread, so database work never overlaps; "io" has four,
"capture" one, so that the capture agent is asked things in order. One bridge object on the
GUI thread delivers results, progress and errors; what a cancelled job, or a job of a deleted owner, has to say is
dropped.
"""

from __future__ import annotations

import inspect
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Literal

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from desktop.long_work import LongWork, WorkUnderWay

LaneName = Literal["db", "io", "capture"]
LANE_THREADS: dict[LaneName, int] = {"db": 1, "io": 4, "capture": 1}


class Cancelled(BaseException):
    """Raised by ``progress()`` inside cancelled work; not an Exception, so no handler on the way swallows it."""


class Job:
    """One piece of work under way."""

    def __init__(self, *, must_finish: bool) -> None:
        self.must_finish = must_finish
        self._cancelled = threading.Event()
        self._done = threading.Event()

    def cancel(self) -> None:
        """Drop the result; work that reports progress stops at its next report, work not yet begun never begins."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether its result is no longer wanted."""
        return self._cancelled.is_set()

    @property
    def is_done(self) -> bool:
        """Whether its work has ended (the result may not be delivered yet)."""
        return self._done.is_set()

    def mark_done(self) -> None:
        """Note the end of the work; called by the lane."""
        self._done.set()


class _Progress:
    """Coalesces progress: however often the work calls, the GUI thread gets the newest value once per turn."""

    def __init__(self, job: Job, deliver: Callable[[Callable[[], None]], None], handler: Callable[[int, int], None]):
        self._job, self._deliver, self._handler = job, deliver, handler
        self._lock = threading.Lock()
        self._latest: tuple[int, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._job.is_cancelled:
            raise Cancelled
        with self._lock:  # a value set between the GUI's read and its reset would otherwise be lost
            is_pending = self._latest is not None
            self._latest = (done, total)
        if not is_pending:
            self._deliver(self._show)

    def _show(self) -> None:
        with self._lock:
            latest, self._latest = self._latest, None
        if latest is not None and not self._job.is_cancelled:
            self._handler(*latest)


class Background(QObject):
    """The lanes. Make it on the GUI thread; ``run`` and ``close`` are for the GUI thread too.

    Parameters
    ----------
    report : callable
        Called on the GUI thread with an error that has no ``on_failure``.

    Attributes
    ----------
    report : callable
        The same, for others who have an error to tell of.
    work : WorkUnderWay
        What the reader sees of it, and can stop: jobs with a title, and what others begin there.
    """

    _posted = Signal()

    def __init__(self, report: Callable[[BaseException], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.report = report
        self.work = WorkUnderWay(self)
        self._inbox: deque[Callable[[], None]] = deque()
        self._jobs: set[Job] = set()
        self._lanes = {
            name: ThreadPoolExecutor(max_workers=threads, thread_name_prefix=f"lane-{name}")
            for name, threads in LANE_THREADS.items()
        }
        self._is_closed = False
        self._posted.connect(self._deliver_all, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        owner: QObject,
        work: Callable[..., Any],
        *args: Any,
        lane: LaneName = "io",
        on_success: Callable[[Any], None] | None = None,
        on_failure: Callable[[BaseException], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        must_finish: bool = False,
        title: str = "",
        on_stopped: Callable[[], None] | None = None,
    ) -> Job:
        """Do ``work(*args)`` in a lane; the callbacks are called on the GUI thread while ``owner`` lives.

        With a ``title`` ("Writing the PDF") the status bar shows the job when it takes long. The reader can stop it
        there if ``on_stopped`` is given, which is called then; what the job still says is dropped.

        Work with a parameter named ``progress`` is given one: ``progress(done, total)``, which raises
        :class:`Cancelled` after ``job.cancel()``. ``must_finish`` keeps a job alive through :meth:`close`.
        """
        job = Job(must_finish=must_finish)
        if self._is_closed:
            job.cancel()
            job.mark_done()
            return job
        shown = self._show(job, owner, title, on_stopped) if title else None
        named: dict[str, Any] = {}
        if "progress" in inspect.signature(work).parameters:
            named["progress"] = _Progress(job, self._post, _guarded(owner, on_progress, shown))
        self._jobs.add(job)
        self._lanes[lane].submit(self._work, job, owner, work, args, named, on_success, on_failure, shown)
        return job

    def _show(self, job: Job, owner: QObject, title: str, on_stopped: Callable[[], None] | None) -> LongWork:
        def stop() -> None:
            job.cancel()
            if on_stopped is not None and shiboken6.isValid(owner):
                on_stopped()

        return self.work.begin(title, None if on_stopped is None else stop)

    def close(self) -> None:
        """Cancel everything except what must finish, and wait for the lanes to end."""
        self._is_closed = True
        for job in list(self._jobs):
            if not job.must_finish:
                job.cancel()
        for executor in self._lanes.values():
            executor.shutdown(wait=True)

    def _work(
        self,
        job: Job,
        owner: QObject,
        work: Any,
        args: Any,
        named: Any,
        on_success: Any,
        on_failure: Any,
        shown: LongWork | None,
    ) -> None:
        try:
            if job.is_cancelled:
                return
            result = work(*args, **named)
        except Cancelled:
            return
        except BaseException as error:  # noqa: BLE001 - the border of the lane: every error reaches the user
            self._post(partial(self._fail, job, owner, on_failure, error))
        else:
            self._post(lambda: self._succeed(job, owner, on_success, result))
        finally:
            job.mark_done()
            self._post(lambda: self._end(job, shown))

    def _end(self, job: Job, shown: LongWork | None) -> None:
        self._jobs.discard(job)
        if shown is not None:
            shown.end()

    def _post(self, call: Callable[[], None]) -> None:
        self._inbox.append(call)
        if shiboken6.isValid(self):
            self._posted.emit()

    def _deliver_all(self) -> None:
        while self._inbox:
            self._inbox.popleft()()

    def _succeed(self, job: Job, owner: QObject, on_success: Callable[[Any], None] | None, result: Any) -> None:
        if on_success is not None and not job.is_cancelled and shiboken6.isValid(owner):
            on_success(result)

    def _fail(self, job: Job, owner: QObject, on_failure: Callable[[BaseException], None] | None, error: Any) -> None:
        if job.is_cancelled or not shiboken6.isValid(owner):
            return
        if on_failure is not None:
            on_failure(error)
        else:
            self.report(error)


def _guarded(
    owner: QObject, handler: Callable[[int, int], None] | None, shown: LongWork | None
) -> Callable[[int, int], None]:
    def call(done: int, total: int) -> None:
        if shown is not None and not shown.is_over:
            shown.report(done, total)
        if handler is not None and shiboken6.isValid(owner):
            handler(done, total)

    return call
