"""
What `remediate diagnose` asks of a Windows host, and what the answers are a sign of. Pure; reads only.

Everything is asked in the first batch, the slow probes last: the event log and the queues, each with a deadline of its
own. What the operator has supplied (`tnef_values`, `smsmse_profile`, profiles) is used; without it nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from remediators.catalog import products as product_data
from remediators.catalog.smtp_banner import NODE, PROPERTY, SmtpBanner, SmtpBannerOptions, virtual_servers
from remediators.catalog.tnef import Tnef, TnefOptions
from remediators.model import (
    ABSENT,
    Address,
    Host,
    OutOfScope,
    Query,
    Refused,
    RemediationError,
    Snapshot,
    Unread,
)
from remediators.model.diagnosis import HostEvidence, Logged, Queue, Sign, Unknown
from remediators.resources import events, metabase, metabase_files, products, registry, services, smtp_queue
from remediators.resources import host as host_facts
from remediators.resources.products import Profile, Setting

SERVICES: Final = ("SMTPSVC", "IISADMIN", "RESvc", "MSExchangeSA", "MSExchangeIS")
# Minutes until the sender of a message gets it back; 2880 where the virtual server does not say (KB 321757).
EXPIRES: Final = metabase.property_address(f"{NODE}/1", "SmtpRemoteNDRExpireMinutes")
USUAL_MINUTES: Final = 2880
_BANNERS = SmtpBannerOptions(virtual_server="all", state="default")
# Where nearly every host has its metabase: asked for at once, it saves those a second trip.
_FOLDER: Final = r"C:\WINDOWS\System32\Inetsrv"
_PAST: Final = frozenset({"events"})
_WORST = ("on", "unread", "no-data", "off", "absent")


@dataclass(frozen=True, slots=True)
class WindowsEvidence:
    """Questions to one host, and its evidence. ``days`` is how far back its event log is read from ``today``."""

    host: Host
    profiles: Mapping[str, Mapping[str, Any]]
    today: date
    days: int = events.DAYS

    def queries(self, known: Snapshot) -> Iterator[Query]:
        """Called again with what is known, as for remediators; nearly every host needs one round."""
        yield host_facts.query()
        yield from services.read([services.part(name, "state") for name in SERVICES], known)
        yield from self._registry(known)
        yield from SmtpBanner().queries(_BANNERS, known)
        yield from metabase.read([EXPIRES])
        yield events.query(self.today, days=self.days)
        yield from self._metabase(known)
        yield smtp_queue.query()

    def _metabase(self, known: Snapshot) -> Iterator[Query]:
        """What shows the health of the metabase, without its schema, of which nothing here depends."""
        if not known.knows(metabase_files.PLACE):
            yield metabase_files.file_question(f"{_FOLDER}\\MetaBase.xml", _FOLDER)
        yield from (q for q in metabase_files.questions(known, self.today) if not q.name.endswith("MBSCHEMA.XML"))

    def _registry(self, known: Snapshot) -> Iterator[Query]:
        """The values of all products and of TNEF; one question for each key."""
        wanted: list[Address] = []
        for one in self._usable("av_email_scanner", "mail_heuristics"):
            wanted += [datum.address for datum in (*one.detect, *one.managed)]
            wanted += [address for setting in one.settings for address in (setting.key, setting.datum.address)]
        options = self._tnef()
        if isinstance(options, TnefOptions):
            wanted += Tnef().desired(options, known)
        yield from registry.read_values(wanted, known)

    def evidence(self, known: Snapshot) -> HostEvidence:
        """What the answers tell. Never raises for what a host has said."""
        states = {name: _state(name, known) for name in SERVICES}
        exchange = any(states[name] not in ("absent", "unread") for name in ("MSExchangeIS", "MSExchangeSA"))
        unsure = "unread" in (states["MSExchangeIS"], states["MSExchangeSA"])
        old = host_facts.refuse(known) if known.readable(host_facts.VERSION) else None
        if old:  # none of what is asked for is kept there as it is asked for
            return HostEvidence(self.host.name, "windows", "failed", old, sends=True, receives=True)
        signs = (
            self._product("scanner", "av_email_scanner", known),
            self._product("heuristics", "mail_heuristics", known),
            self._tnef_sign(known),
            _service(self.host.name, states),
            _banner(self.host.name, known),
            _metabase(self.host.name, states["IISADMIN"], known, exchange=exchange or unsure),
        )
        return HostEvidence(
            self.host.name,
            "windows",
            sends=exchange or unsure,
            receives=states["SMTPSVC"] != "absent",
            exchange=exchange,
            signs={sign.kind: sign for sign in signs},
            logged=_logged(known),
            queues=_queues(known),
            facts=_facts(known, states),
        )

    # -- products ----------------------------------------------------------------------------------------------------

    def _given(self, purpose: str) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
        """Profiles for a purpose, as data or as what is wrong with them; the host's own replaces one of its name."""
        own = self.host.variables.get("smsmse_profile")
        found: dict[str, Any] = {n: data for n, data in self.profiles.items() if purpose in products.purposes(data)}
        if own is not None and purpose == "mail_heuristics":
            usable = isinstance(own, Mapping)
            found["smsmse"] = dict(own) if usable else "smsmse_profile is no mapping, as a profile is"
        yield from found.items()

    def _usable(self, *purposes: str) -> Iterator[Profile]:
        for purpose in purposes:
            for name, data in self._given(purpose):
                if not isinstance(data, str):
                    try:
                        yield products.profile(name, data)
                    except Refused:
                        continue  # said where its sign is told

    def _product(self, kind: str, purpose: str, known: Snapshot) -> Sign:
        """The sign of all products for a purpose: one that is on outweighs what is not known, and that what is off."""
        found = [_of_profile(kind, self.host.name, *given, known) for given in self._given(purpose)]
        if not found:
            return Sign(kind, "no-data", f"{self.host.name}: there is no profile of such a product")
        worst = min(found, key=lambda sign: _WORST.index(sign.value))
        if worst.value == "absent":
            return Sign(kind, "absent", f"{self.host.name}: {', '.join(_product_of(s) for s in found)}: not installed")
        return worst

    # -- TNEF --------------------------------------------------------------------------------------------------------

    def _tnef(self) -> TnefOptions | str:
        """The operator's values, or why there are none."""
        given = self.host.variables.get("tnef_values")
        if not given:
            return "tnef_values is not set: the values of KB 254089 are not public any more, take them from your copy"
        try:
            return TnefOptions(values=given)
        except ValidationError as error:
            return f"tnef_values cannot be used: {_wrong_values(given, error)}"

    def _tnef_sign(self, known: Snapshot) -> Sign:
        options, name = self._tnef(), self.host.name
        if isinstance(options, str):
            return Sign("tnef", "no-data", f"{name}: {options}")
        try:
            wanted = Tnef().desired(options, known)
            missing = [address for address, value in wanted.items() if known[address] != value]
        except (RemediationError, ValueError) as error:
            return Sign("tnef", "unread", f"{name}: {getattr(error, 'message', error)}")
        if missing:
            return Sign("tnef", "not-forced", f"{name}: {missing[-1]} is not as your values of KB 254089 want it")
        return Sign("tnef", "forced", f"{name}: all of your values of KB 254089 are set")


