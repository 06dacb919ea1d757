"""Work on hosts side by side in threads: all the client libraries are synchronous, and a host costs little CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def _always(*_: Any) -> bool:
    return True


def side_by_side(
    jobs: Iterable[Job],
    work: Callable[[Job], Result],
    forks: int,
    stop: threading.Event,
    *,
    may: Callable[[Job, Collection[Job]], bool] = _always,
) -> Iterator[tuple[Job, Result]]:
    """
    Call ``work`` for every job, at most ``forks`` at once, and give each result as it comes.

    ``may`` says whether a job may be begun beside those in flight; one that may not waits until one of them ends, and
    the others go on. Where nothing is in flight the next job is begun whatever it says, so nobody waits for ever.

    Jobs are taken one by one, so that memory grows with the hosts in flight and not with the fleet. Once ``stop`` is
    set no new job is begun. An error of ``work`` sets ``stop``, so that the jobs in flight come to an end early, and is
    raised here once they have.
    """
    waiting = _Waiting(iter(jobs), may)
    with ThreadPoolExecutor(max_workers=max(1, forks), thread_name_prefix="host") as pool:
        flying: dict[Future[Result], Job] = {}

        def begin() -> None:
            while len(flying) < max(1, forks) and (found := waiting.beside(flying.values())):
                flying[pool.submit(work, found[0])] = found[0]

        begin()
        while flying:
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                job = flying.pop(future)
                yield job, _result(future, stop)
                if not stop.is_set():
                    begin()


class _Waiting(Generic[Job]):
    """Jobs that are not begun yet: those that had to wait first, then the others in their order."""

    def __init__(self, jobs: Iterator[Job], may: Callable[[Job, Collection[Job]], bool]) -> None:
        self._jobs, self._may = jobs, may
        self._held: list[Job] = []

    def beside(self, flying: Collection[Job]) -> tuple[Job] | None:
        """The next job that may be begun beside these, taken out; ``None`` where there is none."""
        for number, job in enumerate(self._held):
            if not flying or self._may(job, flying):
                return (self._held.pop(number),)
        for job in self._jobs:
            if not flying or self._may(job, flying):
                return (job,)
            self._held.append(job)
        return None


def _result(future: Future[Result], stop: threading.Event) -> Result:
    try:
        return future.result()
    except BaseException:
        stop.set()
        raise
