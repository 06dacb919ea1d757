"""A session with a device over real SSH: what is typed, in which order, and what is not typed any more."""

import itertools

import pytest

from remediators.model import (
    Address,
    Command,
    Dropped,
    Query,
    Reading,
    Refused,
    Scope,
    Step,
    TimedOut,
    Unreachable,
)
from remediators.sessions.network import NetworkSession
from tests.transports import network_double as double
from tests.transports.network_double import RUNNING

serve = pytest.fixture(double.serving)

TEXT = Address("command", "text")


def question(*lines, name="q", seconds=5.0):
    """A query whose value is the answers as they came."""
    return Query(
        name,
        tuple(Command(line, line, seconds=seconds) for line in lines),
        Scope(frozenset({TEXT})),
        lambda answers: Reading({TEXT: [(answer.text, answer.status) for answer in answers]}),
    )


def texts(reading):
    return [text for text, _ in reading.values[TEXT]]


def step(*lines, **more):
    return Step(tuple(Command(line, line, seconds=5.0) for line in lines), frozenset(), **more)


@pytest.fixture
def session(serve):
    """Serve a script and open a session on it."""
    opened = []

    def start(script, **more):
        device, reach = serve(script, **more)
        opened.append(NetworkSession(reach))
        return device, opened[-1]

    yield start
    for one in opened:
        one.close()


def typed(device, since="show version"):
    """What was typed after the preparation."""
    lines = list(itertools.dropwhile(lambda line: not line.endswith(since), device.lines))
    return [line for line in lines if not line.endswith((since, "show privilege"))]


def test_each_line_is_typed_once_for_all_questions_of_a_call(session):
    device, one = session(double.ios(said={"show clock": "10:00\n"}))
    found = one.read([question("show running-config"), question("show clock", "show running-config", name="two")])

    assert texts(found[0]) == [RUNNING]
    assert texts(found[1]) == ["10:00\n", RUNNING]
    assert typed(device) == ["R1# show running-config", "R1# show clock"]


def test_a_line_that_the_device_does_not_know_spoils_its_own_question_only(session):
    _, one = session(double.ios())
    found = one.read([question("show archive"), question("show running-config", name="two")])

    assert found[0].values[TEXT][0][1] == 1
    assert "% Invalid input" in texts(found[0])[0]
    assert found[1].values[TEXT] == [(RUNNING, 0)]


def test_a_parser_that_fails_spoils_its_own_question_only(session):
    _, one = session(double.ios())
    broken = Query("broken", (Command("show version", "show version"),), Scope(), lambda answers: answers[7])
    found = one.read([broken, question("show running-config")])

    assert "could not be understood" in found[0]
    assert texts(found[1]) == [RUNNING]


def test_a_configuration_without_its_end_is_asked_for_again_and_not_believed(session):
    device, one = session(double.ios(said={"show running-config": "!\nhostname R1\n!\nip inspect na"}))
    found = one.read([question("show running-config")])

    assert found == ["`show running-config` is not whole: its end mark is missing, its last line is 'ip inspect na'"]
    assert typed(device) == ["R1# show running-config"] * 3


@pytest.mark.parametrize("end", ["end\n", ": end\n", "Cryptochecksum:0123\n: end\n[OK]\n"])
def test_the_end_marks_of_all_platforms_are_known(session, end):
    device, one = session(double.ios(said={"show running-config": f"!\nhostname R1\n!\n{end}"}))
    one.read([question("show running-config")])

    assert typed(device) == ["R1# show running-config"]


BANNER = "%SYS-5-CONFIG_I: this line is part of the banner"
MESSAGE = "*Mar  1 18:46:11.035: %LINK-3-UPDOWN: Interface Dialer1, changed state to up"


def test_messages_that_came_into_an_answer_are_left_out_and_lines_that_look_like_them_stay(session):
    config = f"!\nbanner motd ^C\n{BANNER}\n^C\n!\nend\n"
    answers = iter([config.replace("^C\n!", f"^C\n{MESSAGE}\n!"), config])
    script = double.ios()
    script.said = _Turns(script.said, {"show running-config": answers})
    device, one = session(script)

    assert texts(one.read([question("show running-config")])[0]) == [config]
    assert typed(device) == ["R1# show running-config"] * 2


