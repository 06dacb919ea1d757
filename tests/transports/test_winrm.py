"""A WinRM channel against a listener that keeps to the protocol, or breaks it."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.model import (
    AuthenticationFailed,
    Dropped,
    Output,
    QuotaExceeded,
    Refused,
    TimedOut,
    TransportError,
    Unreachable,
    UntrustedHost,
    UsageError,
)
from remediators.transports import winrm
from remediators.transports.base import open_channel, ping
from remediators.transports.settings import settings_of
from tests.transports import winrm_doubles as doubles
from tests.transports.winrm_doubles import (
    CREATED,
    DELETED,
    SIGNALLED,
    STARTED,
    TIMED_OUT,
    Listener,
    drop,
    drop_half_way,
    fault,
    http,
)

VARIABLES = {
    "ansible_connection": "winrm",
    "ansible_host": "127.0.0.1",
    "ansible_user": "u",
    "ansible_password": "p",
}
ONE_COMMAND = (CREATED, STARTED, doubles.received(b"out\r\n", b"err\r\n", 0), DELETED)


def reach(listener: Listener, seconds: float = 5, **more):
    return open_channel("exch01", settings_of("exch01", listener.variables(**more)), seconds)


def run_once(listener: Listener, line: str = "ver", seconds: float = 5, **more) -> Output:
    channel = reach(listener, **more)
    try:
        return channel.run(line, seconds)
    finally:
        channel.close()


def test_a_command_line_costs_four_requests_on_one_connection():
    with Listener(ONE_COMMAND) as listener:
        output = run_once(listener)

    assert output == Output(b"out\r\n", b"err\r\n", 0)
    assert listener.actions == ["Create", "Command", "Receive", "Delete"]
    assert listener.connections == 1


def test_two_command_lines_share_a_shell():
    script = (CREATED, STARTED, doubles.received(b"1", status=0), STARTED, doubles.received(b"2", status=3), DELETED)
    with Listener(script) as listener:
        channel = reach(listener)
        outputs = [channel.run("one", 5), channel.run("two", 5)]
        channel.close()

    assert [(output.stdout, output.status) for output in outputs] == [(b"1", 0), (b"2", 3)]
    assert len(listener.requests) == 6


def test_a_shell_is_replaced_before_it_holds_too_many_finished_commands():
    one = (STARTED, doubles.received(status=0))
    script = (CREATED, *one * winrm.COMMANDS_PER_SHELL, DELETED, CREATED, *one, DELETED)
    with Listener(script) as listener:
        channel = reach(listener)
        for _ in range(winrm.COMMANDS_PER_SHELL + 1):
            channel.run("ver", 5)
        channel.close()

    assert listener.actions.count("Create") == listener.actions.count("Delete") == 2


def test_the_line_arrives_as_it_was_given():
    line = 'set Q=^"&cmd /d /s /c "echo <a> & \'b\' \t ]]> %R% ä 日本 \U0001f600"'
    with Listener(ONE_COMMAND) as listener:
        run_once(listener, line)

    import xml.etree.ElementTree as ET

    command = ET.fromstring(listener.requests[1]).find(f".//{{{doubles.SHELL}}}Command")
    assert command is not None
    assert command.text == line


def test_a_character_that_xml_cannot_carry_is_refused_before_it_is_sent():
    with Listener((CREATED, DELETED)) as listener:
        channel = reach(listener)
        with pytest.raises(Refused, match=r"U\+0000"):
            channel.run("echo \0", 5)
        channel.close()

    assert listener.actions == ["Create", "Delete"]


def test_the_shell_keeps_the_hosts_code_page_unless_one_is_named():
    for more, present in (({}, False), ({"ansible_winrm_codepage": 437}, True)):
        with Listener(ONE_COMMAND) as listener:
            run_once(listener, **more)
        assert ("WINRS_CODEPAGE" in listener.requests[0]) is present


def test_output_comes_in_pieces_and_in_any_bytes():
    pieces = (doubles.received(b"\xff\xfe"), TIMED_OUT, doubles.received(b"\x00", b"\x81"), doubles.received(status=1))
    with Listener((CREATED, STARTED, *pieces, DELETED)) as listener:
        output = run_once(listener)

    assert output == Output(b"\xff\xfe\x00", b"\x81", 1)


@pytest.mark.parametrize(("told", "status"), [(2147504134, -2147463162), (4294967295, -1), (1060, 1060), (0, 0)])
def test_exit_codes_are_signed_32_bit_numbers(told: int, status: int):
    with Listener((CREATED, STARTED, doubles.received(status=told), DELETED)) as listener:
        assert run_once(listener).status == status


def test_a_command_that_does_not_end_is_terminated_and_its_shell_deleted():
    with Listener((CREATED, STARTED, (0.3, TIMED_OUT), SIGNALLED, DELETED)) as listener:
        channel = reach(listener)
        with pytest.raises(TimedOut, match="terminated"):
            channel.run("pause", 0.2)
        channel.close()

    assert listener.actions == ["Create", "Command", "Receive", "Signal", "Delete"]


def test_a_command_that_has_nothing_to_say_yet_is_asked_again():
    with Listener((CREATED, STARTED, TIMED_OUT, TIMED_OUT, TIMED_OUT, doubles.received(status=0), DELETED)) as listener:
        assert run_once(listener).status == 0

    assert listener.actions.count("Receive") == 4


def test_a_host_that_accepts_and_never_answers_is_given_up_at_the_deadline():
    with Listener(()) as listener:
        begun = time.monotonic()
        with pytest.raises(TimedOut, match=f"127.0.0.1:{listener.port}"):
            reach(listener, seconds=0.5)

    assert 0.4 < time.monotonic() - begun < 2


def test_the_inventory_can_ask_for_less_patience():
    with Listener(()) as listener:
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            reach(listener, seconds=20, ansible_timeout=1)

    assert time.monotonic() - begun < 3


def test_a_host_that_trickles_is_given_up_at_the_deadline():
    def trickle(connection) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    with Listener((trickle,)) as listener:
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            reach(listener, seconds=0.5)

    assert time.monotonic() - begun < 2


def test_a_host_that_falls_silent_is_told_to_end_the_command_over_a_new_connection():
    silent = threading.Event()
    with Listener((CREATED, STARTED, lambda _: silent.wait(5), SIGNALLED, DELETED)) as listener:
        channel = reach(listener)
        with pytest.raises(TimedOut, match="shell deleted"):
            channel.run("ver", 0.5)
        silent.set()
        channel.close()

    assert listener.actions == ["Create", "Command", "Receive", "Signal", "Delete"]


def test_an_answer_that_takes_longer_than_the_read_timeout_is_not_waited_for():
    more = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2}
    with Listener(()) as listener:
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            reach(listener, seconds=20, **more)

    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("broken", [drop, drop_half_way(doubles.received(b"half", status=0))])
def test_a_connection_lost_in_mid_command_is_dropped_and_the_command_left_alone(broken: doubles.Answer):
    with Listener((CREATED, STARTED, broken)) as listener:
        channel = reach(listener)
        with pytest.raises(Dropped, match="unknown"):
            channel.run("net stop SMTPSVC&net start SMTPSVC", 5)
        channel.close()

    assert listener.actions == ["Create", "Command", "Receive"]


def test_nothing_is_ever_sent_twice():
    with Listener((CREATED, drop, STARTED, doubles.received(status=0), DELETED)) as listener:
        channel = reach(listener)
        with pytest.raises(Dropped):
            channel.run("reg add HKLM\\X", 5)
        with pytest.raises(Dropped, match="nothing more was sent"):
            channel.run("reg add HKLM\\X", 5)
        channel.close()

    assert listener.actions == ["Create", "Command"]


def test_a_connection_that_was_closed_while_idle_is_dropped_before_anything_is_sent():
    closing = threading.Event()

    def answer_and_leave(connection) -> None:
        connection.sendall(CREATED)
        closing.wait(5)

    with Listener((answer_and_leave, DELETED)) as listener:
        channel = reach(listener)
        closing.set()
        wire = channel._service.login._wire
        while wire.alive():
            time.sleep(0.01)
        with pytest.raises(Dropped, match="nothing was sent"):
            channel.run("ver", 5)
        channel.close()

    assert listener.actions == ["Create", "Delete"]  # the shell that was left behind, over a new connection


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (2150859173, QuotaExceeded, "MaxShellsPerUser"),
        (2150859174, QuotaExceeded, "MaxConcurrentOperationsPerUser"),
        (2150859179, QuotaExceeded, "MaxConcurrentUsers"),
        (5, AuthenticationFailed, "Administrators"),
        (2150858811, Unreachable, "KB968930"),
        (2150859180, Unreachable, "AllowRemoteShellAccess"),
        (2150858843, Dropped, "no longer exists"),
        (12345, Unreachable, "fault 12345: Worte des Hosts"),
    ],
)
def test_faults_are_recognised_by_number(code: int, error: type[Exception], words: str):
    with Listener((fault(code),)) as listener, pytest.raises(error, match=words):
        reach(listener)


def test_a_command_that_the_host_refused_leaves_no_shell_behind():
    with Listener((CREATED, fault(2150859174), DELETED)) as listener:
        channel = reach(listener)
        with pytest.raises(QuotaExceeded):
            channel.run("ver", 5)
        channel.close()

    assert listener.actions == ["Create", "Command", "Delete"]


def test_a_shell_that_expired_is_dropped():
    with Listener((CREATED, STARTED, fault(2150858843))) as listener, pytest.raises(Dropped, match="idle"):
        run_once(listener)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("", "500 Internal Server Error"), "HTTP 500 and no SOAP"),
        (http("Not Found", "404 Not Found"), "ansible_winrm_path"),
        (http("<html/>"), "does not speak WS-Management"),
        (http("<!DOCTYPE x><html/>"), "document type"),
        (http("<broken"), "does not speak WS-Management"),
        (doubles.soap(""), "no ShellId"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no WinRM listener"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "ansible_winrm_scheme: https"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no WinRM listener"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no WinRM listener"),
    ],
)
def test_answers_that_are_no_winrm_are_unreachable(answer: bytes, words: str):
    with Listener((answer,)) as listener, pytest.raises(Unreachable, match=words):
        reach(listener)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.builds(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest, st.binary(max_size=80)),
        st.builds(http, st.text(st.characters(codec="utf-8"), max_size=80)),
    )
)
def test_whatever_answers_is_an_error_of_ours(said: bytes):
    def say(connection) -> None:
        connection.sendall(said)

    with Listener((say,)) as listener, pytest.raises(TransportError, match="exch01"):
        reach(listener)


def test_output_without_end_is_terminated(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(winrm, "OUTPUT_LIMIT", 1000)
    script = (CREATED, STARTED, doubles.received(b"x" * 900), doubles.received(b"x" * 900), SIGNALLED, DELETED)
    with Listener(script) as listener, pytest.raises(TimedOut, match="1000 bytes"):
        run_once(listener)

    assert listener.actions[-2:] == ["Signal", "Delete"]


def test_a_service_that_gave_up_starting_a_command_leaves_nothing_running():
    with Listener((CREATED, TIMED_OUT, DELETED)) as listener, pytest.raises(TimedOut, match="shell deleted"):
        run_once(listener)

    assert listener.actions == ["Create", "Command", "Delete"]


def test_nobody_listens(free_port: int):
    variables = {**VARIABLES, "ansible_port": free_port}
    with pytest.raises(Unreachable, match=rf"no WinRM listener at 127.0.0.1:{free_port}.*winrm quickconfig"):
        open_channel("exch01", settings_of("exch01", variables), 5)


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_rejected_credentials_name_what_the_listener_would_accept(transport: str):
    refusal = http("", "401 Unauthorized", "WWW-Authenticate: Kerberos", "WWW-Authenticate: CredSSP")
    with Listener((refusal,)) as listener, pytest.raises(AuthenticationFailed, match="kerberos, credssp only"):
        reach(listener, ansible_winrm_transport=transport)


def test_rejected_credentials_do_not_show_the_password():
    refusal = http("", "401 Unauthorized", 'WWW-Authenticate: Basic realm="WSMAN"')
    with Listener((refusal,)) as listener, pytest.raises(AuthenticationFailed) as caught:
        reach(listener)

    assert "admin" in caught.value.message
    assert "secret" not in caught.value.message


def test_basic_over_plain_http_needs_somebody_to_allow_it():
    with Listener(ONE_COMMAND) as listener:
        variables = listener.variables(ansible_winrm_message_encryption="auto")
        with pytest.raises(UntrustedHost, match="allow-unencrypted"):
            open_channel("exch01", settings_of("exch01", variables), 5)
        assert listener.requests == []
        open_channel("exch01", settings_of("exch01", variables, allow_unencrypted=True), 5).close()


@pytest.mark.parametrize(
    "challenge",
    ["NTLM", "NTLM AAAA", "Negotiate !!!!", "NTLM TlRMTVNTUAACAAAA"],
)
def test_a_listener_that_answers_ntlm_with_nonsense_is_an_error_of_ours(challenge: str):
    script = [http("", "401 Unauthorized", "WWW-Authenticate: " + challenge.partition(" ")[0])]
    script += [http("", "401 Unauthorized", "WWW-Authenticate: " + challenge.partition(" ")[0])] * 3
    with Listener(script) as listener, pytest.raises((AuthenticationFailed, Unreachable), match="exch01"):
        reach(listener, ansible_winrm_transport="ntlm")


@pytest.mark.parametrize(
    ("more", "words"),
    [({}, "ansible_winrm_ca_trust_path"), ({"ansible_winrm_ca_trust_path": "OTHER"}, "self-signed|verify")],
)
def test_a_certificate_that_nobody_vouches_for_is_untrusted(certificates, more, words):
    server, _, other = certificates
    more = {name: str(other) if value == "OTHER" else value for name, value in more.items()}
    with Listener(ONE_COMMAND, server) as listener, pytest.raises(UntrustedHost, match=words):
        reach(listener, **more)


def test_a_certificate_is_trusted_by_file_or_not_checked_at_all(certificates):
    server, trust, _ = certificates
    for more in ({"ansible_winrm_ca_trust_path": str(trust)}, {"ansible_winrm_server_cert_validation": "ignore"}):
        with Listener(ONE_COMMAND, server) as listener:
            assert run_once(listener, **more).status == 0


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_tls_where_there_is_none_names_the_scheme(said: bytes):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        variables = {**VARIABLES, "ansible_port": server.getsockname()[1], "ansible_winrm_scheme": "https"}
        with pytest.raises(Unreachable, match="scheme: http"):
            open_channel("exch01", settings_of("exch01", variables), 5)
        thread.join()


def test_a_trust_file_that_is_not_there_is_bad_usage():
    with Listener(()) as listener, pytest.raises(UsageError, match="ansible_winrm_ca_trust_path"):
        reach(listener, ansible_winrm_scheme="https", ansible_winrm_ca_trust_path="/nowhere/ca.pem")


@pytest.mark.parametrize(("transport", "module"), [("kerberos", "krb5"), ("credssp", "requests_credssp")])
def test_an_extra_that_is_not_installed_is_named(transport: str, module: str):
    import importlib.util

    if importlib.util.find_spec(module):
        pytest.skip("the extra is installed")
    with Listener(()) as listener, pytest.raises(UsageError, match=rf"remediators\[{transport}\]"):
        reach(listener, ansible_winrm_transport=transport)


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch, free_port: int):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
    with Listener(ONE_COMMAND) as listener:
        assert run_once(listener).status == 0


def test_a_proxy_that_was_asked_for_is_used():
    with Listener(ONE_COMMAND) as proxy:
        variables = proxy.variables(
            ansible_host="exch01.example",
            ansible_port=5985,
            ansible_winrm_proxy=f"http://us%40er:pw@127.0.0.1:{proxy.port}",
        )
        channel = open_channel("exch01", settings_of("exch01", variables), 5)
        assert channel.run("ver", 5).status == 0
        channel.close()

    assert proxy.heads[0].startswith("POST http://exch01.example:5985/wsman HTTP/1.1")
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'us@er:pw').decode()}" in proxy.heads[0]


def test_tls_goes_through_a_tunnel(certificates):
    server, trust, _ = certificates
    with Listener(ONE_COMMAND, server) as listener, socket.create_server(("127.0.0.1", 0)) as proxy:
        asked = []

        def tunnel() -> None:
            connection, _ = proxy.accept()
            with connection, socket.create_connection(("127.0.0.1", listener.port)) as there:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(there, connection))
                back.start()
                pump(connection, there)
                back.join()

        thread = threading.Thread(target=tunnel)
        thread.start()
        more = {
            "ansible_winrm_ca_trust_path": str(trust),
            "ansible_winrm_proxy": f"http://127.0.0.1:{proxy.getsockname()[1]}",
        }
        assert run_once(listener, **more).status == 0
        thread.join()

    assert asked[0].startswith(f"CONNECT 127.0.0.1:{listener.port} HTTP/1.1".encode())


def pump(here: socket.socket, there: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := here.recv(65536):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)


def test_a_proxy_that_refuses_is_named():
    with Listener((http("", "403 Forbidden"),)) as proxy:
        more = {"ansible_winrm_scheme": "https", "ansible_winrm_proxy": f"http://127.0.0.1:{proxy.port}"}
        with pytest.raises(Unreachable, match=r"answers 403 Forbidden: check ansible_winrm_proxy"):
            reach(proxy, **more)


def test_a_proxy_that_is_not_there_is_named(free_port: int):
    with Listener(()) as listener, pytest.raises(Unreachable, match=rf"the proxy at 127.0.0.1:{free_port} cannot"):
        reach(listener, ansible_winrm_proxy=f"http://127.0.0.1:{free_port}")


IDENTITY = (
    '<i:IdentifyResponse xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    "<i:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</i:ProtocolVersion>"
    "<i:ProductVendor>Microsoft Corporation</i:ProductVendor>"
    "<i:ProductVersion>OS: 5.2.3790 SP: 2.0 Stack: {stack}</i:ProductVersion></i:IdentifyResponse>"
)


def test_ping_says_who_answered_and_runs_a_line():
    said = doubles.received(b"PROCESSOR_ARCHITECTURE=x86\r\n", status=0)
    with Listener((doubles.soap(IDENTITY.format(stack="2.0")), CREATED, STARTED, said, DELETED)) as listener:
        met = ping("exch01", settings_of("exch01", listener.variables()), 5)

    assert met.answered == "Microsoft Corporation, OS: 5.2.3790 SP: 2.0 Stack: 2.0"
    assert met.runs
    assert ["not encrypted" in finding.symptom for finding in met.findings] == [True]


def test_ping_finds_a_winrm_without_shells():
    with Listener((doubles.soap(IDENTITY.format(stack="1.1")),)) as listener:
        met = ping("exch01", settings_of("exch01", listener.variables()), 5)

    assert not met.runs
    assert any("KB968930" in finding.cure for finding in met.findings)
    assert listener.actions == ["Identify"]


def test_ping_finds_a_32_bit_service_on_64_bit_windows():
    said = doubles.received(b"PROCESSOR_ARCHITECTURE=x86\r\nPROCESSOR_ARCHITEW6432=AMD64\r\n", status=0)
    with Listener((doubles.soap(IDENTITY.format(stack="2.0")), CREATED, STARTED, said, DELETED)) as listener:
        met = ping("exch01", settings_of("exch01", listener.variables()), 5)

    assert any("32-bit" in finding.symptom for finding in met.findings)
