"""Rate limits for each person, checked before the text is parsed. Decisions always pass."""

from contextlib import suppress

import discord

from bot.client import TheseusClient
from bot.client.rate_limiter import Rate, RateLimiter
from bot.domain.errors import TooMany
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import get_author, is_listed

LISTED = Rate(burst=20, seconds=3)
STRANGERS = Rate(burst=10, seconds=15)
REFUSALS = Rate(burst=1, seconds=30)  # as text; further refusals only get the reaction
SIGN = "✋"
# These can be repeated later. Everything else from a listed person is, or may be, a decision.
_CAN_WAIT = frozenset({
    "investigate", "fix", "change", "ask", "research", "chat", "status", "audit", "budget",
})  # fmt: skip
_TO_LISTED = (
    "That is more than I accept from one person at once. I continue in about {seconds:.0f} s. "
    "Until then I act only on decisions such as ship, reject, cancel, stop and pause; please "
    "repeat all other requests later."
)
_TO_STRANGERS = "That is more than I can answer. I do not read your messages for a while."


class MessageLimits:
    """Counts what each person says to the bot."""

    def __init__(self, bot: TheseusClient) -> None:
        self._bot = bot
        self._listed = RateLimiter(LISTED)
        self._strangers = RateLimiter(STRANGERS)
        self._refusals = RateLimiter(REFUSALS)

    def should_ignore(self, message: discord.Message) -> bool:
        """Return whether to ignore a message: its author is not listed and wrote too much."""
        now = self._bot.clock.monotonic()
        if not self._strangers.is_limited(message.author.id, now):
            return False
        return not is_listed(self._bot, get_author(self._bot, message))

    async def hold_back(self, incoming: IncomingMessage) -> bool:
        """Return whether a listed person must ask again later; such a message gets a reaction."""
        can_wait = incoming.request.utterance.intent in _CAN_WAIT and not incoming.request.is_answer
        now = self._bot.clock.monotonic()
        is_held = can_wait and self._listed.is_limited(incoming.request.person.id, now)
        if is_held:
            await _sign(incoming.message)
        return is_held

    def count(self, incoming: IncomingMessage) -> str:
        """Count the message; return a warning if it is the last one handled for a while."""
        now = self._bot.clock.monotonic()
        if not is_listed(self._bot, incoming.request.person):
            return _TO_STRANGERS if self._strangers.take(incoming.request.person.id, now) else ""
        if incoming.request.utterance.intent not in _CAN_WAIT or incoming.request.is_answer:
            return ""
        last = self._listed.take(incoming.request.person.id, now)
        return _TO_LISTED.format(seconds=LISTED.burst * LISTED.seconds / 2) if last else ""

    async def refuse(self, incoming: IncomingMessage, refusal: TooMany) -> str | None:
        """Return the refusal of a request too many: once as text, then only as a reaction."""
        now = self._bot.clock.monotonic()
        if not self._refusals.is_limited(incoming.request.person.id, now):
            self._refusals.take(incoming.request.person.id, now)
            return str(refusal)
        await _sign(incoming.message)
        return None


async def _sign(message: discord.Message) -> None:
    """React to show that a message was read and is not acted on."""
    with suppress(discord.HTTPException):  # if the bot may not react, nothing is shown
        await message.add_reaction(SIGN)
