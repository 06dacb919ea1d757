"""What templates may ask about a host."""

from __future__ import annotations

import pytest

from remediators.facts import facts
from remediators.model import Address, Snapshot, Unread
from remediators.resources import metabase, registry
from remediators.resources.services import CLUSTERED, part
from tests.catalog.hosts import read_wholly

PROFILE = {
    "profile": "lab",
    "product": "A product of the lab",
    "for": "av_email_scanner",
    "detect": [{"key": r"HKLM\SOFTWARE\Lab", "source": "invented for the lab", "verified": True}],
}
FACTS = facts({"lab": PROFILE})
SETUP = registry.value(r"HKLM\SOFTWARE\Microsoft\Exchange\Setup", "Services Version")


@pytest.mark.parametrize(("number", "version"), [(65, "6.5"), (60, "6.0"), (80, "8.0")])
def test_the_version_of_exchange_is_a_version(number: int, version: str) -> None:
    known = read_wholly({SETUP: {"type": "REG_DWORD", "data": number}})

    assert FACTS["exchange.version"].value(known) == version


def test_without_exchange_its_version_is_null() -> None:
    assert FACTS["exchange.version"].value(read_wholly({})) is None


def test_a_version_that_is_no_number_is_unread() -> None:
    with pytest.raises(Unread):
        FACTS["exchange.version"].value(read_wholly({SETUP: {"type": "REG_SZ", "data": "6.5"}}))


def test_windows_says_what_it_is() -> None:
    known = read_wholly({Address("host", "version"): "5.2.3790", Address("host", "architecture"): "x86"})

    assert FACTS["os.version"].value(known) == "5.2.3790"
    assert FACTS["os.architecture"].value(known) == "x86"


def test_virtual_servers_are_numbers_without_the_other_nodes() -> None:
    known = read_wholly({metabase.children_address("SmtpSvc"): ["1", "Info", "2"]})

    assert FACTS["smtp.virtual_servers"].value(known) == [1, 2]


def test_products_are_told_by_the_names_of_their_profiles() -> None:
    assert FACTS["antivirus.products"].value(read_wholly({registry.key(r"HKLM\SOFTWARE\Lab"): "present"})) == ["lab"]
    assert FACTS["antivirus.products"].value(read_wholly({})) == []


def test_a_cluster_counts_only_with_exchange_in_it() -> None:
    cluster = FACTS["cluster.exchange"]

    assert cluster.value(read_wholly({})) is False
    assert cluster.value(read_wholly({part("ClusSvc", "state"): "running", CLUSTERED: True})) is True
    assert cluster.value(read_wholly({part("ClusSvc", "state"): "running", CLUSTERED: False})) is False


@pytest.mark.parametrize("name", sorted(FACTS))
def test_every_fact_says_what_it_is_and_where_that_is_known_from(name: str) -> None:
    fact = FACTS[name]

    assert fact.name == name
    assert fact.description.endswith(".")
    assert fact.source
    assert list(fact.queries(Snapshot()))
