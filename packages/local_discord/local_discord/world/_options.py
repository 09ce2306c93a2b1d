"""Parses a slash command from a person: text, a mapping, or Discord's own list."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from simcord import interactions
from simcord.backend import serializers
from simcord.backend.errors import OptionError, SetupError
from simcord.backend.models import User

from local_discord.world._actions import parse_upload
from local_discord.world._backend import LocalBackend
from local_discord.world._lookup import Lookup, Refused

SUBCOMMANDS = (1, 2)
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER = 3, 4, 5, 6, 7, 8, 9, 10
ATTACHMENT = 11
_MENTION = re.compile(r"<(?:@[!&]?|#)(\d+)>")

Leaf = dict[str, Any]


def descend(root: Leaf, names: Sequence[str]) -> tuple[Leaf, list[str]]:
    """Follow subcommand names below `root`; return the last command found and the names used."""
    node, path = root, list[str]()
    for word in names:
        children = [o for o in node.get("options") or () if o.get("type") in SUBCOMMANDS]
        child = next((o for o in children if o["name"] == word), None)
        if child is None:
            break
        node = child
        path.append(word)
    return node, path


def require_leaf(name: str, leaf: Leaf) -> None:
    """Raise `Refused` if the command needs a subcommand."""
    children = [o["name"] for o in leaf.get("options") or () if o.get("type") in SUBCOMMANDS]
    if children:
        ways = ", ".join(f"/{name} {child}" for child in children)
        raise Refused(400, f"command: /{name} needs a subcommand: {ways}")


def flatten(options: object) -> tuple[list[str], dict[str, Any]]:
    """Convert `options` into subcommand names and a mapping of values. Raises `Refused`."""
    if options is None:
        return [], {}
    if isinstance(options, Mapping):
        return [], {str(name): value for name, value in options.items()}
    if not isinstance(options, list) or not all(isinstance(each, Mapping) for each in options):
        raise Refused(400, 'options: give an object such as {"dice": "2d6"}')
    path: list[str] = []
    values: dict[str, Any] = {}
    for each in options:
        if each.get("type") in SUBCOMMANDS or ("options" in each and "value" not in each):
            deeper, inner = flatten(each.get("options"))
            path += [str(each.get("name")), *deeper]
            values |= inner
        else:
            values[str(each.get("name"))] = each.get("value")
    return path, values


def from_text(name: str, leaf: Leaf, text: str) -> dict[str, Any]:
    """Parse `dice:2d6 reason:for luck`, or plain text for a command's only option."""
    declared = [option["name"] for option in leaf.get("options") or ()]
    if not text:
        return {}
    if declared:
        either = "|".join(re.escape(option) for option in declared)
        parts = re.split(rf"(?:^|\s+)({either}):", " " + text)
        if len(parts) > 1 and not parts[0].strip():
            values = [part.strip().removeprefix('"').removesuffix('"') for part in parts[2::2]]
            return dict(zip(parts[1::2], values, strict=True))
    required = [option["name"] for option in leaf.get("options") or () if option.get("required")]
    only = required if len(required) == 1 else declared
    if len(only) != 1:
        takes = " ".join(f"{option}:..." for option in declared) or "no options"
        raise Refused(400, f"command: cannot read {text!r} after /{name}; it takes {takes}")
    return {only[0]: text}


