"""Where a target's repository and forge are, and with which Python it runs."""

import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from theseus_guard.completion import run_in_thread
from theseus_guard.record import Record

from bot.adapters.forges.registry import FORGES
from bot.adapters.forges.shared.forge_type import OpenedForge
from bot.adapters.git_checkout import FollowedCheckout
from bot.domain.errors import ConfigError
from bot.domain.target import Target
from bot.infra.forge_repository import publish_branch
from bot.infra.git_remotes import find_remote
from bot.ports.clock import Clock
from bot.settings import Settings
from bot.targets.checkout import clone, read_checkout
from bot.targets.reach import check_reach, check_repository


async def prepare_repository(target: Target, settings: Settings) -> Path:
    """Return the folder of a target's repository, cloned if it is a URL that has no clone yet.

    Raises `ConfigError` if it may not or cannot be worked on.
    """
    folder = await run_in_thread(check_reach, target, settings.root, settings.state)
    if target.is_remote and not folder.exists():
        await run_in_thread(clone, target.repository, folder)
    checkout = await run_in_thread(read_checkout, folder)
    await run_in_thread(check_repository, target, checkout, settings.root, settings.state)
    return folder


async def open_forge(
    target: Target,
    folder: Path,
    data: Path,
    settings: Settings,
    clock: Clock,
    stack: AsyncExitStack,
) -> tuple[OpenedForge, FollowedCheckout]:
    """Open the forge of a target; return it with the checkout that its merges arrive in.

    Raises `ConfigError`.
    """
    await _refuse_own_forge(target, settings)
    opened = await stack.enter_async_context(
        await FORGES[target.forge.kind].open(
            _build_forge_settings(target, folder, data, settings), clock
        )
    )
    publish: Callable[[Path], Awaitable[None]] | None = None
    remote, bare = target.forge.remote, data / "forge.git"
    if not target.forge.is_hosted:  # people's own remotes stay as they are
        remote = str(bare.resolve())
        publish = partial(run_in_thread, partial(publish_branch, bare, branch=target.branch))
    checkout = FollowedCheckout(
        folder,
        remote,
        target.branch,
        access=opened.get_access,
        is_clone=target.is_remote and target.forge.is_hosted,
        publish=publish,
    )
    return opened, checkout


def _build_forge_settings(target: Target, folder: Path, data: Path, settings: Settings) -> Settings:
    """Return the settings of a forge for another repository than that of Theseus.

    A hosted forge keeps our root, where our key files are: a target cannot bring its own.
    """
    config, kind = settings.config.forge, target.forge.kind
    sections: dict[str, Record] = {}
    if target.forge.is_hosted:
        section: Record = getattr(config, kind)
        sections[kind] = section.replace(repository=target.forge.repository)
    root = settings.root if target.forge.is_hosted else folder
    forge = config.replace(
        kind=kind, remote=target.forge.remote, branch=target.branch, path=None, url="", **sections
    )
    return settings.replace(root=root, state=data, config=settings.config.replace(forge=forge))


async def _refuse_own_forge(target: Target, settings: Settings) -> None:
    """Raise `ConfigError` if a target's proposals would go to the repository of Theseus."""
    named = (target.forge.repository or "").casefold()
    own = settings.config.forge
    remote = await find_remote(settings.root, own.remote) if named else None
    url = remote.url.casefold().removesuffix("/").removesuffix(".git") if remote else ""
    if named and (
        named == (own.hosted.repository or "").casefold()
        or url.endswith((f"/{named}", f":{named}"))
    ):
        raise ConfigError(
            f"targets: {target.name}: forge.repository: {target.forge.repository} is the "
            "repository of Theseus itself."
        )


def find_python(target: Target) -> Path:
    """Return the Python that runs a target. Raises `ConfigError` if it is not there."""
    named = target.environment.python
    if named is None:
        return Path(sys.executable)
    found = shutil.which(str(Path(named).expanduser()))
    if found is None:
        raise ConfigError(
            f"targets: {target.name}: environment.python: {named} is not there or does not start. "
            "Name another one."
        )
    return Path(found).absolute()
