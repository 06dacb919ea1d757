"""Checks that ask a host again and again: what a row of samples means, and when it is enough."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediators.checks import checks
from remediators.checks.event_absent import EventAbsent, EventAbsentOptions, new_events
from remediators.checks.queue_drains import QueueDrains, QueueDrainsOptions
from remediators.engine.verification import sampled
from remediators.model import Judgement, Sample, Sampled, Snapshot
from remediators.resources import events, services, smtp_queue

TEXT = "dropped by the remote host 10.1.1.1, mail2.contoso.com; the semaphore timeout period has expired."


# -- event_absent ----------------------------------------------------------------------------------------------------


def logged(*whens: str, text: str = TEXT) -> Snapshot:
    """A host's log with an event at each of these times, the newest first."""
    found = [{"when": when, "at": "", "text": text} for when in whens]
    value = {"via": "eventquery", "most": 50, "cut": False, "since": "", "young": False, "events": found}
    return Snapshot({events.EVENTS: value})


UNREAD = Snapshot(unread={events.EVENTS: "the script gave up", smtp_queue.LINKS: "wmic never ran"})


def absent(*samples: tuple[float, Snapshot], minutes: float = 1) -> Judgement:
    return EventAbsent().judge(EventAbsentOptions(minutes=minutes), [Sample(*sample) for sample in samples])


def test_what_was_there_at_first_is_not_new() -> None:
    assert absent((1, logged("t2", "t1")), (62, logged("t2", "t1"))) == Judgement(settled=False)


def test_a_new_event_ends_the_watch_at_once_and_names_its_host() -> None:
    judged = absent((1, logged("t1")), (20, logged("t2", "t1")))

    assert judged.settled
    assert judged.wrong == "a new event 4006 at t2, remote host 10.1.1.1 mail2.contoso.com"


def test_a_second_event_of_the_same_second_and_text_is_new() -> None:
    assert "a new event 4006 at t1" in absent((1, logged("t1")), (20, logged("t1", "t1"))).wrong


def test_an_event_4006_without_the_phrase_is_no_matter() -> None:
    assert absent((1, logged()), (20, logged("t1", text="AUTH was rejected"))).wrong == ""


def test_events_that_grew_old_meanwhile_are_no_matter() -> None:
    assert absent((1, logged("t2", "t1")), (20, logged("t2"))).wrong == ""


def test_a_log_that_cannot_be_read_proves_nothing() -> None:
    assert "the script gave up" in absent((1, UNREAD), (62, UNREAD)).wrong
    assert "could not be read any more" in absent((1, logged()), (62, UNREAD)).wrong


def test_a_log_that_could_be_read_only_later_was_not_watched_long_enough() -> None:
    assert "could be watched for 20 seconds only" in absent((1, UNREAD), (42, logged()), (62, logged())).wrong
    assert absent((1, UNREAD), (2, logged()), (63, logged())).wrong == ""


def test_a_log_that_was_cleared_meanwhile_can_still_show_new_ones() -> None:
    assert absent((1, logged("t1")), (20, logged())).wrong == ""
    assert "at t9" in absent((1, logged("t1")), (20, logged("t9"))).wrong


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=8), st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8)
)
def test_new_events_are_those_that_the_first_look_lacks(first: list[str], more: list[str]) -> None:
    before, now = events.found(logged(*first)), events.found(logged(*more, *first))

    assert sorted(event.when for event in new_events(before, now)) == sorted(more)


# -- queue_drains ----------------------------------------------------------------------------------------------------


def queued(messages: int, state: str = "running", name: str = "mail2.contoso.com") -> Snapshot:
    link = {"name": name, "messages": messages, "remote": True}
    local = {"name": "(Local delivery)", "messages": 5, "remote": False}
    return Snapshot({smtp_queue.LINKS: {"now": "", "links": [link, local]}, services.part("SMTPSVC", "state"): state})


def drains(*samples: tuple[float, Snapshot], **options: object) -> Judgement:
    return QueueDrains().judge(QueueDrainsOptions(**options), [Sample(*sample) for sample in samples])


