r"""
``MetaBase.xml`` and ``MBSchema.xml`` as IIS 6 writes them, and as it reads them when it starts.

The shape is that of Microsoft's own samples (cc782923): one element for each node, its path in ``Location``, lists with
one line for each item. The text is written by hand, as IIS does, and read by Python's own reader.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from remediators.lab.metabase import SCHEMA, Data

Tree = Mapping[str, Mapping[str, Data]]  # path below LM -> properties

_NAMESPACE: Final = "urn:microsoft-catalog:XML_Metabase_V64_0"
_PLAIN: Final = "IIsConfigObject"
_TYPES: Final = {name.upper(): syntax for name, syntax in SCHEMA.items()}


class BrokenFileError(Exception):
    """IIS cannot read the file; the text is what it logs."""


def session_key(computer: str) -> str:
    """What stands for the key of one machine."""
    return base64.b64encode(hashlib.sha512(computer.upper().encode()).digest()).decode()


def written(tree: Tree, major: int, key: str) -> bytes:
    """The file for what IIS has in memory."""
    lines = [
        '<?xml version ="1.0"?>',
        f'<configuration xmlns="{_NAMESPACE}">',
        "<MBProperty>",
        '<IIS_Global\tLocation ="."',
        '\t\tBINSchemaTimeStamp="20c8d8b8c4bcc601"',
        f'\t\tChangeNumber="{major * 7}"',
        f'\t\tHistoryMajorVersionNumber="{major}"',
        f'\t\tSessionKey="{key}"',
        '\t\tXMLSchemaTimeStamp="20c8d8b8c4bcc601"',
        "\t>",
        "</IIS_Global>",
    ]
    for path, properties in sorted(tree.items(), key=lambda entry: entry[0].upper()):
        lines += _node(path, properties)
    return "\r\n".join([*lines, "</MBProperty>", "</configuration>", ""]).encode()


def _node(path: str, properties: Mapping[str, Data]) -> Iterator[str]:
    name = str(properties.get("KeyType", _PLAIN))
    yield f"<{name}\tLocation ={quoteattr(f'/LM/{path}'.rstrip('/'))}"
    known = {n: d for n, d in properties.items() if n.upper() in _TYPES and n != "KeyType"}
    for key, data in sorted(known.items()):
        yield f"\t\t{key}={_quoted(data)}"
    yield "\t>"
    for number, (key, data) in enumerate(sorted(set_aside(properties, known).items()), 50000):
        yield f'\t<Custom\n\t\tName="{key}"\n\t\tID="{number}"\n\t\tValue={_quoted(data)}\n\t\tType="STRING"\n\t/>'
    yield f"</{name}>"


def set_aside(properties: Mapping[str, Data], known: Mapping[str, Data]) -> dict[str, Data]:
    """The properties that the schema does not know."""
    return {name: data for name, data in properties.items() if name not in known and name != "KeyType"}


def _quoted(data: Data) -> str:
    if isinstance(data, bool):
        return '"TRUE"' if data else '"FALSE"'
    if isinstance(data, list):
        return '"' + "\r\n\t\t\t".join(quoteattr(item)[1:-1] for item in data) + '"'
    return quoteattr(str(data))


def read(raw: bytes) -> tuple[dict[str, dict[str, Data]], int, str]:
    """The nodes of a file, its major number and its key. Raises `BrokenFileError`."""
    try:
        root = ET.fromstring(raw)  # noqa: S314 - files of the lab itself
    except ET.ParseError as error:
        raise BrokenFileError(f"Error parsing XML file. Reason: {error} Incorrect XML.") from None
    if root.tag != f"{{{_NAMESPACE}}}configuration":
        raise BrokenFileError("Error parsing XML file. Reason: it is no metabase. Incorrect XML.")
    tree: dict[str, dict[str, Data]] = {}
    major, key = 0, ""
    for element in root.iter():
        name, location = element.tag.rpartition("}")[2], element.get("Location", "")
        if name == "IIS_Global":
            major, key = int(element.get("HistoryMajorVersionNumber", "0")), element.get("SessionKey", "")
        elif location == "/LM" or location.startswith("/LM/"):
            tree[location[4:]] = _properties(element, name)
    return tree, major, key


def _properties(element: ET.Element, name: str) -> dict[str, Data]:
    found: dict[str, Data] = {} if name == _PLAIN else {"KeyType": name}
    for key, text in element.attrib.items():
        if key != "Location":
            found[key] = _typed(key, text)
    for custom in element:
        found[custom.get("Name", "")] = custom.get("Value", "")
    return found


def _typed(name: str, text: str) -> Data:
    kind = _TYPES.get(name.upper(), "STRING")
    if kind == "LIST":
        return text.split()
    if kind == "BOOLEAN":
        return text.upper() == "TRUE"
    return int(text) if kind == "INTEGER" and text.lstrip("-").isdigit() else text


def schema() -> bytes:
    """``MBSchema.xml``: what names and types the properties."""
    lines = ['<?xml version="1.0"?>', '<MetaData xmlns="x-urn:microsoft-catalog:MetaData_V7">', "<DatabaseMeta>"]
    lines += [f'<Property InternalName="{name}" Type="{syntax}"/>' for name, syntax in sorted(SCHEMA.items())]
    return "\r\n".join([*lines, "</DatabaseMeta>", "</MetaData>", ""]).encode()
