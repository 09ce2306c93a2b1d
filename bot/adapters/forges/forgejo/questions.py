"""The setup of Forgejo: a token, checked at once, and who reviews."""

import asyncio
import re

from bot.adapters.forges.forgejo.doctor import SCOPES, build_token_page_url, examine
from bot.adapters.forges.forgejo.settings import find_place, get_address, get_token
from bot.adapters.forges.shared.forge_setup import ForgeSetup
from bot.adapters.forges.shared.hosted_questions import ask_reviewers
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.infra.git_remotes import Remote
from bot.infra.service_client import open_service
from bot.settings import Settings

_LOGIN = re.compile(r"[A-Za-z0-9][\w.-]{0,39}")


def ask_settings(session: ForgeSetup, remote: Remote | None) -> None:
    """Ask for a token until it works, or the person goes on without."""
    config = session.settings.config.forge.forgejo
    address = get_address(session.settings, remote)
    session.set("forge.kind", "forgejo")
    session.set("forge.forgejo.address", address)
    while True:
        _ask_token(session, address)
        if _verify_access(session):
            break
        if not session.asking.ask_retry("forgejo", "  Fix it and try again"):
            break
    ask_reviewers(session, "forgejo", "Forgejo", _LOGIN, config.reviewers)


def _ask_token(session: ForgeSetup, address: str) -> None:
    held = session.settings.environment.forgejo_token
    if held is None and "FORGEJO_TOKEN" not in session.secrets:
        session.asking.say("  Create a token with these permissions:")
        for scope in SCOPES:
            session.asking.say(f"    {scope}")
        session.asking.say(f"  at {build_token_page_url(address)}")
    while not session.ask_secret("FORGEJO_TOKEN", "Forgejo token", needed=True):
        session.asking.say("  The bot needs a token to open pull requests.")


def _verify_access(session: ForgeSetup) -> bool:
    """Check the access, and set the repository's default branch as the forge's branch."""
    try:
        branch = session.look(lambda: _fetch_default_branch(session.build_settings()))
    except (ConfigError, ForgeUnavailable) as error:
        session.asking.say(f"  {error}")
        return False
    if branch is not None:
        session.set("forge.branch", branch)
    return session.show(asyncio.run(examine(session.build_settings(), session.clock)))


async def _fetch_default_branch(settings: Settings) -> str | None:
    """Return the repository's default branch, or `None` if the token cannot see it."""
    place = await find_place(settings)
    headers = {"Authorization": f"token {get_token(settings).get_secret_value()}"}
    async with open_service(f"{place.address}/api/v1", headers, ForgeUnavailable) as forgejo:
        answer = await forgejo.ask(f"/repos/{place.repository}")
    found = answer.fields.get("default_branch")
    return str(found) if answer.status == 200 and found else None
