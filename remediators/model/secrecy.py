"""
Secrets never reach logs, documents, messages or the journal in the clear.

A `Secret` is a text that stays one through whatever is done with it; `Redactor` is the last gate, by value: it knows a
secret in every spelling in which it may turn up.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

MASK = "********"
SECRET_NAME = re.compile(r"passw(or)?d|_pass$|secret|token|passphrase|private_key_content", re.IGNORECASE)

SHORTEST = 3  # characters from which on a secret is looked for anywhere; a shorter one as a word of its own
_FEW = 1_000  # spellings that are looked for one by one before a text is searched at every place

_SPECIAL = re.compile(r'[&|<>^()%!"]')


class Secret(str):
    """A text that must not be shown. What is made of it by its own methods and operators is secret too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)

    def __radd__(self, other: str) -> Secret:
        return Secret(str.__add__(other, self))

    def __rmod__(self, other: str) -> Secret:
        return Secret(str.__mod__(other, str(self)))

    def __str__(self) -> str:
        """The text itself as an ordinary one: who asks for it means to use it."""
        return str.__str__(self)[:]


def _kept_secret(name: str) -> Callable[..., Any]:
    plain = getattr(str, name)

    def method(self: Secret, *arguments: Any, **options: Any) -> Any:
        return as_secret(plain(self, *arguments, **options))

    method.__name__ = name
    return method


for _name in (
    "__add__", "__mod__", "__mul__", "__rmul__", "__getitem__", "capitalize", "casefold", "center", "expandtabs",
    "format", "format_map", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
    "replace", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "strip", "swapcase", "title",
    "translate", "upper", "zfill",
):  # fmt: skip
    setattr(Secret, _name, _kept_secret(_name))


