"""Classes of paths: which guard counts, and what a person has to say to open one."""

from pathlib import Path

import pytest

from bot.domain.diff_guard import about_path
from bot.domain.errors import OutOfBounds
from bot.domain.plan import Plan, Step
from bot.domain.protection import BUILT_IN, Protection, named_in
from bot.stages.verify import Verify
from tests.fakes.fake_verifier import FakeVerifier

ROOT = Path(__file__).resolve().parents[3]
NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("path", "name", "guard"),
    [
        ("bot/domain/policy.py", "policy", "named"),
        ("bot/self_improvement/_approval.py", "approvals", "named"),
        ("cogs/approvals.py", "approvals", "named"),
        ("cogs/ui/buttons.py", "approvals", "named"),
        ("bot/stages/verify.py", "verification", "named"),
        ("bot/domain/diff_guard/_paths.py", "verification", "named"),
        ("bot/domain/protection.py", "verification", "named"),
        ("bot/adapters/sandbox/_bubblewrap.py", "verification", "named"),
        ("bot/stages/ship.py", "shipping", "named"),
        ("tests/contracts/test_new_contract.py", "contracts", "named"),
        ("tests/cogs/conftest.py", "contracts", "named"),
        (".github/workflows/ci.yml", "ci", "named"),
        (".ci/run", "ci", "named"),
        ("Data/Config.yaml", "configuration", "named"),
        ("bot/settings/_yaml.py", "configuration", "named"),
        (".env", "secrets", "never"),
        ("deploy/.env.production", "secrets", "never"),
        ("keys/app.pem", "secrets", "never"),
        (".git/config", "git", "never"),
        ("cogs/.gitattributes", "git", "never"),
        ("bot/client/_client.py", "outside", "review"),
        ("prompts/persona.md", "prompts", "review"),
        ("uv.lock", "dependencies", "review"),
    ],
)
def test_without_any_configuration_what_guards_the_bot_is_guarded(
    path: str, name: str, guard: str
) -> None:
    assert Protection().over(path) == (name, guard)


@pytest.mark.parametrize("path", ["cogs/dice.py", "bot/repair/search.py", "docs/talking.md"])
def test_everyday_code_is_in_no_class(path: str) -> None:
    assert Protection().over(path) is None
    assert about_path(path, Protection()) == ()


@pytest.mark.parametrize(
    "words",
    [
        "fix bot/domain/policy.py please",
        "the bug is in `bot/domain/policy.py`.",
        "please mend policy.py, it refuses everybody",
        "fix ./bot/domain/policy.py",
    ],
)
def test_a_person_opens_a_file_by_naming_it_and_it_still_takes_a_review(words: str) -> None:
    protection = Protection().naming(named_in([words]))
    (finding,) = about_path("bot/domain/policy.py", protection)
    assert (finding.rule, finding.blocking) == ("protected_path", False)
    assert "policy" in finding.message
    assert "explicit word" in finding.message
    assert about_path("bot/domain/people.py", protection)[0].blocking


@pytest.mark.parametrize(
    "words",
    [
        "fix the policy",
        "change whatever you like in bot/domain",
        "bot/domain/*.py",
        "look: ```\nFile bot/domain/policy.py, line 3\n```",
        "> the bug is in bot/domain/policy.py\nsays mallory",
        "not-bot/domain/policy.py and bot/domain/policy.pyc",
        "bot/domain/policy.py/../people.py",
        "x/bot/domain/policy.py",
    ],
)
def test_what_is_not_plainly_named_in_ones_own_words_stays_closed(words: str) -> None:
    protection = Protection().naming(named_in([words]))
    assert about_path("bot/domain/policy.py", protection)[0].blocking


def test_a_name_that_many_files_have_opens_none_of_them() -> None:
    protection = Protection().naming(named_in(["fix conftest.py, config.yaml and __init__.py"]))
    for path in ("tests/cogs/conftest.py", "data/config.yaml", "bot/settings/__init__.py"):
        assert about_path(path, protection)[0].blocking
    by_path = Protection().naming(named_in(["fix tests/cogs/conftest.py"]))
    assert not about_path("tests/cogs/conftest.py", by_path)[0].blocking


def test_nobody_opens_what_no_run_may_ever_change() -> None:
    for path in (".env", ".git/config", "deploy/key.pem"):
        protection = Protection().naming({path})
        assert any(finding.blocking for finding in about_path(path, protection))


def _plan(*files: str) -> Plan:
    steps = tuple(Step(summary=f"edit {file}", owned_files=(file,)) for file in files)
    return Plan(problem="p", solution="s", steps=steps)


def test_a_plan_keeps_only_what_may_be_changed_and_one_that_keeps_nothing_says_why() -> None:
    verify = Verify(
        FakeVerifier(broken=lambda _root: False),
        protection=Protection(),
        redact=lambda text: text,
    )
    kept = verify.within_bounds(_plan("cogs/dice.py", "bot/domain/policy.py"), NOTHING)
    assert kept.owned_files == {"cogs/dice.py"}
    assert [step.summary for step in kept.steps] == ["edit cogs/dice.py"]
    with pytest.raises(OutOfBounds, match=r"policy\.py`: No run changes .* names it when asking"):
        verify.within_bounds(_plan("bot/domain/policy.py"), NOTHING)
    named = frozenset({"bot/domain/policy.py"})
    opened = verify.within_bounds(_plan("bot/domain/policy.py"), named)
    assert opened.owned_files == named


def test_no_class_names_a_file_that_has_moved_away() -> None:
    anywhere = {".env", ".git", ".github", "deploy", "data/state"}  # not there, or not everywhere
    paths = [path for kind in BUILT_IN.values() for path in kind.paths]
    gone = [
        path
        for path in paths
        if not path.startswith("**/") and path not in anywhere and not any(ROOT.glob(path))
    ]
    assert gone == []
