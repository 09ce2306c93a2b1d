"""A running program that accepts every reload."""

from collections.abc import Mapping, Sequence

from bot.ports.runtime import Adoption


class FakeRuntime:
    """Implements `bot.ports.runtime.Runtime`. `adopted` lists the files of each call.

    `behind` are files whose running code differs from the checkout. `errors` are raised by the next
    calls, the first one first. `failing` modules stay at their old code.
    """

    def __init__(self) -> None:
        self.adopted: list[tuple[str, ...]] = []
        self.errors: list[Exception] = []
        self.failing: dict[str, str] = {}
        self.behind: tuple[str, ...] | None = None
        self.known = {"roll": "dice", "dice show": "dice"}

    def list_commands(self) -> Mapping[str, str]:
        """Return what a test says there is."""
        return self.known

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Reload the cogs among the files; core code needs a restart."""
        if self.errors:
            raise self.errors.pop(0)
        self.adopted.append(tuple(changed))
        modules = [
            file.removesuffix(".py").replace("/", ".")
            for file in changed
            if file.startswith("cogs/")
        ]
        return Adoption(
            reloaded=tuple(module for module in modules if module not in self.failing),
            restart_needed=tuple(
                file for file in changed if file.startswith("bot/") or file == "uv.lock"
            ),
            behind=self.behind,
            failed={module: why for module, why in self.failing.items() if module in modules},
        )
