"""A lab: simulated hosts behind real front doors on loopback addresses, all in this process."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import ssl
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, cast

import paramiko
import yaml

from remediators.lab import inventory as told
from remediators.lab.door_certificates import Signed, authority, issue, server_side, ssh_key
from remediators.lab.door_faults import Faults
from remediators.lab.door_loop import Loop
from remediators.lab.inventory import DOOR_KEYS, Fleet, Keyring, Reached, Spec
from remediators.lab.ios_device import Device, pair
from remediators.lab.ios_device import build as build_device
from remediators.lab.ios_door import DeviceDoor
from remediators.lab.machine import FAULTS, Machine
from remediators.lab.mail_path import Inspection, inspected
from remediators.lab.registry import full_name
from remediators.lab.smtp_door import SMTPDoor
from remediators.lab.ssh_door import SSHDoor, SSHSettings
from remediators.lab.winrm_door import WinRMDoor, WinRMSettings
from remediators.lab.world import WindowsMachine, build

FIXED_PORTS: Final[Mapping[str, int]] = {"http": 5985, "https": 5986, "ssh": 2222, "smtp": 2525, "smtp-inside": 2625}
PRODUCTS: Final[Mapping[str, str]] = {"2008": "OS: 6.0.6002 SP: 2.0 Stack: 2.0"}
FREE_ADDRESS: Final = "127.0.0.1"
_FIRST_ADDRESS: Final = 11


@dataclass(slots=True, eq=False)
class Served:
    """
    One host of a lab.

    ``faults`` may be changed at any time. ``port`` is WinRM's or SSH's, ``None`` where nothing listens. ``smtp_port``
    is where the controller comes in, through the devices of ``via``; ``smtp_inside_port`` is behind them all.
    """

    name: str
    spec: Spec
    machine: Machine
    address: str
    faults: Faults
    winrm: WinRMDoor | None = None
    ssh: SSHDoor | None = None
    smtp: SMTPDoor | None = None
    port: int | None = None
    smtp_port: int | None = None
    smtp_inside: SMTPDoor | None = None
    smtp_inside_port: int | None = None

    @property
    def via(self) -> tuple[str, ...]:
        """The devices in front of this host, from the controller's side inward."""
        given = self.spec.get("via", ())
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def connection(self) -> str:
        return str(self.spec.get("connection", "winrm"))

    @property
    def user(self) -> str:
        return str(self.spec.get("user", next(iter(self.machine.users), "")))

    @property
    def password(self) -> str:
        return self.machine.users.get(self.user, "")


@dataclass(frozen=True, slots=True)
class _Keys:
    """What all hosts of a lab share, and the files for its operator."""

    files: Keyring
    authority: Signed
    tls: Signed
    wrong_tls: Signed
    ssh: SSHSettings
    certificate: bytes


