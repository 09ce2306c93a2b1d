"""The people, channels and roles of records, under the names that a script gives them."""

from theseus_rehearsal.records import Actor, ScriptWorld

BOT, OWNER = "bot", "owner"
_DIRECT = "dm"


class RecordedCast:
    """Gives everyone and every channel in some records a name, in the order they appear."""

    def __init__(self) -> None:
        self._people: dict[str, Actor] = {}
        self._channels: dict[str, str] = {}
        self._roles: list[str] = []
        self._present: set[str] = set()
        self._guests: set[str] = set()

    @property
    def people(self) -> tuple[Actor, ...]:
        """The people, in their order. Each role that was named has a member."""
        present = [each for each in self._people.values() if each.name not in self._guests]
        held = {role for each in present for role in each.roles}
        missing = tuple(role for role in self._roles if role not in held)
        holder = (Actor(name="member", roles=missing),) if missing else ()
        return (*present, *holder)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of a server that has all of them."""
        first = ScriptWorld().channels
        return (*first, *(each for each in self._channels.values() if each not in first))

    def add_person(
        self,
        known: str,
        roles: tuple[str, ...] = (),
        permissions: tuple[str, ...] = (),
        *,
        is_owner: bool = False,
    ) -> str:
        """Return a person's name; what was recorded of them last is true of the whole script."""
        has_owner = any(each.name == OWNER for each in self._people.values())
        number = len(self._people) + 1
        name = OWNER if is_owner and not has_owner else f"person{number}"
        found = self._people.get(known) or Actor(name=name)
        if roles or permissions:
            found = found.replace(roles=roles, permissions=permissions)
        self._people[known] = found
        return found.name

    def add_guest(self, name: str) -> None:
        """Note that a person joins: unless they did something before, they are not there yet."""
        if name not in self._present:
            self._guests.add(name)
        self._present.add(name)

    def is_present(self, name: str) -> bool:
        """Return whether a person is in the server now."""
        return name in self._present

    def note_presence(self, name: str) -> None:
        """Note that a person does something in the server."""
        self._present.add(name)

    def add_channel(self, guild: object, known: object) -> str:
        """Return a channel's name; without a server it is a direct message."""
        if guild is None:
            return _DIRECT
        first = ScriptWorld().channels
        if str(known) not in self._channels:
            number = len(self._channels)
            self._channels[str(known)] = (
                first[number] if number < len(first) else f"channel{number + 1}"
            )
        return self._channels[str(known)]

    def add_role(self, name: str) -> str:
        """Return a role's name, which someone in the server has from now on."""
        if name not in self._roles:
            self._roles.append(name)
        return name
