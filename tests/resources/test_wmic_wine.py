"""The look before every run of wmic, by Wine's cmd and reg, which we did not write."""

from __future__ import annotations

from datetime import date

import pytest

from remediators.engine.reading import read_all
from remediators.model import Snapshot, Step, Unread
from remediators.quoting import cmd
from remediators.resources import events, smtp_queue, wmic
from tests.resources.registry_cases import session

pytest_plugins = ["tests.wine_host"]


def queue(host):
    return smtp_queue.queue(read_all(host, Snapshot(), lambda _: [smtp_queue.query()]))


def test_wmic_runs_only_where_its_mark_is(wine_channel):
    host = session(wine_channel)
    host.write([Step((cmd.program("reg", "delete", wmic.KEY, "/f"),), frozenset())], [])
    with pytest.raises(Unread, match="never ran on this host"):
        queue(host)

    mark = cmd.program("reg", "add", wmic.KEY, "/v", wmic.VALUE, "/t", "REG_SZ", "/d", "1", "/f")
    host.write([Step((mark,), frozenset())], [])
    with pytest.raises(Unread, match="wmic gave status -1; the host said: LocalDateTime"):
        queue(host)  # it ran: Wine's wmic knows the clock, and no queues of Exchange's

    host.write([Step((cmd.program("reg", "delete", wmic.KEY, "/f"),), frozenset())], [])


def test_the_question_for_events_passes_through_a_real_interpreter(wine_channel):
    known = read_all(session(wine_channel), Snapshot(), lambda _: [events.query(date(2026, 11, 25))])

    assert known.knows(events.EVENTS)
    assert known.failed == ()
    if known.readable(events.EVENTS):
        assert events.found(known).events == ()
