"""The filters and tests that users of Ansible reach for, under the same names and with the same arguments."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import ntpath
import operator
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jinja2
import jinja2.filters
import yaml

from remediators.language.natives import LONGEST, OMIT, WIDEST, TemplateFault, pads_too_far
from remediators.language.problems import Problems, kind_of
from remediators.language.rarer_filters import RARER
from remediators.language.regexes import Regex, compiled
from remediators.language.results import Missing, plain
from remediators.language.source import parse_yaml
from remediators.language.work import measure, spend

_YES = frozenset({"yes", "on", "1", "true", "y", "t"})
_NO = frozenset({"no", "off", "0", "false", "n", "f", ""})


def to_bool(value: Any) -> bool:
    """``yes on 1 true`` and their opposites, in any case. Anything else is a mistake, not false."""
    if value is None or isinstance(value, bool):
        return bool(value)
    word = str(value).strip().lower()
    if word in ("1.0", "0.0"):
        return word == "1.0"
    if word not in _YES | _NO:
        raise TemplateFault(f"{word!r} is neither true nor false")
    return word in _YES


def to_json(value: Any, *, ensure_ascii: bool = True, sort_keys: bool = False) -> str:
    return json.dumps(plain(value), ensure_ascii=ensure_ascii, sort_keys=sort_keys)


def to_nice_json(value: Any, indent: int = 4, *, sort_keys: bool = True, ensure_ascii: bool = True) -> str:
    return json.dumps(plain(value), indent=min(indent, 40), sort_keys=sort_keys, ensure_ascii=ensure_ascii)


def from_json(text: Any) -> Any:
    return json.loads(_text(text))


def to_yaml(value: Any, indent: int = 2, *, default_flow_style: bool | None = None) -> str:
    found: str = yaml.dump(
        plain(value),
        Dumper=yaml.CSafeDumper,
        indent=min(indent, 9),
        default_flow_style=default_flow_style,
        allow_unicode=True,
    )
    return found


def to_nice_yaml(value: Any, indent: int = 4) -> str:
    return to_yaml(value, indent, default_flow_style=False)


def from_yaml(text: Any) -> Any:
    problems = Problems()
    document = parse_yaml("from_yaml", _text(text), problems, templates=False)
    if document is None or problems.errors:
        raise TemplateFault("from_yaml: " + "; ".join(problem.what for problem in problems))
    return document.value


def regex_replace(
    value: Any,
    pattern: str = "",
    replacement: str = "",
    count: int = 0,
    *,
    ignorecase: bool = False,
    multiline: bool = False,
) -> str:
    found = _regex(pattern, ignorecase=ignorecase, multiline=multiline)
    return found.replaced(_text(value), _text(replacement), count)


def regex_search(value: Any, pattern: str, *groups: str, ignorecase: bool = False, multiline: bool = False) -> Any:
    r"""The text that matches, or the groups that are asked for as ``\\1`` or ``\\g<name>``; no match gives none."""
    found = _regex(pattern, ignorecase=ignorecase, multiline=multiline).search(_text(value))
    if found is None:
        return None
    return [found.group(_group(name)) for name in groups] if groups else found.group()


def _group(name: str) -> int | str:
    named = re.fullmatch(r"\\g<(\S+)>", name)
    numbered = re.fullmatch(r"\\(\d+)", name)
    if named:
        return named[1]
    if numbered:
        return int(numbered[1])
    raise TemplateFault(f"{name!r} is no group of a regular expression", r"write \\1 or \\g<name>")


def regex_findall(value: Any, pattern: str, *, ignorecase: bool = False, multiline: bool = False) -> list[Any]:
    return _regex(pattern, ignorecase=ignorecase, multiline=multiline).findall(_text(value))


def regex_escape(value: Any) -> str:
    return re.escape(_text(value))


def _regex(pattern: Any, *, ignorecase: bool, multiline: bool) -> Regex:
    return compiled(_text(pattern), ignorecase=ignorecase, multiline=multiline)


def ternary(value: Any, if_true: Any, if_false: Any, if_none: Any = None) -> Any:
    if value is None and if_none is not None:
        return if_none
    return if_true if value else if_false


def combine(*mappings: Any, recursive: bool = False, list_merge: str = "replace") -> dict[str, Any]:
    """Later mappings win; with ``recursive`` mappings inside are combined too."""
    result: dict[str, Any] = {}
    for mapping in _mappings(mappings):
        result = _combined(result, mapping, recursive=recursive, list_merge=list_merge)
    return result


def _mappings(values: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _mappings(value)
        elif isinstance(value, Mapping):
            yield value
        else:
            raise TemplateFault(f"combine takes mappings, and this is {kind_of(plain(value))}")


def _combined(low: Mapping[str, Any], high: Mapping[str, Any], *, recursive: bool, list_merge: str) -> dict[str, Any]:
    result = dict(low)
    for key, value in high.items():
        old = result.get(key)
        if recursive and isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = _combined(old, value, recursive=True, list_merge=list_merge)
        elif isinstance(old, list) and isinstance(value, list):
            result[key] = _merged_list(old, value, list_merge)
        else:
            result[key] = value
    return result


def _merged_list(low: list[Any], high: list[Any], list_merge: str) -> list[Any]:
    ways = {"replace": high, "keep": low, "append": low + high, "prepend": high + low}
    if list_merge not in ways:
        raise TemplateFault(f"combine knows no list_merge {list_merge!r}", "one of " + ", ".join(ways))
    return ways[list_merge]


def dict_to_items(mapping: Any, key_name: str = "key", value_name: str = "value") -> list[dict[str, Any]]:
    if not isinstance(mapping, Mapping):
        raise TemplateFault(f"dict2items takes a mapping, and this is {kind_of(plain(mapping))}")
    return [{key_name: key, value_name: value} for key, value in mapping.items()]


def items_to_dict(items: Any, key_name: str = "key", value_name: str = "value") -> dict[str, Any]:
    return {str(item[key_name]): item[value_name] for item in _sequence(items)}


def flatten(values: Any, levels: int | None = None, *, skip_nulls: bool = True) -> list[Any]:
    result: list[Any] = []
    for value in _sequence(values):
        if skip_nulls and value is None:
            continue
        if isinstance(value, list | tuple) and levels != 0:
            result += flatten(value, None if levels is None else levels - 1, skip_nulls=skip_nulls)
        else:
            result.append(value)
    return result


def unique(values: Any, *, case_sensitive: bool = True, attribute: str | None = None) -> list[Any]:
    """Each value once, in the order of its first place. Unlike Jinja's, upper and lower case differ, as in Ansible."""
    result: list[Any] = []
    seen = _Seen()
    for value in _sequence(values):
        sort = value[attribute] if attribute is not None else value
        sort = sort.lower() if isinstance(sort, str) and not case_sensitive else sort
        if sort not in seen:
            seen.add(sort)
            result.append(value)
    return result


