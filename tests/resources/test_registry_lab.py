"""The registry against the lab's Windows: 2003 and 2008, other languages and code pages, lines put into batch files."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from remediators.engine.reading import read_all
from remediators.lab.world import build
from remediators.model import Output, Refused, Snapshot, Unread
from remediators.resources import host, registry
from tests.resources.registry_cases import (
    BASE,
    KEYS,
    KIND,
    VALUES,
    Counting,
    look,
    of,
    put,
    session,
    there_and_back,
    wanted,
)

HOSTS = {
    "2003": {"os": "2003"},
    "2003 German": {"os": "2003", "language": "de", "codepage": 850},
    "2003 x64": {"os": "2003", "architecture": "x64", "bits": 64},
    "2008": {"os": "2008"},
    "2008 German": {"os": "2008", "language": "de"},
    "batch file": {"os": "2003", "line_style": "script"},
    "echoing batch file": {"os": "2003", "line_style": "script", "echo": True},
}


@dataclass
class LabChannel:
    machine: object
    wide: bool = True  # whether type knows /u

    def run(self, line, seconds):
        line = line if self.wide else line.replace("cmd /d /u /c", "cmd /d /c")
        ran = self.machine.run(line)
        return Output(ran.stdout, ran.stderr, ran.status)

    def close(self):
        pass


def channel(wide=True, **spec):
    return Counting(LabChannel(build("exch", spec), wide))


@pytest.mark.parametrize("spec", HOSTS.values(), ids=HOSTS.keys())
def test_every_type_is_written_read_back_the_same_and_removed_again(spec):
    there_and_back(session(channel(**spec)))


def test_one_line_reads_everything_that_text_can_carry():
    line = channel(os="2003")
    known = look(
        session(line), [registry.value(r"HKLM\SOFTWARE\A", "B"), registry.value(r"HKLM\SOFTWARE\Microsoft", "C")]
    )
    assert known[registry.value(r"HKLM\SOFTWARE\A", "B")] is None
    assert known[registry.key(r"HKLM\SOFTWARE\A")] is None
    assert len(line.lines) == 1


def test_a_key_that_may_not_be_opened_is_unread_and_not_absent():
    closed = r"HKLM\SOFTWARE\Closed"
    line = channel(os="2003", registry={closed: {"V": {"type": "dword", "data": 1}}}, denied=[closed])
    known = look(session(line), [registry.value(closed, "V")])
    with pytest.raises(Unread, match="could not be opened"):
        known[registry.value(closed, "V")]


def test_a_whole_key_is_read_with_all_that_is_in_it():
    host_ = session(channel(os="2003"))
    changes = wanted()
    put(host_, changes, look(host_, [change.address for change in changes]))
    known = read_all(host_, Snapshot(), lambda known: registry.read_tree(registry.key(BASE), known))
    inside = registry.contents(registry.key(BASE), known)
    assert {address: known[address] for address in inside if address in VALUES} == VALUES
    assert set(inside) == {*VALUES, *KEYS} - {registry.key(BASE), KEYS[-1]}
    assert inside[0] == registry.key(BASE + "\\Bare\\Deep")


def test_a_tree_that_cannot_be_read_wholly_has_no_contents():
    closed = r"HKLM\SOFTWARE\Open\Closed"
    line = channel(os="2003", registry={closed: {}}, denied=[closed])
    key = registry.key(r"HKLM\SOFTWARE\Open")
    known = read_all(session(line), Snapshot(), lambda known: registry.read_tree(key, known))
    with pytest.raises(Unread):
        registry.contents(key, known)


def test_the_32_bit_view_is_another_registry_on_64_bit_windows():
    for spec in (
        {"os": "2003", "architecture": "x64", "bits": 64},
        {"os": "2008", "architecture": "x64", "bits": 64},
    ):
        host_ = session(channel(**spec))
        native, narrow = (registry.value(r"HKLM\SOFTWARE\X", "V", view) for view in ("native", "32"))
        known = look(host_, [native, narrow])
        known = put(
            host_, [_new(narrow, of("dword", 32)), _new(registry.key(r"HKLM\SOFTWARE\X", "32"), "present")], known
        )
        known = look(host_, [native, narrow], known)
        assert known[native] is None
        assert known[narrow] == of("dword", 32)


def test_32_bit_windows_has_no_64_bit_view():
    host_ = session(channel(os="2003"))
    address = registry.value(r"HKLM\SOFTWARE\X", "V", "64")
    known = look(host_, [address])
    with pytest.raises(Unread, match="32 bits"):
        known[address]
    with pytest.raises(Refused, match="32 bits"):
        registry.check_view("64", known)


def test_windows_2000_is_refused_by_its_version():
    known = read_all(session(channel(os="2000")), Snapshot(), lambda known: [host.query()])
    assert "5.0.2195" in host.refuse(known)


def _new(address, value):
    from remediators.model import Change

    return Change(address, None, value)


def test_a_key_that_holds_a_name_outside_the_code_page_is_not_taken_for_another():
    key = r"HKLM\SOFTWARE\Held"
    for inside in ({key: {"漢": {"type": "dword", "data": 1}}}, {f"{key}\\漢": {}}):
        line = channel(wide=False, os="2003", registry=inside)
        known = read_all(session(line), Snapshot(), lambda known: registry.read_tree(registry.key(key), known))
        with pytest.raises(Unread):
            registry.contents(registry.key(key), known)


def test_names_and_text_that_the_code_page_would_turn_into_others_are_read_exactly():
    key = r"HKLM\SOFTWARE\Held"
    inside = {key: {"漢": {"type": "sz", "data": "ä?漢"}, "ä": {"type": "sz", "data": "ä"}}, f"{key}\\ä": {}}
    line = channel(os="2003", codepage=932, registry=inside)
    known = read_all(session(line), Snapshot(), lambda known: registry.read_tree(registry.key(key), known))
    found = {str(address): known[address] for address in registry.contents(registry.key(key), known)}
    assert found == {
        f"registry-key:{key}\\ä": "present",
        f"registry:{key}:漢": of("sz", "ä?漢"),
        f"registry:{key}:ä": of("sz", "ä"),
    }


def test_a_key_whose_contents_could_not_be_read_does_not_seem_empty_to_whoever_also_asked_for_the_key():
    line = channel(wide=False, os="2003", registry={r"HKLM\SOFTWARE\Held": {"漢": {"type": "dword", "data": 1}}})
    key = registry.key(r"HKLM\SOFTWARE\Held")
    known = look(session(line), [key])
    known = read_all(session(line), known, lambda known: registry.read_tree(key, known))
    assert known[key] == "present"
    with pytest.raises(Unread):
        registry.contents(key, known)


def test_expandable_text_outside_the_code_page_is_read_by_its_bytes():
    line = channel(os="2003", registry={r"HKLM\SOFTWARE\X": {"a": {"type": "expand_sz", "data": "%漢%?"}}})
    address = registry.value(r"HKLM\SOFTWARE\X", "a")
    known = look(session(line), [address])
    assert known[address] == of("expand_sz", "%漢%?")
    assert address not in known.doubts


def test_a_name_that_could_not_be_read_back_is_refused_when_it_is_planned():
    line = channel(os="2003")
    known = read_all(session(line), Snapshot(), lambda known: [host.query()])
    for address, value in (
        (registry.value(r"HKLM\SOFTWARE\X", "漢"), of("dword", 1)),
        (registry.value("HKLM\\SOFTWARE\\漢", "x"), of("dword", 1)),
    ):
        assert "cannot be read back" in (KIND.unwritable(_new(address, value), known) or "")
        assert "cannot be read back" in (KIND.unwritable(_new(address, value).inverse(), known) or "")
