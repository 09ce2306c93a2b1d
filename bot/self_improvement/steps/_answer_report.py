"""A command that answers wrongly, as part of the diagnosis: which answer is right is asked."""

from bot.domain.cogs import get_cog_name
from bot.domain.dialogue import Answer, Question
from bot.domain.evidence import Diagnosis, Evidence, Suspect
from bot.domain.history import History
from bot.domain.incorrect_output import AnswerExample, IncorrectOutput
from bot.domain.run import Run, Stage, Status
from bot.grammar.agreement import parse_agreement
from bot.grammar.incorrect_output import find_expected_output, find_wanted_output
from bot.presentation.cards import to_one_line
from bot.presentation.incorrect_output import (
    NEW_IS_RIGHT,
    OLD_IS_RIGHT,
    describe_since,
    format_current_output,
    format_request,
    list_choices,
    render_question,
)
from bot.redaction import redact
from bot.self_improvement.answer_inquiry import AnswerInquiry
from bot.self_improvement.step_context import StepContext

_MOST_QUESTIONS = 3  # of one complaint
_LEAVE_IT = "I leave it as it is."
_UNKNOWN = (
    "I could not find out which command is meant. Tell me again with the command as you typed it, "
    "or reply to its answer."
)
_OLD = frozenset(
    {OLD_IS_RIGHT.casefold(), "old answer is right", "old is right", "the old one", "old"}
)
_NEW = frozenset({NEW_IS_RIGHT.casefold(), "today is right", "the new one", "today's", "new"})


class AnswerReports:
    """Takes up complaints in which nothing failed. Each question is saved before it is asked."""

    def __init__(self, context: StepContext, inquiry: AnswerInquiry) -> None:
        self._context = context
        self._inquiry = inquiry

    async def perform(self, run: Run, history: History, evidence: Evidence) -> Run | None:
        """Return the run one step further; `None` where nobody complains of an answer."""
        known = history.incorrect_output
        if known is None or known.attempt != run.attempt:
            found = await self._inquiry.examine_request(run.trigger, evidence.base, run.attempt)
            return None if found is None else await self._ask(run, found, evidence)
        question, answer = history.question, history.answer
        if question is None or answer is None or answer.question_id != question.id:
            return await self._ask(run, known, evidence)
        if known.since is not None and parse_agreement(answer.text) is not None:
            return await self._ask(run, known, evidence)  # yes to which of the two?
        if answer.person is None:
            return await self._end(run, known, f"Nobody said what is right there: {_LEAVE_IT}")
        if known.example is None:
            return await self._handle_named_command(run, known, evidence, answer)
        return await self._handle_judgement(run, known, evidence, answer)

    async def _ask(self, run: Run, wrong: IncorrectOutput, evidence: Evidence) -> Run:
        """Ask people what cannot be known here, and wait without holding a worker."""
        if run.parks >= _MOST_QUESTIONS:
            return await self._end(run, wrong, _UNKNOWN)
        now = self._context.services.clock.get_time()
        question = Question(
            id=f"{run.id}:{run.attempt}:answer:{run.parks}",
            attempt=run.attempt,
            round=run.round,
            text=render_question(wrong),
            choices=list_choices(wrong, redact(find_wanted_output(run.trigger.statement))),
            default=_LEAVE_IT,
            asked_at=now,
            until=now + self._context.limits.question,
        )
        return await self._context.transitions.ask(run, question, wrong)

    async def _handle_named_command(
        self, run: Run, known: IncorrectOutput, evidence: Evidence, answer: Answer
    ) -> Run:
        """Look into the command that was named; ask again where it is none."""
        found = await self._inquiry.examine_command(answer.text, evidence.base, run.attempt)
        return await self._ask(run, found or known, evidence)

    async def _handle_judgement(
        self, run: Run, wrong: IncorrectOutput, evidence: Evidence, answer: Answer
    ) -> Run:
        """Go on with what a person says is right: the old answer, today's, or other words."""
        said = answer.text.strip().rstrip(".!").casefold()
        name = answer.person.name if answer.person else ""
        if wrong.since is not None and said in _NEW:
            why = f"{describe_since(wrong)}, and that is right, as {name} says: {_LEAVE_IT}"
            return await self._end(run, wrong, f"{why[0].upper()}{why[1:]}")
        if wrong.since is not None and said in _OLD:
            return await self._go_on(run, wrong.replace(expected=wrong.since.old), evidence)
        expected = find_expected_output(answer.text)
        if not expected or any(expected in line for line in wrong.today):
            why = f"{format_request(wrong)} answers {format_current_output(wrong)}, which has that already"
            return await self._end(run, wrong, f"{why}: {_LEAVE_IT}")
        return await self._go_on(run, wrong.replace(expected=expected), evidence)

    async def _go_on(self, run: Run, wrong: IncorrectOutput, evidence: Evidence) -> Run:
        """Go on as a fix, with the commit that changed the answer as its suspect."""
        suspect = await self._inquiry.change(wrong.since) if wrong.since else None
        diagnosis = build_diagnosis(wrong, suspect)
        evidence = evidence.replace(suspects=diagnosis.suspects)
        transitions = self._context.transitions
        if run.goal == "investigate":
            return await transitions.confirm_fix(run, evidence, diagnosis, wrong)
        return await transitions.advance(run, Stage.PLAN, evidence, diagnosis, wrong)

    async def _end(self, run: Run, wrong: IncorrectOutput, why: str) -> Run:
        diagnosis = Diagnosis(found=False, instead="right", headline=why, cause="")
        return await self._context.transitions.end(run, Status.DONE, why, diagnosis, wrong)


def build_diagnosis(wrong: IncorrectOutput, suspect: Suspect | None) -> Diagnosis:
    """Return the diagnosis of an answer that a person called wrong, where the example is known."""
    if wrong.example is None:
        raise AssertionError("an answer is called wrong before it is known whose it is")
    file = _guess_file(wrong.example, suspect)
    told = describe_since(wrong, to_one_line)
    return Diagnosis(
        found=True,
        headline=f"{told[0].upper()}{told[1:]}",
        cause=f"{told[0].upper()}{told[1:]}; “{wrong.expected}” has to stand in the answer.",
        event=wrong.example.event,
        file=file,
        suspects=(suspect,) if suspect else (),
        confidence="high" if suspect else "medium",
    )


def _guess_file(example: AnswerExample, suspect: Suspect | None) -> str:
    """Return where the fault may be: a file of the cog that the suspect changed, or its own."""
    touched = suspect.touched if suspect else ()
    changed = (file for file in touched if get_cog_name(file) == example.cog)
    return next(changed, example.file or f"cogs/{example.cog}.py")
