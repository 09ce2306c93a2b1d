"""The candidate voter port: a reviewer that compares candidates of one change."""

from typing import Protocol

from bot.domain.ballot import BallotAnswer, CandidateBallot


class CandidateVoter(Protocol):
    """Reads one ballot without any tools: it can look up, write and start nothing."""

    @property
    def name(self) -> str:
        """The engine and model, for people: `claude (opus)`."""
        ...

    @property
    def usd(self) -> float:
        """What one vote may cost at most, in US dollars."""
        ...

    async def vote(self, ballot: CandidateBallot) -> BallotAnswer:
        """Return the choice and its reason. The label may be one that is not on the ballot.

        Raises `AgentError`, `BudgetSpent`. Cancelling ends the model's work.
        """
        ...
