"""The twin of Forgejo holds both sides to Forgejo's description."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.twins.forgejo import ForgejoTwin
from tests.twins.forgejo._description import find_answer_fault, find_request_fault

REPO = "/repos/{owner}/{repo}"


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[ForgejoTwin]:
    async with ForgejoTwin(tmp_path) as twin:
        yield twin
        twin.violations.clear()


@pytest.mark.parametrize(
    ("method", "template", "query", "body", "words"),
    [
        ("POST", f"{REPO}/pulls/{{index}}/merge", {}, b'{"Do": "merge"}', ""),
        ("POST", f"{REPO}/pulls/{{index}}/merge", {}, b'{"head_commit_id": "a"}', '"Do"'),
        ("POST", f"{REPO}/pulls/{{index}}/merge", {}, b'{"Do": "push"}', "Do"),
        ("POST", f"{REPO}/pulls", {}, b'{"draft": true}', "draft"),
        ("POST", f"{REPO}/pulls", {}, b'{"title": 7}', "title"),
        ("GET", f"{REPO}/pulls", {"per_page": "9"}, b"", "per_page"),
        ("GET", f"{REPO}/pulls/{{index}}/checks", {}, b"", "no such operation"),
        ("GET", "/user", {}, b"{}", "no body"),
    ],
)
def test_requests_are_held_to_the_description(
    method: str, template: str, query: dict[str, str], body: bytes, words: str
) -> None:
    fault = find_request_fault(method, template, query, body)
    assert (fault is None) if not words else (fault is not None and words in fault)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b'{"login": "a"}', ""),
        (200, b'{"login": null}', ""),
        (200, b'{"login": 7}', "login"),
        (200, b'{"node_id": "x"}', "node_id"),
        (200, b"", "should be a body"),
        (201, b'{"login": "a"}', "no answer 201"),
    ],
)
def test_answers_are_held_to_the_description(status: int, body: bytes, words: str) -> None:
    fault = find_answer_fault("GET", "/user", status, body)
    assert (fault is None) if not words else (fault is not None and words in fault)


async def test_what_is_not_as_described_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the twin has no such operation"):
        async with ForgejoTwin(tmp_path / "forge") as twin, aiohttp.ClientSession() as web:
            await web.get(f"{twin.url}/api/v1/nothing")


async def test_a_conflict_and_a_check_that_runs_have_the_same_answer(twin: ForgejoTwin) -> None:
    twin.push("fix", {"dice.py": "one\nmine\nthree\n"})
    twin.push("main", {"dice.py": "one\ntheirs\nthree\n"})
    headers = {"Authorization": f"token {twin.token}"}
    async with aiohttp.ClientSession(f"{twin.url}/api/v1/", headers=headers) as web:
        body = {"title": "Fix", "head": "fix", "base": "main"}
        async with web.post(f"repos/{twin.repository}/pulls", json=body) as answer:
            assert answer.status == 201
            number = (await answer.json())["number"]
        for _ in range(3):
            path = f"repos/{twin.repository}/pulls/{number}/merge"
            async with web.post(path, json={"Do": "merge"}) as answer:
                assert (answer.status, (await answer.json())["message"]) == (
                    405,
                    "Please try again later",
                )
