"""Reads what a person asked for, in a form that can be asked again: see `records.Request`.

Little happens while the event loop waits: the values are noted, and the writer's thread makes the
record of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from theseus_observe.failures.literals import format_literals
from theseus_observe.failures.safe_access import attempt
from theseus_observe.interaction_inputs import get_command_code, walk_submitted_fields
from theseus_observe.places import AudienceFinder, Place, has_private_answer
from theseus_observe.pseudonyms import build_pseudonym
from theseus_observe.records import PRIVATE, Request
from theseus_observe.redaction import redact

BuildRequest = Callable[[], Request]

_MENTION = re.compile(r"<@!?(\d{15,20})>|<@&(\d{15,20})>|(?<!\d)(\d{17,20})(?!\d)")
_LONGEST = 2_000
_SUBCOMMANDS = (1, 2)
_USER, _CHANNEL, _ROLE, _MENTIONABLE, _FILE = 6, 7, 8, 9, 11
_SELECTS = {5: _USER, 6: _ROLE, 7: _MENTIONABLE, 8: _CHANNEL}  # kinds of select to kinds of option
_BOT = "<@bot>"
_NAMED = (discord.User, discord.Member, discord.Role, discord.abc.GuildChannel, discord.Thread)
_EVENTS = {"member_join": "join", "member_remove": "leave", "message": "message",
           "reaction_add": "reaction", "raw_reaction_add": "reaction"}  # fmt: skip


class RequestReader:
    """Reads requests of one client. Of what goes well, only with `is_traffic_recorded`."""

    def __init__(
        self,
        client: discord.Client,
        audiences: AudienceFinder,
        secret: bytes,
        *,
        is_traffic_recorded: bool,
    ) -> None:
        self.audiences = audiences
        self._client = client
        self._secret = secret
        self._is_traffic_recorded = is_traffic_recorded

    def prepare_typed(
        self, ctx: commands.Context[Any], place: Place, audience: str | None
    ) -> BuildRequest | None:
        """Note a typed command; `audience` is that of its failure, if it has one."""
        if audience is None:
            if not self._is_traffic_recorded:
                return None
            audience = self.audiences.find_of_place(place)
        text, prefix = _mention_arguments(ctx), ctx.prefix or ""
        return partial(self._build_text, "typed", text, prefix, ctx.author, audience)

    def prepare_event(
        self, event: str, arguments: tuple[Any, ...], audience: str
    ) -> BuildRequest | None:
        """Note what a person did so that a listener was called, which failed."""
        way, first = _EVENTS.get(event.removeprefix("on_")), arguments[0] if arguments else None
        if way is None:
            return None
        text = str(getattr(first, "emoji" if way == "reaction" else "content", "") or "")
        author = getattr(first, "author", None) or getattr(first, "member", None) or first
        return partial(self._build_text, way, text, "", author, audience)

    def prepare_interaction(
        self,
        interaction: discord.Interaction,
        place: Place,
        audience: str | None,
        *,
        form: Any = None,
    ) -> BuildRequest | None:
        """Note a slash command, a menu, a press or a form, whose object may be known."""
        if audience is None:
            if not self._is_traffic_recorded:
                return None
            audience = self._find_audience(interaction, place)
        return partial(self._build_interaction, interaction, audience, form)

    def _find_audience(self, interaction: discord.Interaction, place: Place) -> str:
        """Return who could see an interaction that went well."""
        code = get_command_code(interaction)
        if interaction.type is discord.InteractionType.modal_submit:
            return self.audiences.decide_audience(place, is_private=True)
        message = interaction.message
        is_private = message is not None and message.flags.ephemeral
        is_private = is_private or (code is not None and has_private_answer(code))
        return self.audiences.decide_audience(place, is_private=is_private)

    # ---------------------------------------------------------- on the writer's thread

    def _build_text(
        self, way: str, text: str, prefix: str, author: object, audience: str
    ) -> Request:
        hidden = audience == PRIVATE and bool(text)
        clean = "" if hidden else self._clean(text, getattr(author, "guild", None))
        is_mention = prefix.startswith("<@")
        return self._add_person(
            Request(way, clean, _BOT if is_mention else prefix, hidden=hidden), author
        )

    def _build_interaction(
        self, interaction: discord.Interaction, audience: str, form: Any
    ) -> Request:
        data: Mapping[str, Any] = interaction.data or {}
        found = self._read(interaction, data, form)
        if audience == PRIVATE:
            is_typed = bool(found.values or found.chosen or found.text)
            found = found.replace(text="", values={}, chosen=(), hidden=is_typed)
        return self._add_person(found, interaction.user)

    def _read(
        self, interaction: discord.Interaction, data: Mapping[str, Any], form: Any
    ) -> Request:
        kind, guild = interaction.type, interaction.guild
        if kind is discord.InteractionType.component:
            selected = _SELECTS.get(data.get("component_type", 0), 0)
            chosen = [
                str(self._read_value(selected, each, data, guild))
                for each in data.get("values") or ()
            ]
            return Request("press", self._read_label(interaction), chosen=tuple(chosen))
        if kind is discord.InteractionType.modal_submit:
            labels = _collect_labels(form)
            fields = {
                labels.get(str(each["custom_id"]), str(each["custom_id"])): self._clean(
                    str(each.get("value") or ", ".join(each.get("values") or ())), guild
                )
                for each in walk_submitted_fields(data.get("components", ()))
            }
            return Request("form", values=format_literals(fields)[0])
        if isinstance(interaction.command, app_commands.ContextMenu) or data.get("type", 1) != 1:
            return self._read_menu(data, guild)
        options = _list_options(data)
        values = {
            str(each["name"]): self._read_value(each["type"], each.get("value"), data, guild)
            for each in options
        }
        literals, _ = format_literals(values, redact=redact)
        if kind is discord.InteractionType.autocomplete:
            focused = next((str(each["name"]) for each in options if each.get("focused")), "")
            return Request("autocomplete", values=literals, focused=focused)
        return Request("slash", values=literals)

    def _read_menu(self, data: Mapping[str, Any], guild: Any) -> Request:
        target = str(data.get("target_id"))
        message = data.get("resolved", {}).get("messages", {}).get(target)
        if message is None:
            return Request("user_menu", self._name_person(target))
        return Request("message_menu", self._clean(str(message.get("content", "")), guild))

    def _read_label(self, interaction: discord.Interaction) -> str:
        """Return what people read on the component, or its id if others are labelled like it."""
        data: Mapping[str, Any] = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        shown = [
            (str(getattr(each, "custom_id", "")), _get_label(each))
            for each in _walk(getattr(interaction.message, "components", ()))
        ]
        label = next((label for known, label in shown if known == custom_id), "")
        is_alone = sum(label == other for _, other in shown) == 1
        return self._clean(label, interaction.guild) if label and is_alone else redact(custom_id)

    def _read_value(self, kind: int, value: Any, data: Mapping[str, Any], guild: Any) -> Any:
        known = data.get("resolved") or {}
        if kind == _USER or (kind == _MENTIONABLE and str(value) in known.get("users", {})):
            return self._name_person(str(value))
        if kind in (_ROLE, _MENTIONABLE):
            role = known.get("roles", {}).get(str(value), {})
            return f"<@&{redact(str(role.get('name', 'role')))}>"
        if kind == _CHANNEL:
            return f"<#{value}>"
        if kind == _FILE:
            return redact(
                str(known.get("attachments", {}).get(str(value), {}).get("filename", "file"))
            )
        return self._clean(value, guild) if isinstance(value, str) else value

    def _clean(self, text: str, guild: Any) -> str:
        """Return a text without secrets, with pseudonyms for people and names for roles."""

        def replace(found: re.Match[str]) -> str:
            person, role, other = found.groups()
            if role:
                known = guild.get_role(int(role)) if guild is not None else None
                return f"<@&{known.name if known is not None else 'role'}>"
            if person:
                return self._name_person(person)
            is_member = guild is not None and guild.get_member(int(other)) is not None
            return self._name_person(other) if is_member else other

        return redact(_MENTION.sub(replace, text[:_LONGEST]))

    def _name_person(self, known: str) -> str:
        if self._client.user is not None and known == str(self._client.user.id):
            return _BOT
        return f"<@{build_pseudonym(int(known), self._secret)}>" if known.isdecimal() else "<@?>"

    def _add_person(self, request: Request, person: Any) -> Request:
        """Return the request with what the person may do in their server."""
        if not isinstance(person, discord.Member):
            return request
        guild = person.guild
        more = person.guild_permissions.value & ~guild.default_role.permissions.value
        held = [name for name, has in discord.Permissions(more) if has]
        client: Any = self._client
        owners = {getattr(client, "owner_id", None), guild.owner_id, *_list_owners(client)}
        return request.replace(
            roles=tuple(redact(role.name) for role in person.roles[1:]),
            permissions=("administrator",) if "administrator" in held else tuple(held),
            owner=person.id in owners,
        )


def _mention_arguments(ctx: commands.Context[Any]) -> str:
    """Return what was typed, with mentions for the people, roles and channels that were named.

    Which of them a name means is known only now, and the names of people are private.
    """
    text = ctx.message.content
    command = " ".join((*ctx.invoked_parents, ctx.invoked_with or ""))
    start = len(ctx.prefix or "") + len(command)
    head, typed = text[:start], text[start:]
    for value in (*ctx.args, *ctx.kwargs.values()):
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, _NAMED):
                names = {each.name, getattr(each, "display_name", each.name)}
                for name in sorted(names, key=len, reverse=True):
                    word = rf"(?<![\w<@#&]){re.escape(name)}(?!\w)"
                    typed = re.sub(word, each.mention, typed)
    return head + typed


def build_safely(build: BuildRequest | None) -> Request | None:
    """Return the request; `None` if there is none, or if reading it raises."""
    return None if build is None else attempt(build, None)


def _list_owners(client: Any) -> list[int]:
    application = getattr(client, "application", None)
    owner = getattr(application, "owner", None)
    return [*(getattr(client, "owner_ids", None) or ()), *([owner.id] if owner else [])]


def _list_options(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the options of a command, inside its groups."""
    options = data.get("options") or []
    while options and options[0].get("type") in _SUBCOMMANDS:
        options = options[0].get("options") or []
    return list(options)


def _walk(components: Any) -> Iterator[Any]:
    """Yield the components of a message, however they are laid out."""
    for each in components or ():
        yield each
        yield from _walk(getattr(each, "children", None) or getattr(each, "components", None))
        accessory = getattr(each, "accessory", None)
        if accessory is not None:
            yield from _walk((accessory,))


def _get_label(component: Any) -> str:
    return str(getattr(component, "label", None) or getattr(component, "placeholder", None) or "")


def _collect_labels(form: Any) -> dict[str, str]:
    """Return the labels of a form's fields, by the fields' ids."""
    labels = {}
    for each in getattr(form, "children", ()):
        field = getattr(each, "component", None) or each
        label = getattr(each, "text", None) or getattr(each, "label", None)
        if label and getattr(field, "custom_id", None):
            labels[str(field.custom_id)] = str(label)
    return labels
