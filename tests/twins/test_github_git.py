"""Git over HTTP at the twin: real fetches and pushes, behind tokens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.repositories import commit, run_git
from tests.twins.github import GithubTwin
from tests.twins.github.client import Client


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[GithubTwin]:
    async with GithubTwin(tmp_path / "github") as twin:
        yield twin


async def run(folder: Path, *arguments: str) -> str:
    """Run git in a thread, because the twin runs in this event loop."""
    return await asyncio.to_thread(run_git, folder, *arguments)


def address(twin: GithubTwin, token: str) -> str:
    return twin.clone_url.replace("//", f"//x-access-token:{token}@")


async def clone_twin(twin: GithubTwin, folder: Path) -> Path:
    await run(folder, "clone", "-q", address(twin, twin.token), str(folder / "clone"))
    return folder / "clone"


async def test_a_clone_and_a_push_reach_the_repository(twin: GithubTwin, tmp_path: Path) -> None:
    here = await clone_twin(twin, tmp_path)
    assert await run(here, "rev-parse", "HEAD") == twin.get_head()
    await run(here, "checkout", "-q", "-b", "theseus/run-fix")
    head = commit(here, {"dice.py": "one\nfix\nthree\n"})
    await run(here, "push", "-q", "origin", "theseus/run-fix")
    assert twin.get_head("theseus/run-fix") == head


async def test_a_push_moves_the_head_of_the_pull_request(twin: GithubTwin, tmp_path: Path) -> None:
    here = await clone_twin(twin, tmp_path)
    async with Client(twin) as client:
        pull = await client.open("fix")
        await run(here, "fetch", "-q", "origin", "fix")
        await run(here, "checkout", "-q", "-b", "fix", pull["head"]["sha"])
        head = commit(here, {"more.txt": "more\n"})
        await run(here, "push", "-q", "origin", "fix")
        assert (await client.get("pulls/1")).data["head"]["sha"] == head
        await run(here, "push", "-q", "origin", ":fix")
        assert (await client.get("pulls/1")).data["state"] == "closed"


async def test_an_authorization_header_does_as_well(twin: GithubTwin, tmp_path: Path) -> None:
    header = f"http.extraHeader=Authorization: Bearer {twin.token}"
    listed = await run(tmp_path, "-c", header, "ls-remote", twin.clone_url, "main")
    assert listed.split()[0] == twin.get_head()


async def test_a_pull_request_can_be_fetched_by_number(twin: GithubTwin, tmp_path: Path) -> None:
    here = await clone_twin(twin, tmp_path)
    async with Client(twin) as client:
        pull = await client.open("fix")
    await run(here, "fetch", "-q", "origin", "pull/1/head")
    assert await run(here, "rev-parse", "FETCH_HEAD") == pull["head"]["sha"]


@pytest.mark.parametrize("token", ["wrong", ""])
async def test_an_invalid_token_cannot_read(twin: GithubTwin, tmp_path: Path, token: str) -> None:
    url = address(twin, token) if token else twin.clone_url
    with pytest.raises(AssertionError, match=r"Authentication failed|could not read Username"):
        await run(tmp_path, "-c", "core.askPass=true", "ls-remote", url)


async def test_another_repository_is_not_found(twin: GithubTwin, tmp_path: Path) -> None:
    url = address(twin, twin.token).replace("ship.git", "other.git")
    with pytest.raises(AssertionError, match="not found"):
        await run(tmp_path, "ls-remote", url)


async def test_who_may_only_read_cannot_push(twin: GithubTwin, tmp_path: Path) -> None:
    twin.grant_token("reader", "bob", contents="read")
    here = await clone_twin(twin, tmp_path)
    commit(here, {"more.txt": "more\n"})
    with pytest.raises(AssertionError, match=r"Permission to theseus/ship.git denied to bob"):
        await run(here, "push", "-q", address(twin, "reader"), "HEAD:refs/heads/x")
    assert twin.get_head("x") is None


async def test_refs_of_pull_requests_reject_pushes(twin: GithubTwin, tmp_path: Path) -> None:
    here = await clone_twin(twin, tmp_path)
    with pytest.raises(AssertionError, match=r"hidden ref|deny updating"):
        await run(here, "push", "-q", "origin", "HEAD:refs/pull/9/head")


async def test_a_push_whose_answer_is_lost_has_arrived(twin: GithubTwin, tmp_path: Path) -> None:
    here = await clone_twin(twin, tmp_path)
    head = commit(here, {"more.txt": "more\n"})
    twin.faults.cut(after=True, method="POST", path="git-receive-pack")
    with pytest.raises(AssertionError):
        await run(here, "push", "-q", "origin", "HEAD:refs/heads/x")
    assert twin.get_head("x") == head


async def test_it_can_begin_as_a_copy_of_a_repository(tmp_path: Path) -> None:
    async with GithubTwin(tmp_path / "one") as one:
        pass
    async with GithubTwin(tmp_path / "two", source=one.bare) as two:
        assert two.get_head() == one.get_head()
