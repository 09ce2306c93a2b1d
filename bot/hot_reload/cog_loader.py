"""Cogs as items: tried in a process of their own first, then loaded in the running client."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.domain.errors import ConfigError
from bot.domain.journal import ActionOutcome, Kind
from bot.hot_reload.catalog import SHARED, Key
from bot.hot_reload.look import ItemChange
from bot.ports.recorder import ActionRecorder
from bot.ports.runtime import Adoption, Runtime

CheckCogs = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Of cogs by their names: why those that would not load would not. `ui` is what they share."""


class CogLoader:
    """Implements `bot.hot_reload.registry.ItemLoader`.

    `runtime` returns the running client's, once there is one; `check` tries cogs apart from it.
    """

    def __init__(
        self,
        runtime: Callable[[], Runtime | None],
        check: CheckCogs,
        recorder: ActionRecorder,
    ) -> None:
        self._runtime = runtime
        self._check = check
        self._recorder = recorder
        self.waiting: tuple[str, ...] = ()

    async def load(self, changed: Sequence[ItemChange]) -> Mapping[Key, str]:
        """Load what passes the check; return why the others keep their old code."""
        runtime = self._runtime()
        if runtime is None:
            return {each.key: "the client has not started yet" for each in changed}
        names = [each.key[1] for each in changed if not each.removal]
        refused = dict(await self._check(names)) if names else {}
        for name, reason in refused.items():
            error = ConfigError(reason)
            self._recorder.record(Kind.RELOAD, f"cogs.{name}", ActionOutcome.ERROR, error=error)
        files = [
            file for each in changed if each.key[1] not in refused for file in _list_files(each)
        ]
        adoption = await runtime.adopt(files) if files else Adoption()
        failed = {_name(module): reason for module, reason in adoption.failed.items()}
        return {
            each.key: reason
            for each in changed
            if (reason := refused.get(each.key[1]) or _find_failure(each.key[1], failed, adoption))
        }


def _list_files(change: ItemChange) -> list[str]:
    """Return files by which the client knows what to load again: also of what is gone."""
    name = change.key[1]
    own = "cogs/ui/__init__.py" if name == SHARED else f"cogs/{name}.py"
    held = [path for path in change.content.files if path.endswith(".py")] if change.content else []
    return [own, *(path for path in held if path != own)]


def _name(module: str) -> str:
    return module.removeprefix("cogs.")


def _find_failure(name: str, failed: Mapping[str, str], adoption: Adoption) -> str:
    """Return why a cog did not load. What cogs share is live where any of them loaded with it."""
    if name != SHARED:
        return failed.get(name, "")
    if not failed or adoption.reloaded:
        return ""
    return "; ".join(f"cogs.{each}: {reason}" for each, reason in sorted(failed.items())[:3])
