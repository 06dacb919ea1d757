"""
Whatever is chosen on whatever configuration: typed at a device of the lab and taken back, all is as it was.

The device that is asked is the lab's own (it shares no code with what types there), through the session that runs use;
in memory, where many examples are cheap, and over SSH.
"""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from remediators.catalog import catalog
from remediators.engine.reading import read_all
from remediators.lab.ios_console import shell, terminal_for
from remediators.lab.ios_device import Visit, build
from remediators.lab.ios_editor import vocabulary
from remediators.lab.ios_tree import parse
from remediators.lab.serve import Lab
from remediators.model import Change, Refused, Snapshot, Unread
from remediators.resources.config_lines import ConfigKind
from remediators.sessions.network import NetworkSession
from remediators.transports.base import open_device
from remediators.transports.network_text import Heard
from remediators.transports.settings import settings_of
from tests.resources.test_config_round_trip import options_of_lines

FOLDER = Path(__file__).parents[1] / "lab" / "configs"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.cfg"))}
CATALOG = catalog({})
KIND = ConfigKind()
LENIENT = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def platform_of(text):
    if "Cryptochecksum:" not in text:
        return "ios"
    return "pix" if re.search(r"^PIX Version [1-6]\.", text, re.MULTILINE) else "asa"


class Console:
    """A terminal session in memory, as `NetworkSession` wants one: a line in, what is shown and the prompt out."""

    transcript = ""

    def __init__(self, device):
        self._shown = []
        visit = Visit(0, "admin", 0, lambda: None, self._shown.append)
        self._terminal = terminal_for(device, lambda: "", self._shown.append, lambda _: None)
        self._terminal.length = 0
        self._shell = shell(device, self._terminal, visit, 15)

    def ask(self, line, seconds, *, shown=None, answers=None):
        self._shown.clear()
        self._shell.answer(line)
        self._terminal.flush()
        return Heard("".join(self._shown).replace("\r\n", "\n"), self._shell.prompt.strip())

    def enter_configuration(self, seconds):
        assert self.ask("configure terminal", seconds).configuring

    def leave_configuration(self, seconds):
        ends = "exit" if self._shell.device.platform == "pix" else "end"
        assert not self.ask(ends, seconds).configuring

    def close(self):
        pass


class Desk:
    """One device, and a session at it; `fresh` puts its first configuration back."""

    def __init__(self, device, text, open_line):
        self.device, self._text = device, text
        self.session = NetworkSession(open_line)

    def fresh(self):
        root = parse(self._text)
        space = self.device.spaces[""]
        space.running, space.texts = root, vocabulary(self.device.platform, root)
        self.device.log.clear()
        return self

    def planned(self, name, options):
        """The changes of one task and what was read for it. Raises what the remediator raises."""
        remediator = CATALOG[name]
        chosen = remediator.Options.model_validate(dict(options))
        known = read_all(self.session, Snapshot(), lambda known: remediator.queries(chosen, known))
        wanted = remediator.desired(chosen, known)
        changes = [Change(a, known[a], v) for a, v in wanted.items() if known[a] != v]
        reasons = [reason for change in changes if (reason := KIND.unwritable(change, known))]
        if reasons:
            raise Refused(reasons[0])
        return changes, KIND.write(changes, known)

    def type(self, steps):
        """Type the steps; gives what the device did not take."""
        results, _ = self.session.write(steps, [])
        return [result.words for result in results if result.failed]


def stands(device):
    """What the lab's device has: ordered sections in their order, every other section as a set of its lines."""

    def of(section, nodes):
        lines = [child for node in nodes for child in node.children if not child.separates]
        same = {child.line: [other for other in lines if other.line == child.line] for child in lines}
        below = ((line, found[0].tail, of(line, found)) for line, found in same.items())
        return frozenset(below), tuple(ordered(section, lines))

    return of("", [device.spaces[""].running])


def ordered(section, lines):
    """The lines whose order matters, list by list."""
    if re.match(r"(?:ip access-list|ipv6 access-list) ", section):
        return [child.line for child in lines]
    if section.startswith("policy-map "):
        return [child.line for child in lines if child.line.startswith("class ")]
    named = r"(access-list \S+|ip prefix-list \S+|ipv6 prefix-list \S+|ipv6 access-list \S+|route-map \S+) \S"
    named += r"|(nat) \([^)]*\) source|(nat) \([^)]*\) after-auto"
    found = [
        (match.lastindex, match[match.lastindex], child.line)
        for child in lines
        if (match := re.match(named, child.line))
    ]
    return sorted(found, key=lambda one: one[:2])


