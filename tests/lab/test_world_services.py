"""sc.exe and net.exe in the lab."""

import pytest

from remediators.lab.world import build


def told(line, **spec):
    ran = build("exch01", spec).run(line)
    lines = [part.rstrip() for part in (ran.stdout + ran.stderr).decode("cp437").split("\r\n")]
    return "\n".join(lines).strip("\n"), ran.status


def test_sc_query_prints_what_windows_2003_prints():
    assert told("sc query SMTPSVC") == (
        (
            "SERVICE_NAME: SMTPSVC\n"
            "        TYPE               : 20  WIN32_SHARE_PROCESS\n"
            "        STATE              : 4  RUNNING\n"
            "                                (STOPPABLE,PAUSABLE,ACCEPTS_SHUTDOWN)\n"
            "        WIN32_EXIT_CODE    : 0  (0x0)\n"
            "        SERVICE_EXIT_CODE  : 0  (0x0)\n"
            "        CHECKPOINT         : 0x0\n"
            "        WAIT_HINT          : 0x0"
        ),
        0,
    )
    assert "(STOPPABLE, PAUSABLE, ACCEPTS_SHUTDOWN)" in told("sc query SMTPSVC", os="2008")[0]


def test_sc_queryex_adds_the_process():
    text, _ = told("sc queryex SMTPSVC")
    assert text.splitlines()[-2].startswith("        PID                : ")
    assert text.splitlines()[-1] == "        FLAGS              :"


def test_sc_qc_prints_mode_and_dependencies():
    assert told("sc qc SMTPSVC") == (
        (
            "[SC] GetServiceConfig SUCCESS\n\n"
            "SERVICE_NAME: SMTPSVC\n"
            "        TYPE               : 20  WIN32_SHARE_PROCESS\n"
            "        START_TYPE         : 2   AUTO_START\n"
            "        ERROR_CONTROL      : 1   NORMAL\n"
            "        BINARY_PATH_NAME   : C:\\WINDOWS\\system32\\inetsrv\\inetinfo.exe\n"
            "        LOAD_ORDER_GROUP   :\n"
            "        TAG                : 0\n"
            "        DISPLAY_NAME       : Simple Mail Transfer Protocol (SMTP)\n"
            "        DEPENDENCIES       : IISADMIN\n"
            "                           : EventLog\n"
            "        SERVICE_START_NAME : LocalSystem"
        ),
        0,
    )


@pytest.mark.parametrize(
    ("line", "text", "code"),
    [
        ("sc query nope", ("[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\n\n"
                          "The specified service does not exist as an installed service."), 1060),
        ("sc qc nope", ("[SC] OpenService FAILED 1060:\n\n"
                       "The specified service does not exist as an installed service."), 1060),
        ("sc start SMTPSVC", ("[SC] StartService FAILED 1056:\n\n"
                             "An instance of the service is already running."), 1056),
        ("sc stop POP3Svc", "[SC] ControlService FAILED 1062:\n\nThe service has not been started.", 1062),
        ("sc stop IISADMIN", ("[SC] ControlService FAILED 1051:\n\n"
                             "A stop control has been sent to a service that other running services are "
                             "dependent on."), 1051),
        ("sc start POP3Svc", ("[SC] StartService FAILED 1058:\n\nThe service cannot be started, either because it is "
                             "disabled or because it has no enabled devices associated with it."), 1058),
        ("net start SMTPSVC", ("The requested service has already been started.\n\n"
                              "More help is available by typing NET HELPMSG 2182."), 2),
        ("net stop POP3Svc", ("The Microsoft Exchange POP3 service is not started.\n\n"
                             "More help is available by typing NET HELPMSG 3521."), 2),
        ("net stop nope", "The service name is invalid.\n\nMore help is available by typing NET HELPMSG 2185.", 2),
    ],
)  # fmt: skip
def test_failures_have_their_numbers_and_words(line, text, code):
    assert told(line) == (text, code)


def test_a_pending_state_passes_as_it_is_looked_at():
    host = build("exch01", {"services": {"SMTPSVC": {"stop_polls": 2}}})
    assert b"3  STOP_PENDING" in host.run("sc stop SMTPSVC").stdout
    states = [host.run('sc query SMTPSVC|find "STATE"').stdout.split()[2] for _ in range(3)]
    assert states == [b"3", b"3", b"1"]
    assert host.run("sc stop SMTPSVC").status == 1062


def test_a_stuck_service_never_stops_and_takes_no_more_orders():
    host = build("exch01", {"services": {"SMTPSVC": {"stuck": True}}})
    ran = host.run("net stop SMTPSVC")
    assert (ran.stderr, ran.status) == (
        b"The Simple Mail Transfer Protocol (SMTP) service could not be stopped.\r\n\r\n",
        2,
    )
    assert host.run("sc stop SMTPSVC").status == 1061
    assert host.run("net stop SMTPSVC").stderr.startswith(b"The service could not be controlled in its present state.")
    assert host.state()["services"]["SMTPSVC"] == 3


