"""The probe against mail servers that we did not write (see `tests.mail_servers`)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from remediators.checks.smtp_ehlo import SmtpEhlo, SmtpEhloOptions
from remediators.checks.smtp_greeting import SmtpGreeting, SmtpGreetingOptions
from remediators.checks.smtp_probe import Probe, look
from remediators.model import Host
from tests.mail_servers import NAME, a_root, exim, opensmtpd, postfix, running

HOST = Host("mail", {"ansible_host": "127.0.0.1"})

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="servers that are not installed run under chroot: needs root")


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    with a_root() as folder:
        yield folder


@pytest.fixture
def root() -> Iterator[Path]:
    """A root of one's own: a second Postfix cannot run in the same."""
    with a_root() as folder:
        yield folder


@contextmanager
def serving(root: Path, make: Callable[..., list[str]], **settings: str) -> Iterator[int]:
    """A server on a free port that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with ExitStack() as stack:
        server = stack.enter_context(running(root, make(root, port, **settings)))
        deadline = time.monotonic() + 60
        while look("127.0.0.1", port, 10, ehlo=False).kind == "refused":
            said = (root / "said").read_text(errors="replace")
            assert server.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        yield port


@pytest.fixture(scope="module", params=[exim, opensmtpd, postfix], ids=["exim4", "opensmtpd", "postfix"])
def port(shared: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    with serving(shared, request.param) as found:
        yield found


def seen(port: int) -> Probe:
    return look("127.0.0.1", port, 60)


def test_a_real_server_greets_in_due_form(port: int) -> None:
    probe = seen(port)

    assert (probe.kind, probe.fault, probe.notes, probe.error) == ("ok", "", (), "")
    assert probe.text.startswith(NAME)


def test_the_verbs_of_a_real_server_are_told_with_their_parameters(port: int) -> None:
    probe = seen(port)

    assert probe.ehlo == "ok"
    assert probe.verbs["8BITMIME"] == ()
    assert probe.verbs["SIZE"][0].isdigit()
    assert NAME.upper() not in probe.verbs
    assert probe.missing() == ("X-EXPS", "X-LINK2STATE", "XEXCH50")


def test_a_real_server_takes_the_name_that_ehlo_gives(port: int) -> None:
    assert look("127.0.0.1", port, 60, name="probe.lab.test").ehlo == "ok"


def test_a_real_server_is_left_in_order_again_and_again(port: int) -> None:
    assert {seen(port).ehlo for _ in range(10)} == {"ok"}


def test_the_checks_hold_for_a_real_server(port: int) -> None:
    assert SmtpGreeting().run(HOST, SmtpGreetingOptions(port=port, contains=NAME, timeout=60), 60) is None
    has = SmtpEhloOptions(port=port, has=["8BITMIME", "SIZE"], lacks=["XEXCH50"], timeout=60)
    assert SmtpEhlo().run(HOST, has, 60) is None
    wants = SmtpEhloOptions(port=port, has=["SIZE", "XEXCH50"], timeout=60)
    assert SmtpEhlo().run(HOST, wants, 60) == "EHLO offers no XEXCH50"


def test_a_real_greeting_of_several_lines_is_read_to_its_end(root: Path) -> None:
    with serving(root, exim, banner="mail.lab.test one\\ntwo\\nthree") as port:
        probe = seen(port)

    assert (probe.kind, probe.ehlo) == ("ok", "ok")
    assert probe.text == "mail.lab.test one\ntwo\nthree"
    assert probe.lines[0].startswith("220-")


def test_a_verb_that_a_real_server_hides_is_missed(root: Path) -> None:
    with serving(root, postfix, hidden="chunking, dsn") as port:
        probe = seen(port)

    assert probe.missing(["CHUNKING", "DSN", "ETRN"]) == ("CHUNKING", "DSN")


def test_a_masked_banner_of_a_real_server_is_told_and_ehlo_is_asked_all_the_same(root: Path) -> None:
    with serving(root, postfix, banner="*" * 20 + "0" + "*" * 20 + "2" + "*" * 8) as port:
        probe = seen(port)

    assert (probe.kind, probe.ehlo) == ("masked", "ok")
