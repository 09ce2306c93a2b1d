"""Asks a planner for one answer and checks it; an answer with faults is sent back once."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol, TypeVar

from bot.adapters.claude_agent._output import Objection
from bot.adapters.claude_agent._progress_watch import RepetitionLimits, StuckWatch
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.program._turn import CostSum, PromptTurn, build_last_cost
from bot.adapters.claude_agent.prompting._texts import fence_text
from bot.domain.errors import AgentOutputInvalid, TheseusError
from bot.ports.agent import Progress
from bot.ports.planner import Briefed, Diagnosed, Planned
from bot.prompts import Prompts

# The name of a field before what is wrong with it: for the model, and not for people.
_FIELD = re.compile(r"(?<![\w`])(?:[a-z]+(?:[._]\w+)+|steps|tests?|risk|cause): ")

Answer = TypeVar("Answer", Diagnosed, Planned, Briefed)
Result = TypeVar("Result", bound=Diagnosed | Planned | Briefed, covariant=True)


class Accept(Protocol[Result]):
    """Converts an answer to a record. Raises `Objection`; a `final` answer is not sent back."""

    async def __call__(self, answer: object, *, final: bool) -> Result:
        """Return the record."""
        ...


async def inquire(
    claude: Claude, prompts: Prompts, talk: Talk, prompt: str, accept: Accept[Answer]
) -> AsyncGenerator[Progress | Answer, None]:
    """Yield progress, then the accepted record. Raises `AgentError`, `BudgetSpent`."""
    tally = CostSum()
    try:
        async with claude.open_conversation(talk) as conversation:
            tally.add(conversation)
            watch = StuckWatch(talk.cwd, RepetitionLimits(turns=None))
            turn = PromptTurn(conversation, tally, talk.cwd, watch.see)
            yield tally.build_progress("reads the evidence")
            for final in (False, True):
                async with aclosing(turn.say(prompt)) as updates:
                    async for update in updates:
                        yield update
                try:
                    record = await accept(turn.reply.structured, final=final)
                except Objection as objection:
                    prompt = _build_objection_prompt(prompts, objection, final=final)
                    continue
                yield record.replace(**dict(tally.total))
                return
    except TheseusError as error:
        if unreported := build_last_cost(tally, error):
            yield unreported
        raise


def _build_objection_prompt(prompts: Prompts, objection: Objection, *, final: bool) -> str:
    if final:
        raise AgentOutputInvalid(
            f"The planner's answer was not usable, twice: {_FIELD.sub('', str(objection))[:500]}"
        ) from objection
    return prompts.render("planner_again", problem=fence_text(str(objection)))
