"""Safe commit: armed before the first line, proved through a new session, confirmed, saved; or back as it was."""

import pytest

from remediators.engine.applier import _few
from remediators.engine.fleet import Fleet
from remediators.engine.outcomes import exit_code
from remediators.engine.recorder import kept_path
from remediators.engine.timing import minutes_for, still_fits
from remediators.journal import decrypted
from remediators.model import Plan, Redactor, UsageError
from remediators.model.documents import Seal, plan_document, read_plan
from remediators.runners.threads import side_by_side
from tests.engine.conftest import Bench
from tests.engine.fake import FakeTask
from tests.engine.fake_device import DeviceSession, FakeDevice, device_house

TASK = [FakeTask("open up", {"acl": "new"})]


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    monkeypatch.setattr("remediators.engine.guarding._PAUSE", 0.0)

    def make(device):
        bench = Bench(tmp_path, {"fw": device})
        bench.house = device_house(device)
        bench.fleet = Fleet(bench.house, lambda host: DeviceSession(device), side_by_side)
        return bench

    return make


def test_a_change_is_armed_proved_through_a_new_session_confirmed_and_saved(guarded):
    device = FakeDevice({"timer": "yes"})
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert device.did == ["arm", "confirm", "save"]
    assert device.sessions == 2
    assert device.things["acl"] == "new"
    assert result.status == "changed"
    kinds = [event.kind for event in bench.events()]
    assert kinds.index("arming") < kinds.index("armed") < kinds.index("intent") < kinds.index("confirmed")
    assert kinds.index("confirmed") < kinds.index("saved") < kinds.index("host-finished")


def test_the_plan_says_how_and_survives_its_document(guarded):
    device = FakeDevice({"timer": "yes"})
    (plan,) = guarded(device).plan(TASK)

    saved = plan_document(Plan("p", "", "0", (), (), (plan,)), Seal(b"k"))

    assert device.did == []
    assert plan.arming.arm == ("arm",)
    assert saved["hosts"][0]["arming"]["kind"] == "revert-timer"
    assert read_plan(saved).hosts[0].arming == plan.arming
    assert saved["hosts"][0]["way_back"] == ["set acl null"]
    assert read_plan(saved).hosts[0].way_back == plan.way_back


def test_a_device_that_lets_no_second_session_in_is_left_alone_and_the_reason_is_said(guarded):
    device = FakeDevice({"timer": "yes", "acl": "old"}, cut_off_by="full")
    bench = guarded(device)
    plan = bench.plan(TASK)
    device.things["full"] = "yes"

    result = bench.apply(plan)["fw"]

    assert device.did == []
    assert result.status == "unreachable"
    assert "no second session could be opened beside the first" in result.error
    assert "nothing was changed: no answer" in result.error


def test_a_device_that_cannot_be_armed_is_refused_in_the_plan_with_what_would_allow_it(guarded):
    (plan,) = guarded(FakeDevice()).plan(TASK)

    assert plan.items[0].outcome == "refused"
    assert plan.items[0].reason == "it has no timer: allow_unarmed: true"


def test_a_device_that_rejects_its_arming_is_left_as_it_was(guarded):
    device = FakeDevice({"timer": "yes"}, refuses=["arm"])
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert result.status == "refused"
    assert "% Invalid input" in result.error
    assert device.writes == []


def test_a_change_that_fails_is_taken_back_at_once(guarded):
    device = FakeDevice({"timer": "yes"})
    device.fails = {"second"}
    bench = guarded(device)

    result = bench.apply(bench.plan([*TASK, FakeTask("second", {"second": "x"})]))["fw"]

    assert device.did == ["arm", "revert now"]
    assert "acl" not in device.things
    assert result.status == "reverted"
    assert [item.results for item in result.items] == [("reverted",), ("reverted",)]
    assert exit_code([result]) == 2


def test_a_device_that_is_cut_off_by_the_change_comes_back_by_itself_and_that_is_proved(guarded):
    device = FakeDevice({"timer": "yes"}, cut_off_by="acl", polls_until_back=3)
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert result.status == "reverted"
    assert "acl" not in device.things
    assert "confirm" not in device.did
    assert [event.kind for event in bench.events()][-4:-1] == ["reverted", "transcript", "host-finished"]


def test_a_device_that_is_cut_off_is_said_to_have_refused_the_new_session(guarded):
    device = FakeDevice({"timer": "yes"}, cut_off_by="acl", polls_until_back=1)
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    reason = result.items[0].reason
    assert reason == "reverted by the device: after the change no new session could be opened: no answer"


def test_a_device_that_does_not_come_back_is_unknown_and_said_to_be(guarded, monkeypatch):
    monkeypatch.setattr("remediators.engine.guarding._EXTRA", -300.0)
    device = FakeDevice({"timer": "yes"}, cut_off_by="acl", polls_until_back=10**6)
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert result.status == "unknown"
    assert "not proven to be reverted" in result.items[0].reason


