"""The host's SMTP queues get shorter, watched for a while through the host's own session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from remediators.checks.watching import minutes, readable
from remediators.model import Judgement, Query, Sample, Snapshot
from remediators.resources import services, smtp_queue

_SERVICE = services.part("SMTPSVC", "state")


class QueueDrainsOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at_most: Annotated[int, Field(ge=0, strict=True)] | None = Field(
        default=None, description="How many messages may be left; if not given, fewer than at first, or none, will do."
    )
    minutes: float = Field(default=20, gt=0, le=240, description="How long it may take.")
    every: float = Field(default=30, gt=0, le=3600, description="Seconds from one look at the queues to the next.")
    link: str | None = Field(
        default=None, description="Only the queue of this name; all to other servers if not given."
    )


class QueueDrains:
    """
    The SMTP queues to other servers get shorter, or have at most so many messages, within a time.

    ```yaml
    verify:
      queue_drains: {at_most: 5, minutes: 20}
    ```
    """

    name = "queue_drains"
    Options = QueueDrainsOptions

    def queries(self, options: QueueDrainsOptions, known: Snapshot) -> Iterable[Query]:
        return [*services.read([_SERVICE], known), smtp_queue.query()]

    def pace(self, options: QueueDrainsOptions) -> tuple[float, float]:
        return options.every, options.minutes * 60

    def judge(self, options: QueueDrainsOptions, samples: Sequence[Sample]) -> Judgement:
        looks, unread = readable(samples, lambda known: _length(options, known))
        if unread or not looks:
            return Judgement(settled=False, wrong=f"the queues were not read: {unread}")
        first, now = looks[0][1], looks[-1][1]
        if now is None:
            return Judgement(settled=False, wrong="SMTPSVC does not run, so nothing leaves its queues")
        if options.at_most is not None:
            wrong = f"{now} messages wait after {minutes(looks[-1][0] / 60)}, more than {options.at_most}"
            return Judgement(settled=now <= options.at_most, wrong="" if now <= options.at_most else wrong)
        done = now == 0 or (first is not None and now < first)
        return Judgement(settled=done, wrong="" if done else f"{now} messages wait, no fewer than the {first} at first")


def _length(options: QueueDrainsOptions, known: Snapshot) -> int | None:
    """How many messages wait; ``None`` where the service does not run. Raises `Unread`."""
    if known[_SERVICE] != "running":
        return None
    queue = smtp_queue.queue(known)
    if options.link is None:
        return queue.messages
    return sum(link.messages for link in queue.links if link.name.upper() == options.link.upper())