def as_secret(value: Any) -> Any:
    """The same plain value with every text in it made a `Secret`; numbers and truths stay what they are."""
    if isinstance(value, str):
        return value if isinstance(value, Secret) else Secret(value)
    if isinstance(value, dict):
        return {name: as_secret(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [as_secret(inside) for inside in value]
    if isinstance(value, tuple):
        return tuple(as_secret(inside) for inside in value)
    return value


def without_type(value: Any) -> Any:
    """The same plain value with ordinary texts, for those who look at the very type: what it holds is still known."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(name): without_type(inside) for name, inside in value.items()}
    return [without_type(inside) for inside in value] if isinstance(value, list | tuple) else value


def holds_secret(value: Any) -> bool:
    """Whether there is a `Secret` anywhere in a plain value."""
    if isinstance(value, dict):
        return any(map(holds_secret, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_secret, value))
    return isinstance(value, Secret)


def secret_values(variables: Mapping[str, Any]) -> set[str]:
    """The texts that are secret: those that are a `Secret`, and all below a name that says so, numbers included."""
    return {text for name, value in variables.items() for text in _secrets(value, named=bool(SECRET_NAME.search(name)))}


def _secrets(value: Any, *, named: bool) -> Iterator[str]:
    if isinstance(value, Secret) or (named and isinstance(value, str)):
        yield str(value)
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from _secrets(inside, named=named or bool(SECRET_NAME.search(str(name))))
    elif isinstance(value, list | tuple):
        for inside in value:
            yield from _secrets(inside, named=named)
    elif named and isinstance(value, int | float) and not isinstance(value, bool) and len(str(value)) > SHORTEST:
        yield str(value)


class KnownSecrets:
    """The secrets that became known so far, in the order in which they did. Any thread may add."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = dict.fromkeys(map(str, texts))
        self._adding = threading.Lock()

    def add(self, *texts: str) -> None:
        with self._adding:
            self._texts.update(dict.fromkeys(map(str, texts)))

    def learn(self, value: Any) -> None:
        """Add every text of a value, and every number of more than three digits."""
        self.add(*_secrets(value, named=True))

    def since(self, count: int) -> list[str]:
        """Those that came after the first ``count``."""
        with self._adding:
            return list(self._texts)[count:]

    def __len__(self) -> int:
        return len(self._texts)


class Redactor:
    """
    Replaces every known secret in text with ``********``, in whichever spelling: see `spellings`.

    A secret of two characters is found where it is a word of its own, a single character where it is the whole value
    or stands between quotes: anywhere else they would blot out everything. ``known`` may grow while this is used.
    """

    def __init__(self, secrets: Iterable[str] = (), known: KnownSecrets | None = None) -> None:
        self._known = known
        self._seen = 0
        self._learning = threading.Lock()
        self._forms: set[str] = set()
        self._index: dict[str, dict[int, set[str]]] = {}  # first characters -> length -> spellings
        self._short: dict[str, None] = {}
        self._short_pattern: re.Pattern[str] | None = None
        self._learn(secrets)

    def _learn(self, secrets: Iterable[str]) -> None:
        with self._learning:
            for secret in map(str, secrets):
                for form in spellings(secret):
                    if form not in self._forms:
                        self._forms.add(form)
                        self._index.setdefault(form[:SHORTEST], {}).setdefault(len(form), set()).add(form)
                if 0 < len(secret.strip()) < SHORTEST:
                    self._short[secret.strip()] = None
                    self._short_pattern = re.compile("|".join(map(_as_a_word, self._short)))

    def _catch_up(self) -> None:
        if self._known is not None and len(self._known) > self._seen:
            fresh = self._known.since(self._seen)
            self._learn(fresh)
            self._seen += len(fresh)

    def text(self, text: str) -> str:
        self._catch_up()
        if text in self._short:
            return MASK
        if self._short_pattern is not None:
            text = self._short_pattern.sub(MASK, text)
        if len(self._forms) <= _FEW and not self._may_hold(text):
            return str(text)
        return self._blotted(str(text))

    def _may_hold(self, text: str) -> bool:
        """Whether some spelling is there: their beginnings, which many share, are looked for first."""
        return any(head in text for head in self._index) and any(form in text for form in self._forms)

    def _blotted(self, text: str) -> str:
        """One walk over a text: the first characters of each spelling say whether it may begin here."""
        parts: list[str] = []
        done = at = 0
        last = len(text) - SHORTEST
        while at <= last:
            length = self._longest_at(text, at)
            if not length:
                at += 1
                continue
            parts += [text[done:at], MASK]
            done = at = at + length
        return "".join([*parts, text[done:]]) if parts else text

    def _longest_at(self, text: str, at: int) -> int:
        by_length = self._index.get(text[at : at + SHORTEST])
        if by_length is None:
            return 0
        return next((n for n in sorted(by_length, reverse=True) if text[at : at + n] in by_length[n]), 0)

    def value(self, value: Any) -> Any:
        """The same for every string inside a JSON value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name): self.value(inside) for name, inside in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inside) for inside in value]
        return value

    def shows(self, value: Any) -> bool:
        """Whether a secret can be read anywhere in a JSON value; a number is read as its digits."""
        if isinstance(value, Mapping):
            return any(self.shows(name) or self.shows(inside) for name, inside in value.items())
        if isinstance(value, list | tuple):
            return any(map(self.shows, value))
        if isinstance(value, bool) or value is None:
            return False
        return self.text(str(value)) != str(value) if isinstance(value, str) else str(value) in self._forms


def _as_a_word(short: str) -> str:
    found = re.escape(short)
    return rf"(?<![A-Za-z0-9]){found}(?![A-Za-z0-9])" if len(short) > 1 else rf"(?<=['\"]){found}(?=['\"])"


def spellings(secret: str) -> set[str]:
    """
    A secret of at least three characters as it may turn up in an output.

    As it is; escaped for JSON, Python, XML, YAML, a URL, a POSIX shell and ``cmd.exe``; its bytes in UTF-8 and in
    UTF-16 (as registry values and PowerShell have them) in hexadecimal and in base64, also inside a longer text;
    of several lines also each line of at least four characters.
    """
    text = secret.strip()
    if len(text) < SHORTEST:
        return set()
    found = {form for form in _of_one(text) if len(form) >= SHORTEST}
    if "\n" in text or "\r" in text:
        found |= {text.replace("\r\n", "\n"), "\r\n".join(text.splitlines())}
        lines = [line.strip() for line in text.splitlines()]
        for line in (line for line in lines if len(line) > SHORTEST and not line.startswith("-----")):
            found |= {form for form in _of_one(line) if len(form) >= SHORTEST}
    return found


def _of_one(text: str) -> Iterator[str]:
    yield text
    quoted = json.dumps(text)[1:-1]
    yield from (quoted, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(quoted)[1:-1], repr(text)[1:-1])
    yield from (
        _escaped(text),
        _escaped(text, {'"': "&quot;", "'": "&apos;"}),
        _escaped(text, {'"': "&#34;", "'": "&#39;"}),
    )
    yield from (_escaped(text, {'"': "&quot;", "'": "&#x27;"}), _escaped(text, {'"': "&quot;"}))
    yield from (text.replace("'", "''"), shlex.quote(text)[1:-1] if "'" in text else text)
    yield from _for_cmd(text)
    yield from _for_urls(text)
    for encoding in ("utf-8", "utf-16-le"):
        data = text.encode(encoding, "surrogatepass")
        yield from _in_hexadecimal(data)
        yield from _in_base64(data)


def _escaped(text: str, quotes: Mapping[str, str] = MappingProxyType({})) -> str:
    """As ``xml.sax.saxutils.escape``, whose module imports half an HTTP client: 40 ms of every command."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for quote, entity in quotes.items():
        text = text.replace(quote, entity)
    return text


def _for_cmd(text: str) -> Iterator[str]:
    """As ``cmd.exe`` and the programs behind it may be given it: quotes doubled or escaped, carets, percent signs."""
    for inner in {text, text.replace('"', '""'), text.replace('"', '\\"')}:
        for careted in {inner, _SPECIAL.sub(r"^\g<0>", inner), inner.replace("!", "^!"), inner.replace("!", "^^!")}:
            yield from (careted, careted.replace("%", "%%"))


def _for_urls(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogatepass")
    plain = urllib.parse.quote(raw, safe="")
    for form in (
        plain,
        urllib.parse.quote(raw),
        urllib.parse.quote_plus(raw),
        urllib.parse.quote(raw, safe="/:@!$'()*"),
    ):
        yield form
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form)
    yield "".join(f"%{byte:02X}" for byte in raw)
    yield "".join(f"%{byte:02x}" for byte in raw)


def _in_hexadecimal(data: bytes) -> Iterator[str]:
    for digits in (data.hex(), data.hex().upper()):
        pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
        yield from (separator.join(pairs) for separator in ("", ",", " ", ":", "-"))


def _in_base64(data: bytes) -> Iterator[str]:
    """Whole, and what is certain of it where other bytes stand before and after it."""
    whole = base64.b64encode(data).decode()
    yield from (whole, whole.rstrip("="), whole.translate(_URL_SAFE))
    for before in range(3):
        coded = base64.b64encode(bytes(before) + data).decode()
        inside = coded[(0, 2, 3)[before] : (before + len(data)) * 8 // 6]
        if len(inside) > 5:
            yield from (inside, inside.translate(_URL_SAFE))


_URL_SAFE = str.maketrans("+/", "-_")
