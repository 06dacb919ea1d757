"""Devices over SSH as somebody at a terminal sees them: modes, questions, timers, and what goes wrong."""

import re
import threading
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest

from remediators.lab.ios_device import Trip
from remediators.lab.serve import Lab

CONFIGS = Path(__file__).parent / "configs"
PROMPT = r"(?:^|\n|\r|\x08)[\w./-]+(?:\([\w-]+\))?[>#] ?$"
SECRET = "Enable-secret 1"
FAST = 600  # minutes of the device in a tenth of a second each


class Line:
    """A terminal: what is typed goes out as it is, what comes back is awaited by a pattern."""

    def __init__(self, channel):
        self._channel = channel
        self.seen = ""

    def until(self, pattern=PROMPT):
        while not re.search(pattern, self.seen):
            received = self._channel.recv(65536).decode()
            if not received:
                raise EOFError(self.seen)
            self.seen += received
        said, self.seen = self.seen, ""
        return said.replace("\r\n", "\n")

    def type(self, text, pattern=PROMPT):
        self._channel.sendall(text.encode())
        return self.until(pattern)

    def say(self, line, pattern=PROMPT):
        """The answer to a line, without its echo and the prompt after it."""
        said = self.type(f"{line}\n", pattern)
        return re.sub(PROMPT, "", said.removeprefix(f"{line}\n"))

    def enable(self):
        self.say("enable", "Password: $")
        self.say(SECRET)
        return self


@contextmanager
def connected(lab, name, **more):
    host = lab.hosts[name]
    with paramiko.SSHClient() as asked:
        asked.load_host_keys(str(lab.keyring.known_hosts))
        usual = {"password": host.password, "look_for_keys": False, "allow_agent": False, "timeout": 5}
        asked.connect(host.address, host.port, host.user, **(usual | more))
        channel = asked.invoke_shell()
        channel.settimeout(10)
        line = Line(channel)
        line.until()
        yield line
        transport = asked.get_transport()
    transport.join(5)


@contextmanager
def served(name="r1", config="branch", **spec):
    entry = {"connection": "network_cli", "device": "ios", "config": CONFIGS / f"{config}.cfg", "time_scale": FAST}
    with Lab({name: entry | spec}) as lab:
        yield lab


@contextmanager
def privileged(**spec):
    with served(**spec) as lab, connected(lab, "r1") as line:
        line.enable()
        line.say("terminal length 0")
        yield lab.device("r1"), line


def test_the_right_secret_opens_privileged_mode_and_a_wrong_one_does_not():
    with served() as lab, connected(lab, "r1") as line:
        assert line.say("enable", "Password: $") == "Password: "
        for _ in range(2):
            line.say("wrong", "Password: $")
        assert "% Bad secrets" in line.say("wrong")
        assert "^\n% Invalid input detected at '^' marker." in line.say("configure terminal")
        assert line.enable().say("show privilege") == "Current privilege level is 15"


def test_a_user_without_the_privilege_cannot_see_or_change_the_configuration():
    with served(levels={"admin": 7}, secret=None) as lab, connected(lab, "r1") as line:
        assert "Invalid input" in line.say("show running-config")
        assert "Invalid input" in line.say("configure terminal")
        assert "% Error in authentication" in line.say("enable")
    assert lab.device("r1").lines() == []


def test_pages_wait_for_a_key():
    with served() as lab, connected(lab, "r1") as line:
        line.enable()
        first = line.say("show running-config", "--More--")
        assert len(first.split("\n")) == 24
        line.type("\r", "--More--")
        assert "interface" not in line.type("q")
        line.say("terminal length 0")
        assert line.say("show running-config").endswith("\nend\n")


def test_a_pager_that_cannot_be_switched_off():
    with served(pager="fixed") as lab, connected(lab, "r1") as line:
        line.enable().say("terminal length 0")
        line.say("show running-config", "--More--")
        line.type("q")


def test_modes_are_entered_and_left_and_words_may_be_abbreviated():
    with privileged() as (device, line):
        assert line.type("conf t\n").endswith("branch1(config)#")
        assert line.type("int fa0/1.20\n").endswith("branch1(config-subif)#")
        assert line.type("policy-map WAN-EDGE\n").endswith("branch1(config-pmap)#")
        assert line.type("class VOICE\n").endswith("branch1(config-pmap-c)#")
        assert line.type("exit\n").endswith("branch1(config-pmap)#")
        assert "hostname branch1" in line.say("do sh run | i ^hostname")
        assert line.type("\x1a").endswith("branch1#")
        assert device.running() == device.startup()


