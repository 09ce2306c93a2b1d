"""What Discord's answers have to hold to be believed: an odd answer is said, not guessed at."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from bot.cli.doctor.http import Service, ServiceAnswer
from bot.domain.errors import ChatUnavailable

Fields = Mapping[str, Any]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


class _Shape(BaseModel):
    """What is read of an object; the rest of it is left out."""


class DiscordUser(_Shape):
    """Somebody, or a bot."""

    id: Digits
    username: str
    global_name: str | None = None
    bot: bool = False


class Member(_Shape):
    """Somebody in a server."""

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
    """A server, with its roles."""

    id: Digits
    name: str
    roles: list[DiscordRole]


class NamedGuild(_Shape):
    """A server the bot is in."""

    id: Digits
    name: str


class Overwrite(_Shape):
    """What a role or a person may do in one channel, otherwise than in the server."""

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
    """Who an application belongs to."""

    owner_user_id: Digits | None = None


class Owner(_Shape):
    """Whoever an application belongs to."""

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
    """Return what Discord says of `what`; `None` where it answers that there is none.

    `absent` are the statuses that mean so. Raises `ChatUnavailable` for anything else.
    """
    answer = await api.ask(path)
    return None if answer.status in absent else validate_answer(answer, shape, what)


async def fetch(api: Service, path: str, shape: type[_Shape], what: str) -> Fields:
    """Return what Discord says of `what`. Raises `ChatUnavailable` where it says nothing of it."""
    return validate_answer(await api.ask(path), shape, what)


async def fetch_list(api: Service, path: str, shape: type[_Shape], what: str) -> list[Fields]:
    """Return the list that Discord answers with. Raises `ChatUnavailable` for anything else."""
    answer = await api.ask(path)
    if answer.status == 200 and not isinstance(answer.body, list):
        raise _build_error(what, "no list")
    bodies = answer.body if answer.status == 200 else [None]
    return [validate_answer(replace(answer, body=each), shape, what) for each in bodies]


def validate_answer(answer: ServiceAnswer, shape: type[_Shape], what: str) -> Fields:
    """Return the answer if it is one of that shape. Raises `ChatUnavailable`, with the way out."""
    if answer.status != 200:
        said = f": {answer.error_message}" if answer.error_message else ""
        raise ChatUnavailable(
            f"Discord did not tell {what} (it answers {answer.status}{said}). {_suggest_remedy(answer.status)}"
        )
    try:
        return shape.model_validate(answer.body).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        raise _build_error(what, f"{where}: {first['msg']}") from error


def _build_error(what: str, why: str) -> ChatUnavailable:
    return ChatUnavailable(
        f"What answered for {what} is not as Discord's answers are ({why}). Is "
        "THESEUS_DISCORD_API_URL right, or something on the way between?"
    )


def _suggest_remedy(status: int) -> str:
    if status == 401:
        return "The token is no longer good: copy a new one."
    if status == 403:
        return "The bot may not see that: is it still in the server, with the rights it asked for?"
    if status == 404:
        return "It may have been deleted meanwhile, or the bot was taken out of the server."
    if status == 429:
        return "Too many requests came from here: wait a minute."
    return "It may pass: try again in a moment."
