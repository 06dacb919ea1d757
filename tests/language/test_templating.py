"""Templates: native values, strict names, Ansible's filters and tests, and the bounds of the sandbox."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.utils import missing

from remediators.language import needed_facts
from remediators.language.natives import TemplateFault
from remediators.language.sandbox import BUILT_IN
from remediators.language.templating import evaluate, render, uses


class Names:
    """A scope of plain values."""

    def __init__(self, **values):
        self.values = values

    def lookup(self, name):
        return self.values.get(name, BUILT_IN.get(name, missing))

    def names(self):
        return set(self.values)


SCOPE = Names(
    one=1,
    text="abc",
    number="42",
    flag=True,
    empty=[],
    names=["b", "a", "b"],
    tree={"a": {"b": [1, 2]}, "items": 5},
    people=[{"name": "x", "age": 3}, {"name": "y", "age": 4}],
    banner="hello",
    evil="{{ one }}",
)


def fault(template: str, scope=SCOPE) -> str:
    with pytest.raises(TemplateFault) as caught:
        render(template, scope)
    return caught.value.what + (f" ({caught.value.hint})" if caught.value.hint else "")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("{{ one }}", 1),
        ("{{ number }}", "42"),
        ("{{ '1' }}", "1"),
        ("{{ one }}{{ one }}", "11"),
        ("{{ one }} ", "1 "),
        ("a{{ one }}", "a1"),
        ("{{ flag }}", True),
        ("{{ flag }}!", "True!"),
        ("{{ empty }}", []),
        ("{{ tree.a }}", {"b": [1, 2]}),
        ("{{ tree['a']['b'][1] }}", 2),
        ("{{ tree['items'] }}", 5),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ one if flag else 2 }}", 1),
        ("{% if flag %}x{% endif %}", "x"),
        ("{% for n in names %}{{ n }},{% endfor %}", "b,a,b,"),
        ("{# nothing #}x", "x"),
        ("line\n{{ one }}\n", "line\n1\n"),
        ("{{ evil }}", "{{ one }}"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ({"a": ["{{ one }}", {"{{ text }}": 2}], "b": None}, {"a": [1, {"abc": 2}], "b": None}),
        ({"a": "{{ nothing | default(omit) }}", "b": ["{{ omit }}", 1]}, {"b": [1]}),
    ],
)
def test_a_template_gives_native_values_and_text_stays_text(template, value):
    found = render(template, SCOPE)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'yes' | bool", True),
        ("'0' | bool", False),
        ("number | int + 1", 43),
        ("'1.5' | float", 1.5),
        ("nothing | default('x')", "x"),
        ("nothing.at.all | d('x')", "x"),
        ("'' | default('x', true)", "x"),
        ("tree.a | to_json", '{"b": [1, 2]}'),
        ("{'b': 1, 'a': 'é'} | to_nice_json(2)", '{\n  "a": "\\u00e9",\n  "b": 1\n}'),
        ("'[1, {\"a\": null}]' | from_json", [1, {"a": None}]),
        ("'a: yes' | from_yaml", {"a": "yes"}),
        ("{'a': [1]} | to_nice_yaml", "a:\n- 1\n"),
        ("'abc' | regex_replace('b(.)', '[\\\\1]')", "a[c]"),
        ("'v1.2' | regex_search('[0-9.]+')", "1.2"),
        ("'v1.2' | regex_search('(\\\\d)\\\\.(\\\\d)', '\\\\2', '\\\\1')", ["2", "1"]),
        ("'x' | regex_search('y')", None),
        ("'a1b2' | regex_findall('[0-9]')", ["1", "2"]),
        ("'a.b' | regex_escape", "a\\.b"),
        ("flag | ternary('y', 'n')", "y"),
        ("none | ternary('y', 'n', 'x')", "x"),
        ("{'a': 1} | combine({'b': 2}, {'a': 3})", {"a": 3, "b": 2}),
        ("tree | combine({'a': {'c': 1}}, recursive=true)", {"a": {"b": [1, 2], "c": 1}, "items": 5}),
        ("{'a': [1]} | combine({'a': [2]}, list_merge='append')", {"a": [1, 2]}),
        ("'hé' | b64encode", "aMOp"),
        ("'aMOp' | b64decode", "hé"),
        ('"it\'s" | quote', "'it'\"'\"'s'"),
        ("'/a/b.c' | basename", "b.c"),
        ("'/a/b.c' | dirname", "/a"),
        ("'C:\\\\a\\\\b.c' | win_basename", "b.c"),
        ("'a,b' | split(',')", ["a", "b"]),
        ("names | unique", ["b", "a"]),
        ("names | union(['c'])", ["b", "a", "c"]),
        ("names | intersect(['a'])", ["a"]),
        ("names | difference(['a'])", ["b"]),
        ("[1, [2, [3]]] | flatten", [1, 2, 3]),
        ("[1, [2, [3]]] | flatten(1)", [1, 2, [3]]),
        ("{'a': 1} | dict2items", [{"key": "a", "value": 1}]),
        ("[{'key': 'a', 'value': 1}] | items2dict", {"a": 1}),
        ("[1, 2] | zip(['a', 'b'])", [[1, "a"], [2, "b"]]),
        ("people | map(attribute='name') | list", ["x", "y"]),
        ("people | selectattr('age', '>', 3) | map(attribute='name')", ["y"]),
        ("names | map('upper') | join('-')", "B-A-B"),
        ("names | sort | first", "a"),
        ("'x' | ansible.builtin.b64encode", "eA=="),
        ("'a' | hash('md5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("'%03d' | format(7)", "007"),
        ("tree.a.b | length", 2),
        ("range(3)", [0, 1, 2]),
        ("'6.5.7638' is version('6.5', '>=')", True),
        ("'6.5' is version('6.10', 'lt')", True),
        ("6.5 is version_compare('6.5', '==')", True),
        ("'10.0' is version('9.9', 'gt')", True),
        ("'abc' is match('ab')", True),
        ("'abc' is match('bc')", False),
        ("'abc' is search('bc')", True),
        ("'ABC' is regex('^abc$', ignorecase=true)", True),
        ("nothing is defined", False),
        ("tree.a.x is undefined", True),
        ("1 in [1, 2]", True),
        ("[1] is subset([1, 2])", True),
        ("[1, 2] is superset([1])", True),
        ("[1, 2] is contains(1)", True),
        ("'' is falsy", True),
        ("'no' is truthy(convert_bool=true)", False),
        ("flag is bool", True),
        ("flag is true", True),
        ("[true, false] is any", True),
    ],
)
def test_filters_and_tests_of_ansible(expression, value):
    found = evaluate(expression, SCOPE)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ baner }}", "'baner' is undefined (did you mean 'banner'?)"),
        (
            "{{ zzzz }}",
            "'zzzz' is undefined; defined here: banner, empty, evil, flag, names, number, one, people, text, tree",
        ),
        ("{{ 'x' ~ baner }}", "'baner' is undefined (did you mean 'banner'?)"),
        ("{{ tree.aa }}", "a mapping has no 'aa' (did you mean 'a'?)"),
        ("{{ tree.a.b[7] }}", "a list has no '7'"),
        ("{{ text.foo }}", "text has no 'foo'"),
        ("{{ tree.a.zzz + 1 }}", "a mapping has no 'zzz'; there is b"),
        ("{% for x in baner %}{% endfor %}", "'baner' is undefined (did you mean 'banner'?)"),
        ("{{ baner() }}", "'baner' is undefined (did you mean 'banner'?)"),
        ("{{ 'maybe' | bool }}", "'maybe' is neither true nor false"),
        ("{{ one / 0 }}", "cannot be filled in: division by zero"),
        ("{{ text | from_json }}", "cannot be filled in: Expecting value: line 1 column 1 (char 0)"),
        ("{{ text | unqiue }}", "there is no filter 'unqiue' (did you mean 'unique'?)"),
        ("{{ text is matc('a') }}", "there is no test 'matc' (did you mean 'match'?)"),
        ("{{ text }", "the template is misspelt: unexpected '}'"),
        ("{% if %}x{% endif %}", "the template is misspelt: Expected an expression, got 'end of statement block'"),
        ("{% foo %}", "the template is misspelt: Encountered unknown tag 'foo'"),
        ("{% include 'x' %}", "include, import and extends are not supported in a template"),
        (
            "{{ lookup('env', 'HOME') }}",
            (
                "env: a playbook may not refer to what stands outside the files, and this is not written in your "
                "inventory (put it into a variable of the inventory, or set playbook_secrets = true)"
            ),
        ),
        (
            "{{ '1' is version('1', 'like') }}",
            "version knows no operator 'like' (one of ==, =, eq, !=, <>, ne, <, lt, <=, le, >, gt, >=, ge)",
        ),
        ("{{ range }}", "gives something that is no plain value (is a function named without calling it?)"),
        ("x{{ omit }}", "omit leaves out a whole value, and cannot be a part of a text"),
        (
            "{{ text | regex_search('(') }}",
            "'(' is no regular expression: missing ), unterminated subpattern at position 0",
        ),
        ("{{ nothing | mandatory }}", "'nothing' is mandatory and undefined"),
        ("{{ 'abc' | unique }}", "takes a list, and this is text"),
    ],
)
def test_what_is_wrong_with_a_template_is_said(template, message):
    assert fault(template) == message


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ text.format.__globals__ }}",
        "{{ '{0.__class__}'.format(text) }}",
        "{{ names.append(1) }}",
        "{{ tree.update({}) }}",
        "{{ tree.pop('a') }}",
        "{{ self.__dict__ }}",
        "{{ range.__self__ }}",
        "{{ dict.__subclasses__() }}",
        "{{ text | attr('upper') }}",
        "{{ people | map(attribute='__class__') | list }}",
        "{{ people | map(attribute='name.__class__') | list }}",
        "{{ cycler.__init__ }}",
        "{{ lipsum() }}",
        "{{ 'a' * 10000000000 }}",
        "{{ [1] * 10000000000 }}",
        "{{ 10 ** 10000000 }}",
        "{{ 1 << 10000000000 }}",
        "{{ '%10000000000d' % 1 }}",
        "{{ '{:10000000000}'.format(1) }}",
        "{{ '{:{}}'.format(1, 10000000000) }}",
        "{{ '%*d' % (10000000000, 1) }}",
        "{{ '%010000000000d' | format(1) }}",
        "{{ 'a'.ljust(10000000000) }}",
        "{{ 'a' | center(10000000000) }}",
        "{{ 'a' | indent(10000000000) }}",
        "{{ range(10000000000) }}",
        "{% for a in range(100000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ ('a' * 900000).replace('a', 'b' * 900000) }}",
        "{{ ('a' * 900000) | replace('a', 'b' * 900000) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}",
        "x" * 1000001 + "{{ one }}",
    ],
)
def test_nothing_leaves_the_sandbox_or_grows_without_bound(template):
    assert fault(template)
    assert SCOPE.values["names"] == ["b", "a", "b"]


@pytest.mark.parametrize(
    ("template", "facts"),
    [
        ("{{ facts.exchange.version }}", {"exchange.version"}),
        ("{{ facts['a']['b'] ~ facts.c }}", {"a.b", "c"}),
        ("{% for s in facts.smtp.virtual_servers %}{{ s }}{% endfor %}", {"smtp.virtual_servers"}),
        ("{{ x[facts.a.b] }}", {"a.b"}),
        ("{{ facts.a[facts.c.d] }}", {"a", "c.d"}),
        ("{{ facts.os.version.split('.')[0] }}", {"os.version.split"}),
        ("{{ x.facts.y }}", set()),
        ("no template", set()),
    ],
)
def test_the_facts_of_a_template_are_found_without_running_it(template, facts):
    assert needed_facts(template) == facts


def test_names_that_a_template_sets_itself_are_not_its_variables():
    assert uses("{% set x = y %}{% for i in z %}{{ i }}{{ x }}{% endfor %}").names == {"y", "z"}


@given(st.text("{}%#|() a1.'\"[]=+\n", max_size=25))
def test_any_text_is_filled_in_or_refused(text):
    with contextlib.suppress(TemplateFault):
        render(text, SCOPE)


@given(st.text(max_size=30))
def test_text_that_comes_from_a_value_is_never_a_template(text):
    assert render("{{ x }}", Names(x=text)) == text
    assert render("<{{ x }}>", Names(x=text)) == f"<{text}>"
