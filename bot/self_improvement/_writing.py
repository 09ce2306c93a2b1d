"""Execute: an engine writes the change; what it asks, what it may not, and who stands in for it."""

from bot.domain.change import ChangeSet, Grant
from bot.domain.dialogue import Question
from bot.domain.errors import AgentError, AgentOutputInvalid, AgentStuck, BudgetSpent, TheseusError
from bot.domain.history import History
from bot.domain.plan import Plan, Step
from bot.domain.run import Run, Stage, Status
from bot.ports.agent import Assignment
from bot.ports.workspace import Workspace
from bot.self_improvement._allowance import full_text, may_ask, turn_of
from bot.self_improvement._hearing import Ear
from bot.self_improvement._kit import Kit, need
from bot.self_improvement._named import named_files
from bot.self_improvement._pauses import pause_until
from bot.self_improvement._words import claimed_only, nothing_found, told_text
from bot.stages.execute import Execute, Paused
from bot.telemetry import redact

_MOST_QUESTIONS = 5  # in one stage
_ASKS_AGAIN = "The engine asks again and again; it has had {count} answers and is not done."


class Writing:
    """Lets an engine work on one round."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def execute(self, run: Run, history: History) -> Run:
        """Write the change. Where the engine fails: pause, let another take over, or raise."""
        kit = self._kit
        await self._say_what_was_asked(run, history)
        engine, stand_in = self._engine(run, history), self._stand_in(history)
        takes_over = stand_in is not None and engine is not stand_in
        try:
            return await self._in_turn(engine, run, history)
        except (AgentError, BudgetSpent) as error:
            until = pause_until(error, run, kit.doors.clock.now(), takes_over=takes_over)
            if until is not None:
                return await kit.keeper.pause(kit.purse.settle(run), until, str(error))
            if stand_in is None or not takes_over:
                raise
            run = await self._handed_over(run, history, error, stand_in.engine)
            return await self._in_turn(stand_in, run, history)

    async def _in_turn(self, engine: Execute, run: Run, history: History) -> Run:
        """Let the engine write if there is money for it, once it may begin another change."""
        doors = self._kit.doors
        if engine.follows_words:
            await may_ask(doors, run, "execute")
        until = await turn_of(doors, run, engine.engine, paid=engine.follows_words)
        if until is not None:
            reason = full_text(doors, engine.engine, until)
            return await self._kit.keeper.queue(self._kit.purse.settle(run), until, reason)
        return await self._written(engine, run, history)

    def _engine(self, run: Run, history: History) -> Execute:
        """Return who works on this round: whoever stood in for the last one goes on."""
        stand_in, change = self._stand_in(history), history.change_set
        goes_on = run.round > run.first_round and change is not None
        if stand_in is not None and goes_on and change and change.engine == stand_in.engine:
            return stand_in
        return self._kit.stages.execute

    def _stand_in(self, history: History) -> Execute | None:
        """Return the engine that may take over; none follows words, so none takes a revision."""
        proven = history.plan is not None and history.plan.reproduction is not None
        return self._kit.stages.stand_in if proven and not history.revising else None

    async def _handed_over(self, run: Run, history: History, error: TheseusError, name: str) -> Run:
        """Say why another engine takes over; what the first one spent is saved."""
        kit = self._kit
        kit.record(run, error)
        text = f"⚠️ {redact(str(error))} The {name} engine takes over."
        if history.instructions:
            text += " It works from tests alone: what was asked in words is not in its change."
        await kit.voice.say(run, text, key=f"handed-over:{run.attempt}:{run.round}")
        return await kit.keeper.save(kit.purse.settle(run))

    async def _written(self, engine: Execute, run: Run, history: History) -> Run:
        """Let the engine write; what people ask meanwhile it hears at once, if it follows words."""
        kit = self._kit
        if not engine.follows_words:
            return await self._written_by(engine, run, history, Ear())
        with kit.hearing.listening(run.id) as ear:
            # what was asked before anybody listened is noted by now, and all after it is heard
            asked = (await kit.doors.store.history(run.id)).instructions
            return await self._written_by(engine, run, history.but(instructions=asked), ear)

    async def _written_by(self, engine: Execute, run: Run, history: History, ear: Ear) -> Run:
        kit = self._kit
        assignment = _assignment(run, history)
        ear.heard = len(assignment.steering)

        async def worked(workspace: Workspace) -> ChangeSet | Paused:
            done = await engine(assignment, workspace, kit.working(run, history), ear.news)
            kit.purse.note(run.id, done.asked if isinstance(done, Paused) else done)
            return done

        async with kit.lend(run, assignment.evidence) as workspace:
            call = worked(workspace)
            model = engine.follows_words
            change = await (kit.called(run, "execute", engine.engine, call) if model else call)
        if isinstance(change, Paused):
            return await self._ask(run, change)
        if not change.files:
            return await self._nothing(engine, run, history, change)
        change = change.but(heard=ear.heard)
        plan = _with_granted(assignment.plan, change.granted)
        records = (change,) if plan == assignment.plan else (change, plan)
        return await kit.keeper.advance(kit.purse.settle(run), Stage.VERIFY, *records)

    async def _nothing(self, engine: Execute, run: Run, history: History, change: ChangeSet) -> Run:
        """End a run whose engine found nothing; one that claims to be done has failed."""
        kit, first = self._kit, run.round == run.first_round
        if engine.follows_words and first:
            raise AgentOutputInvalid(claimed_only(change))
        reason, paid = nothing_found(run, history, change), kit.purse.settle(run)
        if history.revising is not None:
            return await kit.keeper.stand(paid, history, reason, change)
        return await kit.keeper.end(paid, Status.FAILED, reason, change)

    async def _ask(self, run: Run, paused: Paused) -> Run:
        """Ask in the thread, and wait for the answer without holding a worker."""
        if run.parks >= _MOST_QUESTIONS:
            raise AgentStuck(_ASKS_AGAIN.format(count=run.parks))
        now = self._kit.doors.clock.now()
        question = Question(
            id=f"{run.id}:{run.attempt}:{run.round}:{run.parks}",
            attempt=run.attempt,
            round=run.round,
            head=paused.head,
            text=redact(paused.asked.text),
            default=redact(paused.asked.default),
            asked_at=now,
            until=now + self._kit.limits.question,
        )
        return await self._kit.keeper.ask(self._kit.purse.settle(run), question)

    async def _say_what_was_asked(self, run: Run, history: History) -> None:
        """Say what people asked, in case a crash came before it was said; again is harmless."""
        for item in history.instructions.items if history.instructions else ():
            text = told_text(item, at_once=True)
            await self._kit.voice.say(run, text, key=f"asked:{item.key}")


def _assignment(run: Run, history: History) -> Assignment:
    revising, question = history.revising, history.question
    first = run.round == run.first_round
    asked_here = question is not None and (
        (question.attempt, question.round) == (run.attempt, run.round)
    )
    items = history.instructions.items if history.instructions else ()
    return Assignment(
        run_id=run.id,
        person_id=run.trigger.person.id,
        attempt=run.attempt,
        round=run.round,
        evidence=need(history.evidence),
        diagnosis=need(history.diagnosis),
        plan=need(history.plan),
        previous=history.change_set if revising or not first else None,
        feedback=None if first else history.verdict,
        steering=tuple(item.text for item in items),
        resumed=bool(run.interruptions or run.activity),
        question=question if asked_here and not history.open_question else None,
        answer=history.answer if asked_here and not history.open_question else None,
        named=named_files(run, history),
    )


def _with_granted(plan: Plan, granted: tuple[Grant, ...]) -> Plan:
    """Return the plan that owns what the engine was granted as well."""
    new = {grant.file: grant for grant in granted if grant.file not in plan.owned_files}
    steps = tuple(
        Step(summary=f"Granted: {redact(grant.reason)}", owned_files=(grant.file,))
        for grant in new.values()
    )
    return plan.but(steps=(*plan.steps, *steps))
