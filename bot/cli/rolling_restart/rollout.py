"""Restarts one bot after another, and stops at the first that does not come back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.cli.rolling_restart.instances import BotAddress, Readiness, Version, clean
from bot.domain.errors import ConfigError, TheseusError
from bot.ports.clock import Clock

_LOOK_SECONDS = 0.25
_SHORTEST_COMMIT = 7


class NotBack(TheseusError):
    """A restarted bot is not as it should be; the others were left alone."""

    code = "not_back"


class Instances(Protocol):
    """Tells how bots are, by their address."""

    async def get_readiness(self, address: BotAddress) -> Readiness:
        """Return whether the bot is ready."""
        ...

    async def get_version(self, address: BotAddress) -> Version:
        """Return which process runs which commit."""
        ...


@dataclass(frozen=True)
class RestartPlan:
    """What a rolling restart does.

    Attributes:
        addresses: In the order of their restarts.
        commit: Which each has to run afterwards; empty: the one that the first comes back with.
        seconds: How long one restart may take.
        settle_seconds: How long a bot has to stay ready before the next one is restarted. A load
            balancer needs this time to use it again.
    """

    addresses: Sequence[BotAddress]
    commit: str = ""
    seconds: float = 120.0
    settle_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Raise `ConfigError` for addresses or a commit that cannot be meant."""
        if len(set(self.addresses)) != len(self.addresses) or not self.addresses:
            raise ConfigError("rolling-restart: name each address once, and at least one.")
        commit = self.commit
        wrong = len(commit) < _SHORTEST_COMMIT or set(commit.lower()) - set("0123456789abcdef")
        if commit and wrong:
            raise ConfigError(
                f"rolling-restart: --commit takes {_SHORTEST_COMMIT} to 40 digits of a commit, "
                "such as `git rev-parse HEAD` prints."
            )


class RollingRestart:
    """Restarts the bots of a plan.

    Args:
        plan: What is restarted, and within which time.
        instances: Tells how the bots are.
        restart: Restarts one bot; returns why that failed, or nothing.
        report: Receives each line for whoever watches.
        clock: The time.
    """

    def __init__(
        self,
        plan: RestartPlan,
        instances: Instances,
        restart: Callable[[BotAddress], Awaitable[str]],
        report: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._plan = plan
        self._instances = instances
        self._restart = restart
        self._report = report
        self._clock = clock
        self._commit = plan.commit.lower()

    async def run(self) -> None:
        """Restart all. Raises `NotBack` or `ConfigError` at the first that is not as it should be.

        Nothing is restarted while a bot of the list is not ready.
        """
        versions = {each: await self._instances.get_version(each) for each in self._plan.addresses}
        for number, address in enumerate(self._plan.addresses, 1):
            await self._require_ready(number - 1)
            before = versions[address]
            self._report(
                f"{number}/{len(versions)} {address}: restarting; it runs "
                f"{_shorten(before.commit)} since {before.since:%Y-%m-%d %H:%M:%S}"
            )
            start = self._clock.monotonic()
            await self._restart_one(address, before, number - 1)
            self._report(f"  ready again after {self._clock.monotonic() - start:.1f} s")
        self._report(f"All {len(versions)} run {_shorten(self._commit)}.")

    async def _require_ready(self, restarted: int) -> None:
        """Raise `NotBack` unless all bots are ready: one that is restarted has to be spared."""
        for address in self._plan.addresses:
            readiness = await self._instances.get_readiness(address)
            if not readiness.ready:
                raise NotBack(
                    f"{address} is not ready: {readiness.reason}. "
                    f"{self._describe_rest(restarted)} Put it right, or leave it out."
                )

    async def _restart_one(self, address: BotAddress, before: Version, restarted: int) -> None:
        until = self._clock.monotonic() + self._plan.seconds
        if failure := await self._restart(address):
            raise NotBack(
                f"{address}: the command to restart it failed: {clean(failure)}. "
                f"{self._describe_rest(restarted)}"
            )
        while (missing := await self._find_missing(address, before)) and (
            self._clock.monotonic() < until
        ):
            await self._clock.sleep(_LOOK_SECONDS)
        if missing:
            raise NotBack(
                f"{address} did not come back within {self._plan.seconds:g} s: {missing}. "
                f"{self._describe_rest(restarted)}"
            )
        await self._check_commit(address, restarted)
        await self._watch(address, restarted)

    async def _find_missing(self, address: BotAddress, before: Version) -> str:
        """Return what a restarted bot still lacks; nothing if it is ready."""
        readiness = await self._instances.get_readiness(address)
        if not readiness.ready:
            return readiness.reason
        try:
            version = await self._instances.get_version(address)
        except ConfigError as error:
            return str(error)
        if version.since == before.since:
            return f"the process that runs since {before.since:%Y-%m-%d %H:%M:%S} was not restarted"
        return ""

    async def _check_commit(self, address: BotAddress, restarted: int) -> None:
        """Raise `NotBack` if the bot runs another commit than it should."""
        commit = ((await self._instances.get_version(address)).commit or "").lower()
        self._commit = self._commit or commit
        if not commit.startswith(self._commit):
            raise NotBack(
                f"{address} came back with commit {_shorten(commit)}, not with "
                f"{_shorten(self._commit)}. {self._describe_rest(restarted)}"
            )

    async def _watch(self, address: BotAddress, restarted: int) -> None:
        """Raise `NotBack` if the bot does not stay ready."""
        until = self._clock.monotonic() + self._plan.settle_seconds
        while self._clock.monotonic() < until:
            await self._clock.sleep(_LOOK_SECONDS)
            readiness = await self._instances.get_readiness(address)
            if not readiness.ready:
                raise NotBack(
                    f"{address} came back and is not ready any more: {readiness.reason}. "
                    f"{self._describe_rest(restarted)}"
                )

    def _describe_rest(self, restarted: int) -> str:
        return f"{restarted} of {len(self._plan.addresses)} are restarted; the rest is untouched."


def _shorten(commit: str | None) -> str:
    return commit[:12] if commit else "an unknown commit"
