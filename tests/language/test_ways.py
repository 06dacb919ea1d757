"""`via:` closed over devices in front of devices; circles and unknown names are errors with their place."""

import pytest

from remediators.language import LanguageError, load_inventory, resolve_hosts, with_ways

INVENTORY = """all:
  vars: {ansible_host: 192.0.2.1}
  hosts:
    edge: {}
    core: {via: edge}
    exch: {via: [core], ansible_host: 10.0.0.5}
    alone: {}
"""


def ways(folder, text, names):
    path = folder / "hosts.yml"
    path.write_text(text)
    inventory = load_inventory([str(path)])
    return with_ways(inventory, resolve_hosts(inventory, names))


def test_devices_before_devices_count_too_outermost_first(tmp_path):
    hosts = ways(tmp_path, INVENTORY, ["exch", "alone"])

    assert hosts["exch"].via == ("edge", "core")
    assert hosts["alone"].via == ()


def test_a_device_knows_the_hosts_of_the_run_behind_it_and_their_addresses(tmp_path):
    hosts = ways(tmp_path, INVENTORY, ["edge", "core", "exch"])

    assert hosts["edge"].behind == {"core": "192.0.2.1", "exch": "10.0.0.5"}
    assert hosts["core"].behind == {"exch": "10.0.0.5"}
    assert ways(tmp_path, INVENTORY, ["edge", "alone"])["edge"].behind == {}


def test_a_circle_is_told_with_its_place(tmp_path):
    with pytest.raises(LanguageError) as met:
        ways(tmp_path, INVENTORY.replace("edge: {}", "edge: {via: core}"), ["exch"])

    assert "hosts.yml:" in str(met.value)
    assert "hosts stand before each other in a circle: core → edge → core" in str(met.value)


def test_an_unknown_name_before_a_device_that_is_not_of_the_run_is_told_too(tmp_path):
    with pytest.raises(LanguageError, match=r"hosts.yml:4:\d+: .*there is no host 'egde'"):
        ways(tmp_path, INVENTORY.replace("edge: {}", "edge: {via: egde}"), ["exch"])


SHARED = """all:
  vars: {via: [edge, core], ansible_host: 192.0.2.1}
  hosts: {edge: {}, core: {}, exch: {}}
"""


def test_devices_that_share_the_value_of_their_group_stand_in_its_order(tmp_path):
    hosts = ways(tmp_path, SHARED, ["edge", "core", "exch"])

    assert {name: host.via for name, host in hosts.items()} == {
        "edge": (),
        "core": ("edge",),
        "exch": ("edge", "core"),
    }


def test_a_host_that_says_that_it_stands_before_itself_is_told(tmp_path):
    with pytest.raises(LanguageError, match=r"hosts.yml:4:\d+: .*'edge' cannot stand in front of itself"):
        ways(tmp_path, INVENTORY.replace("edge: {}", "edge: {via: edge}"), ["exch", "edge"])
