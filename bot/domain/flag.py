"""A flag: whom new behaviour is there for, until it is there for everybody."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from bot.domain.people import Person
from bot.domain.record import Record

NAME = r"^[a-z][a-z0-9_-]{1,31}$"
"""How a flag may be called: `coinflip`, `roll-advantage`."""
SETTLED = timedelta(days=7)
"""After so long on for everybody a flag decides nothing any more."""

FlagName = Annotated[str, StringConstraints(pattern=NAME)]

Reach = Literal["off", "dev", "channels", "share", "all"]
"""Nobody; the dev channel; named channels; a share of people; everybody.

Where it is on for anybody, it is on in the dev channel.
"""

_NAME = re.compile(NAME)
_BUCKETS = 10_000


class Flag(Record):
    """Whom one flag is on for, who said so, and since when it is so.

    `percent` of the people have it where it is on for a share: the same ones each time, and those
    who had a smaller share have the larger one too.
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
        """Whether it was on for everybody for so long that it can go out of the code."""
        return self.reach == "all" and now - self.at >= SETTLED

    def has_same_reach(self, other: Self) -> bool:
        """Whether both are on for the same people."""
        return (self.name, self.reach, self.channels, self.percent) == (
            other.name,
            other.reach,
            other.channels,
            other.percent,
        )


FlagStep = Literal["off", "share20", "share50", "all"]
"""Where a flag goes next at the press of a button."""


def get_next_step(flag: Flag) -> FlagStep:
    """Return whom a flag is to be on for after those that it is on for now."""
    if flag.reach != "share":
        return "share20"
    return "share50" if flag.percent < 50 else "all"


class Asker(NamedTuple):
    """Whom a flag is asked for. Of a thread, `channels` has its channel as well."""

    person_id: int
    channels: frozenset[int] = frozenset()
    in_dev_channel: bool = False


def is_on(flag: Flag | None, asker: Asker | None) -> bool:
    """Whether a flag is on for somebody; for nobody in particular, only one that is on for all.

    One that nobody ever switched (`None`) is off.
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
    """Whether a person is among so many percent; each flag draws its own people."""
    digest = hashlib.sha256(f"{name}:{person_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _BUCKETS < percent * _BUCKETS // 100


def is_valid_name(name: object) -> bool:
    """Whether a flag may be called so."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def build_flags_for_all(names: Iterable[str]) -> Mapping[str, Flag]:
    """Return flags of these names, each on for everybody, by their names."""
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    return {name: Flag(name=name, reach="all", at=begin) for name in names}
