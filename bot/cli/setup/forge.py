"""The wizard's second part: the forge for proposals, suggested from the git remotes."""

import asyncio
import re
from pathlib import Path

from bot.adapters.github_forge import parse_repository
from bot.app.forges import get_local_forge_folder
from bot.app.git_remotes import Remote, find_remote, get_current_branch, list_remotes
from bot.cli.doctor.github import look_at_github
from bot.cli.doctor.github_api import (
    APP_ONLY,
    GITHUB,
    NEEDED,
    build_token_page_url,
    fetch_default_branch,
    get_api_address,
    get_token,
)
from bot.cli.doctor.http import open_service
from bot.cli.setup.answers import SetupSession
from bot.cli.setup.prompts import is_negative, pick
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.domain.links import ADDRESS_WANTED, parse_web_address

_LOCAL_REMOTE = "theseus"
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\[bot\])?")
_KINDS = (("local",), ("github",))
_AUTH_OPTIONS = (("token",), ("app",))


def set_up_forge(session: SetupSession) -> None:
    """Ask where proposals go."""
    session.asking.say("\n2 of 4: where proposals go")
    forge = session.settings.config.forge
    found = _on_github(session)
    if found is not None:
        name, remote = found
        session.asking.say(f"  The git remote {name} is {remote.display_url}.")
        default = "local" if forge.kind == "local" and _is_configured(session) else "github"
        question = "Where do proposals go: github, or local (a repository on this machine)"
        if pick(session.asking, "forge", question, _KINDS, default=default) == 1:
            session.set("forge.remote", name)
            _set_up_github(session, remote)
            return
    else:
        session.asking.say("  No git remote points to GitHub.")
        question = "Where do proposals go: local or github"
        if pick(session.asking, "forge", question, _KINDS, default="local") == 1:
            raise ConfigError(
                "forge github: add a git remote for the repository first: git -C "
                f"{session.settings.root} remote add origin git@github.com:OWNER/NAME.git"
            )
    _set_up_local(session)


def _is_configured(session: SetupSession) -> bool:
    """Return whether the bot was set up before."""
    return session.settings.config.discord.dev_channel_id is not None


def _on_github(session: SetupSession) -> tuple[str, Remote] | None:
    """Return a remote on GitHub: the configured one, otherwise `origin`, otherwise any other."""
    root = session.settings.root
    names = (session.settings.config.forge.remote, "origin", *asyncio.run(list_remotes(root)))
    for name in dict.fromkeys(names):
        remote = asyncio.run(find_remote(root, name))
        if remote is not None and _can_be_github(session, remote):
            return name, remote
    return None


def _can_be_github(session: SetupSession, remote: Remote) -> bool:
    if remote.repository is None:
        return False
    environment = session.settings.environment
    api = get_api_address(environment, remote.host)
    if environment.theseus_github_api_url is None and remote.host != "github.com":
        return asyncio.run(_is_enterprise(api))
    try:
        parse_repository(remote.url, api)
    except ConfigError:  # on another host
        return False
    return True


async def _is_enterprise(api: str) -> bool:
    """Return whether a GitHub Enterprise server answers at this address."""
    try:
        async with open_service(api, {}, ForgeUnavailable) as github:
            answer = await github.ask("/meta")
    except ForgeUnavailable:
        return False
    return "X-GitHub-Enterprise-Version" in answer.headers or "installed_version" in answer.fields


# ------------------------------------------------------------------- on this machine


def _set_up_local(session: SetupSession) -> None:
    """Set up a bare repository on this machine for proposals, and a remote that points to it."""
    root = session.settings.root
    folder = get_local_forge_folder(session.settings)
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


def _ask_pages_url(session: SetupSession) -> None:
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


# -------------------------------------------------------------------------- on GitHub


