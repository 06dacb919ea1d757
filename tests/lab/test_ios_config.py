"""Configurations of devices: parsed, printed, and edited as IOS, ASA and PIX do it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.lab.ios_device import build
from remediators.lab.ios_editor import Editor, vocabulary
from remediators.lab.ios_grammar import Rejected, grammar
from remediators.lab.ios_terminal import piped
from remediators.lab.ios_tree import parse, text_of

CONFIGS = Path(__file__).parent / "configs"
PLATFORMS = {"asa8": "asa", "asa-objects": "asa", "asa9": "asa", "context": "asa", "pix63": "pix"}
ALL = sorted(path.stem for path in CONFIGS.glob("*.cfg"))


def read(name):
    return (CONFIGS / f"{name}.cfg").read_text(encoding="utf-8")


def editor(name):
    root = parse(read(name))
    platform = PLATFORMS.get(name, "ios")
    return root, Editor(platform, lambda: root, vocabulary(platform, root))


def typed(edits, *lines):
    return [edits.type(line) for line in lines]


def shown(root, depth=0):
    """The lines of a tree, without what banners say."""
    return [line for node in root.children for line in (" " * depth + node.line, *shown(node, depth + 1))]


def difference(root, name):
    """Lines that are gone, and lines that are new."""
    before, after = shown(parse(read(name))), shown(root)
    return [line for line in before if line not in after], [line for line in after if line not in before]


@pytest.mark.parametrize("name", ALL)
def test_a_configuration_is_printed_as_it_was_read(name):
    heads = (":", "Building", "Current", "! Last", "! NVRAM", "Cryptochecksum")
    body = [line.rstrip() for line in read(name).splitlines() if line.strip() and not line.startswith(heads)]
    while body[0] == "!":
        del body[0]
    if body[-1] == "end":
        del body[-1]

    assert text_of(parse(read(name))).splitlines() == body


@pytest.mark.parametrize("name", ALL)
def test_typing_a_configuration_into_itself_changes_nothing(name):
    root, edits = editor(name)
    before = text_of(root)

    def again(node):
        for child in list(node.children):
            if not child.tail and child.line.split()[0] not in ("certificate", "exit-address-family", "ASA", "PIX"):
                sections = list(edits.sections)
                edits.type(child.line)
                again(child)
                edits.sections = sections

    again(root)

    assert text_of(root) == before


@pytest.mark.parametrize(
    ("name", "lines", "gone", "new"),
    [
        ("branch", ["no ip inspect name MAIL smtp"], ["ip inspect name MAIL smtp"], []),
        (
            "branch",
            ["no ip inspect name MAIL-OUT smtp"],
            ["ip inspect name MAIL-OUT smtp timeout 3600 audit-trail on alert off"],
            [],
        ),
        ("decoys", ["no ip inspect name ONLY"], ["ip inspect name ONLY smtp"], []),
        (
            "branch",
            ["ip inspect name MAIL2 esmtp timeout 5"],
            ["ip inspect name MAIL2 esmtp max-data 20000000 alert on"],
            ["ip inspect name MAIL2 esmtp timeout 5"],
        ),
        ("branch", ["int di1", "no ip inspect MAIL-OUT out"], [], []),
        ("old-router", ["interface Ethernet0", "no ip insp ethernetin in"], [" ip inspect ethernetin in"], []),
        ("old-router", ["interface Ethernet0", "no ip inspect ethernet in"], [], []),
        (
            "old-router",
            ["interface Ethernet0", "ip inspect ethernet in"],
            [" ip inspect ethernetin in"],
            [" ip inspect ethernet in"],
        ),
        ("edge-xe", ["ip access-list extended OUTSIDE", "no 20"], [" 20 permit icmp any any"], []),
        ("edge-xe", ["ip access-list extended OUTSIDE", "15 permit udp any any"], [], [" 15 permit udp any any"]),
        ("branch", ["no ip domain lookup", "ip domain lookup"], ["no ip domain lookup"], []),
        ("branch", ["ip http server"], ["no ip http server"], ["ip http server"]),
        (
            "asa8",
            ["policy-map inbound_policy", "class smtp_port", "no inspect esmtp MAILMAP"],
            ["  inspect esmtp MAILMAP"],
            [],
        ),
        ("asa8", ["policy-map global_policy", "class inspection_default", "no inspect esmtp"], ["  inspect esmtp"], []),
        ("pix63", ["no fixup protocol smtp 25"], ["fixup protocol smtp 25"], ["no fixup protocol smtp 25"]),
        ("pix63", ["no fixup protocol smtp 2525-2530"], ["fixup protocol smtp 2525-2530"], []),
        ("pix63", ["fixup protocol sip 5060"], ["no fixup protocol sip 5060"], ["fixup protocol sip 5060"]),
    ],
)
def test_a_line_changes_what_it_names_and_nothing_else(name, lines, gone, new):
    root, edits = editor(name)
    typed(edits, *lines)

    assert difference(root, name) == (gone, new)


def test_the_bare_negation_removes_inspection_altogether():
    root, edits = editor("decoys")
    typed(edits, "no ip inspect")

    assert [line for line in text_of(root).splitlines() if line.lstrip().startswith("ip inspect")] == [
        "ip inspect log drop-pkt"
    ][:0]


def test_numbered_lists_keep_their_order_when_edited_by_sequence_number():
    root, edits = editor("branch")
    before = text_of(root)
    typed(edits, "ip access-list extended 111", "no permit tcp any host 192.0.2.25 eq smtp")
    assert "192.0.2.25 eq smtp" not in text_of(root)
    typed(edits, "30 permit tcp any host 192.0.2.25 eq smtp")

    assert text_of(root) == before


def test_the_old_negation_of_a_numbered_list_removes_all_of_it():
    root, edits = editor("old-router")
    typed(edits, "no access-list 111 deny ip any any")

    assert "access-list 111" not in text_of(root)


def test_an_asa_list_is_edited_by_line_number():
    root, edits = editor("asa8")
    before = text_of(root)
    typed(edits, "no access-list OUTSIDE extended permit tcp any host 198.51.100.25 eq smtp")
    typed(edits, "access-list OUTSIDE line 1 extended permit tcp any host 198.51.100.25 eq smtp")

    assert text_of(root) == before


def test_a_section_that_is_removed_and_made_again_is_the_same():
    root, edits = editor("asa9")
    before = text_of(root)
    typed(edits, "policy-map global_policy", "no class DMZ-MAIL", "class DMZ-MAIL", "inspect esmtp")

    assert text_of(root) == before


def test_an_asa_does_not_take_a_second_inspection_of_the_same_kind():
    root, edits = editor("asa8")
    before = text_of(root)
    said = typed(edits, "policy-map global_policy", "class inspection_default", "inspect esmtp MAILMAP")

    assert "first remove" in said[-1]
    assert text_of(root) == before


@pytest.mark.parametrize(
    ("line", "wrong", "column"),
    [
        ("ip inspct name MAIL smtp", "invalid", 3),
        ("no ip inspect name MAIL simtp", "invalid", 24),
        ("ip inspect name MAIL", "incomplete", 20),
        ("interface", "incomplete", 9),
        ("i", "ambiguous", 0),
        ("interface FastEthernet9/9", "invalid", 10),
        ("no interface FastEthernet0/0", "invalid", 0),
    ],
)
def test_a_wrong_line_is_rejected_where_it_is_wrong(line, wrong, column):
    root, edits = editor("branch")
    with pytest.raises(Rejected) as rejected:
        edits.type(line)

    assert (rejected.value.wrong, rejected.value.column) == (wrong, column)
    assert text_of(root) == text_of(parse(read("branch")))


@pytest.mark.parametrize("name", ["branch", "old-router", "edge-xe", "decoys"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_inspection_lines_taken_out_and_put_back_are_the_same_set(name, data):
    root, edits = editor(name)
    lines = [node.line for node in root.children if node.line.startswith("ip inspect name ")]
    chosen = data.draw(st.lists(st.sampled_from(lines), unique=True))
    typed(edits, *(f"no {' '.join(line.split()[:5])}" for line in chosen))
    assert difference(root, name) == ([line for line in lines if line in chosen], [])
    typed(edits, *chosen)

    assert sorted(text_of(root)) == sorted(text_of(parse(read(name))))


@given(st.text(alphabet="ab -*|", max_size=12))
def test_any_words_are_understood_or_rejected(line):
    words = grammar(["ab * **", "a b", "- #"])
    try:
        said = words.understand(line)
    except Rejected:
        return
    assert words.understand(said) == said


def test_filters_of_shown_text():
    text = "a\n b\n  c\nd\n b2\ne"

    assert piped(text, " include b") == [" b", " b2"]
    assert piped(text, "sec d") == ["d", " b2"]
    assert piped(text, "begin d") == ["d", " b2", "e"]
    assert piped(text, "exclude b") == ["a", "  c", "d", "e"]
    with pytest.raises(ValueError):
        piped(text, "frobnicate x")


def test_what_no_device_knows_is_refused():
    with pytest.raises(ValueError, match="colour"):
        build("r1", {"config": "hostname r1\n", "colour": "red"})
    with pytest.raises(ValueError, match="nexus"):
        build("r1", {"config": "hostname r1\n", "device": "nexus"})
