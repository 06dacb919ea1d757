"""Work on hosts side by side in threads: all the client libraries are synchronous, and a host costs little CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def side_by_side(
    jobs: Iterable[Job], work: Callable[[Job], Result], forks: int, stop: threading.Event
) -> Iterator[tuple[Job, Result]]:
    """
    Call ``work`` for every job, at most ``forks`` at once, and give each result as it comes.

    Jobs are taken one by one, so that memory grows with the hosts in flight and not with the fleet. Once ``stop`` is
    set no new job is begun. An error of ``work`` sets ``stop``, so that the jobs in flight come to an end early, and is
    raised here once they have.
    """
    waiting = iter(jobs)
    with ThreadPoolExecutor(max_workers=max(1, forks), thread_name_prefix="host") as pool:
        flying: dict[Future[Result], Job] = {}
        for job in islice(waiting, max(1, forks)):
            flying[pool.submit(work, job)] = job
        while flying:
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                job = flying.pop(future)
                yield job, _result(future, stop)
                if not stop.is_set():
                    for following in islice(waiting, 1):
                        flying[pool.submit(work, following)] = following


def _result(future: Future[Result], stop: threading.Event) -> Result:
    try:
        return future.result()
    except BaseException:
        stop.set()
        raise
