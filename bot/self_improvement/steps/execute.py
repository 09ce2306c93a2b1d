"""Execute: an engine writes the change, which is committed together with the reproduction."""

from dataclasses import dataclass

from bot.domain.errors import AgentError, BudgetSpent
from bot.domain.history import History
from bot.domain.run import Run
from bot.self_improvement.reporting.messages import format_instruction
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner
from bot.self_improvement.runs.engine_choice import EngineTrouble, WritingEngines
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.steps._change_writer import ChangeWriter
from bot.self_improvement.steps._execution_results import ExecutionResults


@dataclass(frozen=True, eq=False)
class ExecuteStep:
    """Runs an engine for one round."""

    engines: WritingEngines
    writer: ChangeWriter
    results: ExecutionResults
    trouble: EngineTrouble
    calls: ModelCalls
    notifier: RunNotifier

    async def perform(self, run: Run, history: History) -> Run:
        """Write the change. If the engine fails: pause, switch to the fallback, or raise."""
        if run.goal == "change" and not history.is_agreed:
            raise AssertionError("a change without an agreement was about to be written")
        await self._say_what_was_asked(run, history)
        engine = self.engines.choose(run, history)
        fallback = self.engines.find_fallback(history)
        can_switch = fallback is not None and engine is not fallback
        try:
            return await self._run_if_allowed(engine, run, history, can_switch=can_switch)
        except (AgentError, BudgetSpent) as error:
            until = self.calls.find_pause(error, run, has_fallback=can_switch)
            if until is not None:
                return await self.trouble.await_limit(
                    run, history, until, error, can_switch=can_switch
                )
            if fallback is None or not can_switch:
                raise
            run = await self.trouble.switch_engine(run, history, error, fallback.engine)
            return await self._run_if_allowed(fallback, run, history)

    async def _run_if_allowed(
        self, engine: CodeAgentRunner, run: Run, history: History, *, can_switch: bool = False
    ) -> Run:
        """Run the engine if the budget allows it, and when it is the run's turn."""
        if engine.can_follow_instructions:
            await self.calls.check_budget(run, "execute")
        # A revision continues a change that was already counted.
        is_revision = history.revising is not None
        turn = await self.calls.find_turn(engine, run, is_revision=is_revision)
        if turn is not None:
            return await self.trouble.await_turn(run, history, *turn, can_switch=can_switch)
        written = await self.writer.write(engine, run, history)
        return await self.results.accept(engine, run, history, written)

    async def _say_what_was_asked(self, run: Run, history: History) -> None:
        """Post the instructions, in case a crash prevented that. Can be repeated safely."""
        for item in history.instructions.items if history.instructions else ():
            text = format_instruction(item, at_once=True)
            await self.notifier.say(run, text, key=f"asked:{item.key}")