def _wrong_values(given: Any, error: ValidationError) -> str:
    """What is wrong with the operator's values, in plain words; the first entry that is wrong."""
    entries = [one for one in error.errors() if any(isinstance(part, int) for part in one["loc"])]
    if not isinstance(given, list) or not entries:
        return "it must be a list of {key, name, type, data}"
    *_, number = (part for part in entries[0]["loc"] if isinstance(part, int))
    last = entries[0]["loc"][-1]
    field = f", {last}" if isinstance(last, str) else ""
    return f"entry {number + 1}{field}: {entries[0]['msg'].removeprefix('Value error, ')}"


def _of_profile(kind: str, host: str, name: str, data: Mapping[str, Any] | str, known: Snapshot) -> Sign:
    """What one profile says of a host."""
    if isinstance(data, str):
        return Sign(kind, "no-data", f"{host}: {data}")
    try:
        one = products.profile(name, data)
    except Refused as refusal:
        return Sign(kind, "no-data", f"{host}: {refusal.message}")
    detail = {"profile": name, "product": one.product}
    try:
        value, words, more = _seen(kind, one, known)
    except RemediationError as error:
        return Sign(kind, "unread", f"{host}: {one.product}: {error.message}", detail)
    return Sign(kind, value, f"{host}: {one.product}: {words}", {**detail, **more})


def _seen(kind: str, one: Profile, known: Snapshot) -> tuple[str, str, Mapping[str, Any]]:
    """What is seen of a product: a value of the sign, words, and detail. Raises `Unread`."""
    there = products.installed(one, known)
    if kind == "heuristics" and not one.settings:
        return "no-data", " ".join(["which value holds its heuristics is not known.", *one.notes[:1]]), {}
    if not there:
        return "absent", "not installed", {}
    if not one.settings:
        return "no-data", " ".join(["installed; which value holds its switch is not known.", *one.notes[:1]]), {}
    manager = product_data.manager(one, known)
    seen = [_setting(setting, known) for setting in one.settings]
    value, words = min(seen, key=lambda pair: _WORST.index(pair[0]))
    unverified = not all(setting.datum.verified for setting in one.settings)
    notes = [
        words,
        *(["managed by a server"] if manager else []),
        *(["that value is unverified"] if unverified else []),
    ]
    return value, "; ".join(notes), {"managed": manager, "verified": not unverified}


