"""Inventories: YAML, INI, lists, directories, variables and who set them."""

# ruff: noqa: E501, ISC004  messages stand on one line, as users see them

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.language import LanguageError, load_inventory, resolve_hosts
from remediators.language.ini import ini_value
from remediators.language.ranges import BadName, host_names


def variables(inventory, host: str):
    return dict(resolve_hosts(inventory, [host])[host].variables)


YAML = """
all:
  vars: {who: all, site: none}
  hosts: {lone: {}}
  children:
    exchange:
      hosts:
        exch[01:03]: {tier: mail}
        exch01: {ansible_host: 10.0.0.1}
      vars: {who: exchange}
      children:
        frontend:
          hosts: {exch01: , fe01: }
          vars: {who: frontend}
"""
INI = """
lone
[all:vars]
who=all
site = none
[exchange]
exch[01:03] tier=mail
exch01 ansible_host=10.0.0.1
[exchange:vars]
who=exchange
[exchange:children]
frontend
[frontend]
exch01
fe01
[frontend:vars]
who=frontend  ; not a comment
"""


@pytest.mark.parametrize(("name", "text"), [("hosts.yml", YAML), ("hosts.ini", INI), ("hosts", INI), ("other", YAML)])
def test_groups_children_ranges_and_variables(inventory, name, text):
    found = inventory(text.replace("  ; not a comment", ""), name)
    assert set(found.hosts) == {"lone", "exch01", "exch02", "exch03", "fe01"}
    assert found.groups_of("exch01") == ("exchange", "frontend")
    assert found.groups_of("lone") == ("ungrouped",)
    assert found.members["exchange"] == ["exch01", "exch02", "exch03", "fe01"]
    assert variables(found, "exch01") == {"who": "frontend", "site": "none", "tier": "mail", "ansible_host": "10.0.0.1"}
    assert variables(found, "exch02") == {"who": "exchange", "site": "none", "tier": "mail"}


def test_a_group_has_its_hosts_in_the_order_of_ansible_its_own_before_those_of_its_children(inventory):
    found = inventory("b: {hosts: {z: , y: }}\na: {children: {c: {hosts: {q: }}}, hosts: {x: , y: }}")
    assert list(found.hosts) == ["z", "y", "q", "x"]
    assert found.members["a"] == ["x", "y", "q"]
    assert found.members["all"] == ["z", "y", "x", "q"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("True", True),
        ("true", "true"),
        ("None", None),
        ("'a b'", "a b"),
        ("[1, 'a']", [1, "a"]),
        ("{'a': 1}", {"a": 1}),
        ("1,2", [1, 2]),
        ("0123", "0123"),
        ("10.0.0.1", "10.0.0.1"),
        ("1.5", 1.5),
        ("text", "text"),
        ("C:\\Temp", "C:\\Temp"),
        ("b'x'", "x"),
        ("{1}", [1]),
        ("1j", "1j"),
        ("...", "..."),
        ("", ""),
        ("1 # comment", 1),
    ],
)
def test_values_of_an_ini_file_are_typed_as_ansible_types_them(text, value):
    assert ini_value(text) == value


@given(st.text(max_size=30))
def test_any_text_is_an_ini_value(text):
    ini_value(text)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("exch[01:03]", ["exch01", "exch02", "exch03"]),
        ("exch[8:11]", ["exch8", "exch9", "exch10", "exch11"]),
        ("exch[:2].x", ["exch0.x", "exch1.x", "exch2.x"]),
        ("db-[a:c]", ["db-a", "db-b", "db-c"]),
        ("n[1:9:4]", ["n1", "n5", "n9"]),
        ("r[1:2]u[01:02]", ["r1u01", "r1u02", "r2u01", "r2u02"]),
        ("::1", ["::1"]),
        ("fe80::1", ["fe80::1"]),
    ],
)
def test_ranges(written, names):
    assert host_names(written) == (names, None)


