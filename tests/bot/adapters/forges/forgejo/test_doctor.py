"""What the doctor says of Forgejo, and what the settings must name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.forges.forgejo.doctor import examine
from bot.adapters.forges.forgejo.settings import find_place, is_host_of, open_forge
from bot.adapters.system_clock import SystemClock
from bot.cli.doctor.forge import look_at_forge
from bot.domain.errors import ConfigError
from bot.domain.finding import DoctorFinding
from bot.infra.git_remotes import Remote
from bot.settings import Settings, load
from tests.fakes.repositories import make_repository, run_git
from tests.twins.forgejo import ForgejoTwin

ROOT = Path(__file__).resolve().parents[5]
Make = Callable[..., Settings]


@pytest.fixture
def make(twin: ForgejoTwin, tmp_path: Path) -> Make:
    """Return a function that makes settings for the twin."""
    root = tmp_path / "checkout"
    make_repository(root)
    run_git(root, "remote", "add", "origin", twin.clone_url)

    def settings(token: str = twin.token, **forgejo: Any) -> Settings:
        content = yaml.safe_load((ROOT / "data/config.yaml").read_text())
        branch = forgejo.pop("branch", "main")
        content["forge"] |= {"kind": "forgejo", "branch": branch, "forgejo": forgejo}
        (root / "data").mkdir(exist_ok=True)
        (root / "data/config.yaml").write_text(yaml.safe_dump(content))
        return load(root, {"FORGEJO_TOKEN": token})

    return settings


async def look(settings: Settings) -> dict[str, DoctorFinding]:
    return {each.name: each for each in await examine(settings, SystemClock())}


async def test_a_repository_that_is_as_it_should_be_has_nothing_bad(
    make: Make, twin: ForgejoTwin
) -> None:
    twin.protect(checks=["tests", "types"])
    findings = await look_at_forge(make())
    assert [(each.name, each.status) for each in findings] == [
        ("forgejo", "good"), ("forgejo rights", "good"), ("forgejo branch", "good"),
        ("forge", "good"), ("forge remote", "good"),
    ]  # fmt: skip
    assert "required checks: tests, types" in findings[2].message
    assert not any(each.method in ("PATCH", "PUT", "DELETE") for each in twin.requests)


async def test_a_wrong_token_says_where_to_make_another(make: Make, twin: ForgejoTwin) -> None:
    finding = (await look(make("wrong")))["forgejo"]
    assert (finding.status, "401" in finding.message) == ("bad", True)
    assert f"{twin.url}/user/settings/applications" in finding.remedy


async def test_a_missing_token_names_the_key(make: Make) -> None:
    assert "FORGEJO_TOKEN" in (await look(make("")))["forgejo"].message


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ({"contents": "read"}, "may not push"),
        ({"issues": None}, "issue: read and write"),
        ({"metadata": None}, "user: read"),
    ],
)
async def test_missing_rights_are_named(
    make: Make, twin: ForgejoTwin, rights: dict[str, Any], words: str
) -> None:
    twin.grant_token("poor", "theseus-bot", **rights)
    finding = (await look(make("poor")))["forgejo rights"]
    assert (finding.status, words in finding.message) == ("bad", True)


async def test_a_merge_method_that_is_not_allowed_names_the_key(
    make: Make, twin: ForgejoTwin
) -> None:
    twin.choose(methods=["merge"])
    finding = (await look(make(merge_method="squash")))["forgejo"]
    assert (finding.status, "forge.forgejo.merge_method" in finding.message) == ("bad", True)


async def test_the_branch_is_looked_at(make: Make, twin: ForgejoTwin) -> None:
    assert (await look(make()))["forgejo branch"].status == "note"
    twin.protect(reviews=2)
    assert "needs 2 approving" in (await look(make()))["forgejo reviews"].message
    assert "has no branch other" in (await look(make(branch="other")))["forgejo branch"].message


async def test_a_server_that_is_not_there_is_said(make: Make) -> None:
    settings = make(address="http://127.0.0.1:1", repository="us/bot")
    finding = (await look(settings))["forgejo"]
    assert (finding.status, "cannot be reached" in finding.message) == ("bad", True)


async def test_server_and_repository_are_those_of_the_remote(make: Make, twin: ForgejoTwin) -> None:
    assert await find_place(make()) == (twin.url, twin.repository)
    assert (await find_place(make(repository="us/bot"))).repository == "us/bot"
    with pytest.raises(ConfigError, match=r"not on codeberg\.org; set forge\.forgejo\.repository"):
        await find_place(make(address="https://codeberg.org"))


async def test_without_a_remote_the_keys_are_named(make: Make) -> None:
    settings = make()
    run_git(settings.root, "remote", "remove", "origin")
    with pytest.raises(ConfigError, match=r"forge\.forgejo\.address"):
        await open_forge(settings, SystemClock())


async def test_a_token_never_goes_over_the_network_unencrypted(make: Make) -> None:
    with pytest.raises(ConfigError, match="not an https address"):
        await open_forge(make(address="http://git.example.org", repository="a/b"), SystemClock())


async def test_a_server_is_recognised_by_its_version(make: Make, twin: ForgejoTwin) -> None:
    assert await is_host_of(make(), Remote.parse(twin.clone_url))
    assert not await is_host_of(make(), Remote.parse("http://127.0.0.1:1/us/bot.git"))
    elsewhere = make(address="https://codeberg.org")
    assert await is_host_of(elsewhere, Remote.parse("git@codeberg.org:us/bot.git"))
    assert not await is_host_of(elsewhere, Remote.parse(twin.clone_url))
