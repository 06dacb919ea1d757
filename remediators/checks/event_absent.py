"""No new event 4006 with the phrase of KB 919091, watched for a while on the host that sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field

from remediators.checks.watching import minutes, readable
from remediators.model import Judgement, Query, Sample, Snapshot
from remediators.resources import events


class EventAbsentOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    minutes: float = Field(
        default=20, gt=0, le=240, description="How long to watch; retries are 10 to 15 minutes apart."
    )
    every: float = Field(default=60, gt=0, le=3600, description="Seconds from one look at the log to the next.")
    most: int = Field(default=50, ge=1, le=1000, description="How many of the newest events each look reads.")


class EventAbsent:
    """
    The host that sends logs no new event 4006 with the semaphore text for some minutes.

    Kick the queue first (`queue_kick`), or watch for longer than Exchange waits before it tries again.

    ```yaml
    verify:
      event_absent: {minutes: 20}
    ```
    """

    name = "event_absent"
    Options = EventAbsentOptions

    def queries(self, options: EventAbsentOptions, known: Snapshot) -> Iterable[Query]:
        return [events.query(None, most=options.most)]

    def pace(self, options: EventAbsentOptions) -> tuple[float, float]:
        return options.every, options.minutes * 60

    def judge(self, options: EventAbsentOptions, samples: Sequence[Sample]) -> Judgement:
        """New is what the first look did not have, by the host's own times and texts: no clock of ours is compared."""
        looks, unread = readable(samples, events.found)
        if not looks:
            return Judgement(settled=False, wrong=f"the event log was not read: {unread}")
        fresh = new_events(looks[0][1], looks[-1][1])
        if fresh:
            return Judgement(settled=True, wrong=_told(fresh))
        if unread:
            return Judgement(settled=False, wrong=f"the event log could not be read any more: {unread}")
        watched = looks[-1][0] - looks[0][0]
        if looks[0][0] != samples[0].seconds and watched < options.minutes * 60:
            return Judgement(settled=False, wrong=f"it could be watched for {minutes(watched / 60)} only")
        return Judgement(settled=False)


def new_events(first: events.Found, now: events.Found) -> list[events.Event]:
    """Events with the phrase that are there now and were not at first; two of the same second and text count as two."""
    left = Counter((event.when, event.text) for event in first.semaphore)
    fresh = []
    for event in reversed(now.semaphore):
        if left[event.when, event.text]:
            left[event.when, event.text] -= 1
        else:
            fresh.append(event)
    return fresh


def _told(fresh: Sequence[events.Event]) -> str:
    newest = fresh[-1]
    remote = " ".join(part for part in newest.remote if part)
    more = f" and {len(fresh) - 1} more" if len(fresh) > 1 else ""
    return f"a new event 4006 at {newest.at or newest.when}{more}{f', remote host {remote}' if remote else ''}"
