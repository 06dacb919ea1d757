"""inventory/lab.yml is written by hand and committed; the running lab must be what it says."""

from pathlib import Path

import yaml

from remediators.lab.inventory import DEFAULT_FLEET
from remediators.lab.serve import FIXED_PORTS, Lab

COMMITTED = Path(__file__).parents[2] / "inventory" / "lab.yml"


def hosts(document):
    return document["all"]["hosts"]


def test_the_committed_inventory_is_that_of_the_running_lab(tmp_path):
    with Lab(DEFAULT_FLEET, ports="free", folder=tmp_path / "keys") as lab:
        told = yaml.safe_load(lab.write_inventory(tmp_path / "lab.yml").read_text())
    committed = yaml.safe_load(COMMITTED.read_text().replace("~/.remediate-lab", str(tmp_path / "keys")))
    committed["all"]["children"]["exchange"].pop("vars")
    for name, host in hosts(committed).items():
        door = host.get("ansible_winrm_scheme", "ssh")
        mail = None if host["ansible_connection"] == "network_cli" else FIXED_PORTS["smtp"]

        assert host["ansible_host"] == DEFAULT_FLEET[name]["address"]
        assert (host["ansible_port"], host.get("smtp_port")) == (FIXED_PORTS[door], mail)
    for host in (*hosts(committed).values(), *hosts(told).values()):
        for word in ("ansible_host", "ansible_port", "smtp_port"):
            host.pop(word, None)

    assert committed == told


def test_what_is_invented_is_marked_as_invented():
    variables = yaml.safe_load(COMMITTED.read_text())["all"]["children"]["exchange"]["vars"]
    profile = variables["smsmse_profile"]

    assert {entry["source"] for entry in (*profile["detect"], *profile["settings"])} == {"invented for the lab"}
    assert all("LabInvented" in entry["key"] for entry in (*profile["settings"], *variables["tnef_values"]))
