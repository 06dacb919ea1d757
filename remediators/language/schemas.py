"""
JSON Schema (2020-12) of playbooks, inventories and profiles, from the same option models that check them.

An editor completes and underlines from it. It is a little wider than the language: what only reading the whole file
tells (a handler's name, a variable) is told by ``remediate validate``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from remediators.language.keywords import BLOCK_KEYS, HANDLER_KEYS, IMPORT_KEYS, INCLUDE_KEYS, PLAY_KEYS, TASK_KEYS
from remediators.language.plays import Vocabulary
from remediators.language.profiles import ALWAYS, SECTIONS, TOP, TYPES, VIEWS
from remediators.model.rollout import ORDERS

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{|\{%|\{#"}

_TEXT: Schema = {"type": "string"}
_WORDS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_NAMED: Schema = {"type": "object", "propertyNames": {"pattern": r"^[A-Za-z_]\w*$"}}
_FLAG: Schema = {"type": "boolean"}
_SIZE: Schema = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%?\s*$"}, TEMPLATE]
}
_MOMENT: Schema = {"type": ["string", "integer"]}
_PERCENT: Schema = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, _TEXT]}

KEYWORDS: Mapping[str, Schema] = {
    "name": {"type": ["string", "number", "boolean"], "description": "What it is for, as people read it."},
    "hosts": {**_WORDS, "description": "Hosts, groups and patterns: exchange:&berlin, edge*, a list of them."},
    "vars": {**_NAMED, "description": "Variables; those of a task win over those of its play."},
    "vars_files": {**_WORDS, "description": "Files of variables, relative to this file; the last one wins."},
    "tags": {**_WORDS, "description": "Words for --tags and --skip-tags."},
    "when": {
        "anyOf": [{"type": ["string", "boolean"]}, {"type": "array", "items": {"type": ["string", "boolean"]}}],
        "description": "An expression, without braces around it, that must come out true; a list means and.",
    },
    "loop": {
        "anyOf": [{"type": "array"}, {"type": "object"}, TEMPLATE],
        "description": "Runs the task once for each: item, or item.key and item.value of a mapping.",
    },
    "loop_control": {
        "type": "object",
        "properties": {"loop_var": _TEXT, "index_var": _TEXT, "label": _TEXT},
        "additionalProperties": False,
        "description": "Names for the item and its number, and what is shown of each turn.",
    },
    "notify": {**_WORDS, "description": "Handlers that run at the end of the play where this changed something."},
    "ignore_errors": {**_FLAG, "description": "Go on with this host although the task failed."},
    "on_verify_failure": {
        "enum": ["stop", "rollback"],
        "description": "Where a check fails: stop on this host, or put back at once all that the run changed there.",
    },
    "guard": {
        "type": "string",
        "pattern": r"^(\d+h)?(\d+m)?$",
        "description": "Windows: the host puts itself back after this time (10m, 1h) unless all is verified by then.",
    },
    "cause": {"enum": [1, 2, 3, 4, 5, 6], "description": "The cause of KB 919091 that this puts right; tags causeN."},
    "sensitive": {**_FLAG, "description": "Its values are secrets: shown as ******** everywhere."},
    "allow_unverified": {**_FLAG, "description": "Accept data of a profile that nobody has verified."},
    "run_once": {**_FLAG, "description": "Only on the first host of the play."},
    "serial": {
        "anyOf": [_SIZE, {"type": "array", "items": _SIZE, "minItems": 1}],
        "description": "Hosts of a wave: a number, a percent, or a list of them of which the last repeats.",
    },
    "order": {
        "anyOf": [{"enum": list(ORDERS)}, TEMPLATE],
        "description": "Which hosts come first; shuffle prints its seed.",
    },
    "canary": {
        "anyOf": [{"type": "integer", "minimum": 1}, _WORDS],
        "description": "A first wave of its own: a number, a percent, or names of hosts. Nothing may fail in it.",
    },
    "soak": {
        "type": ["string", "number"],
        "description": "How long to wait after the first wave (10m, 1h30m); then its checks are repeated.",
    },
    "max_fail_percentage": {
        **_PERCENT,
        "description": "Where more of a wave failed or could not be reached, no other host is begun.",
    },
    "any_errors_fatal": {
        "anyOf": [_FLAG, TEMPLATE],
        "description": "One host that fails or cannot be reached stops the run: no other host is begun.",
    },
    "throttle": {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+$"}, TEMPLATE],
        "description": "At most so many hosts of the play (or of those with this task) at once.",
    },
    "never_together": {
        "anyOf": [_TEXT, {"type": "array", "items": _WORDS, "minItems": 1}],
        "description": "Groups of which at most one host is in flight; the next only after its checks passed.",
    },
    "window": {
        "anyOf": [
            {
                "type": "object",
                "properties": {
                    "start": {**_MOMENT, "description": "2026-11-28T22:00, or 22:00 where it recurs."},
                    "end": {**_MOMENT, "description": "Likewise; 02:00 may be on the next day."},
                    "timezone": {**_TEXT, "description": "A name of the tz database, such as Europe/Berlin."},
                    "days": {**_WORDS, "description": "Days on which it begins: mon to sun."},
                },
                "required": ["start", "end"],
                "additionalProperties": False,
            },
            TEMPLATE,
        ],
        "description": "When hosts may be begun. The way back is never barred by it.",
    },
    "include_tasks": {"description": "A file of tasks, relative to this file, read in this place."},
    "import_tasks": {"description": "The same as include_tasks."},
    "import_playbook": {**_TEXT, "description": "A playbook, relative to this file, whose plays stand in this place."},
}
_FILE: Schema = {
    "anyOf": [
        _TEXT,
        {"type": "object", "properties": {"file": _TEXT}, "required": ["file"], "additionalProperties": False},
    ]
}


def playbook_schema(vocabulary: Vocabulary, told: Mapping[str, str]) -> Schema:
    """Of a playbook. ``told`` is what each remediator and check is for, as an editor shows it."""
    definitions: Schema = {}
    remediators = _options(vocabulary.remediators, told, definitions)
    checks = _options(vocabulary.checks, told, definitions)
    verify = {
        "type": "object",
        "properties": checks,
        "additionalProperties": False,
        "description": "What the world must see afterwards, from outside.",
    }
    words = {**KEYWORDS, "verify": verify}
    for kind, keys in (("task", TASK_KEYS), ("handler", HANDLER_KEYS)):
        entries = {"type": "array", "items": {"anyOf": [{"$ref": f"#/$defs/{kind}{part}"} for part in _PARTS]}}
        definitions[f"{kind}s"] = entries
        definitions[f"{kind}"] = _task(keys, words, remediators)
        for part, one, more in _AROUND:
            own = [*_fitting(one, keys), *more]
            body = {more[0]: {"$ref": f"#/$defs/{kind}s"} if part == "_block" else {**_FILE, **KEYWORDS[more[0]]}}
            definitions[f"{kind}{part}"] = _object(own, words, body, required=more)
    play = _object(PLAY_KEYS, words, {name: {"$ref": f"#/$defs/{name}"} for name in ("tasks", "handlers")}, ["hosts"])
    definitions |= {"play": play, "import": _object(IMPORT_KEYS, words, {}, ["import_playbook"])}
    plays = {"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": "#/$defs/play"}, {"$ref": "#/$defs/import"}]}}
    return {"$schema": DRAFT, "title": "A playbook of remediate", **plays, "$defs": definitions}


_AROUND: Sequence[tuple[str, Sequence[str], Sequence[str]]] = (
    ("_block", BLOCK_KEYS[:-1], ("block",)),
    ("_include", INCLUDE_KEYS, ("include_tasks",)),
    ("_import", INCLUDE_KEYS, ("import_tasks",)),
)
_PARTS = ("", *(part for part, _, _ in _AROUND))


def _fitting(keys: Iterable[str], known: Collection[str]) -> list[str]:
    """Keys that may stand around tasks, or around handlers, which take fewer."""
    return [key for key in keys if key in known]


def _task(keys: Sequence[str], words: Mapping[str, Schema], remediators: Schema) -> Schema:
    one = [{"required": [name]} for name in remediators]
    return {**_object(keys, words, remediators, ()), "oneOf": one}


def _object(keys: Iterable[str], words: Mapping[str, Schema], more: Schema, required: Sequence[str]) -> Schema:
    properties = {key: words.get(key, {}) for key in keys} | more
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
    }


def _options(models: Mapping[str, type[Any]], told: Mapping[str, str], definitions: Schema) -> Schema:
    """A reference to the options of each, which are added to the definitions."""
    found: Schema = {}
    for name in models:
        options = models[name].model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
        for inner, schema in options.pop("$defs", {}).items():
            definitions[f"{name}.{inner}"] = _templated(schema)
        options.pop("description", None)
        definitions[name] = {**_templated(options), **({"description": told[name]} if name in told else {})}
        found[name] = {"$ref": f"#/$defs/{name}"}
    return found


def _templated(schema: Any) -> Any:
    """The same, with a template wherever a value may stand that is no text anyway."""
    if not isinstance(schema, dict):
        return schema
    shown = {key: schema[key] for key in ("description", "default", "examples") if key in schema}
    bare = {key: value for key, value in schema.items() if key not in (*shown, "title")}
    for part in ("properties", "$defs"):
        if part in bare:
            bare[part] = {name: _templated(inner) for name, inner in bare[part].items()}
    for part in ("additionalProperties", "items"):
        if part in bare:
            bare[part] = _templated(bare[part])
    options = [_plain_option(option) for option in bare.pop("anyOf", [bare] if bare else [])]
    if not options or any(_takes_any_text(option) for option in options):
        return {**(options[0] if len(options) == 1 else {"anyOf": options} if options else {}), **shown}
    return {"anyOf": [*options, TEMPLATE], **shown}


def _plain_option(option: Schema) -> Schema:
    """Numbers as they are written in YAML where words of digits are meant."""
    words = option.get("enum", [option["const"]] if "const" in option else [])
    digits = [int(word) for word in words if isinstance(word, str) and word.isdigit()]
    if not words or not digits:
        return {key: value for key, value in option.items() if key != "title"}
    return {"enum": [*words, *digits]}


def _takes_any_text(option: Schema) -> bool:
    if not option:
        return True
    return option.get("type") == "string" and not {"enum", "const", "pattern"} & set(option)


INVENTORY_WORDS: Mapping[str, Schema] = {
    "ansible_connection": {
        "enum": ["winrm", "ssh", "network_cli", "ansible.netcommon.network_cli"],
        "description": "How the host is reached.",
    },
    "ansible_host": {"type": "string", "description": "Address or name to connect to, if not the host's own name."},
    "ansible_port": {"type": ["integer", "string"], "description": "Port to connect to."},
    "ansible_user": {"type": ["string", "integer"], "description": "User to log in as."},
    "ansible_password": {"description": "Password; better a vault value than one in the clear."},
    "ansible_network_os": {
        "enum": [
            *("ios", "iosxe", "asa", "pix"),
            *("cisco.ios.ios", "cisco.ios.iosxe", "cisco.iosxe.iosxe", "cisco.asa.asa"),
        ],
        "description": "What the network device runs.",
    },
    "ansible_become_password": {"description": "The enable secret of a device."},
    "ansible_winrm_transport": {"description": "ntlm, basic, kerberos, credssp or certificate."},
    "ansible_shell_type": {"enum": ["cmd"], "description": "What a Windows host reached over SSH runs."},
    "via": {**_WORDS, "description": "Devices of this inventory that stand in front of the host."},
}


def inventory_schema(variables: Collection[str]) -> Schema:
    """Of a YAML inventory; ``variables`` are the names that have a meaning of their own."""
    known: Schema = {name: {} for name in sorted(variables)}
    for name, schema in INVENTORY_WORDS.items():
        known[name] = _templated(dict(schema))
    names = {"type": ["object", "null"], "properties": known}
    hosts = {"type": ["object", "null"], "additionalProperties": names}
    groups = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/group"}}
    group = {
        "type": ["object", "null"],
        "properties": {
            "hosts": {**hosts, "description": "Hosts of the group, each with its variables; exch[01:20] is a range."},
            "vars": {**names, "description": "Variables of every host in the group."},
            "children": {**groups, "description": "Groups that are members of this one."},
        },
        "additionalProperties": False,
    }
    return {
        "$schema": DRAFT,
        "title": "An inventory of Ansible and remediate",
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/group"},
        "$defs": {"group": group},
    }


def profile_schema() -> Schema:
    """Of a profile: data about a vendor's product."""
    words: Schema = {
        "type": {"enum": [*TYPES, *(f"REG_{word.upper()}" for word in TYPES)]},
        "view": {"enum": [*VIEWS, 32, 64]},
        "verified": {**_FLAG, "description": "Whether somebody has seen it on a real host or in the vendor's text."},
        "source": {**_TEXT, "description": "Where this is from."},
        "restart": _FLAG,
    }
    properties: Schema = {"profile": _TEXT, "product": _TEXT, "for": _WORDS, "notes": _WORDS}
    for section, (needed, optional) in SECTIONS.items():
        keys = (*needed, *optional, *ALWAYS)
        entry = _object(keys, words, {}, [*needed, *ALWAYS])
        properties[section] = {"type": "array", "items": entry}
    return {
        "$schema": DRAFT,
        "title": "A product profile of remediate",
        "type": "object",
        "properties": {name: properties[name] for name in TOP},
        "additionalProperties": False,
        "required": ["profile", "product", "for"],
    }
