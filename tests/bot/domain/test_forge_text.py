"""Other people's texts cannot trigger a forge: not in a title, not in a commit message."""

from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.forge_text import neutralise
from tests.fakes.repositories import make_repository, run_git

GAP = "\u200b"
ACTED_ON = (
    "@alice",
    "@org/team",
    "closes #1",
    "Fixes owner/repo#12",
    "resolves GH-7",
    "gh-7",
    "see !15",
    "closes https://github.com/o/r/issues/1",
    "closes https://gitlab.com/o/r/-/merge_requests/3",
    "Fix it [skip ci]",
    "[ci skip] Fix it",
    "[no ci]",
    "[Skip Actions]",
    "[skip azurepipelines]",
    "***NO_CI***",
    "Fix it\n\nskip-checks: true",
    "Fix it\n\nCo-authored-by: Ada",
    "Fix it\n\nSigned-off-by: Ada",
)
PLAIN = (
    "Fix /roll 2d6",
    "Use list[int] for the rolls",
    "See https://docs.python.org/3/library/re.html",
    "Run: k7m2xq",
    "Fix the heading # Dice",
    "The skipper is not in the city",
)


@pytest.mark.parametrize("text", ACTED_ON)
def test_whatever_a_forge_acts_on_gets_a_gap_and_reads_the_same(text: str) -> None:
    safe = neutralise(text)
    assert safe != text
    assert safe.replace(GAP, "") == text
    assert neutralise(safe) == safe


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert neutralise(text) == text


async def test_every_commit_of_a_worktree_has_a_neutral_message(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "checkout", {"dice.py": "one\n"})
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as lent:
        (lent.path / "dice.py").write_text("two\n")
        await lent.commit("\n".join(ACTED_ON))
        message = run_git(lent.path, "log", "-1", "--format=%B")
    for text in ACTED_ON:
        assert text not in message.splitlines()
    assert message.replace(GAP, "").strip() == "\n".join(ACTED_ON)
