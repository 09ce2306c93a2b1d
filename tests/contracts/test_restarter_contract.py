"""What every restarter promises, on the fake, with a supervisor and without."""

from pathlib import Path
from typing import Any

import pytest

from bot.adapters.supervised_restarter import SupervisedRestarter
from bot.adapters.unsupervised_restarter import UnsupervisedRestarter
from bot.ports.restarter import Restarter
from bot.supervisor.records import Handover
from bot.supervisor.state_schema import find_incompatibility
from tests.fakes.fake_restarter import FakeRestarter
from tests.fakes.repositories import commit, make_repository

COMMIT = "4f2d1c0b9a8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c"


def supervised(root: Path, *, gone: bool = False, bad: str = "") -> SupervisedRestarter:
    """Return one whose supervisor hears nothing."""
    known = {COMMIT: bad} if bad else {}
    return SupervisedRestarter(root, lambda _: None, lambda: gone, known)


@pytest.fixture(params=["fake", "refusing", "unsupervised", "supervised", "left alone"])
def restarter(request: pytest.FixtureRequest, tmp_path: Path) -> Restarter:
    if request.param == "unsupervised":
        return UnsupervisedRestarter()
    if request.param in ("supervised", "left alone"):
        return supervised(tmp_path, gone=request.param == "left alone")
    return FakeRestarter("not now" if request.param == "refusing" else "")


async def test_a_refusal_says_why_and_what_is_accepted_needs_no_words(restarter: Restarter) -> None:
    answer = await restarter.request(commit=COMMIT, run_id="k7m2xq", reason="a fix of the core")
    assert answer.accepted != bool(answer.reason)


async def test_asking_again_is_harmless(restarter: Restarter) -> None:
    first = await restarter.request(commit=COMMIT, run_id="k7m2xq", reason="a fix of the core")
    assert await restarter.request(commit=COMMIT, reason="the same again") == first


async def test_what_was_never_started_was_not_rolled_back(restarter: Restarter) -> None:
    assert restarter.get_rollback_reason(COMMIT) is None


@pytest.mark.parametrize("kind", ["fake", "supervised"])
async def test_what_was_rolled_back_is_refused(kind: str, tmp_path: Path) -> None:
    fake = FakeRestarter()
    fake.rollbacks[COMMIT] = "it did not answer"
    restarter = fake if kind == "fake" else supervised(tmp_path, bad="it did not answer")
    answer = await restarter.request(commit=COMMIT, reason="once more")
    assert restarter.get_rollback_reason(COMMIT) == "it did not answer"
    assert not answer.accepted and "it did not answer" in answer.reason


async def test_what_migrates_the_state_is_told_beforehand(tmp_path: Path) -> None:
    root = tmp_path / "code"
    before = make_repository(root, {"bot/adapters/store.py": 'Migration("one")\n'})
    source = {"bot/adapters/store.py": 'Migration("one")\nMigration("two")\n'}
    after = commit(root, source, "Two")
    asked: list[dict[str, Any]] = []
    for has_files in (True, False):
        restarter = SupervisedRestarter(
            root, asked.append, lambda: False, {}, running=before, has_files=has_files
        )
        answer = await restarter.request(commit=after, reason="a fix")
        assert answer.accepted and "it migrates the state (two)" in answer.caution
    assert [each["migrates"] for each in asked] == [["two"], ["two"]]
    assert "theseus.sqlite3" in asked[0]["databases"]
    # In PostgreSQL: the supervisor rolls back no commit that was to migrate.
    handed = Handover.from_request(asked[1], after, before, "")
    assert "its code migrates the state (two)" in find_incompatibility(tmp_path, handed)
