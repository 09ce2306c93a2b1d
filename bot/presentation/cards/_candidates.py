"""The candidates of a change, on the card of the one that is proposed."""

from theseus_guard import count_program_lines

from bot.domain.candidates import Candidates, CandidateVote, ProvenCandidate
from bot.domain.history import History
from bot.domain.run import Run
from bot.presentation.counts import format_count
from bot.presentation.markdown import escape_line


def describe_candidate(candidate: ProvenCandidate) -> str:
    """Return what a passing candidate is compared by: its answers, its size and its review."""
    change, behaviour = candidate.change_set, candidate.verdict.behaviour
    answers = format_count(behaviour.unasked, "answer") if behaviour and behaviour.answers else ""
    facts = (
        f"{answers} changed without being asked for" if answers else "",
        f"{format_count(count_program_lines(change.files), 'line')} of code",
        "not approved by its reviewer" if change.approved is False else "",
    )
    return ", ".join(filter(None, facts))


def describe_current_candidate(run: Run, history: History) -> str:
    """Return which candidate is being written or was chosen; empty if there is only one."""
    candidates = history.candidates
    if candidates is None or candidates.attempt != run.attempt:
        return ""
    return f", candidate {candidates.present} of {candidates.most}"


def find_candidates(history: History) -> Candidates | None:
    """Return the candidates that the proposed change was chosen from; None if there was one."""
    candidates = history.candidates
    return candidates if candidates is not None and candidates.chosen else None


def format_choice(history: History) -> str:
    """Return "Best of 3" with the chosen candidate and the reason; empty if there was one."""
    candidates = find_candidates(history)
    if candidates is None:
        return ""
    return (
        f"**Best of {candidates.judged_count}**: candidate {candidates.present}, for "
        f"{escape_line(candidates.why, 300)}"
    )


def list_candidate_lines(history: History) -> tuple[str, ...]:
    """Return a line for each candidate that was written, in order."""
    candidates = find_candidates(history)
    if candidates is None:
        return ()
    descriptions = {
        each.number: f"{_format_approach(each.approach)}{describe_candidate(each)}"
        for each in candidates.held
    }
    descriptions |= {
        each.number: f"{_format_approach(each.approach)}failed: {escape_line(each.why, 160)}"
        for each in candidates.dropped
    }
    return tuple(
        f"{'➡️' if number == candidates.present else '•'} {number}: {text}"
        for number, text in sorted(descriptions.items())
    )


def list_vote_lines(history: History) -> tuple[str, ...]:
    """Return a line for each vote of a reviewer, with its reason."""
    candidates = find_candidates(history)
    return tuple(map(_format_vote, candidates.votes)) if candidates is not None else ()


def _format_vote(vote: CandidateVote) -> str:
    choice = f"candidate {vote.choice}" if vote.choice is not None else "none"
    return f"🗳️ {escape_line(vote.voter, 60)}: {choice}. {escape_line(vote.reason, 300)}"


def _format_approach(name: str) -> str:
    return f"{escape_line(name, 80)}: " if name else ""
