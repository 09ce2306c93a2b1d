"""What GitHub's forge is made of, read from the bot's settings."""

from bot.adapters.forges.github._address import PUBLIC_API, address_of, parse_repository
from bot.adapters.forges.github._credentials import App, Credentials, Token
from bot.adapters.forges.github.forge import GithubForge
from bot.domain.errors import ConfigError, ForgeUnavailable
from bot.infra.git_remotes import Remote, find_remote
from bot.infra.service_client import open_service
from bot.ports.clock import Clock
from bot.settings import Environment, Settings


async def open_forge(settings: Settings, clock: Clock) -> GithubForge:
    """Return the configured forge, not entered yet. Raises `ConfigError`."""
    config = settings.config.forge.github
    api = settings.environment.theseus_github_api_url
    api_url = str(api).rstrip("/") if api else None
    return GithubForge(
        config.repository or await _find_repository(settings, api_url),
        build_credentials(settings),
        clock,
        api_url=api_url,
        draft=config.draft,
        labels=config.labels,
        merge_method=config.merge_method,
        reviewers=config.reviewers,
    )


async def _find_repository(settings: Settings, api_url: str | None) -> str:
    """Return `owner/name` as the checkout's remote has it."""
    name = settings.config.forge.remote
    remote = await find_remote(settings.root, name)
    if remote is None:
        raise ConfigError(
            f"{settings.config_file}: forge.kind: github, and {settings.root} has no git remote "
            f"{name}: add it, name another as forge.remote, or set forge.github.repository."
        )
    try:
        return parse_repository(remote.url, api_url)
    except ConfigError as error:
        raise ConfigError(f"{settings.config_file}: {error}") from error


def build_credentials(settings: Settings) -> Credentials:
    """Return who the bot is on GitHub. Raises `ConfigError` naming the key and the way out."""
    app, token = settings.config.forge.github.app, settings.environment.github_token
    if app is not None:
        return App(app.id, app.installation, settings.root / app.private_key)
    if token is None:
        raise ConfigError(
            f"GITHUB_TOKEN is not set. Run `theseus setup`, put one into {settings.root / '.env'}, "
            "or set forge.github.app."
        )
    return Token(token.get_secret_value())


def get_api_address(environment: Environment, host: str = "github.com") -> str:
    """Return the API's address: the configured one, otherwise that of the remote's host.

    Raises `ConfigError` for an address that would send the token unencrypted.
    """
    if environment.theseus_github_api_url is not None:
        return address_of(str(environment.theseus_github_api_url)).api
    return PUBLIC_API if host in ("github.com", "") else f"https://{host}/api/v3"


async def is_host_of(settings: Settings, remote: Remote) -> bool:
    """Return whether a remote is on the configured GitHub, or on an Enterprise server."""
    environment = settings.environment
    api = get_api_address(environment, remote.host)
    if environment.theseus_github_api_url is None and remote.host != "github.com":
        return await _is_enterprise(api)
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
