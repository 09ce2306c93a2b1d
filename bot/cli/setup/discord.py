"""The wizard's first part: the bot's token, intents, server, dev channel and people."""

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from bot.cli.doctor.discord_api import (
    PORTAL,
    address,
    build_invite_link,
    get_own_user,
    list_disabled_intents,
    list_missing_permissions,
    list_text_channels,
    open_discord,
)
from bot.cli.doctor.discord_shapes import (
    Application,
    Channel,
    Guild,
    Member,
    NamedGuild,
    fetch,
    fetch_list,
)
from bot.cli.doctor.secret_shapes import find_token_problem
from bot.cli.setup.answers import SetupSession
from bot.cli.setup.people import choose_people
from bot.domain.errors import ConfigError
from bot.infra.prompter import pick
from bot.infra.service_client import Service

_DEV = re.compile(r"(?<![a-z])(?:dev|devs|theseus|bot-?dev)(?![a-z])", re.IGNORECASE)
T = TypeVar("T")
Fields = Mapping[str, Any]
ApiRequest = Callable[[Service], Coroutine[Any, Any, T]]

_HOW = f"""\
The bot needs its own Discord application.
  1. {PORTAL} -> New Application.
  2. Its Bot page -> Reset Token -> Copy. The token is shown once."""


def set_up_discord(session: SetupSession) -> None:
    """Ask for the token, the intents, the server, the channel and the people."""
    Discord(session).settle()


