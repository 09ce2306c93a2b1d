"""One prompt to a model that has no tools, and its structured answer."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import ClassVar, TypeVar

from theseus_guard.record import Record

from bot.adapters.claude_agent._forms import build_schema
from bot.adapters.claude_agent._output import Objection, read
from bot.adapters.claude_agent.program._events import Deny
from bot.adapters.claude_agent.program._launch import create_private_folder
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.program._turn import CostSum, PromptTurn
from bot.domain.account import Account
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid
from bot.domain.roles import Role
from bot.prompts import Prompts

Form = TypeVar("Form", bound=Record)


class SingleAnswerModel:
    """A model that is asked one thing at a time; each question is a conversation of its own."""

    turns: ClassVar[int] = 4
    """The answer, and corrections of its shape."""
    system: ClassVar[str]
    """The name of its system prompt."""
    folder: ClassVar[str]
    """The name of the empty folder that it starts in."""
    leaves_transcript: ClassVar[bool] = True
    """False where people's words are read, which stay in no transcript."""

    def __init__(self, claude: Claude, role: Role, prompts: Prompts) -> None:
        self._claude = claude
        self._role = role.replace(turns=min(role.turns, self.turns))
        self._prompts = prompts

    @property
    def name(self) -> str:
        """The engine and model, for people and the journal."""
        return f"claude ({self._role.model})"

    @property
    def seconds(self) -> float:
        """How long an answer may take."""
        return self._role.seconds

    async def _ask(
        self,
        form: type[Form],
        prompt: str,
        *,
        talk: str,
        account: Account,
        usd: float | None = None,
    ) -> tuple[Form, Cost]:
        """Return the model's answer in that form, and what it cost. No one watches it work.

        Args:
            form: The form of the answer.
            prompt: All that the model gets to read besides its system prompt.
            talk: The name of the conversation.
            account: Who is charged.
            usd: What it may cost at most, in US dollars; by default the role's limit.

        Raises `AgentError`, `BudgetSpent`.
        """
        opened = Talk(
            name=talk,
            role=self._role,
            cwd=create_private_folder(self._claude.home / self.folder),
            system=self._prompts.render_system(self.system),
            account=account,
            judge=_refuse_tool,
            schema=build_schema(form),
            seconds=self._role.seconds,
            usd=self._role.usd if usd is None else usd,
            fresh=True,
        )
        try:
            return await self._say(opened, prompt, form)
        finally:
            if not self.leaves_transcript:
                self._claude.forget(talk)

    async def _say(self, opened: Talk, prompt: str, form: type[Form]) -> tuple[Form, Cost]:
        tally = CostSum()
        async with self._claude.open_conversation(opened) as conversation:
            tally.add(conversation)
            turn = PromptTurn(conversation, tally, opened.cwd)
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


async def _refuse_tool(tool: str, _arguments: Mapping[str, object]) -> Deny:
    """Refuse every tool: all there is to read is in the prompt."""
    return Deny(f"There is no tool {tool} here. Answer with what you were given.")
