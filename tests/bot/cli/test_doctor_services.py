"""The doctor's checks of GitHub and of the model, against twins on this machine."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.forges.github._rights import NEEDED, build_token_page_url
from bot.adapters.forges.github.doctor import examine
from bot.adapters.system_clock import SystemClock
from bot.cli.doctor.model import look_at_model
from bot.domain.finding import DoctorFinding
from bot.settings import Settings, load
from tests.fakes.repositories import make_repository, run_git
from tests.support.extras import needs_claude
from tests.twins.github import GithubTwin
from tests.twins.model import ScriptedModel

ROOT = Path(__file__).resolve().parents[3]
KEY = "sk-ant-right-key"
Make = Callable[..., Settings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes settings: sections of the configuration, and variables."""

    def settings(variables: dict[str, str], **config: dict[str, Any]) -> Settings:
        content = yaml.safe_load((ROOT / "data/config.yaml").read_text())
        for section, changes in config.items():
            content[section].update(changes)
        root = tmp_path / "checkout"
        if not root.exists():
            make_repository(root)
        (root / "data").mkdir(exist_ok=True)
        (root / "data/config.yaml").write_text(yaml.safe_dump(content))
        return load(root, variables)

    return settings


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[GithubTwin]:
    async with GithubTwin(tmp_path) as twin:
        yield twin


@pytest.fixture
def on_github(make: Make, github: GithubTwin) -> Make:
    """Return a function that makes settings for the twin; `token` is what to act with."""

    def settings(token: str = "", **changes: Any) -> Settings:
        variables = {
            "THESEUS_GITHUB_API_URL": github.api_url, "GITHUB_TOKEN": token or github.token,
        }  # fmt: skip
        made = make(variables, forge={"kind": "github", **changes})
        if "origin" not in run_git(made.root, "remote"):
            run_git(made.root, "remote", "add", "origin", github.clone_url)
        return made

    return settings


async def only(settings: Settings, name: str) -> DoctorFinding:
    """Return GitHub's one finding of that name."""
    (found,) = (each for each in await examine(settings, SystemClock()) if each.name == name)
    return found


async def test_a_repository_that_is_as_it_should_be_has_nothing_bad(
    on_github: Make, github: GithubTwin
) -> None:
    github.choose(private=True)
    github.protect(checks=["tests", "types"])
    findings = await examine(on_github(), SystemClock())
    assert [(each.name, each.status) for each in findings] == [
        ("github", "good"), ("github rights", "good"), ("github branch", "good"),
    ]  # fmt: skip
    assert findings[2].message == "main is protected; required checks: tests, types"


async def test_looking_changes_nothing_on_github(on_github: Make, github: GithubTwin) -> None:
    before = github.get_head()
    await examine(on_github(), SystemClock())
    written = [each for each in github.requests if each.method != "GET"]
    assert {each.status for each in written} == {422}
    assert github.get_head() == before


@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        ({"contents": "read"}, "Contents: write"),
        ({"pull_requests": "read"}, "Pull requests: write"),
        ({"statuses": None}, "Commit statuses: read"),
        ({"contents": None, "pull_requests": None}, "Contents: write, Pull requests: write"),
    ],
)
async def test_a_right_that_is_missing_is_named(
    on_github: Make, github: GithubTwin, lacking: dict[str, Any], named: str
) -> None:
    github.choose(private=True)
    github.grant_token("weak", "theseus-bot", **lacking)
    finding = await only(on_github("weak"), "github rights")
    assert (finding.status, finding.message) == ("bad", f"missing: {named}")
    assert github.url in finding.remedy


async def test_a_wrong_token_is_told_and_not_shown(on_github: Make) -> None:
    finding = await only(on_github("ghp_a_wrong_token"), "github")
    assert finding.status == "bad"
    assert "401" in finding.message
    assert "ghp_a_wrong_token" not in finding.line


async def test_a_repository_the_token_may_not_see_is_named(
    on_github: Make, github: GithubTwin
) -> None:
    github.choose(private=True)
    github.grant_token("blind", "theseus-bot", metadata=None)
    finding = await only(on_github("blind"), "github")
    assert "theseus/ship: GitHub answers 404" in finding.message
    assert "selected repositories" in finding.remedy


async def test_without_a_token_the_variable_is_named(on_github: Make, make: Make) -> None:
    on_github()
    finding = await only(
        make({}, forge={"kind": "github", "github": {"repository": "a/b"}}), "github"
    )
    assert (finding.status, finding.message[:23]) == ("bad", "GITHUB_TOKEN is not set")


async def test_a_remote_that_is_no_repository_there_names_the_key(make: Make) -> None:
    settings = make({"GITHUB_TOKEN": "x"}, forge={"kind": "github"})
    assert "forge.github.repository" in (await only(settings, "github")).remedy
    run_git(settings.root, "remote", "add", "origin", "https://gitlab.example/theseus/ship.git")
    assert "gitlab.example" in (await only(settings, "github")).message


async def test_an_address_that_cannot_be_reached_is_told(on_github: Make, make: Make) -> None:
    on_github()
    variables = {"THESEUS_GITHUB_API_URL": "http://127.0.0.1:9/api/v3", "GITHUB_TOKEN": "x"}
    forge = {"kind": "github", "github": {"repository": "theseus/ship"}}
    finding = await only(make(variables, forge=forge), "github")
    assert "http://127.0.0.1:9/api/v3 cannot be reached" in finding.message
    assert "THESEUS_GITHUB_API_URL" in finding.remedy


