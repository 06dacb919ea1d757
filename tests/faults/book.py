"""Random small fleets and playbooks, drawn from a seed."""

from pathlib import Path

import yaml

CONFIGS = Path(__file__).parents[1] / "lab" / "configs"
TYPES = {
    "dword": lambda draw: draw.randrange(2**32),
    "sz": lambda draw: draw.choice(["plain", "two words", 'q"u"ote', "50% & more", "^caret!", "trailing \\", "Grüße"]),
    "multi_sz": lambda draw: [draw.choice(["one", "two words", "drei"]) for _ in range(draw.randrange(1, 4))],
    "binary": lambda draw: draw.randbytes(draw.randrange(1, 9)).hex(),
    "expand_sz": lambda draw: draw.choice(["%SystemRoot%\\x", "C:\\plain"]),
}
KEYS = ["HKLM\\SOFTWARE\\Faults", "HKLM\\SOFTWARE\\Faults\\Deep Key", "HKLM\\SOFTWARE\\Other"]
THERE = {"HKLM\\SOFTWARE\\Other": {"V0": {"type": "dword", "data": 7}, "V1": {"type": "sz", "data": "was here"}}}
LINES = ["ntp server 192.0.2.{n}", "logging host 192.0.2.{n}", "snmp-server host 192.0.2.{n} public"]


def fleet(draw, *, devices=None):
    """One to three Windows hosts over WinRM or SSH, and sometimes a router."""
    hosts = {f"h{number}": _windows(draw) for number in range(draw.randrange(1, 4))}
    if draw.random() < 0.3 if devices is None else devices:
        router = {"device": "ios", "config": CONFIGS / "branch.cfg", "groups": ("ios",), "boot": 0.2}
        hosts["r0"] = {"connection": "network_cli", **router}
    return hosts


def _windows(draw):
    host = {"registry": THERE, "groups": ("windows",), "connection": draw.choice(["winrm", "ssh"])}
    if host["connection"] == "winrm":
        host |= {"transport": draw.choice(["ntlm", "basic"])}
    return host


def playbook(draw, hosts):
    """A playbook for that fleet, as YAML."""
    plays = [{"hosts": "windows", "tasks": [_task(draw, n) for n in range(draw.randrange(2, 6))], "handlers": HANDLERS}]
    if "r0" in hosts:
        lines = [line.format(n=draw.randrange(1, 250)) for line in draw.sample(LINES, draw.randrange(1, 3))]
        below = {"lines": ["description changed"], "parents": ["interface FastEthernet0/0"]}
        tasks = [{"ios_config": {"lines": lines}}, {"ios_config": below}]
        plays.append({"hosts": "ios", "tasks": tasks[: draw.randrange(1, 3)]})
    draw.shuffle(plays)
    return yaml.safe_dump(plays, sort_keys=False, allow_unicode=True)


HANDLERS = [{"name": "again", "service": {"name": "SMTPSVC", "state": "restarted"}}]


def _task(draw, number):
    task = draw.choice([_values, _values, _values, _absent, _service, _banner, _metabase])(draw, number)
    return {"name": f"task {number}", **task}


def _values(draw, number):
    names = draw.sample(["V0", "V1", "two words", "(Default)"], draw.randrange(1, 4))
    drawn = {name: draw.choice(sorted(TYPES)) for name in names}
    values = {name: {"type": type_, "data": TYPES[type_](draw)} for name, type_ in drawn.items()}
    return {"registry": {"key": draw.choice(KEYS), "values": values}} | _notify(draw, 0.2)


def _absent(draw, number):
    if draw.random() < 0.5:
        return {"registry": {"key": "HKLM\\SOFTWARE\\Other", "state": "absent"}}
    return {"registry": {"key": "HKLM\\SOFTWARE\\Other", "values": {"V1": "absent"}}}


def _service(draw, number):
    name, wanted = draw.choice(
        [
            ("W3SVC", {"state": "stopped"}),
            ("W3SVC", {"state": "stopped", "start_mode": "manual"}),
            ("MSExchangeMGMT", {"start_mode": "disabled", "state": "stopped"}),
            ("POP3Svc", {"start_mode": "manual", "state": "started"}),
            ("HTTPFilter", {"start_mode": "auto"}),
        ]
    )
    return {"service": {"name": name, **wanted}}


def _banner(draw, number):
    return {"smtp_banner": {"virtual_server": 1, "text": f"mail {draw.randrange(1000)}"}} | _notify(draw, 0.8)


def _metabase(draw, number):
    return {"metabase": {"path": "SmtpSvc/1", "properties": {"ServerComment": f"no {draw.randrange(1000)}"}}}


def _notify(draw, chance):
    return {"notify": "again"} if draw.random() < chance else {}
