"""The record that describes one kind of forge to the rest of the bot."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.adapters.forges.shared.forge_setup import ForgeSetup
from bot.domain.finding import DoctorFinding
from bot.domain.forge_webhook import ForgeWebhook
from bot.infra.git_remote import Way
from bot.infra.git_remotes import Remote
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.settings import Settings


class OpenedForge(Forge, Protocol):
    """A forge that also knows how git reaches its repository."""

    async def get_access(self, url: str) -> Way | None:
        """Return how git reaches a remote, or `None` if git connects by itself."""
        ...


@dataclass(frozen=True)
class ForgeType:
    """One kind of forge. `name` is the value of `forge.kind`, `title` the name for people.

    Args:
        open: Returns the configured forge, not entered yet. Raises `ConfigError`.
        is_created: Returns whether opening it creates nothing.
        ask: Asks a person for the forge's settings, during `theseus setup`. The remote is `None`
            for a forge that needs none.
        is_host_of: Returns whether a git remote is on such a forge. It may ask the host.
        examine: Returns the doctor's findings about what the forge allows the bot to do.
        examine_remote: Returns a finding if merges would not reach the checkout through the remote.
        webhook: How deliveries are signed and read; `None` if the forge sends none.
        polling: How often waiting proposals are checked.
        example_remote: A remote's address, for people who have to add one.
        has_credentials: Whether git fetches with the forge's credentials. Then the remote alone
            proves nothing.
    """

    name: str
    title: str
    open: Callable[[Settings, Clock], Awaitable[AbstractAsyncContextManager[OpenedForge]]]
    ask: Callable[[ForgeSetup, Remote | None], None]
    is_host_of: Callable[[Settings, Remote], Awaitable[bool]]
    examine: Callable[[Settings, Clock], Awaitable[list[DoctorFinding]]]
    polling: timedelta
    webhook: ForgeWebhook | None = None
    is_created: Callable[[Settings], bool] = lambda _: True
    examine_remote: Callable[[Settings, Remote | None], DoctorFinding | None] = lambda *_: None
    example_remote: str = ""
    has_credentials: bool = True
