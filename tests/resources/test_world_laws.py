r"""
Laws over arbitrary registries, services and metabases of the lab's Windows, through a real session.

Whatever a host holds and whatever is wanted of it: what is planned is done and nothing else, a second plan is empty,
the way back gives the host back exactly, and every command that is sent is one that the plan showed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from remediators.cli.house import build as build_house
from remediators.engine.planner import Planned, plan_host
from remediators.engine.reading import by_kind, questions
from remediators.lab.world import build
from remediators.model import Change, Host, Output, Rendered, Snapshot
from remediators.resources.registry_values import from_bytes
from remediators.sessions.windows import WindowsSession

HOUSE = build_house({})
HIVE = "HKEY_LOCAL_MACHINE"
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

HOSTS = st.sampled_from(
    [
        {"os": "2003"},
        {"os": "2003", "language": "de", "codepage": 850},
        {"os": "2003", "codepage": 1252, "line_style": "script"},
        {"os": "2003", "codepage": 932, "line_style": "script", "echo": True},
        {"os": "2003", "architecture": "x64", "bits": 32},
        {"os": "2008", "architecture": "x64", "bits": 64},
        {"os": "2008", "language": "de"},
    ]
)


@dataclass
class Told:
    """A channel to a machine of the lab that counts its lines."""

    machine: Any
    lines: list[str] = field(default_factory=list)

    def run(self, line: str, seconds: float) -> Output:
        self.lines.append(line)
        ran = self.machine.run(line)
        return Output(ran.stdout, ran.stderr, ran.status)

    def close(self) -> None:
        """There is nothing to close."""


@dataclass
class Wish:
    """A task whose templates are filled in."""

    remediator: str
    given: Mapping[str, Any]
    play: str = "play"
    name: str = "task"
    where: str = "book.yml:1:1"
    notify: tuple[str, ...] = ()
    ignore_errors: bool = False
    on_verify_failure: str = "stop"
    guard: int = 0
    allow_unverified: bool = False
    cause: int | None = None
    handler: bool = False
    facts: frozenset[str] = frozenset()

    def render(self, facts: Mapping[str, Any]) -> Sequence[Rendered]:
        return (Rendered(HOUSE.remediators[self.remediator].Options(**self.given)),)

    def preview(self) -> Sequence[Rendered]:
        return ()


@dataclass
class Bench:
    """A machine, a session with it, and the engine's way of planning and writing."""

    machine: Any
    session: WindowsSession

    def plan(self, wishes: Sequence[Wish]) -> Planned:
        return plan_host(Host("exch", {}), wishes, self.session, HOUSE)

    def apply(self, planned: Planned) -> list[tuple[Change, ...]]:
        """Write all that is planned; every command must be one that was shown, and must do what it says."""
        done: list[tuple[Change, ...]] = []
        known = planned.snapshot
        for item in planned.plan.items:
            if item.outcome != "change":
                continue
            for kind, members in by_kind(HOUSE, item.changes):
                steps = kind.write(members, known)
                assert {c.shown for step in steps for c in step.commands} <= set(item.commands)
                results, _ = self.session.write(steps, questions(HOUSE, [c.address for c in members], {}, Snapshot()))
                assert [result.words for result in results if result.failed] == []
            known = known.overlay({change.address: change.after for change in item.changes})
            done.append(item.changes)
        return done

    def back(self, done: Sequence[tuple[Change, ...]]) -> None:
        """The newest item first, as the engine does."""
        tasks = [
            Wish(restoration.remediator, restoration.options)
            for changes in reversed(done)
            for kind, members in by_kind(HOUSE, changes)
            for restoration in kind.restore(members)
        ]
        planned = self.plan(tasks)
        assert [item.reason for item in planned.plan.items if item.outcome not in ("change", "ok")] == []
        self.apply(planned)


def bench(spec: Mapping[str, Any]) -> Bench:
    machine = build("exch", dict(spec))
    channel = Told(machine)
    return Bench(machine, WindowsSession(lambda: channel))


# -- the registry ----------------------------------------------------------------------------------------------------

