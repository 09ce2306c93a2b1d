"""Who takes part in an exchange, as a small cast, and texts without people in them."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from theseus_observe.failures.placeholders import Placeholders
from theseus_rehearsal.records import Actor

from bot.domain.traffic import ASKER

BOT, OWNER, OTHER = "bot", "owner", "other"
HERE, ELSEWHERE, DEV = "general", "elsewhere", "dev"
UNNAMED_PERSON = "somebody"

_MENTION = re.compile(r"<(@[!&]?|#|/[^:<>\n]{1,100}:|a?:\w{1,64}:)(\d{1,20})>")
_TOKEN = re.compile(r"[^\W_]+")
_ID = re.compile(r"\d{15,}")
_MAX_NAME_TOKENS = 4
_SHORTEST_NAME = 3
_SHORTEST_OF_AN_ASKER = 2

Told = Mapping[str, Any]
Redact = Callable[[str], str]


class Surroundings(NamedTuple):
    """Facts about the place of an event that the event itself lacks; ids are Discord's."""

    bot_id: int
    owner_id: int | None
    dev_channel_id: int
    channel_id: int
    role_name: Callable[[int], str]
    names: Collection[str]
    """The names of the server's members, as `build_name_key` returns them."""


class CastPlaceholders(NamedTuple):
    """What takes the place of private values, and of texts that a cog may have written itself."""

    values: Placeholders
    replace_displayed: Redact


def build_name_key(name: str) -> str:
    """Return a name in the form in which texts are searched: its words, without case and signs."""
    return " ".join(word.casefold() for word in _TOKEN.findall(name))


def is_usable_name(name: str, shortest: int = _SHORTEST_NAME) -> bool:
    """Return whether texts can be searched for the name; `7` or `a` would match everywhere."""
    key = build_name_key(name)
    return len(key) >= shortest and not key.isdecimal()


