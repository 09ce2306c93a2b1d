"""Quiet mode and digests, in words. Who may choose them is decided where they are stored."""

import re
from dataclasses import dataclass
from datetime import datetime

from bot.authority.end_times import parse_end_time
from bot.domain.errors import WrongStage
from bot.domain.intents import Intent
from bot.domain.notices import QuietLevel
from bot.domain.people import Person
from bot.grammar.notices import (
    DigestSentence,
    QuietSentence,
    parse_digest_request,
    parse_quiet_request,
)
from bot.intake.message import Message, Reply
from bot.notices.digest_schedules import DigestRequest, DigestSchedules
from bot.notices.quiet import QuietMode
from bot.notices.texts import describe_quiet, describe_quiet_end, describe_schedule
from bot.notices.texts import describe_schedule_end as describe_end
from bot.ports.clock import Clock

INTENTS = (Intent.QUIET, Intent.DIGEST)


@dataclass(frozen=True)
class Request:
    """What is asked for. `is_public`: the notice in the dev channel already answers it."""

    person: Person
    wanted: QuietSentence | DigestSentence
    is_public: bool
    until: datetime | None = None


def parse_quiet_end(phrase: str, now: datetime) -> datetime | None:
    """Return an end time; an hour alone (“until 6”) is the next one, of the morning or evening.

    Returns `None` if no time is named. Raises `WrongStage` for text that cannot be read.
    """
    if re.fullmatch(r"1[0-2]|[1-9]", phrase):
        ends = [parse_end_time(f"{phrase} {half}", now) for half in ("am", "pm")]
        return min(each for each in ends if each is not None)
    return parse_end_time(phrase, now)


@dataclass(frozen=True, eq=False)
class Handler:
    """Begins and ends quiet mode, and chooses digests."""

    quiet: QuietMode | None
    digests: DigestSchedules | None
    clock: Clock
    dev_channel_id: int

    async def decide(self, message: Message) -> Request:
        """Return what is asked for. Raises `WrongStage` for an end that cannot be read."""
        is_public = message.channel_id == self.dev_channel_id
        wanted = parse_quiet_request(message.slots.note)
        if message.intent is Intent.QUIET and wanted is not None:
            until = parse_quiet_end(wanted.until, self.clock.now())
            return Request(message.person, wanted, is_public, until)
        digest = parse_digest_request(message.slots.note)
        if digest is None:
            raise AssertionError("the grammar found a request that is none")
        return Request(message.person, digest, is_public)

    async def perform(self, request: Request) -> Reply:
        """Carry it out. Raises what the services raise."""
        wanted, person = request.wanted, request.person
        if self.quiet is None or self.digests is None:
            raise WrongStage("This bot runs without quiet mode and digests.")
        if isinstance(wanted, DigestSentence):
            asked = DigestRequest(wanted.every, wanted.to_channel, wanted.weekday, wanted.at)
            schedule = await self.digests.choose(person, asked)
            if schedule is None:
                return describe_end(to_channel=wanted.to_channel)
            return describe_schedule(schedule)
        if wanted.ends:
            await self.quiet.end(person)
            return None if request.is_public else describe_quiet_end(person)
        level: QuietLevel = "nothing" if wanted.is_total else "needs a person"
        period = await self.quiet.begin(person, level, request.until)
        return None if request.is_public else describe_quiet(period)
