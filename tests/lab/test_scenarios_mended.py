"""From the symptom to the cure and back, through the command line, on hosts with one cause of KB 919091 each."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from remediators.cli.main import run
from remediators.lab.scenarios import find
from tests.lab.mending import kicked, state, verdicts, without_iis

WRONG_USE = 5
REMEDIATE = str(Path(sys.executable).with_name("remediate"))


@pytest.mark.parametrize("cause", [1, 2, 3, 4, 5, 6])
def test_a_cause_is_found_mended_and_put_back(
    cause: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that hangs up has no banner either, and nobody has to wait for it.
    scenario = find("kb919091/cause4-closes" if cause == 4 else f"kb919091/cause{cause}")
    monkeypatch.chdir(tmp_path)
    with scenario.lab(tmp_path / "keys") as lab:
        inventory = str(scenario.write(lab, tmp_path))
        of = without_iis if cause == 6 else (lambda told: told)
        before = {name: state(host) for name, host in lab.hosts.items()}
        found = verdicts(capsys, inventory, "--from", "fw01", "--out", "fix.yml")
        assert [number for number, verdict in found.items() if verdict == "applies"] == [cause]
        assert kicked(lab) > 0

        assert run(["plan", "fix.yml", "-i", inventory, "--out", "fix.plan"]) == 0
        assert run(["apply", "fix.plan", "--yes"]) == 0

        changed = [name for name, host in lab.hosts.items() if state(host) != before[name]]
        assert changed == [scenario.at[cause]]
        assert lab.obstacles("exch01", "exch02") == []
        assert kicked(lab) == 0
        assert "applies" not in verdicts(capsys, inventory).values()

        assert run(["rollback", "latest", "--yes"]) == 0
        assert {name: of(state(host)) for name, host in lab.hosts.items()} == {
            n: of(told) for n, told in before.items()
        }
        # The broken file is back on disk, and IIS keeps what it has in memory until it is restarted.
        assert lab.obstacles("exch01", "exch02") == ([(cause, scenario.at[cause])] if cause != 6 else [])


def test_nothing_is_found_on_healthy_hosts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = find("kb919091/healthy")
    monkeypatch.chdir(tmp_path)
    with scenario.lab(tmp_path / "keys") as lab:
        assert set(verdicts(capsys, str(scenario.write(lab, tmp_path))).values()) == {"ruled out"}


def test_lab_up_serves_a_scenario_and_says_where_its_inventory_is(tmp_path: Path) -> None:
    command = [REMEDIATE, "lab", "up", "--scenario", "kb919091/cause1+cause5", "--ports", "free", "--folder", "."]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        said = served.stdout.readline()
        served.send_signal(signal.SIGINT)
        assert served.wait(60) == 0

    inventory = tmp_path / said.partition("inventory: ")[2].partition(";")[0]
    hosts = yaml.safe_load(inventory.read_text(encoding="utf-8"))["all"]["hosts"]
    assert hosts["exch02"]["via"] == ["fw01"]
    assert (inventory.parent / "profiles" / "smsmse.yml").is_file()


def test_a_scenario_that_there_is_not_is_told_with_those_that_there_are() -> None:
    done = subprocess.run(
        [REMEDIATE, "lab", "up", "--scenario", "kb919091/cause7"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == WRONG_USE
    assert done.stdout == ""
    assert "cause6" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_name_of_a_scenario_is_listed() -> None:
    done = subprocess.run([REMEDIATE, "lab", "scenarios"], capture_output=True, text=True, timeout=60, check=True)

    assert {"kb919091/healthy", "kb919091/cause6", "kb919091/cause1+cause2"} < set(done.stdout.split())


def test_the_demo_tells_the_story_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--keep", str(tmp_path / "demo")]) == 0

    told = capsys.readouterr().out
    assert [line.split()[2] for line in told.splitlines() if line.startswith("$ remediate")] == [
        "ping", "diagnose", "plan", "apply", "diagnose", "rollback", "plan", "runs",
    ]  # fmt: skip
    assert told.count("cause 5  applies") == 1
    assert "No cause is shown to apply." in told