class Options:
    """Builds the `options` and `resolved` of one command for one person."""

    def __init__(
        self, backend: LocalBackend, lookup: Lookup, user: User, guild_id: int | None
    ) -> None:
        self._backend = backend
        self._lookup = lookup
        self._user = user
        self._guild_id = guild_id
        self.resolved: dict[str, dict[str, Any]] = {}

    def build(
        self, name: str, leaf: Leaf, values: Mapping[str, Any], *, partial: bool = False
    ) -> list[dict[str, Any]]:
        """Validate and convert the values; `partial` (autocomplete) drops values that are not
        valid yet.
        """
        declared = {option["name"]: option for option in leaf.get("options") or ()}
        built = []
        for key, value in values.items():
            option = declared.get(key)
            if option is None:
                known = ", ".join(declared) or "none"
                raise Refused(400, f"options.{key}: /{name} has no such option; it has {known}")
            try:
                wire = self._wire(name, option, value)
            except Refused:
                if not partial:
                    raise
                continue
            built.append({"name": key, "type": option["type"], "value": wire})
        missing = [o for o in declared if declared[o].get("required") and o not in values]
        if missing and not partial:
            raise Refused(400, f"options.{missing[0]}: /{name} needs it")
        return built

    def _wire(self, name: str, option: Leaf, value: Any) -> Any:
        key = f"options.{option['name']}"
        kind = option["type"]
        if kind in (USER, CHANNEL, ROLE, MENTIONABLE):
            return self.resolve_entity(kind, value, key)
        if kind == ATTACHMENT:
            return self._resolve_attachment(value, key)
        try:
            return interactions.validate_option_value(name, option, _convert(kind, value, key))
        except (OptionError, SetupError, ValueError) as error:
            raise Refused(400, f"{key}: {error}") from error

    def resolve_entity(self, kind: int, value: Any, key: str) -> str:
        """Resolve a user, channel, role or mentionable; return its id as text."""
        if isinstance(value, str) and (mention := _MENTION.fullmatch(value.strip())):
            value = mention[1]
        if kind == CHANNEL:
            return self._resolve_channel(value, key)
        if kind == ROLE:
            return self._resolve_role(value, key)
        if kind == MENTIONABLE:
            try:
                return self.resolve_user(value, key)
            except Refused:
                return self._resolve_role(value, key)
        return self.resolve_user(value, key)

    def resolve_user(self, value: Any, key: str) -> str:
        """Resolve a user; return the id as text."""
        user = self._lookup.find_user(value, key)
        payload = dict(serializers.user_payload(user))
        self.resolved.setdefault("users", {})[str(user.id)] = payload
        if self._guild_id is not None:
            guild = self._backend.guilds[self._guild_id]
            member = serializers.member_payload(
                self._backend, guild, guild.members[user.id], with_user=False
            )
            permissions = self._backend.compute_permissions(guild.id, user.id)
            self.resolved.setdefault("members", {})[str(user.id)] = {
                **member,
                "permissions": str(permissions),
            }
        return str(user.id)

    def _resolve_role(self, value: Any, key: str) -> str:
        role = self._lookup.find_role(value, key)
        self.resolved.setdefault("roles", {})[str(role.id)] = dict(serializers.role_payload(role))
        return str(role.id)

    def _resolve_attachment(self, value: Any, key: str) -> str:
        if not isinstance(value, Mapping):
            raise Refused(400, f'{key}: give a file, as {{"filename": ..., "content": ...}}')
        upload = parse_upload(value, key)
        # Files of commands belong to no message, so they are stored under the first channel.
        (stored,) = self._backend.store_attachments(next(iter(self._backend.channels)), [upload])
        self.resolved.setdefault("attachments", {})[str(stored["id"])] = stored
        return str(stored["id"])

    def _resolve_channel(self, value: Any, key: str) -> str:
        channel = self._lookup.find_channel(value, key)
        payload: dict[str, Any] = dict(serializers.channel_payload(self._backend, channel))
        if channel.guild_id is not None:
            allowed = self._backend.compute_permissions(channel.guild_id, self._user.id, channel.id)
            payload["permissions"] = str(allowed)
        self.resolved.setdefault("channels", {})[str(channel.id)] = payload
        return str(channel.id)


def _convert(kind: int, value: Any, key: str) -> Any:
    """Convert numbers to text, and text to numbers or booleans, as the option needs."""
    try:
        if kind == STRING and isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if kind == INTEGER and isinstance(value, str):
            return int(value)
        if kind == NUMBER and isinstance(value, str):
            return float(value)
        if kind == BOOLEAN and isinstance(value, str):
            return {"true": True, "yes": True, "false": False, "no": False}[value.strip().lower()]
    except (ValueError, KeyError):
        kinds = {INTEGER: "a whole number", NUMBER: "a number", BOOLEAN: "true or false"}
        raise Refused(400, f"{key}: give {kinds[kind]}, not {value!r}") from None
    return value
