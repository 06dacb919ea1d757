"""`remediate diagnose` against labs of which it is known what is wrong: no false alarm, no miss, one batch per host."""

import contextlib
import io
import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from remediators.cli.main import run
from remediators.lab import scenarios
from remediators.lab.inventory import generate
from remediators.lab.scenarios.kb919091 import FIREWALL, OTHER, RECEIVER, SENDER
from remediators.lab.serve import Lab
from remediators.model.documents import is_intact
from remediators.reports.diagnosis import diagnosis_text
from tests.checks.servers import talking

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
WAIT = "20"  # seconds for a greeting: a loaded machine may take some; nothing here is silent but where it is said
# A receiver that closes at once is as much without a banner as a silent one, and nobody has to wait for it.
PARTS = {n: "cause4-closes" if n == 4 else f"cause{n}" for n in range(1, 7)}
TABLE = [(), *((n,) for n in PARTS), *combinations(PARTS, 2)]


def name_of(causes):
    return "kb919091/" + ("+".join(PARTS[cause] for cause in causes) or "healthy")


def told(*arguments):
    """Exit code and what was printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run(["diagnose", *arguments])
    return code, out.getvalue()


def diagnosed(*arguments):
    code, text = told("--output", "json", "--greeting-wait", WAIT, *arguments)
    return code, json.loads(text)


@contextlib.contextmanager
def standing(scenario, folder):
    with scenario.lab(folder=folder / "keys") as lab:
        yield lab


def verdict(document, cause, sender, receiver):
    """What holds on the path from one host to another."""
    for group in document["paths"]:
        if sender in group["senders"] and receiver in group["receivers"]:
            return group["verdicts"][str(cause)]
    raise AssertionError(f"no path from {sender} to {receiver}")


def best(cause, true, *, data, behind):
    """
    The best verdict that can be reached for a cause on the path on which mail is stuck.

    ``true`` are the causes that hold, ``data`` whether the operator's is there, ``behind`` whether the greeting is
    taken from behind the firewall, too.
    """
    if cause in (2, 3) and not data:
        return "cannot tell"
    if cause not in true:
        return "ruled out"
    if cause == 2 and {4, 5} & set(true):
        return "possible"  # without a greeting, or through a mask, nobody hears which verbs the receiver has
    if cause == 4 and 5 in true and not behind:
        return "possible"  # the firewall may have taken the greeting
    if cause == 5 and (4 in true or not behind):
        return "possible"  # there is nothing to mask, or nobody looked from behind
    return "applies"


def ways(true):
    """With and without the operator's data, and a look from behind: all four ways for one cause, two for a pair."""
    return [(True, True), (False, False), *([(True, False), (False, True)] if len(true) < 2 else [])]


@pytest.mark.parametrize("true", TABLE, ids=name_of)
def test_each_cause_and_each_pair_gets_the_best_verdict_that_can_be_reached(true, tmp_path):
    scenario = scenarios.find(name_of(true))
    seen, wanted = {}, {}
    with standing(scenario, tmp_path) as lab:
        for data, behind in ways(true):
            inventory = str(scenario.write(lab, tmp_path / str(data), data=data))
            code, document = diagnosed("-i", inventory, "exchange", *(["--from", FIREWALL] if behind else []))

            assert code == 0
            for cause in PARTS:
                seen[data, behind, cause] = verdict(document, cause, SENDER, RECEIVER)
                wanted[data, behind, cause] = best(cause, true, data=data, behind=behind)
                # To the receiver that nothing is wrong with, nothing applies.
                assert verdict(document, cause, SENDER, OTHER) in (
                    "ruled out",
                    best(cause, (), data=data, behind=behind),
                )

    assert seen == wanted


@pytest.mark.parametrize("true", [(n,) for n in PARTS], ids=name_of)
def test_the_fault_is_placed_at_the_end_where_it_is(true, tmp_path):
    scenario = scenarios.find(name_of(true))
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, document = diagnosed("-i", inventory, "exchange", "--from", FIREWALL)

    assert {fix["cause"]: fix["limit"] for fix in document["fixes"]} == {true[0]: [scenario.at[true[0]]]}


