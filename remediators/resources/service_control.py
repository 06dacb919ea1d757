"""
How a service is stopped and started, and which services are left alone unless the operator says otherwise.

``net`` gives up waiting before a mail server is done, so each command waits on the host itself, by the digit of the
state in ``sc query``: digits survive localisation, labels do not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from remediators.model import Command, Refused
from remediators.quoting import cmd

# Restarting the store disconnects every user, the system attendant takes the store with it, and IISADMIN takes all of
# inetinfo and, over HTTPS, the very session we speak over (domain knowledge, 85 to 90 % sure).
PROTECTED = frozenset({"MSEXCHANGEIS", "MSEXCHANGESA", "IISADMIN"})
MAIL = frozenset({"SMTPSVC", "RESVC", "IISADMIN", "MSEXCHANGEIS", "MSEXCHANGESA", "MSEXCHANGEMTA"})

# Seconds that hold in practice (domain knowledge, 90 % sure).
_PATIENCE = {"SMTPSVC": 300, "IISADMIN": 600, "MSEXCHANGEIS": 1800}
_OTHERS = 120
_TURN = 2  # seconds from one look to the next: ping -n 3 waits twice
_RUNNING, _STOPPED = 4, 1

CLUSTER_REASON = (
    "Exchange runs in a cluster here: the resource monitor would start the service again or move the group, and the "
    "metabase is kept on each node, so its settings are lost on failover. Use the cluster's own tools, or say "
    "allow_cluster: true"
)


def patience(name: str) -> int:
    """How many seconds a service may take to stop or to start."""
    return _PATIENCE.get(name.upper(), _OTHERS)


def stop(name: str) -> Command:
    """
    Stop a service and wait until it is stopped. Exit 0 says that it is.

    Never ``/y``: where a dependent runs that nobody listed, ``net`` asks, gets no answer, and stops nothing.
    """
    return _and_wait("stop", name, f"{_look(name, _STOPPED)}&(if not errorlevel 1 exit 0)")


def start(name: str) -> Command:
    """Start a service and wait until it runs. Exit 0 says that it does; it fails early where it has stopped again."""
    running = f"{_look(name, _RUNNING)}&(if not errorlevel 1 exit 0)"
    return _and_wait("start", name, f"{running}&{_look(name, _STOPPED)}&(if not errorlevel 1 exit 1)")


def set_start_mode(name: str, mode: str) -> Command:
    """``sc config``: the blank after ``start=`` is part of its syntax."""
    word = {"manual": "demand", "delayed": "delayed-auto"}.get(mode, mode)
    return cmd.program("sc", "config", name, "start=", word)


def word(name: str) -> str:
    """
    A service's name in quotation marks, for text in cmd's own language.

    Raises `Refused` for a percent sign and a quotation mark: inside quotation marks nothing else is special.
    """
    if set(name) & set('"%'):
        raise Refused(f"a service named {name!r} cannot be waited for on a Windows command line")
    return f'"{cmd.check(name)}"'


def refuse_protected(target: str, also: Iterable[str], named: Collection[str], *, allowed: bool) -> None:
    """
    Raise `Refused` where stopping ``target``, and the running services ``also``, would stop one of `PROTECTED`.

    ``named`` are the protected dependents that the operator has named; the target is named by being the target.
    """
    known = {target.upper(), *(name.upper() for name in named)}
    for name in (target, *also):
        if name.upper() in PROTECTED and not (allowed and name.upper() in known):
            raise Refused(_leave(name, target))


def _leave(name: str, target: str) -> str:
    if name.upper() == target.upper():
        return f"{name} is not stopped or restarted without leave: say allow_store_restart: true"
    return (
        f"{name} would stop with {target}, and is not stopped or restarted without leave: say "
        f"allow_store_restart: true and name it with dependents: [{name}]"
    )


def price(name: str, others: Iterable[str] = ()) -> str:
    """What stands still meanwhile, for a note; empty where no mail is concerned."""
    return "; mail stops meanwhile" if {name.upper(), *(other.upper() for other in others)} & MAIL else ""


def _look(name: str, digit: int) -> str:
    # No colon in what is looked for: Wine, which the tests use, loses a quotation mark where a text has both a percent
    # sign and a colon. A line that has the digit between blanks and is not the state's is no danger: truth is the
    # second reading.
    return f'sc query {word(name)}|find " {digit} ">nul'


def _and_wait(verb: str, name: str, tests: str) -> Command:
    turns = patience(name) // _TURN
    # The outer parentheses end the loop's body: without them "exit 1" would be part of it.
    loop = f"(for /l %i in (1,1,{turns}) do ({tests}&ping -n 3 127.0.0.1>nul))"
    text = f"echo off&net {verb} {word(name)}&{loop}&exit 1"
    return cmd.script(text, seconds=patience(name) * 1.5 + 60, shown=cmd.program("net", verb, name).shown)
