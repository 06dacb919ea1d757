"""Kicking the queues: for handlers only, where they can be read, and with nothing to put back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from remediators.catalog.queue_kick import QueueKick, QueueKickOptions
from remediators.cli.house import build as house_of
from remediators.cli.project import vocabulary
from remediators.engine.reading import read_all
from remediators.lab.world import build
from remediators.language import load_playbooks
from remediators.language.problems import Problems
from remediators.model import Refused, Snapshot, UsageError
from remediators.resources import smtp_queue
from remediators.sessions.windows import WindowsSession
from tests.resources.test_registry_lab import LabChannel

STUCK = {"os": "2003", "queue": {"mail2.contoso.com": {"messages": 12}}}


def known(spec: Mapping, options: QueueKickOptions | None = None) -> Snapshot:
    given = options or QueueKickOptions()
    session = WindowsSession(lambda: LabChannel(build("exch", dict(spec))))
    return read_all(session, Snapshot(), lambda snapshot: QueueKick().queries(given, snapshot))


def test_a_kick_is_an_action_and_wants_no_value() -> None:
    kick, options, snapshot = QueueKick(), QueueKickOptions(), known(STUCK)

    assert kick.desired(options, snapshot) == {}
    assert [str(action) for action in kick.actions(options, snapshot)] == ["smtp-queue:links kicked"]


def test_it_is_refused_where_wmic_never_ran() -> None:
    with pytest.raises(Refused, match=r"cannot be kicked: .* wmic never ran on this host"):
        QueueKick().desired(QueueKickOptions(), known({**STUCK, "wmic": "never-ran"}))


def test_it_is_refused_where_exchange_is_not_installed() -> None:
    snapshot = Snapshot(unread={smtp_queue.LINKS: "Exchange Server 2003 is not installed"})

    with pytest.raises(Refused, match="not installed"):
        QueueKick().desired(QueueKickOptions(), snapshot)


def test_it_is_refused_for_a_queue_that_there_is_not() -> None:
    with pytest.raises(Refused, match=r"there is no queue 'mail9\.contoso\.com'"):
        QueueKick().desired(QueueKickOptions(link="mail9.contoso.com"), known(STUCK))
    assert QueueKick().desired(QueueKickOptions(link="MAIL2.contoso.com"), known(STUCK)) == {}


@pytest.mark.parametrize("link", ["", "a'b", 'a"b', "a%b", "a\\b"])
def test_a_name_that_cannot_be_passed_is_refused_when_it_is_read(link: str) -> None:
    with pytest.raises(ValidationError):
        QueueKickOptions(link=link)


def problems_of(tmp_path, section: str) -> str:
    book = tmp_path / "book.yml"
    book.write_text(
        f"- name: P\n  hosts: all\n  {section}:\n    - name: Kick\n      queue_kick: {{}}\n", encoding="utf-8"
    )
    problems = Problems()
    load_playbooks([str(book)], vocabulary(house_of({})), problems=problems)
    try:
        problems.raise_if_any()
    except UsageError as error:
        return error.message
    return ""


def test_a_playbook_may_kick_in_handlers_only(tmp_path) -> None:
    assert "only handlers do it" in problems_of(tmp_path, "tasks")
    assert "queue_kick" not in problems_of(tmp_path, "handlers")