class Discord:
    """The questions about Discord; requests use the token that was checked."""

    def __init__(self, session: SetupSession) -> None:
        self._session = session
        self._say = session.asking.say
        self._base = address(session.settings.environment)
        self._token = ""
        self._me = ""

    def settle(self) -> None:
        """Ask for everything, in order."""
        self._say("\n1 of 4: Discord")
        self._find_token()
        application = self._require_intents()
        guild = self._choose_guild(application)
        self._session.set("discord.guild_id", int(guild["id"]))
        channel = self._choose_channel(guild, application)
        self._session.set("discord.dev_channel_id", int(channel["id"]))
        choose_people(self._session, self._ask, guild, application)

    def _ask(self, call: ApiRequest[T]) -> T:
        async def run_call() -> T:
            async with open_discord(self._token, self._base) as api:
                return await call(api)

        return self._session.look(run_call)

    # -------------------------------------------------------------------- token

    def _find_token(self) -> None:
        if self._session.settings.environment.discord_token is None:
            self._say(_HOW)
        refused: frozenset[str] = frozenset()
        while True:
            answer = self._session.ask_secret(
                "DISCORD_TOKEN", "Bot token", needed=True, refused=refused
            )
            self._token = answer.removeprefix("Bot ").strip()
            if self._check_token():
                break
            refused |= {answer}
        if answer != self._token:
            self._session.secrets["DISCORD_TOKEN"] = self._token

    def _check_token(self) -> bool:
        if problem := find_token_problem(self._token):
            _refuse(self._session, problem)
            return False
        me = self._ask(get_own_user)
        if me.status != 200:
            _refuse(self._session, f"DISCORD_TOKEN: Discord does not accept it ({me.status}).")
            return False
        self._me = str(me.fields["id"])
        self._say(f"  ok: this is the bot {me.fields['username']}")
        return True

    # ------------------------------------------------------------------ intents

    def _require_intents(self) -> Fields:
        while True:
            application = self._ask(_fetch_application)
            page = f"{PORTAL}/{application['id']}/bot"
            missing = list_disabled_intents(application)
            if application.get("bot_require_code_grant"):
                self._say(f"  Turn off “Requires OAuth2 Code Grant” at {page}, and save.")
            elif not missing:
                self._say("  ok: the Server Members and Message Content intents are on")
                return application
            else:
                names = " and ".join(f"“{name} Intent”" for name in missing)
                self._say(f"  Turn on {names} under Privileged Gateway Intents at")
                self._say(f"  {page} and save.")
            if not self._session.asking.ask_retry("intents", "  When that is done"):
                return application

    # ------------------------------------------------------------------- server

    def _choose_guild(self, application: Fields) -> Fields:
        guilds = self._ask(_fetch_guilds)
        while not guilds:
            self._say("  The bot is in no server yet. Open this link in a browser to invite it:")
            self._say(f"  {build_invite_link(application)}")
            if not self._session.asking.ask_retry("guild", "  When that is done"):
                raise ConfigError(
                    "The bot is in no server, so the setup cannot go on. Invite it with "
                    f"{build_invite_link(application)}, then run `theseus setup` again."
                )
            guilds = self._ask(_fetch_guilds)
        index = 0
        if len(guilds) > 1:
            for number, each in enumerate(guilds, 1):
                self._say(f"  {number}. {each['name']}")
            present = str(self._session.settings.config.discord.guild_id)
            default = next((str(each["name"]) for each in guilds if each["id"] == present), None)
            names = [(str(each["name"]), str(each["id"])) for each in guilds]
            index = pick(self._session.asking, "guild", "Which server", names, default=default)
        self._say(f"  ok: the bot is in the server {guilds[index]['name']}")
        return self._ask(lambda api: _fetch_guild(api, str(guilds[index]["id"])))

    def _choose_channel(self, guild: Fields, application: Fields) -> Fields:
        """Return the dev channel, after checking the bot's permissions in it."""
        guild_id = str(guild["id"])
        while True:
            member, channels = self._ask(lambda api: _fetch_channels(api, guild_id, self._me))
            if not channels:
                self._say("  The server has no text channel. Create one, such as #dev.")
            else:
                found = self._pick_channel(guild, member, channels)
                missing = list_missing_permissions(guild, member, found)
                if not missing:
                    return found
                self._say(f"  In #{found['name']} the bot lacks: {', '.join(missing)}.")
                self._say("  Give these permissions to its role in the channel's settings, or")
                self._say(f"  invite it again: {build_invite_link(application, guild_id)}")
            if not self._session.asking.ask_retry("channel", "  Then choose again"):
                if not channels:
                    raise ConfigError("The server has no text channel; create one and try again.")
                return found
            guild = self._ask(lambda api: _fetch_guild(api, guild_id))

    def _pick_channel(self, guild: Fields, member: Fields, channels: list[Fields]) -> Fields:
        self._say("In the dev channel, people report bugs and the bot answers:")
        for number, each in enumerate(channels, 1):
            missing = list_missing_permissions(guild, member, each)
            note = f"  (the bot lacks: {', '.join(missing)})" if missing else ""
            self._say(f"  {number}. #{each['name']}{note}")
        present = str(self._session.settings.config.discord.dev_channel_id)
        usable = [each for each in channels if not list_missing_permissions(guild, member, each)]
        default = next((each["name"] for each in channels if each["id"] == present), None)
        default = default or suggest_channel(usable)
        names = [(str(each["name"]), str(each["id"])) for each in channels]
        index = pick(self._session.asking, "channel", "Dev channel", names, default=default)
        return channels[index]


def suggest_channel(usable: list[Fields]) -> str | None:
    """Return the name of the channel to suggest: the only one, or the only one named like `dev`."""
    names = [str(each["name"]) for each in usable]
    called = [name for name in names if _DEV.search(name)]
    for found in (names, called):
        if len(found) == 1:
            return found[0]
    return None


def _refuse(session: SetupSession, sentence: str) -> None:
    session.asking.say(f"  {sentence} Copy it again, from the Bot page at {PORTAL}.")


async def _fetch_application(api: Service) -> Fields:
    return await fetch(
        api, "/oauth2/applications/@me", Application, "which application the token is of"
    )


async def _fetch_guilds(api: Service) -> list[Fields]:
    return await fetch_list(api, "/users/@me/guilds?limit=200", NamedGuild, "the bot's servers")


async def _fetch_guild(api: Service, guild_id: str) -> Fields:
    return await fetch(api, f"/guilds/{guild_id}", Guild, "the server's roles")


async def _fetch_channels(api: Service, guild_id: str, me: str) -> tuple[Fields, list[Fields]]:
    mine = f"/guilds/{guild_id}/members/{me}"
    member = await fetch(api, mine, Member, "the bot's own roles")
    channels = await fetch_list(
        api, f"/guilds/{guild_id}/channels", Channel, "the server's channels"
    )
    return member, list_text_channels(channels)