def test_a_queue_that_gets_shorter_drains() -> None:
    assert drains((0, queued(9)), (30, queued(8))) == Judgement(settled=True)
    assert drains((0, queued(0))) == Judgement(settled=True)


def test_a_queue_that_does_not_get_shorter_is_told() -> None:
    judged = drains((0, queued(9)), (30, queued(9)))

    assert judged == Judgement(settled=False, wrong="9 messages wait, no fewer than the 9 at first")


def test_at_most_is_waited_for() -> None:
    assert drains((0, queued(9)), (60, queued(6)), at_most=5).wrong == "6 messages wait after 1 minute, more than 5"
    assert drains((0, queued(9)), (60, queued(5)), at_most=5) == Judgement(settled=True)


def test_one_queue_by_name_can_be_meant() -> None:
    assert drains((0, queued(9)), at_most=5, link="(LOCAL DELIVERY)").settled
    assert drains((0, queued(9)), link="no-such.link").settled


def test_nothing_drains_while_the_service_is_stopped() -> None:
    assert "SMTPSVC does not run" in drains((0, queued(0, "stopped"))).wrong


def test_queues_that_cannot_be_read_prove_nothing() -> None:
    unread = Snapshot({services.part("SMTPSVC", "state"): "running"}, unread=UNREAD.unread)

    assert "wmic never ran" in drains((0, unread)).wrong
    assert not drains((0, queued(9)), (30, unread)).settled


# -- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("event_absent", {"minutes": 0}),
        ("event_absent", {"minutes": 1, "every": -1}),
        ("event_absent", {"minute": 1}),
        ("queue_drains", {"at_most": -1}),
        ("queue_drains", {"at_most": "5"}),
        ("smtp_ehlo", {"has": ["X Y"]}),
        ("smtp_ehlo", {"has": ["A\r\nMAIL"]}),
        ("smtp_ehlo", {"port": 0}),
        ("smtp_ehlo", {"name": "a\r\nMAIL FROM:<x>"}),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, given: dict) -> None:
    with pytest.raises(ValidationError):
        checks()[name].Options(**given)


def test_the_checks_that_sample_are_known_as_such() -> None:
    assert {name for name, check in checks().items() if isinstance(check, Sampled)} == {"event_absent", "queue_drains"}


# -- sampling --------------------------------------------------------------------------------------------------------


class Asked:
    """A host's answers, one after the other; the last one again and again."""

    def __init__(self, *answers: Snapshot, then=lambda count: None) -> None:
        self.answers, self.count, self.then = answers, 0, then

    def __call__(self, wanted) -> Snapshot:
        assert list(wanted(Snapshot()))
        self.count += 1
        self.then(self.count)
        return self.answers[min(self.count, len(self.answers)) - 1]


QUICK = {"minutes": 0.002, "every": 0.01}


def test_sampling_goes_on_until_its_time_is_up() -> None:
    ask = Asked(logged("t1"))

    assert sampled(EventAbsent(), EventAbsentOptions(**QUICK), ask, threading.Event()) is None
    assert ask.count > 1


def test_sampling_ends_as_soon_as_the_check_is_sure() -> None:
    ask = Asked(queued(9), queued(9), queued(3))

    assert sampled(QueueDrains(), QueueDrainsOptions(minutes=60, every=0.01), ask, threading.Event()) is None
    assert ask.count == 3


def test_what_is_still_wrong_when_time_is_up_is_told() -> None:
    seen = sampled(QueueDrains(), QueueDrainsOptions(**QUICK), Asked(queued(9)), threading.Event())

    assert seen == "9 messages wait, no fewer than the 9 at first"


def test_an_interrupt_ends_a_long_pause_at_once_and_is_no_success() -> None:
    stop = threading.Event()
    ask = Asked(logged(), then=lambda _: stop.set())

    seen = sampled(EventAbsent(), EventAbsentOptions(minutes=60, every=600), ask, stop)

    assert "broken off after 0 of 3600 seconds" in (seen or "")
    assert ask.count == 1
