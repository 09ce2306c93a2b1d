"""Extracts the name, place and inputs of an action from interactions, messages and tracebacks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeGuard

import discord
from discord import app_commands
from discord.ext import commands

from theseus_observe.failures.qualified_names import get_qualified_name
from theseus_observe.failures.safe_access import attempt, get_traceback

_LIBRARY = str(Path(discord.__file__).parent)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z_-]*")
_STABLE_TOKENS = 2


def get_command_name(interaction: discord.Interaction) -> str:
    """Return `runs show`; of a command that is not there (any more), what Discord calls it."""
    command = attempt(lambda: interaction.command, None)  # raises where `data` is no object
    if command is not None:
        return command.qualified_name
    data = _get_data(interaction)
    return str(data.get("name", "unknown"))


def format_command(interaction: discord.Interaction) -> str:
    """Return a command as people see it: `/roll`, or the name of a menu."""
    menu = isinstance(interaction.command, app_commands.ContextMenu)
    name = get_command_name(interaction)
    return f"“{name}”" if menu else f"`/{name}`"


def get_command_code(interaction: discord.Interaction) -> CodeType | None:
    """Return the code that a command runs."""
    code = getattr(getattr(interaction.command, "callback", None), "__code__", None)
    return code if isinstance(code, CodeType) else None


def get_command_inputs(interaction: discord.Interaction) -> dict[str, object]:
    """Return the options by name; of a context menu, what it was used on."""
    if isinstance(interaction.command, app_commands.ContextMenu):
        data = _get_data(interaction)
        target = data.get("target_id")
        messages = data.get("resolved", {}).get("messages", {})
        content = messages.get(target, {}).get("content")
        inputs: dict[str, object] = {"target": target}
        return inputs if content is None else {**inputs, "content": content}
    # discord.py resolves the options only now, and raises for what Discord does not send.
    values: dict[str, Any] = attempt(lambda: vars(interaction.namespace), {})
    return {name: _to_plain(value) for name, value in values.items()}


def get_text_command_inputs(ctx: commands.Context[Any]) -> dict[str, object]:
    """Return a typed command's arguments by name."""
    if ctx.command is None:
        return {}
    values = ctx.args[2 if ctx.command.cog else 1 :]  # after the cog and the message's own object
    named = dict(zip(ctx.command.clean_params, values, strict=False)) | ctx.kwargs
    return {name: _to_plain(value) for name, value in named.items()}


def get_component_inputs(interaction: discord.Interaction) -> dict[str, object]:
    """Return the component's id, the values chosen, and what was written in a form's fields."""
    data = _get_data(interaction)
    inputs: dict[str, object] = {"custom_id": data.get("custom_id")}
    if isinstance(values := data.get("values"), list) and values:
        inputs["values"] = list(values)
    fields: list[Mapping[str, Any]] = attempt(
        lambda: [*walk_submitted_fields(data.get("components", ()))], []
    )
    return inputs | {str(each["custom_id"]): each.get("value", each.get("values"))
                     for each in fields}  # fmt: skip


def walk_submitted_fields(components: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the fields of a submitted form, which are nested in rows or labels."""
    for item in components:
        if "custom_id" in item:
            yield item
        yield from walk_submitted_fields(item.get("components", ()))
        if "component" in item:
            yield from walk_submitted_fields((item["component"],))


def build_component_name(scope: str, custom_id: str) -> str:
    """Return the class that a component belongs to and the lasting part of its id: `Polls.poll`.

    `scope` is the function that answers it. An id without a lasting part (discord.py makes up
    random ones) leaves the function's name: `Card.reroll`.
    """
    scope = scope or "component"
    stable = extract_stable_part(custom_id)
    owner = scope.rpartition(".")[0] or scope
    return f"{owner}.{stable}" if stable else scope


def _get_data(interaction: discord.Interaction) -> Mapping[str, Any]:
    """Return what an interaction is about; empty where that is not an object."""
    data: Any = interaction.data
    return data if isinstance(data, dict) else {}


def get_custom_id(interaction: discord.Interaction) -> str:
    """Return the id of the component or form; empty if there is none."""
    data = _get_data(interaction)
    return str(data.get("custom_id", ""))


def extract_stable_part(custom_id: str) -> str:
    """Return the leading parts of a `custom_id`, without run ids, numbers and random strings."""
    parts: list[str] = []
    for part in re.split(r"[:/|]", custom_id)[:_STABLE_TOKENS]:
        if not _TOKEN.fullmatch(part):
            break
        parts.append(part)
    return ":".join(parts)


def find_scope(error: BaseException, hosts: tuple[str, ...] = ()) -> str:
    """Return the qualified name of the outermost function outside of discord.py and of `hosts`.

    Hosts are the folders of code that only calls the code that failed.
    """
    traceback = get_traceback(error)
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith((_LIBRARY, *hosts)):
            return get_qualified_name(code).replace("<locals>.", "")
        traceback = traceback.tb_next
    return ""


def is_interaction(value: object) -> TypeGuard[discord.Interaction]:
    """Return whether a value is an interaction; `isinstance` would ask the value itself."""
    return issubclass(type(value), discord.Interaction)


def find_interaction(error: BaseException) -> discord.Interaction | None:
    """Return the interaction that was being answered, from the traceback's frames."""
    traceback = get_traceback(error)
    while traceback is not None:
        found = attempt(partial(_get_local, traceback.tb_frame, "interaction"), None)
        if is_interaction(found):
            return found
        traceback = traceback.tb_next
    return None


def find_sender(payload: Any) -> int | None:
    """Return the id of the person whom a gateway event is about; `None` if it names no one."""
    return attempt(lambda: _find_sender(payload), None)


def _find_sender(payload: Mapping[str, Any]) -> int | None:
    member = payload.get("member") or {}
    user = payload.get("author") or member.get("user") or payload.get("user") or {}
    found = user.get("id") or payload.get("user_id")
    return int(found) if found else None


def _get_local(frame: FrameType, name: str) -> object:
    # From Python 3.13 on, the local names of a function are a proxy and no dictionary.
    values = frame.f_locals
    return dict.get(values, name) if isinstance(values, dict) else values.get(name)


@dataclass(frozen=True)
class EventPlace:
    """The place and inputs of an event, as far as its first argument contains them."""

    guild_id: int | None = None
    channel_id: int | None = None
    user_id: int | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)


def get_event_place(arguments: tuple[Any, ...]) -> EventPlace:
    """Return the place of an event; messages, reactions and raw events have the same attributes.

    Cogs can dispatch their own events with any object. If reading one raises, the place is empty.
    """
    first = arguments[0] if arguments else None
    return attempt(lambda: _place_of(first), EventPlace())


def _place_of(first: object) -> EventPlace:
    author = getattr(first, "author", None) or getattr(first, "user", None)
    if author is None and isinstance(first, discord.abc.User):
        author = first  # who joined or left
    content = getattr(first, "content", None)
    return EventPlace(
        guild_id=_get_id(first, "guild"),
        channel_id=_get_id(first, "channel"),
        user_id=getattr(author, "id", None) or getattr(first, "user_id", None),
        inputs={"content": content} if isinstance(content, str) else {},
    )


def _get_id(source: object, name: str) -> int | None:
    found = getattr(getattr(source, name, None), "id", None)
    found = found or getattr(source, f"{name}_id", None)
    return found if isinstance(found, int) else None


def _to_plain(value: object) -> object:
    """Return people, roles and channels as their ids, which a test can write down.

    What raises when it is asked for its id (a converter may return anything) stays as it is.
    """
    return attempt(lambda: value.id if isinstance(value, discord.abc.Snowflake) else value, value)
