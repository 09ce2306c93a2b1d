"""The wizard answered beforehand, against a local Discord; and what it makes of wrong answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.cli.setup.prompts import ScriptedPrompter
from bot.cli.setup.wizard import run_setup
from bot.domain.errors import ConfigError
from bot.settings import Settings, load
from tests.fakes.repositories import make_repository, run_git
from tests.support.full_checks import set_full_checks
from tests.twins.forgejo import ForgejoTwin
from tests.twins.github import GithubTwin

pytestmark = pytest.mark.slow


ROOT = Path(__file__).resolve().parents[3]
TOKEN = "right.discord.token"
PEOPLE = (
    LocalPerson("alice", listed=True),
    LocalPerson("bob", listed=False, roles=("shipwrights",)),
    LocalPerson("shipwrights", listed=False),
)


@dataclass
class Newcomer:
    """A clone, what its environment says, and what was told so far."""

    clone: Path
    discord: LocalDiscord
    variables: dict[str, str]
    told: list[str] = field(default_factory=list)

    async def set_up(self, **answers: str) -> int:
        """Run the wizard with these options."""
        asking = ScriptedPrompter(self.told.append, answers)
        return await asyncio.to_thread(run_setup, self.clone, self.variables, asking)

    @property
    def said(self) -> str:
        """Everything that was told."""
        return "\n".join(self.told)

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return load(self.clone, self.variables)


@pytest.fixture
async def newcomer(tmp_path: Path) -> AsyncIterator[Newcomer]:
    folder = tmp_path / "clone"
    shipped = (ROOT / "data/config.yaml").read_text().replace("kind: auto  ", "kind: none  ")
    config = set_full_checks(shipped, "open('data/config.yaml')")
    files = {
        "data/config.yaml": config,
        ".gitignore": (ROOT / ".gitignore").read_text(),
        "prompts/pull_request.md": "What changed: $change\n",
    }
    make_repository(folder, dict(files))
    async with LocalDiscord(PEOPLE, token=TOKEN, guild_name="The Ship") as discord:
        variables = {"THESEUS_DISCORD_API_URL": discord.api_url, "DISCORD_TOKEN": TOKEN}
        yield Newcomer(folder, discord, variables)


async def test_options_answer_and_defaults_fill_in(newcomer: Newcomer) -> None:
    assert await newcomer.set_up(channel="general", developers="bob,alice") == 0, newcomer.said
    config = newcomer.settings.config
    assert len(config.people.developers.users) == 2
    assert config.people.approvers.users == {newcomer.discord.people["alice"]}
    assert config.discord.dev_channel_id not in (None, newcomer.discord.dev_channel_id)
    assert TOKEN not in newcomer.said
    assert not (newcomer.clone / ".env").exists()


async def test_full_checks_that_fail_without_a_change_are_told_before_the_bot_starts(
    newcomer: Newcomer,
) -> None:
    file = newcomer.settings.config_file
    file.write_text(set_full_checks(file.read_text(), "open('nowhere')"))
    run_git(newcomer.clone, "commit", "-aqm", "Check something else")
    assert await newcomer.set_up(channel="dev") == 1
    assert "BAD  full checks: on " in newcomer.said
    assert "No change can ship until the checks pass on the current commit." in newcomer.said
    assert "Next: theseus run" not in newcomer.said
    assert await newcomer.set_up(checks="no") == 0
    assert "Run `theseus doctor --checks` before the first change ships" in newcomer.said


async def test_what_is_merged_in_the_local_forge_can_reach_the_clone(newcomer: Newcomer) -> None:
    run_git(newcomer.clone, "switch", "-q", "-c", "trunk")
    run_git(newcomer.clone, "remote", "add", "theseus", "https://127.0.0.1:9/theseus/ship.git")
    assert await newcomer.set_up(channel="dev") == 0, newcomer.said
    forge = newcomer.settings.config.forge
    assert (forge.kind, forge.branch, forge.remote) == ("local", "trunk", "theseus-local")
    assert run_git(newcomer.clone, "ls-remote", forge.remote, "trunk")
    assert "ok   forge remote: theseus-local points to" in newcomer.said


async def test_where_local_proposals_can_be_read_is_kept_and_can_be_taken_back(
    newcomer: Newcomer,
) -> None:
    assert await newcomer.set_up(channel="dev", **{"forge-url": "https://ship.example.org/"}) == 0
    assert newcomer.settings.config.forge.url == "https://ship.example.org"
    assert await newcomer.set_up() == 0
    assert newcomer.settings.config.forge.url == "https://ship.example.org"
    assert await newcomer.set_up(**{"forge-url": "none"}) == 0
    assert newcomer.settings.config.forge.url == ""


async def test_a_second_time_changes_nothing(newcomer: Newcomer) -> None:
    await newcomer.set_up(channel="dev", developers="bob", approvers="alice")
    before = newcomer.settings.config_file.read_bytes()
    assert await newcomer.set_up() == 0
    assert "there is nothing to write" in newcomer.said
    assert newcomer.settings.config_file.read_bytes() == before


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"approvers": "7"}, "7: an id has 17 to 20 digits"),
        ({"channel": "nowhere"}, "there is no nowhere"),
        ({"channel": "3"}, "there is no 3"),
        ({"approvers": "zed"}, "zed: the server has no role and no member with this name"),
        ({"approvers": "123456789012345678"}, "123456789012345678: the server has no role"),
        ({"approvers": ","}, "no one would be allowed"),
        ({"developers": "@everyone"}, "would allow anyone"),
        ({"developers": "The Ship"}, "is a bot"),
        ({"developers": "shipwrights"}, "shipwrights can mean role"),
        ({"forge": "github"}, "remote add origin"),
        ({"forge": "gitlab"}, "--forge"),
        ({"forge-url": "/forge"}, "/forge: enter a full address"),
        ({"forge-url": "ftp://theseus.example.org"}, "enter a full address"),
    ],
)
async def test_a_wrong_answer_is_named_and_writes_nothing(
    newcomer: Newcomer, answers: dict[str, str], said: str
) -> None:
    channel = {"channel": "dev"} if answers and "channel" not in answers else {}
    with pytest.raises(ConfigError) as refused:
        await newcomer.set_up(**channel, **answers)
    assert said in f"{newcomer.said}\n{refused.value}"
    assert run_git(newcomer.clone, "status", "--porcelain") == ""
    assert run_git(newcomer.clone, "remote") == ""


async def test_a_first_run_needs_only_a_token_and_finds_the_rest(newcomer: Newcomer) -> None:
    assert await newcomer.set_up() == 0, newcomer.said
    config = newcomer.settings.config
    assert config.discord.guild_id == newcomer.discord.guild_id
    assert config.discord.dev_channel_id == newcomer.discord.dev_channel_id
    owner = {newcomer.discord.people["alice"]}
    assert config.people.developers.users == config.people.approvers.users == owner


async def test_a_role_is_picked_by_its_number(newcomer: Newcomer) -> None:
    assert await newcomer.set_up(developers="1, bob", checks="no") == 0, newcomer.said
    assert "1. @shipwrights" in newcomer.said
    developers = newcomer.settings.config.people.developers
    assert developers.users == {newcomer.discord.people["bob"]}
    assert len(developers.roles) == 1


@pytest.mark.parametrize("token", ["", "wrong.token.given", "two words"])
async def test_a_token_that_is_missing_or_refused_is_named(newcomer: Newcomer, token: str) -> None:
    newcomer.variables["DISCORD_TOKEN"] = token
    with pytest.raises(ConfigError, match="no valid DISCORD_TOKEN"):
        await newcomer.set_up(channel="dev")


async def test_a_bot_without_a_server_ends_with_its_invitation(newcomer: Newcomer) -> None:
    async with Person(newcomer.discord.base_url, "alice") as alice:
        await alice.call("POST", "/local/faults", {"kind": "uninvited"})
    with pytest.raises(ConfigError, match=r"scope=bot\+applications.commands&permissions=\d+"):
        await newcomer.set_up(channel="dev")


async def test_a_file_that_changed_meanwhile_is_left_alone(newcomer: Newcomer) -> None:
    file = newcomer.settings.config_file
    text = file.read_text()

    def meddle(said: str) -> None:
        if "This would be written" in said:
            file.write_text(f"# mine\n{text}")

    asking = ScriptedPrompter(meddle, {"channel": "dev"})
    with pytest.raises(ConfigError, match="changed in the meantime"):
        await asyncio.to_thread(run_setup, newcomer.clone, newcomer.variables, asking)
    assert file.read_text() == f"# mine\n{text}"


async def test_github_is_found_from_the_remote_with_its_default_branch(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    async with GithubTwin(tmp_path) as github:
        run_git(newcomer.clone, "remote", "add", "origin", github.clone_url)
        newcomer.variables |= {
            "THESEUS_GITHUB_API_URL": github.api_url, "GITHUB_TOKEN": github.token,
        }  # fmt: skip
        assert await newcomer.set_up(channel="dev", reviewers="alice") == 0, newcomer.said
    forge = newcomer.settings.config.forge
    assert (forge.kind, forge.branch, forge.remote) == ("github", "main", "origin")
    assert forge.github.reviewers == {"alice"}
    assert github.token not in newcomer.said


async def test_forgejo_is_found_from_the_remote_by_asking_the_server(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    async with ForgejoTwin(tmp_path) as forgejo:
        run_git(newcomer.clone, "remote", "add", "origin", forgejo.clone_url)
        newcomer.variables["FORGEJO_TOKEN"] = forgejo.token
        assert await newcomer.set_up(channel="dev", reviewers="alice") == 0, newcomer.said
    forge = newcomer.settings.config.forge
    assert (forge.kind, forge.branch, forge.remote) == ("forgejo", "main", "origin")
    assert forge.forgejo.address == forgejo.url
    assert forge.forgejo.reviewers == {"alice"}
    assert forgejo.token not in newcomer.said


async def test_who_began_with_a_local_forge_can_go_on_to_github(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    assert await newcomer.set_up(channel="dev") == 0, newcomer.said
    async with GithubTwin(tmp_path) as github:
        run_git(newcomer.clone, "remote", "add", "origin", github.clone_url)
        newcomer.variables |= {
            "THESEUS_GITHUB_API_URL": github.api_url, "GITHUB_TOKEN": github.token,
        }  # fmt: skip
        assert await newcomer.set_up() == 0, newcomer.said
        assert newcomer.settings.config.forge.kind == "local"
        assert await newcomer.set_up(forge="github") == 0, newcomer.said
    forge = newcomer.settings.config.forge
    assert (forge.kind, forge.remote) == ("github", "origin")


async def test_an_app_is_asked_for_its_numbers_and_key(newcomer: Newcomer, tmp_path: Path) -> None:
    key = tmp_path / "app.pem"
    async with GithubTwin(tmp_path) as github:
        key.write_text(github.app.pem)
        run_git(newcomer.clone, "remote", "add", "origin", github.clone_url)
        newcomer.variables["THESEUS_GITHUB_API_URL"] = github.api_url
        code = await newcomer.set_up(
            **{
                "channel": "dev", "github-auth": "app", "app-id": str(github.app.id),
                "app-installation": str(github.app.installation), "app-key": str(key),
            }
        )  # fmt: skip
    assert code == 0, newcomer.said
    assert newcomer.settings.config.forge.github.app is not None
    assert yaml.safe_load(newcomer.settings.config_file.read_text())["forge"]["github"]["app"] == {
        "id": github.app.id, "installation": github.app.installation, "private_key": str(key),
    }  # fmt: skip


async def test_names_that_could_steer_a_terminal_are_shown_harmless(newcomer: Newcomer) -> None:
    asking = ScriptedPrompter(newcomer.told.append, {})
    asking.say("a\x1b[2Jb\u202ec\rd\nnext")
    assert newcomer.told == ["a�[2Jb�c�d\nnext"]
