"""`theseus setup` as a newcomer goes through it: on a terminal, with a Discord and a GitHub."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.domain.people import PeopleList
from bot.settings import Settings, load
from tests.fakes.repositories import make_repository, run_git
from tests.support.full_checks import set_full_checks
from tests.support.terminal import Terminal
from tests.twins.github import GithubTwin
from tests.twins.model import ScriptedModel

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOKEN, KEY = "right.discord.token", "sk-ant-right-key"
CONFIG = set_full_checks((ROOT / "data/config.yaml").read_text(), "import sys").replace(
    "kind: auto  ", "kind: none  "
)
PEOPLE = (
    LocalPerson("alice", listed=True),
    LocalPerson("bob", listed=False, roles=("shipwrights",)),
)


@pytest.fixture
async def discord() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(PEOPLE, token=TOKEN, guild_name="The Ship") as local:
        yield local


@pytest.fixture
async def portal(discord: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(discord.base_url, "alice") as alice:
        yield alice


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone as a newcomer has it, on a machine where nothing is set up yet."""
    folder = tmp_path / "clone"
    make_repository(
        folder,
        {
            "data/config.yaml": CONFIG,
            ".env.example": (ROOT / ".env.example").read_text(),
            ".gitignore": (ROOT / ".gitignore").read_text(),
            "prompts/pull_request.md": "What changed: $change\n",
        },
    )
    return folder


Start = Callable[..., Terminal]


@pytest.fixture
def start(clone: Path, discord: LocalDiscord) -> Start:
    def started(*options: str, **variables: str) -> Terminal:
        return Terminal(["-m", "bot", "setup", *options], clone, _variables(discord) | variables)

    return started


def _variables(discord: LocalDiscord) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "THESEUS_DISCORD_API_URL": discord.api_url,
    }


def _settings(clone: Path) -> Settings:
    return load(clone, {})


def _secret(settings: Settings, name: str) -> str | None:
    found = getattr(settings.environment, name)
    return found.get_secret_value() if found else None


async def test_a_newcomer_gets_from_nothing_to_a_doctor_without_complaints(
    start: Start, discord: LocalDiscord, portal: Person, clone: Path
) -> None:
    body = {"kind": "disallow_intents", "intents": ["message_content"]}
    intents = await portal.call("POST", "/local/faults", body)
    uninvited = await portal.call("POST", "/local/faults", {"kind": "uninvited"})
    async with start() as terminal:
        await terminal.answer("Bot token, hidden", "a-client-secret")
        told = await terminal.answer("Bot token, hidden", "wrong.discord.token")
        assert "DISCORD_TOKEN: a bot token has three parts separated by dots" in told
        told = await terminal.answer("Bot token, hidden", TOKEN)
        assert "DISCORD_TOKEN: Discord does not accept it (401)" in told
        told = await terminal.see("check again")
        assert "“Message Content Intent”" in told
        assert "/bot and save" in told
        await portal.call("DELETE", f"/local/faults/{intents['id']}")
        terminal.type_line()
        told = await terminal.see("check again")
        assert (
            f"client_id={discord.bot_user_id}&scope=bot+applications.commands&permissions=" in told
        )
        await portal.call("DELETE", f"/local/faults/{uninvited['id']}")
        terminal.type_line()
        told = await terminal.answer("Dev channel", "#dev")
        assert "2. #general" in told
        told = await terminal.answer("Who may ask", "alice, @shipwrights")
        assert "@shipwrights" in told
        await terminal.answer("Who may ship", "shipwrights")
        await terminal.answer("Where do proposals go", "")
        await terminal.answer("Address where people can open", "/forge")
        told = await terminal.answer("Address where people can open", "https://ship.example.org")
        assert "/forge: enter a full address" in told
        await terminal.answer("Anthropic key, hidden", "")
        told = await terminal.answer("Write it?", "y")
        assert "DISCORD_TOKEN: a new one, 19 characters" in told
        assert "discord.dev_channel_id: not set ->" in told
        assert not (clone / ".env").exists()
        told = await terminal.answer("Run the full checks", "y")
        assert "theseus doctor:" in told
        await terminal.see("ok   full checks: 1 pass on")
        await terminal.see("Next: theseus run")
        assert await terminal.wait_for_exit() == 0
    assert TOKEN not in terminal.output
    assert "a-client-secret" not in terminal.output
    assert "BAD" not in terminal.output
    settings = _settings(clone)
    shipwrights = (await portal.call("GET", "/local/world"))["roles"][0]["id"]
    people = settings.config.people
    assert _secret(settings, "discord_token") == TOKEN
    assert (clone / ".env").stat().st_mode & 0o777 == 0o600
    assert settings.config.discord.guild_id == discord.guild_id
    assert settings.config.discord.dev_channel_id == discord.dev_channel_id
    assert people.developers.users == {discord.people["alice"]}
    assert people.developers.roles == {int(shipwrights)}
    assert people.approvers == PeopleList(roles=frozenset({int(shipwrights)}))
    assert "  # may ship, and may ask\n" in settings.config_file.read_text()
    assert run_git(clone, "status", "--porcelain") == "M data/config.yaml"
    assert run_git(clone, "ls-remote", settings.config.forge.remote, "main")
    assert settings.config.forge.url == "https://ship.example.org"


