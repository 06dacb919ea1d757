"""
The envelopes of WS-Management as Windows' remote shell writes them. Pure.

After [MS-WSMV] (the shell's bodies, selectors and options), DSP0226 (headers and faults) and wsmerror.h (codes).
"""

from __future__ import annotations

import base64
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from xml.sax.saxutils import escape, quoteattr

SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD: Final = f"{SHELL}/cmd"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
IDENTIFY: Final = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ADDRESSING_FAULT: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"
ANONYMOUS: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

_NAMES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "x": TRANSFER,
    "rsp": SHELL,
    "wsmid": IDENTIFY,
}
_DECLARED: Final = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMES.items() if prefix != "wsmid")
_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_SECONDS: Final = (86400.0, 3600.0, 60.0, 1.0)
_LEAST_ENVELOPE: Final = 8192


class Malformed(Exception):
    """The request is no envelope."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault: its code in Windows, the subcode of the standard, and the text."""

    code: int
    subcode: str
    text: str
    action: str = FAULT_ACTION
    sender: bool = True

    def about(self, **words: object) -> Fault:
        """The same fault with the gaps of its text filled in."""
        return replace(self, text=self.text.format(**words))


class Faulted(Exception):
    """The request is answered with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


TIMED_OUT: Final = Fault(
    2150858793,
    "w:TimedOut",
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
    sender=False,
)
NO_SHELL: Final = Fault(
    2150858843,
    "w:InvalidSelectors",
    "The request for the Windows Remote Shell with ShellId {shell} failed because the shell was not found on the "
    "server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. "
    "Provide the correct ShellId or create a new shell and retry the operation. ",
)
BAD_SELECTORS: Final = Fault(
    2150858813,
    "w:InvalidSelectors",
    "The WS-Management service cannot process the request because the selectors for the resource are not valid. ",
)
NO_COMMAND: Final = Fault(
    2150858810,
    "w:InvalidParameter",
    "The WS-Management service cannot process the request because a parameter for the operation is not valid. ",
)
BAD_OPTIONS: Final = Fault(
    2150858809,
    "w:InvalidOptions",
    "The WS-Management service cannot process the request. The resource URI does not support the requested options. ",
)
NO_RESOURCE: Final = Fault(
    2150858811,
    "a:DestinationUnreachable",
    "The WS-Management service cannot process the request. The resource URI is missing or it has an incorrect format. "
    "Check the documentation or use the following command for information on how to construct a resource URI: "
    '"winrm help uris". ',
    ADDRESSING_FAULT,
)
NO_ACTION: Final = Fault(
    2150858753,
    "a:ActionNotSupported",
    "The WS-Management service cannot process the request because the action URI is not valid for the resource. ",
    ADDRESSING_FAULT,
)
ABORTED: Final = Fault(
    995,
    "w:InternalError",
    "The I/O operation has been aborted because of either a thread exit or an application request. ",
    sender=False,
)
DENIED: Final = Fault(5, "w:AccessDenied", "Access is denied. ")
TOO_MANY_SHELLS: Final = Fault(
    2150859173,
    "w:QuotaLimit",
    "The WS-Management service cannot process the request. This user is allowed a maximum number of {most} concurrent "
    "shells, which has been exceeded. Close existing shells or raise the quota for this user. ",
)
TOO_MANY_OPERATIONS: Final = Fault(
    2150859174,
    "w:QuotaLimit",
    "The WS-Management service cannot process the request. This user has exceeded the maximum number of concurrent "
    "operations. Close existing operations for this user, or raise the quota for this user. ",
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a request says: its header fields, and the one element of its body (``None`` where it is empty)."""

    action: str
    resource: str
    message_id: str
    shell_id: str | None
    options: Mapping[str, str]
    seconds: float | None
    max_size: int | None
    body: ET.Element | None

    @property
    def identifies(self) -> bool:
        return self.body is not None and self.body.tag == f"{{{IDENTIFY}}}Identify"


@dataclass(frozen=True, slots=True)
class Stream:
    """A piece of what a command wrote; ``end`` says that nothing follows."""

    name: str
    data: bytes
    end: bool = False


def parse(text: bytes) -> Envelope:
    """Read an envelope. Raises `Malformed`."""
    try:
        root = ET.fromstring(text)  # noqa: S314  # only the lab's own clients on loopback get here
    except ET.ParseError as error:
        raise Malformed(str(error)) from error
    header = root.find("s:Header", _NAMES)
    body = root.find("s:Body", _NAMES)
    if root.tag != f"{{{_NAMES['s']}}}Envelope" or body is None:
        raise Malformed("no envelope")
    return _envelope(ET.Element("none") if header is None else header, body)


