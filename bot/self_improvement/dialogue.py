"""What people tell a run: answers to its questions, and what else its change should do."""

from collections.abc import Callable, Sequence

from bot.domain.brief import Agreement
from bot.domain.dialogue import Answer, Instruction, Instructions, Question
from bot.domain.errors import WrongStage
from bot.domain.history import History
from bot.domain.people import Person
from bot.domain.record import Record
from bot.domain.revision import Revision
from bot.domain.run import Run, Stage, Status, Waiting
from bot.grammar.agreement import parse_agreement
from bot.grammar.choices import find_choice, parse_literal
from bot.presentation.cards import status_text
from bot.redaction import redact
from bot.self_improvement.code_agent_runner import CodeAgentRunner
from bot.self_improvement.messages import format_instruction
from bot.self_improvement.notifier import RunNotifier
from bot.self_improvement.services import Services
from bot.self_improvement.steering import Steering
from bot.self_improvement.step_context import need
from bot.self_improvement.transitions import RunTransitions, open_question

_YES_OR_NO = "I take a plain yes or no there, or a button: {}. Until then I leave it as it is."
_CHOICES = "I take one of these there, or a button: {}. Until then I leave it open."
_VALUES = ", or a value as Python writes it (`3`, `'none'`, `[]`)"
_NO_INSTRUCTIONS = "The offline engine works from tests alone and cannot follow an instruction."