def test_rejected_lines_change_nothing_and_say_where():
    with privileged() as (device, line):
        before = device.running()
        line.say("configure terminal")
        assert line.say("ip inspct name X smtp") == (
            " " * len("branch1(config)#ip ") + "^\n% Invalid input detected at '^' marker.\n"
        )
        assert line.say("ip inspect name X") == "% Incomplete command.\n"
        assert line.say("i") == '% Ambiguous command:  "i"'
        assert device.running() == before


def test_saving_says_ok_and_a_full_nvram_does_not():
    with privileged() as (device, line):
        line.say("configure terminal")
        line.say("hostname other")
        line.say("end")
        assert line.say("copy running-config startup-config", r"\? $") == "Destination filename [startup-config]? "
        assert line.type("\n") == "\nBuilding configuration...\n[OK]\nother#"
        assert device.startup() == device.running()
        device.nvram = "full"
        assert "[OK]" not in line.say("write memory")


def test_filters_and_parts_of_the_running_config():
    with privileged() as (_, line):
        assert line.say("show running-config | include ^ip inspect name MAIL ") == "ip inspect name MAIL smtp"
        assert "description" not in line.say("show run | section interface Dialer1")
        assert line.say("sh run int di1 | i inspect") == " ip inspect MAIL-OUT out"
        assert "ip inspect MAIL-OUT out" in line.say("show running-config interface Dialer1")


def test_the_revert_timer_needs_an_archive():
    with privileged(config="decoys") as (device, line):
        assert "%Turn config archive on" in line.say("configure terminal revert timer 5")
        assert line.say("show archive") == "Archive feature not enabled"
        assert device.events == []


def test_a_confirmed_change_stays():
    with privileged(time_scale=1) as (device, line):
        assert line.say("show archive config rollback timer") == "%No Rollback Confirmed Change pending"
        line.say("configure terminal revert timer 5")
        line.say("no ip inspect name MAIL smtp")
        line.say("end")
        assert "Timer value: 5 min" in line.say("show archive config rollback timer")
        assert line.say("configure confirm") == ""
        assert line.say("configure confirm") == "%No Rollback Confirmed Change pending"
        assert "\nip inspect name MAIL smtp\n" not in device.running()
        assert device.events == ["armed", "confirmed"]


def test_a_change_that_nobody_confirms_goes_away_by_itself():
    with privileged(time_scale=300) as (device, line):
        before = device.running()
        line.say("configure terminal revert timer 5")
        line.say("no ip inspect name MAIL smtp")
        assert device.running() != before
        assert device.await_event("reverted")
        assert device.running() == before
        line.say("end")


def test_reverting_now():
    with privileged(time_scale=1) as (device, line):
        before = device.running()
        line.say("configure terminal revert timer 5")
        line.say("hostname gone")
        line.say("end")
        assert "Rollback Done" in line.say("configure revert now")
        assert device.running() == before


def test_a_reload_goes_back_to_what_was_saved_and_drops_everybody():
    with served(time_scale=600, boot=60) as lab:
        device = lab.device("r1")
        with connected(lab, "r1") as line:
            line.enable().say("configure terminal")
            line.say("no ip inspect name MAIL smtp")
            line.say("end")
            assert "Save? [yes/no]: " in line.say("reload in 5", r"\]: $")
            assert "Proceed with reload? [confirm]" in line.say("no", r"confirm\]$")
            line.type("\n")
            assert "Reload scheduled for " in line.say("show reload")
            assert device.await_event("reloading")
            with pytest.raises(EOFError):
                line.until("never")
        assert device.await_event("up")
        assert device.running() == device.startup()
        with connected(lab, "r1") as line:
            assert line.say("show clock").startswith("*")


def test_a_reload_that_is_cancelled_does_not_come():
    with privileged(time_scale=1) as (device, line):
        assert "[confirm]" in line.say("reload in 10", r"confirm\]$")
        line.type("\n")
        assert "(in 10 minutes" in line.say("show reload") or "(in 9 minutes" in line.say("show reload")
        assert "*** --- SHUTDOWN ABORTED ---" in line.say("reload cancel")
        assert line.say("show reload") == "No reload is scheduled."
        assert device.events == ["reload-armed", "reload-cancelled"]


