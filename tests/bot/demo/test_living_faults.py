"""Living faults fit the sources, stay unseen by the checks, and are brought in as real commits."""

import asyncio
import shutil
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from local_discord.person import Message, Person
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import SampleBot, run_bot

from bot.demo.faults import (
    FAULT_NAMES,
    FAULTS,
    LIVING,
    REPLAYED,
    FaultStep,
    Living,
    apply_edits,
    choose,
    find_living,
    plant,
)
from bot.demo.scenario import start_service
from bot.demo.third_party import Condition, ThirdParty
from bot.demo.traffic import VISITORS, TrafficGenerator, TrafficPattern
from bot.demo.workspace import DemoPaths, DemoWorkspace, deploy_commit, prepare
from bot.domain.errors import ConfigError
from bot.settings import parse_config
from tests.fakes.repositories import run_git

ROOT = Path(__file__).resolve().parents[3]
BROKEN = [each for each in LIVING if each.fault is not None]


def fits(living: Living) -> bool:
    """These tests are also run in copies where a fault is planted, or mended already."""
    try:
        return living.fault is None or bool(apply_edits(living.fault, ROOT))
    except ConfigError:
        return False


@pytest.fixture
async def home(tmp_path: Path) -> DemoWorkspace:
    """Return a home with nothing broken in it, made from what faults are planted in."""
    for folder in ("cogs", "tests/cogs", "data"):
        ignored = shutil.ignore_patterns("__pycache__", "state")
        shutil.copytree(ROOT / folder, tmp_path / "source" / folder, ignore=ignored)
    (tmp_path / "home").mkdir()
    workspace = DemoWorkspace.from_home(tmp_path / "home")
    settings = {"detection": {"cooldown_minutes": 7}, "watch": {"volume": 9}}
    place = DemoPaths(11, 12, (13,), "http://127.0.0.1:1", "offline", settings)
    await prepare(tmp_path / "source", workspace, None, place)
    return workspace


def test_living_faults_have_names_of_their_own_and_are_chosen_by_them_alone() -> None:
    names = [each.name for each in (*FAULTS, *REPLAYED)] + [living.name for living in LIVING]
    assert len(set(names)) == len(names)
    assert [find_living(each.name) for each in LIVING] == list(LIVING)
    assert find_living(None) is None
    assert find_living(FAULTS[0].name) is None
    assert {choose(None, seed).name for seed in range(100)} == {each.name for each in FAULTS}
    assert set(FAULT_NAMES) == {*names, "none"}


async def test_a_fault_of_another_service_brings_it_and_the_commit_that_asks_it() -> None:
    async with AsyncExitStack() as stack:
        [fault] = [each for each in REPLAYED if each.limits]
        [change] = await start_service(fault, stack)
        url = change.replacements[0][1].split('"')[1]
        async with aiohttp.ClientSession() as web:
            told = [(await web.get(url)) for _ in range(4)]
        assert [each.status for each in told] == [200, 200, 429, 200]
        assert told[2].headers["Retry-After"] == "30"
        assert await start_service(FAULTS[0], stack) == ()


def test_an_unknown_fault_names_the_living_ones_too() -> None:
    with pytest.raises(ConfigError, match=r"dice-top-face.*flapping-quotes.*none"):
        choose("rust", None)


@pytest.mark.parametrize(
    "living",
    [
        pytest.param(living, marks=() if number < 2 else pytest.mark.slow)
        for number, living in enumerate(LIVING)
    ],
    ids=lambda living: living.name,
)
async def test_the_configuration_of_a_living_fault_is_a_valid_one(
    living: Living, home: DemoWorkspace, tmp_path: Path
) -> None:
    place = DemoPaths(11, 12, (13,), "http://127.0.0.1:1", "offline", living.settings)
    (tmp_path / "other").mkdir()
    workspace = DemoWorkspace.from_home(tmp_path / "other")
    await prepare(tmp_path / "source", workspace, None, place)

    config = parse_config(workspace.config.read_text(), "config.yaml")

    for section, values in living.settings.items():
        shown = getattr(config, section).model_dump()
        for key, value in values.items():
            wanted = shown[key]
            assert value == wanted or value.items() <= wanted.items()  # type: ignore[attr-defined]


async def test_settings_replace_keys_and_leave_the_others_as_they_are(home: DemoWorkspace) -> None:
    config = parse_config(home.config.read_text(), "config.yaml")
    shipped = parse_config((ROOT / "data/config.yaml").read_text(), "config.yaml")

    assert config.detection == shipped.detection.model_copy(update={"cooldown_minutes": 7.0})
    assert config.watch == shipped.watch.model_copy(update={"volume": 9})


