"""Who may ask and who may ship: roles and people of the server, by name or by id."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from bot.cli.doctor.discord_api import owner_of
from bot.cli.doctor.discord_shapes import Member, asked
from bot.cli.doctor.discord_shapes import listed as listed_by
from bot.cli.doctor.http import Service
from bot.cli.setup.answers import SetupSession
from bot.domain.people import PeopleList

T = TypeVar("T")
Fields = Mapping[str, Any]
_SHORTEST_ID, _LONGEST_ID = 17, 20  # digits of an id of Discord's
_QUESTIONS = {
    "developers": "Who may ask for investigations and fixes",
    "approvers": "Who may ship what it made",
}


class DiscordCall(Protocol):
    """Makes requests of Discord."""

    def __call__(self, call: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        """Return what `call(api)` returns."""
        ...


class Listed:
    """People and roles found so far, with the names they are shown by."""

    def __init__(self) -> None:
        self.users: dict[int, str] = {}
        self.roles: dict[int, str] = {}

    @property
    def shown(self) -> str:
        """Return them as a line."""
        return ", ".join([*self.users.values(), *(f"@{name}" for name in self.roles.values())])


def choose_people(
    session: SetupSession, ask: DiscordCall, guild: Fields, application: Fields
) -> None:
    """Settle both lists."""
    session.asking.say("Name people and roles, with commas between them; names or ids both do.")
    if roles := roles_to_pick(guild):
        session.asking.say("  Roles here, also by their number:")
        for number, role in enumerate(roles, 1):
            session.asking.say(f"  {number}. @{role['name']}")
    owner = ask(partial(_owner, guild=guild, application=application))
    for key, question in _QUESTIONS.items():
        present: PeopleList = getattr(session.settings.config.people, key)
        kept = ask(partial(_known, guild=guild, people=present))
        chosen = _choose(session, ask, guild, key, question, kept if kept.shown else owner)
        session.set(f"people.{key}.users", sorted(chosen.users))
        session.set(f"people.{key}.roles", sorted(chosen.roles))


def _choose(
    session: SetupSession, ask: DiscordCall, guild: Fields, key: str, question: str, kept: Listed
) -> Listed:
    default = kept.shown or None
    while True:
        told = session.asking.ask(key, question, default=default)
        if told == default:
            return kept
        chosen, problems = ask(partial(_resolve, guild=guild, words=told))
        if not problems and (chosen.users or chosen.roles):
            session.asking.say(f"  ok: {chosen.shown}")
            return chosen
        for problem in problems or ["Nobody is named: an empty list allows nobody."]:
            session.asking.say(f"  {problem}")


def roles_to_pick(guild: Fields) -> list[Fields]:
    """Return the roles that people can be given, the highest first, as Discord lists them."""
    given = (each for each in guild["roles"] if each["id"] != guild["id"] and not _own(each))
    return sorted(given, key=lambda role: (-int(role.get("position") or 0), int(role["id"])))


def roles_named(guild: Fields, word: str) -> dict[int, str]:
    """Return the roles that a word names, by id: a number of the list, an id, or a name."""
    picked = roles_to_pick(guild)
    if word.isdecimal() and 1 <= int(word) <= len(picked):
        chosen = picked[int(word) - 1]
        return {int(chosen["id"]): str(chosen["name"])}
    wanted = word.lstrip("@").casefold()
    return {
        int(each["id"]): str(each["name"])
        for each in guild["roles"]
        if each["id"] != guild["id"]
        and (word == each["id"] or (wanted == _plain(each) and not _own(each)))
    }


def id_problem(word: str) -> str:
    """Return why a number can be nobody's id, a sentence; empty for names, and for what may be."""
    if word.isdecimal() and not _SHORTEST_ID <= len(word) <= _LONGEST_ID:
        wanted = f"{_SHORTEST_ID} to {_LONGEST_ID} digits"
        return f"{word}: an id has {wanted}; a number of the list is smaller."
    return ""


def _own(role: Fields) -> bool:
    """Return whether a role belongs to a bot or to Discord; people cannot be given those."""
    return bool(role.get("managed"))


async def _owner(api: Service, guild: Fields, application: Fields) -> Listed:
    """Return whom the application belongs to, if they are in the server."""
    listed = Listed()
    owner = owner_of(application)
    if owner is not None:
        member = await _member(api, str(guild["id"]), owner)
        if member is not None and not member["user"].get("bot"):
            listed.users[int(owner)] = _name(member)
    return listed


async def _known(api: Service, guild: Fields, people: PeopleList) -> Listed:
    """Return those on a list already, with their names where they have one."""
    listed = Listed()
    named = {int(each["id"]): str(each["name"]) for each in guild["roles"]}
    for user in sorted(people.users):
        member = await _member(api, str(guild["id"]), str(user))
        listed.users[user] = _name(member) if member is not None else str(user)
    for role in sorted(people.roles):
        listed.roles[role] = named.get(role, str(role))
    return listed


async def _resolve(api: Service, guild: Fields, words: str) -> tuple[Listed, list[str]]:
    """Return whom the words name, and what could not be understood."""
    listed, problems = Listed(), []
    for word in filter(None, (each.strip() for each in words.split(","))):
        roles = roles_named(guild, word)
        users = {} if roles and word.isdecimal() else await _users(api, str(guild["id"]), word)
        wanted = word.lstrip("@").casefold()
        if wanted in ("everyone", "here") or word == str(guild["id"]):
            problems.append("@everyone would let anybody in; name people or roles.")
        elif len(roles) + len(users) > 1:
            told = ", ".join(
                [f"role {each}" for each in roles] + [f"user {each}" for each in users]
            )
            problems.append(f"{word} can mean {told}: give the id.")
        elif not roles and not users:
            problems.append(
                id_problem(word)
                or f"{word}: there is no such role, and nobody of that name, in the server."
            )
        elif any(bot for _, bot in users.values()):
            problems.append(f"{word} is a bot; name people.")
        else:
            listed.roles |= roles
            listed.users |= {key: name for key, (name, _) in users.items()}
    return listed, problems


def _plain(role: Fields) -> str:
    return str(role["name"]).lstrip("@").casefold()


async def _users(api: Service, guild_id: str, word: str) -> dict[int, tuple[str, bool]]:
    """Return the members of an id or exactly of a name, each with whether it is a bot."""
    if word.isdecimal() and len(word) > 14:
        one = await _member(api, guild_id, word)
        found = [one] if one is not None else []
    else:
        query = quote(word.lstrip("@"), safe="")
        path = f"/guilds/{guild_id}/members/search?query={query}&limit=100"
        answer = await listed_by(api, path, Member, f"who is called {word}")
        found = [each for each in answer if _called(each, word.lstrip("@"))]
    return {int(each["user"]["id"]): (_name(each), bool(each["user"].get("bot"))) for each in found}


async def _member(api: Service, guild_id: str, user_id: str) -> Fields | None:
    """Return one member; `None` where they are not in the server. Raises `ChatUnavailable`."""
    path = f"/guilds/{guild_id}/members/{user_id}"
    return await asked(api, path, Member, f"whether {user_id} is in the server", absent=(404,))


def _called(member: Fields, word: str) -> bool:
    user = member["user"]
    names = (user.get("username"), user.get("global_name"), member.get("nick"))
    return word.casefold() in (str(name).casefold() for name in names if name)


def _name(member: Fields) -> str:
    return str(member["user"].get("username") or member["user"]["id"])