def test_a_device_that_nobody_reaches_after_a_line_until_it_reverts():
    trips = [Trip("no ip inspect MAIL-OUT out", drop="after", unreachable="refused")]
    with served(time_scale=300, trips=trips) as lab:
        device = lab.device("r1")
        with connected(lab, "r1") as line:
            line.enable().say("configure terminal revert timer 5")
            line.say("interface Dialer1")
            with pytest.raises(EOFError):
                line.say("no ip inspect MAIL-OUT out")
        with pytest.raises((paramiko.SSHException, OSError, EOFError)), connected(lab, "r1"):
            pass
        assert device.running() != device.startup()
        assert device.await_event("reverted")
        assert device.running() == device.startup()
        with connected(lab, "r1"):
            pass


def test_a_line_that_is_lost_before_it_is_run():
    with served(trips=[{"line": "hostname", "drop": "before"}]) as lab, connected(lab, "r1") as line:
        line.enable().say("configure terminal")
        with pytest.raises(EOFError):
            line.say("hostname other")
        assert lab.device("r1").running() == lab.device("r1").startup()


def test_there_are_only_so_many_lines():
    refused = pytest.raises((paramiko.SSHException, OSError, EOFError))
    with served(vty=2) as lab, connected(lab, "r1"), connected(lab, "r1"), refused, connected(lab, "r1"):
        pass


def test_a_line_of_the_log_comes_between_unless_it_is_switched_off():
    with privileged(chatter=5) as (_, line):
        assert "%SEC-6-IPACCESSLOGP" in line.say("show running-config")
        line.say("configure terminal")
        assert "%SYS-5-CONFIG_I: Configured from console by admin" in line.say("end")
        line.say("terminal no monitor")
        assert "%" not in line.say("show running-config")


def test_a_device_with_old_key_exchange_only():
    with served(legacy=True) as lab:
        with connected(lab, "r1") as line:
            assert "Version 12.4" in line.say("show version")
        modern = {"disabled_algorithms": {"kex": ["diffie-hellman-group14-sha1"]}}
        with pytest.raises(paramiko.SSHException), connected(lab, "r1", **modern):
            pass


def test_somebody_else_holds_the_configuration():
    with privileged(locked_by="bob", colleagues=[{"user": "bob", "from": "192.0.2.77"}]) as (_, line):
        assert "locked by process '3' user 'bob'" in line.say("configure terminal")
        assert "bob        idle                 00:02:00 192.0.2.77" in line.say("show users")
        assert "User              : bob" in line.say("show configuration lock")


def test_a_banner_is_taken_to_its_end():
    with privileged() as (device, line):
        line.say("configure terminal")
        line.say("banner login #", "'#'.\r\n$")
        line.type("ip inspect name EVIL smtp\nend#\n")
        line.say("end")
        assert "banner login ^C\nip inspect name EVIL smtp\nend^C\n" in device.running()


def test_telnet_shows_a_greeting_and_ping_an_answer():
    with privileged(telnet={"192.0.2.25": "220 mail.example ESMTP\r\n"}) as (_, line):
        assert line.say("telnet 192.0.2.25 25", "ESMTP\r\n$").endswith("Open\n220 mail.example ESMTP\n")
        assert "closed by foreign host" in line.say("QUIT")
        assert "refused" in line.say("telnet 192.0.2.26 25")
        assert "100 percent" in line.say("ping 192.0.2.25")


def test_a_slow_device_says_the_same():
    with privileged(echo_delay=0.01, output_delay=0.01) as (_, line):
        assert line.say("show running-config").endswith("\nend\n")


def test_an_asa_ends_masks_and_saves_in_its_own_way():
    with served("fw", "asa8", device="asa") as lab, connected(lab, "fw") as line:
        line.enable().say("terminal pager 0")
        shown = line.say("show running-config")
        assert re.search(r"\nCryptochecksum:[0-9a-f]{32}\n: end$", shown)
        assert " pre-shared-key *****\n" in shown
        assert " pre-shared-key Shared-of-the-lab\n" in line.say("more system:running-config")
        line.say("configure terminal")
        line.say("policy-map inbound_policy")
        assert line.type("class smtp_port\n").endswith("asa8(config-pmap-c)# ")
        assert "ERROR: % Invalid input detected at '^' marker." in line.say("inspekt esmtp")
        line.say("no inspect esmtp MAILMAP")
        line.say("end")
        assert line.say("write memory").startswith("Building configuration...\nCryptochecksum: ")
        assert "Invalid input" in line.say("configure terminal revert timer 5")
        assert lab.device("fw").startup() == lab.device("fw").running()


