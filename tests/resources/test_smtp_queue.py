"""The SMTP queues: what wmic says of them, in every way of saying it and of not saying it; and the kick."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.engine.reading import read_all
from remediators.lab.world import build
from remediators.model import ABSENT, Action, Answer, Change, Refused, Snapshot, Unread
from remediators.quoting.cmd import as_batch
from remediators.resources import smtp_queue, wmic
from remediators.resources.smtp_queue import LINKS, Queue, QueueKind
from remediators.sessions.windows import WindowsSession
from tests.resources.test_registry_lab import LabChannel

CLOCK = "\r\r\n\r\r\nLocalDateTime=20261125120000.500000+060\r\r\n\r\r\n\r\r\n"
FIELDS = {
    "ExtendedStateInfo": "The semaphore timeout period has expired.",
    "GlobalStop": "FALSE",
    "LinkName": "mail2.contoso.com",
    "MessageCount": "37",
    "NextScheduledConnection": "20261125121500.000000+060",
    "OldestMessage": "20261125100000.000000+060",
    "Size": "758374",
    "StateActive": "FALSE",
    "StateFrozen": "FALSE",
    "StateReady": "FALSE",
    "StateRetry": "TRUE",
    "StateScheduled": "FALSE",
    "TypeRemoteDelivery": "TRUE",
    "VirtualServerName": "1",
}


def link(**fields: str) -> str:
    return "".join(f"{name}={value}\r\r\n" for name, value in {**FIELDS, **fields}.items())


def printed(*links: str, clock: str = CLOCK) -> str:
    return clock + "\r\r\n\r\r\n".join(["", *links, ""])


LOCAL = link(
    LinkName="(Local delivery)",
    TypeRemoteDelivery="FALSE",
    MessageCount="4",
    OldestMessage="",
    StateRetry="FALSE",
    StateReady="TRUE",
    ExtendedStateInfo="",
    NextScheduledConnection="",
)


def known(text: str, status: int | None = 0) -> Snapshot:
    query = smtp_queue.query()
    return Snapshot().read(query, query.parse([Answer(text.encode(), status, "utf-8")]))


def read(text: str, status: int | None = 0) -> Queue:
    return smtp_queue.queue(known(text, status))


def why(text: str, status: int | None = 0) -> str:
    with pytest.raises(Unread) as unread:
        read(text, status)
    return unread.value.message


# -- what wmic says --------------------------------------------------------------------------------------------------


def test_links_are_told_with_all_that_an_operator_asks_for() -> None:
    queue = read(printed(link(), LOCAL))
    stuck = next(one for one in queue.links if one.remote)

    assert [one.name for one in queue.links] == ["(Local delivery)", "mail2.contoso.com"]
    assert (stuck.messages, stuck.size, stuck.state, stuck.semaphore) == (37, 758374, "retry", True)
    assert (stuck.oldest, stuck.next_try) == ("2026-11-25T10:00:00+01:00", "2026-11-25T12:15:00+01:00")
    assert (queue.messages, queue.oldest) == (37, "2026-11-25T10:00:00+01:00")
    assert queue.oldest_seconds == 7200.0


def test_local_delivery_does_not_count_among_what_waits_for_others() -> None:
    queue = read(printed(LOCAL))

    assert (queue.messages, queue.remote, queue.oldest, queue.oldest_seconds) == (0, (), "", None)


def test_a_service_without_links_has_none() -> None:
    assert read(CLOCK + "No Instance(s) Available.\r\r\n").links == ()
    assert read(CLOCK + "Keine Instanzen verfügbar.\r\r\n").links == ()


def test_ages_are_compared_across_time_zones() -> None:
    queue = read(
        printed(link(OldestMessage="20261125100000.000000+000"), link(OldestMessage="20261125103000.000000+060"))
    )

    assert queue.oldest == "2026-11-25T10:30:00+01:00"


def test_entities_are_made_plain_again() -> None:
    queue = read(printed(link(LinkName="a&amp;lt;b &lt;SMTP:c&gt;")))

    assert queue.links[0].name == "a&lt;b <SMTP:c>"


def test_a_value_that_goes_on_in_the_next_line_stays_one() -> None:
    text = link(ExtendedStateInfo="The semaphore timeout\r\r\nperiod has expired.")

    assert read(printed(text)).links[0].info == "The semaphore timeout period has expired."


def test_a_value_that_imitates_another_field_leaves_it_unread() -> None:
    assert "comes twice" in why(printed(link(ExtendedStateInfo="x\r\r\nMessageCount=0")))


def test_an_instance_with_a_field_missing_leaves_it_unread() -> None:
    cut = printed(link()).replace("VirtualServerName=1\r\r\n", "")

    assert "VirtualServerName" in why(cut)


def test_a_count_that_is_no_number_leaves_it_unread() -> None:
    assert "no number" in why(printed(link(MessageCount="many")))
    assert "no number" in why(printed(link(MessageCount="")))
    assert "no number" in why(printed(link(MessageCount="٣")))


def test_control_characters_are_made_harmless() -> None:
    queue = read(printed(link(ExtendedStateInfo="\x1b[2Jsemaphore\x07")))

    assert queue.links[0].info.isprintable()
    assert queue.links[0].semaphore


@pytest.mark.parametrize(
    ("text", "status", "word"),
    [
        ("", wmic.NEVER_RAN, "never ran on this host"),
        ("Node - EX1\nERROR:\nCode = 0x8004100e\nDescription = Invalid namespace\n", -2147217394, "not installed"),
        ("Knoten - EX1\nFEHLER:\n", -2147217394, "not installed"),
        ("Code = 0x80041003", 3, "Administrators"),
        ("Code = 0x80041013", 19, "provider"),
        ("'wmic' is not recognized", 9009, "status 9009"),
        ("", None, "status None"),
    ],
)
def test_no_answer_is_told_in_plain_words(text: str, status: int | None, word: str) -> None:
    assert word in why(text, status)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("20261125120000.000000+060", "2026-11-25T12:00:00+01:00"),
        ("20261125120000.123456-330", "2026-11-25T12:00:00-05:30"),
        ("20261125120000.000000+000", "2026-11-25T12:00:00+00:00"),
        ("16010101000000.000000+000", ""),
        ("20261325120000.000000+000", ""),
        ("20260230120000.000000+000", ""),
        ("20261125250000.000000+000", ""),
        ("20261125120000.000000+999", "2026-11-25T12:00:00+16:39"),
        ("**************.000000+000", ""),
        ("", ""),
    ],
)
def test_times_of_wmi_are_told(text: str, iso: str) -> None:
    assert wmic.when(text) == iso


# -- what is sent ----------------------------------------------------------------------------------------------------


def test_wmic_is_not_run_where_it_never_ran() -> None:
    for command in (*smtp_queue.query().commands, smtp_queue.kick()):
        line = as_batch(command.line)

        assert line.index("mofcompstatus") < line.index("exit 77") < line.index("wmic ")


def test_every_run_of_wmic_has_an_end_of_its_input() -> None:
    line = as_batch(smtp_queue.query().commands[0].line)

    assert line.count("wmic ") == line.count("<nul") == 2


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\\b", "a%b", "a^b", "a!b", "a\nb", ""])
def test_a_name_that_could_break_out_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be passed"):
        smtp_queue.kick(name)


# -- the kind of resource --------------------------------------------------------------------------------------------

KICK = Action(LINKS, "kicked", (LINKS,))


def test_a_kick_writes_one_command_and_expects_no_value() -> None:
    performance = QueueKind().perform(KICK, known(printed(link())))

    assert [c.shown for step in performance.steps for c in step.commands] == [smtp_queue.kick().shown]
    assert performance.expects == {}
    assert performance.found == {LINKS: {"now": "2026-11-25T12:00:00+01:00", "messages": 37}}
    assert "37 messages wait" in performance.notes[0]
    assert "never run on a real Exchange server" in performance.notes[0]


def test_a_kick_of_one_queue_names_it() -> None:
    action = Action(LINKS, "kicked", (LINKS,), {"link": "mail2.contoso.com"})

    (step,) = QueueKind().perform(action, known(printed(link()))).steps

    assert "LinkName='mail2.contoso.com'" in step.commands[0].shown


def test_queues_that_cannot_be_read_are_not_kicked() -> None:
    with pytest.raises(Refused, match="never ran"):
        QueueKind().perform(KICK, known("", wmic.NEVER_RAN))


def test_queues_can_only_be_read_and_kicked() -> None:
    change = Change(LINKS, {}, ABSENT)

    assert QueueKind().unwritable(change, Snapshot())
    assert QueueKind().restore([change]) == ()
    with pytest.raises(Refused):
        QueueKind().write([change], Snapshot())
    with pytest.raises(Refused):
        QueueKind().perform(Action(LINKS, "emptied"), known(printed(link())))


# -- laws ------------------------------------------------------------------------------------------------------------

PARTS = st.sampled_from(
    [CLOCK, link(), LOCAL, "\r\r\n", "\n", "LinkName=x\n", "MessageCount=3\n", "=", "&amp;", "\x1b", "é"]
)
OUTPUT = st.one_of(st.binary(max_size=200), st.lists(PARTS, max_size=8).map(lambda parts: "".join(parts).encode()))


@given(OUTPUT, st.sampled_from([None, 0, 1, 77, 9009, -2147217394]))
def test_whatever_wmic_says_is_a_list_of_links_or_unread(output: bytes, status: int | None) -> None:
    query = smtp_queue.query()
    after = Snapshot().read(query, query.parse([Answer(output, status, "cp850")]))
    try:
        queue = smtp_queue.queue(after)
    except Unread:
        assert all(reason.isprintable() for reason in after.unread.values())
        return
    assert status == 0
    assert all(one.messages >= 0 and one.name.isprintable() and one.info.isprintable() for one in queue.links)
    assert queue.oldest_seconds is None or isinstance(queue.oldest_seconds, float)


@given(st.lists(st.integers(0, 10**6), max_size=6))
def test_every_count_is_added_up(counts: list[int]) -> None:
    text = printed(*(link(LinkName=f"m{n}", MessageCount=str(count)) for n, count in enumerate(counts)))

    assert read(text).messages == sum(counts)


# -- the lab's Windows -----------------------------------------------------------------------------------------------

LAB = {"queue": {"mail2.contoso.com": {"messages": 12, "oldest": 3600}}}


def session(machine) -> WindowsSession:
    return WindowsSession(lambda: LabChannel(machine))


def test_the_labs_queues_are_read_and_kicked() -> None:
    machine = build("exch", {"os": "2003", **LAB})
    before = read_all(session(machine), Snapshot(), lambda _: [smtp_queue.query()])
    writes = list(machine.log)

    assert smtp_queue.queue(before).messages == 12
    assert smtp_queue.queue(before).oldest_seconds == pytest.approx(3600, abs=60)
    assert writes == []

    results, _ = session(machine).write(QueueKind().perform(KICK, before).steps, [])
    assert not any(result.failed for result in results)
    assert "mail2.contoso.com" in str(machine.log)


def test_a_host_on_which_wmic_never_ran_is_left_as_it_is() -> None:
    machine = build("exch", {"os": "2003", "wmic": "never-ran", **LAB})
    after = read_all(session(machine), Snapshot(), lambda _: [smtp_queue.query()])

    with pytest.raises(Unread, match="never ran on this host"):
        smtp_queue.queue(after)
    session(machine).write([*_kick_all()], [])
    assert machine.log == []


def _kick_all():
    return QueueKind().perform(KICK, known(printed(link()))).steps