@pytest.mark.parametrize("kind", ["pix", "asa"])
def test_a_pix_and_an_asa_are_told_by_a_look_from_the_router_behind_them(kind, tmp_path):
    scenario = scenarios.find(f"kb919091/cause5+{kind}")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, document = diagnosed("-i", inventory, "exchange", "--from", "rtr01", "--from", FIREWALL)

    assert document["fixes"] == [
        {"cause": 5, "playbook": f"playbooks/cause5-{kind}.yml", "limit": [FIREWALL], "after": None}
    ]
    firewall = next(host for host in document["hosts"] if host["name"] == RECEIVER)["looks"][FIREWALL]
    assert "no telnet client" in firewall["why"]


@pytest.mark.parametrize("true", [(1, 5), (2, 3), (4, 6)], ids=name_of)
def test_the_playbook_it_writes_can_be_planned_and_changes_the_ends_at_fault_only(true, tmp_path, monkeypatch):
    scenario = scenarios.find(name_of(true))
    monkeypatch.chdir(tmp_path)
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        code, document = diagnosed("-i", inventory, "exchange", "--from", FIREWALL, "--out", "fix.yml")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            planned = run(["plan", "fix.yml", "-i", inventory, "--output", "json"])
    plan = json.loads(out.getvalue())

    fixed = set(true) - ({4} if 6 in true else set())  # a banner is kept in the metabase, which must be whole first
    assert (code, planned) == (0, 0)
    assert document["playbook"] == "fix.yml"
    plays = yaml.safe_load(Path("fix.yml").read_text(encoding="utf-8"))
    assert {task["cause"] for play in plays for task in play["tasks"]} == fixed
    assert {host["name"] for host in plan["hosts"]} == {scenario.at[cause] for cause in fixed}
    items = [item for host in plan["hosts"] for item in host["items"] if not item["handler"]]
    changing = {item["cause"] for item in items if item["outcome"] == "change"}
    assert changing == fixed


@pytest.mark.parametrize("name", [*(name_of((n,)) for n in PARTS), "kb919091/cause5+pix", "kb919091/cause5+asa"])
def test_the_playbook_that_it_names_changes_the_limit_that_it_names(name, tmp_path, monkeypatch):
    scenario = scenarios.find(name)
    monkeypatch.chdir(tmp_path)
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        behind = "rtr01" if "rtr01" in scenario.fleet else FIREWALL
        _, document = diagnosed("-i", inventory, "exchange", "--from", behind)
        (fix,) = document["fixes"]
        book = str(PLAYBOOKS.parent / fix["playbook"])
        consent = ["-e", "cause5_allow_unarmed=true"] if fix["cause"] == 5 else []
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = run(["plan", book, "-i", inventory, "-l", ",".join(fix["limit"]), "--output", "json", *consent])
    plan = json.loads(out.getvalue())

    items = [item for host in plan["hosts"] for item in host["items"] if not item["handler"]]
    assert code == 0
    assert [host["name"] for host in plan["hosts"]] == fix["limit"]
    assert [item["outcome"] for item in items if item["cause"] == fix["cause"]] == ["change"]


@pytest.mark.parametrize("cause", PARTS)
def test_the_playbook_for_all_causes_takes_one_by_its_tag(cause, tmp_path, monkeypatch):
    scenario = scenarios.find(name_of((cause,)))
    monkeypatch.chdir(tmp_path)
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        chosen = ["--tags", f"cause{cause}", "-l", scenario.at[cause], "-e", "cause5_allow_unarmed=true"]
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            run(["plan", str(PLAYBOOKS / "kb919091.yml"), "-i", inventory, "--output", "json", *chosen])
    items = [item for host in json.loads(out.getvalue())["hosts"] for item in host["items"] if not item["handler"]]

    assert {item["cause"] for item in items} == {cause}
    assert {item["outcome"] for item in items} <= {"change", "skipped"}
    assert any(item["outcome"] == "change" for item in items)


def test_nothing_is_written_to_any_host(tmp_path):
    scenario = scenarios.find("kb919091/all")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        before = states(lab)
        code, _ = diagnosed("-i", inventory, "all", "--from", FIREWALL, "--greeting-wait", "1")
        after = states(lab)

    assert code == 0
    assert before == after


