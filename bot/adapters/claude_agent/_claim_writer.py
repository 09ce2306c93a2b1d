"""Writes claims about passages: one prompt, no tools, one structured answer."""

from collections.abc import Sequence

from pydantic import Field
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.adapters.claude_agent._single_answer import SingleAnswerModel
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


class ClaudeClaimWriter(SingleAnswerModel):
    """Implements `bot.ports.research.ClaimWriter` with the chat model."""

    system = "chat_research"
    folder = "research"

    async def write(self, question: ResearchQuestion, passages: Sequence[Passage]) -> DraftAnswer:
        """Return unchecked claims. Raises `AgentError`, `BudgetSpent`."""
        account = question.account
        prompt = self._prompts.render(
            "chat_research_question",
            question=fence_text(clip(redact(question.text), 400)),
            sources=render_passages(tuple(enumerate(passages, 1))),
        )
        talk = f"research:{account.run_id or account.person_id}"
        form, cost = await self._ask(ClaimsForm, prompt, talk=talk, account=account)
        claims = tuple(
            DraftClaim(text=each.text, quotes=(Quote(passage=each.source, text=each.quote),))
            for each in form.claims
        )
        return DraftAnswer(claims=claims, written_by=self.name, **dict(cost))
