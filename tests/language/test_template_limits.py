"""Templates that would never end, or grow without end: each is stopped, and its fault says why."""

from __future__ import annotations

from contextlib import suppress

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.language import regexes, work
from remediators.language.natives import TemplateFault
from remediators.language.regexes import _QUICK, Regex
from remediators.language.sandbox import BUILT_IN
from remediators.language.templating import evaluate, render

BIG = "x" * 900_000


class Names:
    """A scope of plain values."""

    def __init__(self, **values):
        self.values = values

    def lookup(self, name):
        return self.values.get(name, BUILT_IN.get(name, jinja2.utils.missing))

    def names(self):
        return set(self.values)


def fault(template, **names):
    with pytest.raises(TemplateFault) as caught:
        render(template, Names(big=BIG, **names))
    return caught.value.what


WORK = "it does more than 10000000 steps of work"
SLOW = "it takes more than 0.2 s"
NUMBER = "this number is too large"
MACRO = "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", SLOW),
        ("{% for a in big %}{% for b in big if 'y' in big %}{% endfor %}{% endfor %}", SLOW),
        ("{% for i in range(100000) %}{{ range(100000) | sum }}{% endfor %}", SLOW),
        ("{% for i in range(100000) %}{% if 'y' in many %}{% endif %}{% endfor %}", SLOW),
        (MACRO, SLOW),
        ("{% for i in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}", "is nested too deeply"),
        ("{% set a = 9 ** 1000 %}" + "{% set a = a * a %}" * 40 + "{{ a }}", NUMBER),
        ("{% macro f(n, x) %}{% if n %}{{ f(n - 1, x * x) }}{% endif %}{% endmacro %}{{ f(60, 99) }}", NUMBER),
        ("{% set b = big %}" + "{% set b = b ~ b ~ b ~ b ~ b %}" * 9 + "{{ b | length }}", WORK),
        ("{% set b %}" + "{{ big }}" * 99 + "{% endset %}{{ b | length }}", WORK),
        ("{% set b %}{% for i in range(100000) %}" + "y" * 1000 + "{% endfor %}{% endset %}{{ b | length }}", WORK),
        ("{{ [big] * 99 }} and more", WORK),
        ("{{ ([big] * 99) | to_json | length }}", WORK),
        ("{{ ([big] * 99) | string | length }}", WORK),
        ("{{ ([big] * 99) | join | length }}", WORK),
        ("{{ ([{'a': big}] * 99) | join(attribute='a') | length }}", WORK),
        ("{{ ''.join([big] * 99) | length }}", WORK),
        ("{{ ''.join(([{'a': big}] * 99) | map(attribute='a')) | length }}", WORK),
        ("{{ ([1] | zip_longest(range(100), fillvalue=big)) | map('join') | list | length }}", WORK),
        ("{{ ('%s' * 99) | format(" + "big, " * 99 + ") | length }}", WORK),
        ("{{ ('%s' * 99) % ((big,) * 99) }}", WORK),
        ("{{ ('{0}' * 99).format(big) | length }}", WORK),
        ("{{ big | urlencode | urlencode | length }} {{ ('%' * 900000) | urlencode | urlencode | length }}", WORK),
        ("{{ ('x\n' * 400000) | indent(9999) | length }}", WORK),
        ("{{ ('x ' * 400000) | wordwrap(1, wrapstring=big) | length }}", WORK),
        ("{{ big | regex_replace('x', big) }}", "the result is longer than 1000000 characters"),
        ("{{ (('a' * 40) ~ 'b') | regex_search('(a|aa)+$') }}", "the expression '(a|aa)+$' takes more than 0.1 s"),
    ],
    ids=range(27),
)  # fmt: skip
def test_a_template_that_never_ends_or_grows_is_stopped(monkeypatch, template, said):
    monkeypatch.setattr(work, "SECONDS", 0.2 if said == SLOW else 60.0)
    monkeypatch.setattr(regexes, "SECONDS", 0.1)
    assert said in fault(template, many=["z"] * 100_000)


@pytest.mark.parametrize("template", ["{{ a[: ,'/'] | path_join }}", "{{ a[1:2, 3] }}"])
def test_what_jinja_makes_no_python_of_is_misspelt(template):
    assert fault(template, a=[1]) == "the template is misspelt: Jinja makes nothing of it"


@pytest.mark.parametrize(
    "template", ["{{ a[wanted] }}", "{{ 8[wanted] }}", "{{ a[wanted].b | upper }}", "{{ wanted[wanted] }}"]
)
def test_an_undefined_index_is_named(template):
    assert fault(template, a=[1]).startswith("'wanted' is undefined")


def test_what_is_filled_in_inside_counts_for_the_outermost(monkeypatch):
    monkeypatch.setattr(work, "MOST_WORK", 1_000)

    class Nested(Names):
        def lookup(self, name):
            return (
                render("{{ range(300) | list | length }}", self) if name.startswith("inner") else super().lookup(name)
            )

    with pytest.raises(TemplateFault, match="more than 1000 steps"):
        render("".join(f"{{{{ inner{n} }}}}" for n in range(9)), Nested())
    assert render("{{ inner }}", Nested()) == 300


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ range(100000) | map('string') | unique | length }}", 100_000),
        ("{{ range(100000) | list | difference(range(99999) | list) }}", [99_999]),
        ("{{ range(100000) | list | intersect(range(99999, 100009) | list) }}", [99_999]),
        ("{{ [1, 'a', [1], {'b': 1}, [1], 'a', {'b': 1}] | unique }}", [1, "a", [1], {"b": 1}]),
        ("{{ ['a', 'b'] | join(', ') }}", "a, b"),
        ("{{ [{'n': {'m': 1}}, {'n': {'m': 2}}] | join('+', attribute='n.m') }}", "1+2"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ 'a\nb' | indent('> ', true) }}", "> a\n> b"),
        ("{{ 'one two' | wordwrap(3) }}", "one\ntwo"),
        ("{{ 'a-b' | regex_replace('(\\w)-(?P<x>\\w)', '\\g<x>-\\1') }}", "b-a"),
        ("{% for i in [1, 2, 3] if i != 2 %}{{ i }}{{ ',' if not loop.last }}{% else %}none{% endfor %}", "1,3"),
        ("{% for i in [1, 2] %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/2 2/2 "),
        ("{{ 1 ~ '-' ~ none ~ [1] }}", "1-None[1]"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
        ("{{ '{:>5}|{a}'.format(7, a=8) }}", "    7|8"),
        ("{{ '%s-%s' % (1, 2) }}", "1-2"),
    ],
)
def test_what_is_within_bounds_means_what_it_meant(template, value):
    assert render(template, Names()) == value


