"""
WS-Management as text: envelopes out by template, answers in by ElementTree. Pure.

The messages are those of [MS-WSMV] that a remote command needs: Identify, Create, Command, Receive, Signal, Delete.
Numbers of faults are those of Microsoft's wsmerror.h.
"""

from __future__ import annotations

import binascii
import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from remediators.model import Refused
from remediators.transports.statuses import signed

OPERATION_TIMED_OUT = 2150858793  # ERROR_WSMAN_OPERATION_TIMEDOUT: Receive found nothing yet, ask again

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MICROSOFT = "http://schemas.microsoft.com/wbem/wsman/1"
SHELL = f"{MICROSOFT}/windows/shell"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"

# 153600 octets are the largest envelope that WinRM 2.0 takes by default (MaxEnvelopeSizekb 150).
_ENVELOPE = (
    f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}"><s:Header>'
    "<a:To>%(to)s</a:To>"
    f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>'
    '<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>'
    "<a:MessageID>uuid:%(id)s</a:MessageID>"
    '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>'
    "<w:OperationTimeout>PT%(seconds)dS</w:OperationTimeout>"
    f'<w:ResourceURI s:mustUnderstand="true">{SHELL}/cmd</w:ResourceURI>'
    '<a:Action s:mustUnderstand="true">%(action)s</a:Action>%(header)s</s:Header><s:Body>%(body)s</s:Body></s:Envelope>'
)
_SELECTOR = '<w:SelectorSet><w:Selector Name="ShellId">%s</w:Selector></w:SelectorSet>'
_SHELL_OPTIONS = '<w:OptionSet><w:Option Name="WINRS_NOPROFILE">TRUE</w:Option>%s</w:OptionSet>'
_CODEPAGE = '<w:Option Name="WINRS_CODEPAGE">%d</w:Option>'
_SHELL = (
    "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams>"
    "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
)
_COMMAND_OPTIONS = (
    '<w:OptionSet><w:Option Name="WINRS_CONSOLEMODE_STDIN">TRUE</w:Option>'
    '<w:Option Name="WINRS_SKIP_CMD_SHELL">FALSE</w:Option></w:OptionSet>'
)
_COMMAND = "<rsp:CommandLine><rsp:Command>%s</rsp:Command></rsp:CommandLine>"
_RECEIVE = '<rsp:Receive><rsp:DesiredStream CommandId="%s">stdout stderr</rsp:DesiredStream></rsp:Receive>'
_TERMINATE = f'<rsp:Signal CommandId="%s"><rsp:Code>{SHELL}/signal/terminate</rsp:Code></rsp:Signal>'
_IDENTIFY = f'<s:Envelope xmlns:s="{SOAP}" xmlns:i="{IDENTITY}"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>'

# What XML 1.0 cannot carry at all, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotWsman(ValueError):
    """The answer is not a WS-Management message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the service refused. ``code`` is the number of the WSManFault, or ``None``; ``words`` are localised."""

    code: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Received:
    """A piece of a command's output. ``status`` is a signed 32-bit number once ``done``."""

    stdout: bytes
    stderr: bytes
    done: bool
    status: int | None


@dataclass(frozen=True, slots=True)
class Identity:
    """What Identify tells: ``version`` is such as ``OS: 5.2.3790 SP: 2.0 Stack: 2.0``."""

    vendor: str
    version: str
    protocol: str

    @property
    def stack(self) -> str:
        """The version of WinRM itself, such as ``2.0``; empty where it is not told."""
        return self.version.rpartition("Stack:")[2].strip() if "Stack:" in self.version else ""


def escaped(text: str) -> str:
    """Text as XML character data. Raises `Refused` for characters that XML has no way to carry."""
    found = _FORBIDDEN.search(text)
    if found:
        raise Refused(f"the character U+{ord(found[0]):04X} cannot be sent over WinRM")
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("\r", "&#13;")
    )


def identify() -> bytes:
    return _IDENTIFY.encode()


def create(to: str, seconds: int, codepage: int | None = None) -> bytes:
    """Open a shell. Without ``codepage`` the host's own one stays, which the command line itself then finds out."""
    option = _CODEPAGE % codepage if codepage is not None else ""
    return _envelope(to, f"{TRANSFER}/Create", seconds, _SHELL, _SHELL_OPTIONS % option)


