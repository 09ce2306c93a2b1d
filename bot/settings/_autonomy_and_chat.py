"""What the bot does by itself, and how it talks."""

from pydantic import Field
from theseus_guard.record import Record

from bot.authority.autonomy_levels import Autonomy
from bot.domain.roles import Role


class AutonomyConfig(Autonomy):
    """How far the bot goes on its own; `dev_mode` pauses it while people work on its code."""

    dev_mode: bool = True


class ChatConfig(Record):
    """Chat that is not a request.

    At most `channels` programs stay open, each for `idle_minutes`. The `reader` says what kind of
    request a message is, before the bot acts; without one, grammar and table decide alone. The
    `translator` puts answers into the person's language.
    """

    role: Role = Role(model="sonnet", turns=20, seconds=120.0, usd=0.2)
    reader: Role | None = Role(model="haiku", turns=3, seconds=12.0, usd=0.02)
    translator: Role | None = Role(model="haiku", turns=3, seconds=12.0, usd=0.02)
    channels: int = Field(default=4, ge=1, le=64)
    idle_minutes: float = Field(default=30.0, gt=0, le=1_440)
    remembered: int = Field(default=40, ge=0, le=1_000, description="messages of a channel")


class MissedConfig(Record):
    """Messages that came while the bot was away: not older, not more than this."""

    hours: float = Field(default=24.0, ge=0, le=336)
    messages: int = Field(default=50, ge=0, le=1_000)
