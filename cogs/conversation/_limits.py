"""How much of one person is heard: looked at before their words are, and decisions pass always."""

from contextlib import suppress

import discord

from bot.client import TheseusClient
from bot.client.rate_limiter import Rate, RateLimiter
from bot.domain.errors import TooMany
from cogs.conversation._heard_message import Heard
from cogs.ui import author_of, is_listed

LISTED = Rate(burst=20, seconds=3)
STRANGERS = Rate(burst=10, seconds=15)
REFUSALS = Rate(burst=1, seconds=30)  # in words; what is refused beside them gets the sign
SIGN = "✋"
# What may be asked again in a moment. All else that a listed person says is a decision, or may be.
_CAN_WAIT = frozenset({"investigate", "fix", "change", "ask", "chat", "status", "audit", "budget"})
_TO_LISTED = (
    "That is more than I take from one person at once: I read on in about {seconds:.0f} s. Until "
    "then I hear you ship, reject, cancel, stop, pause and the like; ask all else again."
)
_TO_STRANGERS = "That is more than I can answer: I do not read what you write for a while."


class MessageLimits:
    """Counts what each person says to the bot."""

    def __init__(self, bot: TheseusClient) -> None:
        self._bot = bot
        self._listed = RateLimiter(LISTED)
        self._strangers = RateLimiter(STRANGERS)
        self._refusals = RateLimiter(REFUSALS)

    def deaf_to(self, message: discord.Message) -> bool:
        """Whether a message is not even read: somebody's who is not listed, and said too much."""
        now = self._bot.clock.monotonic()
        if not self._strangers.closed(message.author.id, now):
            return False
        return not is_listed(self._bot, author_of(self._bot, message))

    async def hold_back(self, heard: Heard) -> bool:
        """Whether what a listed person asks for has to be asked again later; it gets the sign."""
        can_wait = heard.utterance.intent in _CAN_WAIT and not heard.answers
        now = self._bot.clock.monotonic()
        held = can_wait and self._listed.closed(heard.person.id, now)
        if held:
            await _sign(heard.message)
        return held

    def count(self, heard: Heard) -> str:
        """Count what was said; return what to tell the person if it was the last for a while."""
        now = self._bot.clock.monotonic()
        if not is_listed(self._bot, heard.person):
            return _TO_STRANGERS if self._strangers.take(heard.person.id, now) else ""
        if heard.utterance.intent not in _CAN_WAIT or heard.answers:
            return ""
        last = self._listed.take(heard.person.id, now)
        return _TO_LISTED.format(seconds=LISTED.burst * LISTED.seconds / 2) if last else ""

    async def refused(self, heard: Heard, refusal: TooMany) -> str | None:
        """Return what to say of a request that is one too many: words once, then the sign."""
        now = self._bot.clock.monotonic()
        if not self._refusals.closed(heard.person.id, now):
            self._refusals.take(heard.person.id, now)
            return str(refusal)
        await _sign(heard.message)
        return None


async def _sign(message: discord.Message) -> None:
    """Show that a message was read, and is not acted on."""
    with suppress(discord.HTTPException):  # without the right to react nothing is shown
        await message.add_reaction(SIGN)
