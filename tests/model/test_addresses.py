from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.model import Address, decode, encode, is_below

KINDS = st.sampled_from(["registry", "registry@32", "registry-key", "service", "metabase", "file", "config", "command"])
PATHS = st.text(st.characters(), min_size=1)
TRICKY = st.text(st.sampled_from(" >%:#\\3EAe25"), min_size=1)


@given(name=PATHS | TRICKY)
def test_any_name_comes_back_from_its_encoded_form(name):
    assert decode(encode(name)) == name


@given(name=PATHS | TRICKY)
def test_an_encoded_name_holds_nothing_that_has_a_meaning_in_an_address(name):
    coded = encode(name)

    assert ":" not in coded
    assert "#" not in coded
    assert " > " not in coded


@given(left=TRICKY, right=TRICKY)
def test_two_names_never_have_the_same_encoded_form(left, right):
    assert (encode(left) == encode(right)) == (left == right)


@given(kind=KINDS, path=PATHS)
def test_an_address_comes_back_from_its_text(kind, path):
    address = Address(kind, path)

    assert Address.parse(str(address)) == address
    assert Address.parse(str(address)).path == path


@given(path=PATHS, other=PATHS)
def test_equal_addresses_have_equal_hashes_and_order_is_strict(path, other):
    one, two = Address("registry", path), Address("registry", other)

    assert (one == two) == (not one < two and not two < one)
    assert one != two or hash(one) == hash(two)


def test_names_that_a_registry_keeps_apart_are_not_one():
    for left, right in (
        ("stra\u00dfe", "STRASSE"),
        ("\u0131", "I"),
        ("\u017f", "S"),
        ("\ufb01", "FI"),
        ("\u0149", "\u02bcN"),
    ):
        assert Address("registry", left) != Address("registry", right)


def test_names_that_differ_in_case_only_are_one():
    for left, right in (
        ("abc", "ABC"),
        ("\u00e4\u00f6", "\u00c4\u00d6"),
        ("\u0436", "\u0416"),
        ("x\u00e9\u00df", "X\u00c9\u00df"),
    ):
        assert Address("registry", left) == Address("registry", right)


@settings(max_examples=50)
@given(path=PATHS)
def test_an_address_is_inside_itself_and_inside_nothing_longer(path):
    address = Address("registry-key", path)

    assert is_below(address, address)
    assert not is_below(address, Address("registry-key", path + "\\x"))
    assert is_below(Address("registry-key", path + "\\x"), address)