_SPECIAL = "\"%!^&|<>()[]:#=;,@' ~`$-/_.{}*"  # a question mark is a case of its own: see below
TEXT = st.one_of(
    st.text(st.sampled_from("ab1\\" + _SPECIAL), max_size=12),
    st.text(st.sampled_from("aäß€é漢\u200b🙂 "), max_size=6),
    st.sampled_from(
        ["%PATH%", "!PATH!", "%%", "^^!", "\\", "\\\\", '\\"', "(value not set)", "REG_SZ", "a    REG_SZ    b",
         "a\tREG_SZ\tb", "one\r\ntwo", "[HKEY_LOCAL_MACHINE\\X]", "] ", "echo", "/x", "-", "/v", "> nul", "%M%1:0",
         "!M!1:0", "hex:00", "absent", "x" * 1600, " leading", "trailing ", ")", "a " * 40]
    ),
)  # fmt: skip
_PRINTED = "ab1" + _SPECIAL
NAME = st.one_of(
    st.sampled_from(["a", "b", "(Default)", "name with blanks", "a:b", "#x", "50% off", "x > y", "end\\", "%M%1:0"]),
    st.text(st.sampled_from(_PRINTED + "\\"), min_size=1, max_size=9).filter(lambda name: name.strip() == name),
    st.text(st.sampled_from("aäé漢 "), min_size=1, max_size=5).filter(lambda name: name.strip() == name),
)
KEYPART = st.one_of(
    st.sampled_from(["Plain", "with blanks", "[in]", "x]", "50%", "%TEMP%", "(Default)", "a:b#c", "REG_SZ"]),
    st.text(st.sampled_from(_PRINTED), min_size=1, max_size=9).map(str.strip).filter(bool),
    st.sampled_from(["äß", "Plain é", "漢"]),
)
WORDS = st.text(st.sampled_from("ab \\"), max_size=5)
VALUE = st.one_of(
    st.builds(lambda t: {"type": "sz", "data": t}, TEXT),
    st.builds(lambda t: {"type": "expand_sz", "data": t}, TEXT),
    st.builds(lambda t: {"type": "multi_sz", "data": t}, st.lists(TEXT | WORDS, max_size=4)),
    st.builds(lambda n: {"type": "dword", "data": n}, st.integers(0, 2**32 - 1)),
    st.builds(lambda n: {"type": "qword", "data": n}, st.integers(0, 2**64 - 1)),
    st.builds(lambda b: {"type": "binary", "data": b.hex()}, st.binary(max_size=90)),
    st.builds(lambda b: {"type": "none", "data": b.hex()}, st.binary(max_size=5)),
)
RAW = st.tuples(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 4711]), st.binary(max_size=9))
SEEDED = st.one_of(VALUE, RAW)


def seed(machine: Any, path: str, values: Mapping[str, Any]) -> None:
    from remediators.lab.world import registry_bytes

    full = path.replace("HKLM", HIVE, 1)
    machine.registry.create(full)
    for name, held in values.items():
        number, raw = held if isinstance(held, tuple) else registry_bytes(held["type"], held["data"])
        machine.registry.set(full, "" if name == "(Default)" else name, number, raw)


TREE = st.dictionaries(
    st.lists(KEYPART, min_size=1, max_size=2).map(lambda parts: "HKLM\\SOFTWARE\\T\\" + "\\".join(parts)),
    st.dictionaries(NAME, SEEDED, max_size=4),
    max_size=3,
)


@st.composite
def registry_cases(draw: Any) -> tuple[dict[str, Any], dict[str, Any], list[Wish]]:
    spec = draw(HOSTS)
    tree = draw(TREE)
    wishes = []
    for _ in range(draw(st.integers(1, 3))):
        fresh = st.lists(KEYPART, min_size=1, max_size=2).map(lambda parts: "HKLM\\SOFTWARE\\T\\" + "\\".join(parts))
        key = draw(st.sampled_from(sorted(tree)) | fresh) if tree else draw(fresh)
        kind = draw(st.sampled_from(["values", "values", "values", "gone", "key"]))
        if kind == "values":
            there = tree.get(key, {})
            names = draw(st.lists(st.sampled_from(sorted(there)) | NAME if there else NAME, max_size=4))
            unique = {name.upper(): name for name in names}.values()
            given_ = {name: draw(VALUE | st.just("absent")) for name in unique}
            wishes.append(Wish("registry", {"key": key, "values": given_}))
        else:
            wishes.append(Wish("registry", {"key": key, "state": "absent" if kind == "gone" else "present"}))
    return spec, tree, wishes


