"""New tests against mutants, with a real repository, git and pytest."""

from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.domain.brief import Brief
from bot.domain.change import ChangeSet
from bot.self_improvement.checks.mutation_check import MutationCheck
from tests.fakes.faulty_project import make_faulty_project
from tests.support.local_sandbox import choose_local_sandbox

pytestmark = pytest.mark.slow

DICE = '''"""Dice."""

FACES = "abcdef"


def face(value: int) -> str:
    """Return the letter of a face."""
    if value > 6:
        raise ValueError(value)
    return FACES[value - 1]
'''
LOOKS = """from dice import face


def test_the_last_face_is_f() -> None:
    assert face(6) == "f"
"""
WANTED = Brief(request="write tests for the dice", understood="Tests.", proofs=("covering",))


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (LOOKS, "kills 2 of 3 mutants of `dice.py` that survived"),
        (LOOKS.replace("6", "2").replace('"f"', '"b"'), "kills none of 3 mutants"),
    ],
)
async def test_tests_are_judged_by_the_mutants_that_they_kill(
    tmp_path: Path, test: str, told: str
) -> None:
    base = make_faulty_project(tmp_path / "checkout", **{"dice.py": DICE})
    verifier = SandboxedVerifier(choose_local_sandbox(), tmp_path / "cache")
    trees = GitWorkspaces(tmp_path / "checkout", tmp_path / "trees")
    async with trees.open("r1", base=base) as workspace:
        (workspace.path / "tests/test_more_dice.py").write_text(test, "utf-8")
        head = await workspace.commit("More tests.")
        change = ChangeSet(
            base=base,
            head=head,
            branch=workspace.branch,
            engine="test",
            summary="More tests.",
            files=await workspace.list_changes(),
        )
        proof = await MutationCheck(verifier)(WANTED, change, workspace)
        assert (workspace.path / "dice.py").read_text("utf-8") == DICE
    assert proof.summary.startswith(told)
    assert proof.holds is ("none" not in told)
    assert "survives: line 8: 6 changed to 7" in proof.details