def states(lab):
    """What every host and device holds."""
    return {
        name: machine.state() if hasattr(machine, "state") else machine.running()
        for name, machine in lab.machines.items()
    }


def test_a_silent_server_is_waited_for_and_told(tmp_path):
    scenario = scenarios.find("kb919091/cause4")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, document = diagnosed("-i", inventory, RECEIVER, "--greeting-wait", "2")

    four = next(cause for cause in document["causes"] if cause["cause"] == 4)
    assert (four["verdict"], four["at"]) == ("applies", [RECEIVER])
    assert "within 2 s" in json.dumps(document)


@pytest.mark.parametrize(("minutes", "said"), [(None, "after 48 hours, the usual time"), (720, "after 12 hours:")])
def test_what_waits_is_told_with_the_time_to_its_return(minutes, said, tmp_path):
    scenario = scenarios.find("kb919091/cause1")
    if minutes:
        metabase = {"SmtpSvc/1": {"SmtpRemoteNDRExpireMinutes": minutes}}
        fleet = {**scenario.fleet, SENDER: {**scenario.fleet[SENDER], "metabase": metabase}}
        scenario = replace(scenario, fleet=fleet)
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, text = told("-i", inventory, "exchange")

    line = next(line for line in text.splitlines() if "messages wait for exch02" in line)
    assert "57 messages" in line
    assert said in line
    assert "The semaphore timeout period has expired." in line


def test_a_stopped_service_is_no_missing_banner(tmp_path):
    scenario = scenarios.find("kb919091/stopped")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, text = told("-i", inventory, "exchange")

    assert "cause 4  ruled out" in text
    assert "the SMTP service does not run, which is another trouble: start it first" in text


def test_a_host_that_is_down_is_said_and_the_others_are_diagnosed(tmp_path):
    scenario = scenarios.find("kb919091/cause1")
    with standing(scenario, tmp_path) as lab:
        path = scenario.write(lab, tmp_path / "inventory")
        inventory = yaml.safe_load(path.read_text(encoding="utf-8"))
        inventory["all"]["hosts"][OTHER]["ansible_port"] = 1
        path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
        code, document = diagnosed("-i", str(path), "exchange")

    assert code == 4
    assert [host["status"] for host in document["hosts"]] == ["read", "read", "unreachable", "read"]
    assert verdict(document, 1, SENDER, RECEIVER) == "applies"
    assert verdict(document, 1, SENDER, OTHER) == "cannot tell"
    assert verdict(document, 4, SENDER, OTHER) == "ruled out"  # its port 25 was looked at all the same


def test_fifty_hosts_cost_one_batch_each_and_are_told_together(tmp_path):
    fleet = generate(50, antivirus="savce9")
    with Lab(fleet, ports="free", folder=tmp_path / "keys") as lab:
        inventory = str(lab.write_inventory(tmp_path / "lab.yml"))
        _, before = diagnosed("-i", inventory, "host0001")  # whatever is made at the first use is made
        shells = {name: host.winrm.requests["Create"] for name, host in lab.hosts.items()}
        commands = {name: host.winrm.requests["Command"] for name, host in lab.hosts.items()}
        code, document = diagnosed("-i", inventory, "all")
        spent = {name: host.winrm.requests["Command"] - commands[name] for name, host in lab.hosts.items()}

    text = diagnosis_text(document)
    assert code == 0
    assert before["totals"]["hosts"] == 1
    assert document["totals"]["paths"] == 50 * 49
    # One shell, and one batch in it, in as many lines as cmd's 8,191 characters make of it; the first line asks how
    # this host takes percent signs.
    assert {host.winrm.requests["Create"] - shells[name] for name, host in lab.hosts.items()} == {1}
    assert set(spent.values()) == {3}
    assert len(document["paths"]) < 10
    assert len(text.splitlines()) < 80


