"""Asks GitHub for the bot's permissions in a repository, without changing anything there."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode

from bot.adapters.forges.github._address import PUBLIC_API, address_of
from bot.adapters.forges.github._credentials import InstallationCredentials
from bot.adapters.forges.github.settings import build_credentials
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.infra.service_client import Service, open_service
from bot.ports.clock import Clock
from bot.settings import Settings

GITHUB = PUBLIC_API
# The permissions of a token or an App. Labels are part of pull requests; GitHub adds Metadata.
NEEDED = {
    "Contents": "write",
    "Pull requests": "write",
    "Commit statuses": "read",
    "Actions": "read",
}
# GitHub has no such permission for tokens. With it, an App also sees the checks of other Apps.
APP_ONLY = {"Checks": "read"}
_SHORT = {
    "Contents": "contents",
    "Pull requests": "pull_requests",
    "Commit statuses": "statuses",
    "Actions": "actions",
}
_MAY_NOT = (401, 403, 404)


def build_token_page_url(api: str, repository: str) -> str:
    """Return the page for a new fine-grained token, with the form filled in on github.com."""
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
    """Yield GitHub's API with a token; its requests raise `ForgeUnavailable`."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    async with open_service(api, headers, ForgeUnavailable) as github:
        yield github


async def get_token(settings: Settings, api: str, clock: Clock) -> str:
    """Return the configured token, or a new installation token of the App.

    Raises `ConfigError` with the key and a remedy, and `ForgeUnavailable`.
    """
    credentials = build_credentials(settings)

    async def ask(installation: int, signed: str) -> InstallationCredentials:
        return await _request_installation_token(api, credentials.name, installation, signed)

    return (await credentials.get_token(ask, clock)).get_secret_value()


async def _request_installation_token(
    api: str, app: str, installation: int, signed: str
) -> InstallationCredentials:
    """Return a token of the App's installation, which is valid for an hour."""
    async with open_github(api, signed) as github:
        answer = await github.ask(f"/app/installations/{installation}/access_tokens", "POST", {})
    if answer.status == 401:
        raise ConfigError(
            f"forge.github.app: GitHub does not accept this key for the {app} (401). Check its id, "
            "the key file, and this machine's clock."
        )
    if answer.status == 404:
        raise ConfigError(
            f"forge.github.app: the {app} has no installation {installation}. The address of the "
            "installation's page ends with its number."
        )
    if answer.status != 201 or not answer.fields.get("token"):
        raise ForgeUnavailable(f"{api} answers {answer.status} {answer.error_message}".strip())
    return InstallationCredentials.model_validate(answer.fields)


async def fetch_default_branch(api: str, token: str, repository: str) -> str | None:
    """Return the repository's default branch, or `None` if the token cannot see it."""
    async with open_github(api, token) as github:
        answer = await github.ask(f"/repos/{repository}")
    found = answer.fields.get("default_branch")
    return str(found) if answer.status == 200 and found else None


async def find_missing_rights(api: Service, token: str, repository: str, branch: str) -> list[str]:
    """Return the permissions that the token lacks, such as `Contents: write`; changes nothing.

    GitHub does not list the permissions of a fine-grained token. Write access is probed with two
    requests that change nothing: git's own request before a push, and a pull request from a branch
    into itself. GitHub refuses that one always, but with another status if the token may open one.
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
    """Return the status that git gets for the request before a push."""
    pair = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = {"Authorization": f"Basic {pair}"}
    url = address_of(api).build_clone_url(repository)
    async with open_service(url, header, ForgeUnavailable) as git:
        return (await git.ask("/info/refs?service=git-receive-pack")).status


async def can_read_checks(api: Service, repository: str, branch: str) -> bool:
    """Return whether the token can read check runs or workflow runs."""
    for path in (f"commits/{quote(branch, safe='')}/check-runs", "actions/runs?per_page=1"):
        if (await api.ask(f"/repos/{repository}/{path}")).status not in _MAY_NOT:
            return True
    return False