class _Seen:
    """Values that were seen, by their hashes where they have one; those that have none are looked through."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._hashed: set[Any] = set()
        self._others: list[Any] = []
        for value in values:
            self.add(value)

    def add(self, value: Any) -> None:
        if isinstance(value, list | dict):
            self._others.append(value)
        else:
            self._hashed.add(value)

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, list | dict):
            return value in self._hashed
        spend(len(self._others))
        return value in self._others


def union(one: Any, other: Any) -> list[Any]:
    return unique([*_sequence(one), *_sequence(other)])


def intersect(one: Any, other: Any) -> list[Any]:
    right = _Seen(_sequence(other))
    return unique([value for value in _sequence(one) if value in right])


def difference(one: Any, other: Any) -> list[Any]:
    right = _Seen(_sequence(other))
    return unique([value for value in _sequence(one) if value not in right])


def symmetric_difference(one: Any, other: Any) -> list[Any]:
    return union(difference(one, other), difference(other, one))


def zipped(*lists: Any) -> list[list[Any]]:
    return [list(parts) for parts in zip(*map(_sequence, lists), strict=False)]


def zipped_longest(*lists: Any, fillvalue: Any = None) -> list[list[Any]]:
    return [list(parts) for parts in itertools.zip_longest(*map(_sequence, lists), fillvalue=fillvalue)]


def extract(key: Any, container: Any, more: Any = None) -> Any:
    steps = [key] if more is None else [key, *(_sequence(more) if isinstance(more, list | tuple) else [more])]
    for step in steps:
        container = container[step]
    return container


def mandatory(value: Any, message: str | None = None) -> Any:
    if isinstance(value, jinja2.Undefined):
        raise TemplateFault(message or f"{value._undefined_name!r} is mandatory and undefined")  # noqa: SLF001
    return value


def b64encode(value: Any, encoding: str = "utf-8") -> str:
    return base64.b64encode(_text(value).encode(encoding)).decode("ascii")


def b64decode(value: Any, encoding: str = "utf-8") -> str:
    return base64.b64decode(_text(value), validate=True).decode(encoding)


def split(value: Any, separator: str | None = None, most: int = -1) -> list[str]:
    return _text(value).split(separator, most)


def digest(value: Any, algorithm: str = "sha1") -> str:
    if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
        raise TemplateFault(f"there is no hash {algorithm!r}")
    return hashlib.new(algorithm, _text(value).encode(), usedforsecurity=False).hexdigest()


def type_debug(value: Any) -> str:
    return type(plain(value)).__name__


def _text(value: Any) -> str:
    measure(value)
    text = str(value)
    if len(text) > LONGEST:
        raise TemplateFault(f"is longer than {LONGEST} characters")
    return text


def _sequence(values: Any) -> Sequence[Any]:
    if isinstance(values, jinja2.Undefined):
        return list(values)  # raises, naming what is undefined
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise TemplateFault(f"takes a list, and this is {kind_of(plain(values))}")
    return values if isinstance(values, list | tuple) else list(values)


def _bounded(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja that pads, with a bound on how far."""

    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        numbers = [number for number in (*args, *kwargs.values()) if isinstance(number, int)]
        if any(abs(number) > WIDEST for number in numbers):
            raise TemplateFault("pads or repeats too far")
        return filter_(value, *args, **kwargs)

    return bounded


