"""A plan made ready for a lab, and states compared."""

from remediators.engine.rehearsal import Ready, differences, digest, looked_at, pointed, ready
from remediators.model import Address, Change, HostPlan, Item


def secret(name, number="h"):
    return {"secret": name, "hmac": number}


def host(*items):
    return HostPlan("one", "changes", items)


def item(*changes, checks=None, commands=()):
    return Item("p", "t", "r", "change", changes=changes, checks=checks or {}, commands=commands)


def change(where, before, after):
    return Change(Address.parse(where), before, after, sensitive=True)


def test_one_secret_has_one_stand_in_of_the_type_that_the_command_shows():
    where = r"registry:HKLM\SOFTWARE\A:x"
    shown = r"reg add HKLM\SOFTWARE\A /v x /t REG_EXPAND_SZ /d ******** /f"
    found = ready(
        host(
            item(change(where, None, secret("a")), commands=[shown]), item(change(where, secret("a"), secret("b", "i")))
        ),
        lambda _: None,
    )

    first, second = (one.changes[0] for one in found.plan.items)
    assert first.after == {"type": "REG_EXPAND_SZ", "data": "stand-in 1"}
    assert second.before["data"] == "stand-in 1"
    assert second.after["data"] == "stand-in 2"
    assert found.stand_ins == (where,)


def test_what_cannot_be_had_is_refused_with_the_reason_and_the_rest_stays():
    answers = iter(["no", None])

    found = ready(host(item(), item()), lambda _: next(answers))

    assert [one.outcome for one in found.plan.items] == ["refused", "change"]
    assert found.left_out == ("t: no",)


def test_a_secret_state_of_a_service_is_left_out():
    found = ready(host(item(change("service:X#state", secret("a"), secret("b")))), lambda _: None)

    assert found.plan.items[0].outcome == "refused"


def test_checks_look_at_the_lab_or_not_at_all():
    plan = host(item(checks={"smtp_greeting": {"port": 25, "host": "far"}, "smtp_ehlo": {"port": 25}}))
    doors = {"far": ("127.0.0.1", 4000), None: None}

    found = pointed(Ready(plan), {}, lambda _, named: doors[named])

    assert looked_at(plan) == {"far"}
    assert found.plan.items[0].checks == {"smtp_greeting": {"port": 4000, "host": "127.0.0.1"}}
    assert len(found.left_out) == 1


def test_a_check_of_a_port_is_left_out_since_nobody_knows_what_answers_there():
    found = pointed(Ready(host(item(checks={"tcp_port": {"port": 443}}))), {}, lambda *_: ("127.0.0.1", 1))

    assert found.plan.items[0].checks == {}
    assert "tcp_port" in found.left_out[0]


def test_equal_states_have_equal_digests_and_no_difference():
    state = {"registry": {"a": [1, "x\ny"]}, "running": "a\nb\n"}

    assert digest(state) == digest(dict(reversed(state.items())))
    assert differences(state, state) == ()


def test_differences_name_the_place_and_not_the_value():
    found = differences({"a": {"x": 1, "y": 2}, "r": "l1\nl2\n"}, {"a": {"x": 3, "z": 1}, "r": "l2\nl3\n"})

    assert found == ("a > x is another", "a > y is gone", "a > z is new", "r: gone: l1", "r: new: l3")


def test_lines_in_another_order_are_a_difference():
    assert differences({"r": "a\nb\n"}, {"r": "b\na\n"}) == ("r: the same lines in another order",)
