"""Laws that hold for every remediator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from remediators.catalog import catalog, register
from remediators.model import Address, Query, Remediator, Snapshot, UsageError
from remediators.resources import metabase, registry, services

from .hosts import after, changes, read_wholly

PROFILES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (Path(registry.__file__).parent.parent / "profiles").glob("*.yml")
}
CATALOG = catalog(PROFILES)
SAVCE = r"HKLM\SOFTWARE\INTEL\LANDesk\VirusProtect6\CurrentVersion"
SCANNER = SAVCE + r"\Storages\InternetMail\RealTimeScan"
DWORD = {"type": "REG_DWORD", "data": 1}
INVENTED = {
    "profile": "lab",
    "product": "A product of the lab",
    "for": "mail_heuristics",
    "detect": [{"key": r"HKLM\SOFTWARE\Lab", "source": "invented for the lab", "verified": True}],
    "settings": [
        {
            "key": r"HKLM\SOFTWARE\Lab",
            "name": "Heuristics",
            "type": "dword",
            "disabled": 0,
            "enabled": 1,
            "source": "invented for the lab",
            "verified": True,
        }
    ],
}
HOST = read_wholly(
    {
        registry.key(r"HKLM\SOFTWARE\X"): "present",
        registry.value(r"HKLM\SOFTWARE\X", "Old"): DWORD,
        registry.key(r"HKLM\SOFTWARE\X\Sub"): "present",
        registry.value(r"HKLM\SOFTWARE\Symantec\InstalledApps", "SAVCE"): {"type": "REG_SZ", "data": "C:\\x"},
        registry.key(SCANNER): "present",
        registry.value(SCANNER, "OnOff"): DWORD,
        registry.key(r"HKLM\SOFTWARE\Lab"): "present",
        registry.value(r"HKLM\SOFTWARE\Lab", "Heuristics"): DWORD,
        metabase.children_address("SmtpSvc"): ["1", "2", "Info"],
        metabase.property_address("SmtpSvc/2", "ConnectResponse"): "Old",
        services.part("SMTPSVC", "state"): "running",
        services.part("SMTPSVC", "start_mode"): "auto",
        services.part("SMTPSVC", "needs"): ["IISADMIN"],
        services.part("SMTPSVC", "dependents"): [["RESvc", "running"]],
        services.part("RESvc", "state"): "running",
        Address("command", "find x"): {"rc": 1},
    }
)
USES: list[tuple[str, dict[str, Any]]] = [
    ("registry", {"key": r"HKLM\SOFTWARE\X", "values": {"New": {"type": "dword", "data": 1}, "Old": "absent"}}),
    ("registry", {"key": r"HKLM\SOFTWARE\Y\Z", "values": {"New": {"type": "sz", "data": "a"}}}),
    ("registry", {"key": r"HKLM\SOFTWARE\X", "state": "absent"}),
    ("service", {"name": "SMTPSVC", "state": "stopped", "start_mode": "manual"}),
    ("metabase", {"path": "SmtpSvc/1", "properties": {"SmartHost": "relay", "Old": "absent"}}),
    ("tnef", {"values": [{"key": r"HKLM\SOFTWARE\X", "name": "T", "type": "dword", "data": 1}]}),
    ("smtp_banner", {"virtual_server": "all", "text": "Contoso ESMTP"}),
    ("smtp_banner", {"virtual_server": 2, "state": "default"}),
    ("av_email_scanner", {"allow_unverified": True}),
    ("mail_heuristics", {"product": "lab", "data": INVENTED}),
    ("command", {"probe": "find x", "desired": {"rc": 0}, "apply": "a", "revert": "b"}),
]


def asked(remediator: Remediator, options: Mapping[str, Any], known: Snapshot) -> list[Query]:
    return list(remediator.queries(remediator.Options.model_validate(dict(options)), known))


@pytest.mark.parametrize(("name", "options"), USES)
def test_what_is_wanted_and_there_is_no_change(name: str, options: dict[str, Any]) -> None:
    made = changes(CATALOG[name], options, HOST)

    assert made
    assert changes(CATALOG[name], options, after(HOST, made)) == []


@pytest.mark.parametrize(("name", "options"), USES)
def test_every_address_that_is_wanted_was_asked_for(name: str, options: dict[str, Any]) -> None:
    remediator = CATALOG[name]
    scopes = [query.scope for known in (Snapshot(), HOST) for query in asked(remediator, options, known)]

    wanted = remediator.desired(remediator.Options.model_validate(options), HOST)

    assert [str(a) for a in wanted if not any(scope.covers(a) for scope in scopes)] == []


READING = re.compile(
    r"(reg query|reg export|sc query|sc enumdepend|cscript //nologo \S+ (GET|ENUM)|ver|echo|type|del|set|if|for|cmd)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize(("name", "options"), [use for use in USES if use[0] != "command"])
def test_questions_use_reading_verbs_only(name: str, options: dict[str, Any]) -> None:
    queries = [query for known in (Snapshot(), HOST) for query in asked(CATALOG[name], options, known)]

    assert queries
    for command in (command for query in queries for command in query.commands):
        assert READING.match(command.shown.lstrip("@(")), command.shown
        assert not re.search(r"\b(reg (add|delete|import)|sc config|net (start|stop)|SET|DELETE)\b", command.shown)


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_every_remediator_documents_itself_with_an_example_that_is_valid(name: str) -> None:
    remediator = CATALOG[name]
    text = type(remediator).__doc__ or ""
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)

    assert text.strip()[0].isupper()
    assert example
    (task,) = yaml.safe_load(example[1].replace('"{{ tnef_values }}"', "[]").replace('"{{ smsmse_profile }}"', "{}"))
    assert remediator.Options.model_validate(task[name])


def models(model: type[BaseModel]) -> Iterable[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models(part)


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_every_option_has_a_description_and_unknown_ones_are_errors(name: str) -> None:
    for model in models(CATALOG[name].Options):
        assert model.model_config["extra"] == "forbid"
        assert [field for field, info in model.model_fields.items() if not info.description] == []


def test_a_remediator_that_could_not_plan_is_not_registered() -> None:
    class Half(Remediator):
        """Half of one."""

        name = "half"
        platform = "windows"
        Options = BaseModel

        def queries(self, options: Any, known: Snapshot) -> Iterable[Query]:
            return ()

    with pytest.raises(UsageError, match=r"Half has no desired\(\): it could not be planned"):
        register([Half()])


def test_a_name_that_is_taken_is_an_error() -> None:
    with pytest.raises(UsageError, match="a name that is taken"):
        register([CATALOG["service"], CATALOG["service"]])


def test_what_is_no_remediator_is_an_error() -> None:
    with pytest.raises(UsageError, match="is not a subclass"):
        register([object()])  # type: ignore[list-item]
