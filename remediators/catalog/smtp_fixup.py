"""Mail without inspection on PIX and ASA (cause 5 of KB 919091): Mailguard and ESMTP inspection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from remediators.catalog.ios_config import DeviceOptions
from remediators.model import ABSENT, Address, Change, Query, Refused, Remediator, Snapshot, Value
from remediators.resources import config_lines as config
from remediators.resources.config_addresses import lines
from remediators.resources.config_text import Path

FIXUP = re.compile(r"fixup protocol smtp(?: \d+(?:-\d+)?)?$")
INSPECT = re.compile(r"inspect esmtp(?: \S+)?$")


class SmtpFixupOptions(DeviceOptions):
    state: Literal["absent"] = Field(default="absent", description="Inspection of mail can only be taken out.")
    policy_map: str = Field(default="all", description="On ASA: the name of one policy map, or all of them.")


class SmtpFixup(Remediator):
    """
    PIX and ASA no longer inspect SMTP: no `fixup protocol smtp`, no `inspect esmtp` in any policy map.

    ```yaml
    - name: No inspection of mail
      smtp_fixup: {state: absent}
      cause: 5
    ```
    """

    name = "smtp_fixup"
    platform = "asa"
    Options = SmtpFixupOptions

    def queries(self, options: SmtpFixupOptions, known: Snapshot) -> Iterable[Query]:
        return [config.running()]

    def desired(self, options: SmtpFixupOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        if snapshot[config.PLATFORM] == "ios":
            raise Refused("this device speaks the language of IOS, which has no fixup: use ip_inspect")
        return {config.address(path[-1], path[:-1]): ABSENT for path in _found(options, snapshot)}

    def leave(self, options: SmtpFixupOptions) -> Mapping[str, Any]:
        return options.leave()

    def notes(self, options: SmtpFixupOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        maps = sorted(path[0].removeprefix("policy-map ") for path in lines(snapshot) if _is_map(path))
        if options.policy_map != "all" and options.policy_map not in maps:
            yield f"there is no policy map {options.policy_map} (there are: {', '.join(maps) or 'none'})"
        if changes:
            yield "connections that are open keep their inspection until they end"


def _is_map(path: Path) -> bool:
    return len(path) == 1 and path[0].startswith("policy-map ") and not path[0].startswith("policy-map type ")


def _found(options: SmtpFixupOptions, known: Snapshot) -> Iterator[Path]:
    for path in lines(known):
        if len(path) == 1 and FIXUP.match(path[0]):
            yield path
        elif len(path) == 3 and path[0].startswith("policy-map ") and path[1].startswith("class "):
            chosen = options.policy_map in ("all", path[0].removeprefix("policy-map "))
            if chosen and INSPECT.match(path[2]):
                yield path
