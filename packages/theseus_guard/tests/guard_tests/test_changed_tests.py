"""Changes to existing tests are noted, and no test is lost."""

import pytest
from guard_tests.cases import judge_change
from theseus_guard import is_test_file

HERE = "tests/test_price.py"
TESTS = """import pytest

from shop.price import discount, total

CASES = [(1, 2, 3), (0, 0, 0), (5, 5, 10)]


@pytest.fixture
def cart():
    return [1, 2, 3]


@pytest.mark.parametrize(("a", "b", "want"), CASES)
def test_total(a, b, want):
    assert total([a, b]) == want


def test_discount():
    assert discount(100, 10) == 90
    assert discount(100, 0) == 100


class TestCart:
    def test_len(self, cart):
        assert len(cart) == 3

    def test_total(self, cart):
        assert total(cart) == 6
"""
DEF, FIRST, CLASS = (
    "def test_discount():\n",
    "    assert discount(100, 10) == 90\n",
    "class TestCart:\n",
)


def _in_place(old: str, new: str) -> str:
    assert old in TESTS
    return TESTS.replace(old, new, 1)


LOST = {
    "deleted by name": TESTS + "\n\ndel test_discount\n",
    "bound to nothing": TESTS + "\n\ntest_discount = None\n",
    "a fixture": _in_place(DEF, "@pytest.fixture\n" + DEF),
    "a property": _in_place("    def test_len", "    @property\n    def test_len"),
    "a generator": _in_place(DEF, DEF + "    yield\n"),
    "a class nobody collects": _in_place(
        CLASS, CLASS + "    def __init__(self):\n        self.n = 3\n\n"
    ),
    "a class cut in two": _in_place(CLASS, CLASS + "    size = 3\n\n\ndef _helper():\n"),
    "a class of the same name": TESTS + "\n\n" + CLASS + "    def test_total(self):\n        ...\n",
    "never defined": _in_place("CASES = ", "import sys\nsys.exit(0)\nCASES = "),
}
IDLE = {
    "no cases": _in_place("[(1, 2, 3), (0, 0, 0), (5, 5, 10)]", "[]"),
    "one case less": _in_place(", (5, 5, 10)", ""),
    "some of the cases": _in_place('"want"), CASES', '"want"), CASES[1:2]'),
    "cases as defaults": _in_place(
        '@pytest.mark.parametrize(("a", "b", "want"), CASES)\ndef test_total(a, b, want)',
        "def test_total(a=1, b=2, want=3)",
    ),
    "a way out": _in_place(DEF, DEF + "    if CASES:\n        return\n"),
    "a way out at the end": _in_place(
        FIRST, "    try:\n    " + FIRST + "    finally:\n        return\n"
    ),
    "raised": _in_place(DEF, DEF + "    raise unittest.SkipTest\n"),
    "the end of all": _in_place(DEF, DEF + '    __import__("os")._exit(0)\n'),
    "while never": _in_place(FIRST, "    while False:\n    " + FIRST),
    "for none": _in_place(FIRST, "    for a in ():\n    " + FIRST),
    "all of none": _in_place("discount(100, 10) == 90", "all(a == 90 for a in [])"),
    "without asserts": _in_place(FIRST, "    if not __debug__:\n    " + FIRST),
}
TOLD = {
    "its code": (_in_place(FIRST, "    assert (got := 90) == 90\n"), "changed `test_discount`"),
    "its decorator": (_in_place(DEF, "@quiet\n" + DEF), "changed `test_discount`"),
    "a fixture": (_in_place("return [1, 2, 3]", "return Any()"), "changed `cart`"),
    "cases that are worked out": (_in_place("CASES = [", "CASES = some["), "changed `CASES`"),
    "a second one": (TESTS + "\n\n" + DEF + "    assert total([]) == 0\n", "redefined"),
    "a second method": (
        TESTS + "\n    def test_len(self, cart):\n        assert cart\n",
        "TestCart.test_len",
    ),
    "an import": (
        _in_place("shop.price import discount, total", "fakes import discount, total"),
        "redefined `discount`, `total`",
    ),
    "a name of its own": (
        TESTS + "\n\ndef discount(a, b):\n    return 90\n",
        "redefined `discount`",
    ),
    "a builtin": (TESTS + "\n\ndef len(cart):\n    return 3\n", "redefined `len`"),
    "the code under test": (
        TESTS + "\n\nshop.price.discount = print\n",
        "runs when the file is imported `shop.price.discount = print`",
    ),
    "all names": (TESTS + '\n\nglobals().pop("test_discount")\n', "runs when the file is imported"),
    "a fixture for all": (
        TESTS + "\n\n@pytest.fixture(autouse=True)\ndef steady():\n    ...\n",
        "takes part automatically `steady`",
    ),
    "a part of its class": (
        _in_place(CLASS, CLASS + "    def setup_method(self):\n        ...\n\n"),
        "takes part automatically `TestCart.setup_method`",
    ),
    "another name": (TESTS.replace("test_discount", "test_less"), "removed `test_discount`"),
    "two as one": (
        TESTS.split("class TestCart")[0]
        + '@pytest.mark.parametrize("made", [len, total])\ndef test_cart(cart, made):\n'
        "    assert made(cart) == {len: 3, total: 6}[made]\n    assert cart\n",
        "removed `TestCart`, `TestCart.test_len`, `TestCart.test_total`",
    ),
    "a test more": (_in_place("CASES = ", 'if 1:\n    print("x")\nCASES = '), "runs when the file"),
}
UNTOUCHED = {
    "a new test": TESTS + "\n\ndef test_more():\n    assert total([]) == 0\n",
    "a new method": TESTS + "\n    def test_more(self):\n        assert total([]) == 0\n",
    "a new import": "import json\n" + TESTS,
    "a new value and helper": TESTS + "\n\nMORE = [4]\n\n\ndef helper():\n    return MORE\n",
    "another layout": _in_place("[(1, 2, 3), (0, 0, 0), (5, 5, 10)]",
                                "[\n    (1, 2, 3),\n    (0, 0, 0),\n    (5, 5, 10),\n]"),
    "a remark": _in_place(FIRST, "    # Ten off.\n" + FIRST),
}  # fmt: skip


