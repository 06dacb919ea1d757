"""What each remediator wants, refuses and says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from remediators.model import Address, OutOfScope, Refused, Scope, Snapshot, Unread
from remediators.resources import host, metabase, registry
from remediators.resources.services import CLUSTERED, ServiceKind, part

from .hosts import changes, read_wholly
from .test_catalog import CATALOG, DWORD, INVENTED, PROFILES, SAVCE, SCANNER

X = r"HKLM\SOFTWARE\X"


def plan(remediator: str, known: Snapshot, /, **options: Any) -> list[tuple[str, Any, Any]]:
    return [(str(c.address), c.before, c.after) for c in changes(CATALOG[remediator], options, known)]


def wrong(remediator: str, /, **options: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        CATALOG[remediator].Options.model_validate(options)
    return str(caught.value)


# -- registry ---------------------------------------------------------------------------------------------------------


def test_a_view_that_the_host_does_not_have_is_refused() -> None:
    known = read_wholly({host.VERSION: "5.2.3790", host.ARCHITECTURE: "x86", host.SHELL_BITS: "32"})
    for options in ({"values": {"V": DWORD}}, {"state": "absent"}, {"state": "present"}):
        with pytest.raises(Refused, match="has no 64-bit view"):
            plan("registry", known, key=X, view="64", **options)


def test_each_key_that_is_missing_is_a_change_of_its_own() -> None:
    made = plan("registry", read_wholly({}), key=r"HKLM\SOFTWARE\A\B", values={"V": {"type": "dword", "data": 1}})

    assert made == [
        (r"registry-key:HKLM\SOFTWARE\A", None, "present"),
        (r"registry-key:HKLM\SOFTWARE\A\B", None, "present"),
        (r"registry:HKLM\SOFTWARE\A\B:V", None, DWORD),
    ]


def test_a_value_that_is_to_be_absent_creates_no_key() -> None:
    assert plan("registry", read_wholly({}), key=X, values={"V": "absent"}) == []


def test_a_key_goes_with_all_that_is_in_it_deepest_first() -> None:
    known = read_wholly(
        {
            registry.key(X): "present",
            registry.value(X, "V"): DWORD,
            registry.key(X + r"\Sub"): "present",
            registry.value(X + r"\Sub", "W"): DWORD,
            registry.key(r"HKLM\SOFTWARE\XY"): "present",
        }
    )

    assert [address for address, _, _ in plan("registry", known, key=X, state="absent")] == [
        r"registry:HKLM\SOFTWARE\X\Sub:W",
        r"registry-key:HKLM\SOFTWARE\X\Sub",
        r"registry:HKLM\SOFTWARE\X:V",
        r"registry-key:HKLM\SOFTWARE\X",
    ]


def test_a_key_that_is_to_be_empty_stays_where_it_is_not() -> None:
    full = {registry.key(X): "present", registry.value(X, "V"): DWORD}

    assert plan("registry", read_wholly(full), key=X, state="absent", only_if_empty=True) == []
    assert plan("registry", read_wholly({registry.key(X): "present"}), key=X, state="absent", only_if_empty=True)


def test_a_key_with_something_unread_in_it_is_not_removed() -> None:
    unread = {registry.value(X, "V"): "a type that reg.exe cannot show"}

    with pytest.raises(Unread, match="cannot show"):
        plan("registry", read_wholly({registry.key(X): "present"}, unread), key=X, state="absent")


@pytest.mark.parametrize("key", ["HKCU\\Software\\X", "HKEY_CURRENT_USER\\X"])
def test_the_hive_of_whoever_logs_on_is_refused(key: str) -> None:
    assert "HKU\\SID" in wrong("registry", key=key)


@pytest.mark.parametrize("key", ["HKLM", "SOFTWARE\\X", "HKLM\\a\nb", "HKXX\\a"])
def test_what_is_no_key_is_an_error(key: str) -> None:
    wrong("registry", key=key)


def test_long_names_of_hives_and_whole_numbers_for_views_are_understood() -> None:
    options = CATALOG["registry"].Options.model_validate({"key": "HKEY_LOCAL_MACHINE\\SOFTWARE\\X\\", "view": 32})

    assert (options.key, options.view) == (X, "32")


def test_a_whole_branch_of_windows_is_never_removed() -> None:
    assert "not removed as a whole" in wrong("registry", key="HKLM\\SOFTWARE", state="absent")


def test_data_that_does_not_fit_its_type_is_an_error_before_any_host_is_asked() -> None:
    wrong("registry", key=X, values={"V": {"type": "dword", "data": "many"}})


# -- service ----------------------------------------------------------------------------------------------------------


def mail(**states: str) -> Snapshot:
    running = {"IISADMIN": "running", "SMTPSVC": "running", "RESvc": "running", **states}
    return read_wholly(
        {
            **{part(name, "state"): state for name, state in running.items()},
            part("SMTPSVC", "start_mode"): "auto",
            part("SMTPSVC", "needs"): ["IISADMIN"],
            part("SMTPSVC", "dependents"): [["RESvc", running["RESvc"]]],
            part("IISADMIN", "dependents"): [["RESvc", running["RESvc"]], ["SMTPSVC", running["SMTPSVC"]]],
            part("IISADMIN", "start_mode"): "auto",
        }
    )


def test_what_runs_on_top_of_a_service_is_stopped_first_and_in_the_plan() -> None:
    assert plan("service", mail(), name="SMTPSVC", state="stopped") == [
        ("service:RESvc#state", "running", "stopped"),
        ("service:SMTPSVC#state", "running", "stopped"),
    ]


def test_what_a_service_needs_is_started_first_and_in_the_plan() -> None:
    known = mail(IISADMIN="stopped", SMTPSVC="stopped", RESvc="stopped")

    assert plan("service", known, name="SMTPSVC", state="started") == [
        ("service:IISADMIN#state", "stopped", "running"),
        ("service:SMTPSVC#state", "stopped", "running"),
    ]


def test_services_that_need_each_other_are_refused_rather_than_followed_for_ever() -> None:
    known = read_wholly(
        {
            part("A", "state"): "stopped",
            part("B", "state"): "stopped",
            part("A", "start_mode"): "auto",
            part("A", "needs"): ["B"],
            part("B", "needs"): ["A"],
        }
    )

    with pytest.raises(Refused, match="needs itself"):
        plan("service", known, name="A", state="started")
    assert list(CATALOG["service"].queries(CATALOG["service"].Options(name="A", state="started"), known))


def test_what_must_start_and_was_not_read_is_refused() -> None:
    values = {
        part("A", "state"): "stopped",
        part("A", "start_mode"): "auto",
        part("A", "needs"): ["B"],
        part("ClusSvc", "state"): None,
    }

    with pytest.raises(Refused, match="goes too deep"):
        plan("service", Snapshot(values, (Scope(frozenset(values)),)), name="A", state="started")


def test_what_is_disabled_is_neither_stopped_nor_needed_since_it_could_not_be_started_again() -> None:
    runs = {part("A", "state"): "running", part("A", "needs"): [], part("A", "dependents"): [["B", "running"]]}
    modes = {part("A", "start_mode"): "auto", part("B", "start_mode"): "disabled"}
    known = read_wholly({**runs, **modes, part("B", "state"): "running"})
    with pytest.raises(Refused, match="B runs although it is disabled"):
        plan("service", known, name="A", state="stopped")
    alone = read_wholly({**runs, part("A", "start_mode"): "disabled", part("A", "dependents"): []})
    with pytest.raises(Refused, match="A runs although it is disabled"):
        plan("service", alone, name="A", state="stopped", start_mode="disabled")
    assert len(plan("service", alone, name="A", state="stopped", start_mode="manual")) == 2

    down = {part("C", "state"): "stopped", part("C", "start_mode"): "auto", part("C", "needs"): ["D"]}
    need = {part("D", "state"): "stopped", part("D", "start_mode"): "disabled", part("D", "needs"): []}
    with pytest.raises(Refused, match="C needs D, which is disabled"):
        plan("service", read_wholly({**down, **need}), name="C", state="started")


def test_a_disabled_service_is_not_started_without_another_start_mode() -> None:
    known = read_wholly({part("A", "state"): "stopped", part("A", "start_mode"): "disabled", part("A", "needs"): []})

    with pytest.raises(Refused, match="say start_mode as well"):
        plan("service", known, name="A", state="started")
    assert len(plan("service", known, name="A", state="started", start_mode="manual")) == 2


def test_a_service_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="there is no service A"):
        plan("service", read_wholly({}), name="A", state="stopped")


def test_iisadmin_is_not_stopped_without_leave() -> None:
    with pytest.raises(Refused, match="allow_store_restart: true"):
        plan("service", mail(), name="IISADMIN", state="stopped")
    assert plan("service", mail(), name="IISADMIN", state="stopped", allow_store_restart=True)


def test_in_a_cluster_with_exchange_services_are_left_to_the_cluster() -> None:
    known = mail().overlay({part("ClusSvc", "state"): "running", CLUSTERED: True})

    for state in ("stopped", "restarted"):
        with pytest.raises(Refused, match="cluster"):
            plan("service", known, name="SMTPSVC", state=state)
    assert plan("service", known, name="SMTPSVC", state="stopped", allow_cluster=True)
    assert plan("service", known, name="SMTPSVC", state="started") == []


def test_a_restart_is_an_action_with_what_must_be_durable_before_it() -> None:
    service = CATALOG["service"]
    options = service.Options(name="SMTPSVC", state="restarted")

    (action,) = service.actions(options, mail())

    assert str(action) == "service:SMTPSVC restarted"
    assert part("SMTPSVC", "dependents") in action.reads
    assert plan("service", mail(), name="SMTPSVC", state="restarted") == []


def test_a_restart_reckons_with_what_earlier_tasks_will_have_done() -> None:
    service, known = CATALOG["service"], mail().overlay({part("RESvc", "state"): "stopped"})

    (action,) = service.actions(service.Options(name="SMTPSVC", state="restarted"), known)
    performance = ServiceKind().perform(action, known)

    assert [c.shown for step in performance.steps for c in step.commands] == ["net stop SMTPSVC", "net start SMTPSVC"]
    assert part("RESvc", "state") in action.reads


def test_leave_for_a_cluster_travels_with_the_change_so_that_the_way_back_has_it() -> None:
    made = changes(CATALOG["service"], {"name": "SMTPSVC", "state": "stopped", "allow_cluster": True}, mail())

    assert [change.detail for change in made] == [{"allow_cluster": True}] * 2


def test_a_service_task_must_ask_for_something() -> None:
    assert "say state, start_mode or both" in wrong("service", name="A")


@pytest.mark.parametrize("value", ["yes", 1, "true"])
def test_only_true_and_false_are_booleans(value: Any) -> None:
    wrong("service", name="A", state="stopped", allow_cluster=value)


# -- metabase and greeting --------------------------------------------------------------------------------------------


def test_the_word_absent_itself_can_be_a_text() -> None:
    typed = {"type": "STRING", "data": "absent"}

    assert plan("metabase", read_wholly({}), path="SmtpSvc/1", properties={"A": typed}) == [
        ("metabase:SmtpSvc/1/A", None, "absent")
    ]


@pytest.mark.parametrize(
    "typed",
    [{"type": "INTEGER", "data": "1"}, {"type": "BOOLEAN", "data": 1}, {"type": "STRING", "data": 1}, {"type": "X"}],
)
def test_data_of_a_property_must_fit_its_type(typed: dict[str, Any]) -> None:
    wrong("metabase", path="SmtpSvc/1", properties={"A": typed})


@pytest.mark.parametrize(
    "options", [{"path": 'a"b'}, {"path": "a//b"}, {"properties": {"a/b": "x"}}, {"properties": {}}]
)
def test_what_is_no_path_or_property_is_an_error(options: dict[str, Any]) -> None:
    wrong("metabase", **{"path": "SmtpSvc/1", "properties": {"A": "x"}, **options})


def test_all_virtual_servers_have_the_greeting_and_other_nodes_do_not() -> None:
    known = read_wholly({metabase.children_address("SmtpSvc"): ["1", "Info", "12"]})

    assert plan("smtp_banner", known, virtual_server="all", text="Contoso ESMTP") == [
        ("metabase:SmtpSvc/1/ConnectResponse", None, "Contoso ESMTP"),
        ("metabase:SmtpSvc/12/ConnectResponse", None, "Contoso ESMTP"),
    ]


def test_a_host_without_a_virtual_server_is_refused() -> None:
    with pytest.raises(Refused, match="no SMTP virtual server"):
        plan(
            "smtp_banner", read_wholly({metabase.children_address("SmtpSvc"): ["Info"]}), virtual_server="all", text="x"
        )


def test_the_usual_server_is_asked_along_and_the_others_once_they_are_known() -> None:
    banner = CATALOG["smtp_banner"]
    options = banner.Options(virtual_server="all", text="x")
    first = {query.name for query in banner.queries(options, Snapshot())}
    known = read_wholly({metabase.children_address("SmtpSvc"): ["1", "2"]})
    second = {query.name for query in banner.queries(options, known)}

    assert len(first) == 2
    assert [name.upper().count("SMTPSVC/2") for name in second - first] == [1]


@pytest.mark.parametrize(
    "text",
    ["", "220 hello", " x", "x ", "Grüße", "a\nb", "a\tb", 'a"b', "//x", "-s:x", "x" * 251],
)
def test_a_greeting_that_cannot_stand_on_the_wire_is_an_error(text: str) -> None:
    wrong("smtp_banner", text=text)


def test_the_longest_greeting_with_the_longest_name_has_512_octets() -> None:
    text = "x" * 250

    assert CATALOG["smtp_banner"].Options(text=text).text == text
    assert len("220 " + "n" * 255 + " " + text + "\r\n") == 512


@pytest.mark.parametrize("options", [{}, {"text": "x", "state": "default"}])
def test_a_greeting_is_either_given_or_the_default(options: dict[str, Any]) -> None:
    assert "say text, or state: default" in wrong("smtp_banner", **options)


# -- tnef -------------------------------------------------------------------------------------------------------------


def test_without_the_operators_values_tnef_says_what_is_missing_and_where_it_goes() -> None:
    with pytest.raises(Refused, match=r"KB 254089.*`values` of this task"):
        plan("tnef", read_wholly({}))


def test_tnef_sets_values_of_several_keys_and_takes_them_away_again() -> None:
    values = [
        {"key": r"HKLM\SOFTWARE\X", "name": "A", "type": "dword", "data": 1},
        {"key": r"HKLM\SOFTWARE\Y", "name": "B", "type": "sz", "data": "b"},
    ]
    known = read_wholly({registry.key(X): "present", registry.value(X, "A"): DWORD})

    assert [address for address, _, _ in plan("tnef", known, values=values)] == [
        r"registry-key:HKLM\SOFTWARE\Y",
        r"registry:HKLM\SOFTWARE\Y:B",
    ]
    assert plan("tnef", known, values=values, state="default") == [(r"registry:HKLM\SOFTWARE\X:A", DWORD, None)]


def test_a_mapping_of_values_needs_its_key() -> None:
    assert "needs `key`" in wrong("tnef", values={"A": {"type": "dword", "data": 1}})


# -- products ---------------------------------------------------------------------------------------------------------

SAVCE_HOST = {
    registry.value(r"HKLM\SOFTWARE\Symantec\InstalledApps", "SAVCE"): {"type": "REG_SZ", "data": "C:\\x"},
    registry.key(SCANNER): "present",
    registry.value(SCANNER, "OnOff"): DWORD,
}
PARENT = registry.value(SAVCE, "Parent")


def test_an_unverified_value_is_refused_with_its_source_and_the_way_to_accept_it() -> None:
    with pytest.raises(Refused, match=r"OnOff is not verified \(source: .*\)\. .*allow_unverified: true"):
        plan("av_email_scanner", read_wholly(SAVCE_HOST))


def test_the_scanner_of_the_product_that_is_found_is_switched_off_and_on() -> None:
    known = read_wholly(SAVCE_HOST)
    off = (str(registry.value(SCANNER, "OnOff")), DWORD, {"type": "REG_DWORD", "data": 0})

    assert plan("av_email_scanner", known, allow_unverified=True) == [off]
    assert plan("av_email_scanner", known, product="savce9", allow_unverified=True) == [off]
    assert plan("av_email_scanner", known, state="enabled") == []


def test_a_managed_client_is_refused_with_the_name_of_its_server() -> None:
    known = read_wholly({**SAVCE_HOST, PARENT: {"type": "REG_SZ", "data": "SAVSRV1"}})

    with pytest.raises(Refused, match=r"Parent=SAVSRV1.*allow_managed: true"):
        plan("av_email_scanner", known, allow_unverified=True)
    assert plan("av_email_scanner", known, allow_unverified=True, allow_managed=True)


def test_a_parent_of_one_character_means_that_nobody_manages_it() -> None:
    known = read_wholly({**SAVCE_HOST, PARENT: {"type": "REG_SZ", "data": "0"}})

    assert plan("av_email_scanner", known, allow_unverified=True)


def test_where_no_product_is_there_is_nothing_to_do() -> None:
    assert plan("av_email_scanner", read_wholly({})) == []
    with pytest.raises(Refused, match="no antivirus product"):
        plan("av_email_scanner", read_wholly({}), state="enabled")


def test_a_part_of_a_product_that_is_not_installed_is_left_alone() -> None:
    known = read_wholly({address: v for address, v in SAVCE_HOST.items() if "InstalledApps" in address.path})

    assert plan("av_email_scanner", known) == []


def test_settings_are_asked_for_only_of_what_was_detected() -> None:
    scanner = CATALOG["av_email_scanner"]
    options = scanner.Options()
    first = [str(a) for q in scanner.queries(options, Snapshot()) for a in (*q.scope.exact, *q.scope.below)]
    second = [
        str(a) for q in scanner.queries(options, read_wholly(SAVCE_HOST)) for a in (*q.scope.exact, *q.scope.below)
    ]

    assert not any("InternetMail" in address for address in first)
    assert any("InternetMail" in address for address in second)


def test_what_was_written_is_not_called_effective() -> None:
    scanner = CATALOG["av_email_scanner"]
    options = scanner.Options(allow_unverified=True)
    made = changes(scanner, {"allow_unverified": True}, read_wholly(SAVCE_HOST))

    said = " ".join(scanner.notes(options, read_wholly(SAVCE_HOST), made))

    assert "written, not effective until a check from outside says so" in said
    assert "ccApp" in said
    assert list(scanner.notes(options, read_wholly(SAVCE_HOST), [])) == []


def test_a_product_without_data_is_refused_with_the_place_for_it() -> None:
    with pytest.raises(Refused, match=r"smsmse: nothing is known to set.*profiles/smsmse.yml"):
        plan("mail_heuristics", read_wholly({}))
    with pytest.raises(Refused, match=r"no profile other.*profiles/other.yml"):
        plan("mail_heuristics", read_wholly({}), product="other")


def test_a_profile_may_stand_in_the_task_itself() -> None:
    known = read_wholly(
        {registry.key(r"HKLM\SOFTWARE\Lab"): "present", registry.value(r"HKLM\SOFTWARE\Lab", "Heuristics"): DWORD}
    )

    assert plan("mail_heuristics", known, data=INVENTED) == [
        (r"registry:HKLM\SOFTWARE\Lab:Heuristics", DWORD, {"type": "REG_DWORD", "data": 0})
    ]


@pytest.mark.parametrize(
    "broken", [{}, {"product": "x"}, {**INVENTED, "settings": [{"key": "x"}]}, {**INVENTED, "detect": 5}]
)
def test_a_profile_that_cannot_be_used_says_what_is_wrong(broken: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="cannot be used"):
        plan("mail_heuristics", read_wholly({}), data=broken)


def test_every_datum_of_the_packaged_profiles_has_its_source() -> None:
    for data in PROFILES.values():
        for section in ("detect", "managed", "settings", "services"):
            for entry in data.get(section) or ():
                assert entry["source"]
                assert isinstance(entry["verified"], bool)
                assert "invented" not in entry["source"]


# -- command ----------------------------------------------------------------------------------------------------------

COMMAND = {"name": "n", "probe": "find x", "desired": {"rc": 0}, "apply": "a", "revert": "b"}


def test_a_command_carries_all_that_the_way_back_needs() -> None:
    (change,) = changes(CATALOG["command"], COMMAND, read_wholly({Address("command", "n"): {"rc": 1}}))

    assert (change.before, change.after) == ({"rc": 1}, {"rc": 0})
    assert change.detail == {"probe": "find x", "apply": "a", "revert": "b", "desired": {"rc": 0}}


def test_a_command_around_a_clustered_or_missing_service_is_refused() -> None:
    known = mail().overlay({Address("command", "n"): {"rc": 1}, part("ClusSvc", "state"): "running", CLUSTERED: True})

    with pytest.raises(Refused, match="cluster"):
        plan("command", known, **COMMAND, while_stopped="SMTPSVC")
    with pytest.raises(Refused, match="there is no service Nope"):
        plan("command", known, **COMMAND, while_stopped="Nope", allow_cluster=True)


@pytest.mark.parametrize("broken", [{"probe": "a\nb"}, {"probe": ""}, {"desired": {}}, {"desired": {"rc": "0"}}])
def test_a_command_that_cannot_be_sent_is_an_error(broken: dict[str, Any]) -> None:
    wrong("command", **{**COMMAND, **broken})


def test_what_was_never_asked_is_a_mistake_and_not_absent() -> None:
    with pytest.raises(OutOfScope):
        plan("metabase", Snapshot(), path="SmtpSvc/1", properties={"A": "x"})