def test_a_pix_knows_neither_timers_nor_sections_nor_end():
    with served("pix", "pix63", device="pix") as lab, connected(lab, "pix") as line:
        line.enable()
        assert "Usage:" in line.say("reload in 5")
        assert "<--- More --->" in line.say("show running-config", "More")
        line.type("q")
        line.say("configure terminal")
        assert line.say("end") == "Type help or '?' for a list of available commands."
        line.say("no fixup protocol smtp 25")
        line.say("exit")
        assert line.say("show fixup").split("\n").count("no fixup protocol smtp 25") == 1
        assert lab.device("pix").inspects_smtp()


def pair_of_units():
    entry = {
        "connection": "network_cli",
        "device": "asa",
        "config": CONFIGS / "asa9.cfg",
        "time_scale": 600,
        "boot": 60,
    }
    return {
        "fw1": {**entry, "failover": {"peer": "fw2"}},
        "fw2": {**entry, "failover": {"peer": "fw1", "state": "standby"}},
    }


def test_a_pair_shares_what_is_done_on_its_active_unit_and_a_reload_does_not_revert_it():
    with Lab(pair_of_units()) as lab:
        one, two = lab.device("fw1"), lab.device("fw2")
        with connected(lab, "fw1") as line:
            line.enable().say("configure terminal")
            line.say("no policy-map SPARE")
            line.say("end")
            assert "This host: Primary - Active" in line.say("show failover")
        assert "SPARE" not in two.running()
        one.reload()
        assert one.await_event("up")
        assert two.active
        assert "SPARE" not in one.running()
        assert "SPARE" in one.startup()


def test_what_is_done_on_a_standby_unit_stays_there():
    with Lab(pair_of_units()) as lab, connected(lab, "fw2") as line:
        assert "NOT performed from Standby unit" in line.enable().say("configure terminal")
        line.say("no policy-map SPARE")
        line.say("end")
        assert "SPARE" in lab.device("fw1").running()
        assert "SPARE" not in lab.device("fw2").running()


def test_contexts_have_configurations_of_their_own():
    contexts = {"admin": "hostname asa8\n: end\n", "mail": CONFIGS / "context.cfg"}
    with served("fw", "asa8", device="asa", contexts=contexts) as lab, connected(lab, "fw") as line:
        line.enable()
        assert line.say("show mode") == "Security context mode: multiple"
        assert line.type("changeto context mail\n").endswith("/mail# ")
        assert "not valid in current execution space" in line.say("changeto system")
        line.say("configure terminal")
        line.say("policy-map global_policy")
        line.say("class inspection_default")
        line.say("no inspect esmtp")
        assert "inspect esmtp" not in lab.device("fw").running("mail")
        assert "inspect esmtp" in lab.device("fw").running()


def test_a_firewall_masks_the_greeting_of_the_host_behind_it_while_it_inspects():
    fleet = {
        "fw": {"connection": "network_cli", "device": "pix", "config": CONFIGS / "pix63.cfg"},
        "mail": {"connection": "none", "behind": "fw"},
    }
    with Lab(fleet) as lab:
        assert "masked-greeting" in lab.hosts["mail"].faults
        with connected(lab, "fw") as line:
            line.enable().say("configure terminal")
            line.say("no fixup protocol smtp 25")
            line.say("no fixup protocol smtp 2525-2530")
        assert "masked-greeting" not in lab.hosts["mail"].faults


def test_nothing_is_left_when_the_lab_ends():
    before = set(threading.enumerate())
    with served(time_scale=1) as lab, connected(lab, "r1") as line:
        line.enable().say("configure terminal revert timer 5")
        line.say("do reload in 5", r"confirm\]$")
        line.type("\n")
    assert set(threading.enumerate()) <= before


def test_many_devices_in_one_process():
    entry = {"connection": "network_cli", "device": "ios", "config": CONFIGS / "old-router.cfg"}
    with Lab({f"r{number}": entry for number in range(20)}) as lab:
        lines = []
        for name in lab.hosts:
            with connected(lab, name) as line:
                lines.append(line.say("show privilege"))
    assert lines == ["Current privilege level is 1"] * 20
