"""Classes of paths: which guard counts, and what a person has to say to open one."""

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
from theseus_guard import inspect_path
from theseus_guard.protection import PathClass, Protection

from bot.authority.named_files import find_file_names
from bot.authority.path_classes import BUILT_IN
from bot.domain.errors import OutOfBounds
from bot.domain.plan import Plan, Step
from bot.self_improvement.checks.quality_gate import QualityGate
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.tracked_files import list_tracked_files

ROOT = Path(__file__).resolve().parents[3]
OURS = Protection(classes=dict(BUILT_IN))
NOTHING: frozenset[str] = frozenset()


GUARDS: dict[str, tuple[str, ...]] = {
    "never": (".env", ".env.example", "deploy/.env.production", "keys/app.pem", ".git/config",
              "cogs/.gitattributes", "data/state/theseus.sqlite3", ".envrc"),
    "named": (
        # what decides
        "bot/authority/policy.py", "bot/domain/people.py", "bot/authority/approval_policy.py",
        "bot/domain/budget.py", "bot/domain/plan.py", "bot/domain/audit.py",
        "bot/grammar/_normalise.py", "bot/authority/named_files.py",
        "bot/authority/path_classes.py", "packages/theseus_guard/theseus_guard/_paths.py",
        "packages/theseus_repair/theseus_repair/call_source/writer.py",
        "bot/self_improvement/__init__.py",
        "bot/authority/approvals.py", "bot/self_improvement/runs/transitions.py",
        "bot/self_improvement/runs/recovery.py", "bot/authority/kill_switch.py",
        "bot/self_improvement/steps/verify.py", "bot/self_improvement/steps/ship.py",
        "bot/self_improvement/checks/quality_gate.py",
        "bot/settings/_yaml.py",
        "packages/theseus_observe/theseus_observe/redaction/_redact.py",
        "cogs/approvals.py", "cogs/emergency_stop.py",
        "cogs/ui/buttons.py", "bot/ports/member_directory.py", "bot/infra/signals.py",
        # what confines, merges, keeps the record
        "bot/infra/git.py", "bot/adapters/git_checkout.py", "bot/adapters/forges/local/forge.py",
        "bot/infra/forge_pulls.py", "bot/adapters/forges/github/_pull_merger.py",
        "packages/theseus_rehearsal/theseus_rehearsal/sandbox/_bubblewrap.py",
        "bot/adapters/sandboxed_verifier/_verifier.py",
        "bot/adapters/model_gateway/_proxied_request.py",
        "bot/adapters/claude_agent/tools/_tool_permissions.py",
        "bot/adapters/sqlite_ledger/_ledger.py", "bot/adapters/sqlite_store/_audit.py",
        "bot/adapters/file_kill_switch.py", "bot/web/_auth_middleware.py",
        # how checks run
        "pyproject.toml", "uv.lock", "Makefile", ".ci/run", ".github/workflows/ci.yml",
        "Data/Config.yaml", "tests/conftest.py", "tests/cogs/conftest.py", "cogs/conftest.py",
        "tests/contracts/test_new_contract.py", "tests/attacks/vectors.py",
        "tests/test_house_rules.py", "bot/pytest.ini", "cogs/requirements.txt",
        "cogs/sitecustomize.py",
        # what nobody thought of
        "GNUmakefile", ".gitlab-ci.yml", ".circleci/config.yml", "Jenkinsfile", "GEMINI.md",
        "docs/GEMINI.md", ".cursorrules", "mise.toml", "lefthook.yml", "bot/.claude/settings.json",
        ".mcp.json", "CLAUDE.local.md", "LICENSE", "json.py", "sitecustomize.py", "start.pth",
        "src/app.py", "cogs/run.sh", "cogs/.hidden.py", "tests/cogs/json.py", "skills/new.md",
    ),
    "review": (
        "bot/__main__.py", "bot/client/_client.py", "bot/app/agent.py", "bench/approvals.py",
        "cogs/admin.py", "cogs/audits.py", "cogs/budget.py", "cogs/conversation/_requests.py",
        "cogs/incidents.py", "cogs/memory.py", "cogs/pauses.py", "cogs/runs.py", "cogs/flags.py",
        "cogs/privacy.py",
        "tests/support/agent_harness.py", "tests/fakes/fake_forge.py",
        "tests/cogs/test_emergency_stop.py",
        "prompts/executor.md",
    ),
    "free": (
        "cogs/dice.py", "cogs/weather.py", "cogs/Music.py", "cogs/shop/__init__.py",
        "cogs/shop/_api.py", "cogs/shop/goods.json", "tests/cogs/test_dice.py",
        "tests/cogs/everyday_commands.json",
        "tests/cogs/shop/test_api.py", "tests/regressions/test_face.py", "docs/talking.md",
        "README.md", "CHANGELOG.md", "prompts/persona.md",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "guard"), [(path, guard) for guard, paths in GUARDS.items() for path in paths]
)
def test_without_any_configuration_what_guards_the_bot_is_guarded(path: str, guard: str) -> None:
    found = OURS.find_class(path)
    assert (found[1] if found else "free") == guard
    assert bool(inspect_path(path, OURS)) == (guard != "free")


