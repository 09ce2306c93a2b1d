"""A merged change of a target is deployed as its entry says, by a real command or server."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters.deployments import CommandDeployment, WebhookDeployment, build_deployment
from bot.domain.target import Target, TargetStart
from bot.domain.target_errors import DeploymentError
from bot.infra.free_port import find_free_port

COMMIT = "c0ffee" * 6 + "abcd"
WRITE = """
import os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text(repr((dict(os.environ), os.getcwd(), sys.argv[2:])))
"""


async def test_a_command_gets_the_commit_and_no_secret_of_ours(tmp_path: Path) -> None:
    command = (sys.executable, "-c", WRITE, str(tmp_path / "seen"), "$THESEUS_COMMIT; {commit}")
    assert await CommandDeployment("welcome", command).deploy(COMMIT) == ""
    seen = (tmp_path / "seen").read_text()
    assert f"'THESEUS_COMMIT': '{COMMIT}'" in seen
    assert "'THESEUS_TARGET': 'welcome'" in seen
    assert "PYTEST_CURRENT_TEST" in os.environ  # as a token would be
    assert "PYTEST_CURRENT_TEST" not in seen
    assert seen.endswith("'/', ['$THESEUS_COMMIT; {commit}'])")  # no shell, no placeholder


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ((sys.executable, "-c", "raise SystemExit('token=ghp_' + '0aB1' * 9)"), r"status 1"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "within 0 s"),
        (("/no/such/program",), "cannot be started"),
    ],
)
async def test_a_command_that_fails_says_so(command: tuple[str, ...], words: str) -> None:
    with pytest.raises(DeploymentError, match=words) as caught:
        await CommandDeployment("welcome", command, seconds=0.4).deploy(COMMIT)
    assert "0aB10aB1" not in str(caught.value)


async def test_only_a_commit_is_passed_on() -> None:
    with pytest.raises(DeploymentError, match="no commit"):
        await CommandDeployment("welcome", ("true",)).deploy("main; reboot")


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, list[object]]]:
    received: list[object] = []

    async def take(request: web.Request) -> web.Response:
        received.append(await request.json())
        if request.path == "/away":
            raise web.HTTPFound("/deploy")
        status = 503 if request.path == "/broken" else 202
        return web.json_response({"message": "no room"}, status=status)

    app = web.Application()
    app.router.add_post("/{name}", take)
    runner, port = web.AppRunner(app), find_free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}", received
    await runner.cleanup()


async def test_a_webhook_gets_the_commit(server: tuple[str, list[object]]) -> None:
    url, received = server
    assert await WebhookDeployment("welcome", f"{url}/deploy").deploy(COMMIT) == ""
    assert received == [{"target": "welcome", "commit": COMMIT}]


@pytest.mark.parametrize(("path", "words"), [("/broken", "503 no room"), ("/away", "302")])
async def test_a_webhook_that_refuses_is_an_error_and_is_not_followed(
    server: tuple[str, list[object]], path: str, words: str
) -> None:
    url, received = server
    with pytest.raises(DeploymentError, match=words):
        await WebhookDeployment("welcome", f"{url}{path}").deploy(COMMIT)
    assert len(received) == 1


async def test_a_person_is_told_what_to_do() -> None:
    target = Target(name="welcome", repository="../w", start=TargetStart(file="bot.py"))
    text = await build_deployment(target).deploy(COMMIT)
    assert "welcome" in text
    assert COMMIT[:7] in text
