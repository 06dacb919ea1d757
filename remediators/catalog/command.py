"""The escape hatch that still plans and still rolls back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field, StrictInt, field_validator, model_validator

from remediators.catalog.options import Options
from remediators.catalog.services import Leave, ask_cluster, leave, refuse_cluster
from remediators.model import ABSENT, Address, Change, Query, Refused, Remediator, Snapshot, Value
from remediators.resources import commands, services


class Outcome(Options):
    """What a probe is to find: its exit status, its output, or both."""

    rc: StrictInt | None = Field(default=None, description="The probe's exit status.")
    out: str | None = Field(default=None, description="The probe's output, without line ends after it.")

    @model_validator(mode="after")
    def _something(self) -> Outcome:
        if self.rc is None and self.out is None:
            raise ValueError("say rc, out or both")
        return self

    def value(self) -> dict[str, Any]:
        text = None if self.out is None else self.out.replace("\r\n", "\n").rstrip("\n")
        return {name: given for name, given in (("rc", self.rc), ("out", text)) if given is not None}


class CommandOptions(Leave):
    name: str | None = Field(
        default=None, min_length=1, description="A name for it in plans; the probe itself if none."
    )
    probe: str = Field(min_length=1, description="A command that changes nothing and tells how things are.")
    desired: Outcome = Field(description="What the probe is to find.")
    apply: str = Field(min_length=1, description="The command that leads there.")
    revert: str = Field(min_length=1, description="The command that leads back.")
    while_stopped: str | None = Field(
        default=None, min_length=1, description="A service that is stopped meanwhile, with the dependents that run."
    )

    @field_validator("probe", "apply", "revert")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if not text.strip() or "\n" in text.strip() or not text.strip().isprintable():
            raise ValueError("must be one line, without control characters")
        return text.strip()


class Command(Remediator):
    r"""
    What no other remediator knows: a probe tells how things are, apply leads there and revert leads back.

    ```yaml
    - name: Mail relay is in the hosts file
      command:
        probe: find "10.0.0.25 relay" %SystemRoot%\system32\drivers\etc\hosts
        desired: {rc: 0}
        apply: echo 10.0.0.25 relay>>%SystemRoot%\system32\drivers\etc\hosts
        revert: copy /y C:\keep\hosts %SystemRoot%\system32\drivers\etc\hosts
    ```
    """

    name = "command"
    platform = "windows"
    Options = CommandOptions

    def queries(self, options: CommandOptions, known: Snapshot) -> Iterable[Query]:
        yield from commands.read(_address(options), _detail(options), known)
        if options.while_stopped:
            yield from ask_cluster(options, known)

    def desired(self, options: CommandOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        address = _address(options)
        wanted = options.desired.value()
        if options.while_stopped and snapshot[address] != wanted:
            refuse_cluster(options, snapshot)
            if snapshot[services.part(options.while_stopped, "state")] is ABSENT:
                raise Refused(f"there is no service {options.while_stopped} on this host")
        return {address: wanted}

    def details(self, options: CommandOptions, snapshot: Snapshot) -> Mapping[Address, Mapping[str, Any]]:
        return {_address(options): _detail(options)}

    def notes(self, options: CommandOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        if changes:
            yield "what these commands do besides is not known to this tool and not put back by it"


def _address(options: CommandOptions) -> Address:
    return commands.address(options.name or options.probe)


def _detail(options: CommandOptions) -> dict[str, Any]:
    detail = {"probe": options.probe, "apply": options.apply, "revert": options.revert}
    detail |= {"while_stopped": options.while_stopped} if options.while_stopped else {}
    return {**detail, "desired": options.desired.value(), **leave(options)}
