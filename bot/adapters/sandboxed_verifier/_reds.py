"""Reds that were seen on base: neither that commit nor that test can change."""

from bot.domain.change import CheckResult
from bot.domain.plan import Reproduction

REMEMBERED = 64


class Reds:
    """What a reproduction came to on a base, the newest of them."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Reproduction], CheckResult] = {}

    def keep(self, base: str, reproduction: Reproduction, result: CheckResult) -> None:
        """Remember one, and forget the oldest beyond so many."""
        self._seen[base, reproduction] = result
        while len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def of(self, base: str, reproduction: Reproduction) -> CheckResult | None:
        """Return what was seen, if it was."""
        return self._seen.get((base, reproduction))