@pytest.mark.parametrize(
    ("written", "names", "port"),
    [("a:2222", ["a"], 2222), ("[::1]:22", ["::1"], 22), ("a[1:2]:99", ["a1", "a2"], 99)],
)
def test_ports(written, names, port):
    assert host_names(written) == (names, port)


@given(st.integers(0, 300), st.integers(0, 50), st.integers(1, 7), st.integers(1, 4))
def test_a_range_has_both_ends_and_keeps_its_zeros(first, more, step, width):
    begin, end = str(first).zfill(width), str(first + more).zfill(width)
    if begin.startswith("0") and len(begin) > 1 and len(begin) != len(end):
        return
    names, _ = host_names(f"h[{begin}:{end}:{step}]")
    assert [int(name[1:]) for name in names] == list(range(first, first + more + 1, step))
    assert names[0] == f"h{begin}"


@given(st.text("a1[]:-,.", max_size=12))
def test_any_host_name_is_read_or_refused(written):
    try:
        names, port = host_names(written)
    except BadName:
        return
    assert names
    assert port is None or 0 < port < 65536


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("a[1]", "[1] is no range: write [begin:end] or [begin:end:step]"),
        ("a[5:1]", "[5:1] begins behind its end"),
        ("a[01:100]", "[01:100] begins with zeros, so both ends must be equally long"),
        ("a[1:]", "[1:] has no end"),
        ("a[1:x]", "[1:x] is no range: 'x' is neither a number nor one letter"),
        ("a[1:5:0]", "[1:5:0] has a step below 1"),
        ("a[1:2", "'a[1:2': there is no ']' behind '['"),
        ("a1:2]", "'a1:2]': there is no '[' before ']'"),
        ("a[1:9999999]", "[1:9999999] stands for more than 100000 hosts"),
        ("a:99999", "99999 is no port"),
        ("a:b", "'a:b' is no host name: a colon stands before a port"),
    ],
)
def test_a_name_that_is_none_is_refused(written, message):
    with pytest.raises(BadName) as caught:
        host_names(written)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]\n", "hosts.yml:1:1: an inventory is a mapping of groups, and this is a list\n    [1, 2]\n    ^^^^^^"),
        (
            "all: {host: {a: }}\n",
            "hosts.yml:1:7: group 'all': unknown key 'host' (did you mean 'hosts'?)\n    all: {host: {a: }}\n          ^^^^",
        ),
        (
            "all:\n  hosts: [a, b]\n",
            "hosts.yml:2:10: group 'all': hosts must be a mapping, not a list (write each name with a colon behind it)\n"
            "      hosts: [a, b]\n             ^^^^^^",
        ),
        (
            "all: {hosts: {a: 1}}\n",
            "hosts.yml:1:18: host 'a': the variables of a host are a mapping, not a number\n"
            "    all: {hosts: {a: 1}}\n                     ^",
        ),
        (
            "all: {hosts: {'a[3:1]': }}\n",
            "hosts.yml:1:15: group 'all': [3:1] begins behind its end\n    all: {hosts: {'a[3:1]': }}\n                  ^^^^^^^^",
        ),
        (
            "plugin: azure\n",
            "hosts.yml:1:1: inventory plugins are not supported (write hosts and groups, or export them)\n"
            "    plugin: azure\n    ^^^^^^",
        ),
        (
            "a: {children: {b: {children: {a: }}}}\n",
            "hosts.yml:1:31: group 'b': groups cannot contain themselves: a → b → a\n"
            "    a: {children: {b: {children: {a: }}}}\n                                  ^",
        ),
        (
            "a: {children: {all: }}\n",
            "hosts.yml:1:16: group 'a': 'all' cannot be a child: it holds every group\n"
            "    a: {children: {all: }}\n                   ^^^",
        ),
        (
            "g: {vars: {ansible_group_priority: high}}\n",
            "hosts.yml:1:36: group 'g': ansible_group_priority must be a whole number\n"
            "    g: {vars: {ansible_group_priority: high}}\n                                       ^^^^",
        ),
    ],
)
def test_what_is_wrong_with_a_yaml_inventory_is_said(inventory_errors, text, message):
    assert inventory_errors(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[a\n",
            "h.ini:1:1: group 'ungrouped': '[a': there is no ']' behind '['\n    [a\n    ^^",
        ),
        (
            "[a b]\n",
            "h.ini:1:1: [a b] is no section (write [group], [group:children] or [group:vars])\n    [a b]\n    ^^^^^",
        ),
        (
            "[a:childen]\nx\n",
            "h.ini:1:4: [a:childen] is no kind of section (did you mean 'children'?)\n    [a:childen]\n       ^^^^^^^",
        ),
        (
            "[a]\nh1 ansible_host\n",
            "h.ini:2:4: 'ansible_host' is no variable (write name=value)\n    h1 ansible_host\n       ^^^^^^^^^^^^",
        ),
        ("[a]\nh1 x='1\n", "h.ini:2:1: the quotes do not match: No closing quotation\n    h1 x='1\n    ^^^^^^^"),
        ("[a]\n[a:vars]\nx\n", "h.ini:3:1: 'x' is no variable (write name=value)\n    x\n    ^"),
        (
            "[web]\nh1\n[wbe:vars]\nx=1\n",
            "h.ini:3:2: [wbe:vars] sets variables of a group that is not there (did you mean 'web'?)\n    [wbe:vars]\n     ^^^",
        ),
        (
            "[web]\nh1\n[top:children]\nwbe\n",
            "h.ini:4:1: there is no group 'wbe' (did you mean 'web'?)\n    wbe\n    ^^^",
        ),
        (
            "h1:x\n",
            "h.ini:1:1: group 'ungrouped': 'h1:x' is no host name: a colon stands before a port\n    h1:x\n    ^^^^",
        ),
    ],
)
def test_what_is_wrong_with_an_ini_inventory_is_said(inventory_errors, text, message):
    assert inventory_errors(text, "h.ini") == message