@pytest.mark.parametrize("after", LOST.values(), ids=LOST.keys())
def test_a_test_that_is_none_any_more_stops_the_change(after: str) -> None:
    assert "test_deleted" in {one.rule for one in judge_change(HERE, TESTS, after) if one.blocking}


@pytest.mark.parametrize("after", IDLE.values(), ids=IDLE.keys())
def test_a_test_that_runs_less_than_it_did_stops_the_change(after: str) -> None:
    assert "test_weakened" in {one.rule for one in judge_change(HERE, TESTS, after) if one.blocking}


@pytest.mark.parametrize(("after", "said"), TOLD.values(), ids=TOLD.keys())
def test_whatever_else_an_existing_test_becomes_is_pointed_out_once(after: str, said: str) -> None:
    found = judge_change(HERE, TESTS, after)
    (note,) = (one for one in found if one.rule == "test_changed")
    assert said in note.message
    assert not any(one.blocking for one in found)


@pytest.mark.parametrize("after", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_what_leaves_existing_tests_alone_is_not_pointed_out(after: str) -> None:
    assert judge_change(HERE, TESTS, after) == ()


@pytest.mark.parametrize(
    ("path", "before", "after", "notes"),
    [
        ("tests/data/cases.json", "[1, 2]\n", "[]\n", 1),
        ("tests/data/more.json", "", "[]\n", 0),
        ("web/app.test.js", "it('a')\n", "xit('a')\n", 1),
        ("docs/latest.md", "a\n", "b\n", 0),
        ("tests/data/cases.json", "[1]\n", "", 1),
        ("tests/conftest.py", "", "def pytest_collection_modifyitems(items):\n    ...\n", 1),
        ("tests/conftest.py", "", "def helper():\n    return 1\n", 0),
    ],
)
def test_what_tests_read_and_hooks_are_pointed_out(
    path: str, before: str, after: str, notes: int
) -> None:
    found = [one for one in judge_change(path, before, after) if one.rule == "test_changed"]
    assert len(found) == notes
    assert not any(one.blocking for one in found)


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("tests/helpers.py", True), ("shop/tests/data/rows.py", True), ("test/a.py", True),
        ("shop/test_price.py", True), ("shop/price_test.py", True), ("shop/conftest.py", True),
        ("shop/tests.py", False), ("tests/rows.json", False), ("shop/price.py", False),
    ],
)  # fmt: skip
def test_what_stands_among_tests_is_one_whatever_it_is_called(path: str, is_one: bool) -> None:
    assert is_test_file(path) is is_one
