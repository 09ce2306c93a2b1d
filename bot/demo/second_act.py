"""Suggests what to try next, once the first change has come live in the demo.

The server of the page stores which steps are done, so that they stay when the page is loaded again.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from local_discord.server import LocalDiscord

_LIVE = "live at"
"""What the bot says when a change has come live (`bot/presentation`)."""

_INCIDENT = re.compile(r"^incident \w+ · ", re.MULTILINE)
"""The footer of an incident's card; the message about a rollback has another."""


class Seen(NamedTuple):
    """A message: who wrote it (empty: the bot), and everything that it says."""

    by: str
    text: str

    @property
    def is_from_bot(self) -> bool:
        """True if the bot wrote it."""
        return not self.by

    def has_words(self, *words: str) -> bool:
        """Return whether it says one of these words, in any case."""
        return any(each.casefold() in self.text.casefold() for each in words)


@dataclass
class SuggestedStep:
    """Something to try. `is_done` looks at each message until it returns true once."""

    text: str
    is_done: Callable[[Seen], bool]
    done: bool = False

    @property
    def line(self) -> str:
        """The step as the page shows it."""
        return f"- {'☑' if self.done else '☐'} {self.text}"


def build_next_steps(request: str, *, has_model: bool, core_page: str = "") -> list[SuggestedStep]:
    """Return what can be tried after the first change, each independent of the others."""
    wish = (
        f"`{request}`: it plans, asks back, and proves what is new"
        if has_model
        else f"`{request}`: without a model it keeps the wish, and says what it needs"
    )
    steps = [
        SuggestedStep(
            "Ask who did it: `what changed today?`",
            lambda seen: not seen.is_from_bot and seen.has_words("what changed today"),
        ),
        SuggestedStep(
            "Say in the thread of the change `revert it`, and ship that",
            lambda seen: not seen.is_from_bot and seen.has_words("revert it"),
        ),
        SuggestedStep(
            "Become bob (your name, at the bottom left) and say `ship it`: only listed people may",
            lambda seen: seen.by == "bob" and seen.has_words("ship it"),
        ),
        SuggestedStep(
            f"Ask for something new: {wish}",
            lambda seen: not seen.is_from_bot and seen.has_words(request),
        ),
        SuggestedStep(
            "Let it notice by itself: revert the fix, ship that, and use the command until it "
            "failed five times",
            lambda seen: seen.is_from_bot and _INCIDENT.search(seen.text) is not None,
        ),
        SuggestedStep(
            "Read the review of an incident: let a command fail ten times, have it fixed, and wait "
            "a quarter of an hour after the last failure; “🔎 Review” comes into the run's thread",
            lambda seen: seen.is_from_bot and seen.has_words("🔎 review"),
        ),
        SuggestedStep(
            "Stop everything with `/stop-everything`, and lift it again",
            lambda seen: seen.is_from_bot and seen.has_words("everything was stopped by"),
        ),
    ]
    if core_page:
        steps.append(
            SuggestedStep(
                f"Break its core, and see the supervisor roll it back: {core_page}",
                lambda seen: seen.is_from_bot and seen.has_words("rolled it back"),
            )
        )
    return steps


class SecondAct:
    """Replaces the page's hint once a change is live, and ticks the steps that are done."""

    def __init__(self, discord: LocalDiscord, steps: Sequence[SuggestedStep]) -> None:
        self._discord = discord
        self._steps = steps
        self._names = {str(number): name for name, number in discord.people.items()}
        self._is_open = False

    def look(self, event: str, payload: dict[str, Any]) -> None:
        """Look at what happened."""
        if event not in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            return
        author = str(payload.get("author", {}).get("id", ""))
        is_bot = author == str(self._discord.bot_user_id)
        if not is_bot and author not in self._names:
            return
        seen = Seen("" if is_bot else self._names[author], _read_text(payload))
        if not self._is_open:
            if not (seen.is_from_bot and seen.has_words(_LIVE)):
                return
            self._is_open = True
        else:
            new = [each for each in self._steps if not each.done and each.is_done(seen)]
            for step in new:
                step.done = True
            if not new:
                return
        self._discord.set_hint(self.list_lines())

    def list_lines(self) -> list[str]:
        """Return the hint."""
        done = sum(each.done for each in self._steps)
        return [
            f"**The loop is closed.** What to try next, in any order ({done} of "
            f"{len(self._steps)} done):",
            *(each.line for each in self._steps),
        ]


@asynccontextmanager
async def offer_second_act(
    discord: LocalDiscord, steps: Sequence[SuggestedStep]
) -> AsyncIterator[SecondAct]:
    """Offer the steps as soon as the bot says that a change is live, until the context is left."""
    act = SecondAct(discord, steps)
    listeners = discord.world.backend.people
    listeners.append(act.look)
    try:
        yield act
    finally:
        listeners.remove(act.look)


def _read_text(payload: dict[str, Any]) -> str:
    """Return what a message says, in its text and in its cards."""
    texts = [str(payload.get("content", ""))]
    for card in payload.get("embeds", ()):
        texts += [str(card.get("title", "")), str(card.get("description", ""))]
        texts.append(str((card.get("footer") or {}).get("text", "")))
    return "\n".join(texts)