def test_every_tracked_file_is_under_one_guard_and_few_are_free() -> None:
    files = list_tracked_files(ROOT)
    guards = Counter((OURS.find_class(file) or ("", "free"))[1] for file in files)
    assert sum(guards.values()) == len(files) > 1000
    assert set(guards) == {"free", "review", "named", "never"}
    assert guards["free"] < 0.1 * len(files)


def test_what_is_free_is_everyday_cogs_their_tests_and_words() -> None:
    free = [file for file in list_tracked_files(ROOT) if OURS.find_class(file) is None]
    code = [file for file in free if not file.endswith((".md", ".svg", ".png"))]
    folders = {PurePosixPath(file).parent.as_posix() for file in code}
    assert folders - {"tests/acceptance"} == {"cogs", "tests/cogs"}  # the former once a run wrote
    deciding = {PurePosixPath(path).stem for path in BUILT_IN["deciding cogs"].paths}
    assert deciding.isdisjoint(PurePosixPath(file).stem.removeprefix("test_") for file in code)


@pytest.mark.parametrize(
    "beside",
    [
        "{0}/__init__.py", "{0}/deeper/__init__.py", "{0}/words.py", "{0}.pyi", "{0}.pyd",
        "{0}.pyc", "{0}.so", "{0}.cpython-311-x86_64-linux-gnu.so", "{0}.abi3.so", "{0}.PY",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "module", ["cogs/approvals", "cogs/ui", "bot/web/_auth_middleware", "bot/infra/signals"]
)
def test_what_would_be_imported_for_a_guarded_module_is_guarded_as_it_is(
    module: str, beside: str
) -> None:
    assert inspect_path(beside.format(module), OURS)[0].blocking
    folder, _, name = module.rpartition("/")
    compiled = f"{folder}/__pycache__/{name}.cpython-311.pyc"
    assert inspect_path(compiled, OURS)[0].blocking


@pytest.mark.parametrize(
    "path",
    [
        "cogs/Approvals.py", "COGS/APPROVALS.PY", "./cogs/approvals.py", "cogs//approvals.py",
        "cogs/./approvals.py", "cogs/shop/../approvals.py", "cogs\\approvals.py",
        "cogs/approvals.py.", "cogs/approvals.py ", "cogs /approvals.py", "cogs./approvals.py",
        "cogs/\uff41pprovals.py", "cogs/approval\u017f.py",
    ],
)  # fmt: skip
def test_another_spelling_of_a_guarded_path_is_that_path(path: str) -> None:
    assert OURS.find_class(path) == ("authority", "named")


@pytest.mark.parametrize(
    "path", ["cogs/d\u0131ce.py", "cogs/dice.py\n", "cogs/shop\u200b/api.py", "cogs/di ce.py", ""]
)
def test_what_is_not_plainly_spelled_is_not_free(path: str) -> None:
    assert OURS.find_class(path) == ("unlisted", "named")


def test_configuration_may_free_what_is_on_no_list_and_nothing_that_is() -> None:
    ours = PathClass(guard="free", paths=("src/**/*.py", "cogs/approvals.py"))
    protection = Protection(classes={**BUILT_IN, "ours": ours})
    assert protection.find_class("src/shop/app.py") is None
    assert protection.find_class("src/shop/Makefile") == ("checks", "named")
    assert protection.find_class("cogs/approvals.py") == ("authority", "named")


@pytest.mark.parametrize(
    "words",
    [
        "fix bot/authority/policy.py please",
        "the bug is in `bot/authority/policy.py`.",
        "please mend policy.py, it refuses everybody",
        "fix ./bot/authority/policy.py",
    ],
)
def test_a_person_opens_a_file_by_naming_it_and_it_still_takes_a_review(words: str) -> None:
    protection = OURS.add_named_files(find_file_names([words]))
    (finding,) = inspect_path("bot/authority/policy.py", protection)
    assert (finding.rule, finding.blocking) == ("protected_path", False)
    assert "authority" in finding.message
    assert "explicit approval" in finding.message
    assert inspect_path("bot/domain/people.py", protection)[0].blocking


@pytest.mark.parametrize(
    "words",
    [
        "fix the policy",
        "change whatever you like in bot/domain",
        "bot/domain/*.py",
        "look: ```\nFile bot/authority/policy.py, line 3\n```",
        "> the bug is in bot/authority/policy.py\nsays mallory",
        "not-bot/domain/policy.py and bot/authority/policy.pyc",
        "bot/authority/policy.py/../people.py",
        "x/bot/domain/policy.py",
    ],
)
def test_what_is_not_plainly_named_in_ones_own_words_stays_closed(words: str) -> None:
    protection = OURS.add_named_files(find_file_names([words]))
    assert inspect_path("bot/authority/policy.py", protection)[0].blocking


def test_a_name_that_many_files_have_opens_none_of_them() -> None:
    protection = OURS.add_named_files(
        find_file_names(["fix conftest.py, config.yaml and __init__.py"])
    )
    for path in ("tests/cogs/conftest.py", "data/config.yaml", "bot/settings/__init__.py"):
        assert inspect_path(path, protection)[0].blocking
    by_path = OURS.add_named_files(find_file_names(["fix tests/cogs/conftest.py"]))
    assert not inspect_path("tests/cogs/conftest.py", by_path)[0].blocking


def test_nobody_opens_what_no_run_may_ever_change() -> None:
    for path in (".env", ".git/config", "deploy/key.pem"):
        protection = OURS.add_named_files({path})
        assert any(finding.blocking for finding in inspect_path(path, protection))


def _plan(*files: str) -> Plan:
    steps = tuple(Step(summary=f"edit {file}", owned_files=(file,)) for file in files)
    return Plan(problem="p", solution="s", steps=steps)


def test_a_plan_keeps_only_what_may_be_changed_and_one_that_keeps_nothing_says_why() -> None:
    verify = QualityGate(
        FakeVerifier(broken=lambda _root: False),
        protection=OURS,
        redact=lambda text: text,
    )
    kept = verify.remove_forbidden_files(_plan("cogs/dice.py", "bot/authority/policy.py"), NOTHING)
    assert kept.owned_files == {"cogs/dice.py"}
    assert [step.summary for step in kept.steps] == ["edit cogs/dice.py"]
    with pytest.raises(
        OutOfBounds, match=r"policy\.py`: No run may change .* names it in the request"
    ):
        verify.remove_forbidden_files(_plan("bot/authority/policy.py"), NOTHING)
    named = frozenset({"bot/authority/policy.py"})
    opened = verify.remove_forbidden_files(_plan("bot/authority/policy.py"), named)
    assert opened.owned_files == named


def test_no_class_names_a_file_that_has_moved_away() -> None:
    anywhere = {
        "data/state",
        "tests/acceptance/**/test_*.py",
        "tests/regressions/**/test_*.py",
    }  # not there, or not everywhere
    kinds = {"cogs/**/*.csv", "cogs/**/*.json", "cogs/**/*.txt"}
    paths = [path for kind in BUILT_IN.values() for path in kind.paths]
    gone = [
        path
        for path in paths
        if not path.startswith("**/") and path not in anywhere | kinds and not any(ROOT.glob(path))
    ]
    assert gone == []