async def test_a_token_is_not_sent_in_the_clear(make: Make) -> None:
    variables = {"THESEUS_GITHUB_API_URL": "http://github.invalid/api/v3", "GITHUB_TOKEN": "x"}
    forge = {"kind": "github", "github": {"repository": "theseus/ship"}}
    finding = await only(make(variables, forge=forge), "github")
    assert (finding.status, "https" in finding.message) == ("bad", True)


async def test_a_branch_that_is_not_there_is_told_with_the_default_one(on_github: Make) -> None:
    finding = await only(on_github(branch="trunk"), "github branch")
    assert (finding.status, "main" in finding.remedy) == ("bad", True)


async def test_an_open_branch_is_noted(on_github: Make) -> None:
    finding = await only(on_github(), "github branch")
    assert (finding.status, finding.message) == ("note", "main is not protected")


async def test_reviews_that_github_wants_besides_are_said(
    on_github: Make, github: GithubTwin
) -> None:
    github.protect(reviews=2, ruleset=True)
    finding = await only(on_github(), "github reviews")
    assert (finding.status, finding.message[:19]) == ("note", "a merge needs 2 app")


async def test_a_way_to_merge_that_is_not_allowed_names_the_key(
    on_github: Make, github: GithubTwin
) -> None:
    github.choose(methods=["squash"])
    finding = await only(on_github(), "github")
    assert (finding.status, "forge.github.merge_method" in finding.message) == ("bad", True)


@pytest.mark.parametrize(
    ("pem", "installation", "said"),
    [
        (True, 8_001, None),
        (True, 9, "no installation 9"),
        (False, 8_001, "not a private key"),
        (None, 8_001, "cannot be read"),
    ],
)
async def test_an_app_is_checked_by_its_key(
    on_github: Make,
    github: GithubTwin,
    tmp_path: Path,
    pem: bool | None,
    installation: int,
    said: str | None,
) -> None:
    file = tmp_path / "app.pem"
    if pem is not None:
        file.write_text(github.app.pem if pem else "-----BEGIN PUBLIC KEY-----\nAAAA\n")
    app = {"id": github.app.id, "installation": installation, "private_key": str(file)}
    findings = await examine(on_github(github={"app": app}), SystemClock())
    bad = [each for each in findings if each.status == "bad"]
    assert [said in each.message for each in bad if said] == ([True] if said else [])
    assert bool(bad) == (said is not None)


def test_the_page_for_a_token_is_filled_in_with_what_is_needed() -> None:
    page = build_token_page_url("https://api.github.com", "theseus/ship")
    assert page.startswith("https://github.com/settings/personal-access-tokens/new?")
    assert "target_name=theseus&contents=write&pull_requests=write&statuses=read" in page
    assert len(NEEDED) == len(re.findall(r"=(read|write)\b", page))


# ------------------------------------------------------------------------------------------ model


@needs_claude
async def test_a_key_that_is_taken_is_good_and_costs_nothing(make: Make) -> None:
    async with ScriptedModel([], key=KEY) as model:
        settings = make({"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.base_url})
        program, key = await look_at_model(settings)
        assert model.requests == []
    assert re.match(r"claude-agent-sdk [\d.]+, Claude Code [\d.]+", program.message)
    assert (key.status, "accepts the key" in key.message) == ("good", True)
    assert "opus plans, sonnet writes; if they fail, the offline engine" in key.message


@needs_claude
@pytest.mark.parametrize(
    ("fallback", "then"),
    [("offline", "the offline engine writes fixes"), ("none", "every run fails")],
)
async def test_a_key_that_is_refused_says_what_happens_then(
    make: Make, fallback: str, then: str
) -> None:
    async with ScriptedModel([], key=KEY) as model:
        variables = {"ANTHROPIC_API_KEY": "sk-ant-wrong", "ANTHROPIC_BASE_URL": model.base_url}
        _, key = await look_at_model(make(variables, engine={"fallback": fallback}))
    assert (key.status, then in key.message) == ("bad", True)
    assert "sk-ant-wrong" not in key.line
    assert "ANTHROPIC_API_KEY" in key.remedy


@needs_claude
async def test_a_model_that_cannot_be_reached_is_told(make: Make) -> None:
    variables = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
    _, key = await look_at_model(make(variables))
    assert (key.status, "http://127.0.0.1:9 cannot be reached" in key.message) == ("bad", True)


async def test_claude_without_a_key_is_bad_and_auto_without_one_is_fine(make: Make) -> None:
    (wanted,) = await look_at_model(make({}, engine={"name": "claude"}))
    (open_to_it,) = await look_at_model(make({}, engine={"name": "auto"}))
    (offline,) = await look_at_model(make({"ANTHROPIC_API_KEY": KEY}, engine={"name": "offline"}))
    assert (wanted.status, open_to_it.status, offline.status) == ("bad", "note", "good")
    assert "ANTHROPIC_API_KEY" in wanted.remedy
    assert "engine.name" in wanted.remedy


async def test_claude_without_its_package_says_make_claude(make: Make) -> None:
    known = {"ANTHROPIC_API_KEY": KEY}
    for name, status in (("claude", "bad"), ("auto", "note")):
        settings = make(known, engine={"name": name})
        (finding,) = await look_at_model(settings, package="no_such_package_here")
        assert (finding.status, "make claude" in finding.remedy) == (status, True)
