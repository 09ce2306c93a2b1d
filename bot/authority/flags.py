"""Feature flags: stored in the key-value store, cached in memory, switched by people who may."""

import asyncio
from collections.abc import Collection, Mapping
from types import MappingProxyType

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds
from bot.domain.flag import Flag, FlagStep, Reach, is_valid_name
from bot.domain.people import Person
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

_PREFIX = "flag:"
MOST = 200
"""The maximum number of stored flags."""
_NO_NAME = (
    "“{name}” is not a valid flag name. Use 2 to 32 small letters, digits, `_` and `-`, with a "
    "letter first."
)
_NOT_ASKED = "No code uses a flag `{name}`. {known}"
_WHERE = "Name the channel: `/flags set name:{name} to:channels channel:#general`."
_HOW_MANY = "Give the share in percent: `/flags set name:{name} to:share percent:20`."
_OLD = (
    "The flag `{name}` was switched after this button was posted. `/flags list` shows its status."
)
_ENOUGH = "There are already {most} flags. Remove one that no code uses: `/flags list` shows them."


class FlagRepository:
    """All flags that were ever switched, in memory and in the store. Raises `StoreError`."""

    def __init__(self, key_values: KeyValueStore) -> None:
        self._key_values = key_values
        self._flags: dict[str, Flag] = {}

    async def load(self) -> None:
        """Load the flags; until then every flag is off."""
        found = await self._key_values.list_records(_PREFIX, Flag)
        self._flags = {flag.name: flag for flag in found}

    def find(self, name: str) -> Flag | None:
        """Return the flag of that name, or `None` if it was never switched. Reads no file."""
        return self._flags.get(name)

    def get_all(self) -> Mapping[str, Flag]:
        """Return the current flags by name."""
        return MappingProxyType(self._flags)

    async def save(self, flag: Flag) -> None:
        """Store the flag; it takes effect immediately and survives a crash."""
        await self._key_values.put(_PREFIX + flag.name, flag)
        self._flags = {**self._flags, flag.name: flag}

    async def remove(self, name: str) -> None:
        """Remove the flag, so that it is off; harmless if there is none."""
        await self._key_values.remove(_PREFIX + name)
        self._flags = {key: flag for key, flag in self._flags.items() if key != name}


class FlagService:
    """Switches flags for people who may, and audits it."""

    def __init__(self, flags: FlagRepository, clock: Clock, authorizer: Authorizer) -> None:
        self._flags = flags
        self._clock = clock
        self._authorizer = authorizer
        self._writing = asyncio.Lock()

    def get_all(self) -> Mapping[str, Flag]:
        """Return all flags that were ever switched, by name."""
        return self._flags.get_all()

    async def switch(
        self,
        person: Person,
        name: str,
        reach: Reach,
        *,
        channel_id: int | None = None,
        percent: int | None = None,
        asked_for: Collection[str],
    ) -> tuple[Flag | None, Flag]:
        """Switch a flag to a reach; return the flag before (or `None`) and after.

        A channel is added to the flag's channels. If nothing changes, the old flag is returned
        twice. A flag that was never switched must be used by code (`asked_for`). Raises
        `NotAuthorized`, `StoreError`, and `OutOfBounds` for invalid values.
        """
        details = {"channels": f" {channel_id}", "share": f" {percent} %"}.get(reach, "")
        await self._authorizer.ask(person, Act.SWITCH, None, f"flag {name[:40]}: {reach}{details}")
        async with self._writing:
            before = self._flags.find(name)
            if before is None:
                self._refuse_unknown(name, asked_for)
            if reach == "channels" and channel_id is None:
                raise OutOfBounds(_WHERE.format(name=name))
            if reach == "share" and not percent:
                raise OutOfBounds(_HOW_MANY.format(name=name))
            known = before.channels if before else ()
            flag = Flag(
                name=name,
                reach=reach,
                channels=tuple(sorted({*known, channel_id or 0})) if reach == "channels" else (),
                percent=percent or 0 if reach == "share" else 0,
                by=person,
                at=self._clock.now(),
            )
            if before is not None and before.has_same_reach(flag):
                return before, before
            await self._flags.save(flag)
        return before, flag

    async def apply_step(self, person: Person, name: str, step: FlagStep, since: int) -> Flag:
        """Switch a flag as a button says, if it was not switched after the button was posted.

        `since` is when it was last switched before the button, in seconds since 1970. Raises as
        `switch` does, and `OutOfBounds` if the button is out of date.
        """
        known = self._flags.find(name)
        if known is None or int(known.at.timestamp()) != since:
            await self._authorizer.ask(person, Act.SWITCH, None, f"flag {name[:40]}: an old button")
            raise OutOfBounds(_OLD.format(name=name))
        percent = int(step.removeprefix("share")) if step.startswith("share") else None
        reach: Reach = "share" if percent else "off" if step == "off" else "all"
        return (await self.switch(person, name, reach, percent=percent, asked_for=(name,)))[1]

    async def remove(self, person: Person, name: str) -> Flag | None:
        """Remove a flag and return it, or `None` if there is none. Raises as `switch` does."""
        await self._authorizer.ask(person, Act.SWITCH, None, f"flag {name[:40]}: removed")
        async with self._writing:
            flag = self._flags.find(name)
            await self._flags.remove(name)
        return flag

    def _refuse_unknown(self, name: str, asked_for: Collection[str]) -> None:
        """Raise `OutOfBounds` for a name that is invalid or that no code uses."""
        if not is_valid_name(name):
            raise OutOfBounds(_NO_NAME.format(name=name[:40]))
        if name not in asked_for:
            some = ", ".join(f"`{flag}`" for flag in sorted(asked_for)[:10])
            known = f"These flags are used: {some}." if some else "No code uses any flags."
            raise OutOfBounds(_NOT_ASKED.format(name=name, known=known))
        if len(self._flags.get_all()) >= MOST:
            raise OutOfBounds(_ENOUGH.format(most=MOST))