async def test_a_commit_that_comes_live_later_is_somebodys_and_at_the_forge(
    home: DemoWorkspace,
) -> None:
    living = next(filter(fits, BROKEN))
    assert living.fault is not None
    before = run_git(home.checkout, "rev-parse", "HEAD")

    await deploy_commit(living.fault, home)

    assert run_git(home.checkout, "rev-parse", "HEAD~1") == before
    assert run_git(home.checkout, "log", "-1", "--format=%an <%ae>") == living.fault.author
    assert run_git(home.checkout, "status", "--porcelain") == ""
    assert run_git(home.forge, "rev-parse", "main") == run_git(home.checkout, "rev-parse", "HEAD")


@pytest.mark.slow
def test_format_lint_types_and_the_cogs_tests_pass_with_what_only_living_faults_break(
    tmp_path: Path,
) -> None:
    only = [each for each in BROKEN if each.fault not in FAULTS and fits(each)]
    for folder in ("bot", "cogs", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    tested = set()
    for living in only:
        assert living.fault is not None
        plant(living.fault, tmp_path)
        tested.add(f"tests/cogs/test_{Path(living.fault.file).stem}.py")

    for command in (
        ("ruff", "format", "--check", "cogs"),
        ("ruff", "check", "cogs"),
        ("mypy", "--follow-imports=silent", "-p", "cogs"),
        ("pytest", "-q", "-n", "0", *sorted(tested)),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


async def visited(seed: int, rush: int) -> dict[str, list[str]]:
    """Return what each visitor rolled, when all of `rush` acts are done and nobody rests."""
    acts = tuple(
        FaultStep(command="say", options={"text": f"roll {n}", "times": 1}) for n in range(20)
    )
    people = [LocalPerson(name, listed=False) for name in VISITORS]
    async with (
        LocalDiscord(people, token="local-token") as discord,
        run_bot(SampleBot(), discord),
        Person(discord.base_url, "erin") as erin,
    ):
        traffic = TrafficGenerator(
            discord.base_url, TrafficPattern(acts, pause=600, rush=rush), seed=seed
        )
        async with asyncio.TaskGroup() as group:
            visiting = group.create_task(traffic.visit())
            said: dict[str, list[str]] = {}
            await erin.wait_for("general", lambda m: done(said, m) >= rush, timeout=20)
            visiting.cancel()
        return said


def done(said: dict[str, list[str]], message: Message) -> int:
    who = message["interaction_metadata"]["user"]["username"]
    said.setdefault(who, []).append(message["content"])
    return sum(map(len, said.values()))


async def test_visitors_do_the_same_again_for_the_same_seed_and_rush_at_first() -> None:
    said = await visited(seed=3, rush=8)

    assert {name: len(acts) for name, acts in said.items()} == {"erin": 3, "frank": 3, "grace": 2}
    assert await visited(seed=3, rush=8) == said
    assert await visited(seed=4, rush=8) != said


async def test_a_visitor_shrugs_at_a_command_that_is_not_there() -> None:
    people = [LocalPerson("erin", listed=False)]
    acts = (
        FaultStep(command="nothing"),
        FaultStep(command="say", options={"text": "hi", "times": 1}),
    )
    async with (
        LocalDiscord(people, token="local-token") as discord,
        run_bot(SampleBot(), discord),
        Person(discord.base_url, "erin") as erin,
        asyncio.TaskGroup() as group,
    ):
        traffic = TrafficGenerator(
            discord.base_url, TrafficPattern(acts, pause=0.0), names=["erin"]
        )
        visiting = group.create_task(traffic.visit())
        await erin.wait_for("general", lambda m: m["content"] == "hi")
        visiting.cancel()


async def test_a_third_party_flaps_in_two_ways() -> None:
    seen: list[int] = []
    async with ThirdParty(flaps=0.05) as party, aiohttp.ClientSession() as web:
        asked = aiohttp.ClientTimeout(total=0.02)
        async with asyncio.timeout(20):
            while {200, 503, 0} - set(seen):
                try:
                    async with web.get(party.url, timeout=asked) as answer:
                        seen.append(answer.status)
                except TimeoutError:
                    seen.append(0)
                await asyncio.sleep(0.005)
    assert party.condition in Condition
