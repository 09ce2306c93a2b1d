"""What Forgejo's forge is made of, read from the bot's settings."""

from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.adapters.forges.forgejo._api import is_here
from bot.adapters.forges.forgejo.forge import ForgejoForge
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.infra.git_remotes import Remote, find_remote
from bot.infra.service_client import open_service
from bot.ports.clock import Clock
from bot.settings import Settings


class ForgejoPlace(NamedTuple):
    """A repository on a server."""

    address: str
    repository: str


async def open_forge(settings: Settings, clock: Clock) -> ForgejoForge:
    """Return the configured forge, not entered yet. Raises `ConfigError`."""
    config = settings.config.forge.forgejo
    place = await find_place(settings)
    return ForgejoForge(
        place.address,
        place.repository,
        get_token(settings),
        clock,
        draft=config.draft,
        labels=config.labels,
        merge_method=config.merge_method,
        reviewers=config.reviewers,
    )


def get_token(settings: Settings) -> SecretStr:
    """Return the token. Raises `ConfigError`."""
    token = settings.environment.forgejo_token
    if token is None:
        raise ConfigError(
            f"FORGEJO_TOKEN is not set. Run `theseus setup`, or put one into "
            f"{settings.root / '.env'}."
        )
    return token


async def find_place(settings: Settings) -> ForgejoPlace:
    """Return the configured server and repository, else those of the git remote.

    Raises `ConfigError` with what to set.
    """
    config, name = settings.config.forge.forgejo, settings.config.forge.remote
    remote = await find_remote(settings.root, name)
    hosted = remote is not None and remote.repository is not None
    if not hosted and not (config.address and config.repository):
        raise ConfigError(
            f"{settings.config_file}: forge.kind: forgejo, and the git remote {name} is not on a "
            "server: point it there, name another as forge.remote, or set forge.forgejo.address "
            "and forge.forgejo.repository."
        )
    address = get_address(settings, remote)
    if remote is not None and hosted and not config.repository and not _is_on(address, remote):
        raise ConfigError(
            f"{settings.config_file}: the git remote {name} is on {remote.host}, not on "
            f"{urlsplit(address).netloc}; set forge.forgejo.repository to owner/name."
        )
    return ForgejoPlace(address, config.repository or str(remote and remote.repository))


def get_address(settings: Settings, remote: Remote | None) -> str:
    """Return the server's address: the configured one, otherwise that of the remote's host.

    Raises `ConfigError` for an address that would send the token unencrypted over the network.
    """
    address = settings.config.forge.forgejo.address.rstrip("/")
    if not address and remote is not None:
        local = f"http://{remote.host}"
        address = local if is_here(local) else f"https://{remote.host}"
    if not address.startswith("https://") and not is_here(address):
        raise ConfigError(f"forge.forgejo.address: {address} is not an https address")
    return address


async def is_host_of(settings: Settings, remote: Remote) -> bool:
    """Return whether a remote is on the configured server, or on one that says it is Forgejo."""
    address = get_address(settings, remote)
    if settings.config.forge.forgejo.address:
        return _is_on(address, remote)
    try:
        async with open_service(f"{address}/api/v1", {}, ForgeUnavailable) as forgejo:
            answer = await forgejo.ask("/version")
    except ForgeUnavailable:
        return False
    # Forgejo's own version, then that of the Gitea API it has: 11.0.1+gitea-1.22.0
    return "gitea" in str(answer.fields.get("version", ""))


def _is_on(address: str, remote: Remote) -> bool:
    parts = urlsplit(address)
    return remote.host in (parts.netloc.lower(), parts.hostname)
