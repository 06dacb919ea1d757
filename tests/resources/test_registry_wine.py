"""The registry against Wine's cmd and reg.exe, which we did not write: by CreateProcess, and behind a real sshd."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from remediators.engine.reading import read_all
from remediators.model import Change, Snapshot
from remediators.resources import host, registry
from remediators.transports.base import open_channel
from remediators.transports.settings import settings_of
from tests.resources.registry_cases import BASE, KEYS, VALUES, look, of, put, session, there_and_back, values, wanted

pytest_plugins = ["tests.wine_host"]

SANDBOX = r"HKLM\SOFTWARE\Sandbox"


def test_every_type_is_written_read_back_the_same_and_removed_again(wine_channel):
    there_and_back(session(wine_channel))


def test_every_type_goes_there_and_back_behind_openssh(wine_sshd):
    channel = open_channel("wine", settings_of("wine", wine_sshd.variables()), 20)
    host_ = session(channel)
    try:
        there_and_back(host_)
    finally:
        host_.close()


def test_a_whole_key_is_read_with_all_that_is_in_it_and_removed_and_comes_back(wine_channel):
    host_ = session(wine_channel)
    changes = wanted()
    put(host_, changes, look(host_, [change.address for change in changes]))
    known = read_all(host_, Snapshot(), lambda known: registry.read_tree(registry.key(BASE), known))
    inside = registry.contents(registry.key(BASE), known)
    assert {address: known[address] for address in inside if address in VALUES} == VALUES
    gone = [Change(address, known[address], None) for address in [*inside, registry.key(BASE)]]
    known = put(host_, gone, known)
    assert known[registry.key(BASE)] is None
    known = put(host_, [change.inverse() for change in gone], known)
    assert values(known, VALUES) == {str(address): value for address, value in VALUES.items()}
    put(host_, [Change(key, "present", None) for key in KEYS], known)


def test_the_32_bit_view_is_another_registry(wine_channel):
    host_ = session(wine_channel)
    key = registry.key(SANDBOX, "32")
    native, narrow = (registry.value(SANDBOX, "multi", view) for view in ("native", "32"))
    known = look(host_, [native, narrow, key])
    known = put(host_, [Change(key, None, "present"), Change(narrow, None, of("multi_sz", ["a", ""]))], known)
    known = look(host_, [native, narrow], known)
    assert (known[native], known[narrow]) == (None, of("multi_sz", ["a", ""]))
    wow = look(host_, [registry.value(r"HKLM\SOFTWARE\Wow6432Node\Sandbox", "multi")])
    assert wow[registry.value(r"HKLM\SOFTWARE\Wow6432Node\Sandbox", "multi")] == of("multi_sz", ["a", ""])
    put(host_, [Change(key, "present", None)], known)


def test_what_is_not_there_is_absent_up_to_the_hive(wine_channel):
    deep = registry.value(r"HKU\.DEFAULT\No\Such\Key", "/v")
    known = look(session(wine_channel), [deep, registry.value(r"HKLM\SOFTWARE\Microsoft", "-no")])
    assert known[deep] is None
    assert known[registry.key(r"HKU\.DEFAULT\No")] is None
    assert known[registry.key(r"HKU\.DEFAULT")] == "present"
    assert known[registry.value(r"HKLM\SOFTWARE\Microsoft", "-no")] is None


def test_text_that_the_code_page_cannot_carry_is_doubted(wine_channel):
    address = registry.value(SANDBOX, "text")
    wine_channel.wine.run('reg.exe add HKLM\\SOFTWARE\\Sandbox /v text /d "\u65e5\u672c" /f')
    known = look(session(wine_channel), [address])
    assert "may have been expanded when it was shown" in known.doubts[address]
    wine_channel.wine.run("reg.exe delete HKLM\\SOFTWARE\\Sandbox /f")


def test_the_host_says_what_it_is(wine_channel):
    known = read_all(session(wine_channel), Snapshot(), lambda known: [host.query()])
    assert host.version(known) >= (6, 1)
    assert known[host.ARCHITECTURE] == "amd64"
    assert host.refuse(known) is None


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
# A question mark in a name cannot be told from a character that the code page lost.
NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="?"), min_size=1, max_size=20
).filter(lambda name: name.upper() != "(DEFAULT)")
ANY_VALUE = st.one_of(
    PRINTABLE.map(lambda text: of("sz", text)),
    st.text(st.characters(max_codepoint=126, exclude_characters="\0"), max_size=30).map(lambda t: of("expand_sz", t)),
    st.lists(PRINTABLE, max_size=4).map(lambda texts: of("multi_sz", texts)),
    st.integers(-(2**31), 2**32 - 1).map(lambda number: of("dword", number)),
    st.integers(-(2**63), 2**64 - 1).map(lambda number: of("qword", number)),
    st.binary(max_size=300).map(lambda data: of("binary", data.hex())),
    st.binary(max_size=30).map(lambda data: of("none", data.hex())),
)


@settings(
    max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(NAMES, ANY_VALUE, min_size=5, max_size=12))
def test_writing_and_reading_any_values_is_identity(wine_channel, given_values):
    host_ = session(wine_channel)
    key = registry.key(SANDBOX + r"\Any")
    changes = [Change(key, None, "present")]
    for name, value in given_values.items():
        address = registry.value(SANDBOX + r"\Any", name)
        if address not in [change.address for change in changes]:
            changes.append(Change(address, None, value))
    known = look(host_, [change.address for change in changes])
    known = put(host_, changes, known)
    found = {str(change.address): known[change.address] for change in changes}
    put(host_, [Change(key, "present", None)], known)
    assert found == {str(change.address): change.after for change in changes}
