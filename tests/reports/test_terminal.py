"""Plans and runs as an operator reads them."""

from typing import Any

import pytest

from remediators.engine.outcomes import RECAP
from remediators.reports.style import choose, coloured, plain
from remediators.reports.terminal import plan_text, recap, run_text, say, visible


def change(resource="registry:HKLM\\X:A", before=None, after=None, **more):
    return {"resource": resource, "before": before, "after": after, **more}


def item(task="Task", outcome="change", **more) -> dict[str, Any]:
    return {
        "play": "Play",
        "task": task,
        "remediator": "registry",
        "outcome": outcome,
        "reason": None,
        "changes": [],
        "actions": [],
        "commands": [],
        "notes": [],
        "checks": {},
        "handler": False,
        **more,
    }


def host(name, status="changes", *items, error=None) -> dict[str, Any]:
    return {"name": name, "status": status, "error": error, "items": list(items)}


def plan(*hosts) -> dict[str, Any]:
    items = [it for one in hosts for it in one["items"]]
    words = ("ok", "unpredictable", "refused", "failed")
    totals = {word: sum(it["outcome"] == word for it in items) for word in words}
    totals["changes"] = sum(len(it["changes"]) for it in items if it["outcome"] == "change")
    totals["unreachable"] = sum(one["status"] == "unreachable" for one in hosts)
    return {"hosts": list(hosts), "totals": totals}


BANNER = item(
    "Banner",
    remediator="smtp_banner",
    changes=[change("metabase:SmtpSvc/1/ConnectResponse", None, "Contoso")],
    actions=["service:SMTPSVC restarted"],
    checks={"smtp_greeting": {}},
    notes=["heard after a restart"],
    commands=["cscript x"],
)
RESTART = item("Restart", handler=True, actions=["service:SMTPSVC restarted"], notes=["mail stops meanwhile"])


def test_identical_hosts_are_told_once_and_odd_ones_first_with_the_price_and_the_totals_at_the_end():
    text = plan_text(
        plan(
            host("a", "changes", BANNER, RESTART),
            host("b", "changes", BANNER, RESTART),
            host("c", "refused", item("Scanner", "refused", remediator="av", reason="not verified"), BANNER, RESTART),
            host("d", "unreachable", error="d: no answer"),
            host("e", "unreachable", error="e: no answer"),
            host("f", "ok", item(outcome="ok")),
        )
    )

    assert text == (
        "d, e (2 hosts) unreachable: no answer\n"
        "\n"
        "c refused\n"
        "  ! Scanner (av) refused: not verified\n"
        "  ~ Banner (smtp_banner)\n"
        "      metabase:SmtpSvc/1/ConnectResponse  absent → Contoso\n"
        "      then service:SMTPSVC restarted\n"
        "      checked from outside: smtp_greeting\n"
        "      note: heard after a restart\n"
        "  ~ Restart (handler)\n"
        "      service:SMTPSVC restarted\n"
        "      note: mail stops meanwhile\n"
        "\n"
        "a, b (2 hosts) changes\n"
        "  ~ Banner (smtp_banner)\n"
        "      metabase:SmtpSvc/1/ConnectResponse  absent → Contoso\n"
        "      then service:SMTPSVC restarted\n"
        "      checked from outside: smtp_greeting\n"
        "      note: heard after a restart\n"
        "  ~ Restart (handler)\n"
        "      service:SMTPSVC restarted\n"
        "      note: mail stops meanwhile\n"
        "\n"
        "Price\n"
        "  service:SMTPSVC restarted: on 3 hosts\n"
        "  heard after a restart: on 3 hosts\n"
        "  mail stops meanwhile: on 3 hosts\n"
        "Plan: 3 to change on 3 hosts, 0 unpredictable, 1 refused, 1 already right. 2 unreachable.\n"
    )


def test_verbose_shows_commands_and_what_is_right_already():
    text = plan_text(plan(host("a", "changes", BANNER, item("Fine", "ok"))), verbose=1)

    assert "      > cscript x\n" in text
    assert "  = Fine (registry) ok\n" in text


def test_what_a_device_is_sent_and_its_way_back_are_shown_without_being_asked_for():
    arming = {"kind": "reload", "arm": ["reload in 5"], "confirm": [], "save": [], "console": "", "notes": ["REBOOTS"]}
    rule = item("Rule", commands=["no ip inspect name A smtp"])
    device = host("r1", "changes", rule) | {"arming": arming, "way_back": ["ip inspect name A smtp"]}

    assert plan_text(plan(device)).startswith(
        "r1 changes\n"
        "  ~ Rule (registry)\n"
        "      > no ip inspect name A smtp\n"
        "  REBOOTS\n"
        "  arm     > reload in 5\n"
        "  back    > ip inspect name A smtp\n"
    )