def test_two_groups_of_one_level_that_disagree_are_an_error_that_names_both_places(inventory_errors, write):
    write.put("group_vars/berlin.yml", "proxy: b\n")
    write.put("group_vars/mail.yml", "x: 1\nproxy: m\n")
    text = "berlin: {hosts: {h1: , h2: , h3: {proxy: own}}}\nmail: {hosts: {h1: , h2: , h3: }}\n"
    assert inventory_errors(text) == (
        "group_vars/mail.yml:2:1: group 'mail': groups 'berlin' and 'mail' are on one level and set 'proxy' differently "
        "for host 'h1' and 1 more; the other place is group_vars/berlin.yml:1:1 "
        "(set it for the host, or order the groups by ansible_group_priority)\n"
        "    proxy: m\n"
        "    ^^^^^"
    )


@pytest.mark.parametrize(
    "text",
    [
        "a: {hosts: {h: }, vars: {x: 1}}\nb: {hosts: {h: }, vars: {x: 1}}\n",
        "a: {hosts: {h: {x: 3}}, vars: {x: 1}}\nb: {hosts: {h: }, vars: {x: 2}}\n",
        "a: {hosts: {h: }, vars: {x: 1, ansible_group_priority: 10}}\nb: {hosts: {h: }, vars: {x: 2}}\n",
        "a: {hosts: {h: }, vars: {x: 1}}\nb: {hosts: {g: }, vars: {x: 2}}\n",
        "a: {hosts: {h: }, vars: {x: 1}}\nb: {vars: {x: 2}, children: {c: {hosts: {h: }}}}\nd: {children: {e: {hosts: {h: }, vars: {x: 5}}}}",
    ],
)
def test_groups_that_agree_or_are_settled_are_no_error(inventory, text):
    inventory(text)


