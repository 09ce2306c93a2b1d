"""The port that records the bot's actions in the journal."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import CodeType
from typing import Protocol, TypedDict, Unpack

from bot.domain.audience import Audience
from bot.domain.journal import Action, ActionOutcome, Kind


class About(TypedDict, total=False):
    """Optional details of an action. `user_id` becomes a pseudonym, `error` a capsule.

    `audience` says who could see it. Without it, people's actions count as private, and the record
    has placeholders instead of values. `flags` says which flags were read, and whether each was on.
    `code` is blamed for a failure whose traceback has no line of ours.
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
    """Writes one record for each action. A failure to record never fails the action."""

    def record(
        self, kind: Kind, name: str, outcome: ActionOutcome, **about: Unpack[About]
    ) -> Action:
        """Write one record and return it; its id is what an error reply shows."""
        ...

    def label_logs(self, user_id: int | None) -> AbstractContextManager[None]:
        """Add the person's pseudonym and the running commit to all lines logged in the block.

        Tasks that are created in the block keep both. `None` is no person.
        """
        ...