def _envelope(header: ET.Element, body: ET.Element) -> Envelope:
    size = header.findtext("w:MaxEnvelopeSize", "", _NAMES).strip()
    return Envelope(
        action=header.findtext("a:Action", "", _NAMES).strip(),
        resource=header.findtext("w:ResourceURI", "", _NAMES).strip(),
        message_id=header.findtext("a:MessageID", "", _NAMES).strip(),
        shell_id=_named(header, "w:SelectorSet/w:Selector").get("ShellId"),
        options=_named(header, "w:OptionSet/w:Option"),
        seconds=seconds(header.findtext("w:OperationTimeout", "", _NAMES)),
        max_size=max(int(size), _LEAST_ENVELOPE) if size.isdigit() else None,
        body=next(iter(body), None),
    )


def _named(header: ET.Element, path: str) -> dict[str, str]:
    return {one.get("Name", ""): (one.text or "").strip() for one in header.iterfind(path, _NAMES)}


def seconds(text: str) -> float | None:
    """A duration of XML Schema in seconds, or ``None``: ``PT1M0.5S`` gives 60.5."""
    found = _DURATION.fullmatch(text.strip())
    if not found or not any(found.groups()):
        return None
    return sum(float(part or 0) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True))


def child(element: ET.Element | None, path: str) -> ET.Element | None:
    """The first element at ``path``, in the prefixes of this file."""
    return None if element is None else element.find(path, _NAMES)


def texts(element: ET.Element | None, path: str) -> list[str]:
    """The texts of all elements at ``path``."""
    return [] if element is None else [one.text or "" for one in element.iterfind(path, _NAMES)]


def reply(request: Envelope, action: str, body: str) -> bytes:
    """An answer to ``request``; ``body`` is XML in the prefixes of this file."""
    relates = f"<a:RelatesTo>{escape(request.message_id)}</a:RelatesTo>" if request.message_id else ""
    return (
        f'<s:Envelope xml:lang="en-US" {_DECLARED}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>{relates}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def refuse(request: Envelope, fault: Fault, machine: str) -> bytes:
    """The fault that answers ``request``."""
    text = escape(fault.text)
    namespace = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
    body = (
        f"<s:Fault><s:Code><s:Value>s:{'Sender' if fault.sender else 'Receiver'}</s:Value>"
        f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="{namespace}" Code="{fault.code}" Machine={quoteattr(machine)}>'
        f"<f:Message>{text}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )
    return reply(request, fault.action, body)


def identified(product: str) -> bytes:
    """The answer to Identify: unlike all others it has an empty header."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{_NAMES["s"]}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTIFY}">'
        "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>{escape(product)}</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


def created(request: Envelope, shell_id: str, owner: str, idle: float) -> bytes:
    body = (
        f"<x:ResourceCreated><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{CMD}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        f"</a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId>"
        f"<rsp:ResourceUri>{CMD}</rsp:ResourceUri><rsp:Owner>{escape(owner)}</rsp:Owner>"
        f"<rsp:ClientIP>127.0.0.1</rsp:ClientIP><rsp:IdleTimeOut>PT{idle:.3f}S</rsp:IdleTimeOut>"
        "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    return reply(request, f"{TRANSFER}/CreateResponse", body)


def started(request: Envelope, command_id: str) -> bytes:
    body = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
    return reply(request, f"{SHELL}/CommandResponse", body)


def received(request: Envelope, command_id: str, streams: Iterable[Stream], status: int | None) -> bytes:
    """Output, and the exit code as an unsigned number where the command is done (``status`` is not ``None``)."""
    pieces = "".join(_stream(stream, command_id) for stream in streams)
    state = "Running" if status is None else "Done"
    code = "" if status is None else f"<rsp:ExitCode>{status & 0xFFFFFFFF}</rsp:ExitCode>"
    body = (
        f'<rsp:ReceiveResponse>{pieces}<rsp:CommandState CommandId="{command_id}" '
        f'State="{SHELL}/CommandState/{state}">{code}</rsp:CommandState></rsp:ReceiveResponse>'
    )
    return reply(request, f"{SHELL}/ReceiveResponse", body)


def _stream(stream: Stream, command_id: str) -> str:
    start = f'<rsp:Stream Name="{stream.name}" CommandId="{command_id}"'
    if stream.end:
        start += ' End="true"'
    return f"{start}>{base64.b64encode(stream.data).decode()}</rsp:Stream>" if stream.data else f"{start}/>"


def done(request: Envelope) -> bytes:
    """The empty answers to Send, Signal and Delete."""
    if request.action == f"{TRANSFER}/Delete":
        return reply(request, f"{TRANSFER}/DeleteResponse", "")
    name = request.action.rsplit("/", 1)[-1]
    return reply(request, f"{SHELL}/{name}Response", f"<rsp:{name}Response/>")
