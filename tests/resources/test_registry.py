"""The registry without a host: addresses, values, parsers, questions, steps and the way back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.model import Action, Address, Answer, Change, Refused, Snapshot, Unread, UsageError
from remediators.quoting import cmd
from remediators.quoting import reg as reg_files
from remediators.resources import host, registry
from remediators.resources.registry_files import exported, parse
from remediators.resources.registry_text import INEXACT, Seen, lists_value, value_in
from remediators.resources.registry_values import from_bytes, to_bytes
from remediators.resources.registry_views import reg

KIND = registry.RegistryKind()
KEY = r"HKLM\SOFTWARE\X"
HEAD_2003 = "\r\n! REG.EXE VERSION 3.0\r\n\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\X\r\n"
HEAD_2008 = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\X\r\n"
MISSING = "\r\nError:  The system was unable to find the specified registry key or value\r\n"


def says(text, status=0, encoding="cp437"):
    return Answer(text.encode(encoding, "replace"), status, encoding)


NOT_RUN = Answer(b"", None, "cp437")


def known_host(version="5.2.3790", architecture="x86", bits="32"):
    return Snapshot({host.VERSION: version, host.ARCHITECTURE: architecture, host.SHELL_BITS: bits})


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (r"HKEY_LOCAL_MACHINE\Software\X", r"HKLM\Software\X"),
        ("hklm\\\\Software\\X\\", r"HKLM\Software\X"),
        (r"HKEY_USERS\S-1-5-18", r"HKU\S-1-5-18"),
        (r"HKCR\.txt", r"HKCR\.txt"),
        (r"HKLM:\SOFTWARE", r"HKLM\SOFTWARE"),
    ],
)
def test_a_key_has_one_spelling(key, path):
    assert registry.key(key) == Address("registry-key", path)


@pytest.mark.parametrize(
    ("key", "words"),
    [(r"HKCU\Software", r"HKU\\SID"), ("HKXX\\A", "HKLM, HKU"), ("", "hive"), ("HKLM\\a\nb", "control")],
)
def test_a_key_that_cannot_be_meant_is_an_error_that_says_what_to_write(key, words):
    with pytest.raises(UsageError, match=words):
        registry.key(key)


@pytest.mark.parametrize("name", ["plain", "a:b", "c%d", "e#f", "g > h", "C:\\i\\j", "(default)", ""])
def test_an_address_gives_its_key_and_name_back(name):
    address = registry.value(KEY, name, "32")
    at = registry.place(Address.parse(str(address)))
    assert (at.key, at.view) == (KEY, "32")
    assert at.name == ("" if name in ("(default)", "") else name)
    assert address.kind == "registry@32"


def test_a_view_that_does_not_exist_is_an_error():
    with pytest.raises(UsageError, match="native, 32, 64"):
        registry.value(KEY, "a", "16")


# -- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "data", "value"),
    [
        ("sz", "text", {"type": "REG_SZ", "data": "text"}),
        ("REG_DWORD", -1, {"type": "REG_DWORD", "data": 4294967295}),
        ("qword", 2**64 - 1, {"type": "REG_QWORD", "data": 2**64 - 1}),
        ("multi_sz", [], {"type": "REG_MULTI_SZ", "data": []}),
        ("binary", "01 FF", {"type": "REG_BINARY", "data": "01ff"}),
        ("none", "", {"type": "REG_NONE", "data": ""}),
        ("REG_6", "41,00", {"type": "REG_LINK", "data": "4100"}),
        ("reg_12345", "00", {"type": "REG_12345", "data": "00"}),
    ],
)
def test_values_have_one_canonical_form(type_name, data, value):
    assert registry.canonical(type_name, data) == value


@pytest.mark.parametrize(
    ("type_name", "data", "words"),
    [
        ("dword", 2**32, "does not fit"),
        ("dword", -(2**31) - 1, "does not fit"),
        ("dword", True, "whole number"),
        ("dword", "1", "whole number"),
        ("sz", 1, "quotes"),
        ("sz", "a\0b", "cannot hold"),
        ("multi_sz", "a", "list"),
        ("multi_sz", ["a", 1], "quotes"),
        ("binary", "abc", "two digits"),
        ("binary", 1, "quotes"),
        ("string", "x", "there are none, sz"),
    ],
)
def test_data_that_does_not_fit_its_type_is_an_error(type_name, data, words):
    with pytest.raises(UsageError, match=words):
        registry.canonical(type_name, data)


@given(st.integers(0, 14), st.binary(max_size=12))
def test_any_bytes_of_any_type_are_kept_exactly_and_survive_json(number, data):
    value = from_bytes(number, data)
    assert to_bytes(json.loads(json.dumps(value))) == (number, data)
    again = registry.canonical(value["type"], value.get("data"), value.get("raw"))
    assert again == value


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (1, b"a\0"),
        (1, b"a\0\0\0b\0\0\0"),
        (1, b"a\0\0"),
        (1, b""),
        (4, b"\1\2\3"),
        (7, b""),
        (7, b"a\0\0\0"),
        (1, b"\0\xd8\0\0"),
    ],
)
def test_what_its_type_cannot_say_is_kept_raw(number, data):
    assert from_bytes(number, data)["raw"] == data.hex()


# -- the text of reg query -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (HEAD_2003 + "    StackTrace MB\tREG_DWORD\t0x18\r\n\r\n", "StackTrace MB", {"type": "REG_DWORD", "data": 24}),
        (HEAD_2008 + "    Name    REG_DWORD    0x2f0\r\n\r\n", "NAME", {"type": "REG_DWORD", "data": 752}),
        (HEAD_2003 + "    N\tREG_SZ\ta  b \r\n", "N", {"type": "REG_SZ", "data": "a  b "}),
        (HEAD_2008 + "    N    REG_SZ    \r\n\r\n", "N", {"type": "REG_SZ", "data": ""}),
        (HEAD_2003 + "    N\tREG_SZ\r\n\r\n", "N", {"type": "REG_SZ", "data": ""}),
        (HEAD_2008 + "    N    REG_EXPAND_SZ        x\r\n", "N", {"type": "REG_EXPAND_SZ", "data": "    x"}),
        (HEAD_2008 + "    N    REG_BINARY    01FF\r\n\r\n", "N", {"type": "REG_BINARY", "data": "01ff"}),
        (HEAD_2003 + "    <NO NAME>\tREG_SZ\tx\r\n\r\n", "", {"type": "REG_SZ", "data": "x"}),
        (HEAD_2008 + "    (Standard)    REG_DWORD    0x0\r\n\r\n", "", {"type": "REG_DWORD", "data": 0}),
    ],
)
def test_both_styles_of_reg_query_are_read(text, name, value):
    assert value_in(says(text), name) == Seen(value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (HEAD_2008 + "    N    REG_SZ    a\r\n    M    REG_SZ    b\r\n\r\n", "N"),
        (HEAD_2008 + "    N    REG_SZ    a\r\nb\r\n\r\n", "N"),
        (HEAD_2008 + "    N    REG_SZ    a\r\n\r\n\r\n", "N"),
        (HEAD_2008 + "    N    REG_SZ    a\nb\r\n\r\n", "N"),
        (HEAD_2008 + "    M    REG_SZ    a\r\n\r\n", "N"),
        (HEAD_2008 + "    N    REG_MULTI_SZ    a\\0b\r\n\r\n", "N"),
        (HEAD_2008 + "    N    REG_QWORD    (null)\r\n\r\n", "N"),
        (HEAD_2008 + "    N    REG_SZ    M\u00fcller\r\n\r\n", "N"),
        (HEAD_2008 + "    (Standard)    REG_SZ    (Wert nicht gesetzt)\r\n\r\n", ""),
        (HEAD_2003 + "    <NO NAME>\tREG_SZ\t\r\n\r\n", ""),
        ("", "N"),
    ],
)
def test_what_text_cannot_carry_exactly_is_asked_again(text, name):
    assert not value_in(says(text), name).exact


def test_utf_8_carries_text_exactly_and_a_lost_character_is_unread():
    text = HEAD_2008 + "    N    REG_SZ    M\u00fcller?\r\n\r\n"
    assert value_in(says(text, encoding="utf-8"), "N") == Seen({"type": "REG_SZ", "data": "M\u00fcller?"})
    assert value_in(says(text, encoding="cp437"), "N").exact is False
    lost = Answer(text.encode("cp437"), 0, "ascii")
    assert value_in(lost, "N") == INEXACT


def test_a_question_mark_outside_utf_8_may_be_another_character_unless_the_file_tells():
    assert value_in(says(HEAD_2003 + "    N\tREG_SZ\twhy?\r\n\r\n"), "N") == INEXACT
    file = FILE.replace("unnamed", "why?")
    for wide, doubt in ((file.encode("utf-16-le"), None), (b"", "a question mark may stand for a character outside")):
        whole = exported(Answer(wide, 0, "cp437"), says(file), NOT_RUN)
        seen = whole.seen(whole.sections[0].entries[0])
        assert seen.value == {"type": "REG_SZ", "data": "why?"}
        assert (seen.doubt or "").startswith(doubt or "") is True
        assert (seen.doubt is None) is (doubt is None)


def test_a_listing_shows_names_with_blanks():
    listing = says(HEAD_2003 + "    a  b\tREG_SZ\tx\r\n")
    assert lists_value(listing, "A  B")
    assert not lists_value(listing, "a")


# -- registry files --------------------------------------------------------------------------------------------------

FILE = (
    "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\X]\r\n"
    '@="unnamed"\r\n"A \\"q\\" \\\\"="one\r\n[two]\\\\"\r\n"M"=hex(7):61,00,00,00,\\\r\n  00,00\r\n"E"=hex(2):\r\n'
    '"D"=dword:0000000a\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\X\\Sub]\r\n\r\n'
)


def test_an_exported_file_is_read_whole():
    top, sub = parse(FILE)
    assert [(e.name, from_bytes(e.number, e.data)) for e in top.entries] == [
        ("", {"type": "REG_SZ", "data": "unnamed"}),
        ('A "q" \\', {"type": "REG_SZ", "data": "one\r\n[two]\\"}),
        ("M", {"type": "REG_MULTI_SZ", "data": ["a"]}),
        ("E", {"type": "REG_EXPAND_SZ", "raw": ""}),
        ("D", {"type": "REG_DWORD", "data": 10}),
    ]
    assert (sub.path, sub.entries) == (r"HKLM\SOFTWARE\X\Sub", ())


def test_a_file_without_empty_lines_or_in_utf_16_is_the_same_file():
    assert list(parse(FILE.replace("\r\n\r\n", "\r\n"))) == list(parse(FILE))
    wide = Answer(b"\xff\xfe" + FILE.encode("utf-16-le"), 0, "cp437")
    assert exported(NOT_RUN, wide, NOT_RUN).sections == tuple(parse(FILE))


@pytest.mark.parametrize("length", [20, 50, 80, 120, 150, 160, 185, len(FILE) - 20])
def test_a_file_that_is_cut_off_is_not_read_wrongly(length):
    whole = {(s.path, e) for s in parse(FILE) for e in s.entries}
    try:
        part = {(s.path, e) for s in parse(FILE[:length]) for e in s.entries}
    except ValueError:
        return
    assert part <= whole


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30), st.binary(max_size=700))
def test_what_the_file_door_writes_the_parser_reads(name, data):
    lines = [reg_files.UNICODE, reg_files.key_line(r"HKEY_LOCAL_MACHINE\X"), *reg_files.hex_lines(name, 3, data)]
    (section,) = parse("\r\n".join(lines) + "\r\n")
    assert [(e.name, e.number, e.data) for e in section.entries] == [(name, 3, data)]


def test_the_file_door_takes_nothing_but_printable_ascii():
    for name in ("M\u00fcller", "a\nb"):
        with pytest.raises(Refused, match=r"U\+"):
            list(reg_files.hex_lines(name, 3, b""))


# -- questions -------------------------------------------------------------------------------------------------------


def ask(*addresses, known=None):
    return list(registry.read_values(addresses, known or Snapshot()))


def test_a_value_is_asked_for_up_to_the_hive_but_only_after_failures():
    (query,) = ask(registry.value(KEY, "V"))
    assert [(c.shown, c.only_after_failure) for c in query.commands] == [
        (r"reg query HKLM\SOFTWARE\X /v V", False),
        (r"reg query HKLM\SOFTWARE\X", True),
        (r"reg query HKLM\SOFTWARE", True),
        (r"reg query HKLM", True),
    ]


def test_values_of_one_key_share_a_question_and_a_key_above_costs_nothing():
    (query,) = ask(
        registry.value(KEY, "A"), registry.value(KEY, "b"), registry.key(KEY), registry.key(r"HKLM\SOFTWARE")
    )
    assert sum(command.shown == r"reg query HKLM\SOFTWARE" for command in query.commands) == 1
    assert query.scope.covers(registry.key("HKLM"))


def read(address, *answers):
    (query,) = ask(address)
    return Snapshot().read(query, query.parse(answers))


def test_a_value_is_absent_only_if_its_key_was_listed_without_it():
    address = registry.value(KEY, "V")
    known = read(address, says(MISSING, 1), says(HEAD_2003 + "    W\tREG_SZ\tx\r\n"), NOT_RUN, NOT_RUN)
    assert known[address] is None
    assert known[registry.key(KEY)] == "present"
    known = read(address, says("denied", 1), says(HEAD_2003 + "    V\tREG_SZ\tx\r\n"), NOT_RUN, NOT_RUN)
    with pytest.raises(Unread, match="listed but could not be read: denied"):
        known[address]


def test_a_key_is_absent_only_if_the_key_above_was_listed_without_it():
    address = registry.value(KEY, "V")
    above = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\r\n\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Y\r\n"
    known = read(address, says(MISSING, 1), says(MISSING, 1), says(above), NOT_RUN)
    assert (known[address], known[registry.key(KEY)]) == (None, None)
    assert known[registry.key(r"HKLM\SOFTWARE")] == "present"
    listed = above + "HKEY_LOCAL_MACHINE\\Software\\x\r\n"
    known = read(address, says("denied", 1), says("denied", 1), says(listed), NOT_RUN)
    for each in (address, registry.key(KEY)):
        with pytest.raises(Unread, match="is there but could not be opened: denied"):
            known[each]


def test_where_not_even_the_hive_opens_nothing_is_absent():
    known = read(registry.value(KEY, "V"), *[says("denied", 1)] * 4)
    for each in (registry.value(KEY, "V"), registry.key(KEY), registry.key("HKLM")):
        with pytest.raises(Unread, match="denied"):
            known[each]


def test_a_name_that_the_code_page_cannot_tell_apart_is_not_absent():
    address = registry.value("HKLM\\SOFTWARE\\\u65e5\u672c", "V")
    above = says("\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\r\n")
    known = read(address, says(MISSING, 1), says(MISSING, 1), above, NOT_RUN)
    with pytest.raises(Unread):
        known[address]


def test_an_inexact_value_is_exported_in_the_next_round():
    address = registry.value(KEY, "M")
    text = says(HEAD_2003 + "    M\tREG_MULTI_SZ\ta\\0\r\n\r\n")
    known = read(address, text, NOT_RUN, NOT_RUN, NOT_RUN)
    export = ask(address, known=known)[-1]
    assert [c.shown.split(" ")[0] for c in export.commands] == ["del", "reg", "cmd", "type", "for", "del"]
    known = known.read(export, export.parse([says(""), says("ok"), NOT_RUN, says(FILE), NOT_RUN, says("")]))
    assert known[address] == {"type": "REG_MULTI_SZ", "data": ["a"]}
    assert [query.name for query in ask(address, known=known) if query.name not in known.asked] == []


def test_a_failed_export_leaves_the_value_unread():
    address = registry.value(KEY, "/V")
    known = read(address, says(HEAD_2003), NOT_RUN, NOT_RUN)
    export = ask(address, known=known)[-1]
    with pytest.raises(Exception, match="could not be exported: no room"):
        export.parse([says(""), says("no room", 1), says("", 1), says("", 1), says("", 1), says("")])


# -- views -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "known", "shown"),
    [
        ("native", known_host(), "reg query K"),
        ("32", known_host(), "reg query K"),
        ("32", known_host("6.0.6002", "amd64", "64"), "reg query K /reg:32"),
        ("64", known_host("6.0.6002", "amd64", "32"), "reg query K /reg:64"),
        ("32", known_host("5.2.3790", "amd64", "64"), r'"%SystemRoot%\SysWOW64\reg.exe" query K'),
        ("64", known_host("5.2.3790", "amd64", "64"), "reg query K"),
        ("64", known_host("5.2.3790", "amd64", "32"), r'"%SystemRoot%\Sysnative\reg.exe" query K'),
    ],
)
def test_each_view_has_its_own_program(view, known, shown):
    assert reg(view, known).query("K").shown == shown


def test_a_view_first_asks_what_the_host_is():
    assert [query.name for query in ask(registry.value(KEY, "V", "32"))] == ["host"]


# -- steps -----------------------------------------------------------------------------------------------------------


def shown(*changes, known=None):
    return [command.shown for step in KIND.write(changes, known or Snapshot()) for command in step.commands]


def setting(name, value, before=None, **more):
    return Change(registry.value(KEY, name), before, value, **more)


def test_plain_values_are_set_as_a_person_would_type_it():
    assert shown(setting("a b", registry.canonical("sz", 'say "x"')), setting("", registry.canonical("dword", 1))) == [
        'reg add HKLM\\SOFTWARE\\X /v "a b" /t REG_SZ /d "say \\"x\\"" /f',
        r"reg add HKLM\SOFTWARE\X /ve /t REG_DWORD /d 1 /f",
    ]


def test_other_values_go_by_a_file_that_is_deleted_even_after_a_failure():
    steps = KIND.write([setting("m", registry.canonical("qword", 1))], Snapshot())
    first, last = steps
    words = [command.shown for command in first.commands]
    assert words[0].endswith("echo Windows Registry Editor Version 5.00")
    assert words[2].endswith('echo "m"=hex(b):01,00,00,00,00,00,00,00')
    assert words[3].startswith("reg import")
    assert last.always
    assert last.commands[0].shown.startswith("del /q")


@pytest.mark.parametrize("text", ["/f", "-x", "M\u00fcller", "two\nlines", "x" * 2000])
def test_text_that_a_command_line_might_misread_goes_by_a_file(text):
    assert any("reg import" in line for line in shown(setting("v", registry.canonical("sz", text))))


def test_a_pending_part_of_a_write_needs_no_command_that_the_whole_did_not_have():
    parts = [setting(name, registry.canonical("multi_sz", [name])) for name in ("a", "b")]
    assert set(shown(parts[1])) <= set(shown(*parts))


def test_additions_come_before_removals_and_keys_go_deepest_first():
    lines = shown(
        Change(registry.key(KEY), "present", None),
        Change(registry.value(KEY, "gone with its key"), registry.canonical("dword", 1), None),
        Change(registry.key(KEY + "\\Sub"), "present", None),
        Change(registry.value(r"HKLM\SOFTWARE\Y", "old"), registry.canonical("dword", 1), None),
        Change(registry.value(r"HKLM\SOFTWARE\Y", "new"), None, registry.canonical("dword", 1)),
    )
    assert lines == [
        r"reg add HKLM\SOFTWARE\Y /v new /t REG_DWORD /d 1 /f",
        r"reg delete HKLM\SOFTWARE\Y /v old /f",
        r"reg delete HKLM\SOFTWARE\X\Sub /f",
        r"reg delete HKLM\SOFTWARE\X /f",
    ]


def test_every_change_is_settled_by_exactly_one_step():
    changes = [
        Change(registry.key(KEY), None, "present"),
        Change(registry.key(KEY + "\\A"), None, "present"),
        Change(registry.key(KEY + "\\A\\B"), None, "present"),
        setting("s", registry.canonical("sz", "x")),
        setting("m", registry.canonical("multi_sz", ["x"])),
        Change(registry.value(r"HKLM\SOFTWARE\Z", "gone"), registry.canonical("dword", 1), None),
    ]
    settled = [address for step in KIND.write(changes, Snapshot()) for address in step.settles]
    assert sorted(settled) == sorted(change.address for change in changes)


@pytest.mark.parametrize(
    "value", [registry.canonical("sz", "hunter2"), registry.canonical("binary", "686e74657232" * 200)]
)
def test_a_secret_is_sent_and_never_shown(value):
    steps = KIND.write([setting("v", value, sensitive=True)], Snapshot())
    commands = [command for step in steps for command in step.commands]
    assert any(cmd.MASK in command.shown for command in commands)
    assert not any("hunter2" in command.shown or "68,6e,74" in command.shown for command in commands)
    assert any("hunter2" in command.line or "68,6e,74" in command.line for command in commands)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (setting("M\u00fcller", registry.canonical("multi_sz", ["x"])), "cannot be written to a registry file"),
        (setting("v", registry.canonical("binary", "00" * 70000)), "more than 65536"),
        (Change(registry.value(KEY, "a"), registry.canonical("qword", 1), None), None),
        (Change(Address("registry", KEY + ":a\tb"), None, registry.canonical("sz", "x")), "cannot be passed"),
        (Change(registry.key("HKLM"), None, "present"), "hive"),
        (setting("v", registry.canonical("sz", "x"), {"type": "REG_SZ", "raw": "6100"}), None),
    ],
)
def test_what_cannot_be_written_or_put_back_is_known_at_plan_time(change, words):
    reason = KIND.unwritable(change, Snapshot())
    assert reason is None if words is None else words in reason


# -- the way back ----------------------------------------------------------------------------------------------------


def test_the_way_back_makes_keys_first_then_values_and_removes_made_keys_last_if_they_are_empty():
    back = KIND.restore(
        [
            Change(registry.key(r"HKLM\SOFTWARE\New"), None, "present"),
            Change(registry.key(r"HKLM\SOFTWARE\New\Sub"), None, "present"),
            Change(registry.value(r"HKLM\SOFTWARE\New\Sub", "V"), None, registry.canonical("dword", 1)),
            Change(registry.value(r"HKLM\SOFTWARE\Old", "", "32"), registry.canonical("sz", "x"), None),
            Change(registry.key(r"HKLM\SOFTWARE\Old", "32"), "present", None),
        ]
    )
    assert [dict(task.options) for task in back] == [
        {"key": r"HKLM\SOFTWARE\Old", "view": "32", "state": "present"},
        {"key": r"HKLM\SOFTWARE\Old", "view": "32", "values": {"(Default)": {"type": "sz", "data": "x"}}},
        {"key": r"HKLM\SOFTWARE\New\Sub", "values": {"V": "absent"}},
        {"key": r"HKLM\SOFTWARE\New\Sub", "state": "absent", "only_if_empty": True},
        {"key": r"HKLM\SOFTWARE\New", "state": "absent", "only_if_empty": True},
    ]
    assert back[2].comment == "undoes: HKLM\\SOFTWARE\\New\\Sub V absent → REG_DWORD 1"
    assert {task.remediator for task in back} == {"registry"}


def test_the_way_back_does_not_tell_secrets_and_keeps_raw_bytes():
    raw = {"type": "REG_SZ", "raw": "6100"}
    (task,) = KIND.restore([setting("v", registry.canonical("sz", "hunter2"), raw, sensitive=True)])
    assert task.options["values"] == {"v": {"type": "sz", "raw": "6100"}}
    assert "hunter2" not in task.comment


def test_the_registry_has_no_actions_and_says_what_it_does_not_restore():
    with pytest.raises(Refused):
        KIND.perform(Action(registry.key(KEY), "restarted"), Snapshot())
    assert list(KIND.notes([Change(registry.key(KEY), "present", None)], Snapshot())) == [
        "permissions of removed keys are not restored"
    ]


def test_a_name_keeps_the_case_in_which_it_was_said_whoever_asked_before():
    for name in ("Case", "CASE", "case"):
        assert registry.place(registry.value(r"HKLM\SOFTWARE\X", name)).name == name
