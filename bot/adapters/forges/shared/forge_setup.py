"""What a forge's questions use of `theseus setup`."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bot.domain.finding import DoctorFinding
from bot.infra.prompter import Prompter
from bot.ports.clock import Clock
from bot.settings import Settings

T = TypeVar("T")


class ForgeSetup(Protocol):
    """The answers so far. Nothing is written before the end of the setup.

    `settings` are those before the setup, `secrets` the new values for `.env`, and `remote` the
    name and folder of a git remote to add.
    """

    remote: tuple[str, Path] | None

    @property
    def settings(self) -> Settings: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def asking(self) -> Prompter: ...

    @property
    def secrets(self) -> dict[str, str]: ...

    def set(self, key: str, value: object) -> None:
        """Set a key of the configuration, such as `forge.kind`."""
        ...

    def ask_secret(
        self, key: str, what: str, *, needed: bool, refused: frozenset[str] = frozenset()
    ) -> str:
        """Ask for a secret and return it, or an empty string for none."""
        ...

    def build_settings(self) -> Settings:
        """Return the settings that the answers result in. Raises `ConfigError`."""
        ...

    def look(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of a request to a service; if it fails, offer to try again."""
        ...

    def show(self, findings: list[DoctorFinding]) -> bool:
        """Show findings, and return whether none of them is bad."""
        ...
