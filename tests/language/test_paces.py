"""The keys of a play that say how it goes over its hosts: what they come out as, and what is wrong with them."""

import pytest

from remediators.model.rollout import Apart, Pace

FLEET = """
all:
  children:
    exchange: {hosts: {"exch[1:4]": {}}}
    edge: {hosts: {edge1: {}, edge2: {}}}
"""
PLAY = "- hosts: exchange\n  name: P\n{}  tasks: [{{name: T, smtp_banner: {{}}}}]\n"


@pytest.fixture
def pace(loaded):
    def pace(lines, **options):
        return loaded(PLAY.format("".join(f"  {line}\n" for line in lines)), FLEET, **options).bound.plays[0].pace

    return pace


@pytest.fixture
def wrong(errors):
    def wrong(*lines):
        return errors(PLAY.format("".join(f"  {line}\n" for line in lines)), FLEET).splitlines()[0]

    return wrong


def test_a_play_without_any_of_them_goes_over_all_at_once(pace):
    assert pace([]) == Pace()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["serial: 2"], {"serial": (2,)}),
        (["serial: [1, 10%, '100%']"], {"serial": (1, "10%", "100%")}),
        (["serial: '3'"], {"serial": (3,)}),
        (["serial: '{{ n }}'", "vars: {n: 3}"], {"serial": (3,)}),
        (["max_fail_percentage: 0"], {"max_fail_percentage": 0.0}),
        (["max_fail_percentage: '12.5%'"], {"max_fail_percentage": 12.5}),
        (["any_errors_fatal: true"], {"any_errors_fatal": True}),
        (["order: shuffle"], {"order": "shuffle"}),
        (["throttle: 2"], {"throttle": 2}),
        (["throttle: 0"], {}),
        (["canary: 1", "soak: 1h30m"], {"canary": 1, "soak": 5400.0}),
        (["canary: 10%", "soak: 90"], {"canary": "10%", "soak": 90.0}),
        (["canary: exch2"], {"canary": ("exch2",)}),
        (["canary: [exch3, exch4, edge1]"], {"canary": ("exch3", "exch4")}),
        (["never_together: [edge]"], {"never_together": (Apart("edge", ("edge1", "edge2")),)}),
        (["never_together: [exch1, exch2]"], {"never_together": (Apart("exch1, exch2", ("exch1", "exch2")),)}),
        (
            ["never_together: ['exchange:!exch4', [edge1, exch1]]"],
            {
                "never_together": (
                    Apart("exchange:!exch4", ("exch1", "exch2", "exch3")),
                    Apart("edge1, exch1", ("edge1", "exch1")),
                )
            },
        ),
    ],
)
def test_what_they_come_out_as(pace, lines, expected):
    assert pace(lines) == Pace(**expected)


def test_a_window_comes_out_with_its_offset(pace):
    found = pace(["window: {start: 2026-11-28T22:00, end: 2026-11-29T02:00, timezone: Europe/Berlin}"]).window
    assert str(found) == "2026-11-28T22:00+01:00 to 2026-11-29T02:00+01:00 Europe/Berlin"


def test_extra_variables_win_over_those_of_the_play(pace):
    assert pace(["serial: '{{ n }}'", "vars: {n: 3}"], extra_vars=["n=2"]).serial == (2,)


def test_the_throttle_of_a_task_is_kept_with_its_play(loaded):
    text = PLAY.format("").replace("name: T,", "name: T, throttle: 2,")
    assert loaded(text, FLEET).bound.plays[0].paced.throttles == (("T", 2),)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["serial: 0"], "site.yml:3:11: play 'P': serial: 0 is no size of a wave (write a number of hosts"),
        (["serial: [1, x%]"], "site.yml:3:15: play 'P': serial: 'x%' is no size of a wave"),
        (["serial: 120%"], "'120%' is no size of a wave"),
        (["serial: []"], "an empty list has no wave"),
        (["serial: true"], "True is no size of a wave"),
        (["serial: '{{ n }}'"], "site.yml:3:15: play 'P': 'n' is undefined"),
        (["max_fail_percentage: 101"], "max_fail_percentage: 101 is no percentage"),
        (["max_fail_percentage: few"], "'few' is no percentage"),
        (["any_errors_fatal: 'yes'"], "any_errors_fatal: must be true or false"),
        (["order: sort"], "order: 'sort' is no order (did you mean 'sorted'?)"),
        (["throttle: -1"], "throttle: -1 is no number of hosts"),
        (["canary: {}"], "canary: a mapping names no host"),
        (["canary: exch9"], "site.yml:3:11: play 'P': "),
        (["canary: edge1"], "none of the canaries (edge1) is a host of this run"),
        (["canary: 1", "soak: soon"], "soak: 'soon' is no length of time (write 90s, 10m, 2h or 1h30m)"),
        (["soak: 10m"], "soak waits after the first wave, and this play has only one (write canary: 1, or serial)"),
        (["never_together: [mx]"], "site.yml:3:20: play 'P': "),
        (["never_together: []"], "an empty list keeps nobody apart"),
        (["never_together: [exch1]"], "'exch1' is a single host, which is always alone"),
        (["never_together: [1]"], "1 names no group"),
        (["window: {start: 22:00, end: 2:00}"], "'timezone' of the window is missing"),
        (
            ["window: {start: 2026-10-25T02:30, end: 2026-10-25T04:00, timezone: Europe/Berlin}"],
            "site.yml:3:19: play 'P': window: 2026-10-25T02:30 comes twice",
        ),
        (["window: {start: 22:00, end: 02:00, timezone: Berlin}"], "site.yml:3:48: play 'P': window: there is no time"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(wrong, lines, said):
    assert said in wrong(*lines)


def test_a_throttle_of_a_task_that_makes_no_sense_is_an_error(errors):
    said = errors(PLAY.format("").replace("name: T,", "name: T, throttle: many,"), FLEET)
    assert "task 'T': throttle: 'many' is no number of hosts" in said
