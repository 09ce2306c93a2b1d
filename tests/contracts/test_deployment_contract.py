"""What every deployment of a target promises."""

import sys
from pathlib import Path

import pytest

from bot.adapters.deployments import CommandDeployment, PersonDeployment
from bot.domain.target_errors import DeploymentError
from bot.ports.deployment import Deployment
from tests.fakes.fake_deployment import FakeDeployment

COMMIT = "c0ffee" * 6 + "abcd"


@pytest.fixture(params=["fake", "person", "command"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "fake":
        return FakeDeployment()
    if request.param == "person":
        return PersonDeployment("welcome")
    return CommandDeployment("welcome", (sys.executable, "-c", ""))


async def test_it_says_what_is_left_for_a_person_and_can_be_repeated(
    deployment: Deployment,
) -> None:
    first = await deployment.deploy(COMMIT)
    assert first == "" or first.endswith(".")
    assert await deployment.deploy(COMMIT) == first


@pytest.mark.parametrize("kind", ["fake", "command"])
async def test_a_failure_is_one_error(tmp_path: Path, kind: str) -> None:
    broken: Deployment = FakeDeployment(failure="no room")
    if kind == "command":
        broken = CommandDeployment("welcome", (str(tmp_path / "missing"),))
    with pytest.raises(DeploymentError):
        await broken.deploy(COMMIT)
