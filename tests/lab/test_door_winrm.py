"""The WinRM door, asked by pywinrm and pypsrp, which are not ours, and by raw HTTP."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import winrm
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError
from winrm.exceptions import WSManFaultError as PywinrmFault
from winrm.protocol import Protocol

from remediators.lab.machine import Ran
from remediators.lab.serve import Lab, Served
from tests.lab.door_machines import Parrot

USER, PASSWORD = "Administrator", "Pässword 1:2"
IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    "<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    fleet = {
        "basic": {"machine": Parrot("BASIC"), "transport": "basic"},
        "ntlm": {"machine": Parrot("NTLM"), "transport": "ntlm"},
        "https": {"machine": Parrot("HTTPS"), "transport": "basic", "scheme": "https"},
        "sealed": {"machine": Parrot("SEALED"), "transport": "ntlm", "scheme": "https"},
        "certificate": {"machine": Parrot("CERT"), "transport": "certificate", "scheme": "https"},
        "strict": {"machine": Parrot("STRICT"), "transport": "basic", "allow_unencrypted": False},
        "few": {"machine": Parrot("FEW"), "transport": "basic", "most_shells": 2},
    }
    with Lab(fleet) as running:
        yield running
        assert running.open_shells == 0


def endpoint(host: Served) -> str:
    return f"{host.spec.get('scheme', 'http')}://{host.address}:{host.port}/wsman"


def client(lab: Lab, name: str, *, user: str = USER, password: str = PASSWORD, **options: object) -> Protocol:
    host = lab.hosts[name]
    settings: dict[str, object] = {
        "transport": host.spec.get("transport"),
        "username": user,
        "password": password,
        "ca_trust_path": str(lab.keyring.authority),
        "proxy": None,
        "read_timeout_sec": 20,
        "operation_timeout_sec": 10,
    }
    return Protocol(endpoint(host), **(settings | options))  # type: ignore[arg-type]


def ask(asked: Protocol, line: str, **shell: object) -> tuple[bytes, bytes, int]:
    opened = asked.open_shell(**shell)  # type: ignore[arg-type]
    try:
        command = asked.run_command(opened, line)
        answer = asked.get_command_output(opened, command)
        asked.cleanup_command(opened, command)
    finally:
        asked.close_shell(opened)
    return answer


def machine(lab: Lab, name: str) -> Parrot:
    found = lab.machines[name]
    assert isinstance(found, Parrot)
    return found


@pytest.mark.parametrize("name", ["basic", "ntlm", "https", "sealed"])
def test_a_line_reaches_the_machine_unchanged_and_its_answer_comes_back(lab: Lab, name: str) -> None:
    line = 'cmd /d /c "echo ä < > & ^ %PATH% !X!"'
    machine(lab, name).answers[line] = Ran("größer\r\n".encode("cp850"), b"oops", -2147467259)
    assert ask(client(lab, name), line) == ("größer\r\n".encode("cp850"), b"oops", 2147500037)
    assert machine(lab, name).lines[-1] == (line, 437)


def test_a_client_certificate_stands_for_its_user(lab: Lab) -> None:
    options = {"cert_pem": str(lab.keyring.certificate), "cert_key_pem": str(lab.keyring.certificate_key)}
    assert ask(client(lab, "certificate", user="", password="", **options), "ver")[0] == b"ver\r\n"


def test_without_a_certificate_nobody_is_let_in_by_certificate(lab: Lab) -> None:
    mutual = {"Authorization": "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"}
    answer = requests.post(
        endpoint(lab.hosts["certificate"]), IDENTIFY, headers=mutual, verify=lab.keyring.authority, timeout=5
    )
    assert answer.status_code == 401


def test_pywinrm_sessions_work_as_documented(lab: Lab) -> None:
    host = lab.hosts["ntlm"]
    trust = str(lab.keyring.authority)
    session = winrm.Session(
        endpoint(host), auth=(f"LAB\\{USER}", PASSWORD), transport="ntlm", proxy=None, ca_trust_path=trust
    )
    answer = session.run_cmd("echo", ["one", "two"])
    assert (answer.status_code, answer.std_out) == (0, b"echo one two\r\n")


@pytest.mark.parametrize(("name", "auth"), [("basic", "basic"), ("ntlm", "ntlm")])
def test_pypsrp_runs_commands_too(lab: Lab, name: str, auth: str) -> None:
    host = lab.hosts[name]
    wsman = WSMan(
        host.address,
        port=host.port or 0,
        ssl=False,
        auth=auth,
        username=USER,
        password=PASSWORD,
        encryption="always" if auth == "ntlm" else "never",
        no_proxy=True,
    )
    with wsman, WinRS(wsman, codepage=65001, no_profile=True) as shell:
        process = Process(shell, "echo", ["hello"])
        process.begin_invoke()
        process.send(b"typed", end=True)
        process.end_invoke()
        process.signal("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate")
    assert (process.rc, process.stdout, process.stderr) == (0, b"echo hello\r\n", b"")
    assert machine(lab, name).lines[-1] == ("echo hello", 65001)


@pytest.mark.parametrize("name", ["basic", "ntlm"])
@pytest.mark.parametrize(("user", "password"), [("Administrator", "wrong"), ("Nobody", PASSWORD)])
def test_wrong_credentials_are_rejected(lab: Lab, name: str, user: str, password: str) -> None:
    asked = client(lab, name, user=user, password=password)
    with pytest.raises(InvalidCredentialsError):
        asked.open_shell()
    asked.transport.close_session()


def test_pypsrp_is_told_of_a_wrong_password(lab: Lab) -> None:
    host = lab.hosts["ntlm"]
    wsman = WSMan(host.address, port=host.port or 0, ssl=False, auth="ntlm", username=USER, password="x", no_proxy=True)
    with wsman, pytest.raises(AuthenticationError), WinRS(wsman):
        pass


def test_basic_is_refused_where_messages_must_be_encrypted(lab: Lab) -> None:
    asked = client(lab, "strict")
    with pytest.raises(InvalidCredentialsError):
        asked.open_shell()
    asked.transport.close_session()


def test_ntlm_without_encryption_is_refused_where_messages_must_be_encrypted(lab: Lab) -> None:
    asked = client(lab, "ntlm", message_encryption="never")
    with pytest.raises(WinRMTransportError) as refused:
        asked.open_shell()
    asked.transport.close_session()
    assert refused.value.code == 500


def test_a_session_is_bound_to_its_connection(lab: Lab) -> None:
    asked = client(lab, "ntlm")
    shell = asked.open_shell()
    session = asked.transport.session
    assert session is not None
    session.close()
    with pytest.raises(WinRMTransportError) as refused:
        asked.run_command(shell, "ver")
    assert refused.value.code == 400
    asked.transport.close_session()
    fresh = client(lab, "ntlm")
    fresh.close_shell(shell)


def identified(lab: Lab, **headers: str) -> requests.Response:
    kind = {"Content-Type": "application/soap+xml;charset=UTF-8"}
    return requests.post(endpoint(lab.hosts["basic"]), IDENTIFY, headers=kind | headers, timeout=5)


def test_identify_tells_a_stranger_no_more_than_the_stack(lab: Lab) -> None:
    assert "OS: 0.0.0 SP: 0.0 Stack: 2.0" in identified(lab, WSMANIDENTIFY="unauthenticated").text
    assert identified(lab).status_code == 401


def test_identify_tells_a_user_the_version(lab: Lab) -> None:
    answer = requests.post(endpoint(lab.hosts["basic"]), IDENTIFY, auth=(USER.encode(), PASSWORD.encode()), timeout=5)
    assert "OS: 5.2.3790 SP: 2.0 Stack: 2.0" in answer.text


def test_long_output_comes_in_several_pieces_and_whole(lab: Lab) -> None:
    out, err = b"0123456789abcdef" * 30000, b"x" * 200000
    machine(lab, "ntlm").answers["type long"] = Ran(out, err, 3)
    before = lab.hosts["ntlm"].winrm.requests["Receive"]  # type: ignore[union-attr]
    assert ask(client(lab, "ntlm"), "type long") == (out, err, 3)
    assert lab.hosts["ntlm"].winrm.requests["Receive"] - before == 7  # type: ignore[union-attr]


def test_no_answer_is_longer_than_the_client_can_take(lab: Lab) -> None:
    machine(lab, "basic").answers["type long"] = Ran(b"x" * 60000, b"", 0)
    host, sizes = lab.hosts["basic"], list[int]()
    wsman = WSMan(
        host.address,
        port=host.port or 0,
        ssl=False,
        auth="basic",
        username=USER,
        password=PASSWORD,
        encryption="never",
        max_envelope_size=16384,
        no_proxy=True,
    )
    with wsman, WinRS(wsman) as shell:
        session = wsman.transport.session or pytest.fail("no session")
        session.hooks["response"].append(lambda answer, **_: sizes.append(len(answer.content)))
        process = Process(shell, "type long")
        process.invoke()
    assert process.stdout == b"x" * 60000
    assert 12000 < max(sizes) <= 16384


def test_a_slow_command_is_polled_for(lab: Lab) -> None:
    asked = client(lab, "basic", operation_timeout_sec=1)
    shell = asked.open_shell()
    command = asked.run_command(shell, "wait for it")
    with pytest.raises(WinRMOperationTimeoutError):
        asked.get_command_output_raw(shell, command)
    machine(lab, "basic").go.set()
    assert asked.get_command_output(shell, command) == (b"wait for it\r\n", b"", 0)
    asked.close_shell(shell)


def test_a_slow_command_holds_nobody_else_up(lab: Lab) -> None:
    slow = machine(lab, "few")
    asked = client(lab, "few")
    shell = asked.open_shell()
    command = asked.run_command(shell, "wait here")
    assert ask(client(lab, "few"), "ver")[0] == b"ver\r\n"
    slow.go.set()
    assert asked.get_command_output(shell, command)[2] == 0
    asked.close_shell(shell)


def test_a_terminated_command_is_gone(lab: Lab) -> None:
    asked = client(lab, "basic")
    shell = asked.open_shell()
    command = asked.run_command(shell, "ver")
    asked.cleanup_command(shell, command)
    with pytest.raises(PywinrmFault) as refused:
        asked.get_command_output(shell, command)
    assert refused.value.wsman_fault_code == 2150858810
    asked.close_shell(shell)


def test_nothing_can_be_typed_after_the_end_of_input(lab: Lab) -> None:
    asked = client(lab, "basic")
    shell = asked.open_shell()
    command = asked.run_command(shell, "more")
    asked.send_command_input(shell, command, b"one")
    asked.send_command_input(shell, command, b"two", end=True)
    with pytest.raises(PywinrmFault):
        asked.send_command_input(shell, command, b"three")
    asked.close_shell(shell)


def test_output_of_a_command_that_was_terminated_while_it_ran_is_aborted() -> None:
    parrot = Parrot()
    with Lab({"host": {"machine": parrot, "transport": "basic"}}) as lab:
        asked, other = client(lab, "host"), client(lab, "host")
        shell = asked.open_shell()
        command = asked.run_command(shell, "wait here")
        with ThreadPoolExecutor(1) as pool:
            receiving = pool.submit(other.get_command_output_raw, shell, command)
            door = lab.hosts["host"].winrm or pytest.fail("no door")
            while not door.requests["Receive"]:
                threading.Event().wait(0.01)
            asked.cleanup_command(shell, command)
            with pytest.raises(PywinrmFault) as refused:
                receiving.result(5)
        assert refused.value.wsman_fault_code == 995
        asked.close_shell(shell)
        other.transport.close_session()
        parrot.go.set()


def test_a_closed_shell_is_not_found(lab: Lab) -> None:
    asked = client(lab, "basic")
    shell = asked.open_shell()
    asked.close_shell(shell, close_session=False)
    with pytest.raises(PywinrmFault) as refused:
        asked.run_command(shell, "ver")
    assert refused.value.wsman_fault_code == 2150858843
    assert refused.value.fault_subcode == "w:InvalidSelectors"
    asked.transport.close_session()


def test_more_shells_than_allowed_are_a_fault_with_the_number(lab: Lab) -> None:
    asked = client(lab, "few")
    shells = [asked.open_shell(), asked.open_shell()]
    with pytest.raises(PywinrmFault, match="maximum number of 2 concurrent shells") as refused:
        asked.open_shell()
    assert refused.value.wsman_fault_code == 2150859173
    for shell in shells:
        asked.close_shell(shell, close_session=False)
    asked.transport.close_session()


def test_a_forgotten_shell_expires() -> None:
    with Lab({"short": {"machine": Parrot(), "transport": "basic", "idle": 0.05}}) as lab:
        asked = client(lab, "short")
        shell = asked.open_shell()
        threading.Event().wait(0.1)
        assert lab.open_shells == 0
        with pytest.raises(PywinrmFault, match="shell was not found"):
            asked.run_command(shell, "ver")
        asked.transport.close_session()


def test_another_users_shell_is_not_ones_own() -> None:
    users = {"Administrator": "one", "Operator": "two"}
    with Lab({"host": {"machine": Parrot(users=users), "transport": "basic"}}) as lab:
        first, second = client(lab, "host", password="one"), client(lab, "host", user="Operator", password="two")
        shell = first.open_shell()
        with pytest.raises(PywinrmFault) as refused:
            second.run_command(shell, "ver")
        assert refused.value.wsman_fault_code == 5
        first.close_shell(shell)
        second.transport.close_session()


def test_what_is_asked_is_counted() -> None:
    with Lab({"host": {"machine": Parrot(), "transport": "basic"}}) as lab:
        ask(client(lab, "host"), "ver")
        door = lab.hosts["host"].winrm
        assert door is not None
        assert door.requests == {"Create": 1, "Command": 1, "Receive": 1, "Signal": 1, "Delete": 1}


def test_skipping_the_command_shell_is_a_fault(lab: Lab) -> None:
    asked = client(lab, "basic")
    shell = asked.open_shell()
    with pytest.raises(PywinrmFault) as refused:
        asked.run_command(shell, "ver", skip_cmd_shell=True)
    assert refused.value.wsman_fault_code == 2150858809
    asked.close_shell(shell)


def test_powershell_is_not_there(lab: Lab) -> None:
    host = lab.hosts["basic"]
    wsman = WSMan(
        host.address, port=host.port or 0, ssl=False, auth="basic", username=USER, password=PASSWORD,
        encryption="never", no_proxy=True,
    )  # fmt: skip
    other = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
    with wsman, pytest.raises(WSManFaultError) as refused, WinRS(wsman, resource_uri=other):
        pass
    assert refused.value.code == 2150858811


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"POST /wsman HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b""),
        (b"SSH-2.0-client\r\n\r\n", b""),
        (b"POST /wsman HT", b""),
        (b"GET /wsman HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n"),
        (b"POST /wsman HTTP/1.1\r\nAuthorization: Basic !!\r\n\r\n", b"HTTP/1.1 401 Unauthorized\r\n"),
        (b"POST /wsman HTTP/1.1\r\nAuthorization: Negotiate TlRMTVNTUAAD\r\n\r\n", b"HTTP/1.1 401 Unauthorized\r\n"),
    ],
)
def test_nonsense_is_turned_away(lab: Lab, raw: bytes, answer: bytes) -> None:
    host = lab.hosts["basic"]
    with socket.create_connection((host.address, host.port or 0), timeout=5) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        assert wire.makefile("rb").readline() == answer


def test_what_is_no_envelope_is_a_bad_request(lab: Lab) -> None:
    answer = requests.post(endpoint(lab.hosts["basic"]), "<no", auth=(USER.encode(), PASSWORD.encode()), timeout=5)
    assert answer.status_code == 400


def envelope(action: str, *, selector: str = "", body: str = "", resource: str = "windows/shell/cmd") -> str:
    names = (
        'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:r="http://schemas.microsoft.com/wbem/wsman/1/windows/'
        'shell" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    )
    chosen = f'<w:SelectorSet><w:Selector Name="ShellId">{selector}</w:Selector></w:SelectorSet>' if selector else ""
    return (
        f"<s:Envelope {names}><s:Header><a:Action>{action}</a:Action><w:ResourceURI>"
        f"http://schemas.microsoft.com/wbem/wsman/1/{resource}</w:ResourceURI>{chosen}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (envelope(f"{SHELL}/Command"), 2150858813),
        (envelope(f"{SHELL}/Command", selector="0"), 2150858843),
        (envelope(f"{SHELL}/Dance", selector="0"), 2150858753),
        (envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", resource="config"), 2150858811),
    ],
)
def test_requests_that_no_shell_can_answer_are_faults(lab: Lab, text: str, code: int) -> None:
    answer = requests.post(endpoint(lab.hosts["basic"]), text, auth=(USER.encode(), PASSWORD.encode()), timeout=5)
    assert answer.status_code == 500
    assert f'Code="{code}"' in answer.text


@pytest.mark.parametrize("body", ["", "<r:Receive/>", "<r:Send/>", "<r:Signal/>"])
def test_requests_without_a_command_are_faults(lab: Lab, body: str) -> None:
    asked = client(lab, "basic")
    shell = asked.open_shell()
    for action in ("Receive", "Send", "Signal"):
        text = envelope(f"{SHELL}/{action}", selector=shell, body=body)
        with pytest.raises(PywinrmFault) as refused:
            asked.send_message(text)
        assert refused.value.wsman_fault_code == 2150858810
    asked.close_shell(shell)


def test_control_c_leaves_the_command_to_itself(lab: Lab) -> None:
    asked = client(lab, "basic")
    shell = asked.open_shell()
    command = asked.run_command(shell, "ver")
    code = f'<r:Signal CommandId="{command}"><r:Code>{SHELL}/signal/ctrl_c</r:Code></r:Signal>'
    asked.send_message(envelope(f"{SHELL}/Signal", selector=shell, body=code))
    assert asked.get_command_output(shell, command) == (b"ver\r\n", b"", 0)
    asked.close_shell(shell)


def test_a_stranger_may_identify_and_nothing_else(lab: Lab) -> None:
    headers = {"WSMANIDENTIFY": "unauthenticated"}
    for text in (envelope(f"{SHELL}/Command"), "<no"):
        assert requests.post(endpoint(lab.hosts["basic"]), text, headers=headers, timeout=5).status_code == 400


def test_a_client_may_ask_for_one_answer_only(lab: Lab) -> None:
    host = lab.hosts["basic"]
    with socket.create_connection((host.address, host.port or 0), timeout=5) as wire, wire.makefile("rb") as answer:
        wire.sendall(b"POST /wsman HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert answer.read().startswith(b"HTTP/1.1 401 Unauthorized\r\n")


def test_a_proof_without_a_challenge_is_turned_away(lab: Lab) -> None:
    token = base64.b64encode(b"NTLMSSP\0\3\0\0\0" + bytes(60)).decode()
    headers = {"Authorization": f"Negotiate {token}"}
    answer = requests.post(endpoint(lab.hosts["ntlm"]), IDENTIFY, headers=headers, timeout=5)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Negotiate")


def test_an_encrypted_message_over_basic_is_a_bad_request(lab: Lab) -> None:
    kind = {"Content-Type": 'multipart/encrypted;boundary="x"'}
    answer = requests.post(
        endpoint(lab.hosts["basic"]), b"x", headers=kind, auth=(USER.encode(), PASSWORD.encode()), timeout=5
    )
    assert answer.status_code == 400
