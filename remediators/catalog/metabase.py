"""Properties of the IIS metabase."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from remediators.catalog import backups
from remediators.catalog.options import Options
from remediators.model import ABSENT, Address, Query, Remediator, Snapshot, Value
from remediators.resources import metabase

_PART = re.compile(r"[^/\"\x00-\x1f]+")


class Typed(Options):
    """A property that is not a string."""

    type: Literal["STRING", "EXPANDSZ", "INTEGER", "BOOLEAN", "LIST"] = Field(description="Its type in the metabase.")
    data: StrictBool | StrictInt | str | tuple[str, ...] = Field(description="Its value, as the type wants it.")

    @model_validator(mode="after")
    def _fits(self) -> Typed:
        wanted: type[Any] = {"INTEGER": int, "BOOLEAN": bool, "LIST": tuple}.get(self.type, str)
        if type(self.data) is not wanted:
            words = {int: "a whole number", bool: "true or false", tuple: "a list of texts", str: "text"}
            raise ValueError(f"data of type {self.type} must be {words[wanted]}")
        return self

    def value(self) -> Value:
        data = list(self.data) if isinstance(self.data, tuple) else self.data
        return data if self.type == "STRING" else {"type": self.type, "data": data}


class MetabaseOptions(backups.Backed):
    path: str = Field(description="The node, such as SmtpSvc/1.")
    properties: dict[str, str | Typed] = Field(
        min_length=1,
        description="Name and text of each property; absent deletes it; {type, data} for what is not a string.",
    )

    @field_validator("path")
    @classmethod
    def _node(cls, path: str) -> str:
        if not all(_PART.fullmatch(step) for step in path.strip("/").split("/")):
            raise ValueError(f"{path!r} is not a path in the metabase, such as SmtpSvc/1")
        return path.strip("/")

    @field_validator("properties")
    @classmethod
    def _names(cls, properties: dict[str, str | Typed]) -> dict[str, str | Typed]:
        for name in properties:
            if not re.fullmatch(r"[A-Za-z0-9_]+", name):
                raise ValueError(f"{name!r} is not the name of a property")
        return properties


class Metabase(Remediator):
    """
    Properties of a node of the IIS metabase have the values you say.

    ```yaml
    - name: Mail leaves through the relay
      metabase: {path: SmtpSvc/1, properties: {SmartHost: relay.contoso.com}}
    ```
    """

    name = "metabase"
    platform = "windows"
    Options = MetabaseOptions

    def queries(self, options: MetabaseOptions, known: Snapshot) -> Iterable[Query]:
        yield from metabase.read(metabase.property_address(options.path, name) for name in options.properties)
        yield from backups.ask(options, _wanted(options), known)

    def desired(self, options: MetabaseOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        return backups.wanted(options, _wanted(options), snapshot)

    def details(self, options: MetabaseOptions, snapshot: Snapshot) -> Mapping[Address, Mapping[str, Any]]:
        return backups.details(options, _wanted(options), snapshot)


def _wanted(options: MetabaseOptions) -> dict[Address, Value]:
    return {metabase.property_address(options.path, name): _value(given) for name, given in options.properties.items()}


def _value(given: str | Typed) -> Value:
    if isinstance(given, Typed):
        return given.value()
    return ABSENT if given == "absent" else given
