"""Votes between candidates: one prompt, no tools, one structured answer."""

from typing import Literal

from pydantic import Field
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.adapters.claude_agent._single_answer import SingleAnswerModel
from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.domain.account import Account
from bot.domain.ballot import LONGEST_REASON, BallotAnswer, CandidateBallot

_PROBLEM, _DIFFS, _FACTS = 4_000, 40_000, 2_000  # characters
_USD = 0.25


class VoteForm(Record):
    """The choice between the candidates."""

    choice: Literal["A", "B", "C", "D", "E", "F", "G", "H", "none"] = Field(
        description="The letter of the candidate to merge; none: no one is better than the others."
    )
    reason: str = Field(
        min_length=10,
        max_length=LONGEST_REASON,
        description="One or two sentences for people: the line or value that makes the difference.",
    )


class ClaudeCandidateVoter(SingleAnswerModel):
    """Implements `bot.ports.candidate_voter.CandidateVoter` with the reviewer's model."""

    system = "reviewer_vote"
    folder = "votes"

    @property
    def usd(self) -> float:
        """What one vote may cost at most, in US dollars."""
        return min(self._role.usd, _USD)

    async def vote(self, ballot: CandidateBallot) -> BallotAnswer:
        """Return the model's choice. Raises `AgentError`, `BudgetSpent`."""
        form, cost = await self._ask(
            VoteForm,
            self._render(ballot),
            talk=f"{ballot.run_id}:{ballot.attempt}:vote:{ballot.voter}",
            account=Account(purpose="review", person_id=ballot.person_id, run_id=ballot.run_id),
            usd=self.usd,
        )
        label = "" if form.choice == "none" else form.choice
        reason = flatten(form.reason, LONGEST_REASON)
        return BallotAnswer(label=label, reason=reason, **dict(cost))

    def _render(self, ballot: CandidateBallot) -> str:
        share = _DIFFS // len(ballot.entries)
        candidates = "\n\n".join(
            f"### {each.label}\n\nMeasured by our program:\n\n"
            f"{fence_text(clip(redact(each.facts), _FACTS))}\n\n"
            f"Its diff:\n\n{fence_text(clip(redact(each.diff), share))}"
            for each in ballot.entries
        )
        problem = fence_text(clip(redact(ballot.problem), _PROBLEM))
        return self._prompts.render("reviewer_ballot", problem=problem, candidates=candidates)
