"""Which sandbox the configuration and the machine allow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from bot.adapters.sandbox._bubblewrap import BubblewrapSandbox, probe
from bot.adapters.sandbox._plain import PlainSandbox
from bot.domain.errors import SandboxUnavailable
from bot.ports.sandbox import Completed, Sandbox, SandboxLimits


class UnavailableSandbox:
    """Refuses every command: the bot starts and talks, but proves and changes nothing."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def description(self) -> str:
        """Return why nothing is run here."""
        return f"unavailable: {self._reason}"

    @property
    def refusal(self) -> str:
        """Return why, and what to do about it."""
        return (
            f"Nothing can be run confined on this machine: {self._reason}. Mend that, or set "
            "sandbox.required: false in data/config.yaml to run checks without a sandbox."
        )

    def _refuse(self) -> NoReturn:
        raise SandboxUnavailable(self.refusal)

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Raise `SandboxUnavailable`."""
        self._refuse()

    @property
    def inner(self) -> "UnavailableSandbox":
        """Return itself."""
        return self

    def enclose(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> NoReturn:
        """Raise `SandboxUnavailable`."""
        self._refuse()

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        writable: Sequence[Path],
        env: Mapping[str, str],
        limits: SandboxLimits,
        readable: Sequence[Path] = (),
    ) -> Completed:
        """Raise `SandboxUnavailable`."""
        self._refuse()


async def choose_sandbox(
    kind: Literal["auto", "bubblewrap", "none"],
    *,
    required: bool,
    network: bool = False,
    program: str = "bwrap",
    private: Sequence[Path] = (),
) -> Sandbox:
    """Return the sandbox to use; never raises.

    `bubblewrap` and `auto` use it where it works. Where it does not, `auto` with `required` off
    falls back to plain children, anything else refuses each command. `none` is plain children.
    `network` is whether commands may reach it. `private` are folders, beside homes, that no command
    may see by way of this Python.
    """
    if kind == "none":
        return PlainSandbox()
    reason = await probe(program, private=private)
    if reason is None:
        return BubblewrapSandbox(program=program, network=network, private=private)
    if await probe(program, strict=False, private=private) is None:
        return BubblewrapSandbox(program=program, network=network, private=private, strict=False)
    if kind == "auto" and not required:
        return PlainSandbox()
    return UnavailableSandbox(reason)
