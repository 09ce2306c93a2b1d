"""Lets reviewers vote between candidates that all hold and that the rules rate equal."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from theseus_guard.records import Finding
from theseus_observe.redaction import redact

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.ballot import LONGEST_REASON, BallotEntry, CandidateBallot
from bot.domain.candidates import Candidates, CandidateVote, ProvenCandidate
from bot.domain.cost import Cost
from bot.domain.errors import AgentError, BudgetSpent
from bot.domain.history import History
from bot.domain.run import Run
from bot.ports.candidate_voter import CandidateVoter
from bot.presentation.cards import describe_candidate
from bot.self_improvement.runs.candidate_choice import list_equal_candidates
from bot.self_improvement.runs.model_calls import ModelCalls

_PROBLEM = 4_000  # characters
_LABELS = "ABCDEFGH"


@dataclass(frozen=True, eq=False)
class CandidateElection:
    """Asks reviewers one after the other, at most `votes`, until one candidate has a majority.

    Only candidates that passed every check are on the ballot, and only if no rule tells them apart:
    a vote decides nothing that a check, the guard or a measurement has decided.
    """

    voter: CandidateVoter | None
    calls: ModelCalls
    cost_meter: RunCostMeter
    _: KW_ONLY
    votes: int = 3

    async def hold(self, run: Run, history: History, candidates: Candidates) -> Candidates:
        """Return the candidates with the votes; a vote that failed says so, and counts for none."""
        equal = list_equal_candidates(candidates)[: len(_LABELS)]
        cast: list[CandidateVote] = []
        while self.voter is not None and len(equal) > 1 and len(cast) < self.votes:
            if has_majority(cast, self.votes):
                break
            if not await self.calls.has_room(run, "review", Cost(cost_usd=self.voter.usd)):
                reason = "The budget has no room for another vote."
                cast.append(CandidateVote(voter=self.voter.name, reason=reason))
                break
            cast.append(await self._ask(self.voter, run, history, equal, len(cast) + 1))
        return candidates.replace(votes=tuple(cast))

    async def _ask(
        self,
        voter: CandidateVoter,
        run: Run,
        history: History,
        equal: Sequence[ProvenCandidate],
        number: int,
    ) -> CandidateVote:
        """Return one vote. Each voter sees another order, because models prefer the first."""
        start = (number - 1) % len(equal)
        order = [*equal[start:], *equal[:start]]
        labels = dict(zip(_LABELS, order, strict=False))
        ballot = CandidateBallot(
            run_id=run.id,
            person_id=run.trigger.person.id,
            attempt=run.attempt,
            voter=number,
            problem=redact(_describe_problem(history))[:_PROBLEM],
            entries=tuple(_build_entry(label, each) for label, each in labels.items()),
        )
        try:
            answer = await voter.vote(ballot)
        except (AgentError, BudgetSpent) as error:
            reason = f"No vote: {redact(str(error))}"
            return CandidateVote(voter=voter.name, reason=reason[:LONGEST_REASON])
        self.cost_meter.add(run.id, answer)
        chosen = labels.get(answer.label)
        return CandidateVote(
            voter=voter.name,
            choice=chosen.number if chosen else None,
            reason=redact(answer.reason)[:LONGEST_REASON],
        )


def has_majority(votes: Sequence[CandidateVote], most: int) -> bool:
    """Return whether a candidate has more than half of all votes that there may be."""
    counts = Counter(vote.choice for vote in votes if vote.choice is not None)
    return any(count > most / 2 for count in counts.values())


def _build_entry(label: str, candidate: ProvenCandidate) -> BallotEntry:
    findings = candidate.verdict.findings
    facts = [describe_candidate(candidate), *(_describe_finding(each) for each in findings)]
    return BallotEntry(
        label=label, diff=redact(candidate.change_set.diff), facts=redact("\n".join(facts))
    )


def _describe_finding(finding: Finding) -> str:
    return f"noted: {finding.summary}"


def _describe_problem(history: History) -> str:
    plan, diagnosis, brief = history.plan, history.diagnosis, history.brief
    lines = [brief.understood if brief else "", diagnosis.cause if diagnosis else ""]
    lines += [plan.problem, plan.solution] if plan else []
    return "\n\n".join(filter(None, lines))
