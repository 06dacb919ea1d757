"""What an SMTP virtual server of IIS 6 says first (KB 281224, cause 4 of KB 919091)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, StrictInt, model_validator

from remediators.catalog import backups
from remediators.model import ABSENT, Address, Change, Query, Refused, Remediator, Snapshot, Value
from remediators.resources import metabase

PROPERTY = "ConnectResponse"
USUAL = 1
NODE = "SmtpSvc"
# A reply is at most 512 octets with its line end (RFC 5321, 4.5.3.1.5), a name at most 255 (4.5.3.1.2).
LONGEST = 512 - len("220 ") - 255 - len(" ") - len("\r\n")


class SmtpBannerOptions(backups.Backed):
    virtual_server: StrictInt | Literal["all"] = Field(
        default=1, description="Number of the virtual server, or all of them."
    )
    text: str | None = Field(
        default=None, description="What the server says after 220 and its name: one line of printable ASCII."
    )
    state: Literal["default"] | None = Field(default=None, description="default brings Windows' own text back.")

    @model_validator(mode="after")
    def _one_of_both(self) -> SmtpBannerOptions:
        if (self.text is None) == (self.state is None):
            raise ValueError("say text, or state: default")
        if self.text is not None:
            _check(self.text)
        return self


def _check(text: str) -> None:
    if not text or not text.isascii() or not text.isprintable() or text != text.strip():
        raise ValueError("text must be one line of printable ASCII, without blanks around it")
    if text.startswith("220"):
        raise ValueError("text must not begin with 220: the server says that itself")
    if len(text) > LONGEST:
        raise ValueError(f"text must have at most {LONGEST} characters: a greeting with its name has room for 512")
    if '"' in text or text.startswith("//") or text.lower().startswith("-s:"):
        raise ValueError("text must not contain a quotation mark, nor begin with // or -s: (cscript cannot pass it)")


class SmtpBanner(Remediator):
    """
    The SMTP virtual servers greet with your text instead of Windows' own.

    ```yaml
    - name: SMTP banner
      smtp_banner: {virtual_server: all, text: Contoso ESMTP mail service}
      notify: Restart SMTP
    ```
    """

    name = "smtp_banner"
    platform = "windows"
    Options = SmtpBannerOptions

    def queries(self, options: SmtpBannerOptions, known: Snapshot) -> Iterable[Query]:
        if options.virtual_server == "all":
            # Nearly every host has the one server that setup made: asked along, it saves those a second trip.
            usual = metabase.property_address(f"{NODE}/{USUAL}", PROPERTY)
            yield from metabase.read([metabase.children_address(NODE), usual])
        yield from metabase.read(_addresses(options, known))
        yield from backups.ask(options, _wanted(options, known), known)

    def desired(self, options: SmtpBannerOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        if options.virtual_server == "all" and not virtual_servers(snapshot[metabase.children_address(NODE)]):
            raise Refused("this host has no SMTP virtual server")
        return backups.wanted(options, _wanted(options, snapshot), snapshot)

    def details(self, options: SmtpBannerOptions, snapshot: Snapshot) -> Mapping[Address, Mapping[str, Any]]:
        return backups.details(options, _wanted(options, snapshot), snapshot)

    def notes(self, options: SmtpBannerOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        if changes:
            yield "a new greeting is heard once SMTPSVC has been restarted"


def _wanted(options: SmtpBannerOptions, known: Snapshot) -> dict[Address, Value]:
    return dict.fromkeys(_addresses(options, known), ABSENT if options.text is None else options.text)


def virtual_servers(children: Value) -> list[int]:
    """The numbers of the virtual servers among the nodes below SmtpSvc, which has others as well (Info)."""
    return [int(child) for child in children or () if re.fullmatch(r"\d+", child)]


def _addresses(options: SmtpBannerOptions, known: Snapshot) -> list[Address]:
    children = metabase.children_address(NODE)
    if options.virtual_server != "all":
        return [metabase.property_address(f"{NODE}/{options.virtual_server}", PROPERTY)]
    numbers = virtual_servers(known[children]) if known.readable(children) else []
    return [metabase.property_address(f"{NODE}/{number}", PROPERTY) for number in numbers]
