"""A command that answers wrongly, though nothing fails, is complained about and mended."""

from pathlib import Path

import pytest

from bot.demo.faults import PlantedFault
from tests.fakes.repositories import run_git
from tests.support.demo_playground import open_playground
from tests.support.page_reader import get_buttons, get_text

pytestmark = pytest.mark.slow

NO_BONUS = PlantedFault(
    name="dice-no-bonus",
    kind="silent",
    file="cogs/dice.py",
    replacements=(("    total = bonus\n", "    total = bonus if keep is None else 0\n"),),
    message="Dice: only what is kept counts\n\nA total is what stands there unstruck.",
    author="Mara Lindqvist <mara.lindqvist@example.org>",
    breaks="/roll 4d6kh3+10 (the total lacks the 10)",
    steps=(),
    report="`/roll 4d6kh3+10` forgets the +10",
    error="",
    function="describe_roll",
    arguments=(),
)


async def test_the_commit_is_named_and_a_press_makes_the_old_answer_the_proof(
    tmp_path: Path,
) -> None:
    async with open_playground(tmp_path, NO_BONUS) as play:
        alice = play.alice
        assert "🎲" in await alice.run("dev", "roll", dice="4d6kh3+10")
        thread = await alice.ask(NO_BONUS.report)
        question = await alice.wait_for_text(thread, "Which answer is right?", timeout=180)
        told = get_text(question)
        assert "(Dice: only what is kept counts) `/roll dice:4d6kh3+10` answers “" in told
        assert list(get_buttons(question)) == [
            "The old answer is right", "Today's is right", "Later", "Ignore",
        ]  # fmt: skip
        await alice.press(thread, question, "The old answer is right")
        card = await alice.wait_for_proposal(thread, timeout=300)
        assert "cogs/dice.py" in get_text(card)
        added = proposed(tmp_path / "checkout")
        assert "+    total = bonus\n" in added
        assert "+ 10 = **" in added
        assert "in room.shown(answer)" in added
        await alice.check_wording()


def proposed(checkout: Path) -> str:
    """Return what the branch of the run adds to main; caches may have another meanwhile."""
    listed = run_git(checkout, "branch", "--list", "--format=%(refname:short)", "theseus/*")
    (branch,) = (each for each in listed.split() if not each.startswith("theseus/warmup"))
    return run_git(checkout, "diff", f"main...{branch}")
