"""ASCII names that a reader takes for another name of the same file."""

import pytest
from guard_tests.cases import DICE, judge_change

BASE = """import os
from shop import total


def is_allowed(user: str) -> bool:
    return user in OWNERS and total


def burn(modern: int, O0: int) -> int:
    return modern
"""
BOUND = {
    "a function": "def is_aIlowed(user: str) -> bool:\n    return True\n",
    "a coroutine": "async def is_al1owed(user: str) -> bool:\n    return True\n",
    "a class": "class is_a1lowed:\n    X = 1\n",
    "a value": "tota1 = 1\n",
    "a value with its type": "totaI: int = 1\n",
    "an attribute": "os.tota1 = 1\n",
    "a value among others": "X, *tota1 = 1, 2\n",
    "an import's other name": "import shop as tota1\n",
    "an imported name": "from shop import tota1\n",
    "a parameter": "def f(*, tota1: int = 0) -> int:\n    return tota1 + total\n",
    "a parameter of a lambda": "f = lambda *tota1: total\n",
    "an error": "try:\n    f()\nexcept OSError as tota1:\n    f()\n",
    "a capture": "match f:\n    case {'a': 1, **tota1}:\n        f()\n",
    "two letters as one": "modem = 1\n",
    "one letter as two": "OVVNERS = 1\n",
    "a word of Python's": "retum = 1\n",
    "two new names": "user_O1 = 1\nuser_0l = 2\n",
}
USED = {
    "a call": "X = is_aIlowed('me')\n",
    "an attribute": "X = os.tota1\n",
    "within a text": "X = f'{tota1}'\n",
    "an argument's name": "X = f(tota1=1)\n",
}
FREE = {
    "short names": "l1 = ll = x1 = xl = x0 = xO = I1l = 0\n",
    "numbered names": "total_1 = total_2 = total_10 = 1\n",
    "names in another case": "TOTAL = Total = 1\n",
    "a text": "X = 'tota1 is_aIlowed'\n",
    "a remark": "X = 1  # tota1\n",
    "the same name again": "total = 2\n",
}


@pytest.mark.parametrize("name", BOUND)
def test_a_new_name_drawn_like_another_stops_a_proposal_where_it_is_bound(name: str) -> None:
    found = [one for one in judge_change(DICE, BASE, BASE + BOUND[name]) if one.blocking]
    assert {one.rule for one in found} == {"unsafe_file"}
    assert "a name looks like" in found[0].message


@pytest.mark.parametrize("name", USED)
def test_it_is_pointed_out_where_it_is_only_used(name: str) -> None:
    (found,) = judge_change(DICE, BASE, BASE + USED[name])
    assert (found.rule, found.blocking) == ("unsafe_file", False)
    assert "Line 11: a name looks like" in found.message


@pytest.mark.parametrize("name", FREE)
def test_names_that_are_told_apart_are_free(name: str) -> None:
    assert judge_change(DICE, BASE, BASE + FREE[name]) == ()


def test_a_name_in_the_place_of_the_one_it_is_drawn_like_is_pointed_out() -> None:
    (found,) = judge_change(DICE, BASE, BASE.replace("total", "tota1"))
    assert (found.rule, found.blocking) == ("unsafe_file", False)


def test_names_that_were_drawn_alike_before_are_not_the_changes_doing() -> None:
    before = BASE + "tota1 = 1\n"
    assert judge_change(DICE, before, before + "X = tota1 + total\n") == ()
