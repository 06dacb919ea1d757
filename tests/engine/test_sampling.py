"""What a host is asked for a check that samples, and what becomes of it when the host cannot be reached."""

from __future__ import annotations

from remediators.engine.touch import Touch
from remediators.model import Answer, Snapshot, Unreachable
from tests.engine.fake import question, thing

ASKED = [question(thing("a")), question(thing("b"))]


class Says:
    def read(self, queries):
        return [query.parse([Answer(b'"x"', 0)]) for query in queries]


class Gone:
    def read(self, queries):
        raise Unreachable("nobody answers")


def test_a_sample_is_fresh_and_leaves_what_is_known_alone():
    known = Snapshot({thing("a"): "old"})
    touch = Touch(Says(), None, known)

    assert touch.ask(lambda _: ASKED)[thing("a")] == "x"
    assert touch.known is known


def test_a_host_that_cannot_be_reached_leaves_the_sample_unread_with_the_reason():
    sample = Touch(Gone(), None).ask(lambda _: ASKED)

    assert not sample.readable(thing("a"))
    assert sample.knows(thing("b"))
    assert "nobody answers" in sample.failed[0][1]