def test_a_plan_of_two_hundred_hosts_stays_a_page():
    text = plan_text(plan(*(host(f"exch{number:03}", "changes", BANNER) for number in range(200))))

    assert text.startswith(
        "exch000, exch001, exch002, exch003, exch004, exch005, exch006 and 193 more (200 hosts) changes\n"
    )
    assert len(text.splitlines()) < 15


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "absent"),
        ("text", "text"),
        ("absent\x1b[2J", "absent\\x1b[2J"),
        ({"type": "REG_SZ", "data": 'a"b'}, 'REG_SZ "a\\"b"'),
        ({"type": "REG_DWORD", "data": 1}, "REG_DWORD 1"),
        ({"type": "REG_MULTI_SZ", "data": ["a", ""]}, 'REG_MULTI_SZ ["a", ""]'),
        ({"secret": "x", "hmac": "y"}, "********"),
        ({"rc": 0, "out": "ü"}, '{"rc": 0, "out": "ü"}'),
        ("x" * 101, "x" * 99 + "…"),
    ],
)
def test_values_stand_on_one_line_that_no_terminal_obeys(value, said):
    assert say(value) == said


def test_long_values_are_shown_whole_where_that_is_asked_for():
    assert say("x" * 200, full=True) == "x" * 200


def test_a_sensitive_value_is_never_shown_even_where_it_is_known():
    told = plan_text(plan(host("a", "changes", item(changes=[change(before=None, after="hush", sensitive=True)]))))

    assert "absent → ********" in told
    assert "hush" not in told


def test_text_from_a_host_cannot_break_a_line():
    assert visible("a\r\nb\x07") == "a\\x0d\\x0ab\\x07"


def counted(name, status, *items, error=None, **counts):
    return {**host(name, status, *items, error=error), "recap": {**dict.fromkeys(RECAP, 0), **counts}}


def ended(task, status, *changes, reason=None, ignored=False, **more):
    return item(task, status=status, changes=list(changes), result_reason=reason, ignored=ignored, **more)


def test_a_run_tells_what_happened_and_ends_with_ansibles_recap():
    done = change(after="x", result="verified")
    text = run_text(
        {
            "id": "RUN",
            "kind": "apply",
            "started": "S",
            "finished": None,
            "hosts": [
                counted("a", "changed", ended("One", "changed", done), ok=1, changed=1, verified=1),
                counted(
                    "long",
                    "failed",
                    ended("One", "failed", change(after="x", result="failed"), reason="said no", ignored=True),
                    ended("Two", "not_started", change(after="y", result="not_started")),
                    failed=1,
                ),
                counted("u", "unreachable", error="u: closed", unreachable=1),
            ],
        }
    )

    assert text == (
        "apply RUN, S to not finished\n"
        "u unreachable: closed\n"
        "\n"
        "long failed\n"
        "  One failed (ignored): said no\n"
        "      registry:HKLM\\X:A  absent → x  [failed]\n"
        "  Two not_started\n"
        "      registry:HKLM\\X:A  absent → y  [not_started]\n"
        "\n"
        "a changed\n"
        "  One changed\n"
        "      registry:HKLM\\X:A  absent → x  [verified]\n"
        "\n"
        "a    : ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0 verified=1 reverted=0 refused=0\n"
        "long : ok=0 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0 verified=0 reverted=0 refused=0\n"
        "u    : ok=0 changed=0 unreachable=1 failed=0 skipped=0 rescued=0 ignored=0 verified=0 reverted=0 refused=0\n"
        "3 hosts: 1 ok, 1 changed, 1 unreachable, 1 failed, 1 verified\n"
    )


def test_a_host_that_was_not_begun_says_so_in_the_recap():
    assert next(recap([counted("a", "not_started")])).endswith("refused=0 not_started")


def test_colours_are_wanted_on_a_terminal_only_and_not_with_no_color(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert choose("auto", terminal=True) is coloured
    assert choose("auto", terminal=False) is plain
    assert choose("always", terminal=False) is coloured
    assert choose("never", terminal=True) is plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert choose("auto", terminal=True) is plain
    assert choose("always", terminal=True) is coloured


def test_a_colour_ends_where_its_text_ends():
    assert coloured("ok", "fine") == "\x1b[32mfine\x1b[0m"
    assert coloured("no such role", "fine") == "fine"
