"""Translates the people, roles and channels of a script to a test's room."""

import re
from collections.abc import Iterator, Sequence

from theseus_rehearsal.records import Actor, PersonStep, Script
from theseus_repair.call_source.writer import INDENT, Group, Unwritable, Writer

_ROOM = ("alice", "bob")
_JOINING = ("carol", "dave", "erin", "frank", "grace", "heidi")
_REFERENCE = re.compile(r"@(?!&)(\w+)")
# Permissions that not everyone has: a person without any is one of the room's default people.
_NOTABLE = re.compile(
    r"administrator|mention_everyone|view_audit_log"
    r"|(?:manage|kick|ban|moderate|mute|deafen|move)_[a-z_]+"
)
_ARGUMENT = 60


class RoomCast:
    """Gives a script's people, roles and channels the expressions for them in a test.

    Raises `Unwritable` for a person that the room cannot create.
    """

    def __init__(self, script: Script, steps: Sequence[PersonStep], writer: Writer) -> None:
        self._writer = writer
        self._actors = {actor.name: actor for actor in script.world.people}
        self._names: dict[str, str] = {}
        self._channel = steps[-1].channel if steps else "dev"
        for name in self._iterate_names(steps):
            self._assign_name(self._actors.get(name))

    def format_person(self, name: str) -> str:
        """Return the expression for a person."""
        if name not in self._names:
            raise Unwritable
        called = self._names[name]
        return f"room.{called}" if called in _ROOM else called

    def format_channel(self, name: str) -> Group | str:
        """Return the expression for a channel; the channel of the last step is the room's own."""
        if name == "dm":
            raise Unwritable
        return (
            "room.channel" if name == self._channel else self._format_creation("text_channel", name)
        )

    def is_other_channel(self, name: str) -> bool:
        """Return whether a channel is not the room's own."""
        return name != self._channel

    def format_value(self, value: object) -> Group | str:
        """Return the expression for an option's value: a person, a role, a channel, or data."""
        if isinstance(value, str) and value.startswith("@&"):
            return self._format_creation("role", value[2:])
        if isinstance(value, str) and value.startswith("@") and value[1:] in self._names:
            return self.format_person(value[1:])
        if isinstance(value, str) and re.fullmatch(r"#[\w-]+", value):
            return self.format_channel(value[1:])
        return self._writer.write(value, _ARGUMENT)

    def replace_names(self, text: str) -> str:
        """Return a text with the names that people have in the room."""
        return _REFERENCE.sub(lambda found: f"@{self._names.get(found[1], found[1])}", text)

    def iterate_join_lines(self) -> Iterator[str]:
        """Yield the lines that create people who are not in every room."""
        for name, called in self._names.items():
            if called not in _ROOM:
                actor = self._actors[name]
                items: list[Group | str] = [self._writer.write(called, _ARGUMENT)]
                items += [
                    self._writer.write(permission, _ARGUMENT)
                    for permission in _list_notable_permissions(actor)
                ]
                heads = [""] * len(items)
                if actor.roles:
                    items.append(self._writer.write([*actor.roles], _ARGUMENT))
                    heads.append("roles=")
                yield from Group("room.join(", ")", items, heads).format_lines(
                    INDENT * 2, f"{called} = ", ""
                )

    def _iterate_names(self, steps: Sequence[PersonStep]) -> Iterator[str]:
        """Yield the people who act, the last one first, then those who are mentioned."""
        yield from (step.by for step in (*steps[-1:], *steps))
        for step in steps:
            content = step.model_dump_json()
            yield from (name for name in _REFERENCE.findall(content) if name in self._actors)

    def _assign_name(self, actor: Actor | None) -> None:
        if actor is None or actor.bot:
            raise Unwritable
        if actor.name in self._names:
            return
        plain = not actor.roles and not _list_notable_permissions(actor)
        taken = set(self._names.values())
        free = [each for each in (*(_ROOM if plain else ()), *_JOINING) if each not in taken]
        if not free:
            raise Unwritable
        self._names[actor.name] = free[0]

    def _format_creation(self, what: str, name: str) -> Group:
        return Group(f"room.{what}(", ")", [self._writer.write(name, _ARGUMENT)], [""])


def _list_notable_permissions(actor: Actor) -> list[str]:
    return [permission for permission in actor.permissions if _NOTABLE.fullmatch(permission)]
