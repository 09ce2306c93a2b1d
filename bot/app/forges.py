"""Which forge proposals go to."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.adapters.github_forge import App, Credentials, GithubForge, Token, parse_repository
from bot.adapters.local_forge import LocalForge
from bot.app.git_remotes import find_remote
from bot.domain.errors import ConfigError
from bot.infra.git_remote import Access
from bot.ports.clock import Clock
from bot.settings import Settings

OpenedForge = LocalForge | GithubForge


async def open_forge(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[OpenedForge]:
    """Return the configured forge, not entered yet. Raises `ConfigError`."""
    if settings.config.forge.kind == "github":
        return await _open_github(settings, clock)
    return await _open_local(settings, clock)


def get_access(forge: OpenedForge) -> Access | None:
    """Return how git reaches the forge's repository where that takes a secret."""
    return forge.get_access if isinstance(forge, GithubForge) else None


def get_local_forge_folder(settings: Settings) -> Path:
    """Return the folder of the local forge."""
    path = settings.config.forge.path
    return settings.root / path if path else settings.state / "forge.git"


def should_create_forge(settings: Settings) -> bool:
    """Return whether there is no local forge yet, and opening it makes one."""
    forge = settings.config.forge
    return (
        forge.kind == "local"
        and forge.path is None
        and not get_local_forge_folder(settings).exists()
    )


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


async def _open_local(settings: Settings, clock: Clock) -> LocalForge:
    config, bare = settings.config.forge, get_local_forge_folder(settings)
    if config.path is None:
        await LocalForge.create_repository(bare, settings.root, branch=config.branch)
    elif not bare.exists():
        raise ConfigError(
            f"{settings.config_file}: forge.path: {bare} does not exist; make it with "
            f"`git clone --bare {settings.root} {bare}`."
        )
    return LocalForge(bare, settings.state / "forge.sqlite3", clock, config.url)


async def _open_github(settings: Settings, clock: Clock) -> GithubForge:
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
