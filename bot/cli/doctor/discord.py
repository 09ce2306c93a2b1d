"""Checks the Discord token, the intents and the dev channel."""

from collections.abc import Mapping

from bot.cli.doctor.discord_api import (
    PORTAL,
    address,
    build_invite_link,
    get_own_user,
    list_disabled_intents,
    list_missing_permissions,
    open_discord,
)
from bot.cli.doctor.discord_shapes import (
    Application,
    Channel,
    Guild,
    Member,
    fetch,
    validate_answer,
)
from bot.cli.doctor.secret_shapes import find_token_problem
from bot.domain.errors import ChatUnavailable
from bot.domain.finding import DoctorFinding, report_bad, report_good
from bot.infra.service_client import Service
from bot.settings import Settings


async def look_at_discord(settings: Settings) -> list[DoctorFinding]:
    """Check the token, the intents and the dev channel with Discord."""
    token = settings.environment.discord_token
    if token is None:
        remedy = (
            f"Run `theseus setup`, or put DISCORD_TOKEN into {settings.root / '.env'} "
            "(see .env.example)."
        )
        return [report_bad("discord token", "DISCORD_TOKEN is not set", remedy)]
    base = address(settings.environment)
    try:
        async with open_discord(token.get_secret_value(), base) as api:
            me = await get_own_user(api)
            if me.status != 200:
                remedy = f"Copy a new token from your application's Bot page ({PORTAL}) into .env."
                looks = find_token_problem(token.get_secret_value())
                message = f"Discord answers {me.status}{f'. {looks}' if looks else ''}"
                return [report_bad("discord token", message, remedy)]
            token_found = report_good("discord token", f"bot {me.fields['username']}")
            application = await fetch(
                api, "/oauth2/applications/@me", Application, "which application it is"
            )
            return [
                token_found,
                _check_intents(application),
                await _check_channel(api, str(me.fields["id"]), application, settings),
            ]
    except ChatUnavailable as error:
        remedy = "Check the network, and THESEUS_DISCORD_API_URL if you set it."
        return [report_bad("discord", str(error), remedy)]


def _check_intents(application: Mapping[str, object]) -> DoctorFinding:
    missing = list_disabled_intents(application)
    if missing:
        remedy = (
            f"Turn them on at {PORTAL}/{application.get('id')}/bot, under Privileged Gateway "
            "Intents, and save."
        )
        return report_bad("discord intents", f"{' and '.join(missing)} intent is off", remedy)
    return report_good("discord intents", "members and message content")


async def _check_channel(
    api: Service, me: str, application: Mapping[str, object], settings: Settings
) -> DoctorFinding:
    wanted = settings.config.discord
    if wanted.dev_channel_id is None:
        remedy = f"Run `theseus setup`, or set discord.dev_channel_id in {settings.config_file}."
        return report_bad("dev channel", "not set", remedy)
    answer = await api.ask(f"/channels/{wanted.dev_channel_id}")
    if answer.status in (403, 404):
        link = f" ({build_invite_link(application)})"
        remedy = f"Invite the bot to the server{link}, and let it see the channel."
        message = f"{wanted.dev_channel_id}: Discord answers {answer.status}"
        return report_bad("dev channel", message, remedy)
    channel = validate_answer(answer, Channel, "what the dev channel is")
    name, guild_id = channel["name"], channel.get("guild_id")
    if wanted.guild_id is not None and str(wanted.guild_id) != str(guild_id):
        remedy = f"Make discord.guild_id and discord.dev_channel_id in {settings.config_file} fit."
        return report_bad(
            "dev channel", f"#{name} is in server {guild_id}, not {wanted.guild_id}", remedy
        )
    guild = await fetch(api, f"/guilds/{guild_id}", Guild, "the server's roles")
    mine = f"/guilds/{guild_id}/members/{me}"
    member = await fetch(api, mine, Member, "the bot's own roles")
    missing = list_missing_permissions(guild, member, channel)
    if missing:
        remedy = f"Give the bot's role these permissions in #{name}."
        return report_bad("dev channel", f"missing: {', '.join(missing)}", remedy)
    return report_good("dev channel", f"#{name}")