def test_a_group_of_higher_priority_wins(inventory):
    text = "a: {hosts: {h: }, vars: {x: 1, ansible_group_priority: 10}}\nb: {hosts: {h: }, vars: {x: 2}}\n"
    assert variables(inventory(text), "h") == {"x": 1}


def test_precedence_from_all_to_host(inventory, write):
    write.put("group_vars/all.yml", "a: gv_all\nb: gv_all\nc: gv_all\nd: gv_all\n")
    write.put("group_vars/child", "c: gv_child\n")
    write.put("host_vars/h.json", '{"d": "hv_host"}')
    write.put("play/group_vars/all/x.yml", "b: play_all\n")
    found = inventory(
        "parent: {vars: {c: parent, e: parent}, children: {child: {hosts: {h: }, vars: {e: child}}}}",
        playbook_dirs=["play"],
    )
    assert variables(found, "h") == {"a": "gv_all", "b": "play_all", "c": "gv_child", "d": "hv_host", "e": "child"}


def test_every_variable_remembers_who_set_it(inventory, write):
    write.put("group_vars/g.yml", "# comment\nx: 1\n")
    found = inventory("g: {hosts: {h: {y: 2}}}")
    _, layer = found.shared("h")["x"]
    assert str(layer.place("x")) == "group_vars/g.yml:2:1"
    assert str(found.host_layers["h"][0].place("y")) == "hosts.yml:1:17"


def test_the_place_of_a_variable_in_an_ini_file(inventory):
    found = inventory("[g]\nh a=1 b=2\n[g:vars]\nc=3\n", "hosts.ini")
    assert str(found.host_layers["h"][0].place("b")) == "hosts.ini:2:7"
    assert str(found.shared("h")["c"][1].place("c")) == "hosts.ini:4:1"


def test_a_file_of_variables_that_is_ignored_is_warned_of(inventory, write):
    write.put("group_vars/all.yml", "a: 1\n")
    write.put("group_vars/all/x.yml", "a: 2\n")
    found = inventory("all: {hosts: {h: }}")
    assert variables(found, "h") == {"a": 2}
    assert [str(warning) for warning in found.warnings] == [
        "group_vars/all.yml: is ignored, because all is there too (keep one of them)"
    ]


def test_a_directory_is_read_in_the_order_of_names_without_backups(write):
    write.put("inv/01-a.yml", "g: {hosts: {h1: {x: 1}}}")
    write.put("inv/02-b", "[g]\nh1 x=2\nh2\n")
    write.put("inv/sub/c.yml", "g: {hosts: {h3: }}")
    for name in ("inv/a.yml~", "inv/a.bak", "inv/a.cfg", "inv/.hidden", "inv/group_vars/g.yml", "inv/readme.md"):
        write.put(name, "y: 1\n")
    found = load_inventory(["inv"])
    assert list(found.hosts) == ["h1", "h2", "h3"]
    assert variables(found, "h1") == {"x": 2, "y": 1}


def test_several_sources_are_merged_and_a_list_names_hosts(write):
    write.put("a.yml", "g: {hosts: {h1: }}")
    found = load_inventory(["a.yml", "h2,10.0.0.5:5986,"])
    assert list(found.hosts) == ["h1", "h2", "10.0.0.5"]
    assert variables(found, "10.0.0.5") == {"ansible_port": 5986}


def test_a_missing_source_is_named(write):
    with pytest.raises(LanguageError, match=r"^gone.yml: there is no such file$"):
        load_inventory(["gone.yml"])


def test_an_executable_file_of_data_is_data(write):
    write.put("hosts.yml", "all: {hosts: {h: }}")
    Path("hosts.yml").chmod(0o755)
    assert list(load_inventory(["hosts.yml"]).hosts) == ["h"]


