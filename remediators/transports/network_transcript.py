"""What was said in a session with a device, kept for whoever must find out why it failed; secrets masked. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from remediators.model import Redactor
from remediators.model.secrecy import MASK

_MOST = 400  # pieces that are kept
_LONGEST = 4000  # characters of one piece: enough of a configuration to see where it was cut

# What follows these words in a configuration is a secret, with a digit for its kind before it.
_KIND = r"(?:[0-9]{1,2} )?"
_NAMED = re.compile(
    r"(?im)\b("
    rf"password {_KIND}|secret {_KIND}|passwd |passphrase |key-string {_KIND}|pre-shared-key (?:local |remote )?{_KIND}"
    rf"|snmp-server community |(?:server-|shared-)?key {_KIND}|wpa-psk (?:ascii|hex) {_KIND}"
    rf"|authentication-key \d+ md5 {_KIND}|authentication-key {_KIND}(?!\d+ md5)"
    rf"|message-digest-key \d+ md5 {_KIND}|isakmp key {_KIND}|md5 {_KIND}"
    r"|(?:auth|priv) (?:md5|sha|des|3des|aes)(?: \d+)? |community "
    r")(\S+)"
)
_SNMP_HOSTS = re.compile(r"(?im)^([ ]*snmp-server host (?:\S+ )?[\da-f][\da-f.:]+ ).+$")
_BODIES = re.compile(r"(?m)^[ ]+(?:[0-9A-F]{8}[ ]?){2,}[ ]*$")


def masked(text: str) -> str:
    """Mask what a configuration shows of passwords, keys, communities and certificates, hashed or not."""
    named = _NAMED.sub(rf"\1{MASK}", _SNMP_HOSTS.sub(rf"\1{MASK}", text))
    return _BODIES.sub(f"  {MASK}", named)


# A configuration tells more of a device than is needed to see why something failed: its ends show whether it is whole.
_CONFIGURATION = re.compile(
    r"(?P<asked>^>>> (?:show (?:running|startup)-config|more system:running-config)\n)(?P<said>.*?)(?=^>>> |\Z)",
    re.MULTILINE | re.DOTALL,
)
_END = 6  # lines


def _ends(found: re.Match[str]) -> str:
    lines = found["said"].splitlines(keepends=True)
    left_out = len(lines) - 2 * _END
    if left_out <= 1:
        return found[0]
    return "".join((found["asked"], *lines[:_END], f"[... {left_out} lines]\n", *lines[-_END:]))


class Transcript:
    """Lines sent and text received, in order, the last few hundred of them."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._secrets: set[str] = {secret for secret in secrets if secret}
        self._pieces: deque[str] = deque(maxlen=_MOST)
        self._shown: dict[str, str] = {}

    def sent(self, line: str, shown: str | None = None) -> None:
        """Note a line; ``shown`` is how it may be seen, here and in its echo."""
        if shown is not None and shown != line:
            self._shown[line] = shown
        self._pieces.append(f">>> {line}\n")

    def heard(self, text: str) -> None:
        kept = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}\n[...]\n{text[-_LONGEST // 2 :]}"
        if self._pieces and not self._pieces[-1].startswith(">>> ") and len(self._pieces[-1]) < _LONGEST:
            kept = self._pieces.pop() + kept
        self._pieces.append(kept)

    def text(self) -> str:
        """Everything that is kept, redacted."""
        said = "".join(self._pieces)
        said = _CONFIGURATION.sub(_ends, re.sub(r"(?<=[^\n])>>> ", "\n>>> ", said))
        for line, shown in sorted(self._shown.items(), key=lambda pair: -len(pair[0])):
            said = said.replace(line, shown)
        return masked(Redactor(self._secrets).text(said))