def formatted(text: Any, *args: Any, **kwargs: Any) -> str:
    """``'%02d' | format(7)``."""
    if args and kwargs:
        raise TemplateFault("format takes either positions or names, not both")
    pattern = _text(text)
    if pads_too_far(pattern):
        raise TemplateFault("this format pads too far")
    for value in (*args, *kwargs.values()):
        measure([value] * pattern.count("%") if isinstance(value, str) else value)
    return pattern % (kwargs or args)


def joined(values: Any, separator: Any = "", attribute: str | int | None = None) -> str:
    """The members of a list, or one attribute of each, as one text."""
    members = list(values)  # raises, naming what is undefined
    for step in str(attribute).split(".") if attribute is not None else ():
        members = [member[int(step) if isinstance(member, list | tuple) else step] for member in members]
    between = _text(separator)
    measure(members)
    spend(len(between) * len(members))
    return between.join(map(str, members))


def indented(value: Any, width: Any = 4, first: bool = False, blank: bool = False) -> str:
    """Every line but the first further in; ``width`` is columns, or the text to begin with."""
    text = _text(value)
    spend((len(str(width)) if isinstance(width, str) else int(width)) * (text.count("\n") + 1))
    done: str = _bounded(jinja2.filters.do_indent)(text, width, first, blank)
    return done


@jinja2.pass_environment
def wrapped(environment: Any, value: Any, width: int = 79, *args: Any, **kwargs: Any) -> str:
    """Jinja's, counted before it is made."""
    text, between = _text(value), str(kwargs.get("wrapstring") or (args[1] if len(args) > 1 else "\n"))
    spend(len(text) * len(between) if width < len(text) else 0)
    return jinja2.filters.do_wordwrap(environment, text, width, *args, **kwargs)


def replaced(value: Any, old: Any, new: Any, count: int = -1) -> str:
    text, word = _text(value), _text(new)
    if (len(text) + 1) * (len(word) + 1) > 100 * LONGEST:
        raise TemplateFault("replaces with too much text")
    return text.replace(_text(old), word, count)


# --- tests ---------------------------------------------------------------------------------------------------------

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(("==", "=", "eq"), operator.eq),
    **dict.fromkeys(("!=", "<>", "ne"), operator.ne),
    **dict.fromkeys(("<", "lt"), operator.lt),
    **dict.fromkeys(("<=", "le"), operator.le),
    **dict.fromkeys((">", "gt"), operator.gt),
    **dict.fromkeys((">=", "ge"), operator.ge),
}


def version(value: Any, other: Any, operator: str = "eq", **unsupported: Any) -> bool:
    """Compare as Ansible's loose versions: numbers as numbers, words as text, words before numbers."""
    if unsupported:
        raise TemplateFault(f"version does not support {', '.join(unsupported)}")
    if operator not in _OPERATORS:
        raise TemplateFault(f"version knows no operator {operator!r}", "one of " + ", ".join(_OPERATORS))
    return _OPERATORS[operator](_version(value), _version(other))


def _version(value: Any) -> list[tuple[int, int, str]]:
    text = _text(value)
    parts = re.findall(r"\d+|[a-zA-Z]+|[^\w.]+", text)
    if not parts:
        raise TemplateFault(f"{text!r} is no version")
    return [(1, int(part[:1000]), "") if part.isdecimal() else (0, 0, part) for part in parts]


