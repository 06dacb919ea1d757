"""nornir_netmiko on each host of an inventory, 20 at once: show, or show, change and save. Host keys are checked."""

import sys

import yaml
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko import netmiko_save_config, netmiko_send_command, netmiko_send_config

from benchmarks.reads import hosts_of

INVENTORY, KNOWN_HOSTS, WHAT = sys.argv[1:]


def reached(name, host):
    extras = {
        "secret": host["ansible_become_password"],
        "ssh_strict": True,
        "alt_host_keys": True,
        "alt_key_file": KNOWN_HOSTS,
        "fast_cli": True,
    }
    return Host(
        name,
        hostname=host["ansible_host"],
        port=host["ansible_port"],
        username=host["ansible_user"],
        password=host["ansible_password"],
        platform="cisco_ios",
        connection_options={"netmiko": ConnectionOptions(extras=extras)},
    )


def work(task):
    shown = task.run(netmiko_send_command, command_string="show running-config", enable=True)
    assert shown[0].result.rstrip().endswith("end")
    if WHAT == "change":
        task.run(
            netmiko_send_config, config_commands=["no ip inspect name MAIL-OUT smtp"], error_pattern="% Invalid input"
        )
        task.run(netmiko_save_config)


with open(INVENTORY, encoding="utf-8") as file:
    FOUND = hosts_of(yaml.safe_load(file))
ConnectionPluginRegister.auto_register()
HOSTS = Hosts({f"host{number}": reached(f"host{number}", host) for number, host in enumerate(FOUND)})
NORNIR = Nornir(Inventory(HOSTS, Groups(), Defaults()), runner=ThreadedRunner(20))
DONE = NORNIR.run(work)
NORNIR.close_connections()
assert not DONE.failed, DONE.failed_hosts
