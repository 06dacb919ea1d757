"""Hosts made of what a plan observed."""

import pytest

from remediators.lab.from_plan import rebuild, rebuildable
from remediators.lab.from_plan_config import config_of, platform_of
from remediators.model import Action, Address, Arming, Change, HostPlan, Item


def item(*changes, commands=(), actions=(), **more):
    own = tuple(Change(Address.parse(where), before, after) for where, before, after in changes)
    return Item("p", "t", "registry", "change", changes=own, commands=tuple(commands), actions=actions, **more)


def machine_of(*items):
    return rebuild(HostPlan("one", "changes", items), "windows").spec["machine"]


def value(kind, data):
    return {"type": kind, "data": data}


KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\A"


def test_a_value_that_was_there_is_there_and_one_that_was_not_is_not_and_its_key_is():
    machine = machine_of(
        item(
            (r"registry:HKLM\SOFTWARE\A:x", value("REG_DWORD", 7), None),
            (r"registry:HKLM\SOFTWARE\B:y", None, value("REG_SZ", "new")),
        )
    )

    assert machine.registry.get(KEY, "x").raw == b"\x07\0\0\0"
    assert machine.registry.has(r"HKEY_LOCAL_MACHINE\SOFTWARE\B")
    assert machine.registry.get(r"HKEY_LOCAL_MACHINE\SOFTWARE\B", "y") is None


def test_the_first_before_of_several_counts():
    machine = machine_of(
        item((r"registry:HKLM\SOFTWARE\A:x", value("REG_SZ", "1"), value("REG_SZ", "2"))),
        item((r"registry:HKLM\SOFTWARE\A:x", value("REG_SZ", "2"), value("REG_SZ", "3"))),
    )

    assert machine.registry.get(KEY, "x").raw == "1\0".encode("utf-16-le")


def test_a_key_that_was_not_there_is_not_there_and_nothing_below_it():
    machine = machine_of(
        item(
            (r"registry-key:HKLM\SOFTWARE\A", None, "present"),
            (r"registry:HKLM\SOFTWARE\A:x", None, value("REG_DWORD", 1)),
        )
    )

    assert not machine.registry.has(KEY)


def test_a_key_that_goes_holds_nothing_but_what_the_plan_takes_away():
    before = machine_of(item((r"registry:HKLM\SOFTWARE\Z:x", None, value("REG_DWORD", 1))))
    inet = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\InetStp"
    assert before.registry.key(inet).values

    machine = machine_of(item((r"registry-key:HKLM\SOFTWARE\Microsoft\InetStp", "present", None)))

    assert not machine.registry.key(inet).values


@pytest.mark.parametrize(
    ("given", "number", "raw"),
    [
        ({"type": "REG_SZ", "raw": "6100"}, 1, b"a\0"),
        ({"type": "REG_20", "data": "0102"}, 20, b"\x01\x02"),
        ({"type": "REG_MULTI_SZ", "data": ["a"]}, 7, "a\0\0".encode("utf-16-le")),
        ({"type": "REG_QWORD", "data": 2**40}, 11, (2**40).to_bytes(8, "little")),
    ],
)
def test_values_of_every_form_are_the_bytes_that_were_read(given, number, raw):
    found = machine_of(item((r"registry:HKLM\SOFTWARE\A:x", given, None))).registry.get(KEY, "x")

    assert (found.type, found.raw) == (number, raw)


def test_the_32_bit_view_makes_it_a_64_bit_windows():
    machine = machine_of(
        item(
            (r"registry@32:HKLM\SOFTWARE\A:x", value("REG_DWORD", 1), None),
            commands=[r"%SystemRoot%\SysWOW64\reg.exe x"],
        )
    )

    assert machine.x64
    assert machine.registry.get(KEY, "x", 32) is not None
    assert machine.registry.get(KEY, "x", 64) is None


def test_a_restarted_service_has_just_the_dependents_that_its_commands_name():
    act = Action(Address("service", "IISADMIN"), "restarted")
    stops = ["net stop W3SVC", 'net stop "My Scanner"', "net stop IISADMIN", "net start IISADMIN"]
    machine = machine_of(item(commands=stops, actions=(act,), handler=True))

    found = machine.services.dependents(machine.services.find("IISADMIN"))

    assert {service.name for service in found} == {"W3SVC", "My Scanner"}


def test_a_service_stands_as_the_plan_found_it():
    machine = machine_of(
        item(("service:W3SVC#state", "stopped", "running"), ("service:W3SVC#start_mode", "disabled", "auto"))
    )

    service = machine.services.find("w3svc")
    assert (service.state, machine.services.start_number(service)) == (1, 4)


def test_metabase_properties_are_as_before_and_their_nodes_are_there():
    machine = machine_of(
        item(
            ("metabase:SmtpSvc/2/ConnectResponse", None, "hello"),
            ("metabase:SmtpSvc/1/MaxConnections", {"type": "INTEGER", "data": 5}, {"type": "INTEGER", "data": 6}),
        )
    )

    assert machine.metabase.node("SmtpSvc/2").properties == {}
    assert machine.metabase.node("SmtpSvc/1").properties["MAXCONNECTIONS"] == ("MaxConnections", 5)


@pytest.mark.parametrize("where", ["command:thing", "file:C:\\x", "smtp-queue:x"])
def test_what_a_plan_does_not_tell_the_inside_of_cannot_be_rebuilt(where):
    assert where in rebuildable(item((where, "a", "b")))


# -- devices -----------------------------------------------------------------------------------------------------------

TIMER = Arming("revert-timer", 5, save=("write memory",))


def device(*changes, arming=TIMER, **more):
    return HostPlan("rtr01.example.com", "changes", (item(*changes, **more),), arming=arming)


def test_lines_stand_below_the_lines_above_them_and_lists_in_their_order():
    plan = device(
        ("config:interface Fa0/0 > ip inspect X in", "present", None),
        ("config:ip access-list extended M", ["permit ip any any", "deny ip any any"], None),
        ("config:access-list 101", ["access-list 101 permit ip any any"], None),
        ("config:interface Fa0/1 > shutdown", None, "present"),
    )

    running, startup = config_of(plan, "ios")

    assert running == startup
    assert "hostname rtr01\n" in running
    assert "interface Fa0/0\n ip inspect X in\n" in running
    assert "ip access-list extended M\n permit ip any any\n deny ip any any\n" in running
    assert "\naccess-list 101 permit ip any any\n" in running
    assert "interface Fa0/1\n" in running
    assert "shutdown" not in running
    assert "archive\n path flash:archive\n" in running


def test_a_line_below_one_that_was_absent_is_not_there():
    plan = device(("config:class-map M", None, "present"), ("config:class-map M > match any", None, "present"))

    assert "class-map" not in config_of(plan, "asa")[0]


def test_a_device_that_stays_unsaved_was_unsaved_before():
    running, startup = config_of(device(("config:ip cef", "present", None), arming=Arming("revert-timer", 5)), "ios")

    assert running != startup


@pytest.mark.parametrize(
    ("plan", "platform"),
    [
        (device(("config:fixup protocol smtp 25", "present", None), arming=None), "pix"),
        (device(("config:ip cef", "present", None)), "ios"),
        (device(("config:ip cef", "present", None), arming=Arming("unarmed")), None),
    ],
)
def test_a_platform_is_told_by_what_only_it_has(plan, platform):
    assert platform_of(plan) == platform
