"""How much of one person is heard: looked at before their words are, and decisions pass always."""

from contextlib import suppress

import discord

from bot.client import TheseusClient
from bot.client.rate_limiter import Rate, RateLimiter
from bot.domain.errors import TooMany
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import get_author, is_listed

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

    def should_ignore(self, message: discord.Message) -> bool:
        """Whether a message is not even read: somebody's who is not listed, and said too much."""
        now = self._bot.clock.get_monotonic_time()
        if not self._strangers.is_limited(message.author.id, now):
            return False
        return not is_listed(self._bot, get_author(self._bot, message))

    async def hold_back(self, incoming: IncomingMessage) -> bool:
        """Whether what a listed person asks for has to be asked again later; it gets the sign."""
        can_wait = incoming.utterance.intent in _CAN_WAIT and not incoming.answers
        now = self._bot.clock.get_monotonic_time()
        held = can_wait and self._listed.is_limited(incoming.person.id, now)
        if held:
            await _sign(incoming.message)
        return held

    def count(self, incoming: IncomingMessage) -> str:
        """Count what was said; return what to tell the person if it was the last for a while."""
        now = self._bot.clock.get_monotonic_time()
        if not is_listed(self._bot, incoming.person):
            return _TO_STRANGERS if self._strangers.take(incoming.person.id, now) else ""
        if incoming.utterance.intent not in _CAN_WAIT or incoming.answers:
            return ""
        last = self._listed.take(incoming.person.id, now)
        return _TO_LISTED.format(seconds=LISTED.burst * LISTED.seconds / 2) if last else ""

    async def refuse(self, incoming: IncomingMessage, refusal: TooMany) -> str | None:
        """Return what to say of a request that is one too many: words once, then the sign."""
        now = self._bot.clock.get_monotonic_time()
        if not self._refusals.is_limited(incoming.person.id, now):
            self._refusals.take(incoming.person.id, now)
            return str(refusal)
        await _sign(incoming.message)
        return None


async def _sign(message: discord.Message) -> None:
    """Show that a message was read, and is not acted on."""
    with suppress(discord.HTTPException):  # without the right to react nothing is shown
        await message.add_reaction(SIGN)
