"""The variables of WinRM. Pure."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote, urlsplit

from remediators.model import UsageError
from remediators.transports.settings import Settings, WinrmSettings
from remediators.transports.variables import Reading
from remediators.transports.wire import Proxy

_TRANSPORTS = {
    "basic": "basic",
    "plaintext": "basic",
    "ssl": "basic",
    "ntlm": "ntlm",
    "negotiate": "ntlm",
    "certificate": "certificate",
    "kerberos": "kerberos",
    "credssp": "credssp",
}


_KINIT = ("kinit_mode", "kinit_cmd", "kinit_args", "kinit_env_vars")


def winrm(read: Reading, *, allow_unencrypted: bool) -> Settings:
    scheme, port = _scheme_and_port(read)
    transport = _transport(read)
    user = read.text("ansible_ssh_user", "ansible_user", "ansible_winrm_user")
    password = read.text("ansible_ssh_pass", "ansible_password", "ansible_winrm_pass", "ansible_winrm_password")
    _check_credentials(read, transport, scheme, user, password)
    return Settings(
        read.host,
        "winrm",
        read.address("ansible_ssh_host", "ansible_host", "ansible_winrm_host"),
        port,
        _principal(read, transport, user),
        password,
        winrm=_winrm_settings(read, scheme, transport, allow_unencrypted=allow_unencrypted),
        connect_seconds=read.integer(1, 3600, "ansible_timeout"),
        warnings=(*read.unheeded(), *_kerberos_warnings(read, transport, password)),
    )


def _winrm_settings(read: Reading, scheme: str, transport: str, *, allow_unencrypted: bool) -> WinrmSettings:
    encryption = read.choice({"auto", "always", "never"}, "ansible_winrm_message_encryption") or "auto"
    if encryption == "always" and transport in ("basic", "certificate"):
        raise UsageError(
            f"{read.host}: ansible_winrm_message_encryption: always is impossible with {transport}: use ntlm, kerberos "
            "or credssp"
        )
    validation = read.choice({"validate", "ignore"}, "ansible_winrm_server_cert_validation")
    operation, reading = _seconds(read)
    return WinrmSettings(
        scheme=scheme,
        path=_path(read),
        transport=transport,
        validate=validation != "ignore",
        ca_trust_path=_home(read.text("ansible_winrm_ca_trust_path")),
        cert_pem=_home(read.text("ansible_winrm_cert_pem")),
        cert_key_pem=_home(read.text("ansible_winrm_cert_key_pem")),
        message_encryption=encryption,
        allow_unencrypted=allow_unencrypted or encryption == "never",
        operation_seconds=operation,
        read_seconds=reading,
        kerberos_delegation=read.boolean("ansible_winrm_kerberos_delegation") or False,
        kerberos_hostname=read.text("ansible_winrm_kerberos_hostname_override"),
        kerberos_service=read.text("ansible_winrm_service") or "HTTP",
        send_cbt=read.boolean("ansible_winrm_send_cbt") is not False,
        proxy=_proxy(read),
        codepage=read.integer(1, 65535, "ansible_winrm_codepage"),
    )


def _scheme_and_port(read: Reading) -> tuple[str, int]:
    """As in Ansible: https on 5986, but http on 5985."""
    scheme = read.choice({"http", "https"}, "ansible_winrm_scheme")
    port = read.integer(1, 65535, "ansible_ssh_port", "ansible_port", "ansible_winrm_port")
    if scheme is None:
        scheme = "http" if port == 5985 else "https"
    if port is None:
        port = 5985 if scheme == "http" else 5986
    return scheme, port


def _proxy(read: Reading) -> Proxy | None:
    """A proxy that was asked for by name; those of the environment are never used."""
    text = read.text("ansible_winrm_proxy")
    if text is None:
        return None
    try:
        url = urlsplit(text)
        port = url.port or 3128
    except ValueError:
        url, port = urlsplit(""), 0
    if url.scheme != "http" or not url.hostname:
        raise read.wrong("ansible_winrm_proxy", text.rpartition("@")[2], "http://[USER:PASSWORD@]HOST:PORT")
    login = f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else ""
    return Proxy(url.hostname, port, "Basic " + b64encode(login.encode()).decode("ascii") if login else "")


def _path(read: Reading) -> str:
    path = read.text("ansible_winrm_path") or "/wsman"
    if not path.isascii() or any(letter.isspace() for letter in path):
        raise read.wrong("ansible_winrm_path", path, "a path such as /wsman")
    return path if path.startswith("/") else f"/{path}"


def _transport(read: Reading) -> str:
    """The first supported one of what is listed; NTLM, whose messages are encrypted, where nothing is."""
    found = read.found("ansible_winrm_transport")
    if found is None:
        certificate = read.text("ansible_winrm_cert_pem") and not read.text("ansible_password")
        return "certificate" if certificate else "ntlm"
    name, value = found
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise read.wrong(name, value, f"one or more of {', '.join(_TRANSPORTS)}")
    for one in listed:
        if one.strip().lower() in _TRANSPORTS:
            return _TRANSPORTS[one.strip().lower()]
    raise read.wrong(name, value, f"one or more of {', '.join(_TRANSPORTS)}")


def _check_credentials(read: Reading, transport: str, scheme: str, user: str | None, password: str | None) -> None:
    if transport == "certificate":
        if scheme != "https":
            raise UsageError(f"{read.host}: ansible_winrm_transport: certificate needs ansible_winrm_scheme: https")
        _need(read, transport, "ansible_winrm_cert_pem", read.text("ansible_winrm_cert_pem"))
        _need(read, transport, "ansible_winrm_cert_key_pem", read.text("ansible_winrm_cert_key_pem"))
        return
    _need(read, transport, "ansible_user (or -u)", user)
    if transport != "kerberos":
        _need(read, transport, "ansible_password (or -k)", password)


def _need(read: Reading, transport: str, name: str, value: str | None) -> None:
    if value is None:
        raise UsageError(f"{read.host}: {name} is missing: WinRM with {transport} needs it")


def _principal(read: Reading, transport: str, user: str | None) -> str | None:
    """With Kerberos, the user in the realm that was named."""
    realm = read.text("ansible_winrm_realm")
    if transport == "kerberos" and realm and user and "@" not in user:
        return f"{user}@{realm}"
    return user


def _seconds(read: Reading) -> tuple[int, int]:
    """How long one operation may take on the host, and how long an answer may take to come: always longer."""
    both = read.integer(1, 3600, "ansible_winrm_connection_timeout")
    operation = read.integer(1, 3600, "ansible_winrm_operation_timeout_sec") or both or 20
    reading = read.integer(1, 7200, "ansible_winrm_read_timeout_sec") or operation + 10
    if reading <= operation:
        raise read.wrong("ansible_winrm_read_timeout_sec", reading, f"more than the operation's {operation} s")
    return operation, reading


def _kerberos_warnings(read: Reading, transport: str, password: str | None) -> tuple[str, ...]:
    given = [name for name in _KINIT if read.found(f"ansible_winrm_{name}")]
    manual = read.choice({"managed", "manual"}, "ansible_winrm_kinit_mode") == "manual"
    warnings = [
        f"{read.host}: ansible_winrm_{name} is not honoured: no ticket is fetched here, run kinit before"
        for name in given
        if not (name == "kinit_mode" and manual)
    ]
    if transport == "kerberos" and password is not None and not given:
        warnings.append(f"{read.host}: ansible_password is not used with kerberos: run kinit before")
    return tuple(warnings)


def _home(path: str | None) -> str | None:
    """A path of the inventory, with ``~`` for the home of who runs this, as Ansible reads it."""
    return path if path is None else str(Path(path).expanduser())
