"""What fleets use daily in playbooks, over the command line: blocks, files, run_once, facts of others, lists."""

import pytest

SITE = r"""
- import_playbook: plays/values.yml
  vars: {text: imported}
- name: Versions
  hosts: windows
  tasks:
    - name: What the first host is
      registry:
        key: HKLM\SOFTWARE\Ours
        values: {First: {type: sz, data: "{{ hostvars[groups.windows[0]].facts.os.version }}"}}
"""
VALUES = r"""
- name: Values
  hosts: windows
  vars: {text: own, entries: {A: 1, B: 2}}
  tasks:
    - include_tasks: tasks/values.yml
    - name: Once
      registry: {key: HKLM\SOFTWARE\Ours, values: {Once: {type: dword, data: 1}}}
      run_once: true
"""
TASKS = r"""
- name: Block
  when: inventory_hostname != 'nobody'
  vars: {kind: dword}
  tags: block
  block:
    - name: Entries
      registry: {key: HKLM\SOFTWARE\Ours, values: {"{{ item.key }}": {type: "{{ kind }}", data: "{{ item.value }}"}}}
      loop: "{{ entries }}"
      loop_control: {label: "entry {{ item.key }}"}
    - name: Text
      registry: {key: HKLM\SOFTWARE\Ours, values: {Text: {type: sz, data: "{{ text }}"}}}
"""


@pytest.fixture
def two(desk):
    d = desk({"old": {"connection": "ssh", "os": "2003"}, "new": {"connection": "ssh", "os": "2008"}})
    d.write("site.yml", SITE)
    d.write("plays/values.yml", VALUES)
    d.write("plays/tasks/values.yml", TASKS)
    d.write("hosts.yml", "windows: {hosts: {old: {}, new: {}}}\n")
    return d


def afters(document):
    return {
        host["name"]: {
            change["resource"].rpartition(":")[2]: change["after"]["data"]
            for item in host["items"]
            for change in item["changes"]
            if change["resource"].startswith("registry:")
        }
        for host in document["hosts"]
    }


def test_they_are_planned_applied_and_put_back_like_tasks_of_the_play(two):
    before = two.states()
    planned = two.remediate("plan", "site.yml", "-i", "lab.yml", "-i", "hosts.yml", "--output", "json", "--out", "p")
    assert planned.code == 0, planned.err
    found = afters(planned.json)
    assert found["new"] == {"A": 1, "B": 2, "Text": "imported", "First": found["old"]["First"]}
    assert found["old"] == {**found["new"], "Once": 1}
    assert found["old"]["First"].startswith("5.2")
    assert [source["path"] for source in planned.json["playbooks"]] == [
        "site.yml",
        "plays/values.yml",
        "plays/tasks/values.yml",
    ]
    assert "Entries (entry A)" in planned.out

    assert two.remediate("apply", "p", "--yes").code == 0
    assert two.remediate("plan", "site.yml", "-i", "lab.yml", "-i", "hosts.yml", "--detailed-exitcode").code == 0
    assert two.remediate("rollback", "latest", "--yes").code == 0
    assert two.states() == before


def test_the_hosts_and_tasks_are_listed_without_contacting_anybody(two):
    two.lab.stop()
    found = two.remediate(
        "plan", "site.yml", "-i", "lab.yml", "-i", "hosts.yml", "--list-hosts", "--list-tasks", "--list-tags"
    )
    assert found.code == 0, found.err
    assert found.out == (
        "Values (windows)\n  hosts (2):\n    old\n    new\n"
        "  tasks:\n    Entries  (registry)  [block]\n    Text  (registry)  [block]\n    Once  (registry)\n"
        "  tags: block\n"
        "Versions (windows)\n  hosts (2):\n    old\n    new\n"
        "  tasks:\n    What the first host is  (registry)\n  tags: none\n"
    )


def test_a_plan_starts_at_a_task(two):
    found = two.remediate(
        "plan", "site.yml", "-i", "lab.yml", "-i", "hosts.yml", "--start-at-task", "Once", "--output", "json"
    )
    assert set(afters(found.json)["old"]) == {"Once", "First"}
    wrong = two.remediate("plan", "site.yml", "-i", "lab.yml", "-i", "hosts.yml", "--start-at-task", "Onse")
    assert wrong.code == 5
    assert "--start-at-task: no task is named 'Onse' (did you mean 'Once'?)" in wrong.err


def test_a_fact_of_a_host_that_is_away_fails_only_what_needs_it(two):
    two.write(
        "gone.yml", "windows: {hosts: {gone: {ansible_host: 127.0.0.1, ansible_port: 9, ansible_connection: ssh}}}\n"
    )
    book = SITE.replace("groups.windows[0]", "'gone'").split("- name: Versions")[1]
    two.write("book.yml", f"- name: Versions{book}".replace("hosts: windows", "hosts: old"))
    found = two.remediate("plan", "book.yml", "-i", "lab.yml", "-i", "hosts.yml", "-i", "gone.yml", "--output", "json")
    (host,) = found.json["hosts"]
    assert (found.code, host["name"], host["status"]) == (1, "old", "failed")
    assert "the fact os.version of gone cannot be read" in str(host["items"])
