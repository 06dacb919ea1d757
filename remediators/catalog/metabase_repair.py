"""KB 304166: a corrupt IIS metabase is put right with what IIS itself kept of it; cause 6."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt, model_validator

from remediators.catalog.options import Options
from remediators.catalog.services import Leave, ask_cluster, refuse_cluster
from remediators.model import Address, Change, OutOfScope, Query, Remediator, Snapshot, Value
from remediators.resources import metabase_plan as plans


class Kept(Options):
    """A file that is to be there again, and where its copy is on the host."""

    sha256: str = Field(min_length=1, description="SHA-256 of its bytes, in hexadecimal.")
    kept: str | None = Field(description="Where the copy is kept on the host.")

    def value(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "kept": self.kept}


class Alike(Options):
    """How the file that stands there instead is told, although IIS wrote it anew since."""

    value: Kept = Field(description="What the run put there.")
    key: str = Field(description="A digest of the machine's SessionKey.")
    major: StrictInt = Field(description="Its HistoryMajorVersionNumber.")
    counts: dict[str, StrictInt] = Field(description="How many nodes it has of each service.")

    def plain(self) -> dict[str, Any]:
        return {"value": self.value.value(), "key": self.key, "major": self.major, "counts": dict(self.counts)}


class MetabaseRepairOptions(Leave):
    verbs_missing: tuple[str, ...] = Field(
        default=(), description="EHLO verbs of Exchange that were seen missing from outside: one sign of damage."
    )
    put_back: dict[str, Kept | Literal["absent"]] | None = Field(
        default=None, description="Rollback: the files that are to be there again, by path."
    )
    folder: str | None = Field(default=None, description="Rollback: where the run kept its copies on the host.")
    how: Literal["swap", "place"] = Field(
        default="swap", description="Rollback: whether IISADMIN stops for it, or the file is changed while it runs."
    )
    restart: StrictBool = Field(
        default=True, description="Rollback: whether what stops for it starts again; false where it did not run before."
    )
    instead: dict[str, Alike] = Field(default={}, description="Rollback: what the run put there, by path.")

    @model_validator(mode="after")
    def _whole(self) -> MetabaseRepairOptions:
        if (self.put_back is None) != (self.folder is None):
            raise ValueError("put_back and folder belong together")
        if self.put_back is None and (self.instead or not self.restart or self.how != "swap"):
            raise ValueError("instead, how and restart belong to put_back")
        return self


class MetabaseRepair(Remediator):
    """
    A corrupt IIS metabase is replaced by the newest good pair that IIS kept of it, or written anew from memory.

    Two independent signs must prove the damage. All files are kept aside on the host before; what would be lost is in
    the plan, node by node. IISADMIN and all that runs with it stop meanwhile, so mail stops.

    ```yaml
    - name: The metabase is whole
      metabase_repair: {}
      cause: 6
    ```
    """

    name = "metabase_repair"
    platform = "windows"
    Options = MetabaseRepairOptions

    def queries(self, options: MetabaseRepairOptions, known: Snapshot) -> Iterable[Query]:
        yield from ask_cluster(options, known)
        if options.put_back is not None:
            yield from plans.questions_back(_back(options), known)
        else:
            yield from plans.questions(known, datetime.now(UTC).date())

    def desired(self, options: MetabaseRepairOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        if options.put_back is not None:
            return _back(options).desired()
        plan = self._plan(options, snapshot)
        if plan.values:
            refuse_cluster(options, snapshot)
        return plan.values

    def details(self, options: MetabaseRepairOptions, snapshot: Snapshot) -> Mapping[Address, Mapping[str, Any]]:
        if options.put_back is not None:
            return _back(options).details(snapshot)
        return self._plan(options, snapshot).details

    def notes(self, options: MetabaseRepairOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        if options.put_back is not None:
            return ()
        try:
            return self._plan(options, snapshot).notes
        except OutOfScope:
            return ()

    def _plan(self, options: MetabaseRepairOptions, snapshot: Snapshot) -> plans.Repair:
        return plans.repair(snapshot, verbs_missing=options.verbs_missing, dependents=options.dependents)


def _back(options: MetabaseRepairOptions) -> plans.Back:
    return plans.Back(
        {path: None if kept == "absent" else kept.value() for path, kept in (options.put_back or {}).items()},
        str(options.folder),
        options.how,
        options.restart,
        {path: like.plain() for path, like in options.instead.items()},
        options.dependents,
    )
