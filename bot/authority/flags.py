"""Flags: kept in the key-value store, switched by whoever may, and at hand without a look there."""

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
"""Flags that are kept at once."""
_NO_NAME = (
    "“{name}” is no name of a flag: 2 to 32 small letters, digits, `_` and `-`, a letter first."
)
_NOT_ASKED = "No code here asks for a flag `{name}`. {known}"
_WHERE = "Say which channel: `/flags set name:{name} to:channels channel:#general`."
_HOW_MANY = "Say how many of a hundred people: `/flags set name:{name} to:share percent:20`."
_OLD = "The flag `{name}` was switched since, so this button is old: `/flags list` shows how it is."
_ENOUGH = "I keep {most} flags already. Remove one that no code asks for: `/flags list` names them."


class FlagRepository:
    """Every flag that was ever switched, in memory and in the store. Raises `StoreError`."""

    def __init__(self, key_values: KeyValueStore) -> None:
        self._key_values = key_values
        self._flags: dict[str, Flag] = {}

    async def load(self) -> None:
        """Read them; until then every flag is off."""
        found = await self._key_values.list_records(_PREFIX, Flag)
        self._flags = {flag.name: flag for flag in found}

    def find(self, name: str) -> Flag | None:
        """Return the flag of that name; `None`: nobody ever switched it. Reads no file."""
        return self._flags.get(name)

    def get_all(self) -> Mapping[str, Flag]:
        """Return them by their names, as they are now."""
        return MappingProxyType(self._flags)

    async def save(self, flag: Flag) -> None:
        """Keep it; it counts from here on, and after a crash."""
        await self._key_values.put(_PREFIX + flag.name, flag)
        self._flags = {**self._flags, flag.name: flag}

    async def remove(self, name: str) -> None:
        """Keep it no longer, so that it is off; again is harmless."""
        await self._key_values.remove(_PREFIX + name)
        self._flags = {each: flag for each, flag in self._flags.items() if each != name}


class FlagService:
    """Switches flags for people who may, and writes down that they did."""

    def __init__(self, flags: FlagRepository, clock: Clock, authorizer: Authorizer) -> None:
        self._flags = flags
        self._clock = clock
        self._authorizer = authorizer
        self._writing = asyncio.Lock()

    def get_all(self) -> Mapping[str, Flag]:
        """Return every flag that was ever switched, by its name."""
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
        """Have a flag on for these people from now on; return it as it was, and as it is.

        A channel joins those that it is on in already. What stays as it is stays as old. Of a name
        that was never switched, code has to ask (`asked_for`). Raises `NotAuthorized`,
        `OutOfBounds` for what no flag can be, `StoreError`.
        """
        told = {"channels": f" {channel_id}", "share": f" {percent} %"}.get(reach, "")
        await self._authorizer.ask(person, Act.SWITCH, None, f"flag {name[:40]}: {reach}{told}")
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
                at=self._clock.get_time(),
            )
            if before is not None and before.has_same_reach(flag):
                return before, before
            await self._flags.save(flag)
        return before, flag

    async def apply_step(self, person: Person, name: str, step: FlagStep, since: int) -> Flag:
        """Have a flag on for whom a button says, if it is as it was when the button was made.

        `since` is when it was switched then, in whole seconds since 1970. Raises as `switch` does,
        `OutOfBounds` for a flag that was switched meanwhile.
        """
        known = self._flags.find(name)
        if known is None or int(known.at.timestamp()) != since:
            await self._authorizer.ask(person, Act.SWITCH, None, f"flag {name[:40]}: an old button")
            raise OutOfBounds(_OLD.format(name=name))
        percent = int(step.removeprefix("share")) if step.startswith("share") else None
        reach: Reach = "share" if percent else "off" if step == "off" else "all"
        return (await self.switch(person, name, reach, percent=percent, asked_for=(name,)))[1]

    async def remove(self, person: Person, name: str) -> Flag | None:
        """Forget a flag, and return it; `None` where there is none. Raises as `switch` does."""
        await self._authorizer.ask(person, Act.SWITCH, None, f"flag {name[:40]}: removed")
        async with self._writing:
            flag = self._flags.find(name)
            await self._flags.remove(name)
        return flag

    def _refuse_unknown(self, name: str, asked_for: Collection[str]) -> None:
        """Refuse a name that nothing would come of."""
        if not is_valid_name(name):
            raise OutOfBounds(_NO_NAME.format(name=name[:40]))
        if name not in asked_for:
            some = ", ".join(f"`{each}`" for each in sorted(asked_for)[:10])
            known = f"Code asks for {some}." if some else "No code asks for any."
            raise OutOfBounds(_NOT_ASKED.format(name=name, known=known))
        if len(self._flags.get_all()) >= MOST:
            raise OutOfBounds(_ENOUGH.format(most=MOST))
