"""Asks who may ask for changes and who may ship: roles and people, by name or id."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from bot.cli.doctor.discord_api import get_owner_id
from bot.cli.doctor.discord_shapes import Member, fetch_list, fetch_optional
from bot.cli.setup.answers import SetupSession
from bot.domain.people import PeopleList
from bot.infra.service_client import Service

T = TypeVar("T")
Fields = Mapping[str, Any]
_SHORTEST_ID, _LONGEST_ID = 17, 20  # digits of an id of Discord's
_QUESTIONS = {
    "developers": "Who may ask for investigations and changes",
    "approvers": "Who may ship changes",
}


class DiscordCall(Protocol):
    """Makes requests to Discord."""

    def __call__(self, call: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        """Return the result of `call(api)`."""
        ...


class Listed:
    """The chosen people and roles: ids with display names."""

    def __init__(self) -> None:
        self.users: dict[int, str] = {}
        self.roles: dict[int, str] = {}

    @property
    def text(self) -> str:
        """The names in one line."""
        return ", ".join([*self.users.values(), *(f"@{name}" for name in self.roles.values())])


def choose_people(
    session: SetupSession, ask: DiscordCall, guild: Fields, application: Fields
) -> None:
    """Ask for both lists of people."""
    session.asking.say("Enter names or ids of people and roles, separated by commas.")
    if roles := list_assignable_roles(guild):
        session.asking.say("  Roles of the server; their numbers work too:")
        for number, role in enumerate(roles, 1):
            session.asking.say(f"  {number}. @{role['name']}")
    owner = ask(partial(_find_owner, guild=guild, application=application))
    for key, question in _QUESTIONS.items():
        present: PeopleList = getattr(session.settings.config.people, key)
        listed = ask(partial(_load_listed, guild=guild, people=present))
        chosen = _choose(session, ask, guild, key, question, listed if listed.text else owner)
        session.set(f"people.{key}.users", sorted(chosen.users))
        session.set(f"people.{key}.roles", sorted(chosen.roles))


def _choose(
    session: SetupSession, ask: DiscordCall, guild: Fields, key: str, question: str, current: Listed
) -> Listed:
    default = current.text or None
    while True:
        answer = session.asking.ask(key, question, default=default)
        if answer == default:
            return current
        chosen, problems = ask(partial(_resolve, guild=guild, text=answer))
        if not problems and (chosen.users or chosen.roles):
            session.asking.say(f"  ok: {chosen.text}")
            return chosen
        for problem in problems or ["The list is empty, so no one would be allowed."]:
            session.asking.say(f"  {problem}")


def list_assignable_roles(guild: Fields) -> list[Fields]:
    """Return the roles that people can have, in Discord's order, without @everyone."""
    roles = (each for each in guild["roles"] if each["id"] != guild["id"] and not _is_managed(each))
    return sorted(roles, key=lambda role: (-int(role.get("position") or 0), int(role["id"])))


def find_roles(guild: Fields, text: str) -> dict[int, str]:
    """Return the roles that `text` names, by id. It is a number of the list, an id or a name."""
    picked = list_assignable_roles(guild)
    if text.isdecimal() and 1 <= int(text) <= len(picked):
        chosen = picked[int(text) - 1]
        return {int(chosen["id"]): str(chosen["name"])}
    wanted = text.lstrip("@").casefold()
    return {
        int(each["id"]): str(each["name"])
        for each in guild["roles"]
        if each["id"] != guild["id"]
        and (text == each["id"] or (wanted == _format_role(each) and not _is_managed(each)))
    }


def find_id_problem(text: str) -> str:
    """Return a sentence why a number cannot be an id; empty for a possible id and for a name."""
    if text.isdecimal() and not _SHORTEST_ID <= len(text) <= _LONGEST_ID:
        wanted = f"{_SHORTEST_ID} to {_LONGEST_ID} digits"
        return f"{text}: an id has {wanted}, and the list has no such number."
    return ""


def _is_managed(role: Fields) -> bool:
    """Return whether a role belongs to a bot or to Discord; people cannot have such a role."""
    return bool(role.get("managed"))


async def _find_owner(api: Service, guild: Fields, application: Fields) -> Listed:
    """Return the owner of the application, if they are in the server."""
    listed = Listed()
    owner = get_owner_id(application)
    if owner is not None:
        member = await _fetch_member(api, str(guild["id"]), owner)
        if member is not None and not member["user"].get("bot"):
            listed.users[int(owner)] = _name(member)
    return listed


async def _load_listed(api: Service, guild: Fields, people: PeopleList) -> Listed:
    """Return the people and roles in the configuration, with names where they are known."""
    listed = Listed()
    named = {int(each["id"]): str(each["name"]) for each in guild["roles"]}
    for user in sorted(people.users):
        member = await _fetch_member(api, str(guild["id"]), str(user))
        listed.users[user] = _name(member) if member is not None else str(user)
    for role in sorted(people.roles):
        listed.roles[role] = named.get(role, str(role))
    return listed


async def _resolve(api: Service, guild: Fields, text: str) -> tuple[Listed, list[str]]:
    """Return the people and roles that the text names, and the problems with it."""
    listed, problems = Listed(), []
    for word in filter(None, (each.strip() for each in text.split(","))):
        roles = find_roles(guild, word)
        users = {} if roles and word.isdecimal() else await _find_users(api, str(guild["id"]), word)
        wanted = word.lstrip("@").casefold()
        if wanted in ("everyone", "here") or word == str(guild["id"]):
            problems.append("@everyone would allow anyone; name people or roles.")
        elif len(roles) + len(users) > 1:
            matches = ", ".join(
                [f"role {each}" for each in roles] + [f"user {each}" for each in users]
            )
            problems.append(f"{word} can mean {matches}: use the id.")
        elif not roles and not users:
            problems.append(
                find_id_problem(word)
                or f"{word}: the server has no role and no member with this name."
            )
        elif any(bot for _, bot in users.values()):
            problems.append(f"{word} is a bot; name people.")
        else:
            listed.roles |= roles
            listed.users |= {key: name for key, (name, _) in users.items()}
    return listed, problems


def _format_role(role: Fields) -> str:
    return str(role["name"]).lstrip("@").casefold()


async def _find_users(api: Service, guild_id: str, text: str) -> dict[int, tuple[str, bool]]:
    """Return the members with this id or exactly this name; the flag is true for a bot."""
    if text.isdecimal() and len(text) > 14:
        one = await _fetch_member(api, guild_id, text)
        found = [one] if one is not None else []
    else:
        query = quote(text.lstrip("@"), safe="")
        path = f"/guilds/{guild_id}/members/search?query={query}&limit=100"
        answer = await fetch_list(api, path, Member, f"who is called {text}")
        found = [each for each in answer if _has_name(each, text.lstrip("@"))]
    return {int(each["user"]["id"]): (_name(each), bool(each["user"].get("bot"))) for each in found}


async def _fetch_member(api: Service, guild_id: str, user_id: str) -> Fields | None:
    """Return a member, or `None` if they are not in the server. Raises `ChatUnavailable`."""
    path = f"/guilds/{guild_id}/members/{user_id}"
    return await fetch_optional(
        api, path, Member, f"whether {user_id} is in the server", absent=(404,)
    )


def _has_name(member: Fields, text: str) -> bool:
    user = member["user"]
    names = (user.get("username"), user.get("global_name"), member.get("nick"))
    return text.casefold() in (str(name).casefold() for name in names if name)


def _name(member: Fields) -> str:
    return str(member["user"].get("username") or member["user"]["id"])
