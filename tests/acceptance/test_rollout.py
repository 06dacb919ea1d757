"""Waves, canaries and thresholds over the real protocols, from a saved plan and from a playbook."""

import json

import pytest

from remediators.lab.world import build

BOOK = r"""
- hosts: all
  name: Rollout
{lines}
  tasks:
    - name: T
      registry: {{key: HKLM\SOFTWARE\X, values: {{V: {{type: sz, data: new}}}}}}
"""


class Watched:
    """A machine that notes when it is written to; ``broken`` ones refuse every write."""

    def __init__(self, name, order, *, broken=False):
        self.machine, self.name, self.order, self.broken = build(name, {}), name, order, broken

    def __getattr__(self, name):
        return getattr(self.machine, name)

    def run(self, line, codepage=None):
        if "reg add" in line or "reg import" in line:
            self.order.append(self.name)
            if self.broken:
                line = line.replace("reg add", "reg bad").replace("reg import", "reg bad")
        return self.machine.run(line, codepage)


@pytest.fixture
def fleet(desk):
    def make(count, *lines, broken=(), dead=()):
        order = []
        machines = {f"h{n}": Watched(f"h{n}", order, broken=f"h{n}" in broken) for n in range(1, count + 1)}
        d = desk({name: {"connection": "ssh", "machine": machine} for name, machine in machines.items()})
        for name in dead:
            d.lab.hosts[name].faults.add("no-listener")
        d.write("book.yml", BOOK.format(lines="\n".join(f"  {line}" for line in lines)))
        d.order = order
        return d

    return make


def applied(d, *more):
    ended = d.remediate("apply", "book.yml", "-i", "lab.yml", "--yes", "--output", "json", *more)
    return ended, {host["name"]: host["status"] for host in ended.json["hosts"]}


def test_a_saved_plan_shows_its_waves_and_apply_keeps_them(fleet):
    d = fleet(5, "serial: [1, 50%]", "order: reverse_inventory")
    planned = d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan")
    assert "Wave 1 of 3: h5\nWave 2 of 3: h4, h3\nWave 3 of 3: h2, h1\n" in planned.out
    waves = json.loads((d.folder / "x.plan").read_text())["extra"]["rollout"]["waves"]
    assert [wave["hosts"] for wave in waves] == [["h5"], ["h4", "h3"], ["h2", "h1"]]
    assert d.remediate("apply", "x.plan", "--yes").code == 0
    first = list(dict.fromkeys(d.order))
    assert (first[:1], set(first[1:3]), set(first[3:])) == (["h5"], {"h4", "h3"}, {"h2", "h1"})


def test_a_shuffled_plan_tells_its_seed(fleet):
    d = fleet(2, "serial: 1", "order: shuffle")
    assert "Hosts were shuffled with the seed" in d.remediate("plan", "book.yml", "-i", "lab.yml").out


def test_a_threshold_stops_the_waves_that_follow(fleet):
    d = fleet(4, "serial: 2", "max_fail_percentage: 0", broken=("h1",))
    ended, statuses = applied(d)
    assert ended.code == 2
    assert statuses == {"h1": "failed", "h2": "changed", "h3": "not_started", "h4": "not_started"}
    assert set(d.order) <= {"h1", "h2"}
    shown = d.remediate("show", "latest")
    assert "max_fail_percentage 0 of 'Rollout': 1 of 2 did not come out well (h1)" in shown.out


def test_a_host_that_cannot_be_reached_counts_before_anything_has_changed(fleet):
    d = fleet(3, "serial: 1", "max_fail_percentage: 0")
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    d.lab.hosts["h3"].faults.add("no-listener")
    before = d.states()
    ended = d.remediate("apply", "x.plan", "--yes", "--output", "json")
    assert ended.code == 4
    assert {host["name"]: host["status"] for host in ended.json["hosts"]} == {
        "h1": "not_started",
        "h2": "not_started",
        "h3": "unreachable",
    }
    assert d.states() == before


def test_drift_anywhere_counts_before_anything_has_changed(fleet):
    d = fleet(3, "serial: 1", "any_errors_fatal: true")
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    d.lab.machines["h3"].machine.run(r"reg add HKLM\SOFTWARE\X /v V /d theirs /f")
    ended = d.remediate("apply", "x.plan", "--yes", "--output", "json")
    assert ended.code == 3
    assert [host["status"] for host in ended.json["hosts"]] == ["not_started", "not_started", "refused"]
    assert d.order == []


def test_a_canary_is_proven_again_after_its_soak(fleet):
    d = fleet(3, "canary: h2", "soak: 1s")
    ended, statuses = applied(d)
    assert ended.code == 0
    assert set(statuses.values()) == {"changed"}
    assert d.order[0] == "h2"
    events = [json.loads(line) for line in d.remediate("runs", "--export", "-").out.splitlines()]
    kinds = [(e["kind"], e["host"]) for e in events if e["kind"] in ("intent", "soak", "soaked")]
    assert kinds[:3] == [("intent", "h2"), ("soak", ""), ("soaked", "h2")]


def test_an_interrupt_ends_the_soak_and_the_others_are_left(fleet):
    d = fleet(2, "canary: 1", "soak: 1h")
    process = d.start("apply", "book.yml", "-i", "lab.yml", "--yes")
    while "waiting 3600 s" not in process.stderr.readline():
        assert process.poll() is None
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Left: h2" in out
    assert set(d.order) == {"h1"}
    assert d.remediate("rollback", "latest", "--yes").code == 0


def test_a_wave_that_holds_all_hosts_of_a_group_is_warned_of(fleet):
    d = fleet(2, "never_together: [all]")
    planned = d.remediate("plan", "book.yml", "-i", "lab.yml")
    assert "wave 1 holds all 2 hosts of all" in planned.err
    assert "At most 1 at once (never_together: all): h1, h2" in planned.out


def test_a_rollback_goes_on_past_hosts_that_fail(fleet):
    d = fleet(3, "serial: 1", "max_fail_percentage: 0")
    before = d.states()
    assert applied(d)[0].code == 0
    d.lab.hosts["h1"].faults.add("no-listener")
    assert d.remediate("rollback", "latest", "--yes").code == 4
    assert {name: state for name, state in d.states().items() if name != "h1"} == {
        name: state for name, state in before.items() if name != "h1"
    }


def test_some_hosts_of_a_plan_go_in_the_waves_that_are_left_of_them(fleet):
    d = fleet(4, "serial: 2")
    assert d.remediate("plan", "book.yml", "-i", "lab.yml", "--out", "x.plan").code == 0
    assert d.remediate("apply", "x.plan", "--yes", "-l", "h4,h1").code == 0
    assert list(dict.fromkeys(d.order)) == ["h1", "h4"]
