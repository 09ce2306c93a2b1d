"""Mutants of a complete module: what is changed in them."""

import ast

import pytest
from theseus_repair.mutants import generate_mutants

DICE = '''
"""Dice."""
from typing import Literal

SIDES: Literal[6] = 6


def rolled(count: int, log: list[int]) -> int:
    if count > 3:
        log.append(count)
        return 0
    return count + 2 if count == 1 else count
'''


def test_each_mutant_is_the_module_with_one_small_change() -> None:
    found = generate_mutants(DICE, most=99)
    assert {each.description for each in found} == {
        "6 changed to 7", "6 changed to 5", "3 changed to 4", "3 changed to 2", "0 changed to 1",
        "0 changed to -1", "2 changed to 3",
        "2 changed to 1", "1 changed to 2", "1 changed to 0", "`count > 3` inverted",
        "`count > 3` negated",
        "`count == 1` inverted", "`count == 1` negated", "`log.append(count)` removed",
    }  # fmt: skip
    original = ast.unparse(ast.parse(DICE)).splitlines()
    for each in found:
        changed = ast.unparse(ast.parse(each.text)).splitlines()
        assert sum(one != other for one, other in zip(original, changed, strict=True)) == 1
    assert {each.line for each in found if "append" in each.description} == {10}


def test_the_same_seed_draws_the_same_few() -> None:
    assert generate_mutants(DICE, most=4) == generate_mutants(DICE, most=4)
    assert len(generate_mutants(DICE, most=4)) == 4
    assert generate_mutants(DICE, seed=1, most=4) != generate_mutants(DICE, seed=2, most=4)


@pytest.mark.parametrize("text", ["", "def (", "x = 'a'\n"])
def test_what_has_nothing_to_change_has_no_mutants(text: str) -> None:
    assert generate_mutants(text) == ()


def test_the_layout_stays_and_places_without_an_own_position_are_left_out() -> None:
    text = "def shown(n):  # a note\n    return f'{n + 1}' if n  <  2 else 1e300\n"
    found = generate_mutants(text, most=99)
    assert {each.description for each in found} == {
        "`n < 2` inverted", "`n < 2` negated", "2 changed to 3", "2 changed to 1",
    }  # fmt: skip
    assert all(each.text.startswith("def shown(n):  # a note\n") for each in found)