def same(values: dict[str, list[Any]]) -> dict[str, Any]:
    """What a key holds, by name without case."""
    return {name.upper(): from_bytes(number, bytes.fromhex(raw)) for name, (number, raw) in values.items()}


def as_planned(before: dict[str, Any], done: Sequence[Change]) -> dict[str, Any]:
    """The state that these changes make of a state."""
    from remediators.resources.registry import place
    from remediators.resources.registry_values import to_bytes

    after = copy.deepcopy(before)
    tree = after["registry"]
    for change in done:
        at = place(change.address)
        path = next(
            (p for p in tree if p.upper() == at.key.replace("HKLM", HIVE, 1).upper()), at.key.replace("HKLM", HIVE, 1)
        )
        if at.name is None and change.after is None:
            tree.pop(path, None)
        elif at.name is None:
            tree.setdefault(path, {})
        else:
            name = next((n for n in tree.get(path, {}) if n.upper() == at.name.upper()), at.name)
            if change.after is None:
                tree[path].pop(name)
            else:
                number, raw = to_bytes(change.after)
                tree.setdefault(path, {})[name] = [number, raw.hex()]
    return after


@MANY
@given(registry_cases())
def test_a_registry_becomes_what_is_wanted_and_comes_back(case: Any) -> None:
    spec, tree, wishes = case
    host = bench(spec)
    for path, values in tree.items():
        seed(host.machine, path, values)
    before = copy.deepcopy(host.machine.state())

    planned = host.plan(wishes)
    assert host.machine.state() == before, "a plan has written"
    for item in planned.plan.items:
        event(item.outcome)
    done = host.apply(planned)
    assert host.machine.state() == as_planned(before, [change for changes in done for change in changes])
    again = host.plan(wishes)
    if len(wishes) == 1:
        assert [item.changes for item in again.plan.items if item.outcome == "change"] == []
    host.back(done)
    assert host.machine.state() == before


# -- services --------------------------------------------------------------------------------------------------------

SERVICE = st.fixed_dictionaries(
    {"state": st.sampled_from(["running", "stopped"])},
    optional={
        "start_mode": st.sampled_from(["auto", "manual", "disabled"]),
        "display": st.sampled_from(["Plain", "STATE : 4  RUNNING", "a: b (c)", "x & y", "100 = 7", "  4  "]),
        "stop_polls": st.integers(0, 3),
        "start_polls": st.integers(0, 3),
        "stop_seconds": st.sampled_from([0.0, 5.0]),
        "start_seconds": st.sampled_from([0.0, 5.0]),
    },
)
SERVICE_NAMES = ["Plain", "With blanks", "It's", "a&b", "(x)", "wow!", "up^", "T-1", "x=1"]


@st.composite
def service_cases(draw: Any) -> tuple[dict[str, Any], list[Wish]]:
    names = draw(st.lists(st.sampled_from(SERVICE_NAMES), min_size=1, max_size=5, unique=True))
    services: dict[str, Any] = {}
    for number, name in enumerate(names):
        depends = draw(st.lists(st.sampled_from(names[:number]), max_size=2, unique=True)) if number else []
        given_ = draw(SERVICE)
        if any(services[other]["state"] == "stopped" for other in depends):
            given_ = {**given_, "state": "stopped"}  # nothing runs without what it needs
        services[name] = {**given_, "depends": depends}
    wishes = [
        Wish("service", {"name": draw(st.sampled_from(names)), **draw(WANTED)}) for _ in range(draw(st.integers(1, 2)))
    ]
    return {**draw(HOSTS), "exchange": False, "services": services}, wishes


WANTED = st.sampled_from(
    [
        {"state": "started"},
        {"state": "stopped"},
        {"start_mode": "disabled"},
        {"state": "stopped", "start_mode": "disabled"},
        {"state": "started", "start_mode": "auto"},
        {"start_mode": "manual"},
    ]
)


@MANY
@given(service_cases())
def test_services_become_what_is_wanted_and_come_back(case: Any) -> None:
    spec, wishes = case
    host = bench(spec)
    before = copy.deepcopy(host.machine.state())

    planned = host.plan(wishes)
    assert host.machine.state() == before, "a plan has written"
    for item in planned.plan.items:
        event(f"{item.outcome} {item.reason}")
    done = host.apply(planned)
    assert host.machine.state()["services"] == services_after(before["services"], done)
    if len(wishes) == 1:
        assert [item.changes for item in host.plan(wishes).plan.items if item.outcome == "change"] == []
    host.back(done)
    assert host.machine.state() == before


