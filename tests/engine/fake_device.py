"""A small model of a device that can revert by itself, and of what its platform knows of arming."""

from remediators.model import Answer, Arming, Company, Platform, Refused, TimedOut, Unreachable
from tests.engine.fake import FakeHost, FakeSession, house, question, thing


class FakeDevice(FakeHost):
    """``cut_off_by`` a thing that is set: then no new session opens, until the device has reverted."""

    def __init__(self, things=None, **more):
        super().__init__(things)
        self.kept = None
        self.did = []
        self.cut_off_by = more.get("cut_off_by")
        self.sessions = 0
        self.refuses = set(more.get("refuses", ()))
        self.seconds_left = more.get("seconds_left", 300.0)
        self.busy = list(more.get("busy", ()))  # who is in configuration mode, look by look
        self.polls_until_back = more.get("polls_until_back", 0)

    @property
    def cut_off(self):
        return self.cut_off_by in self.things

    def goes_back(self):
        if self.kept is not None:
            self.things, self.kept = self.kept, None


class DeviceSession(FakeSession):
    @property
    def transcript(self):
        return f">>> {' '.join(self.host.did)}"

    def again(self):
        if self.host.cut_off:
            if self.host.kept is not None and self.host.polls_until_back <= 0:
                self.host.goes_back()  # its timer has run out
            self.host.polls_until_back -= 1
            if self.host.cut_off:
                raise Unreachable("no answer")
        self.host.sessions += 1
        return DeviceSession(self.host)

    def execute(self, lines, seconds):
        if self.host.cut_off:
            raise TimedOut("no answer")
        return [self._line(line) for line in lines]

    def _line(self, line):
        self.host.did.append(line)
        if line in self.host.refuses:
            return Answer(b"% Invalid input", 1, "utf-8")
        if line == "arm":
            self.host.kept = dict(self.host.things)
        elif line == "confirm":
            self.host.kept = None
        elif line == "revert now":
            self.host.goes_back()
        return Answer(b"", 0, "utf-8")


class FakeSafeguard:
    def __init__(self, device):
        self.device = device

    def queries(self, known):
        return [question(thing("unsaved"))]

    def decide(self, known, changes, leave, minutes):
        if known[thing("timer")] is None and not leave.get("allow_unarmed"):
            raise Refused("it has no timer: allow_unarmed: true")
        save = ("save",) if known[thing("unsaved")] is None else ()
        return Arming(
            "revert-timer", minutes, ("arm",), ("confirm",), save, ("revert now",), "type confirm", (), dict(leave)
        )

    def kept(self, known):
        return f"version {known[thing('version')]}"

    def configuring(self, session):
        return Company(self.device.busy.pop(0) if self.device.busy else "")

    def left(self, session, arming, ago):
        return self.device.seconds_left

    def saved(self, session):
        return None


def device_house(device):
    made = house({"fw": device})
    platform = Platform(
        "fake",
        lambda: [question(thing("version")), question(thing("timer"))],
        lambda known: None,
        FakeSafeguard(device),
    )
    object.__setattr__(made, "platform_of", lambda host: platform)
    return made