async def test_github_and_a_model_are_found_checked_and_kept(
    start: Start, clone: Path, tmp_path: Path
) -> None:
    async with (
        GithubTwin(tmp_path) as github,
        ScriptedModel([], key=KEY) as model,
    ):
        github.choose(private=True)
        github.protect(checks=["tests"], ruleset=True)
        github.grant_token("read-only", "theseus-bot", pull_requests="read")
        run_git(clone, "remote", "add", "origin", github.clone_url)
        variables = {
            "THESEUS_GITHUB_API_URL": github.api_url,
            "ANTHROPIC_BASE_URL": model.base_url,
        }
        async with start(**variables) as terminal:
            await terminal.answer("Bot token, hidden", TOKEN)
            await terminal.answer("Dev channel", "1")
            await terminal.answer("Who may ask for investigations and changes (alice)", "")
            await terminal.answer("Who may ship", "")
            told = await terminal.answer("Where do proposals go", "")
            assert f"{github.owner}/{github.name}" in told
            await terminal.answer("Use a token", "")
            told = await terminal.answer("GitHub token, hidden", "ghp_wrong")
            assert "Contents: read and write" in told
            told = await terminal.answer("try again", "")
            assert "GitHub answers 401" in told
            await terminal.answer("Use a token", "")
            await terminal.answer("GitHub token, hidden", "read-only")
            told = await terminal.answer("try again", "")
            assert "missing: Pull requests: write" in told
            await terminal.answer("Use a token", "")
            await terminal.answer("GitHub token, hidden", github.token)
            told = await terminal.answer("GitHub logins", "@alice, bob")
            assert "ok   github branch: main is protected; required checks: tests" in told
            await terminal.answer("Anthropic key, hidden", "sk-ant-wrong")
            told = await terminal.answer("try again", "")
            assert "does not accept the key (401)" in told
            await terminal.answer("Anthropic key, hidden", KEY)
            await terminal.answer("Write it?", "")
            await terminal.see("theseus doctor:")
            await terminal.answer("Run the full checks", "n")
            await terminal.wait_for_exit()
        for secret in (TOKEN, github.token, KEY, "ghp_wrong", "read-only", "sk-ant-wrong"):
            assert secret not in terminal.output
    settings = _settings(clone)
    assert _secret(settings, "github_token") == github.token
    assert _secret(settings, "anthropic_api_key") == KEY
    assert settings.config.forge.kind == "github"
    assert settings.config.forge.github.reviewers == {"alice", "bob"}


