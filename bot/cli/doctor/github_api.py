"""What GitHub lets the bot do with a repository; nothing is changed by looking."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode

from bot.adapters.github_forge import InstallationCredentials, address_of
from bot.adapters.system_clock import SystemClock
from bot.app.forges import build_credentials
from bot.cli.doctor.http import Service, open_service
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.settings import Environment, Settings

GITHUB = "https://api.github.com"
# What a token or an App is given. Labels come with pull requests; GitHub adds Metadata by itself.
NEEDED = {
    "Contents": "write",
    "Pull requests": "write",
    "Commit statuses": "read",
    "Actions": "read",
}
# GitHub has no such permission for tokens; an App sees with it the checks of other Apps, too.
APP_ONLY = {"Checks": "read"}
_SHORT = {
    "Contents": "contents",
    "Pull requests": "pull_requests",
    "Commit statuses": "statuses",
    "Actions": "actions",
}
_MAY_NOT = (401, 403, 404)


def get_api_address(environment: Environment, host: str = "github.com") -> str:
    """Return the API's address: the one that is set, else the one of a remote's host.

    Raises `ConfigError` for one that would send the token over the network in the clear.
    """
    if environment.theseus_github_api_url is not None:
        return address_of(str(environment.theseus_github_api_url)).api
    return GITHUB if host in ("github.com", "") else f"https://{host}/api/v3"


def build_token_page_url(api: str, repository: str) -> str:
    """Return where a fine-grained token is made, filled in as far as the host allows."""
    owner = repository.split("/", maxsplit=1)[0]
    if api != GITHUB:
        return f"{address_of(api).web}/settings/personal-access-tokens/new"
    asked = {
        "name": "Theseus",
        "description": f"Pull requests of Theseus for {repository}",
        "target_name": owner,
        **{_SHORT[name]: level for name, level in NEEDED.items()},
    }
    return f"https://github.com/settings/personal-access-tokens/new?{urlencode(asked)}"


@asynccontextmanager
async def open_github(api: str, token: str) -> AsyncIterator[Service]:
    """Lend GitHub's API under a token; requests raise `ForgeUnavailable`."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    async with open_service(api, headers, ForgeUnavailable) as lent:
        yield lent


async def get_token(settings: Settings, api: str) -> str:
    """Return the token to act with: the one that is set, or one GitHub lends to the App.

    Raises `ConfigError` naming the key and the way out, and `ForgeUnavailable`.
    """
    who = build_credentials(settings)

    async def ask(installation: int, signed: str) -> InstallationCredentials:
        return await _request_installation_token(api, who.name, installation, signed)

    return (await who.get_token(ask, SystemClock())).get_secret_value()


async def _request_installation_token(
    api: str, app: str, installation: int, signed: str
) -> InstallationCredentials:
    """Return a token of the App's installation, good for an hour."""
    async with open_github(api, signed) as door:
        answer = await door.ask(f"/app/installations/{installation}/access_tokens", "POST", {})
    if answer.status == 401:
        raise ConfigError(
            f"forge.github.app: GitHub does not take this key for the {app} (401). Check its id, "
            "the key file, and this machine's clock."
        )
    if answer.status == 404:
        raise ConfigError(
            f"forge.github.app: GitHub knows no installation {installation} of the {app}. Its "
            "number ends the address of the installation's page."
        )
    if answer.status != 201 or not answer.fields.get("token"):
        raise ForgeUnavailable(f"{api} answers {answer.status} {answer.error_message}".strip())
    return InstallationCredentials.model_validate(answer.fields)


async def fetch_default_branch(api: str, token: str, repository: str) -> str | None:
    """Return the repository's default branch, `None` where the token cannot see it."""
    async with open_github(api, token) as lent:
        answer = await lent.ask(f"/repos/{repository}")
    found = answer.fields.get("default_branch")
    return str(found) if answer.status == 200 and found else None


async def find_missing_rights(api: Service, token: str, repository: str, branch: str) -> list[str]:
    """Return the permissions the token lacks, each as `Contents: write`; changes nothing.

    What a fine-grained token may write is told over git's own HTTP, and by what GitHub says to a
    pull request from a branch into itself: nobody can open one, but only who may is told why.
    """
    at = f"/repos/{repository}"
    itself = {"title": "May pull requests be opened?", "head": branch, "base": branch}
    looks = {
        "Contents": await _probe_push(api.base, token, repository),
        "Pull requests": (await api.ask(f"{at}/pulls", "POST", itself)).status,
        "Commit statuses": (await api.ask(f"{at}/commits/{quote(branch, safe='')}/status")).status,
    }
    return [f"{name}: {NEEDED[name]}" for name, status in looks.items() if status in _MAY_NOT]


async def _probe_push(api: str, token: str, repository: str) -> int:
    """Return the status git would get when it asks to push."""
    pair = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = {"Authorization": f"Basic {pair}"}
    url = address_of(api).build_clone_url(repository)
    async with open_service(url, header, ForgeUnavailable) as git:
        return (await git.ask("/info/refs?service=git-receive-pack")).status


async def can_read_checks(api: Service, repository: str, branch: str) -> bool:
    """Return whether the token may read check runs, or what Actions ran."""
    for path in (f"commits/{quote(branch, safe='')}/check-runs", "actions/runs?per_page=1"):
        if (await api.ask(f"/repos/{repository}/{path}")).status not in _MAY_NOT:
            return True
    return False