def command(to: str, seconds: int, shell: str, line: str) -> bytes:
    """Run ``cmd /c "LINE"`` in a shell."""
    header = _SELECTOR % escaped(shell) + _COMMAND_OPTIONS
    return _envelope(to, f"{SHELL}/Command", seconds, _COMMAND % escaped(line), header)


def receive(to: str, seconds: int, shell: str, command_id: str) -> bytes:
    return _envelope(to, f"{SHELL}/Receive", seconds, _RECEIVE % escaped(command_id), _SELECTOR % escaped(shell))


def terminate(to: str, seconds: int, shell: str, command_id: str) -> bytes:
    return _envelope(to, f"{SHELL}/Signal", seconds, _TERMINATE % escaped(command_id), _SELECTOR % escaped(shell))


def delete(to: str, seconds: int, shell: str) -> bytes:
    return _envelope(to, f"{TRANSFER}/Delete", seconds, "", _SELECTOR % escaped(shell))


def _envelope(to: str, action: str, seconds: int, body: str, header: str) -> bytes:
    values = {
        "to": escaped(to),
        "id": uuid.uuid4(),
        "seconds": seconds,
        "action": action,
        "header": header,
        "body": body,
    }
    return (_ENVELOPE % values).encode()


def parse(body: bytes) -> ET.Element:
    """The root of an answer. Raises `NotWsman`; entities are never expanded (SOAP forbids document types)."""
    if b"<!DOCTYPE" in body:
        raise NotWsman("a document type in a SOAP message")
    try:
        root = ET.fromstring(body)  # noqa: S314  document types, and so all entity attacks, are refused above
    except (ET.ParseError, LookupError, ValueError) as error:
        raise NotWsman(str(error)) from error
    if root.tag != f"{{{SOAP}}}Envelope":
        raise NotWsman(f"<{root.tag}> where a SOAP envelope was expected")
    return root


def fault(root: ET.Element) -> Fault | None:
    """The fault that an answer carries, if it does."""
    found = root.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    if found is None:
        return None
    detail = found.find(f".//{{{MICROSOFT}/wsmanfault}}WSManFault")
    code = "" if detail is None else detail.get("Code", "")
    words = _text(found.find(f"{{{SOAP}}}Reason/{{{SOAP}}}Text")) or _text(detail)
    return Fault(int(code) if code.isdigit() else None, words)


def shell_id(root: ET.Element) -> str:
    """The name of the shell that Create opened. Raises `NotWsman`."""
    for selector in root.iter(f"{{{WSMAN}}}Selector"):
        if selector.get("Name") == "ShellId" and selector.text:
            return selector.text
    raise NotWsman("no ShellId in the answer to Create")


def command_id(root: ET.Element) -> str:
    """The name of the command that was started. Raises `NotWsman`."""
    found = root.find(f".//{{{SHELL}}}CommandId")
    if found is None or not found.text:
        raise NotWsman("no CommandId in the answer to Command")
    return found.text


def received(root: ET.Element) -> Received:
    """What an answer to Receive carries. Raises `NotWsman`."""
    streams = {"stdout": bytearray(), "stderr": bytearray()}
    for stream in root.iter(f"{{{SHELL}}}Stream"):
        if stream.text and stream.get("Name") in streams:
            streams[stream.get("Name", "")] += _base64(stream.text)
    state = root.find(f".//{{{SHELL}}}CommandState")
    done = state is not None and state.get("State", "").endswith("/Done")
    exit_code = None if state is None else state.findtext(f"{{{SHELL}}}ExitCode")
    return Received(bytes(streams["stdout"]), bytes(streams["stderr"]), done, _status(exit_code))


def identity(root: ET.Element) -> Identity:
    """What an answer to Identify tells of the service. Raises `NotWsman`."""
    found = root.find(f".//{{{IDENTITY}}}IdentifyResponse")
    if found is None:
        raise NotWsman("no IdentifyResponse in the answer to Identify")
    vendor, version, protocol = (
        (found.findtext(f"{{{IDENTITY}}}{name}") or "").strip()
        for name in ("ProductVendor", "ProductVersion", "ProtocolVersion")
    )
    return Identity(vendor, version, protocol)


def _text(element: ET.Element | None) -> str:
    return "" if element is None else " ".join(" ".join(element.itertext()).split())


def _base64(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text)
    except (binascii.Error, ValueError) as error:
        raise NotWsman(f"a stream that is not base64: {error}") from error


def _status(text: str | None) -> int | None:
    try:
        return signed(int(text or ""))
    except ValueError:
        return None
