"""
Read inventories with ansible-core, all in one process.

Standard input: ``{"cases": [[NAME, FOLDER, SOURCES]], "patterns": [FOLDER, SOURCE, PATTERNS, LIMITS]}``. Standard
output: ``{"cases": {NAME: {FORM: DOCUMENT} or {"error": TEXT}}, "patterns": {...}, "limits": [...]}``.
"""

# ruff: noqa: BLE001  whatever goes wrong is the answer; the environment is read on import

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ |= {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_DEPRECATION_WARNINGS": "0",
}

from ansible import context
from ansible._internal._json._profiles import _inventory_legacy
from ansible.cli.inventory import InventoryCLI
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

FLAGS = {
    "export": False,
    "yaml": False,
    "toml": False,
    "basedir": None,
    "verbosity": 0,
    "pattern": "all",
    "show_vars": True,
}


def read(folder, sources):
    """What ``ansible-inventory`` does before it prints, with ``--playbook-dir`` left to be the current folder."""
    os.chdir(folder)
    loader = DataLoader()
    loader.set_basedir(folder)
    # The command line makes sources absolute, except lists of hosts (cli.CLI._play_prereqs, get_inventory sources).
    paths = [source if "," in source else str(Path(folder) / source) for source in sources]
    inventory = InventoryManager(loader=loader, sources=paths)
    return loader, inventory, VariableManager(loader=loader, inventory=inventory)


def listed(folder, sources):
    command = InventoryCLI(["ansible-inventory", "--list"])
    try:
        command.loader, command.inventory, command.vm = read(folder, sources)
        top = command._get_group("all")
        # Each is written out by itself, because the encoder looks at its topmost mapping to choose how.
        answer = {
            "list": plain(command.json_inventory(top)),
            "tree": plain(command.yaml_inventory(top)),
            "tables": plain(command.toml_inventory(top)),
            "graph": command.inventory_graph(),
        }
        context.CLIARGS = ImmutableDict(FLAGS | {"export": True})
        answer["export"] = plain(command.json_inventory(top))
    except Exception as error:
        return {"error": str(error)}
    finally:
        context.CLIARGS = ImmutableDict(FLAGS)
    return answer


def plain(document):
    return json.loads(json.dumps(document, cls=_inventory_legacy.Encoder))


def hosts(inventory, pattern, limit=None):
    try:
        inventory.subset(limit)
        return [host.name for host in inventory.get_hosts(pattern)]
    except Exception as error:
        return str(error)


def main():
    asked = json.load(sys.stdin)
    context.CLIARGS = ImmutableDict(FLAGS)
    cases = {name: listed(folder, sources) for name, folder, sources in asked["cases"]}
    folder, source, patterns, limits = asked["patterns"]
    inventory = read(folder, [source])[1]
    answer = {
        "cases": cases,
        "patterns": {pattern: hosts(inventory, pattern) for pattern in patterns},
        "limits": [hosts(inventory, pattern, limit) for pattern, limit in limits],
    }
    sys.stdout.write("\n" + json.dumps(answer))


main()
