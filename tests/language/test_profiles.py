"""Profiles: data with a source, or an error."""

# ruff: noqa: E501  messages stand on one line, as users see them

from __future__ import annotations

import pytest

from remediators.language import LanguageError, load_profiles

GOOD = """
profile: acme
product: ACME Mail Security
for: av_email_scanner
detect:
  - {key: 'HKLM\\SOFTWARE\\ACME', value: Version, source: vendor's manual, verified: true}
managed:
  - {key: 'HKLM\\SOFTWARE\\ACME', value: Parent, source: vendor's manual, verified: false}
settings:
  - {key: 'HKLM\\SOFTWARE\\ACME', name: Scan, type: dword, disabled: 0, enabled: 1, view: 32, source: manual, verified: true}
services:
  - {name: ACMESVC, restart: true, source: manual, verified: true}
notes: [restart needed]
"""


def test_a_profile_is_read_whole(write):
    write.put("profiles/acme.yml", GOOD)
    profile = load_profiles(["profiles", "gone"])["acme"]
    assert (profile.product, profile.remediators, profile.notes) == (
        "ACME Mail Security",
        ("av_email_scanner",),
        ("restart needed",),
    )
    assert profile.settings[0]["disabled"] == 0
    assert profile.managed[0]["verified"] is False
    assert profile.path == "profiles/acme.yml"


def test_a_later_directory_overrides_by_name(write):
    write.put("a/acme.yml", GOOD)
    write.put("b/x.yml", GOOD.replace("ACME Mail Security", "Ours"))
    assert load_profiles(["a", "b"])["acme"].product == "Ours"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("source: vendor's manual, verified: true", "verified: true"),
            "5:5: profile 'acme', detect 1: 'source' is missing",
        ),
        (
            ("restart: true, source: manual, verified: true", "source: manual"),
            "11:5: profile 'acme', services 1: 'verified' is missing",
        ),
        (
            ("restart: true, source: manual, verified: true", "source: manual, verified: yes"),
            "11:47: profile 'acme', services 1: verified must be true or false",
        ),
        (
            ("type: dword", "type: dwrd"),
            "9:51: profile 'acme', settings 1: type must be one of sz, expand_sz, multi_sz, dword, qword, binary, none (did you mean 'dword'?)",
        ),
        (("view: 32", "view: 16"), "9:89: profile 'acme', settings 1: view must be one of native, 32, 64"),
        (("name: Scan, ", ""), "9:5: profile 'acme', settings 1: 'name' is missing"),
        (("managed:", "manged:"), "6:1: profile 'acme': unknown key 'manged' (did you mean 'managed'?)"),
        (("product: ACME Mail Security\n", ""), "1:1: profile 'acme': 'product' is missing"),
        (
            ("'HKLM\\SOFTWARE\\ACME', value: Version", "'HKCU\\X', value: Version"),
            "5:11: profile 'acme', detect 1: this is no registry key (HKCU is another one for every user: use HKU\\SID)",
        ),
        (("notes: [restart needed]", "notes: [1]"), "12:9: profile 'acme': notes must be text, not a number"),
        (("for: av_email_scanner", "for: {}"), "3:6: profile 'acme': for must be text, not a mapping"),
    ],
)
def test_nonsense_is_an_error_with_its_place(write, change, message):
    assert change[0] in GOOD
    write.put("profiles/acme.yml", GOOD.replace(*change))
    with pytest.raises(LanguageError) as caught:
        load_profiles(["profiles"])
    assert caught.value.message.splitlines()[0] == f"profiles/acme.yml:{message}"


def test_two_profiles_of_one_name_in_one_directory_are_an_error(write):
    write.put("profiles/a.yml", GOOD)
    write.put("profiles/b.yml", GOOD)
    with pytest.raises(LanguageError, match=r"the profile .acme. is in profiles/a\.yml too"):
        load_profiles(["profiles"])