@dataclass(slots=True, eq=False)
class Lab:
    """
    Hosts that answer as long as the ``with`` block runs.

    ``ports`` is ``fixed`` (each host has an address of its own, counted up from ``address_base``, and the ports of
    `FIXED_PORTS`) or ``free`` (all on 127.0.0.1). ``folder`` takes keys and certificates; without one they live and
    go with the lab.
    """

    fleet: Fleet
    ports: Literal["fixed", "free"] = "free"
    address_base: str = "127.66.0."
    folder: Path | None = None
    hosts: dict[str, Served] = field(default_factory=dict, init=False)
    _loop: Loop | None = field(default=None, init=False, repr=False)
    _keys: _Keys | None = field(default=None, init=False, repr=False)
    _temporary: Path | None = field(default=None, init=False, repr=False)
    _old_key: paramiko.PKey | None = field(default=None, init=False, repr=False)

    @property
    def machines(self) -> Mapping[str, Machine]:
        return {name: host.machine for name, host in self.hosts.items()}

    def device(self, name: str) -> Device:
        """The Cisco device of this name. Raises KeyError where there is none."""
        machine = self.hosts[name].machine
        if not isinstance(machine, Device):
            raise KeyError(name)
        return machine

    @property
    def open_shells(self) -> int:
        """WinRM shells that nobody has closed yet, of all hosts."""
        return sum(host.winrm.open_shells for host in self.hosts.values() if host.winrm is not None)

    @property
    def keyring(self) -> Keyring:
        """The files that an operator needs. Only while the lab runs."""
        return self._running.files

    @property
    def _running(self) -> _Keys:
        if self._keys is None:
            raise RuntimeError("the lab is not running")
        return self._keys

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Build all machines and listen for all of them. Raises OSError where an address is taken."""
        self.hosts = {name: self._host(name, spec, place) for place, (name, spec) in enumerate(self.fleet.items())}
        devices = {name: host.machine for name, host in self.hosts.items() if isinstance(host.machine, Device)}
        pair(devices, self.fleet)
        for name, device in devices.items():
            known = {address: answer for host in self.hosts.values() for address, answer in self._seen(host, name)}
            device.settings = replace(device.settings, telnet={**known, **device.settings.telnet})
        for name in self.hosts:
            self._wire(name)
        self._keys = self._make_keys()
        self._loop = Loop()
        self._loop.start()
        try:
            for host in self.hosts.values():
                self._furnish(host, self._loop)
            self._loop.call(self._open())
            for host in self.hosts.values():
                self._follow(host, self._loop)
        except BaseException:
            self.stop()
            raise
        self.write_known_hosts(self.keyring.known_hosts)

    def stop(self) -> None:
        """Cut every connection, end every thread, and take the temporary files away."""
        loop, self._loop, self._keys = self._loop, None, None
        if loop is not None:
            loop.call(self._close())
            loop.stop()
        if self._temporary is not None:
            shutil.rmtree(self._temporary)
            self._temporary = None

    def write_inventory(self, path: Path | str) -> Path:
        """Write an inventory in Ansible's form, as YAML."""
        hosts = [self._reached(host) for host in self.hosts.values()]
        text = yaml.safe_dump(told.document(hosts, self.keyring), sort_keys=False)
        Path(path).write_text(text, encoding="utf-8")
        return Path(path)

    def write_known_hosts(self, path: Path | str) -> Path:
        """Write the host keys of all SSH hosts as OpenSSH's ``known_hosts``."""
        doors = ((host.address, host.port, host.ssh.settings.host_key) for host in self.hosts.values() if host.ssh)
        lines = [told.known_hosts_line(at, port, key.get_name(), key.get_base64()) for at, port, key in doors if port]
        Path(path).write_text("".join(lines), encoding="ascii")
        return Path(path)

    def _reached(self, host: Served) -> Reached:
        return Reached(host.name, host.spec, host.address, host.user, host.password, host.port, host.smtp_port)

    # The way of the mail.

    def between(self, here: str | None, there: str) -> list[Inspection]:
        """
        What inspects mail on its way to a host just now: from another host, from a device on the way, or (``None``)
        from the controller.
        """
        found = (self._inspection(name) for name in self._way(here, there))
        return [one for one in found if one is not None]

    def _way(self, here: str | None, there: str) -> list[str]:
        """The devices of the lab that stand between."""
        way = list(self.hosts[there].via)
        if here in way:
            way = way[way.index(here) + 1 :]
        elif here is not None:
            way = list(dict.fromkeys([*self.hosts[here].via, *way]))
        return [name for name in way if name in self.hosts]

    def obstacles(self, sender: str, receiver: str) -> list[tuple[int, str]]:
        """
        What is in the way of mail from one host to another just now: the cause's number in KB 919091, and the host.

        Told from the state of the machines themselves: what ``harms`` names in their registry, the greeting and the
        verbs of the receiver, and the devices between. 0 is none of the causes: a service that does not run, and
        ``trouble`` that nobody knows.
        """
        found = [(cause, name) for name in (sender, receiver) for cause in self._harmed(name, receiver)]
        machine = self.hosts[receiver].machine
        mouth = machine.peek() if isinstance(machine, WindowsMachine) else None
        if mouth is not None and not (mouth.greeting or b"").startswith(b"220"):
            found.append((0 if mouth.greeting is None else 4, receiver))
        if self.hosts[receiver].spec.get("trouble"):
            found.append((0, receiver))
        inspecting = [name for name in self._way(sender, receiver) if self._inspection(name) is not None]
        found += [(5, name) for name in inspecting]
        if mouth is not None and b"X-LINK2STATE" not in mouth.verbs:
            found.append((6, receiver))
        return sorted(found)

    def _harmed(self, name: str, receiver: str) -> Iterator[int]:
        machine = self.hosts[name].machine
        if not isinstance(machine, WindowsMachine):
            return
        there = self.hosts[receiver].machine
        offered = there.peek().verbs if isinstance(there, WindowsMachine) else ()
        for harm in self.hosts[name].spec.get("harms", ()):
            key, needed = full_name(harm["key"]), harm.get("unless_offered")
            value = machine.registry.get(key, harm["name"]) if key else None
            number = None if value is None else int.from_bytes(value.raw[:4], "little")
            if number in harm["numbers"] and (needed is None or needed.encode() not in offered):
                yield harm["cause"]

    def _wire(self, name: str) -> None:
        """Tell a host's links what is in their way."""
        machine = self.hosts[name].machine
        if isinstance(machine, WindowsMachine):
            for link in machine.flow.links:
                there = [host for host in self.hosts.values() if getattr(host.machine, "fqdn", "") == link.name]
                if there:
                    link.address = link.address or there[0].address
                    link.blocked = partial(self._blocked, name, there[0].name)
                    link.was_blocked = link.blocked()

    def _loses_dot(self, name: str) -> bool:
        """Whether something on a host itself takes the end off the messages that it gets (causes 1 and 3)."""
        return any(cause in (1, 3) for cause in self._harmed(name, name))

    def _follow(self, host: Served, loop: Loop) -> None:
        """A service that has stopped refuses connections, where no other lab can take its port meanwhile."""
        if isinstance(host.machine, WindowsMachine) and host.address != FREE_ADDRESS and host.smtp is not None:
            host.machine.ran = partial(self._ran, host, loop)

    def _ran(self, host: Served, loop: Loop) -> None:
        for door in (host.smtp, host.smtp_inside):
            if door is not None and self._loop is loop:
                loop.call_soon(door.follow())

    def _blocked(self, sender: str, receiver: str) -> bool:
        return bool(self.obstacles(sender, receiver))

    def _inspection(self, name: str) -> Inspection | None:
        machine = self.hosts[name].machine
        if not isinstance(machine, Device):
            return None
        protocol = inspected(machine.platform, machine.running())
        if protocol is None:
            return None
        spec = self.hosts[name].spec
        usual = "ios" if machine.platform == "ios" else "pix"
        return Inspection(protocol, spec.get("mask", usual), spec.get("final_dot", "dropped"))

    def _first_between(self, here: str | None, there: str) -> Inspection | None:
        return next(iter(self.between(here, there)), None)

    def _seen(self, host: Served, device: str) -> Iterator[tuple[str, Callable[[], bytes | None]]]:
        """Where a device finds a host's port 25, and the greeting that it gets there."""

        def greeting() -> bytes | None:
            said = host.machine.greeting()
            through = self._first_between(device, host.name)
            return through.mask(said) if through and said else said

        if host.address != FREE_ADDRESS and not isinstance(host.machine, Device):
            fqdn = str(getattr(host.machine, "fqdn", host.name))
            for name in (host.address, host.name, fqdn):
                yield name, greeting

    # Setting up.

    def _host(self, name: str, spec: Spec, place: int) -> Served:
        machine = spec["machine"] if "machine" in spec else _build(name, spec)
        faults = Faults(lambda: self._faults_of(machine, spec))
        for fault in _of_the_doors(spec):
            faults.add(fault)
        return Served(name, spec, machine, self._address(spec, place), faults)

    def _faults_of(self, machine: Machine, spec: Spec) -> Collection[str]:
        """Those of the machine, and what the firewall before it does to its greeting."""
        own = machine.door_faults() if isinstance(machine, Device) else machine.faults
        firewall = self.hosts[spec["behind"]].machine if "behind" in spec else None
        masks = isinstance(firewall, Device) and firewall.platform != "ios" and firewall.inspects_smtp()
        return {*own, "masked-greeting"} if masks else own

    def _address(self, spec: Spec, place: int) -> str:
        if self.ports == "free" and not spec.get("own_address"):
            return FREE_ADDRESS
        counted = ipaddress.ip_address(f"{self.address_base}0") + _FIRST_ADDRESS + place
        return str(spec.get("address", counted))

    def _make_keys(self) -> _Keys:
        folder = self.folder
        if folder is None:
            folder = self._temporary = Path(tempfile.mkdtemp(prefix="lab-"))
        signer, stranger = authority("Lab authority"), authority("Somebody else's authority")
        addresses = [host.address for host in self.hosts.values()]
        operator = issue(signer, "operator")
        (key, key_file), (host_key, _), (wrong_key, _) = ssh_key(), ssh_key(), ssh_key()
        files = _files(folder, signer.pem, operator.pem, operator.key_pem, key_file)
        return _Keys(
            files,
            signer,
            issue(signer, "lab", addresses),
            issue(stranger, "lab", addresses),
            SSHSettings(host_key, wrong_key, frozenset({key.asbytes()})),
            operator.fingerprint,
        )

    def _furnish(self, host: Served, loop: Loop) -> None:
        match host.connection:
            case "winrm":
                host.winrm = WinRMDoor(
                    host.machine, loop.pool, host.faults, self._winrm_settings(host), self._tls(host)
                )
            case "ssh":
                settings = self._running.ssh.with_bits(int(host.spec.get("status_bits", 32)))
                host.ssh = SSHDoor(host.machine, loop.pool, host.faults, settings)
            case "network_cli":
                host.ssh = DeviceDoor(self.device(host.name), loop.pool, host.faults, self._device_settings(host))
        if host.spec.get("smtp", host.connection != "network_cli"):
            between, loses = partial(self._first_between, None, host.name), partial(self._loses_dot, host.name)
            host.smtp = SMTPDoor(host.machine, host.faults, between, loses)
        if host.smtp is not None and host.via:
            host.smtp_inside = SMTPDoor(host.machine, host.faults, loses_dot=partial(self._loses_dot, host.name))

    def _device_settings(self, host: Served) -> SSHSettings:
        banner = "SSH-2.0-Cisco-1.25"
        if not self.device(host.name).settings.legacy:
            return replace(self._running.ssh, banner=banner)
        self._old_key = self._old_key or paramiko.RSAKey.generate(2048)
        return replace(self._running.ssh, banner=banner, host_key=self._old_key)

    def _tls(self, host: Served) -> ssl.SSLContext | None:
        if _scheme(host) != "https":
            return None
        usual = server_side(self._running.tls, self._running.authority, self.keyring.authority.parent)
        wrong = server_side(self._running.wrong_tls, self._running.authority, self.keyring.authority.parent)

        def choose(session: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
            if host.faults.strikes("wrong-certificate"):
                session.context = wrong

        usual.sni_callback = choose
        return usual

    def _winrm_settings(self, host: Served) -> WinRMSettings:
        spec, usual = host.spec, WinRMSettings()
        transport = str(spec.get("transport", "ntlm"))
        unencrypted = transport == "basic" and _scheme(host) == "http"
        return WinRMSettings(
            accepts=frozenset({transport}),
            allow_unencrypted=bool(spec.get("allow_unencrypted", unencrypted)),
            product=str(spec.get("product", PRODUCTS.get(str(spec.get("os")), usual.product))),
            most_shells=int(spec.get("most_shells", usual.most_shells)),
            idle=float(spec.get("idle", usual.idle)),
            certificates={self._running.certificate: host.user},
        )

    async def _open(self) -> None:
        opened = await asyncio.gather(*(self._open_host(host) for host in self.hosts.values()), return_exceptions=True)
        for failure in opened:
            if failure is not None:
                raise failure

    async def _open_host(self, host: Served) -> None:
        door = host.winrm or host.ssh
        if door is not None:
            host.port = await door.open(host.address, self._port(_scheme(host)))
            if "no-listener" in host.faults:
                await door.close()
        if host.smtp is not None:
            host.smtp_port = await host.smtp.open(host.address, self._port("smtp"))
        if host.smtp_inside is not None:
            host.smtp_inside_port = await host.smtp_inside.open(host.address, self._port("smtp-inside"))
        for smtp in (host.smtp, host.smtp_inside):
            if smtp is not None and host.address != FREE_ADDRESS:
                await smtp.follow()

    def _port(self, service: str) -> int:
        return FIXED_PORTS[service] if self.ports == "fixed" else 0

    async def _close(self) -> None:
        doors = [
            door
            for host in self.hosts.values()
            for door in (host.winrm, host.ssh, host.smtp, host.smtp_inside)
            if door is not None
        ]
        await asyncio.gather(*(door.close() for door in doors))


def _scheme(host: Served) -> str:
    return "ssh" if host.connection in ("ssh", "network_cli") else str(host.spec.get("scheme", "http"))


def _files(folder: Path, signer: bytes, certificate: bytes, certificate_key: bytes, key: bytes) -> Keyring:
    folder.mkdir(parents=True, exist_ok=True)
    files = Keyring(
        known_hosts=folder / "known_hosts",
        ssh_key=folder / "id_ed25519",
        authority=folder / "authority.pem",
        certificate=folder / "operator.pem",
        certificate_key=folder / "operator-key.pem",
    )
    written = ((files.authority, signer), (files.certificate, certificate))
    secret = ((files.certificate_key, certificate_key), (files.ssh_key, key))
    for path, content in (*written, *secret):
        path.unlink(missing_ok=True)
        path.touch(mode=0o644 if (path, content) in written else 0o600)
        path.write_bytes(content)
    return files


def _of_the_doors(spec: Spec) -> list[str]:
    """Faults that a machine need not know of; a machine made elsewhere knows of none."""
    return [fault for fault in spec.get("faults", ()) if "machine" in spec or fault not in FAULTS]


def _build(name: str, spec: Spec) -> Machine:
    if spec.get("connection") == "network_cli":
        return build_device(name, {key: value for key, value in spec.items() if key not in DOOR_KEYS})
    own = {key: value for key, value in spec.items() if key not in DOOR_KEYS}
    if "faults" in own:
        own["faults"] = tuple(fault for fault in own["faults"] if fault in FAULTS)
    return cast("Machine", build(name, own))  # its faults never change, which the attribute of a protocol cannot say