async def test_enter_keeps_what_was_set_before(start: Start, clone: Path) -> None:
    async with start() as terminal:
        for question, line in (
            ("Bot token, hidden", TOKEN), ("Dev channel", "dev"), ("Who may ask", "bob"),
            ("Who may ship", "alice"), ("Where do proposals go", ""),
            ("Address where people can open", ""), ("Anthropic key", ""), ("Write it?", "y"),
            ("Run the full checks", "n"),
        ):  # fmt: skip
            await terminal.answer(question, line)
        assert await terminal.wait_for_exit() == 0
    before = {name: (clone / name).read_bytes() for name in (".env", "data/config.yaml")}
    async with start() as terminal:
        for question in (
            "Enter keeps the current one", "Dev channel (dev)", "Who may ask",
            "Who may ship", "Where do proposals go", "Address where people can open",
            "Anthropic key",
        ):  # fmt: skip
            await terminal.answer(question)
        await terminal.see("there is nothing to write")
        await terminal.answer("Run the full checks", "n")
        await terminal.see("Run `theseus doctor --checks` before the first change ships")
        assert await terminal.wait_for_exit() == 0
    assert {name: (clone / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    "at", ["Bot token, hidden", "Who may ship", "Where do proposals go", "Write it?"]
)
async def test_ctrl_c_writes_nothing_wherever_it_comes(start: Start, clone: Path, at: str) -> None:
    answers = {"Bot token, hidden": TOKEN, "Dev channel": "dev"}
    async with start() as terminal:
        for question in (
            "Bot token, hidden", "Dev channel", "Who may ask", "Who may ship",
            "Where do proposals go",
            "Address where people can open", "Anthropic key", "Write it?",
        ):  # fmt: skip
            if question == at:
                await terminal.see(question)
                await terminal.see(": ")
                break
            await terminal.answer(question, answers.get(question, ""))
        await terminal.leave("Cancelled: nothing was written.")
        assert await terminal.wait_for_exit() == 130
    assert "Traceback" not in terminal.output
    assert not (clone / ".env").exists()
    assert run_git(clone, "status", "--porcelain") == ""
    assert run_git(clone, "remote") == ""


async def test_what_is_replaced_is_kept_and_lines_of_others_stay(start: Start, clone: Path) -> None:
    (clone / ".env").write_text("# mine\nTHESEUS_HTTP_PORT=8081\nexport DISCORD_TOKEN=old.old.old")
    async with start() as terminal:
        for question, line in (
            ("Bot token, hidden", TOKEN), ("Dev channel", "dev"), ("Who may ask", "alice"),
            ("Who may ship", "alice"), ("Where do proposals go", ""),
            ("Address where people can open", ""), ("Anthropic key", ""), ("Write it?", "y"),
            ("Run the full checks", "n"),
        ):  # fmt: skip
            await terminal.answer(question, line)
        await terminal.wait_for_exit()
    assert (clone / ".env").read_text() == (
        f"# mine\nTHESEUS_HTTP_PORT=8081\nexport DISCORD_TOKEN={TOKEN}"
    )
    (kept,) = (clone / "data/state/backups").glob("*-env")
    assert kept.read_text().endswith("export DISCORD_TOKEN=old.old.old")
    assert kept.stat().st_mode & 0o777 == 0o600


def _scripted(
    clone: Path, discord: LocalDiscord, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "setup", *options],
        cwd=clone, env=_variables(discord) | variables, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def _run(clone: Path, discord: LocalDiscord, *options: str, **more: str) -> tuple[int, str]:
    done = await asyncio.to_thread(_scripted, clone, discord, *options, **more)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


async def test_without_a_terminal_it_says_what_to_do_instead(
    discord: LocalDiscord, clone: Path
) -> None:
    code, said = await _run(clone, discord)
    assert code == 2
    assert said.startswith("theseus: setup asks questions, but there is no terminal")
    assert said.count("\n") == 1
    code, said = await _run(clone, discord, "--channel", "dev")
    assert (code, said.count("\n")) == (2, 1)
    assert "needs --yes" in said