def test_a_windows_2000_is_refused_with_its_reason_and_not_taken_for_damaged(tmp_path):
    fleet = {**generate(1), "old": {"connection": "winrm", "os": "2000"}}
    with Lab(fleet, ports="free", folder=tmp_path / "keys") as lab:
        inventory = str(lab.write_inventory(tmp_path / "lab.yml"))
        code, document = diagnosed("-i", inventory, "all")

    old = next(host for host in document["hosts"] if host["name"] == "old")
    assert (code, old["status"]) == (0, "failed")
    assert "Windows 5.0.2195 is not supported" in old["error"]
    assert {verdict(document, cause, "host0001", "old") for cause in (1, 3, 6)} <= {"ruled out", "cannot tell"}
    assert verdict(document, 6, "host0001", "old") == "cannot tell"
    assert verdict(document, 4, "host0001", "old") == "ruled out"  # its port 25 was looked at all the same


@pytest.mark.parametrize(
    ("wmic", "said"), [("missing", "there is no wmic on this host"), ("never-ran", "its first run would install it")]
)
def test_without_wmic_the_queues_are_not_read_and_nothing_is_installed(wmic, said, tmp_path):
    fleet = {name: {**spec, "wmic": wmic} for name, spec in generate(2).items()}
    with Lab(fleet, ports="free", folder=tmp_path / "keys") as lab:
        inventory = str(lab.write_inventory(tmp_path / "lab.yml"))
        _, document = diagnosed("-i", inventory, "all")
        assert [machine.log for machine in lab.machines.values()] == [[], []]

    assert [said in host["queues"]["why"] for host in document["hosts"]] == [True, True]


def test_without_adsutil_the_metabase_is_neither_damaged_nor_healthy(tmp_path):
    with Lab(generate(2), ports="free", folder=tmp_path / "keys") as lab:
        inventory = str(lab.write_inventory(tmp_path / "lab.yml"))
        assert lab.machines["host0002"].run(r"del C:\Inetpub\AdminScripts\adsutil.vbs").status == 0
        _, document = diagnosed("-i", inventory, "all")

    found = {one["at"]: one for one in document["findings"] if one["cause"] == 6}
    assert {at: one["verdict"] for at, one in found.items()} == {"host0001": "ruled out", "host0002": "cannot tell"}
    assert any("there is no adsutil.vbs" in words for words in found["host0002"]["missing"])


def test_a_log_that_was_cleared_says_nothing_and_the_queue_is_believed(tmp_path):
    scenario = scenarios.find("kb919091/cause1+cleared-log")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, document = diagnosed("-i", inventory, "exchange")
        lab.machines[SENDER].flow.links.clear()
        _, without = diagnosed("-i", inventory, "exchange")

    events = next(host for host in document["hosts"] if host["name"] == SENDER)["events"]
    assert (events["read"], "it was cleared" in events["why"]) == (False, True)
    assert verdict(document, 1, SENDER, RECEIVER) == "applies"
    assert verdict(without, 1, SENDER, RECEIVER) == "possible"


def test_of_ten_million_events_only_those_of_the_article_are_read(tmp_path):
    scenario = scenarios.find("kb919091/cause1+huge-log")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, document = diagnosed("-i", inventory, "exchange")
        assert lab.machines[SENDER].events.read < 100

    assert verdict(document, 1, SENDER, RECEIVER) == "applies"


def test_a_mail_server_without_exchange_has_no_damaged_metabase(tmp_path):
    fleet = {**generate(1), "hub01": {"connection": "winrm", "exchange": False}}
    with Lab(fleet, ports="free", folder=tmp_path / "keys") as lab:
        inventory = str(lab.write_inventory(tmp_path / "lab.yml"))
        _, document = diagnosed("-i", inventory, "all")

    assert verdict(document, 6, "host0001", "hub01") == "ruled out"
    assert [host["sends"] for host in document["hosts"]] == [True, False]


def test_the_events_of_a_metabase_that_was_repaired_are_the_past(tmp_path, monkeypatch):
    scenario = scenarios.find("kb919091/cause6")
    monkeypatch.chdir(tmp_path)
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        diagnosed("-i", inventory, "exchange", "--out", "fix.yml")
        with contextlib.redirect_stdout(io.StringIO()):
            assert run(["apply", "fix.yml", "-i", inventory, "--yes"]) == 0
        _, document = diagnosed("-i", inventory, "exchange")

    assert verdict(document, 6, SENDER, RECEIVER) == "ruled out"


