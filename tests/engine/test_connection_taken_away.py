"""A step that goes on although it takes the connection away: the host is asked again how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from remediators.engine import touch
from remediators.model import Address, Answer, Command, Dropped, Step, StepResult, Unreachable

REPORT = Command("report", "report")
CLEAR = Step((Command("clear", "clear"),), frozenset(), always=True)
STEPS = [Step((Command("go", "go"),), frozenset({Address("thing", "a")}), report=REPORT, outlives=30), CLEAR]


@dataclass
class Away:
    """A session whose host is away for a while."""

    away: int
    status: int = 0
    sent: list[str] = field(default_factory=list)

    def write(self, steps, then):
        self.sent.append(" ".join(command.line for step in steps for command in step.commands))
        if "go" in self.sent[-1]:
            raise Dropped("the connection went away")
        if self.away:
            self.away -= 1
            raise Unreachable("nothing answers")
        return [StepResult((Answer(b"outcome", self.status),)) for _ in steps], []

    def read(self, queries):
        return []


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(touch, "_PAUSE", 0.0)


class House:
    def kind_of(self, address):
        raise AssertionError(address)


@pytest.mark.parametrize(("status", "lost"), [(0, None), (1, None), (2, "the connection went away")])
def test_the_report_tells_whether_it_is_over(status, lost):
    session = Away(3, status)

    answers, said = touch.Touch(session, House()).write(STEPS, [], {})

    assert said == lost
    assert answers[0].answers[0].status == status
    assert session.sent[-1] == "report clear"


def test_a_step_without_a_report_is_unknown_as_before():
    session = Away(0)

    answers, said = touch.Touch(session, House()).write([Step((Command("go", "go"),), frozenset())], [], {})

    assert said == "the connection went away"
    assert session.sent == ["go"]
    assert not answers[0].answers


def test_a_host_that_stays_away_is_given_up():
    session = Away(10**9)
    steps = [Step(STEPS[0].commands, frozenset(), report=REPORT, outlives=0.0), CLEAR]

    _, said = touch.Touch(session, House()).write(steps, [], {})

    assert said == "the connection went away"
