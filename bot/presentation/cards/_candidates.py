"""What became of the candidates of a change, for the card of the one that is proposed."""

from bot.domain.candidates import Candidates, ProvenCandidate
from bot.domain.history import History
from bot.domain.run import Run
from bot.guards import count_program_lines
from bot.presentation.counts import format_count
from bot.presentation.markdown import escape_line


def describe_candidate(candidate: ProvenCandidate) -> str:
    """Return what a candidate that holds is compared by: its answers, its size, its review."""
    change, behaviour = candidate.change_set, candidate.verdict.behaviour
    answers = format_count(behaviour.unasked, "answer") if behaviour and behaviour.answers else ""
    facts = (
        f"{answers} other than asked for" if answers else "",
        f"{format_count(count_program_lines(change.files), 'line')} of program",
        "not approved by its reviewer" if change.approved is False else "",
    )
    return ", ".join(filter(None, facts))


def describe_current_candidate(run: Run, history: History) -> str:
    """Return which candidate is written, or was chosen, of how many; nothing where only one is."""
    candidates = history.candidates
    if candidates is None or candidates.attempt != run.attempt:
        return ""
    return f", candidate {candidates.present} of {candidates.most}"


def find_candidates(history: History) -> Candidates | None:
    """Return the candidates that the proposed change was chosen from, where there were several."""
    candidates = history.candidates
    return candidates if candidates is not None and candidates.chosen else None


def format_choice(history: History) -> str:
    """Return "Best of 3" with which one it is and why; nothing where only one was written."""
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
    told = {each.number: describe_candidate(each) for each in candidates.held}
    told |= {
        each.number: f"does not hold: {escape_line(each.why, 160)}" for each in candidates.dropped
    }
    return tuple(
        f"{'➡️' if number == candidates.present else '•'} {number}: {text}"
        for number, text in sorted(told.items())
    )
