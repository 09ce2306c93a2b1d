"""Validates the answers of Discord; an unexpected answer is reported instead of guessed at."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from bot.domain.errors import ChatUnavailable
from bot.infra.service_client import Service, ServiceAnswer

Fields = Mapping[str, Any]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


class _Shape(BaseModel):
    """The fields that are read from an object; all other fields are ignored."""


class DiscordUser(_Shape):
    """A person or a bot."""

    id: Digits
    username: str
    global_name: str | None = None
    bot: bool = False


class Member(_Shape):
    """A member of a server."""

    user: DiscordUser
    nick: str | None = None
    roles: list[Digits]


class DiscordRole(_Shape):
    """A role of a server."""

    id: Digits
    name: str
    permissions: Digits
    managed: bool = False


class Guild(_Shape):
    """A server with its roles."""

    id: Digits
    name: str
    roles: list[DiscordRole]


class NamedGuild(_Shape):
    """A server that the bot is in."""

    id: Digits
    name: str


class Overwrite(_Shape):
    """The permissions of a role or person in one channel, where they differ from the server."""

    id: Digits
    allow: Digits
    deny: Digits


class Channel(_Shape):
    """A channel of a server."""

    id: Digits
    type: int
    name: str
    position: int = 0
    guild_id: Digits | None = None
    permission_overwrites: list[Overwrite] = []


class Team(_Shape):
    """The team that owns an application."""

    owner_user_id: Digits | None = None


class Owner(_Shape):
    """The person who owns an application."""

    id: Digits


class Application(_Shape):
    """The bot's application."""

    id: Digits
    flags: int
    bot_require_code_grant: bool = False
    team: Team | None = None
    owner: Owner | None = None


async def fetch_optional(
    api: Service, path: str, shape: type[_Shape], what: str, absent: Collection[int] = ()
) -> Fields | None:
    """Return the object at `path`, or `None` if the status is one of `absent`.

    `what` names the object in errors. Raises `ChatUnavailable` for any other answer.
    """
    answer = await api.ask(path)
    return None if answer.status in absent else validate_answer(answer, shape, what)


async def fetch(api: Service, path: str, shape: type[_Shape], what: str) -> Fields:
    """Return the object at `path`. Raises `ChatUnavailable`, which names the object as `what`."""
    return validate_answer(await api.ask(path), shape, what)


async def fetch_list(api: Service, path: str, shape: type[_Shape], what: str) -> list[Fields]:
    """Return the list of objects at `path`. Raises `ChatUnavailable` for any other answer."""
    answer = await api.ask(path)
    if answer.status == 200 and not isinstance(answer.body, list):
        raise _build_error(what, "no list")
    bodies = answer.body if answer.status == 200 else [None]
    return [validate_answer(replace(answer, body=each), shape, what) for each in bodies]


def validate_answer(answer: ServiceAnswer, shape: type[_Shape], what: str) -> Fields:
    """Return the fields of the answer. Raises `ChatUnavailable` with a remedy if it is invalid."""
    if answer.status != 200:
        reason = f": {answer.error_message}" if answer.error_message else ""
        raise ChatUnavailable(
            f"Discord did not tell {what} (it answers {answer.status}{reason}). "
            f"{_suggest_remedy(answer.status)}"
        )
    try:
        return shape.model_validate(answer.body).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        raise _build_error(what, f"{where}: {first['msg']}") from error


def _build_error(what: str, why: str) -> ChatUnavailable:
    return ChatUnavailable(
        f"The answer about {what} does not look like Discord's ({why}). Is "
        "THESEUS_DISCORD_API_URL right? Is there a proxy in between?"
    )


def _suggest_remedy(status: int) -> str:
    if status == 401:
        return "The token is no longer valid: copy a new one."
    if status == 403:
        return "The bot has no access. Is it still in the server, with the permissions it needs?"
    if status == 404:
        return "It may have been deleted, or the bot was removed from the server."
    if status == 429:
        return "Too many requests: wait a minute."
    return "Try again in a moment."