def there_and_back(desk, name, options):
    """The law. Raises `Refused`, `Unread` or `ValidationError` where the first plan does."""
    before = stands(desk.device)
    changes, steps = desk.planned(name, options)
    wrong = desk.type(steps)
    if wrong and options.get("state") == "present":
        raise Refused(wrong[0])  # a line of another platform
    assert not wrong
    assert sent(desk.device) == [command.shown for step in steps for command in step.commands]
    assert desk.planned(name, options)[0] == []
    for restoration in KIND.restore(changes):
        desk.device.log.clear()
        _, back = desk.planned(restoration.remediator, restoration.options)
        assert not desk.type(back)
        assert sent(desk.device) == [command.shown for step in back for command in step.commands]
    assert stands(desk.device) == before


def sent(device):
    """What was typed in configuration mode, but for leaving it in the end."""
    lines = device.lines(config=True)
    return lines[:-1] if lines and lines[-1] in ("end", "exit") else lines


def in_memory(name):
    device = build(name, {"device": platform_of(TEXTS[name]), "config": TEXTS[name], "users": {}})
    return Desk(device, TEXTS[name], lambda: Console(device))


def inspections(text):
    """The options of `ip_inspect`, with the names of this configuration, and one that is no name there."""
    names = sorted(set(re.findall(r"^ip inspect name (\S+)", text, re.MULTILINE)))
    return st.fixed_dictionaries(
        {},
        optional={
            "protocols": st.sampled_from([["smtp"], ["esmtp"], ["smtp", "esmtp"]]),
            "inspection": st.sampled_from(["all", "NOSUCH", *names]),
            "when_last": st.sampled_from(["refuse", "unbind"]),
            "allow_no_tcp": st.booleans(),
            "ensure_tcp": st.booleans(),
        },
    )


def fixups(text):
    maps = re.findall(r"^policy-map (\S+)$", text, re.MULTILINE)
    return st.fixed_dictionaries({"policy_map": st.sampled_from(["all", "NOSUCH", *maps])})


def task(text):
    """A remediator for this configuration, with options."""
    if platform_of(text) == "ios":
        for_mail = st.tuples(st.just("ip_inspect"), inspections(text))
    else:
        for_mail = st.tuples(st.just("smtp_fixup"), fixups(text))
    return st.one_of(for_mail, st.tuples(st.just("ios_config"), options_of_lines(text)))


@pytest.mark.parametrize("name", TEXTS)
@LENIENT
@given(data=st.data())
def test_any_task_on_any_configuration_goes_there_and_back(name, data):
    chosen, options = data.draw(task(TEXTS[name]))
    try:
        there_and_back(in_memory(name), chosen, options)
    except (Refused, Unread, ValidationError):
        assume(False)


@pytest.fixture(scope="module")
def over_ssh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("there-and-back")
    fleet = {
        name: {"connection": "network_cli", "device": platform_of(text), "config": text} for name, text in TEXTS.items()
    }
    with Lab(fleet, ports="free", folder=folder) as lab:
        desks = {name: Desk(lab.device(name), TEXTS[name], opener(lab, name)) for name in TEXTS}
        yield desks
        for desk in desks.values():
            desk.session.close()


def opener(lab, name):
    host = lab.hosts[name]
    told = {
        "ansible_connection": "network_cli",
        "ansible_network_os": platform_of(TEXTS[name]),
        "ansible_host": host.address,
        "ansible_port": host.port,
        "ansible_user": host.user,
        "ansible_password": host.password,
        "ansible_become": True,
        "ansible_become_password": "Enable-secret 1",
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={lab.keyring.known_hosts}",
    }
    return lambda: open_device(name, settings_of(name, told), 30.0)


@pytest.mark.parametrize("name", TEXTS)
@settings(LENIENT, max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_the_same_over_a_terminal_session(over_ssh, name, data):
    chosen, options = data.draw(task(TEXTS[name]))
    try:
        there_and_back(over_ssh[name].fresh(), chosen, options)
    except (Refused, Unread, ValidationError):
        assume(False)


def test_a_rule_of_twice_nat_comes_back_at_its_place_and_not_into_an_object():
    desk = in_memory("asa-objects")
    rule = "nat (mail,outside) source static MAIL-A MAIL-A-OUT service SMTP SMTP"
    stood = [line for line in desk.device.running().splitlines() if line.startswith("nat ")]

    there_and_back(desk, "ios_config", {"lines": ["object network MAIL-A", rule], "state": "absent"})

    assert [line for line in desk.device.running().splitlines() if line.startswith("nat ")] == stood


def test_lines_that_a_device_asks_about_are_refused_before_anything_is_sent():
    for lines in (["username ops autocommand show ip inspect sessions"], ["interface GigabitEthernet0/2"]):
        with pytest.raises(Refused, match=r"users by hand|cannot be removed"):
            in_memory("zones").planned("ios_config", {"lines": lines, "state": "absent"})
