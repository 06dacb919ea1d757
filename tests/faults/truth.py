"""What the lab's hosts really hold, told without any code of the product, and what a document says of it."""

from urllib.parse import unquote

from remediators.lab.ios_device import Device

NUMBERS = {
    0: "REG_NONE",
    1: "REG_SZ",
    2: "REG_EXPAND_SZ",
    3: "REG_BINARY",
    4: "REG_DWORD",
    7: "REG_MULTI_SZ",
    11: "REG_QWORD",
}
STATES = {1: "stopped", 4: "running", 7: "paused"}
MODES = {0: "boot", 1: "system", 2: "auto", 3: "manual", 4: "disabled"}
SERVICES = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services"


def value(machine, resource):
    """What is there at an address of a document, as a document would say it."""
    kind, _, rest = resource.partition(":")
    return {"registry": _registry, "registry-key": _key, "service": _service, "metabase": _metabase, "config": _config}[
        kind
    ](machine, rest)


def _full(path):
    return unquote(path).replace("HKLM\\", "HKEY_LOCAL_MACHINE\\", 1)


def _key(machine, rest):
    return "present" if machine.registry.has(_full(rest)) else None


def _registry(machine, rest):
    key, _, name = rest.rpartition(":")
    name = unquote(name)
    found = machine.registry.get(_full(key), "" if name == "(Default)" else name)
    if found is None:
        return None
    type_ = NUMBERS[found.type]
    return {"type": type_, "data": _data(type_, found.raw)}


def _data(type_, raw):
    if type_ in ("REG_DWORD", "REG_QWORD"):
        return int.from_bytes(raw, "little")
    if type_ in ("REG_SZ", "REG_EXPAND_SZ"):
        return raw.decode("utf-16-le").removesuffix("\0")
    if type_ == "REG_MULTI_SZ":
        return raw.decode("utf-16-le").removesuffix("\0").split("\0")[:-1]
    return raw.hex()


def _service(machine, rest):
    name, _, aspect = rest.partition("#")
    service = machine.services.find(name)
    if aspect == "start_mode":
        return MODES[machine.services.start_number(service)]
    return STATES[machine.services.look(service)]


def _metabase(machine, rest):
    path, _, name = unquote(rest).rpartition("/")
    node = machine.metabase.node(path)
    return machine.metabase.state().get(path, {}).get(name) if node else None


def _config(machine, rest):
    at = machine.spaces[""].running
    for line in map(unquote, rest.split(" > ")):
        at = at and at.child(line)
    return "present" if at is not None else None


def everything(machine):
    """A host as a flat table from places to values, for comparison."""
    if isinstance(machine, Device):
        return dict.fromkeys(sorted(machine.running().splitlines()), "present")
    state = machine.state()
    flat = {("key", key): "present" for key in state["registry"]}
    flat |= {("value", key, name): raw for key, values in state["registry"].items() for name, raw in values.items()}
    flat |= {("service", name): number for name, number in state["services"].items()}
    flat |= {("metabase", path, name): v for path, found in state["metabase"].items() for name, v in found.items()}
    return flat | {("file", name): content for name, content in state["files"]["files"].items()}


def differing(one, other):
    """The places where two tables differ."""
    return {place for place in {*one, *other} if one.get(place) != other.get(place)}


def places(resource):
    """The place of an address in a table."""
    kind, _, rest = resource.partition(":")
    if kind == "registry-key":
        return {("key", _full(rest))}
    if kind == "registry":
        key, _, name = rest.rpartition(":")
        name = unquote(name)
        return {("value", _full(key), "" if name == "(Default)" else name)}
    if kind == "service":
        name, _, aspect = rest.partition("#")
        return {("value", f"{SERVICES}\\{name}", "Start")} if aspect == "start_mode" else {("service", name)}
    if kind == "metabase":
        path, _, name = unquote(rest).rpartition("/")
        return {("metabase", path, name)}
    return set()


class Spans:
    """The changes of one host of a run document, by address: first before, last after, and what was said last."""

    def __init__(self, host):
        self.values = {}  # address -> every value that it was planned to have, in order
        self.word = {}
        self.stands = {}  # address -> the values that the last word leaves possible
        for item in host["items"]:
            if item["outcome"] != "change":
                continue
            for change in item["changes"]:
                self._enter(change)

    def _enter(self, change):
        at, before, after = change["resource"], change["before"], change["after"]
        values = self.values.setdefault(at, [before])
        values.append(after)
        word = change.get("result", "not_started")
        if word == "not_started":
            self.word.setdefault(at, word)
            self.stands.setdefault(at, [before])
            return
        self.word[at] = word
        possible = {"verified": [after], "reverted": [before, values[0]], "unknown": [before, after, values[0]]}
        self.stands[at] = possible.get(word)  # failed: anything but what was wanted


def lies(document, machines, touched=(), *, cut_short=False):
    """
    Every place where a run document says what is not so, one line each.

    ``touched`` are (host, address) pairs that something else has changed, of which the document cannot know. In a run
    that was ``cut_short`` a host may be changed in part.
    """
    found = []
    for host in document["hosts"]:
        machine, spans = machines[host["name"]], Spans(host)
        for address, word in spans.word.items():
            if (host["name"], address) in touched or (host["name"], "*") in touched:
                continue
            now, possible = value(machine, address), spans.stands[address]
            wrong = now not in possible if possible is not None else now == spans.values[address][-1]
            if wrong and not (word == "not_started" and now == spans.values[address][-1]):
                found.append(
                    f"{host['name']} {address} is said to be {word}, and is {now!r}; planned {spans.values[address]}"
                )
        found += _status_lies(host, spans, cut_short=cut_short)
    return found


def _status_lies(host, spans, *, cut_short):
    words = set(spans.word.values())
    allowed = {
        "changed": {"verified", "not_started"} if cut_short else {"verified"},
        "ok": {"verified", "not_started"},
        "not_started": {"not_started", "reverted"},  # begun, and found by `recover` as it was
        "reverted": {"reverted", "not_started"},
    }.get(host["status"], words)
    return [f"{host['name']} is said to be {host['status']}, with {sorted(words)}"] if words - allowed else []


def strays(document, before, machines):
    """Places that differ from before, and that no change of the document names."""
    found = []
    for host in document["hosts"]:
        named = {place for item in host["items"] for change in item["changes"] for place in places(change["resource"])}
        for action in (word for item in host["items"] for word in item["actions"]):
            named |= places(action.split(" ")[0] + "#state")
        if isinstance(machines[host["name"]], Device):
            continue
        now = everything(machines[host["name"]])
        found += [f"{host['name']} {place}" for place in differing(before[host["name"]], now) - named]
    return found