class Cast:
    """Gives everybody in one exchange a name for what they are in it: `asker`, `other`, `owner`."""

    def __init__(
        self,
        around: Surroundings,
        permissions: Callable[[int], tuple[str, ...]],
        redact: Redact,
        hidden: CastPlaceholders | None = None,
    ) -> None:
        self._around = around
        self._hidden = hidden
        self._permissions = permissions
        self._redact = redact
        self._people: dict[int, str] = {around.bot_id: BOT}
        self._channels: dict[int, str] = {around.channel_id: HERE}
        self._channels[around.dev_channel_id] = DEV
        self._names: dict[str, str] = {}
        self._actors: dict[str, Actor] = {}

    @property
    def actors(self) -> tuple[Actor, ...]:
        """Everybody who was named, the asker first, the bot aside."""
        return tuple(self._actors.values())

    @property
    def ids(self) -> Mapping[str, int]:
        """The ids behind the names; they are not for keeping."""
        return {name: known for known, name in self._people.items() if name != BOT}

    def add_person(self, user: Told, member: Told | None = None) -> str:
        """Return the name of a person whom Discord describes; the first is who asked."""
        known = int(user["id"])
        name = self.get_person(known)
        if name not in self._actors and name != BOT:
            fields = member or {}
            roles = [self.get_role(int(each)) for each in fields.get("roles", ())]
            self._actors[name] = Actor(
                name=name,
                roles=tuple(role for role in roles if role),
                permissions=self._permissions(int(fields.get("permissions", 0))),
                bot=bool(user.get("bot", False)),
            )
        shortest = _SHORTEST_OF_AN_ASKER if name == ASKER else _SHORTEST_NAME
        for called in (user.get("username"), user.get("global_name"), (member or {}).get("nick")):
            if isinstance(called, str):
                self._learn(called, name, shortest)
        return name

    def get_person(self, known: int) -> str:
        """Return the name of the person with that id."""
        if known not in self._people:
            used = set(self._people.values())
            wanted = OTHER if ASKER in used else ASKER
            if known == self._around.owner_id and wanted != ASKER:
                wanted = OWNER
            self._people[known] = _find_free_name(wanted, used)
        return self._people[known]

    def get_channel(self, known: int) -> str:
        """Return what a channel is called: `dev`, `general` for the one here, `elsewhere`."""
        if known not in self._channels:
            self._channels[known] = _find_free_name(ELSEWHERE, set(self._channels.values()))
        return self._channels[known]

    def get_role(self, known: int, default: str = "") -> str:
        """Return a role's name without people in it; empty for one that is not known."""
        return self._clean(self._around.role_name(known) or default)

    def redact_text(self, text: str) -> str:
        """Return the text without secrets, people and ids; a private text as a placeholder."""
        if self._hidden is not None:
            return self._replace(text, self._hidden.replace_displayed)
        return self._clean(text)

    def redact_input(self, text: str) -> tuple[str, bool]:
        """Return the same, and whether it says something else now than mentions by other names."""
        named = _MENTION.sub(self._mention, text)
        if self._hidden is not None:
            clean = self._replace(text, self._hidden.values.replace_text)
        else:
            clean = self._clean(text)
        return clean, clean != named

    def redact_number(self, value: float) -> float:
        """Return the number; a private one as a placeholder."""
        if self._hidden is None:
            return value
        replaced = self._hidden.values.replace_value(value)
        return replaced if isinstance(replaced, int | float) else value

    def _clean(self, text: str) -> str:
        named = _MENTION.sub(self._mention, text)
        return _ID.sub(_mask_id, self._replace_names(self._redact(named)))

    def _replace(self, text: str, replace: Redact) -> str:
        """Return the text with placeholders for everything but mentions, which name the cast."""
        parts, end = [], 0
        for mention in _MENTION.finditer(text):
            parts += [replace(self._redact(text[end : mention.start()])), self._mention(mention)]
            end = mention.end()
        return "".join([*parts, replace(self._redact(text[end:]))])

    def _mention(self, found: re.Match[str]) -> str:
        sign, known = found[1], int(found[2])
        if sign == "@&":
            return f"@&{self.get_role(known) or 'role'}"
        if sign.startswith("@"):
            return f"@{self.get_person(known)}"
        return f"#{self.get_channel(known)}" if sign == "#" else f"<{sign}{_mask_id(found[2])}>"

    def _learn(self, called: str, name: str, shortest: int) -> None:
        first = called.split()[0] if called.split() else ""
        for part in (called, first):
            if is_usable_name(part, shortest):
                self._names.setdefault(build_name_key(part), name)

    def _replace_names(self, text: str) -> str:
        """Put a name of the cast in place of each person's own."""
        words = list(_TOKEN.finditer(text))
        keys = [word[0].casefold() for word in words]
        parts, done, at = [], 0, 0
        while at < len(words):
            for many in range(min(_MAX_NAME_TOKENS, len(words) - at), 0, -1):
                name = self._find_name(" ".join(keys[at : at + many]))
                if name:
                    parts += [text[done : words[at].start()], name]
                    done = words[at + many - 1].end()
                    at += many - 1
                    break
            at += 1
        return "".join([*parts, text[done:]])

    def _find_name(self, key: str) -> str:
        return self._names.get(key) or (UNNAMED_PERSON if key in self._around.names else "")


def build_keys(names: Iterable[str]) -> frozenset[str]:
    """Return the keys of the names that a text can be searched for."""
    return frozenset(build_name_key(name) for name in names if is_usable_name(name))


def _mask_id(found: re.Match[str] | str) -> str:
    """Return a number of the same length that is no one's id, but still looks like one."""
    digits = found if isinstance(found, str) else found[0]
    return "1" + "0" * (len(digits) - 1)


def _find_free_name(wanted: str, used_names: Collection[str]) -> str:
    number, name = 1, wanted
    while name in used_names:
        number += 1
        name = f"{wanted}{number}"
    return name