class RunDialogue:
    """Records what was said and lets the run go on. Who calls it holds the run's turn."""

    def __init__(
        self,
        services: Services,
        notifier: RunNotifier,
        transitions: RunTransitions,
        wake: Callable[[], None],
        engine: CodeAgentRunner,
        steering: Steering,
    ) -> None:
        self._services = services
        self._notifier = notifier
        self._transitions = transitions
        self._wake = wake
        self._engine = engine
        self._steering = steering

    @property
    def can_follow_instructions(self) -> bool:
        """Return whether there is an engine that does what people ask in words."""
        return self._engine.can_follow_instructions

    # Questions

    async def answer(self, run: Run, person: Person, text: str) -> Run:
        """Take a person's answer; the first one counts. Raises `WrongStage`."""
        history = await self._services.store.get_history(run.id)
        question = open_question(run, history)
        if question is None:
            raise WrongStage(_explain_no_question(run, history))
        if question.yes_or_no and parse_agreement(text) is None:
            raise WrongStage(
                _YES_OR_NO.format(" or ".join(f"“{each}”" for each in question.choices))
            )
        said = ""
        if question.only_choices:
            text = _parse_choice(question, text)
            said = f": {redact(text)}"
        answer = Answer(
            question_id=question.id,
            text=redact(text),
            person=person,
            at=self._services.clock.get_time(),
        )
        told = f"💬 I go on with what **{person.name}** said{said}."
        return await self._save_answer(run, told, answer, history.add_shaper(person))

    async def resume_overdue(self, run: Run) -> Run:
        """Let a parked run go on whose time has come; an open question gets its default."""
        history = await self._services.store.get_history(run.id)
        now = self._services.clock.get_time()
        if run.waiting is Waiting.AGREEMENT:
            given = Agreement(digest=need(history.brief).digest, at=now, how="time")
            return await self.accept_agreement(
                run, given, "Nobody objected in time, so I go ahead."
            )
        question = open_question(run, history)
        if question is None:
            return await self.go_on(run)
        answer = Answer(question_id=question.id, text=question.default, at=now)
        told = f"💬 Nobody answered in time. I go on with: {question.default}"
        return await self._save_answer(run, told, answer)

    async def go_on(self, run: Run, *records: Record) -> Run:
        """Queue a parked run, with what it waited for."""
        saved = await self._transitions.resume(run, *records)
        self._wake()
        return saved

    async def accept_agreement(
        self, run: Run, agreement: Agreement, message: str, *records: Record
    ) -> Run:
        """Let a run go on to write what was agreed to, and say so."""
        saved = await self.go_on(run, agreement, *records)
        key = f"agreed:{run.attempt}:{agreement.digest[:12]}"
        await self._notifier.say(saved, f"👍 {message}", key=key)
        return saved

    async def _save_answer(self, run: Run, message: str, answer: Answer, *records: Record) -> Run:
        saved = await self.go_on(run, answer, *records)
        await self._notifier.say(saved, message, key=f"answer:{answer.question_id}")
        return saved

    # Instructions

    async def tell(
        self, run: Run, instructions: Sequence[Instruction], person: Person | None = None
    ) -> Run:
        """Take up what people ask of a change, each once: at once, or in the next round.

        An engine that is at work on it is told; where it has just ended, the next round is. Who
        said it at the forge, and not to us, is no `person`. Raises `WrongStage` where there is no
        change to speak of, or nobody who follows words.
        """
        history = await self._services.store.get_history(run.id)
        known = history.instructions or Instructions()
        new = known.find_new(instructions)
        if not new:
            return run
        self._check(run, history)
        told = Instructions(items=(*known.items, *new))
        by = () if person is None else (history.add_shaper(person),)
        revises, heard = run.stage is Stage.SHIP, False
        if run.waiting is Waiting.AGREEMENT:
            run = await self._transitions.reopen_brief(run, told, *by)
            self._wake()
        elif revises:
            run = await self._begin(run, history, told, *by)
        else:
            await self._services.store.append(run.id, told, *by)
            heard = self._steering.tell(run.id, told.items)
        for item in new:
            text = format_instruction(
                item, at_once=revises, is_received=heard, understood=_is_briefed(run)
            )
            await self._notifier.say(run, text, key=f"asked:{item.key}")
        return run

    async def catch_up(self, run: Run, history: History) -> bool:
        """Begin a revision for what was asked while the proposal was being made; was there any?"""
        if not history.pending_instructions or not self.can_follow_instructions:
            return False
        await self._begin(run, history, need(history.instructions))
        return True

    def _check(self, run: Run, history: History) -> None:
        if run.goal not in ("fix", "change") or run.has_ended:
            raise WrongStage(f"Run `{run.id}` has no open proposal to revise.")
        if not self.can_follow_instructions:
            branch = history.proposal.branch if history.proposal else ""
            by_hand = f" You can push a commit to `{branch}`: I check it and post a new card."
            raise WrongStage(_NO_INSTRUCTIONS + (by_hand if branch else ""))
        if run.stage is Stage.SHIP and run.status is not Status.WAITING:
            raise WrongStage(
                f"Run `{run.id}` is being shipped right now, as somebody said; it is too late to "
                "revise it."
            )

    async def _begin(
        self, run: Run, history: History, instructions: Instructions, *records: Record
    ) -> Run:
        """Queue the run for writing again, and keep what stands meanwhile."""
        revision = history.revising or Revision(
            change_set=need(history.change_set),
            verdict=need(history.verdict),
            instruction_count=len(instructions.items),
        )
        saved = await self._transitions.revise(run, instructions, revision, *records)
        self._wake()
        return saved


def _parse_choice(question: Question, text: str) -> str:
    """Return the choice or the value that was said; raise `WrongStage` where it is none."""
    number = find_choice(text, question.choices)
    if number is not None:
        return question.choices[number]
    value = parse_literal(text) if question.values else None
    if value is None:
        choices = " or ".join(f"“{each}”" for each in question.choices)
        raise WrongStage(_CHOICES.format(choices + (_VALUES if question.values else "")))
    return value


def _is_briefed(run: Run) -> bool:
    """Whether it is still being found out what is wanted."""
    return run.goal == "change" and run.stage in (Stage.OBSERVE, Stage.BRIEF)


def _explain_no_question(run: Run, history: History) -> str:
    """Return why an answer comes too late, or answers nothing."""
    answer = history.answer
    if run.has_ended:
        return f"Run `{run.id}` has ended already: {run.reason or status_text(run)}"
    if answer is None:
        return f"Run `{run.id}` has asked nothing."
    if answer.person is None:
        return f"That comes too late: nobody answered in time, so I went on with: {answer.text}"
    return f"{answer.person.name} has answered that already."
