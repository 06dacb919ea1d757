"""
The smallest playbook for what a diagnosis found: for each cause one play, limited to the hosts at fault. Pure.

The plays say what `playbooks/cause*.yml` say, with the names that were found instead of `all`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from remediators.model.diagnosis import EXCHANGE_VERBS, HostEvidence, Look

# Devices and receivers first: a sender that is fixed before them fills its queue again.
ORDER: Final = (5, 6, 4, 1, 3, 2)
NEEDS_METABASE: Final = frozenset({4})
_RESTART: Final = {"name": "Restart SMTP", "service": {"name": "SMTPSVC", "state": "restarted"}}
_TITLES: Final = {
    1: "No e-mail scanner (cause 1)",
    2: "Plain TNEF (cause 2)",
    3: "No heuristics in the mail scanner (cause 3)",
    4: "A banner (cause 4)",
    5: "No inspection of mail (cause 5)",
    6: "A metabase that can be read (cause 6)",
}


def plays(at_fault: Mapping[int, Sequence[HostEvidence]], variables: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """
    Plays for the hosts at fault, by cause; hosts of which the same is to be said are in one play.

    ``variables`` are those of each host: what is there is named by its variable, so that no data is copied. What is
    kept in the metabase is left out where that is damaged: it can be planned once the metabase can be read again.
    """
    found: list[Any] = []
    damaged = {host.name for host in at_fault.get(6, ())}
    for cause in ORDER:
        alike: dict[str, tuple[dict[str, Any], list[str]]] = {}
        for host in at_fault.get(cause, ()):
            if cause in NEEDS_METABASE and host.name in damaged:
                continue
            body = _body(cause, host, variables.get(host.name, {}))
            alike.setdefault(repr(body), (body, []))[1].append(host.name)
        found += [
            {"name": _TITLES[cause], "hosts": ",".join(sorted(names)), "tags": ["kb919091"], **body}
            for body, names in alike.values()
        ]
    return found


def _body(cause: int, host: HostEvidence, variables: Mapping[str, Any]) -> dict[str, Any]:
    match cause:
        case 1:
            return {"tasks": [_scanner(host)]}
        case 2:
            tnef = {"state": "forced", "values": "{{ tnef_values }}"}
            task = {"name": "Plain TNEF instead of Summary TNEF", "tnef": tnef, "cause": 2, "notify": "Restart SMTP"}
            return {"tasks": [task], "handlers": [_RESTART]}
        case 3:
            return {"tasks": [_heuristics(host, variables)]}
        case 4:
            return {"tasks": [_banner()], "handlers": [_RESTART]}
        case 5:
            return {"tasks": [_inspection(host)]}
        case _:
            return {"tasks": [_metabase(host)]}


def _scanner(host: HostEvidence) -> dict[str, Any]:
    options = {
        "product": host.sign("scanner").detail.get("profile", "auto"),
        "state": "disabled",
        "allow_unverified": "{{ av_allow_unverified | default(false) | bool }}",
        "allow_managed": "{{ av_allow_managed | default(false) | bool }}",
    }
    return {"name": "E-mail scanner of the antivirus client", "av_email_scanner": options, "cause": 1}


def _heuristics(host: HostEvidence, variables: Mapping[str, Any]) -> dict[str, Any]:
    product = host.sign("heuristics").detail.get("profile", "smsmse")
    options = {"product": product, "state": "disabled"}
    if product == "smsmse" and variables.get("smsmse_profile") is not None:
        options["data"] = "{{ smsmse_profile }}"
    return {"name": "Heuristics of the mail scanner", "mail_heuristics": options, "cause": 3}


def _banner() -> dict[str, Any]:
    text = "{{ banner | default('Microsoft ESMTP MAIL Service') }}"
    return {
        "name": "SMTP banner",
        "smtp_banner": {"virtual_server": "all", "text": text},
        "cause": 4,
        "notify": "Restart SMTP",
        "verify": {"smtp_greeting": {"port": "{{ smtp_port | default(25) }}"}},
    }


def _metabase(host: HostEvidence) -> dict[str, Any]:
    """Verbs that are missing are a sign of damage that the repair cannot see for itself."""
    heard = [look for look in host.looks.values() if isinstance(look, Look) and look.kind == look.ehlo == "ok"]
    offered = {verb.partition("=")[0] for look in heard for verb in look.verbs}
    missing = [verb for verb in EXCHANGE_VERBS if verb not in offered] if heard else []
    options = {"verbs_missing": missing} if missing and host.exchange else {}
    task = {"name": "The metabase is whole", "metabase_repair": options, "cause": 6}
    if not heard or not host.exchange:
        return task  # through a mask the verbs are not heard, so they cannot be looked for
    return {
        **task,
        "verify": {"smtp_ehlo": {"port": "{{ smtp_port | default(25) }}", "has": ["X-LINK2STATE", "XEXCH50"]}},
    }


def _inspection(host: HostEvidence) -> dict[str, Any]:
    names = [str(name) for name in host.sign("inspection").detail.get("names", ())]
    one = names[0] if len(names) == 1 else "all"
    unarmed = {"allow_unarmed": "{{ cause5_allow_unarmed | default(false) | bool }}"}
    reload = {"allow_reload_fallback": "{{ cause5_allow_reload | default(false) | bool }}"}
    if host.platform == "ios":
        options = {"protocols": ["smtp", "esmtp"], "inspection": one, "ensure_tcp": True, **reload}
        return {"name": "Mail is not inspected", "ip_inspect": options, "cause": 5}
    options = {"state": "absent", **({"policy_map": one, **reload} if host.platform == "asa" else {}), **unarmed}
    return {"name": "Mail is not inspected", "smtp_fixup": options, "cause": 5}


def comment(causes: Iterable[int], created: str) -> str:
    """What stands above the plays, for whoever finds the file later."""
    numbers = ", ".join(map(str, sorted(causes)))
    return (
        f"# What `remediate diagnose` found on {created}: cause {numbers} of KB 919091, at the hosts named here.\n"
        "# See docs/kb919091.md for what each play changes, what it restarts, and how to undo it. Plan before you\n"
        "# apply, and diagnose again afterwards.\n"
    )
