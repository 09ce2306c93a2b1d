"""What a model is asked to be, and what it may use for that."""

from typing import Literal

from pydantic import Field

from bot.domain.record import Record

Effort = Literal["low", "medium", "high", "max"]


class Role(Record):
    """One part a model plays: planner, executor, reviewer.

    `model` is a name or alias the engine knows (`opus`, `sonnet`). `seconds` of wall-clock time and
    `usd` are for one call; `turns` is how often the model may answer in it.
    """

    model: str = Field(min_length=1)
    effort: Effort | None = None
    turns: int = Field(default=40, ge=1, le=1_000)
    seconds: float = Field(default=300.0, gt=0, le=86_400)
    usd: float = Field(default=1.0, gt=0, le=1_000)
