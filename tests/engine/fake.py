"""A small model of a host: a dictionary of things. The only double in the engine's tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from remediators.engine.house import House
from remediators.model import (
    Action,
    Address,
    Answer,
    Command,
    Dropped,
    Host,
    Performance,
    Platform,
    Query,
    ReadFailed,
    Reading,
    RemediationError,
    Remediator,
    Rendered,
    Restoration,
    Scope,
    Step,
    StepResult,
    Unreachable,
)


def thing(name):
    return Address("thing", name)


class ThingKind:
    kinds = frozenset({"thing"})

    def queries(self, addresses, known, details):
        return [question(a) for a in addresses]

    def write(self, changes, known):
        additions_first = sorted(changes, key=lambda change: change.after is None)
        return [
            Step(
                (Command(f"set {json.dumps([c.address.path, c.after])}", f"set {c.address.path} {shown(c)}"),),
                frozenset({c.address}),
            )
            for c in additions_first
        ]

    def unwritable(self, change, known):
        return "it is too odd to be written back" if change.before == "odd" else None

    def perform(self, action, known):
        commands = (Command(f"kick {action.address.path}", f"kick {action.address.path}"),)
        address = thing(action.address.path)
        return Performance(
            (Step(commands, frozenset({address})),),
            {address: known[address]},
            {address: known[address]},
            (f"{action.address.path} is kicked",),
        )

    def restore(self, changes):
        return [
            Restoration(
                "thing", {"values": {c.address.path: c.before}}, f"undoes: {c.address} -> {c.after}", (c.address,)
            )
            for c in changes
        ]

    def notes(self, changes, known):
        return ()


def shown(change):
    return "********" if change.sensitive and change.after is not None else json.dumps(change.after)


def question(address):
    def parse(answers):
        if not answers[0].ok:
            raise ReadFailed("access denied")
        value = json.loads(answers[0].text)
        return Reading({address: value} if value is not None else {})

    return Query(f"get {address.identity}", (Command(f"get {address.path}", ""),), Scope(frozenset({address})), parse)


class Things(Remediator):
    name = "thing"
    platform = "any"

    class Options(BaseModel):
        model_config = ConfigDict(extra="forbid")
        values: dict[str, str | None] = {}
        kick: str | None = None

    def queries(self, options, known):
        names = [*options.values, *([options.kick] if options.kick else [])]
        return [question(thing(name)) for name in names]

    def desired(self, options, snapshot):
        return {thing(name): value for name, value in options.values.items()}

    def actions(self, options, snapshot):
        return [Action(thing(options.kick), "kicked", (thing(options.kick),))] if options.kick else []


@dataclass
class FakeTask:
    name: str
    values: dict = field(default_factory=dict)
    kick: str | None = None
    handler: bool = False
    notify: tuple = ()
    ignore_errors: bool = False
    sensitive: bool = False
    skipped: str | None = None
    verify: dict = field(default_factory=dict)
    on_verify_failure: str = "stop"
    guard: int = 0
    facts: frozenset = frozenset()
    when_fact: str | None = None
    play: str = "play"
    remediator: str = "thing"
    where: str = "book.yml:1:1"
    allow_unverified: bool = False
    cause: int | None = None
    loop: tuple = ("",)

    def render(self, facts):
        if self.when_fact and not facts[self.when_fact]:
            return (Rendered(None, skipped="when is false"),)
        options = Things.Options(values=self.values, kick=self.kick)
        return [Rendered(options, self.verify, self.skipped, label, self.sensitive) for label in self.loop]

    def preview(self):
        return () if self.skipped else (Rendered(Things.Options(values=self.values, kick=self.kick)),)


class FakeHost:
    """Things by name; ``denied`` cannot be read, ``stuck`` do not change, ``dies_after`` commands the wire breaks."""

    def __init__(self, things=None):
        self.things = dict(things or {})
        self.denied = set()
        self.stuck = set()
        self.dies_after = None
        self.dies_of = Dropped("the connection went away")
        self.before_write = lambda: None
        self.before_read = lambda: None
        self.trips = []
        self.writes = []
        self.kicks = []
        self.fails = set()

    def do(self, line):
        verb, _, rest = line.partition(" ")
        if verb == "get":
            status = 5 if rest in self.denied else 0
            return Answer(json.dumps(self.things.get(rest)).encode(), status, "utf-8")
        if verb == "kick":
            self.kicks.append(rest)
            return Answer(b"", 0, "utf-8")
        name, value = json.loads(rest)
        if name in self.fails:
            return Answer(b"no, never", 1, "utf-8")
        self.writes.append((name, value))
        if name not in self.stuck:
            self.things[name] = value
            if value is None:
                del self.things[name]
        return Answer(b"done", 0, "utf-8")


class FakeSession:
    def __init__(self, host):
        self.host = host
        self.closed = False

    def read(self, queries):
        self.host.trips.append("read")
        self.host.before_read()
        return [self._one(query) for query in queries]

    def _one(self, query):
        try:
            return query.parse([self.host.do(command.line) for command in query.commands])
        except RemediationError as error:
            return error.message

    def write(self, steps, then):
        self.host.trips.append("write")
        self.host.before_write()
        results, failed = [], False
        for step in steps:
            answers = []
            for command in step.commands:
                if failed and not step.always:
                    break
                if self.host.dies_after is not None:
                    if self.host.dies_after == 0:
                        self.host.dies_after = None
                        raise self.host.dies_of
                    self.host.dies_after -= 1
                answer = self.host.do(command.line)
                answers.append(answer)
                failed = failed or not answer.ok
            results.append(StepResult(tuple(answers)))
        return results, [self._one(query) for query in then]

    def close(self):
        self.closed = True


class FakeFact:
    name = "colour"
    description = source = "the model"
    platform = "any"

    def queries(self, known):
        return [question(thing("colour"))]

    def value(self, snapshot):
        return snapshot[thing("colour")]


class FakeCheck:
    """Sees what a thing is from outside."""

    name = "seen"

    class Options(BaseModel):
        thing: str
        value: str

    def __init__(self, hosts):
        self.hosts = hosts

    def run(self, host, options, deadline):
        seen = self.hosts[host.name].things.get(options.thing)
        return None if seen == options.value else f"{options.thing} looks like {seen}"


def house(hosts):
    kind = ThingKind()
    platform = Platform(
        "fake",
        lambda: [question(thing("version"))],
        lambda known: "too old" if known[thing("version")] == "old" else None,
    )
    return House(
        remediators={"thing": Things()},
        kinds={"thing": kind},
        facts={"colour": FakeFact()},
        checks={"seen": FakeCheck(hosts)},
        platform_of=lambda host: platform,
        by_hand=lambda platform, parts: (
            "cmd",
            "\n".join(f"rem {text}\n" + "\n".join(c.shown for c in cs) for text, cs in parts),
        ),
    )


def connector(hosts, unreachable=()):
    def connect(host):
        if host.name in unreachable:
            raise Unreachable("connection refused")
        return FakeSession(hosts[host.name])

    return connect


def fleet(hosts):
    return {name: Host(name, {}) for name in hosts}
