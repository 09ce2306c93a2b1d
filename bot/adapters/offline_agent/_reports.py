"""What the search found, as the run takes it."""

from bot.domain.change import Attempt, Grant
from bot.domain.evidence import Suspect
from bot.domain.unproven import UnprovenEdit
from bot.ports.agent import Finished, QuestionAsked
from bot.redaction import redact
from bot.repair.answer_memo import AnswerMemo
from bot.repair.calls import CallQuestion
from bot.repair.explain import answer_line, doubts, evidence, explain
from bot.repair.model import Candidate, SearchReport, UnprovenFix
from bot.repair.questions import QUESTIONS
from bot.repair.search import SearchProgress

UNANSWERED = "proposing no edit, for nobody has said what is right"


def progress_text(progress: SearchProgress) -> str:
    """Return one line for the card."""
    verdict = "holds" if progress.latest.judgement.green else "does not hold"
    return (
        f"edit {progress.tried} of {progress.proposed}: {progress.latest.candidate.why} ({verdict})"
    )


def _done(fix: Candidate) -> str:
    where = f"{fix.path}:{fix.line}" if fix.line else fix.path
    return f"{fix.why} in {where}"


def question_of(report: SearchReport, memo: AnswerMemo) -> QuestionAsked | None:
    """Return what to ask people, if they can be asked: what has to be redacted is not."""
    question = report.question
    if question is None or len(memo.stated) >= QUESTIONS:
        return None
    kept = AnswerMemo(memo.stated, question).to_text()
    shown = (question.text, *question.choices, *question.call.arguments.values())
    if any(redact(each) != each for each in shown):
        return None
    text, default = _of_failure(question) if question.now else _of_rivals(question)
    default = UNANSWERED if report.fix is None else default
    return QuestionAsked(
        text=f"{text} What you say picks the edit and is kept as a test.",
        default=default,
        choices=question.choices,
        values=bool(question.now),
        memo=kept,
    )


def _of_failure(question: CallQuestion) -> tuple[str, str]:
    """Return what is asked where nothing says what a call should answer, and what counts else."""
    call = f"`{question.call.text}`"
    return (
        f"{call} {question.now}, and nothing says what it should answer instead. What should "
        f"{call} answer: {', or '.join(question.choices)}? Another value is written as in "
        "Python: `3`, `'none'`, `[]`.",
        UNANSWERED,
    )


def _of_rivals(question: CallQuestion) -> tuple[str, str]:
    """Return what is asked where edits answer differently, and what counts else."""
    told = [answer.told for answer in question.answers]
    return (
        "Several edits mend it, and no test says which is right. What should "
        f"`{question.call.text}` answer: {' or '.join(told)}, or {question.choices[-1]}?",
        f"{told[0]}, which the likeliest edit answers; the proposal says what others answer",
    )


def finished(report: SearchReport) -> Finished:
    """Return the last word of a search: the fix, or what was tried in vain."""
    attempts = [
        Attempt(summary=f"{count} of kind “{kind}”", result="judged by the tests")
        for kind, count in report.tried.items()
    ]
    attempts += [
        Attempt(
            summary=near.candidate.why,
            result=near.judgement.detail or f"fell at {near.judgement.stage}",
        )
        for near in report.near[:3]
    ]
    last = Finished(
        changed=False,
        summary=explain(report),
        attempts=tuple(attempts),
        stated=tuple(each.told for each in report.stated),
        memo=AnswerMemo(report.stated).to_text() if report.stated else "",
    )
    if report.fix is None:
        return last if report.unproven is None else _unproven(last, report, report.unproven)
    reason = "Holds what a person said is right."
    return last.but(
        changed=True,
        summary=_done(report.fix),
        proven=report.proof,
        doubts=tuple(doubts(report)),
        granted=tuple(Grant(file=path, reason=reason) for path in report.tests),
    )


def _unproven(last: Finished, report: SearchReport, found: UnprovenFix) -> Finished:
    """Return the last word with an edit for people to judge."""
    return last.but(
        changed=True,
        summary=_done(found.candidate),
        unproven=UnprovenEdit(
            reason=redact(found.reason),
            evidence=tuple(map(redact, evidence(report))),
            against=tuple(map(redact, found.against)),
            answers=tuple(redact(answer_line(each)) for each in found.answers),
        ),
    )


def took_back(suspect: Suspect, searched: Finished | None = None) -> Finished:
    """Return the last word where a commit was taken back as a whole, after a search or without."""
    commit = suspect.commit
    summary = f"take back all of commit {commit.sha[:7]} ({commit.summary})"
    last = searched or Finished(changed=True, summary=summary)
    return last.but(changed=True, summary=summary, proven="undo", undoes=commit.sha, unproven=None)