class _Turns(dict):
    """Answers that differ from one time to the next."""

    def __init__(self, said, turns):
        super().__init__(said)
        self.turns = turns

    def get(self, line, default=None):
        return next(self.turns[line]) if line in self.turns else super().get(line, default)


def test_a_lost_connection_is_opened_again_once_for_reading(session):
    script = double.ios()
    device, one = session(script)
    one.read([question("show running-config")])
    device.cut()

    assert texts(one.read([question("show running-config")])[0]) == [RUNNING]
    assert device.sessions == 2


def test_lines_are_typed_in_order_in_configuration_mode_and_read_back(session):
    device, one = session(double.ios())
    results, readings = one.write(
        [step("interface Dialer1", "no ip inspect A out"), step("no ip inspect name A smtp")],
        [question("show running-config")],
    )

    assert [[answer.status for answer in result.answers] for result in results] == [[0, 0], [0]]
    assert texts(readings[0]) == [RUNNING]
    assert typed(device) == [
        "R1# configure terminal",
        "R1(config)# interface Dialer1",
        "R1(config)# no ip inspect A out",
        "R1(config)# no ip inspect name A smtp",
        "R1(config)# end",
        "R1# show running-config",
    ]


def test_the_first_rejected_line_is_the_last_and_the_reading_shows_how_it_stands(session):
    device, one = session(double.ios(rejects={"no ip inspect A out": double.INVALID}))
    results, readings = one.write(
        [step("interface Dialer1", "no ip inspect A out", "shutdown"), step("hostname X", always=True)],
        [question("show running-config")],
    )

    assert [[answer.status for answer in result.answers] for result in results] == [[0, 1, None], [None]]
    assert results[0].words == "`no ip inspect A out` was not taken: % Invalid input detected at '^' marker."
    assert texts(readings[0]) == [RUNNING]
    assert typed(device)[-3:] == ["R1(config)# no ip inspect A out", "R1(config)# end", "R1# show running-config"]


def test_messages_and_warnings_are_no_rejections(session):
    device, one = session(
        double.ios(
            rejects={"no ip inspect name A smtp": "%Warning: mail may be affected\n"},
            chatter={"no ip inspect name A smtp": f"{MESSAGE}\n"},
        )
    )
    results, _ = one.write([step("no ip inspect name A smtp")], [])

    assert [answer.ok for answer in results[0].answers] == [True]
    assert typed(device)[-1] == "R1(config)# end"


def test_a_question_in_configuration_mode_is_broken_off_and_counts_as_a_rejection(session):
    question_ = "% Do you really want to remove these keys? [yes/no]: "
    device, one = session(double.ios(asks={"crypto key zeroize rsa": [question_]}))
    results, _ = one.write([step("crypto key zeroize rsa", "hostname X")], [])

    assert [answer.status for answer in results[0].answers] == [1, None]
    assert "Do you really want to remove these keys" in results[0].words
    assert device.replies == ["\x03"]


def test_the_name_of_a_device_may_change(session):
    _, one = session(double.ios())
    _, readings = one.write([step("hostname NEWNAME")], [question("show running-config")])

    assert texts(readings[0]) == [RUNNING]


def test_a_device_that_does_not_leave_configuration_mode_is_left(session):
    device, one = session(double.ios(leaves="leave"))
    results, readings = one.write([step("no ip inspect name A smtp")], [question("show running-config")])

    assert results[0].answers[0].ok
    assert texts(readings[0]) == [RUNNING]
    assert device.sessions == 2


def test_no_way_into_configuration_mode(session):
    device, one = session(double.ios(said={"configure terminal": "Command authorization failed.\n\n"}))

    with pytest.raises(Refused, match="does not enter configuration mode: Command authorization failed"):
        one.write([step("hostname X")], [])

    assert typed(device) == ["R1# configure terminal"]


