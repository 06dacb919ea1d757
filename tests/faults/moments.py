"""
The moments of a run at which something may strike: every line, program and write on a host, every event of the tool.

A moment is counted, so that "the seventh program on any host" is the same kind of place in every run of a seed. What
strikes is a function; it may kill the tool, take a connection away, change a host, or raise `PowerLoss`.
"""

import contextlib
import threading
from collections import Counter

from remediators.lab.ios_device import Device
from remediators.lab.machine import Ran
from remediators.lab.services import RUNNING, STOPPED

KINDS = ("event", "intent", "line", "program", "said", "device-line")


class PowerLoss(BaseException):
    """The host goes down in the middle of a line: no program of the lab may catch it."""


class Moments:
    """Counts moments, and strikes at those that were chosen. Thread-safe; a strike happens once."""

    def __init__(self):
        self._lock = threading.Lock()
        self.counts = Counter()
        self.struck = []
        self._armed = []

    def at(self, kind, number, name, strike):
        """``strike(host)`` at the ``number``-th moment of a kind from now on."""
        assert kind in KINDS
        with self._lock:
            self._armed.append((kind, self.counts[kind] + number, name, strike))

    def clear(self):
        """Nothing strikes any more."""
        with self._lock:
            self._armed = []

    def happens(self, kind, host=""):
        with self._lock:
            self.counts[kind] += 1
            due = [one for one in self._armed if one[0] == kind and one[1] == self.counts[kind]]
            self._armed = [one for one in self._armed if one not in due]
        for _, number, name, strike in due:
            self.struck.append(f"{name} at {kind} {number} on {host or 'the tool'}")
            strike(host)


class _Told(list):
    """A device's log that tells of each line."""

    def __init__(self, lines, tell):
        super().__init__(lines)
        self._tell = tell

    def append(self, entry):
        super().append(entry)
        self._tell(entry)


class Watch:
    """All hosts of a lab, their lines and programs counted; and what may be done to them from outside."""

    def __init__(self, lab, moments):
        self.lab, self.moments = lab, moments
        self._running = Counter()
        self._lock = threading.Lock()
        for name, host in lab.hosts.items():
            if isinstance(host.machine, Device):
                host.machine.log = _Told(host.machine.log, lambda _, name=name: moments.happens("device-line", name))
            else:
                self._watch(name, host.machine)

    def _watch(self, name, machine):
        plain = machine.run
        machine.programs = {word: self._program(name, program) for word, program in machine.programs.items()}

        def run(line, codepage=None):
            with self._lock:
                self._running[name] += 1
            try:
                self.moments.happens("line", name)
                ran = plain(line, codepage)
                self.moments.happens("said", name)
            except PowerLoss:
                return Ran(b"", b"", 1)
            finally:
                with self._lock:
                    self._running[name] -= 1
            return ran

        machine.run = run

    def _program(self, name, program):
        def ran(process):
            status = program(process)
            self.moments.happens("program", name)
            return status

        return ran

    # What may strike.

    def cut(self, name):
        """Take every connection of a host away."""
        host = self.lab.hosts[name]
        if host.ssh is not None:
            for talk in tuple(host.ssh._talks):
                talk.cut()
        if host.winrm is not None:
            loop = self.lab._loop._loop
            for writer in tuple(host.winrm._listener._talks.values()):
                loop.call_soon_threadsafe(writer.transport.abort)

    def expire(self, name):
        """All shells of a host are gone; elsewhere the connections."""
        host = self.lab.hosts[name]
        if host.winrm is None:
            self.cut(name)
        else:
            host.winrm._shells._open.clear()

    def rekey(self, name):
        """The host asks for new keys on every SSH connection."""
        host = self.lab.hosts[name]
        for talk in tuple(host.ssh._talks) if host.ssh is not None else ():
            if talk.is_alive() and talk.is_authenticated():
                threading.Thread(target=_renegotiate, args=(talk,), daemon=True).start()

    def reboot(self, name):
        """A host goes down and comes up: connections and shells are gone, services are as they start with the host."""
        host = self.lab.hosts[name]
        self.cut(name)
        if isinstance(host.machine, Device):
            host.machine.reload()
            return
        if host.winrm is not None:
            host.winrm._shells._open.clear()
        services = host.machine.services
        for service in services:
            starts = services.start_number(service) <= 2
            service.state, service.polls_left = (RUNNING if starts else STOPPED), 0
        if services.find("SMTPSVC").state == RUNNING:
            host.machine._service_started("SMTPSVC")

    # What must be so before truth is asked for.

    def quiet(self, seconds=60.0):
        """Wait until no connection is open and no line runs anywhere; whether that came."""
        deadline = threading.Event()
        calm = 0
        for _ in range(int(seconds / 0.01)):
            calm = calm + 1 if self._still() else 0
            if calm == 3:
                return True
            deadline.wait(0.01)
        return False

    def _still(self):
        with self._lock:
            busy = any(self._running.values())
        return (
            not busy
            and not self.lab._loop.pool._work_queue.qsize()
            and not any(map(_spoken_to, self.lab.hosts.values()))
        )

    def shells(self):
        """How many shells are open on all hosts."""
        return sum(host.winrm.open_shells for host in self.lab.hosts.values() if host.winrm is not None)


def _spoken_to(host):
    if host.ssh is not None and any(talk.is_alive() for talk in tuple(host.ssh._talks)):
        return True
    return host.winrm is not None and bool(host.winrm._listener._talks)


def _renegotiate(talk):
    with contextlib.suppress(Exception):  # the connection may go away meanwhile
        talk.renegotiate_keys()
