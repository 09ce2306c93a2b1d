"""Chooses a sandbox by the configuration and the abilities of the machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from theseus_rehearsal.ports.sandbox import Completed, Sandbox, SandboxLimits
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe

from bot.domain.errors import SandboxUnavailable


class UnavailableSandbox:
    """Refuses every command: the bot can answer, but cannot run checks or change code."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def description(self) -> str:
        """The reason why nothing can be run, as text for people."""
        return f"unavailable: {self._reason}"

    @property
    def refusal(self) -> str:
        """The reason, with a way to fix it."""
        return (
            f"I cannot run commands in a sandbox on this machine: {self._reason}. Fix that, or set "
            "sandbox.required: false in data/config.yaml to run checks without a sandbox."
        )

    def _refuse(self) -> NoReturn:
        raise SandboxUnavailable(self.refusal)

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Raise `SandboxUnavailable`; nothing can be wrapped."""
        self._refuse()

    @property
    def inner(self) -> "UnavailableSandbox":
        """The sandbox itself."""
        return self

    def enclose(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> NoReturn:
        """Raise `SandboxUnavailable`; nothing can be enclosed."""
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
        """Raise `SandboxUnavailable`; nothing can be run."""
        self._refuse()


async def choose_sandbox(
    kind: Literal["auto", "bubblewrap", "none"],
    *,
    required: bool,
    network: bool = False,
    program: str = "bwrap",
    private: Sequence[Path] = (),
    visible: Sequence[Path] = (),
) -> Sandbox:
    """Return the sandbox to use; never raises.

    `bubblewrap` and `auto` use bubblewrap if it works. If it does not, `auto` with `required` off
    falls back to plain child processes, anything else refuses every command. `none` always uses
    plain child processes. `network` is true if commands may use the network. `private` are folders,
    besides homes, that must not become visible to commands with this Python; `visible` are read by
    all commands, such as another Python.
    """
    if kind == "none":
        return PlainSandbox()
    reason = await probe(program, private=private)
    if reason is None:
        return BubblewrapSandbox(visible=visible, program=program, network=network, private=private)
    if await probe(program, strict=False, private=private) is None:
        return BubblewrapSandbox(
            visible=visible, program=program, network=network, private=private, strict=False
        )
    if kind == "auto" and not required:
        return PlainSandbox()
    return UnavailableSandbox(reason)
