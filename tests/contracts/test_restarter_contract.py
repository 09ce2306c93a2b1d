"""What every restarter promises, on the fake and where nobody restarts the program."""

import pytest

from bot.adapters.unsupervised_restarter import UnsupervisedRestarter
from bot.ports.restarter import Restarter
from tests.fakes.fake_restarter import FakeRestarter

COMMIT = "4f2d1c0b9a8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c"


@pytest.fixture(params=["fake", "refusing", "unsupervised"])
def restarter(request: pytest.FixtureRequest) -> Restarter:
    if request.param == "unsupervised":
        return UnsupervisedRestarter()
    return FakeRestarter("not now" if request.param == "refusing" else "")


async def test_a_refusal_says_why_and_what_is_accepted_needs_no_words(restarter: Restarter) -> None:
    answer = await restarter.request(commit=COMMIT, run_id="k7m2xq", reason="a fix of the core")
    assert answer.accepted != bool(answer.reason)


async def test_asking_again_is_harmless(restarter: Restarter) -> None:
    first = await restarter.request(commit=COMMIT, run_id="k7m2xq", reason="a fix of the core")
    assert await restarter.request(commit=COMMIT, reason="the same again") == first


async def test_what_was_never_started_was_not_rolled_back(restarter: Restarter) -> None:
    assert restarter.rolled_back(COMMIT) is None


async def test_what_was_rolled_back_is_refused() -> None:
    restarter = FakeRestarter()
    restarter.taken_back[COMMIT] = "it did not answer"
    answer = await restarter.request(commit=COMMIT, reason="once more")
    assert not answer.accepted and answer.reason == restarter.rolled_back(COMMIT)
