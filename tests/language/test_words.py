"""Every filter and test has an example in the reference, and gives what the example says."""

import ast

import pytest

from remediators.language.sandbox import ENVIRONMENT
from remediators.language.templating import evaluate
from remediators.language.variables import Scope
from remediators.language.words import FILTERS, TESTS


@pytest.mark.parametrize(("expression", "gives"), [*FILTERS.values(), *TESTS.values()])
def test_an_example_gives_what_it_says(expression, gives):
    assert evaluate(expression, Scope((), {}, {})) == ast.literal_eval(gives)


def test_every_filter_and_test_has_an_example():
    assert set(FILTERS) == {name for name in ENVIRONMENT.filters if name.isidentifier()}
    assert set(TESTS) == {name for name in ENVIRONMENT.tests if name.isidentifier()}
