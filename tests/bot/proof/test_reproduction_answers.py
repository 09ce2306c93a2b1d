"""A reproduction expects the earlier answer, or else accepts a refusal in words."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.domain.journal import Capsule, Frame
from bot.domain.plan import Reproduction
from bot.proof.reproduction import (
    FOLDER,
    add_answer,
    add_refusals,
    build_candidates,
    select_permanent,
)

SOURCE = '''"""Dice."""


class NotationError(Exception):
    """Told to people."""


def sides(text: str) -> int:
    """Return how many sides a die has."""
    return int(text)


async def roll(bot: object, text: str) -> str:
    """Answer people."""
    try:
        return str(sides(text))
    except NotationError as error:
        return str(error)
'''
CAPSULE = Capsule(
    exception="ValueError",
    message="invalid literal",
    fingerprint="5dc1e6ef0000",
    frames=(
        Frame(file="cogs/dice.py", line=16, function="roll", opaque=("bot",)),
        Frame(file="cogs/dice.py", line=10, function="sides", arguments={"text": "'%'"}),
    ),
)


def of_source(source: str = SOURCE) -> Reproduction:
    (test,) = build_candidates(CAPSULE, read={"cogs/dice.py": source}.get)
    return test


def body(test: Reproduction) -> str:
    return test.source.rpartition('"""\n')[2]


def test_an_answer_known_from_before_is_asserted() -> None:
    held = add_answer(of_source(), "100")

    assert held is not None
    assert held.answered
    assert body(held) == '    answer = dice.sides("%")\n    assert answer == 100\n'


def test_a_test_that_knows_the_answer_is_called_so() -> None:
    test = of_source()
    held = add_answer(test, "100")
    assert held is not None
    name = "test_sides_answers_as_before_the_fault"
    assert (held.path, held.node_id) == (test.path, f"{test.path}::{name}")
    assert f"def {name}() -> None:" in held.source


def test_of_one_failure_the_innermost_call_that_knows_the_answer_stays() -> None:
    inner, outer = of_source(), of_source().replace(path=f"{FOLDER}/test_outer.py")
    known = add_answer(outer, "100")
    assert known is not None
    wanted = inner.replace(path="tests/acceptance/test_wanted.py")
    assert select_permanent([inner, outer]) == (inner,)
    assert select_permanent([inner, known]) == (known,)
    assert select_permanent([wanted, inner, outer, wanted]) == (inner, wanted, wanted)
    assert select_permanent([]) == ()


@pytest.mark.parametrize(
    ("answer", "asserted"),
    [("True", "answer is True"), ("[1, 'a']", 'answer == [1, "a"]'), ("''", 'answer == ""'),
     ("(1.5,)", "answer == (1.5,)")],
)  # fmt: skip
def test_answers_are_written_as_the_house_writes_values(answer: str, asserted: str) -> None:
    held = add_answer(of_source(), answer)

    assert held is not None
    assert held.source.endswith(f"    assert {asserted}\n")


@pytest.mark.parametrize("answer", ["None", "object()", "nan", "'" + "x" * 200 + "'", "(", "1 +"])
def test_what_says_nothing_or_is_no_short_literal_is_not_asserted(answer: str) -> None:
    assert add_answer(of_source(), answer) is None


def test_a_refusal_that_a_caller_tells_people_counts_as_an_answer() -> None:
    test = of_source()

    assert test.refusals == ("dice.NotationError",)
    assert body(add_refusals(test)) == (
        '    with contextlib.suppress(dice.NotationError):\n        dice.sides("%")\n'
    )


@pytest.mark.parametrize(
    "source",
    [
        SOURCE.replace("except NotationError", "except ValueError"),
        SOURCE.replace("return str(error)", "raise error"),
        SOURCE.replace("        return str(sides(text))\n", "        return ''\n").replace(
            "    try:\n", "    number = sides(text)\n    try:\n"
        ),
    ],
    ids=["not of the module", "raised again", "caught elsewhere"],
)
def test_no_other_exception_counts(source: str) -> None:
    test = of_source(source)
    if "number =" in source:
        frame = CAPSULE.frames[0].replace(line=15)
        read = {"cogs/dice.py": source}.get
        (test,) = build_candidates(CAPSULE.replace(frames=(frame, CAPSULE.frames[1])), read=read)

    assert test.refusals == ()
    assert add_refusals(test) == test


def test_the_failure_itself_is_never_taken_for_an_answer() -> None:
    raised = CAPSULE.replace(exception="dice.NotationError")
    (test,) = build_candidates(raised, read={"cogs/dice.py": SOURCE}.get)

    assert test.refusals == ()


def test_both_forms_pass_the_format_and_lint_of_the_house(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    shutil.copy(root / "pyproject.toml", tmp_path)
    (tmp_path / "tests/regressions").mkdir(parents=True)
    held = add_answer(of_source(), "[100, 'a']")
    assert held is not None
    for name, test in (("held", held), ("refusing", add_refusals(of_source()))):
        (tmp_path / f"tests/regressions/test_{name}.py").write_text(test.source)
    ruff = (sys.executable, "-m", "ruff")
    for words in (("format", "--check"), ("check",)):
        done = subprocess.run(
            [*ruff, *words, "--no-cache", "tests"], cwd=tmp_path, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
