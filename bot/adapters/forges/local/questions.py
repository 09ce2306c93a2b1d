"""The setup of the local forge: its repository's remote, and the address of its pages."""

import asyncio
from pathlib import Path

from bot.adapters.forges.local.settings import get_folder
from bot.adapters.forges.shared.forge_setup import ForgeSetup
from bot.domain.links import ADDRESS_WANTED, parse_web_address
from bot.infra.git_remotes import Remote, find_remote, get_current_branch, list_remotes
from bot.infra.prompter import is_negative

_LOCAL_REMOTE = "theseus"


def ask_settings(session: ForgeSetup, _remote: Remote | None) -> None:
    """Set up a bare repository on this machine for proposals, and a remote that points to it."""
    root = session.settings.root
    folder = get_folder(session.settings)
    session.set("forge.kind", "local")
    session.asking.say(f"  Proposals go to a repository on this machine: {folder}")
    branch = asyncio.run(get_current_branch(root))
    if branch is not None:
        session.set("forge.branch", branch)
    name = _find_remote(root, folder)
    if name is None:
        name = _LOCAL_REMOTE
        used = asyncio.run(list_remotes(root))
        while name in used:
            name += "-local"
        session.remote = (name, folder.resolve())
    session.set("forge.remote", name)
    _ask_pages_url(session)


def _ask_pages_url(session: ForgeSetup) -> None:
    """Ask for the address of the local forge's pages; without one, proposals are not linked."""
    present = session.settings.config.forge.url
    question = "Address where people can open its pages (https://...), or none"
    while True:
        url = session.asking.ask("forge-url", question, default=present or "none")
        url = "" if is_negative(url) else url
        if not url or parse_web_address(url):
            session.set("forge.url", url.rstrip("/"))
            return
        session.asking.say(f"  {url}: {ADDRESS_WANTED}, or none.")


def _find_remote(root: Path, folder: Path) -> str | None:
    """Return the name of the remote that points to a folder."""
    for name in asyncio.run(list_remotes(root)):
        remote = asyncio.run(find_remote(root, name))
        found = remote.folder if remote else None
        if found is not None and (root / found).resolve() == folder.resolve():
            return name
    return None
