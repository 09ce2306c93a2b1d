"""The wizard's second part: the forge for proposals, suggested from the git remotes."""

import asyncio

from bot.adapters.forges.registry import FORGES, LOCAL
from bot.adapters.forges.shared.forge_type import ForgeType
from bot.cli.setup.answers import SetupSession
from bot.domain.errors import ConfigError
from bot.infra.git_remotes import Remote, find_remote, list_remotes
from bot.infra.prompter import pick


def set_up_forge(session: SetupSession) -> None:
    """Ask where proposals go."""
    session.asking.say("\n2 of 4: where proposals go")
    hosted = [each for each in FORGES.values() if each.name != LOCAL.name]
    found = asyncio.run(_find_host(session, hosted))
    if found is not None:
        kind, name, remote = found
        session.asking.say(f"  The git remote {name} is {remote.display_url}.")
        stays_local = session.settings.config.forge.kind == LOCAL.name and _is_configured(session)
        default = LOCAL.name if stays_local else kind.name
        question = f"Where do proposals go: {kind.name}, or local (a repository on this machine)"
        options = ((LOCAL.name,), (kind.name,))
        if pick(session.asking, "forge", question, options, default=default) == 1:
            session.set("forge.remote", name)
            kind.ask(session, remote)
            return
    else:
        titles = " or ".join(each.title for each in hosted)
        session.asking.say(f"  No git remote points to {titles}.")
        names = [LOCAL.name, *(each.name for each in hosted)]
        question = f"Where do proposals go: {', '.join(names[:-1])} or {names[-1]}"
        chosen = pick(
            session.asking, "forge", question, [(each,) for each in names], default=LOCAL.name
        )
        if chosen > 0:
            raise ConfigError(
                f"forge {names[chosen]}: add a git remote for the repository first: git -C "
                f"{session.settings.root} remote add origin {hosted[chosen - 1].example_remote}"
            )
    LOCAL.ask(session, None)


def _is_configured(session: SetupSession) -> bool:
    """Return whether the bot was set up before."""
    return session.settings.config.discord.dev_channel_id is not None


async def _find_host(
    session: SetupSession, hosted: list[ForgeType]
) -> tuple[ForgeType, str, Remote] | None:
    """Return a remote on a hosted forge: the configured one, else `origin`, else any other."""
    root = session.settings.root
    names = (session.settings.config.forge.remote, "origin", *await list_remotes(root))
    for name in dict.fromkeys(names):
        remote = await find_remote(root, name)
        if remote is None or remote.repository is None:
            continue
        for kind in hosted:
            if await kind.is_host_of(session.settings, remote):
                return kind, name, remote
    return None
