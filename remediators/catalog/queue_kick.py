"""Cause-independent: after a fix Exchange waits 10 to 15 minutes before it tries again; this makes it try now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from remediators.model import Action, Address, Query, Refused, Remediator, Snapshot, Unread, Value
from remediators.resources import services, smtp_queue

_SERVICE = services.part("SMTPSVC", "state")


class QueueKickOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    handler_only: ClassVar[bool] = True

    link: str | None = Field(
        default=None,
        min_length=1,
        description="Only the queue of this name, as System Manager shows it; all if not given.",
    )

    @field_validator("link")
    @classmethod
    def _can_be_said(cls, link: str | None) -> str | None:
        if link is not None:
            smtp_queue.check_name(link)
        return link


class QueueKick(Remediator):
    """
    The SMTP queues are tried again at once, as System Manager's "Force connection" does; for handlers only.

    It changes no configuration, so there is nothing to put back. Never run on a real Exchange server: that WMI's
    method is called Kick is domain knowledge (90 % sure); let `queue_drains` tell whether mail moves.

    ```yaml
    - name: Try the queues again
      queue_kick: {}
    ```
    """

    name = "queue_kick"
    platform = "windows"
    Options = QueueKickOptions

    def queries(self, options: QueueKickOptions, known: Snapshot) -> Iterable[Query]:
        return [*services.read([_SERVICE], known), smtp_queue.query()]

    def desired(self, options: QueueKickOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        """No value is wanted; refused where the queues cannot be read, since then they cannot be kicked either."""
        try:
            queue = smtp_queue.queue(snapshot)
        except Unread as error:
            raise Refused(f"the queues cannot be kicked: {error.message}") from error
        if options.link is not None and not any(smtp_queue.is_named(link, options.link) for link in queue.links):
            raise Refused(f"there is no queue {options.link!r} on this host")
        return {}

    def actions(self, options: QueueKickOptions, snapshot: Snapshot) -> Iterable[Action]:
        detail: dict[str, Any] | None = {"link": options.link} if options.link is not None else None
        yield Action(smtp_queue.LINKS, "kicked", (smtp_queue.LINKS,), detail)
