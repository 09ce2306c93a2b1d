"""Builds the interactions that a person causes by commands, components and modals."""

from collections.abc import Mapping, Sequence
from typing import Any

from simcord import interactions
from simcord.backend import serializers
from simcord.backend.models import Channel, Interaction, Message, User
from simcord.components import walk_components

from local_discord.world._backend import LocalBackend
from local_discord.world._lookup import Lookup, Refused
from local_discord.world._modals import fill
from local_discord.world._options import (
    Leaf,
    Options,
    descend,
    flatten,
    from_text,
    require_leaf,
)

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
BUTTON, STRING_SELECT = 2, 3
SELECT_OPTION_TYPE = {5: 6, 6: 8, 7: 9, 8: 7}  # select type -> option type of the same entity


class InteractionBuilder:
    """Builds interactions and sends them to the gateway; answers arrive over REST."""

    def __init__(self, backend: LocalBackend, lookup: Lookup) -> None:
        self._backend = backend
        self._lookup = lookup

    # ----------------------------------------------------------------- commands

    def list_commands(self, user: User, channel: Channel) -> list[Leaf]:
        """Return the commands that the picker shows this person here.

        Subcommands are listed as commands of their own; menus come after slash commands.
        """
        leaves: list[Leaf] = []
        for kind in (SLASH, USER_MENU, MESSAGE_MENU):
            for root in self._list_visible(user, channel, kind):
                for path, leaf in interactions.command_leaves(root):
                    leaves.append(
                        {
                            "id": root["id"],
                            "name": " ".join(path),
                            "type": kind,
                            "description": leaf.get("description") or "",
                            "options": leaf.get("options") or [],
                        }
                    )
        return leaves

    def list_registered_names(self) -> list[str]:
        """Return the names of all commands that the bot has registered, for anyone and anywhere."""
        roots = [root for scope in self._backend.commands.values() for root in scope.values()]
        paths = [path for root in roots for path, _ in interactions.command_leaves(root)]
        return sorted({" ".join(path) for path in paths})

    def _list_visible(self, user: User, channel: Channel, kind: int) -> list[Leaf]:
        found = self._backend.visible_commands(user_id=user.id, channel_id=channel.id, type=kind)
        # A guild command hides a global command with the same name.
        return list({root["name"]: root for root in reversed(found)}.values())[::-1]

    def run_command(
        self, user: User, channel: Channel, text: str, options: object, target: object
    ) -> Interaction:
        """Run the slash command or context menu with this name."""
        text = text.strip().removeprefix("/").strip()
        for kind in (MESSAGE_MENU, USER_MENU):
            for root in self._list_visible(user, channel, kind):
                if root["name"].casefold() == text.casefold():
                    return self._use_menu(user, channel, root, kind, target)
        root, path, leaf, values = self._parse_slash(user, channel, text, options)
        builder = Options(self._backend, self._lookup, user, channel.guild_id)
        built = builder.build(" ".join([root["name"], *path]), leaf, values)
        return self._send_slash(COMMAND, user, channel, root, path, built, builder.resolved)

    def _parse_slash(
        self, user: User, channel: Channel, text: str, options: object
    ) -> tuple[Leaf, list[str], Leaf, dict[str, Any]]:
        known = {root["name"]: root for root in self._list_visible(user, channel, SLASH)}
        name, _, rest = text.partition(" ")
        root = known.get(name)
        if root is None:
            raise Refused(
                404,
                f"command: there is no {text!r} here; "
                f"there are {self._format_command_names(known)}",
            )
        more_path, values = flatten(options)
        leaf, path = descend(root, [*rest.split(), *more_path])
        full_name = " ".join([name, *path])
        require_leaf(full_name, leaf)
        in_text = sum(1 for part in path if part in rest.split())
        leftover = rest.split(None, in_text)[in_text:]
        values = from_text(full_name, leaf, leftover[0] if leftover else "") | values
        return root, path, leaf, values

    def _format_command_names(self, known: Mapping[str, Leaf]) -> str:
        slashes = sorted(f"/{name}" for name in known)
        menus = (self._backend.commands.get(scope, {}) for scope in self._backend.commands)
        titles = sorted({name for each in menus for name, kind in each if kind != SLASH})
        return ", ".join([*slashes, *titles]) or "none yet: the bot has registered no command"

    def _send_slash(
        self,
        kind: int,
        user: User,
        channel: Channel,
        root: Leaf,
        path: list[str],
        built: list[dict[str, Any]],
        resolved: Mapping[str, Any],
    ) -> Interaction:
        data: dict[str, Any] = {
            "id": root["id"],
            "name": root["name"],
            "type": SLASH,
            "options": interactions.nest_options(root, path, built),
        }
        if resolved:
            data["resolved"] = resolved
        if root.get("guild_id"):
            data["guild_id"] = root["guild_id"]
        record = self._send(kind, user, channel, data)
        if kind == COMMAND:
            # Answers show the full name of the command: "poll results", not "poll".
            record.command_name = " ".join([root["name"], *path])
        return record

    def _use_menu(
        self, user: User, channel: Channel, root: Leaf, kind: int, target: object
    ) -> Interaction:
        data: dict[str, Any] = {"id": root["id"], "name": root["name"], "type": kind}
        if target is None:
            what = "message" if kind == MESSAGE_MENU else "target"
            raise Refused(400, f"{what}: {root['name']!r} is a context menu; give its target")
        if kind == MESSAGE_MENU:
            message = self._lookup.find_message(channel, target, "message", user)
            payload = dict(serializers.message_payload(self._backend, message))
            data["target_id"] = str(message.id)
            data["resolved"] = {"messages": {str(message.id): payload}}
        else:
            builder = Options(self._backend, self._lookup, user, channel.guild_id)
            data["target_id"] = builder.resolve_user(target, "target")
            data["resolved"] = builder.resolved
        if root.get("guild_id"):
            data["guild_id"] = root["guild_id"]
        return self._send(COMMAND, user, channel, data)

    def autocomplete(
        self, user: User, channel: Channel, text: str, option: str, value: str, options: object
    ) -> Interaction:
        """Ask the bot for choices while a person types into an option."""
        text = text.strip().removeprefix("/").strip()
        root, path, leaf, values = self._parse_slash(user, channel, text, options)
        name = " ".join([root["name"], *path])
        focused = next((o for o in leaf.get("options") or () if o["name"] == option), None)
        if focused is None or not focused.get("autocomplete"):
            able = [o["name"] for o in leaf.get("options") or () if o.get("autocomplete")]
            raise Refused(
                400, f"option: /{name} completes {', '.join(able) or 'nothing'}, not {option!r}"
            )
        builder = Options(self._backend, self._lookup, user, channel.guild_id)
        others = {key: other for key, other in values.items() if key != option}
        built = builder.build(name, leaf, others, partial=True)
        built.append({"name": option, "type": focused["type"], "value": value, "focused": True})
        return self._send_slash(AUTOCOMPLETE, user, channel, root, path, built, {})

    # --------------------------------------------------------------- components

    def use_component(
        self, user: User, channel: Channel, custom_id: str, message: object, values: Sequence[Any]
    ) -> Interaction:
        """Press a button or choose from a select menu."""
        stored, part = self._find_component(user, channel, custom_id, message)
        if part.get("disabled"):
            raise Refused(409, f"component: {custom_id!r} is disabled")
        data: dict[str, Any] = {"custom_id": custom_id, "component_type": part["type"]}
        if part.get("id") is not None:
            data["id"] = part["id"]
        if part["type"] != BUTTON:
            self._choose(user, channel, part, values, data)
        return self._send(COMPONENT, user, channel, data, source=stored)

    def _find_component(
        self, user: User, channel: Channel, custom_id: str, ref: object
    ) -> tuple[Message, dict[str, Any]]:
        if ref is not None:
            candidates = [self._lookup.find_message(channel, ref, "message", user)]
        else:
            messages = self._backend.messages[channel.id].values()
            candidates = [each for each in reversed(messages) if each.visible_to(user.id)]
        for message in candidates:
            for part in walk_components(message.components):
                if part.get("custom_id") == custom_id:
                    return message, part
        where = f"message {ref}" if ref is not None else f"{channel.name or 'the conversation'}"
        seen = {p.get("custom_id") for m in candidates[:1] for p in walk_components(m.components)}
        has = ", ".join(sorted(str(each) for each in seen - {None})) or "none"
        raise Refused(404, f"component: {where} has no {custom_id!r}; it has {has}")

    def _choose(
        self,
        user: User,
        channel: Channel,
        menu: dict[str, Any],
        values: Sequence[Any],
        data: dict[str, Any],
    ) -> None:
        least, most = menu.get("min_values", 1), menu.get("max_values", 1)
        if not least <= len(values) <= most:
            raise Refused(400, f"values: choose {least} to {most}, not {len(values)}")
        if menu["type"] == STRING_SELECT:
            known = [option["value"] for option in menu.get("options") or ()]
            unknown = [str(each) for each in values if each not in known]
            if unknown:
                raise Refused(400, f"values: there is no {unknown[0]!r}; there are {known}")
            data["values"] = list(values)
            return
        builder = Options(self._backend, self._lookup, user, channel.guild_id)
        kind = SELECT_OPTION_TYPE[menu["type"]]
        data["values"] = [builder.resolve_entity(kind, each, "values") for each in values]
        data["resolved"] = builder.resolved

    # ------------------------------------------------------------------- modals

    def submit_modal(
        self, user: User, channel: Channel, custom_id: str, fields: Mapping[str, Any]
    ) -> Interaction:
        """Submit the newest modal with this custom_id that was opened for this person here."""
        opened = None
        for record in reversed(self._backend.interactions.values()):
            mine = record.user_id == user.id and record.channel_id == channel.id
            if mine and record.modal and record.modal["custom_id"] == custom_id:
                opened = record
                break
        if opened is None or opened.modal is None:
            raise Refused(
                404, f"modal: no {custom_id!r} is open for {user.name} here; open it first"
            )
        if opened.modal_consumed:
            raise Refused(409, f"modal: {custom_id!r} was submitted already; open it again")
        parts = fill(opened.modal, fields)
        opened.modal_consumed = True
        data = {"custom_id": custom_id, "components": parts}
        source = None
        if opened.source_message_id is not None:
            messages = self._backend.messages.get(channel.id, {})
            source = messages.get(opened.source_message_id)
        return self._send(MODAL, user, channel, data, source=source, opened_by=opened.id)

    # ------------------------------------------------------------------ sending

    def _send(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: dict[str, Any],
        source: Message | None = None,
        opened_by: int = 0,
    ) -> Interaction:
        record, payload = interactions.base_payload(
            self._backend,
            type=kind,
            channel_id=channel.id,
            guild_id=channel.guild_id,
            user_id=user.id,
            data=data,
        )
        record.__dict__["opened_by"] = opened_by
        if source is not None:
            record.source_message_id = source.id
            payload["message"] = dict(serializers.message_payload(self._backend, source))
        self._backend.emit("INTERACTION_CREATE", payload)
        return record
