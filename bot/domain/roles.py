"""Roles of a model, and the limits of each."""

from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

Effort = Literal["low", "medium", "high", "max"]


class Role(Record):
    """One role of a model: planner, executor, reviewer.

    `model` is a name or alias that the engine knows (`opus`, `sonnet`). `seconds` (wall-clock) and
    `usd` are limits for one call; `turns` is the maximum number of model answers in it.
    """

    model: str = Field(min_length=1)
    effort: Effort | None = None
    turns: int = Field(default=40, ge=1, le=1_000)
    seconds: float = Field(default=300.0, gt=0, le=86_400)
    usd: float = Field(default=1.0, gt=0, le=1_000)
