"""No target reaches the checkout, the state or the forge of Theseus, whatever its entry says."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.domain.target import Target, TargetDeployment, TargetStart
from bot.targets.checkout import read_checkout
from bot.targets.reach import check_reach, check_repository, require_distinct
from tests.fakes.repositories import make_repository, run_git


def make_target(repository: str, *command: str) -> Target:
    deployment = TargetDeployment(kind="command", command=command) if command else None
    return Target(
        name="welcome",
        repository=repository,
        start=TargetStart(file="bot.py"),
        deployment=deployment or TargetDeployment(),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "theseus"
    make_repository(root)
    (root / "data/state").mkdir(parents=True)
    return root


@pytest.mark.parametrize(
    "repository",
    [
        ".",
        "..",
        "data/state",
        "data/state/targets/welcome",
        "cogs",
        "../link",
        "../theseus/../theseus",
    ],
)
def test_a_repository_that_overlaps_with_theseus_is_refused(root: Path, repository: str) -> None:
    (root.parent / "link").symlink_to(root, target_is_directory=True)
    with pytest.raises(ConfigError, match=r"welcome: .* overlaps"):
        check_reach(make_target(repository), root, root / "data/state")


def test_the_clone_of_a_url_may_not_be_a_link(root: Path) -> None:
    state = root / "data/state"
    (state / "targets").mkdir()
    (state / "targets/welcome").symlink_to(root, target_is_directory=True)
    with pytest.raises(ConfigError, match="is a link"):
        check_reach(make_target("https://example.org/bot"), root, state)


def test_a_worktree_of_theseus_is_no_repository_of_its_own(root: Path) -> None:
    other = root.parent / "welcome"
    run_git(root, "worktree", "add", "-q", str(other))
    target = make_target("../welcome")
    folder = check_reach(target, root, root / "data/state")
    with pytest.raises(ConfigError, match="belongs to Theseus"):
        check_repository(target, read_checkout(folder), root, root / "data/state")


@pytest.mark.parametrize(
    "command", [("./dice.py",), ("{folder}/dice.py",), ("sh", "{folder}/dice.py")]
)
def test_a_deployment_runs_no_file_of_the_repository(root: Path, command: tuple[str, ...]) -> None:
    folder = root.parent / "welcome"
    make_repository(folder)
    (root.parent / "elsewhere").symlink_to(folder, target_is_directory=True)
    for place in (folder, root.parent / "elsewhere"):
        words = [word.format(folder=place) for word in command]
        target = make_target("../welcome", *words)
        with pytest.raises(ConfigError, match=r"deployment\.command"):
            check_repository(target, read_checkout(folder), root, root / "data/state")


def test_a_program_outside_of_the_repository_may_deploy_it(root: Path) -> None:
    folder = root.parent / "welcome"
    make_repository(folder)
    target = make_target("../welcome", "systemctl", "restart", "welcome")
    check_repository(target, read_checkout(folder), root, root / "data/state")


def test_two_targets_have_two_repositories(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one and two have the same repository"):
        require_distinct([("one", tmp_path), ("two", tmp_path)])