def test_an_unknown_connection_variable_is_warned_of_once_and_never_with_its_value(inventory):
    known = ("ansible_host", "ansible_password")
    found = inventory(
        "all: {hosts: {a: {ansible_pasword: hunter2}, b: {ansible_pasword: x, ansible_hots: c}}}", known_variables=known
    )
    assert [str(warning) for warning in found.warnings] == [
        "hosts.yml:1:19: host 'a': nothing reads 'ansible_pasword' (did you mean 'ansible_password'?)",
        "hosts.yml:1:70: host 'b': nothing reads 'ansible_hots' (did you mean 'ansible_host'?)\n"
        "    all: {hosts: {a: {ansible_pasword: ******** b: {ansible_pasword: ******** ansible_hots: c}}}\n"
        "                                                                              ^^^^^^^^^^^^",
    ]


def test_variables_are_filled_in_lazily_and_recursively(inventory):
    found = inventory(
        "all: {vars: {ansible_host: '{{ inventory_hostname_short }}.{{ zone }}', zone: '{{ site }}.de', broken: '{{ nix }}'},"
        " hosts: {exch01.x: {site: berlin}}}"
    )
    assert variables(found, "exch01.x") == {"ansible_host": "exch01.berlin.de", "zone": "berlin.de", "site": "berlin"}


def test_variables_in_a_circle_are_an_error(inventory):
    found = inventory("all: {vars: {ansible_host: '{{ a }}', a: '{{ b }}', b: '{{ a }}'}, hosts: {h: }}")
    with pytest.raises(LanguageError) as caught:
        resolve_hosts(found, ["h"])
    assert caught.value.message == (
        "hosts.yml:1:39: variable 'ansible_host': on h: variables refer to each other in a circle: a → b → a\n"
        "    all: {vars: {ansible_host: '{{ a }}', a: '{{ b }}', b: '{{ a }}'}, hosts: {h: }}\n"
        "                                          ^"
    )


def test_a_circle_through_hostvars_is_an_error(inventory):
    found = inventory(
        'all: {hosts: {a: {ansible_host: "{{ hostvars[\'b\'].ansible_host }}"}, b: {ansible_host: "{{ hostvars.a.ansible_host }}"}}}'
    )
    with pytest.raises(LanguageError, match="circle: ansible_host → ansible_host → ansible_host"):
        resolve_hosts(found, ["a"])


def test_an_undefined_name_in_a_connection_variable_is_told_once_for_all_hosts(inventory):
    found = inventory("all: {vars: {ansible_host: '{{ adress }}', address: x}, hosts: {'h[1:40]': }}")
    with pytest.raises(LanguageError) as caught:
        resolve_hosts(found, found.hosts)
    assert caught.value.message == (
        "hosts.yml:1:32: variable 'ansible_host': on all 40 hosts: 'adress' is undefined (did you mean 'address'?)\n"
        "    all: {vars: {ansible_host: '{{ adress }}', address: x}, hosts: {'h[1:40]': }}\n"
        "                                   ^^^^^^"
    )


def test_a_host_knows_the_file_and_the_folder_that_it_comes_from(write):
    write.put("inv/a", "h1 key='{{ inventory_dir }}/key'\n")
    write.put("inv/b", "h1 file='{{ inventory_file }}'\n")
    found = load_inventory(["inv", "h2,"])
    here = Path.cwd()
    assert variables(found, "h1") == {"key": f"{here}/inv/key", "file": f"{here}/inv/a"}
    assert variables(found, "h2") == {}


def test_files_in_a_list_of_hosts_are_warned_of(write):
    write.put("a.yml", "all: {hosts: {h: }}")
    found = load_inventory(["a.yml,b.yml"])
    assert list(found.hosts) == ["a.yml", "b.yml"]
    assert [str(warning) for warning in found.warnings] == [
        "--inventory:1:1: 'a.yml' is the name of a host here, and there is a file of this name "
        "(give each inventory its own -i)\n    a.yml,b.yml\n    ^^^^^"
    ]
