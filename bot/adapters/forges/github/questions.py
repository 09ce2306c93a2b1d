"""The setup of GitHub: a token or an App, checked at once, and who reviews."""

import asyncio
import re

from bot.adapters.forges.github._rights import (
    APP_ONLY,
    GITHUB,
    NEEDED,
    build_token_page_url,
    fetch_default_branch,
    get_token,
)
from bot.adapters.forges.github.doctor import examine
from bot.adapters.forges.github.settings import get_api_address
from bot.adapters.forges.shared.forge_setup import ForgeSetup
from bot.adapters.forges.shared.hosted_questions import ask_reviewers
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.infra.git_remotes import Remote
from bot.infra.prompter import pick

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\[bot\])?")
_AUTH_OPTIONS = (("token",), ("app",))


def ask_settings(session: ForgeSetup, remote: Remote | None) -> None:
    """Ask for credentials until they work, or the person goes on without."""
    api = get_api_address(session.settings.environment, remote.host if remote else "")
    session.set("forge.kind", "github")
    if api != GITHUB and session.settings.environment.theseus_github_api_url is None:
        session.secrets["THESEUS_GITHUB_API_URL"] = api
    config = session.settings.config.forge.github
    default = "app" if config.app is not None else "token"
    repository = session.settings.config.forge.github.repository or str(
        remote and remote.repository
    )
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
    ask_reviewers(session, "github", "GitHub", _LOGIN, config.reviewers)


def _ask_token(session: ForgeSetup, api: str, repository: str) -> None:
    if session.settings.environment.github_token is None and "GITHUB_TOKEN" not in session.secrets:
        session.asking.say("  Create a fine-grained token for this repository only, with")
        for name, level in NEEDED.items():
            session.asking.say(f"    {name}: {'read and write' if level == 'write' else 'read'}")
        session.asking.say(f"  at {build_token_page_url(api, repository)}")
    while not session.ask_secret("GITHUB_TOKEN", "GitHub token", needed=True):
        session.asking.say("  The bot needs a token to open pull requests.")
    if session.settings.config.forge.github.app is not None:
        session.set("forge.github.app", None)


def _ask_app(session: ForgeSetup, api: str) -> None:
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


def _ask_number(session: ForgeSetup, key: str, question: str, default: str | None) -> int:
    while True:
        answer = session.asking.ask(key, question, default=default)
        if answer.isdecimal() and int(answer) > 0:
            return int(answer)
        session.asking.say(f"  {answer} is not a number; {key} is a number such as 123456.")


def _verify_access(session: ForgeSetup, api: str, repository: str) -> bool:
    """Check the access to GitHub, and set the repository's default branch as the forge's branch."""
    trial = session.build_settings()
    try:
        token = session.look(lambda: get_token(trial, api, session.clock))
        branch = session.look(lambda: fetch_default_branch(api, token, repository))
    except (ConfigError, ForgeUnavailable) as error:
        session.asking.say(f"  {error}")
        return False
    if branch is not None:
        session.set("forge.branch", branch)
    return session.show(asyncio.run(examine(session.build_settings(), session.clock)))
