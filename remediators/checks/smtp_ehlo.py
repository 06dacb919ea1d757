"""Which verbs an SMTP server offers to EHLO (KB 919091, causes 5 and 6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from remediators.checks.smtp_probe import EHLO_CLASSES, Probe, look, short
from remediators.model import Host

Verb = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9=-]*$")]


class SmtpEhloOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = Field(default=25, description="The port to look at.")
    host: str | None = Field(default=None, description="Where; the host's ansible_host, or its name, if none is given.")
    has: tuple[Verb, ...] = Field(default=(), description="Verbs that must be offered, such as X-LINK2STATE.")
    lacks: tuple[Verb, ...] = Field(default=(), description="Verbs that must not be offered.")
    name: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9.:\[\]-]*$",
        description="What EHLO says we are: a name or an address in brackets; this machine's address if none is given.",
    )
    timeout: float = Field(default=30.0, gt=0, le=300, description="Seconds for the greeting, and for each answer.")


class SmtpEhlo:
    """
    The server answers EHLO with the verbs you name. No mail is sent.

    ```yaml
    verify:
      smtp_ehlo: {port: 25, has: [X-LINK2STATE, XEXCH50, X-EXPS]}
    ```
    """

    name = "smtp_ehlo"
    Options = SmtpEhloOptions

    def run(self, host: Host, options: SmtpEhloOptions, deadline: float) -> str | None:
        """``None`` where the verbs are as wanted, else what was seen. ``deadline`` in seconds from now."""
        where = options.host or str(host.variables.get("ansible_host", host.name))
        seconds = min(options.timeout, deadline)
        probe = look(where, options.port, seconds, name=options.name, connect_seconds=seconds, reply_seconds=seconds)
        return _judge(probe, options)


def _judge(probe: Probe, options: SmtpEhloOptions) -> str | None:
    if probe.ehlo == "not-asked":
        return f"EHLO was not asked: {probe.words}"
    if probe.ehlo not in ("ok", "masked"):
        answer = f": {short(probe.ehlo_lines[0])}" if probe.ehlo_lines else ""
        return f"{EHLO_CLASSES[probe.ehlo]}{answer}"
    missing = probe.missing(options.has)
    unwanted = [verb for verb in options.lacks if probe.offers(verb)]
    masked = f"; {len(probe.masked_verbs)} verbs are masked (cause 5)" if probe.masked_verbs else ""
    if missing:
        return f"EHLO offers no {', '.join(missing)}{masked}"
    return f"EHLO offers {', '.join(unwanted)}" if unwanted else None