def services_after(before: dict[str, int], done: Sequence[tuple[Change, ...]]) -> dict[str, int]:
    from remediators.resources.services import split

    after = dict(before)
    for changes in done:
        for change in changes:
            name, what = split(change.address)
            if what == "state":
                after[name] = {"running": 4, "stopped": 1}[change.after]
    return after


# -- the metabase ----------------------------------------------------------------------------------------------------

PROPERTIES: dict[str, Any] = {
    "ConnectResponse": st.text(st.sampled_from("ab1 " + _SPECIAL), min_size=1, max_size=20),
    "SmartHost": st.sampled_from(["relay", "[10.0.0.1]", "a;b", "-x", "%PATH%", "!PATH!", "absent", '(STRING) "x"']),
    "MaxMessageSize": st.integers(0, 2**31 - 1),
    "EnableReverseDnsLookup": st.booleans(),
    "ServerBindings": st.lists(st.sampled_from([":25:", "10.0.0.1:25:", "a b", "%", "!x"]), min_size=1, max_size=3),
    "LogFileDirectory": st.sampled_from(["%windir%\\System32", "C:\\Logs\\", "!x!"]),
}
KINDS = {"MaxMessageSize": "INTEGER", "EnableReverseDnsLookup": "BOOLEAN", "ServerBindings": "LIST",
         "LogFileDirectory": "EXPANDSZ"}  # fmt: skip


@st.composite
def metabase_cases(draw: Any) -> tuple[dict[str, Any], list[Wish]]:
    numbers = draw(st.lists(st.sampled_from(["1", "2", "7"]), min_size=1, unique=True))
    there = {
        f"SmtpSvc/{number}": {
            name: draw(PROPERTIES[name]) for name in draw(st.lists(st.sampled_from(sorted(PROPERTIES)), unique=True))
        }
        for number in numbers
    }
    wishes = [draw(_metabase_wish(number)) for number in draw(st.lists(st.sampled_from(numbers), min_size=1))][:3]
    return {**draw(HOSTS), "metabase": there}, wishes


@st.composite
def _metabase_wish(draw: Any, number: str) -> Wish:
    if draw(st.booleans()):
        text = "a" + draw(st.text(st.sampled_from("ab1" + _SPECIAL.replace('"', "").replace(" ", "")), max_size=20))
        options = draw(st.sampled_from([{"state": "default"}, {"text": text}]))
        return Wish("smtp_banner", {"virtual_server": draw(st.sampled_from(["all", int(number)])), **options})
    names = draw(st.lists(st.sampled_from(sorted(PROPERTIES)), min_size=1, unique=True))
    given_ = {name: draw(st.just("absent") | PROPERTIES[name].map(lambda d, n=name: typed(n, d))) for name in names}
    return Wish("metabase", {"path": f"SmtpSvc/{number}", "properties": given_})


def typed(name: str, data: Any) -> Any:
    return {"type": KINDS[name], "data": data} if name in KINDS else {"type": "STRING", "data": data}


@MANY
@given(metabase_cases())
def test_a_metabase_becomes_what_is_wanted_and_comes_back(case: Any) -> None:
    spec, wishes = case
    host = bench(spec)
    before = copy.deepcopy(host.machine.state())

    planned = host.plan(wishes)
    assert host.machine.state() == before, "a plan has written"
    for item in planned.plan.items:
        event(f"{item.remediator} {item.outcome} {(item.reason or '').rpartition(':')[2][:60]}")
    done = host.apply(planned)
    assert host.machine.state() == metabase_after(before, done)
    if len(wishes) == 1:
        assert [item.changes for item in host.plan(wishes).plan.items if item.outcome == "change"] == []
    host.back(done)
    assert host.machine.state() == before


def metabase_after(before: dict[str, Any], done: Sequence[tuple[Change, ...]]) -> dict[str, Any]:
    from remediators.resources.metabase import split

    after = copy.deepcopy(before)
    for changes in done:
        for change in changes:
            node, name = split(change.address)
            if change.after is None:
                after["metabase"][node].pop(name)
            else:
                data = change.after["data"] if isinstance(change.after, dict) else change.after
                after["metabase"][node][name] = data
    return after