def test_a_service_that_fails_to_start_ends_stopped_with_its_code():
    host = build("exch01", {"services": {"SMTPSVC": {"state": "stopped", "fails": 1067}}})
    ran = host.run("net start SMTPSVC")
    assert (ran.status, b"NET HELPMSG 3534" in ran.stderr) == (2, True)
    assert b"WIN32_EXIT_CODE    : 1067  (0x42b)" in host.run("sc query SMTPSVC").stdout


def test_net_stop_asks_before_it_stops_what_depends_on_a_service():
    host = build("exch01", {})
    before = host.state()
    ran = host.run("net stop IISADMIN")
    assert ran.stdout.endswith(b"Do you want to continue this operation? (Y/N) [N]: ")
    assert (ran.status, host.state(), host.log) == (2, before, [])


def test_net_stop_y_stops_dependents_first_and_start_brings_back_only_what_is_needed():
    host = build("exch01", {})
    assert host.run("net stop IISADMIN /y").status == 0
    assert [entry.target for entry in host.log] == ["HTTPFilter", "RESvc", "SMTPSVC", "W3SVC", "IISADMIN"]
    assert host.run('net start "Simple Mail Transfer Protocol (SMTP)"').stdout == (
        b"The Simple Mail Transfer Protocol (SMTP) service is starting.\r\n"
        b"The Simple Mail Transfer Protocol (SMTP) service was started successfully.\r\n\r\n"
    )
    states = host.state()["services"]
    assert [states[name] for name in ("IISADMIN", "SMTPSVC", "RESvc")] == [4, 4, 1]


def test_net_start_lists_what_runs():
    text, _ = told("net start")
    assert text.startswith("These Windows services are started:\n\n   Event Log\n")
    assert text.endswith("\n\nThe command completed successfully.")


def test_a_start_mode_is_kept_in_the_registry():
    host = build("exch01", {})
    assert host.run("sc config SMTPSVC start= disabled").stdout == b"[SC] ChangeServiceConfig SUCCESS\r\n"
    key = host.state()["registry"]["HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SMTPSVC"]
    assert key["Start"] == [4, "04000000"]
    assert b"START_TYPE         : 4   DISABLED" in host.run("sc qc SMTPSVC").stdout
    host.run("sc config SMTPSVC start= demand")
    assert b"START_TYPE         : 3   DEMAND_START" in host.run("sc qc SMTPSVC").stdout


def test_delayed_start_exists_only_since_2008():
    assert build("exch01", {}).run("sc config SMTPSVC start= delayed-auto").status == 1639
    host = build("exch01", {"os": "2008"})
    host.run("sc config SMTPSVC start= delayed-auto")
    assert b"2   AUTO_START  (DELAYED)" in host.run("sc qc SMTPSVC").stdout
    host.run("sc config SMTPSVC start= auto")
    assert b"DELAYED" not in host.run("sc qc SMTPSVC").stdout


@pytest.mark.parametrize("line", ["sc config SMTPSVC start=disabled", "sc config SMTPSVC start= later"])
def test_bad_usage_of_config_changes_nothing(line):
    host = build("exch01", {})
    assert (host.run(line).status, host.log) == (1639, [])


def test_enumdepend_names_all_dependents_or_says_how_much_room_it_needs():
    text, code = told("sc enumdepend IISADMIN 8192")
    names = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("SERVICE_NAME")]
    assert (names, code) == (["HTTPFilter", "POP3Svc", "RESvc", "SMTPSVC", "W3SVC"], 0)
    text, code = told("sc enumdepend IISADMIN 100")
    assert code == 234
    assert "FAILED 234:" in text


def test_a_dependency_is_read_from_the_registry():
    host = build("exch01", {"services": {"A": {}, "B": {"depends": ["A"]}, "C": {"depends": ["B"]}}})
    host.run("net stop A /y")
    assert [entry.target for entry in host.log] == ["C", "B", "A"]


def test_a_cluster_and_a_virus_scanner_can_be_there():
    host = build("exch01", {"cluster": True, "antivirus": "savce9", "managed": True})
    keys = host.state()["registry"]
    cluster = next(values for key, values in keys.items() if key.startswith("HKEY_LOCAL_MACHINE\\Cluster\\Resources\\"))
    assert bytes.fromhex(cluster["Type"][1]).decode("utf-16-le") == "Microsoft Exchange System Attendant\0"
    root = "HKEY_LOCAL_MACHINE\\SOFTWARE\\INTEL\\LANDesk\\VirusProtect6\\CurrentVersion"
    assert keys[root + "\\Storages\\InternetMail\\RealTimeScan"]["OnOff"] == [4, "01000000"]
    assert len(keys[root]["Parent"][1]) > 4
    assert host.run("sc query ClusSvc").status == 0


def test_german_texts_keep_their_numbers():
    text, code = told("sc query nope", language="de")
    assert code == 1060
    assert text.startswith("[SC] EnumQueryServicesStatus:OpenService FAILED 1060:")
    assert told("net stop SMTPSVC", language="de")[1] == 0
