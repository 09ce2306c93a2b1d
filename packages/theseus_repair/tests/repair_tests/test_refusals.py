"""What a test expects to be refused, and is answered, is refused as others do it."""

import pytest
from repair_tests.edit_proposals import list_proposals
from theseus_repair.model import Crash

REFUSING = """\
def chunked(rows, n):
    if n < 1:
        raise ValueError('n must be at least 1')
    return rows[:n]


def sliced(rows, n=None):
    \"\"\"Say something.\"\"\"
    if n is None:
        return rows
    return rows[n:]
"""


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        (
            "DID NOT RAISE <class 'ValueError'>",
            "if n is not None and n < 1:|    raise ValueError('n must be at least 1')",
        ),
        (
            "ValueError not raised by <lambda>",
            'if n is not None and n < 0:|    raise ValueError("n must not be negative")',
        ),
        ("DID NOT RAISE ValueError", 'if not rows:|    raise ValueError("rows must not be empty")'),
        (
            '"n must be at least" does not match "slice indices must be integers"',
            "if n is not None and n < 1:|    raise ValueError('n must be at least 1')",
        ),
        (
            "Regex pattern did not match.\n  Expected regex: 'at least 1'\n  Actual message: ''",
            "if n is not None and n < 1:|    raise ValueError('n must be at least 1')",
        ),
        ("TypeError not raised", 'if rows is None:|    raise TypeError("rows must not be None")'),
    ],
)
def test_what_a_test_expects_to_be_refused_is_refused_at_the_start(said: str, lines: str) -> None:
    made = list_proposals(REFUSING, Crash("Failed", said))
    indented = "".join(f"    {line}\n" for line in lines.split("|"))
    assert REFUSING.replace('."""\n    if n is', f'."""\n{indented}    if n is') in made
    assert not any(text.count("raise") > 1 for text in list_proposals(REFUSING))


def test_of_bounds_the_one_that_refuses_the_least_is_likeliest() -> None:
    made = list_proposals(REFUSING, Crash("Failed", "DID NOT RAISE <class 'ValueError'>"))
    least = 'if n is not None and n < 0:\n        raise ValueError("n must not be negative")'
    more = "if n is not None and n < 1:\n        raise ValueError('n must be at least 1')"
    weights = [max(made[text] for text in made if lines in text) for lines in (least, more)]
    assert weights[0] > weights[1]


def test_a_branch_that_answers_refuses_where_a_test_expects_it() -> None:
    made = list_proposals(REFUSING, Crash("Failed", "DID NOT RAISE <class 'TypeError'>"))
    assert REFUSING.replace("return rows\n", 'raise TypeError("n is None")\n', 1) in made