def test_the_document_is_sealed_and_versioned(tmp_path):
    scenario = scenarios.find("kb919091/healthy")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory"))
        _, document = diagnosed("-i", inventory, "exchange")

    assert document["schema"] == "remediate/diagnosis/1"
    assert is_intact(document)
    assert not is_intact({**document, "pattern": "all"})


@pytest.mark.parametrize("arguments", [["diagnose", "all"], ["validate"]])
@pytest.mark.parametrize(
    ("via", "said"),
    [("fw1", "there is no host 'fw1' in the inventory"), (7, "must be the name of a host, or a list of names")],
)
def test_a_device_that_nobody_knows_is_an_error_with_its_place(arguments, via, said, tmp_path, capsys):
    hosts = {"exch01": {"ansible_connection": "winrm", "ansible_user": "u", "ansible_password": "p", "via": via}}
    path = tmp_path / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    code = run([*arguments, "-i", str(path)])

    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "via:" in text)
    assert code == 5
    told = capsys.readouterr().err
    assert said in told
    assert f"hosts.yml:{line}:" in told


def test_the_devices_before_a_device_are_on_the_way_too(tmp_path):
    scenario = scenarios.find("kb919091/cause5+pix")
    with standing(scenario, tmp_path) as lab:
        path = scenario.write(lab, tmp_path / "inventory")
        inventory = yaml.safe_load(path.read_text(encoding="utf-8"))
        inventory["all"]["hosts"][RECEIVER]["via"] = "rtr01"
        inventory["all"]["hosts"]["rtr01"]["via"] = FIREWALL
        path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
        _, document = diagnosed("-i", str(path), "exchange", "--from", "rtr01")

    assert [(fix["cause"], fix["limit"]) for fix in document["fixes"]] == [(5, [FIREWALL])]


SETTING = {
    "key": "HKLM\\SOFTWARE\\LabInvented\\Heuristics",
    "name": "LabLevel",
    "type": "dword",
    "disabled": 0,
    "enabled": 2,
    "source": "me",
}
PROFILE = {"product": "P", "for": ["mail_heuristics"], "detect": [], "settings": []}
VALUE = {"key": "HKLM\\SOFTWARE\\LabInvented\\Tnef", "name": "LabForceTnef", "type": "dword", "data": 1}
NONSENSE = [
    ("smsmse_profile", ["x"], "smsmse_profile is no mapping"),
    ("smsmse_profile", {}, "'product' is missing"),
    ("smsmse_profile", {**PROFILE, "detect": 7}, "it has not the form of a profile"),
    ("smsmse_profile", {**PROFILE, "settings": [[[]]]}, "it has not the form of a profile"),
    ("smsmse_profile", {**PROFILE, "settings": [{**SETTING, "key": "NOWHERE"}]}, "does not begin with a hive"),
    ("smsmse_profile", {**PROFILE, "settings": [{**SETTING, "disabled": "low"}]}, "needs a whole number, not 'low'"),
    ("smsmse_profile", {**PROFILE, "settings": [{**SETTING, "name": "a\nb"}]}, "must not hold control characters"),
    ("tnef_values", "x", "it must be a list of {key, name, type, data}"),
    ("tnef_values", {"a": 1}, "it must be a list of {key, name, type, data}"),
    ("tnef_values", [VALUE, 1], "entry 2: Input should be a valid dictionary"),
    ("tnef_values", [{**VALUE, "key": "NOWHERE"}], "entry 1, key: 'NOWHERE' does not begin with a hive"),
    ("tnef_values", [{**VALUE, "data": "many"}], "entry 1: REG_DWORD needs a whole number, not 'many'"),
]


@pytest.fixture(scope="module")
def one_host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    with Lab(generate(1), ports="free", folder=folder / "keys") as lab:
        yield str(lab.write_inventory(folder / "lab.yml"))


