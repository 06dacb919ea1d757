"""What a router's `telnet HOST 25` shows, told apart: a greeting, a mask, silence, no connection."""

import pytest

from remediators.cli.looks import heard
from remediators.model.diagnosis import Look, Unknown

TRYING = "Trying 192.0.2.25, 25 ... "


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (f"{TRYING}Open\n220 exch02.example.com Microsoft ESMTP MAIL Service ready\n", "ok"),
        (f"{TRYING}Open\n220-exch02.example.com\n220 ready\n", "ok"),
        (f"{TRYING}Open\n220 ****************2**0*****0*0\n", "masked"),
        (f"{TRYING}Open\n554 no service\n", "no-service"),
        (f"{TRYING}Open\n[Connection to 192.0.2.25 closed by foreign host]\n", "none"),
        (f"{TRYING}\n% Connection refused by remote host\n", "refused"),
        (f"{TRYING}\n% Connection timed out; remote host not responding\n", "timeout"),
        (f"{TRYING}\n% Destination unreachable; gateway or host down\n", "unreachable"),
    ],
)
def test_what_was_heard_to_its_end_is_told_apart(said, kind):
    look = heard("gw", said, 30.0, ended=True)

    assert isinstance(look, Look)
    assert look.kind == kind


def test_an_open_connection_on_which_nothing_comes_is_silence():
    look = heard("gw", f"{TRYING}Open\n", 30.0, ended=False)

    assert isinstance(look, Look)
    assert (look.kind, look.waited) == ("silent", 30.0)


def test_a_router_that_may_not_open_connections_tells_nothing_of_the_server():
    look = heard("gw", "% telnet connections not permitted from this terminal\n", 30.0, ended=True)

    assert isinstance(look, Unknown)
    assert "not permitted" in look.reason


def test_the_name_that_the_server_gives_itself_is_kept():
    look = heard("gw", f"{TRYING}Open\n220 exch02.example.com ready\n", 30.0, ended=True)

    assert isinstance(look, Look)
    assert look.names == ("exch02.example.com",)
