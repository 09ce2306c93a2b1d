"""Two changes that hold alone and not together, on real git: what was not checked does not land."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.adapters.forges.local import LocalForge
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.domain.change import MergeResult
from bot.domain.errors import BaseMoved
from bot.domain.proposal import ForgeProposal, ProposalDraft
from tests.fakes.fake_clock import FakeClock
from tests.fakes.repositories import clone_repository, make_repository, run_git

WORDS = "def limit() -> int:\n    return 3\n"
RENAMED = {"words.py": WORDS.replace("limit", "most")}
IMPORTS = {"use.py": "from words import limit\n\nprint(limit())\n"}


def _runs(folder: Path) -> bool:
    done = subprocess.run([sys.executable, "use.py"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


class Yard:
    """A forge, a clone of it that runs, and worktrees of that clone."""

    def __init__(self, folder: Path) -> None:
        self.bare = folder / "forge.git"
        self.clone = clone_repository(self.bare, folder / "clone")
        self.forge = LocalForge(self.bare, folder / "forge.sqlite", FakeClock())
        self.checkout = GitCheckout(self.clone)
        self.workspaces = GitWorkspaces(self.clone, folder / "worktrees")

    async def proposed(self, run_id: str, files: dict[str, str]) -> ForgeProposal:
        base = await self.checkout.get_head()
        async with self.workspaces.open(run_id, base=base) as lent:
            for name, text in files.items():
                (lent.path / name).write_text(text)
            head = await lent.commit("Change")
            assert _runs(lent.path)
            return await self.forge.open_proposal(
                ProposalDraft(
                    run_id=run_id,
                    repository=str(self.clone),
                    branch=lent.branch,
                    head=head,
                    base_branch="main",
                    title=run_id,
                    body="",
                )
            )

    async def checked(self, run_id: str, pull: ForgeProposal) -> tuple[MergeResult, bool]:
        """Return what merging comes to now, and whether that runs."""
        tip = await self.checkout.fetch_tip()
        async with self.workspaces.open(run_id, base=tip) as lent:
            merged = await lent.build_merge(tip, pull.head)
            return MergeResult(base=tip, tree=await merged.get_tree_id()), _runs(merged.path)

    def landed(self, *what: str) -> str:
        return run_git(self.bare, "rev-parse", *what).strip()


@pytest.mark.parametrize("first", ["renames", "imports"])
async def test_what_holds_on_each_branch_and_not_on_both_is_seen_before_it_lands(
    tmp_path: Path, first: str
) -> None:
    make_repository(tmp_path / "source", {"words.py": WORDS, "use.py": "import words\n"})
    await LocalForge.create_repository(tmp_path / "forge.git", tmp_path / "source")
    yard = Yard(tmp_path)
    async with yard.forge as forge:
        pulls = {
            "renames": await yard.proposed("renames", RENAMED),
            "imports": await yard.proposed("imports", IMPORTS),
        }
        second = next(name for name in pulls if name != first)
        before = {name: await yard.checked(name, pull) for name, pull in pulls.items()}
        assert [runs for _, runs in before.values()] == [True, True]
        merged = await forge.merge(pulls[first].number, pulls[first].head, before[first][0])
        assert yard.landed("main^{tree}") == before[first][0].tree
        with pytest.raises(BaseMoved):
            await forge.merge(pulls[second].number, pulls[second].head, before[second][0])
        assert yard.landed("main") == merged.merge_commit
        now, runs = await yard.checked(second, pulls[second])
    assert now.base == merged.merge_commit
    assert not runs
    assert await yard.checkout.get_head() != merged.merge_commit, "the running checkout never moved"