def match(value: Any, pattern: str, *, ignorecase: bool = False, multiline: bool = False) -> bool:
    return bool(_regex(pattern, ignorecase=ignorecase, multiline=multiline).match(_text(value)))


def search(value: Any, pattern: str, *, ignorecase: bool = False, multiline: bool = False) -> bool:
    return bool(_regex(pattern, ignorecase=ignorecase, multiline=multiline).search(_text(value)))


def regex(
    value: Any, pattern: str, *, ignorecase: bool = False, multiline: bool = False, match_type: str = "search"
) -> bool:
    found = _regex(pattern, ignorecase=ignorecase, multiline=multiline)
    way = {"search": found.search, "match": found.match, "fullmatch": found.fullmatch}.get(match_type)
    if way is None:
        raise TemplateFault(f"regex knows no match_type {match_type!r}")
    return bool(way(_text(value)))


def contains(container: Any, value: Any) -> bool:
    return value in container


def subset(one: Any, other: Any) -> bool:
    right = _Seen(_sequence(other))
    return all(value in right for value in _sequence(one))


def superset(one: Any, other: Any) -> bool:
    return subset(other, one)


def truthy(value: Any, *, convert_bool: bool = False) -> bool:
    return to_bool(value) if convert_bool and not isinstance(value, list | dict) else bool(value)


def falsy(value: Any, *, convert_bool: bool = False) -> bool:
    return not truthy(value, convert_bool=convert_bool)


def is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def every(values: Any) -> bool:
    return all(_sequence(values))


def some(values: Any) -> bool:
    return any(_sequence(values))


def default(value: Any, instead: Any = "", boolean: Any = False) -> Any:
    """``instead`` where a value is undefined or `omit`, and with ``boolean`` also where it is empty."""
    if isinstance(value, Missing) or value is OMIT or (boolean and not value):
        return instead
    return value


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "bool": to_bool,
    "default": default,
    "d": default,
    "to_json": to_json,
    "tojson": to_json,
    "to_nice_json": to_nice_json,
    "from_json": from_json,
    "to_yaml": to_yaml,
    "to_nice_yaml": to_nice_yaml,
    "from_yaml": from_yaml,
    "regex_replace": regex_replace,
    "regex_search": regex_search,
    "regex_findall": regex_findall,
    "regex_escape": regex_escape,
    "ternary": ternary,
    "combine": combine,
    "dict2items": dict_to_items,
    "items2dict": items_to_dict,
    "flatten": flatten,
    "unique": unique,
    "union": union,
    "intersect": intersect,
    "difference": difference,
    "symmetric_difference": symmetric_difference,
    "zip": zipped,
    "zip_longest": zipped_longest,
    "extract": extract,
    "mandatory": mandatory,
    "b64encode": b64encode,
    "b64decode": b64decode,
    "quote": lambda value: shlex.quote(_text(value)),
    "basename": lambda value: posixpath.basename(_text(value)),
    "dirname": lambda value: posixpath.dirname(_text(value)),
    "splitext": lambda value: list(posixpath.splitext(_text(value))),
    "win_basename": lambda value: ntpath.basename(_text(value)),
    "win_dirname": lambda value: ntpath.dirname(_text(value)),
    "win_splitdrive": lambda value: list(ntpath.splitdrive(_text(value))),
    "split": split,
    "hash": digest,
    "type_debug": type_debug,
    "center": _bounded(jinja2.filters.do_center),
    "indent": indented,
    "join": joined,
    "wordwrap": wrapped,
    "batch": _bounded(jinja2.filters.do_batch),
    "slice": _bounded(jinja2.filters.sync_do_slice),
    "format": formatted,
    "replace": replaced,
    **RARER,
}
_TESTS: Mapping[str, Callable[..., bool]] = {
    "version": version,
    "version_compare": version,
    "match": match,
    "search": search,
    "regex": regex,
    "contains": contains,
    "subset": subset,
    "issubset": subset,
    "superset": superset,
    "issuperset": superset,
    "truthy": truthy,
    "falsy": falsy,
    "bool": is_bool,
    "all": every,
    "any": some,
}
FILTERS = {prefix + name: function for prefix in ("", "ansible.builtin.") for name, function in _FILTERS.items()}
TESTS = {prefix + name: function for prefix in ("", "ansible.builtin.") for name, function in _TESTS.items()}
