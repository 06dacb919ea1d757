"""OpenSSH's command-line options, as far as inventories use them: which are honoured, and which are warned of. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

ALGORITHMS = {  # the names of options for algorithms, old and new
    "kexalgorithms": "kexalgorithms",
    "hostkeyalgorithms": "hostkeyalgorithms",
    "ciphers": "ciphers",
    "-c": "ciphers",
    "macs": "macs",
    "-m": "macs",
    "pubkeyacceptedalgorithms": "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
}
_SWITCHES = set("46AaCfGgKkMNnqsTtVvXxYy")  # options of ssh that take no value; all others take one


@dataclass(frozen=True, slots=True)
class Jump:
    """A host on the way: its keys are tried there, the target's password never is."""

    host: str
    port: int = 22
    user: str | None = None


@dataclass(frozen=True, slots=True)
class SshArguments:
    """
    What arguments ask for. ``strict`` is ``yes no accept-new`` or ``None`` where they do not say; ``algorithms`` are
    pairs of an option's name and its value.
    """

    jumps: tuple[Jump, ...] = ()
    identities: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    strict: str | None = None
    algorithms: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)


def parse(text: str) -> SshArguments:
    """Read arguments as a shell would split them. Raises ValueError with what is wrong with them."""
    told = SshArguments()
    for option, value in _options(shlex.split(text)):
        told = _heed(told, option, value)
    return told


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of an option's name and its value; ``-o Key=Value`` comes as ``key``."""
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or len(word) < 2:
            yield word, ""
            continue
        letter = word[1]
        if letter in _SWITCHES:
            yield word, ""
            continue
        value = word[2:] or next(rest, "")
        if not value:
            raise ValueError(f"-{letter} needs a value")
        yield _keyword(value) if letter == "o" else (f"-{letter}", value)


def _keyword(text: str) -> tuple[str, str]:
    separated = text.replace("=", " ", 1) if "=" in text.split(" ", 1)[0] else text
    name, _, value = separated.strip().partition(" ")
    if not value.strip():
        raise ValueError(f"-o {text} needs a value")
    return name.lower(), value.strip()


def _heed(told: SshArguments, option: str, value: str) -> SshArguments:
    if option in ("-J", "proxyjump"):
        return replace(told, jumps=told.jumps or jumps(value))  # as in ssh, the first one counts
    if option in ("-i", "identityfile"):
        return replace(told, identities=(*told.identities, value))
    if option == "userknownhostsfile":
        return replace(told, known_hosts=told.known_hosts or tuple(shlex.split(value)))
    if option == "stricthostkeychecking":
        return replace(told, strict=told.strict or _strict(value))
    if option in ALGORITHMS:
        return _algorithms(told, ALGORITHMS[option], value)
    advice = ": use -J or -o ProxyJump=" if option == "proxycommand" else ""
    shown = option if option.startswith("-") else f"-o {option}"
    return replace(told, warnings=(*told.warnings, f"the ssh option {shown} is not honoured{advice}"))


def _algorithms(told: SshArguments, option: str, value: str) -> SshArguments:
    if any(option == name for name, _ in told.algorithms):
        return told
    return replace(told, algorithms=(*told.algorithms, (option, value)))


def _strict(value: str) -> str:
    meanings = {
        "yes": "yes",
        "true": "yes",
        "ask": "yes",
        "no": "no",
        "false": "no",
        "off": "no",
        "accept-new": "accept-new",
    }
    if value.lower() not in meanings:
        raise ValueError(f"StrictHostKeyChecking={value} must be yes, no or accept-new")
    return meanings[value.lower()]


def jumps(text: str) -> tuple[Jump, ...]:
    """Read ``[USER@]HOST[:PORT][,...]``; ``none`` is no jump. Raises ValueError."""
    if text.lower() == "none":
        return ()
    return tuple(_jump(part.strip()) for part in text.split(","))


def _jump(text: str) -> Jump:
    user, at, place = text.removeprefix("ssh://").rstrip("/").rpartition("@")
    host, port = place, "22"
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":") or "22"
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"ProxyJump={text} must be [USER@]HOST[:PORT]")
    return Jump(host, int(port), user if at else None)
