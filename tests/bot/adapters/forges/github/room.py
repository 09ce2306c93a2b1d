"""A GitHub twin, a clone of its repository, and forges on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.adapters.forges.github import Credentials, GithubForge, Token
from bot.adapters.system_clock import SystemClock
from bot.domain.proposal import ForgeProposal, ProposalDraft
from bot.ports.clock import Clock
from tests.fakes.repositories import clone_repository, commit, run_git
from tests.twins.github import GithubTwin


class Room:
    """What a test of the forge needs: `twin`, `clone`, and forges."""

    def __init__(self, folder: Path, twin: GithubTwin) -> None:
        self.folder = folder
        self.twin = twin
        self.clone = clone_repository(twin.bare, folder / "clone")

    def forge(
        self, credentials: Credentials | None = None, clock: Clock | None = None, **options: Any
    ) -> GithubForge:
        """Return a forge on the twin, not entered yet."""
        return GithubForge(
            f"{self.twin.owner}/{self.twin.name}",
            credentials or Token(self.twin.token),
            clock or SystemClock(),
            **{"api_url": self.twin.api_url, **options},
        )

    def change(self, run_id: str = "k7m2xq", text: str = "mended") -> ProposalDraft:
        """Commit on the run's branch in the clone; return a draft of it."""
        branch = f"theseus/{run_id}-mend"
        known = run_git(self.clone, "branch", "--list", branch)
        run_git(self.clone, "checkout", "-q", *(() if known else ("-b",)), branch,
            *(() if known else ("origin/main",)))  # fmt: skip
        head = commit(self.clone, {"dice.py": f"one\n{text}\nthree\n"}, f"Mend {text}")
        return ProposalDraft(
            run_id=run_id,
            repository=str(self.clone),
            branch=branch,
            head=head,
            base_branch="main",
            title=f"Mend the dice ({run_id})",
            body="## Cause\nAn index.",
        )

    def asked(self, method: str, part: str = "") -> int:
        """Return how often such a request was made."""
        return sum(r.method == method and part in r.path for r in self.twin.requests)


async def opened(forge: GithubForge, draft: ProposalDraft) -> ForgeProposal:
    """Open a proposal and take it out of draft."""
    return await forge.publish((await forge.open_proposal(draft)).number)


@asynccontextmanager
async def room_on(folder: Path, **options: Any) -> AsyncIterator[Room]:
    """Yield a room."""
    async with GithubTwin(folder, **options) as twin:
        yield Room(folder, twin)
