"""Profiles: data about vendors' products, where every datum says where it is from and whether it is verified."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remediators.language.problems import Problems, did_you_mean, kind_of
from remediators.language.source import Place, YamlDocument, read_yaml

TOP = ("profile", "product", "for", "detect", "managed", "settings", "services", "notes")
SECTIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "detect": (("key",), ("value",)),
    "managed": (("key",), ("value",)),
    "settings": (("key", "name", "type", "disabled", "enabled"), ("view",)),
    "services": (("name",), ("restart",)),
}
TYPES = ("sz", "expand_sz", "multi_sz", "dword", "qword", "binary", "none")
VIEWS = ("native", "32", "64")
_HIVES = ("HKLM\\", "HKU\\", "HKCR\\", "HKCC\\", "HKEY_LOCAL_MACHINE\\", "HKEY_USERS\\", "HKEY_CLASSES_ROOT\\")
ALWAYS = ("source", "verified")


@dataclass(frozen=True, slots=True)
class Profile:
    """
    One product. Each entry of ``detect managed settings services`` is a mapping with ``source`` and ``verified``.

    ``path`` is the file, for messages about what is missing in it.
    """

    name: str
    product: str
    remediators: tuple[str, ...]
    detect: tuple[Mapping[str, Any], ...] = ()
    managed: tuple[Mapping[str, Any], ...] = ()
    settings: tuple[Mapping[str, Any], ...] = ()
    services: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    path: str = ""
    root: Place | None = field(default=None, repr=False, compare=False)


def load_profiles(
    directories: Sequence[str | os.PathLike[str]], *, problems: Problems | None = None
) -> dict[str, Profile]:
    """
    Profiles by name; a later directory overrides an earlier one, and one that is not there has none.

    Raises `LanguageError` with everything that is wrong, or adds to ``problems`` where that is given.
    """
    found = Problems() if problems is None else problems
    profiles: dict[str, Profile] = {}
    for directory in directories:
        here = [profile for path in _files(Path(directory)) if (profile := _profile(path, found)) is not None]
        for profile in here:
            twin = next((other for other in here if other.name == profile.name and other is not profile), None)
            if twin is not None and profile.root is not None:
                place = profile.root.at("profile")
                found.add(place.problem("", f"the profile {profile.name!r} is in {twin.path} too"))
            profiles[profile.name] = profile
    if problems is None:
        found.raise_if_any()
    return profiles


def check_profile(path: str | os.PathLike[str]) -> None:
    """Raises `LanguageError` with everything that is wrong with one profile."""
    problems = Problems()
    _profile(Path(path), problems)
    problems.raise_if_any()


def is_profile(path: str | os.PathLike[str]) -> bool:
    """Whether a file is meant as a profile: a mapping that begins to say which."""
    document = read_yaml(path, Problems(), templates=False)
    return document is not None and isinstance(document.value, dict) and "profile" in document.value


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if path.suffix in (".yml", ".yaml") and path.name[0] != ".")


def _profile(path: Path, problems: Problems) -> Profile | None:
    document = read_yaml(path, problems, templates=False)
    return None if document is None else _Reader(document, problems).profile()


class _Reader:
    """One walk over one profile."""

    def __init__(self, document: YamlDocument, problems: Problems) -> None:
        self.document = document
        self.problems = problems
        self.root = Place(document)

    def profile(self) -> Profile | None:
        body = self.document.value
        if not isinstance(body, dict):
            self.problems.add(self.root.problem("", f"a profile is a mapping, and this is {kind_of(body)}"))
            return None
        name = str(body.get("profile", ""))
        where = f"profile {name!r}" if name else "profile"
        self._keys(body, self.root, where, TOP, ("profile", "product", "for"))
        sections = {key: tuple(self._entries(body, key, where)) for key in SECTIONS}
        return Profile(
            name=name,
            product=str(body.get("product", "")),
            remediators=tuple(self._texts(body, "for", where)),
            notes=tuple(self._texts(body, "notes", where)),
            path=self.document.file,
            root=self.root,
            **sections,
        )

    def _keys(
        self, body: Mapping[str, Any], place: Place, where: str, known: Sequence[str], needed: Sequence[str]
    ) -> None:
        for key in body:
            if key not in known:
                hint = did_you_mean(key, known) or f"keys are {', '.join(known)}"
                self.problems.add(place.at(key).key.problem(where, f"unknown key {key!r}", hint))
        for key in needed:
            if body.get(key) is None:
                self.problems.add(place.problem(where, f"{key!r} is missing"))

    def _texts(self, body: Mapping[str, Any], key: str, where: str) -> Iterator[str]:
        value = body.get(key)
        if value is None:
            return
        for number, text in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(text, str):
                yield text
            else:
                place = self.root.at(key, number) if isinstance(value, list) else self.root.at(key)
                self.problems.add(place.problem(where, f"{key} must be text, not {kind_of(text)}"))

    def _entries(self, body: Mapping[str, Any], section: str, where: str) -> Iterator[Mapping[str, Any]]:
        entries = body.get(section)
        if entries is None:
            return
        if not isinstance(entries, list):
            what = f"{section} must be a list, not {kind_of(entries)}"
            self.problems.add(self.root.at(section).problem(where, what))
            return
        for number, entry in enumerate(entries):
            place = self.root.at(section, number)
            if isinstance(entry, dict):
                self._entry(entry, section, place, f"{where}, {section} {number + 1}")
                yield entry
            else:
                self.problems.add(place.problem(where, f"an entry of {section} is a mapping, not {kind_of(entry)}"))

    def _entry(self, entry: Mapping[str, Any], section: str, place: Place, where: str) -> None:
        needed, optional = SECTIONS[section]
        self._keys(entry, place, where, (*needed, *optional, *ALWAYS), ())
        for key in (*needed, *ALWAYS):
            if key not in entry:
                self.problems.add(place.problem(where, f"{key!r} is missing"))
        for key in ("key", "name", "source"):
            if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
                self.problems.add(place.at(key).problem(where, f"{key} must be text, not {kind_of(entry[key])}"))
        for key in ("verified", "restart"):
            if key in entry and not isinstance(entry[key], bool):
                self.problems.add(place.at(key).problem(where, f"{key} must be true or false"))
        self._word(entry, "type", TYPES, place, where)
        self._word(entry, "view", VIEWS, place, where)
        self._hive(entry, place, where)

    def _word(self, entry: Mapping[str, Any], key: str, known: Sequence[str], place: Place, where: str) -> None:
        word = str(entry.get(key, known[0])).lower().removeprefix("reg_")
        if word not in known:
            hint = did_you_mean(word, known)
            self.problems.add(place.at(key).problem(where, f"{key} must be one of {', '.join(known)}", hint))

    def _hive(self, entry: Mapping[str, Any], place: Place, where: str) -> None:
        key = entry.get("key")
        if isinstance(key, str) and not key.upper().startswith(_HIVES):
            hint = (
                "HKCU is another one for every user: use HKU\\SID"
                if key.upper().startswith(("HKCU", "HKEY_CURRENT_USER"))
                else "begin it with HKLM\\"
            )
            self.problems.add(place.at("key").problem(where, "this is no registry key", hint))
