"""Writes claims about passages: one prompt, no tools, one structured answer."""

from collections.abc import Sequence

from pydantic import Field
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.adapters.claude_agent._forms import build_schema
from bot.adapters.claude_agent._single_answer import ask_once, refuse_tool
from bot.adapters.claude_agent.program._launch import create_private_folder
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.prompting._passages import render_passages
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.domain.research import (
    LONGEST_CLAIM,
    LONGEST_QUOTE,
    MOST_CLAIMS,
    DraftAnswer,
    DraftClaim,
    Passage,
    Quote,
    ResearchQuestion,
)
from bot.domain.roles import Role
from bot.prompts import Prompts

_TURNS = 4  # the answer, and corrections of its shape


class ClaimForm(Record):
    """One claim."""

    text: str = Field(min_length=3, max_length=LONGEST_CLAIM, description="One sentence.")
    source: int = Field(ge=1, description="The number of the source that supports it.")
    quote: str = Field(
        min_length=3,
        max_length=LONGEST_QUOTE,
        description="The words of that source that support it, copied without any change.",
    )


class ClaimsForm(Record):
    """The answer: claims, none if the sources do not answer the question."""

    claims: tuple[ClaimForm, ...] = Field(default=(), max_length=MOST_CLAIMS)


class ClaudeClaimWriter:
    """Implements `bot.ports.research.ClaimWriter` with the chat model."""

    def __init__(self, claude: Claude, role: Role, prompts: Prompts) -> None:
        self._claude = claude
        self._role = role.replace(turns=min(role.turns, _TURNS))
        self._prompts = prompts

    @property
    def name(self) -> str:
        """The engine and model, for people."""
        return f"claude ({self._role.model})"

    async def write(self, question: ResearchQuestion, passages: Sequence[Passage]) -> DraftAnswer:
        """Return unchecked claims. Raises `AgentError`, `BudgetSpent`."""
        account = question.account
        talk = Talk(
            name=f"research:{account.run_id or account.person_id}",
            role=self._role,
            cwd=create_private_folder(self._claude.home / "research"),
            system=self._prompts.render_system("chat_research"),
            account=account,
            judge=refuse_tool,
            schema=build_schema(ClaimsForm),
            seconds=self._role.seconds,
            usd=self._role.usd,
            fresh=True,
        )
        prompt = self._prompts.render(
            "chat_research_question",
            question=fence_text(clip(redact(question.text), 400)),
            sources=render_passages(tuple(enumerate(passages, 1))),
        )
        form, cost = await ask_once(self._claude, talk, prompt, ClaimsForm)
        claims = tuple(
            DraftClaim(text=each.text, quotes=(Quote(passage=each.source, text=each.quote),))
            for each in form.claims
        )
        return DraftAnswer(claims=claims, written_by=self.name, **dict(cost))
