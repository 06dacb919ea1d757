"""What templates may ask about a Windows host, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from remediators.model import ABSENT, Address, Query, Snapshot, Unread
from remediators.resources import host, metabase, products, registry, services

Ask = Callable[[Snapshot], Iterable[Query]]
Tell = Callable[[Snapshot], Any]

_EXCHANGE = registry.value(r"HKLM\SOFTWARE\Microsoft\Exchange\Setup", "Services Version", "native")
_VERSION = Address("host", "version")
_ARCHITECTURE = Address("host", "architecture")
_SMTP = metabase.children_address("SmtpSvc")


@dataclass(slots=True)  # not frozen: a Protocol's attributes are settable
class WindowsFact:
    """A fact: what it is, where the knowledge comes from, what is read for it and what that says."""

    name: str
    description: str
    source: str
    ask: Ask
    tell: Tell
    platform: str = "windows"

    def queries(self, known: Snapshot) -> Iterable[Query]:
        return self.ask(known)

    def value(self, snapshot: Snapshot) -> Any:
        return self.tell(snapshot)


def windows_facts(profiles: Mapping[str, Mapping[str, Any]]) -> tuple[WindowsFact, ...]:
    return (*_of_the_system(), *_of_mail(), _of_products(profiles))


def _of_the_system() -> tuple[WindowsFact, ...]:
    return (
        WindowsFact(
            "os.version",
            "The version of Windows, such as 5.2.3790.",
            "the host's own `ver`",
            lambda _: (host.query(),),
            lambda known: known[_VERSION],
        ),
        WindowsFact(
            "os.architecture",
            "The architecture of the processor that Windows was made for, such as x86 or AMD64.",
            "PROCESSOR_ARCHITECTURE and PROCESSOR_ARCHITEW6432 of the host's environment",
            lambda _: (host.query(),),
            lambda known: known[_ARCHITECTURE],
        ),
        WindowsFact(
            "cluster.exchange",
            "Whether the host belongs to a cluster that has Exchange resources.",
            r"the service ClusSvc, and the types under HKLM\Cluster\Resources",
            services.cluster_queries,
            services.clustered,
        ),
    )


def _of_mail() -> tuple[WindowsFact, ...]:
    return (
        WindowsFact(
            "exchange.version",
            "The version of Exchange Server, 6.5 for 2003 and 6.0 for 2000; null where it is not installed.",
            r"HKLM\SOFTWARE\Microsoft\Exchange\Setup, Services Version (65 is 6.5); from memory, highly likely",
            lambda known: registry.read_values([_EXCHANGE], known),
            _exchange_version,
        ),
        WindowsFact(
            "smtp.virtual_servers",
            "The numbers of the SMTP virtual servers; empty where none is.",
            "adsutil.vbs ENUM /P smtpsvc",
            lambda _: metabase.read([_SMTP]),
            lambda known: [int(child) for child in known[_SMTP] or () if child.isdigit()],
        ),
    )


def _of_products(profiles: Mapping[str, Mapping[str, Any]]) -> WindowsFact:
    return WindowsFact(
        "antivirus.products",
        "The names of the profiles whose products are installed.",
        "the `detect` entries of the profiles, each with its own source",
        lambda known: products.detection(_all(profiles), known),
        lambda known: [one.name for one in _all(profiles) if products.installed(one, known)],
    )


def _all(profiles: Mapping[str, Mapping[str, Any]]) -> Iterator[products.Profile]:
    return (products.profile(name, data) for name, data in profiles.items())


def _exchange_version(known: Snapshot) -> str | None:
    value = known[_EXCHANGE]
    if value is ABSENT:
        return None
    if value["type"] != "REG_DWORD":
        raise Unread(f"{_EXCHANGE} is no number, so the version of Exchange is not known")
    number = int(value["data"])
    return f"{number // 10}.{number % 10}"
