"""What the remediators that work from profiles have in common: choosing a product and what bars its settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, StrictBool

from remediators.catalog.options import Options
from remediators.model import ABSENT, Address, Change, Query, Refused, Snapshot, Value
from remediators.resources import products, registry
from remediators.resources.products import Datum, Profile

WHERE = "profiles/{name}.yml beside your playbook, or `data:` of this task"


class ProductOptions(Options):
    state: Literal["disabled", "enabled"] = Field(default="disabled", description="Whether the feature works.")
    data: dict[str, Any] | None = Field(
        default=None, description="A profile in the task itself, in the form of the files under profiles/."
    )
    allow_managed: StrictBool = Field(
        default=False, description="Leave to change a client whose management may put its policy back."
    )
    allow_unverified: StrictBool = Field(
        default=False, description="Leave to use data of the profile that nobody has verified."
    )


def profile(options: Any, profiles: Mapping[str, Mapping[str, Any]]) -> Profile:
    """The profile that options name or carry. Raises `Refused`."""
    if options.data is not None:
        name = options.product if options.product != "auto" else str(options.data.get("profile", "of this task"))
        return products.profile(name, options.data)
    if options.product not in profiles:
        raise Refused(f"there is no profile {options.product}: put its data into {_where(options.product)}")
    return products.profile(options.product, profiles[options.product])


def ask(one: Profile, known: Snapshot) -> Iterator[Query]:
    """Everything that is to be known of a product before its settings are changed."""
    yield from products.detection([one], known)
    addresses = [address for setting in one.settings for address in (setting.key, setting.datum.address)]
    yield from registry.read_values([*addresses, *(datum.address for datum in one.managed)], known)


def wanted(options: ProductOptions, one: Profile, known: Snapshot) -> dict[Address, Value]:
    """
    The values of an installed product's settings.

    A setting whose key does not exist belongs to a part of the product that is not installed: it is left alone.
    Raises `Refused` where data is missing or not verified, or the client is managed.
    """
    there = products.installed(one, known)
    if not one.settings and (there or not all(datum.verified for datum in one.detect)):
        raise Refused(" ".join([f"{one.name}: nothing is known to set.", *one.notes, _cure(one)]))
    if not there:
        if options.state == "enabled":
            raise Refused(f"{one.product} is not installed on this host")
        return {}
    usable = [setting for setting in one.settings if known[setting.key] is not ABSENT]
    values = {s.datum.address: s.disabled if options.state == "disabled" else s.enabled for s in usable}
    if any(known[address] != value for address, value in values.items()):
        _refuse_managed(options, one, known)
        _refuse_unverified(options, [setting.datum for setting in usable])
    return values


def notes(one: Profile, changes: Iterable[Change], known: Snapshot) -> Iterator[str]:
    if not products.installed(one, known):
        yield f"{one.product} is not installed here, as far as its profile can tell"
        return
    for setting in one.settings:
        if known[setting.key] is ABSENT:
            yield f"{setting.key} does not exist: {setting.datum.address.path.rpartition(':')[2]} is left alone"
    if any(True for _ in changes):
        yield f"{one.product}: written, not effective until a check from outside says so"
        yield from one.notes
        for name in one.services:
            yield f"takes effect when {name} has been restarted; notify a handler that does"


def _refuse_managed(options: ProductOptions, one: Profile, known: Snapshot) -> None:
    parent = manager(one, known)
    if parent and not options.allow_managed:
        raise Refused(
            f"{one.product} is managed here: {parent}, whose policy may put the value back. Change the policy there, "
            "or say allow_managed: true"
        )


def manager(one: Profile, known: Snapshot) -> str | None:
    """``Parent=NAME`` where a server manages the product; a name of at most one character means that none does."""
    for datum in one.managed:
        value = known[datum.address]
        data = "" if value is ABSENT else str(value.get("data", ""))
        if len(data) > 1:
            return f"{datum.address.path.rpartition(':')[2]}={data}"
    return None


def _refuse_unverified(options: ProductOptions, data: Iterable[Datum]) -> None:
    for datum in data:
        if not datum.verified and not options.allow_unverified:
            raise Refused(
                f"{datum.address} is not verified (source: {datum.source}). Verify it on a test host and say "
                "verified: true in your own profile, or accept it with allow_unverified: true"
            )


def _cure(one: Profile) -> str:
    return f"Put what you know under `settings` into {_where(one.name)}"


def _where(name: str) -> str:
    return WHERE.format(name=name)
