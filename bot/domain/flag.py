"""Feature flags: for whom new behaviour is on, until it is on for everyone."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator
from theseus_guard.record import Record

from bot.domain.people import Person

NAME = r"^[a-z][a-z0-9_-]{1,31}$"
"""The pattern of flag names: `coinflip`, `roll-advantage`."""
SETTLED = timedelta(days=7)
"""A flag that has been on for everyone for this long can be removed from the code."""

FlagName = Annotated[str, StringConstraints(pattern=NAME)]

Reach = Literal["off", "dev", "channels", "share", "all"]
"""For whom a flag is on: no one, the dev channel, named channels, a share of people, everyone.

A flag that is on for anyone is also on in the dev channel.
"""

_NAME = re.compile(NAME)
_BUCKETS = 10_000


class Flag(Record):
    """For whom one flag is on, who decided that, and since when.

    With reach `share`, it is on for `percent` of the people: always the same ones, and a larger
    share includes the people of a smaller one.
    """

    name: FlagName
    reach: Reach = "off"
    channels: tuple[int, ...] = Field(default=(), max_length=20)
    percent: int = Field(default=0, ge=0, le=99)
    by: Person | None = None
    at: AwareDatetime

    @model_validator(mode="after")
    def _check_reach(self) -> Self:
        if bool(self.channels) != (self.reach == "channels"):
            raise ValueError("channels are named where it is on for channels")
        if bool(self.percent) != (self.reach == "share"):
            raise ValueError("a share is 1 to 99 percent, where it is on for a share")
        return self

    def is_settled(self, now: datetime) -> bool:
        """Return whether it has been on for everyone for so long that the code can drop it."""
        return self.reach == "all" and now - self.at >= SETTLED

    def has_same_reach(self, other: Self) -> bool:
        """Return whether both are the same flag and on for the same people."""
        return (self.name, self.reach, self.channels, self.percent) == (
            other.name,
            other.reach,
            other.channels,
            other.percent,
        )


FlagStep = Literal["off", "share20", "share50", "all"]
"""The next reach of a flag when its button is pressed."""


def get_next_step(flag: Flag) -> FlagStep:
    """Return the next reach after the current one."""
    if flag.reach != "share":
        return "share20"
    return "share50" if flag.percent < 50 else "all"


class Asker(NamedTuple):
    """The person and channel for which a flag is checked.

    For a thread, `channels` also contains its parent channel.
    """

    person_id: int
    channels: frozenset[int] = frozenset()
    in_dev_channel: bool = False


def is_on(flag: Flag | None, asker: Asker | None) -> bool:
    """Return whether a flag is on for an asker; without an asker, whether it is on for everyone.

    A flag that was never switched (`None`) is off.
    """
    if flag is None or flag.reach == "off":
        return False
    if flag.reach == "all" or asker is None:
        return flag.reach == "all"
    if asker.in_dev_channel:
        return True
    if flag.reach == "channels":
        return not asker.channels.isdisjoint(flag.channels)
    return flag.reach == "share" and is_in_share(flag.name, asker.person_id, flag.percent)


def is_in_share(name: str, person_id: int, percent: int) -> bool:
    """Return whether a person is among `percent` of the people.

    Each flag selects its own people, because its name is part of the hash.
    """
    digest = hashlib.sha256(f"{name}:{person_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _BUCKETS < percent * _BUCKETS // 100


def is_valid_name(name: object) -> bool:
    """Return whether this may be the name of a flag."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def build_flags_for_all(names: Iterable[str]) -> Mapping[str, Flag]:
    """Return flags with these names, each on for everyone, keyed by name."""
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    return {name: Flag(name=name, reach="all", at=begin) for name in names}