@pytest.mark.parametrize(("variable", "given", "said"), NONSENSE)
def test_each_kind_of_nonsense_in_the_operators_data_is_told_in_plain_words(variable, given, said, one_host):
    code, document = diagnosed("-i", one_host, "all", "-e", json.dumps({variable: given}))

    cause = {"tnef_values": 2, "smsmse_profile": 3}[variable]
    found = [one for one in document["findings"] if one["cause"] == cause]
    assert code == 0
    assert {one["verdict"] for one in found} == {"cannot tell"}
    assert said in found[0]["missing"][0]
    assert not any(word in found[0]["missing"][0] for word in ("dict[", "object is not", "type="))


GREETINGS = [  # what is said, and what that means for causes 4 and 5
    (b"220 b.example.com Microsoft ESMTP MAIL Service ready\r\n", "ruled out", "ruled out"),
    (b"220-b.example.com one\r\n220-two\r\n220 three\r\n", "ruled out", "ruled out"),
    (b"220 b.example.com *** private, no entry ***\r\n", "ruled out", "ruled out"),
    (b"220 *********0******************************* ************2*************\r\n", "ruled out", "possible"),
    (b"220***************************0*2******0***********************\r\n", "ruled out", "possible"),
    (b"2002*******2***0*00\r\n", "ruled out", "possible"),
    (b"220 SMTP/cmap_________________________________________ read\r\n", "ruled out", "possible"),
    (b"554 no service here\r\n", "applies", "cannot tell"),
    (b"250 b.example.com\r\n", "applies", "cannot tell"),
    (b"421 busy\r\n", "possible", "cannot tell"),
    (b"\r\n", "applies", "cannot tell"),
    (b"220-b.example.com\r\n250 b.example.com\r\n", "applies", "cannot tell"),
    (b"SSH-2.0-OpenSSH_9.6\r\n", "applies", "cannot tell"),
    (b"220 " + b"x" * 10_000_000 + b"\r\n", "applies", "cannot tell"),
    (b"", "applies", "cannot tell"),
    (b"220 b.exa", "possible", "cannot tell"),
]


ANSWERS = {b"EHLO": b"250-b Hello\r\n250 SIZE\r\n", b"QUIT": b"221 bye\r\n"}


@pytest.mark.parametrize(("said", "four", "five"), GREETINGS, ids=[repr(said[:24]) for said, _, _ in GREETINGS])
def test_what_a_server_says_first_is_weighed(said, four, five, one_host):
    """A server that has said too little is waited for as long as is asked for, and no longer."""
    wait = WAIT if said.endswith(b"\n") else "0.5"
    answers = {b"QUIT": b"221 bye\r\n"} if b"*" in said[4:12] or b"cmap" in said else ANSWERS
    with talking(said, answers, []) as port:
        extra = json.dumps({"smtp_port": port})
        _, document = diagnosed("-i", one_host, "all", "-e", extra, "--greeting-wait", wait)

    found = {cause["cause"]: cause["verdict"] for cause in document["causes"]}
    assert (found[4], found[5]) == (four, five)


@pytest.mark.parametrize("port", ["smtp", 0, 65536, -25, "²5", [25]])
def test_a_port_that_is_none_is_said_and_no_other_is_looked_at(port, one_host):
    code, document = diagnosed("-i", one_host, "all", "-e", json.dumps({"smtp_port": port}))

    look = document["hosts"][0]["looks"]["here"]
    assert (code, look["taken"]) == (0, False)
    assert "a port is a number from 1 to 65535" in look["why"]
    assert next(one["verdict"] for one in document["causes"] if one["cause"] == 4) == "cannot tell"


def test_nonsense_in_the_operators_data_is_said_and_not_used(tmp_path):
    scenario = scenarios.find("kb919091/cause1")
    with standing(scenario, tmp_path) as lab:
        inventory = str(scenario.write(lab, tmp_path / "inventory", data=False))
        extra = json.dumps({"tnef_values": [{"key": "NOWHERE", "name": 5}], "smsmse_profile": {"detect": "yes"}})
        code, document = diagnosed("-i", inventory, "exchange", "-e", extra)

    assert code == 0
    found = {one["cause"]: one for one in document["findings"] if one["at"] == SENDER}
    assert (found[2]["verdict"], found[3]["verdict"]) == ("cannot tell", "cannot tell")
    assert any("tnef_values cannot be used" in words for words in found[2]["missing"])
    assert any("profile smsmse cannot be used" in words for words in found[3]["missing"])