def _set_up_github(session: SetupSession, remote: Remote) -> None:
    api = get_api_address(session.settings.environment, remote.host)
    session.set("forge.kind", "github")
    if api != GITHUB and session.settings.environment.theseus_github_api_url is None:
        session.secrets["THESEUS_GITHUB_API_URL"] = api
    has_app = session.settings.config.forge.github.app is not None
    default = "app" if has_app else "token"
    repository = session.settings.config.forge.github.repository or str(remote.repository)
    while True:
        question = "Use a token of your account, or a GitHub App: token, app"
        if pick(session.asking, "github-auth", question, _AUTH_OPTIONS, default=default) == 0:
            default = "token"
            _ask_token(session, api, repository)
        else:
            default = "app"
            _ask_app(session, api)
        if _verify_access(session, api, repository):
            break
        if not session.asking.ask_retry("github", "  Fix it and try again"):
            break
    _ask_reviewers(session)


def _ask_token(session: SetupSession, api: str, repository: str) -> None:
    if session.settings.environment.github_token is None and "GITHUB_TOKEN" not in session.secrets:
        session.asking.say("  Create a fine-grained token for this repository only, with")
        for name, level in NEEDED.items():
            session.asking.say(f"    {name}: {'read and write' if level == 'write' else 'read'}")
        session.asking.say(f"  at {build_token_page_url(api, repository)}")
    while not session.ask_secret("GITHUB_TOKEN", "GitHub token", needed=True):
        session.asking.say("  The bot needs a token to open pull requests.")
    if session.settings.config.forge.github.app is not None:
        session.set("forge.github.app", None)


def _ask_app(session: SetupSession, api: str) -> None:
    app = session.settings.config.forge.github.app
    rights = ", ".join(f"{name}: {level}" for name, level in (NEEDED | APP_ONLY).items())
    session.asking.say(f"  The App needs the permissions {rights}, and to be installed there.")
    ids = {
        "app-id": ("App id (on its page, under About)", str(app.id) if app else None),
        "app-installation": (
            "Installation id (ends the address of the page its Configure button opens)",
            str(app.installation) if app else None,
        ),
    }
    found = {key: _ask_number(session, key, text, default) for key, (text, default) in ids.items()}
    key_file = session.asking.ask(
        "app-key",
        f"File with its private key, from {session.settings.root}",
        default=str(app.private_key) if app else "data/state/github-app.pem",
    )
    chosen = {
        "id": found["app-id"],
        "installation": found["app-installation"],
        "private_key": key_file,
    }
    session.set("forge.github.app", chosen)


def _ask_number(session: SetupSession, key: str, question: str, default: str | None) -> int:
    while True:
        answer = session.asking.ask(key, question, default=default)
        if answer.isdecimal() and int(answer) > 0:
            return int(answer)
        session.asking.say(f"  {answer} is not a number; {key} is a number such as 123456.")


def _verify_access(session: SetupSession, api: str, repository: str) -> bool:
    """Check the access to GitHub, and set the repository's default branch as the forge's branch."""
    trial = session.build_settings()
    try:
        token = session.look(lambda: get_token(trial, api))
        branch = session.look(lambda: fetch_default_branch(api, token, repository))
    except (ConfigError, ForgeUnavailable) as error:
        session.asking.say(f"  {error}")
        return False
    if branch is not None:
        session.set("forge.branch", branch)
    return session.show(asyncio.run(look_at_github(session.build_settings())))


def _ask_reviewers(session: SetupSession) -> None:
    present = ", ".join(sorted(session.settings.config.forge.github.reviewers))
    question = "GitHub logins whose review comments revise a run, or none"
    while True:
        answer = session.asking.ask("reviewers", question, default=present or "none")
        logins = [each.strip().lstrip("@") for each in answer.split(",") if each.strip()]
        logins = [] if is_negative(answer) else logins
        wrong = [each for each in logins if not _LOGIN.fullmatch(each)]
        if not wrong:
            session.set("forge.github.reviewers", sorted(logins))
            return
        session.asking.say(f"  {', '.join(wrong)}: this is not a valid GitHub login.")
