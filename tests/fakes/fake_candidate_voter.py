"""A reviewer that votes as a test says."""

from collections.abc import Sequence

from bot.domain.ballot import BallotAnswer, CandidateBallot
from bot.domain.errors import AgentError


class FakeCandidateVoter:
    """Implements `bot.ports.candidate_voter.CandidateVoter`.

    `choices` are what each vote in turn is for, the candidate whose diff has this text, or an
    error. A text that no diff has leaves the voter without a choice. `ballots` are those that it
    read.
    """

    name = "fake"
    usd = 0.1

    def __init__(self, choices: Sequence[str | AgentError]) -> None:
        self._choices = list(choices)
        self.ballots: list[CandidateBallot] = []

    async def vote(self, ballot: CandidateBallot) -> BallotAnswer:
        """Return the label of the entry with the text, or raise the error."""
        self.ballots.append(ballot)
        choice = self._choices[len(self.ballots) - 1]
        if isinstance(choice, AgentError):
            raise choice
        labels = [each.label for each in ballot.entries if choice in each.diff]
        return BallotAnswer(label=labels[0] if labels else "", reason=f"I prefer {choice}.")
