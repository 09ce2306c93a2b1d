"""`theseus rolling-restart`: one bot after another, and no further than the first that fails."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from math import inf

import pytest

from bot.cli.rolling_restart.command import fill_placeholders, parse_command, run_restart
from bot.cli.rolling_restart.instances import (
    BotAddress,
    Readiness,
    Version,
    check_token_path,
    open_instances,
    parse_address,
)
from bot.cli.rolling_restart.rollout import NotBack, RestartPlan, RollingRestart
from bot.domain.errors import ConfigError
from tests.bot.web.web_server import COMMIT, TOKEN, Room
from tests.fakes.fake_clock import START, HurriedClock

OLD, NEW = "a" * 40, "b" * 40
ONE, TWO, THREE = (parse_address(f"http://10.0.0.{number}:8081") for number in (1, 2, 3))


class Fleet:
    """Bots in memory. `back` is what a restart makes of one; `down` is how long it is away."""

    def __init__(self, *addresses: BotAddress) -> None:
        self.clock = HurriedClock()
        self.versions = {each: Version(commit=OLD, since=START) for each in addresses}
        self.unready: dict[BotAddress, str] = {}
        self.back: dict[BotAddress, str | None] = {}
        self.failure: dict[BotAddress, str] = {}
        self.falls = dict[BotAddress, float]()
        self.down = 3.0
        self.restarted: list[BotAddress] = []
        self.lines: list[str] = []
        self._times: dict[BotAddress, float] = {}

    async def get_readiness(self, address: BotAddress) -> Readiness:
        now = self.clock.monotonic()
        at = self._times.get(address, -inf)
        reason = self.unready.get(address, "")
        if now < at + self.down:
            reason = "it is shutting down"
        if at > -inf and now > at + self.falls.get(address, inf):
            reason = "the gateway is not connected"
        return Readiness(ready=not reason, reasons=(reason,) if reason else ())

    async def get_version(self, address: BotAddress) -> Version:
        return self.versions[address]

    async def restart(self, address: BotAddress) -> str:
        # A restart while another bot is away would leave too few: the fleet itself forbids it.
        for other in self.versions:
            assert (await self.get_readiness(other)).ready, f"{other} was away"
        self.restarted.append(address)
        if failure := self.failure.get(address):
            return failure
        commit = self.back.get(address, NEW)
        if commit is not None:
            since = START + timedelta(seconds=1 + self.clock.monotonic())
            self.versions[address] = Version(commit=commit, since=since)
        self._times[address] = self.clock.monotonic()
        return ""

    async def roll(self, commit: str = "", addresses: Sequence[BotAddress] = ()) -> None:
        plan = RestartPlan(addresses or tuple(self.versions), commit, seconds=30)
        await RollingRestart(plan, self, self.restart, self.lines.append, self.clock).run()


async def test_each_is_restarted_once_and_stays_ready_before_the_next() -> None:
    fleet = Fleet(ONE, TWO, THREE)
    await fleet.roll(commit=NEW[:12])
    assert fleet.restarted == [ONE, TWO, THREE]
    assert fleet.clock.monotonic() >= 3 * (fleet.down + 5)
    assert fleet.lines[-1] == f"All 3 run {NEW[:12]}."


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("command fails", "the command to restart it failed: exit code 3"),
        ("same process", "was not restarted"),
        ("stays away", "within 30 s: it is shutting down"),
        ("other commit", "came back with commit cccccccccccc, not with bbbbbbbbbbbb"),
        ("falls over", "is not ready any more: the gateway is not connected"),
    ],
)
async def test_the_first_that_does_not_come_back_ends_it(fault: str, message: str) -> None:
    fleet = Fleet(ONE, TWO, THREE)
    if fault == "command fails":
        fleet.failure[TWO] = "exit code 3"
    elif fault == "same process":
        fleet.back[TWO] = None
    elif fault == "stays away":
        fleet.back[ONE], fleet.down = NEW, 1e6
    elif fault == "other commit":
        fleet.back[TWO] = "c" * 40  # the first one's counts where no commit is named
    else:
        fleet.falls[TWO] = 4.0
    with pytest.raises(NotBack) as error:
        await fleet.roll()
    assert message in str(error.value)
    assert "of 3 are restarted; the rest is untouched" in str(error.value)
    assert THREE not in fleet.restarted
    assert fleet.versions[THREE].commit == OLD


async def test_nothing_is_restarted_while_one_is_not_ready() -> None:
    fleet = Fleet(ONE, TWO)
    fleet.unready[TWO] = "the emergency stop is active"
    with pytest.raises(NotBack, match=r"\.2:8081 is not ready: the emergency stop .* 0 of 2"):
        await fleet.roll()
    assert fleet.restarted == []


@pytest.mark.parametrize(
    "text",
    ["10.0.0.1:8081", "ftp://a", "http://user:secret@a", "http://a/x", "http://a:99999",
     "http://-oProxyCommand=x", "http://a;reboot", "http://a?b", "http://", "http://$(id)"],
)  # fmt: skip
def test_an_address_that_is_none_or_is_an_option_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a bot"):
        parse_address(text)


def test_a_token_does_not_leave_the_machine_unencrypted_unless_told_so() -> None:
    check_token_path(parse_address("http://127.0.0.1:8081"), plain_http=False)
    check_token_path(parse_address("https://bot.example.org"), plain_http=False)
    check_token_path(ONE, plain_http=True)
    with pytest.raises(ConfigError, match="without encryption"):
        check_token_path(ONE, plain_http=False)


@pytest.mark.parametrize("wrong", ["HEAD", "abc", "--x"])
def test_a_commit_is_digits(wrong: str) -> None:
    with pytest.raises(ConfigError, match="git rev-parse"):
        RestartPlan([ONE], wrong)
    with pytest.raises(ConfigError, match="each address once"):
        RestartPlan([ONE, ONE])


async def test_the_command_gets_the_address_as_words_and_none_of_our_secrets() -> None:
    assert fill_placeholders(parse_command("ssh {host} 'restart {port}; true'"), ONE) == [
        "ssh", "10.0.0.1", "restart 8081; true",
    ]  # fmt: skip
    variables = {"THESEUS_HTTP_TOKEN": TOKEN, "DISCORD_TOKEN": TOKEN, "SSH_AUTH_SOCK": "/agent"}
    shown = "import os, sys; print(sorted(os.environ.values()), end=''); sys.exit(3)"
    failure = await run_restart([sys.executable, "-Ic", shown], ONE, 30, variables)
    assert failure.startswith("exit code 3: [")
    assert "/agent" in failure
    assert TOKEN not in failure
    assert "No such file" in await run_restart(["/nowhere/restart"], ONE, 30, variables)


async def test_a_real_bot_is_asked_and_a_stranger_is_not_believed() -> None:
    room = Room()
    async with room.serving(token=TOKEN) as client:
        address = parse_address(client.url)
        async with open_instances(TOKEN) as instances, open_instances("another") as strangers:
            assert (await instances.get_readiness(address)).ready
            version = await instances.get_version(address)
            with pytest.raises(ConfigError, match=r"status 401.*THESEUS_HTTP_TOKEN"):
                await strangers.get_version(address)
    assert (version.commit, version.since) == (COMMIT, START)
    async with open_instances(TOKEN) as instances:
        assert (await instances.get_readiness(address)).reason == "it does not answer"
