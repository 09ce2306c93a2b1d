"""A Forgejo on this machine, a clone of its repository, and a forge on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.adapters.forges.forgejo import ForgejoForge
from bot.domain.proposal import ForgeProposal, ProposalDraft
from tests.fakes.fake_clock import HurriedClock
from tests.fakes.repositories import clone_repository, commit, run_git
from tests.twins.forgejo import ForgejoTwin


@pytest.fixture
def clock() -> HurriedClock:
    return HurriedClock()


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[ForgejoTwin]:
    async with ForgejoTwin(tmp_path, page_size=3) as twin:
        yield twin


@pytest.fixture
async def forge(twin: ForgejoTwin, clock: HurriedClock) -> AsyncIterator[ForgejoForge]:
    token = SecretStr(twin.token)
    async with ForgejoForge(
        twin.url, twin.repository, token, clock, labels=("theseus",), reviewers=("alice",)
    ) as forge:
        yield forge


@pytest.fixture
def draft(twin: ForgejoTwin, tmp_path: Path) -> ProposalDraft:
    """Return a draft of a commit in a clone."""
    clone = clone_repository(twin.bare, tmp_path / "clone")
    run_git(clone, "checkout", "-q", "-b", "theseus/k7m2xq-mend")
    head = commit(clone, {"dice.py": "one\nmended\nthree\n"}, "Mend the dice")
    return ProposalDraft(
        run_id="k7m2xq",
        repository=str(clone),
        branch="theseus/k7m2xq-mend",
        head=head,
        base_branch="main",
        title="Mend the dice",
        body="## Cause\nAn index.",
    )


@pytest.fixture
async def opened(forge: ForgejoForge, draft: ProposalDraft) -> ForgeProposal:
    return await forge.open_proposal(draft)
