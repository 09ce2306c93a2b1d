"""The port that takes note of what the bot does."""

from collections.abc import Mapping
from types import CodeType
from typing import Protocol, TypedDict, Unpack

from bot.domain.audience import Audience
from bot.domain.journal import Action, ActionOutcome, Kind


class About(TypedDict, total=False):
    """What may be known of an action. `user_id` becomes a pseudonym, `error` a capsule.

    `audience` says who could see it. Without it, what people use counts as private: the record
    then holds stand-ins in place of values. `flags` says of each that was asked for whether it was
    on. `code` is blamed for a failure on whose way there is no line of ours.
    """

    duration_ms: float | None
    guild_id: int | None
    channel_id: int | None
    user_id: int | None
    shard: int | None
    run_id: str | None
    agent: str | None
    cost_usd: float | None
    tokens_in: int | None
    tokens_out: int | None
    error: BaseException | None
    inputs: Mapping[str, object] | None
    flags: Mapping[str, bool]
    audience: Audience
    code: CodeType | None


class ActionRecorder(Protocol):
    """Keeps one record an action. It never fails what it records."""

    def record(
        self, kind: Kind, name: str, outcome: ActionOutcome, **about: Unpack[About]
    ) -> Action:
        """Write one record and return it; its id is what an error reply shows."""
        ...