@pytest.mark.parametrize("line", ["description why?", "a\nb", "banner motd ^C", "do reload", "end", " ", "a\x03"])
def test_what_a_terminal_would_not_take_as_text_is_refused_before_anything_is_typed(session, line):
    device, one = session(double.ios())

    with pytest.raises(Refused):
        one.write([step("hostname X"), step(line)], [])

    assert device.lines == []


def test_a_connection_lost_after_a_line_was_sent_is_dropped_and_never_sent_again(session):
    device, one = session(double.ios(drops={"no ip inspect name A smtp"}))

    with pytest.raises(Dropped, match="after `no ip inspect name A smtp` was sent and before its answer") as raised:
        one.write([step("no ip inspect name A smtp")], [question("show running-config")])

    assert ">>> no ip inspect name A smtp" in raised.value.detail
    assert device.sessions == 1
    assert texts(one.read([question("show running-config")])[0]) == [RUNNING]


def test_a_line_without_an_answer_times_out_and_the_session_goes_on_anew(session):
    device, one = session(double.ios(silent={"hostname X"}))

    with pytest.raises(TimedOut, match="whether the device has carried it out is unknown"):
        one.write([Step((Command("hostname X", "hostname X", seconds=0.3),), frozenset())], [])

    one.read([question("show running-config")])
    assert device.sessions == 2


RELOAD = [
    "\nSystem configuration has been modified. Save? [yes/no]: ",
    "Reload scheduled in 5 minutes by admin on vty0\nProceed with reload? [confirm]",
]


def test_reload_in_is_never_allowed_to_save(session):
    script = double.ios(asks={"reload in 5": RELOAD}, said={"reload in 5": ""})
    device, one = session(script)

    assert [answer.ok for answer in one.execute(["reload in 5"], 5)] == [True]
    assert device.replies == ["no", ""]


def test_questions_are_answered_as_the_caller_says(session):
    device, one = session(double.ios(asks={"copy a b": ["Destination filename [b]? "]}, said={"copy a b": ""}))

    assert one.execute(["copy a b"], 5, {r"^Destination filename \[b\]": "c"})[0].ok
    assert not one.execute(["copy a b"], 5)[0].ok
    assert device.replies == ["c", "\x03"]


def test_arming_leaves_configuration_mode_again(session):
    line = "configure terminal revert timer 5"
    device, one = session(double.ios(enters={line}))

    assert [answer.ok for answer in one.execute([line, "show version"], 5)] == [True, True]
    assert device.lines[-3:] == [f"R1# {line}", "R1(config)# end", "R1# show version"]


def test_a_timer_that_cannot_be_armed_is_told_and_nothing_more_is_typed(session):
    line = "configure terminal revert timer 5"
    device, one = session(double.ios(said={line: "% Archive config needs to be enabled\n"}))
    answers = one.execute([line, "write memory"], 5)

    assert [answer.status for answer in answers] == [1]
    assert "Archive config" in answers[0].text
    assert typed(device) == [f"R1# {line}"]


@pytest.mark.parametrize(
    "said",
    [
        "startup-config file open failed (Not enough space)\n",
        "%Error opening nvram:/ (No space left on device)\n[FAILED]\n",
    ],
)
def test_a_save_that_fails_is_told(session, said):
    _, one = session(double.ios(said={"write memory": f"Building configuration...\n{said}"}))

    assert not one.execute(["write memory"], 5)[0].ok


def test_a_save_that_works(session):
    _, one = session(double.ios(said={"write memory": "Building configuration...\n[OK]\n"}))

    assert one.execute(["write memory"], 5)[0].ok


def test_again_is_a_session_of_its_own_and_the_first_stays_open(session):
    device, one = session(double.ios())
    one.read([question("show running-config")])
    other = one.again()

    assert device.sessions == 2
    other.close()
    assert texts(one.read([question("show running-config")])[0]) == [RUNNING]
    assert device.sessions == 2


def test_again_cannot_be_reached(session):
    device, one = session(double.ios())
    one.read([question("show running-config")])
    device.refuse_new()

    with pytest.raises(Unreachable):
        one.again()

    assert texts(one.read([question("show running-config")])[0]) == [RUNNING]
