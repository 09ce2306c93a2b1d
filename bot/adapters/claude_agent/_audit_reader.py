"""Reads the sample of a self-audit: one prompt, no tools, one structured answer."""

from pydantic import Field
from theseus_guard.record import Record

from bot.adapters.claude_agent._single_answer import SingleAnswerModel
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.domain.account import Account
from bot.domain.audit_ideas import (
    LONGEST_IDEA,
    LONGEST_REASON,
    MOST_IDEAS,
    AuditIdea,
    AuditIdeas,
    AuditSample,
)
from bot.domain.people import ITSELF

_PATTERNS, _SOURCE, _KNOWN = 6_000, 6_000, 3_000  # characters


class IdeaForm(Record):
    """One proposed improvement."""

    text: str = Field(
        min_length=10,
        max_length=LONGEST_IDEA,
        description="What to change, as a request of one sentence that somebody can carry out "
        "without having read this: `add a test that /roll refuses 0 dice`.",
    )
    reason: str = Field(
        min_length=10,
        max_length=LONGEST_REASON,
        description="The line, count or code in the sample that it rests on, and what gets better.",
    )
    value: int = Field(
        ge=1, le=5, description="5: people notice it every day. 1: it would be tidier."
    )


class AuditForm(Record):
    """The proposals, the most useful first; none is a good answer too."""

    ideas: tuple[IdeaForm, ...] = Field(default=(), max_length=MOST_IDEAS)


class ClaudeAuditReader(SingleAnswerModel):
    """Implements `bot.ports.audit_reader.AuditReader` with the planner's model."""

    system = "planner_audit"
    folder = "audit"
    turns = 6

    async def propose(self, sample: AuditSample, usd: float) -> AuditIdeas:
        """Return the model's proposals. Raises `AgentError`, `BudgetSpent`."""
        prompt = self._prompts.render(
            "planner_audit_sample",
            patterns=fence_text(clip("\n".join(sample.patterns), _PATTERNS)),
            sources="\n\n".join(
                f"`{path}`:\n\n{fence_text(clip(text, _SOURCE))}" for path, text in sample.sources
            ),
            known=fence_text(clip("\n".join(sample.known), _KNOWN)),
        )
        form, cost = await self._ask(
            AuditForm,
            prompt,
            talk=f"audit:{sample.key}:planner",
            account=Account(purpose="audit", person_id=ITSELF.id),
            usd=min(usd, self._role.usd),
        )
        ideas = tuple(AuditIdea.model_validate(dict(each)) for each in form.ideas)
        return AuditIdeas(ideas=ideas, **dict(cost))
