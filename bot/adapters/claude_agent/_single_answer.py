"""One prompt to a model that has no tools, and its structured answer."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import TypeVar

from theseus_guard.record import Record

from bot.adapters.claude_agent._output import Objection, read
from bot.adapters.claude_agent.program._events import Deny
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.program._turn import CostSum, PromptTurn
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid

Form = TypeVar("Form", bound=Record)


async def ask_once(claude: Claude, talk: Talk, prompt: str, form: type[Form]) -> tuple[Form, Cost]:
    """Return the model's answer in that form, and what it cost. No one watches it work.

    Raises `AgentError`, `BudgetSpent`.
    """
    tally = CostSum()
    async with claude.open_conversation(talk) as conversation:
        tally.add(conversation)
        turn = PromptTurn(conversation, tally, talk.cwd)
        async with aclosing(turn.say(prompt)) as updates:
            async for _ in updates:
                pass
        try:
            answer = read(form, turn.reply.structured)
        except Objection as objection:
            raise AgentOutputInvalid(
                f"The answer was not usable: {str(objection)[:500]}"
            ) from objection
    return answer, tally.total


async def refuse_tool(tool: str, _arguments: Mapping[str, object]) -> Deny:
    """Refuse every tool: all there is to read is in the prompt."""
    return Deny(f"There is no tool {tool} here. Answer with what you were given.")