def test_with_less_than_a_minute_left_nothing_is_confirmed(guarded):
    device = FakeDevice({"timer": "yes"}, seconds_left=59.0)
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert "confirm" not in device.did
    assert result.status == "reverted"


def test_what_was_unsaved_before_stays_unsaved_and_that_is_said(guarded):
    device = FakeDevice({"timer": "yes", "unsaved": "somebody's"})
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert device.did == ["arm", "confirm"]
    assert result.status == "changed"
    assert "unsaved" in result.error


def test_a_device_that_somebody_left_unsaved_since_the_plan_is_refused(guarded):
    device = FakeDevice({"timer": "yes"})
    bench = guarded(device)
    plans = bench.plan(TASK)
    device.things["unsaved"] = "somebody's"

    result = bench.apply(plans)["fw"]

    assert result.status == "refused"
    assert device.did == []
    assert device.writes == []


def test_nothing_to_change_arms_nothing(guarded):
    device = FakeDevice({"timer": "yes"})
    bench = guarded(device)
    plans = bench.plan(TASK)
    device.things["acl"] = "new"

    bench.apply(plans)

    assert device.did == []


def test_the_timer_is_twice_what_was_measured_and_at_least_five_minutes():
    assert [minutes_for(seconds) for seconds in (0, 150, 150.1, 600)] == [5, 5, 6, 20]
    assert still_fits(199, 5)
    assert not still_fits(201, 5)


def test_the_deadlines_of_all_checks_are_in_the_timer(guarded):
    bench = guarded(FakeDevice({"timer": "yes"}))
    checked = [FakeTask(f"t{n}", {f"a{n}": "x"}, verify={"seen": {"thing": "a", "value": "x"}}) for n in range(20)]

    (plan,) = bench.plan(checked)

    assert plan.arming.minutes == 14  # 20 checks of 20 seconds each, twice


def test_a_device_that_has_become_slower_than_its_planned_timer_allows_is_refused(guarded, monkeypatch):
    device = FakeDevice({"timer": "yes"})
    bench = guarded(device)
    plans = bench.plan(TASK)
    monkeypatch.setattr("remediators.engine.commit.checks_seconds", lambda items, house: 299.0)

    result = bench.apply(plans)["fw"]

    assert result.status == "refused"
    assert "planned timer of 5 minutes is too short (it would be 10); plan again" in result.error
    assert device.did == []


def test_somebody_in_configuration_mode_is_seen_before_arming(guarded):
    device = FakeDevice({"timer": "yes"}, busy=["bob"])
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert result.status == "refused"
    assert "bob is in configuration mode" in result.error
    assert device.did == []
    assert device.writes == []


def test_somebody_in_configuration_mode_before_confirming_is_told_of_and_nothing_is_confirmed(guarded):
    device = FakeDevice({"timer": "yes"}, busy=["", "bob"])
    bench = guarded(device)

    result = bench.apply(bench.plan(TASK))["fw"]

    assert result.status == "reverted"
    assert "confirm" not in device.did
    assert "bob is in configuration mode" in result.items[0].reason
    assert "takes back everybody's edits since" in result.items[0].reason


def test_a_failure_brings_what_was_said_into_journal_and_document_without_secrets(guarded):
    device = FakeDevice({"timer": "yes"}, refuses=["confirm"])
    bench = guarded(device)
    bench.redactor = Redactor(["revert now"])

    result = bench.apply(bench.plan(TASK))["fw"]

    (said,) = [event.body["text"] for event in bench.events() if event.kind == "transcript"]
    assert said == result.detail
    assert ">>> arm confirm" in said
    assert "revert now" not in said


def test_the_kept_configuration_can_be_read_with_the_key_of_the_state_directory_only(guarded):
    device = FakeDevice({"timer": "yes", "version": "secret 12.4"})
    bench = guarded(device)
    bench.apply(bench.plan(TASK))

    kept = kept_path(bench.folder / "run1", "fw").read_text()

    assert "12.4" not in kept
    assert decrypted(bench.seal.key, kept) == "version secret 12.4"
    with pytest.raises(UsageError, match="another state directory"):
        decrypted(b"other", kept)
    with pytest.raises(UsageError, match="altered"):
        decrypted(bench.seal.key, f"{kept[:40]}{'B' if kept[40] == 'A' else 'A'}{kept[41:]}")


def test_one_trouble_that_keeps_many_values_from_being_read_is_told_once():
    unread = [f"config:{name} was not read: no answer" for name in "abc"]

    assert _few(["config:x is 'present' instead of absent", *unread]) == [
        "config:x is 'present' instead of absent",
        "config:a was not read: no answer",
        "and 2 more",
    ]
    assert _few(unread[:1]) == unread[:1]