def test_a_fleet_of_ten_thousand_hosts_is_within_bounds():
    hosts = {f"h{n}": {"address": f"10.0.{n // 250}.{n % 250}"} for n in range(10_000)}
    template = "{% for h in hosts %}{{ h }} {{ hosts[h].address }}\n{% endfor %}"
    assert render(template, Names(hosts=hosts)).count("\n") == 10_000


ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']",
    "'' | attr('__class__')",
    "'{0.__class__}'.format('')",
    "'{0.__class__.__init__.__globals__}'.format(big)",
    "'{a.__class__}'.format_map({'a': 1})",
    "'%(a)s'.__mod__({'a': 1})",
    "''.format.__self__.__class__",
    "''.format.__globals__",
    "range.__self__",
    "range(1).__class__",
    "dict.__base__",
    "dict.mro()",
    "lookup.__globals__",
    "self.__init__.__globals__.__builtins__",
    "self._TemplateReference__context.environment",
    "cycler.__init__.__globals__.os",
    "joiner.__init__.__globals__",
    "namespace.__init__.__globals__",
    "lipsum.__globals__.os.popen('id')",
    "config.__class__",
    "request.application.__globals__",
    "(1).real.__class__",
    "[].append(1)",
    "[].__class__.__base__",
    "{}.__class__",
    "{}.update({'a': 1})",
    "{}.pop('a')",
    "[].sort()",
    "none.__class__",
    "true.__class__.__base__.__subclasses__()",
    "missing.__class__",
    "missing['__class__'].x",
    "'a'.encode('utf-8')",
    "'a'.translate({})",
    "[''] | map(attribute='__class__') | list",
    "[''] | map('attr', '__class__') | list",
    "['', ''] | groupby('__class__') | list",
    "[''] | selectattr('__class__') | list",
    "[{}] | sum(attribute='__class__')",
    "['', ''] | sort(attribute='__class__.__name__')",
    "[''] | unique(attribute='__class__') | list",
    "[''] | join(attribute='__class__')",
    "'' | extract('__class__')",
    "(0).__class__.__call__",
    "\"\\x5f\\x5fclass\\x5f\\x5f\" | extract('')",
    "''['\\x5f_class_\\x5f']",
    "({}).items.__self__",
    "([]).index.__self__.append(1)",
    "loop.__class__",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_no_known_way_out_of_the_sandbox_leads_anywhere(expression):
    with pytest.raises(TemplateFault):
        render("{{ " + expression + " }}", Names(big="x"))


@pytest.mark.parametrize("expression", ESCAPES)
def test_nor_does_it_show_anything_of_python(expression):
    try:
        shown = render("{% for i in [1] %}{{ (" + expression + ") | string }}{% endfor %}", Names(big="x"))
    except TemplateFault:
        return
    assert shown in ("[Undefined]", "['']", "[[Undefined, ['']]]"), shown


@pytest.mark.parametrize(
    "template",
    [
        "{% set x = ''.__class__ %}{{ x }}",
        "{% macro f() %}{{ caller.__globals__ }}{% endmacro %}{% call f() %}{% endcall %}",
        "{% macro f() %}{% endmacro %}{{ f.__globals__ }}",
        "{% macro f() %}{% endmacro %}{{ f._func.__globals__ }}",
        "{% for i in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
        "{% for i in [1] %}{{ loop._iterator }}{% endfor %}",
        "{% block b %}{{ self.b.__func__ }}{% endblock %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% extends 'x' %}",
        "{% set ns = namespace(a=1) %}{{ ns.__class__ }}",
        "{% with a = ''.__class__ %}{{ a }}{% endwith %}",
        "{% filter attr('__class__') %}x{% endfilter %}",
    ],
)
def test_nor_does_a_statement(template):
    with pytest.raises(TemplateFault):
        render(template, Names())


@given(st.text("ab(|)*+?.[]^$\\d{}12,", max_size=12), st.text("ab1-", max_size=12))
def test_an_expression_means_the_same_with_and_without_a_clock(pattern, text):
    try:
        quick = Regex(pattern, ignorecase=False, multiline=False)
    except TemplateFault:
        return
    slow = Regex(pattern, ignorecase=False, multiline=False)
    quick._degree, slow._degree = 0.0, float("inf")
    assert _QUICK > 0
    with suppress(TemplateFault):  # `regex` refuses a few that `re` takes
        assert slow.findall(text) == quick.findall(text)
        assert bool(slow.match(text)) == bool(quick.match(text))


@given(st.text("{}% ()|~'\"ab1.[],:+*-x_\n", max_size=40))
def test_any_text_is_a_template_or_has_a_fault(text):
    for give in (lambda: render(text, Names(a=1, b="x")), lambda: evaluate(text, Names(a=1, b="x"))):
        with suppress(TemplateFault):
            give()