def _setting(setting: Setting, known: Snapshot) -> tuple[str, str]:
    address = setting.datum.address
    if known[setting.key] is ABSENT:
        return "off", f"{setting.key.path} does not exist: that part is not installed"
    found = known[address]
    if found == setting.disabled:
        return "off", f"{address} is {_said(found)}"
    if found is ABSENT:
        return "no-data", f"{address} is not set, and what the product does then is not known"
    return "on", f"{address} is {_said(found)}"


def _said(value: Any) -> str:
    return (
        "not set" if value is ABSENT else str(value["data"] if isinstance(value, dict) and "data" in value else value)
    )


def _product_of(sign: Sign) -> str:
    return str(sign.detail.get("product", "a product"))


# -- services, banner, facts -----------------------------------------------------------------------------------------


def _state(name: str, known: Snapshot) -> str:
    try:
        value = known[services.part(name, "state")]
    except (Unread, OutOfScope) as error:
        return "changing" if "until it settles" in error.message else "unread"
    return "absent" if value is ABSENT else str(value)


def _service(host: str, states: Mapping[str, str]) -> Sign:
    state = states["SMTPSVC"]
    value = {"running": "running", "absent": "absent", "unread": "unread", "changing": "unread"}.get(state, "stopped")
    told = ", ".join(f"{name} {state}" for name, state in states.items())
    return Sign("service", value, f"{host}: {told}")


def _banner(host: str, known: Snapshot) -> Sign:
    try:
        numbers = virtual_servers(known[metabase.children_address(NODE)])
        texts = {n: known[metabase.property_address(f"{NODE}/{n}", PROPERTY)] for n in numbers}
    except (Unread, OutOfScope) as error:
        return Sign("banner", "unread", f"{host}: ConnectResponse was not read: {_why(error)}")
    own = {number: text for number, text in texts.items() if text is not ABSENT}
    if not own:
        return Sign("banner", "default", f"{host}: ConnectResponse is not set, so Windows' own greeting is said")
    told = ", ".join(f"virtual server {number} has {text!r}" for number, text in own.items())
    return Sign("banner", "own", f"{host}: ConnectResponse: {told}")


def _metabase(host: str, iisadmin: str, known: Snapshot, *, exchange: bool) -> Sign:
    """
    Two independent signs prove damage; one alone is a suspicion; none counts where file and memory were read.

    Events of the past alone are none where both are whole again. Without Exchange there is no DS2MB to be lost.
    """
    if iisadmin == "absent":
        return Sign("metabase", "none", f"{host}: IIS is not installed")
    health = metabase_files.health(known)
    kinds = {sign.kind for sign in health.signs if exchange or "DS2MB" not in sign.text}
    if kinds and health.file_only:
        value = "file-only"
    elif len(kinds) > 1 and not (health.healthy and kinds <= _PAST):
        value = "corrupt"
    elif kinds and not (health.healthy and kinds <= _PAST):
        value = "suspect"
    elif health.signs and not exchange:
        return Sign("metabase", "none", f"{host}: Exchange is not installed, so what it lacks of Exchange is no damage")
    else:
        value = "healthy" if health.healthy else "unread"
    return Sign("metabase", value, f"{host}: {health.words}", {"file_only": health.file_only})


def _facts(known: Snapshot, states: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"services": dict(states)}
    if known.readable(host_facts.VERSION):
        found["windows"] = known[host_facts.VERSION]
    if known.readable(EXPIRES):
        minutes = known[EXPIRES]
        found["ndr_minutes"] = _minutes(minutes)
        found["ndr_default"] = minutes is ABSENT
    return found


def _minutes(value: Any) -> int | None:
    data = value.get("data") if isinstance(value, dict) else value
    if data is ABSENT:
        return USUAL_MINUTES
    return int(data) if str(data).isdigit() else None


# -- events and queues -----------------------------------------------------------------------------------------------


def _logged(known: Snapshot) -> Logged | Unknown:
    try:
        found = events.found(known)
    except (Unread, OutOfScope) as error:
        return Unknown(_why(error))
    remotes: dict[tuple[str, ...], int] = {(r.address, r.name): r.count for r in found.remotes}
    return Logged(found.count, found.first, found.last, remotes, tuple(_limits(found)))


def _why(error: RemediationError) -> str:
    """The reason alone, without the address that it is the reason for."""
    return error.message.partition(" was not read: ")[2] or error.message


def _limits(found: events.Found) -> Iterable[str]:
    if found.cut:
        yield "the time given for reading the log was up: there may be more"
    elif found.more:
        yield f"only the newest {found.most} were read"
    if found.young:
        yield f"the log has no record from before {found.since}, so it tells of a shorter time than was asked for"
    if found.others:
        yield f"{found.others} more of event 4006 have another text"


def _queues(known: Snapshot) -> tuple[Queue, ...] | Unknown:
    try:
        found = smtp_queue.queue(known)
    except (Unread, OutOfScope) as error:
        return Unknown(_why(error))
    links = (link for link in found.remote if link.messages)
    return tuple(Queue(link.name, link.messages, link.oldest, link.state, link.info, link.semaphore) for link in links)
