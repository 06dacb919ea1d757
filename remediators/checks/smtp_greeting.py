"""
What an SMTP server says first to a stranger, and what that means (KB 919091, causes 4 and 5).

The look itself, and the facts behind it, are in `smtp_probe`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from remediators.checks.smtp_probe import CLASSES, Probe, look, short
from remediators.model import Host

_CAUSES = {"silent": 4, "none": 4, "masked": 5}  # what of KB 919091 such a greeting is a sign of


class SmtpGreetingOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = Field(default=25, description="The port to look at.")
    host: str | None = Field(default=None, description="Where; the host's ansible_host, or its name, if none is given.")
    contains: str | None = Field(default=None, description="Text that the greeting must have in it.")
    equals: str | None = Field(default=None, description="The whole greeting, without its 220; line ends as in YAML.")
    timeout: float = Field(
        default=30.0, gt=0, le=300, description="Seconds to wait for the whole greeting; RFC 5321 grants a server 300."
    )


class SmtpGreeting:
    """
    The server greets with 220, and with your text in it.

    ```yaml
    verify:
      smtp_greeting: {port: 25, contains: Contoso ESMTP mail service}
    ```
    """

    name = "smtp_greeting"
    Options = SmtpGreetingOptions

    def run(self, host: Host, options: SmtpGreetingOptions, deadline: float) -> str | None:
        """``None`` where the greeting is as wanted, else what was seen. ``deadline`` in seconds from now."""
        where = options.host or str(host.variables.get("ansible_host", host.name))
        seconds = min(options.timeout, deadline)
        probe = look(where, options.port, seconds, ehlo=False, connect_seconds=seconds)
        return _judge(probe, seconds, options)


def _judge(probe: Probe, seconds: float, options: SmtpGreetingOptions) -> str | None:
    if probe.kind in ("unknown-host", "refused", "timeout", "unreachable"):
        return f"{probe.address} port {probe.port}: no connection ({probe.error})"
    if probe.kind == "silent":
        return f"no greeting within {seconds:g} seconds (cause 4)"
    if probe.kind != "ok":
        cause = f" (cause {_CAUSES[probe.kind]})" if probe.kind in _CAUSES else ""
        shown = f": {short(probe.lines[0])}" if probe.lines else ""
        code = f" ({probe.code} instead of 220)" if probe.kind == "wrong-code" else ""
        return f"{CLASSES[probe.kind]}{code}{cause}{f' ({probe.fault})' if probe.fault else ''}{shown}"
    if options.contains is not None and options.contains not in probe.text:
        return f"the greeting is {short(probe.lines[0])}, without {options.contains!r}"
    if options.equals is not None and options.equals.strip("\n") != probe.text:
        return f"the greeting is {short(probe.lines[0])}, not {options.equals!r}"
    return None
