"""Versions can be looked at by readers; going back takes a session, and is audited."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.authority.live_items import LiveItemService
from bot.authority.policy import Act
from bot.domain.live_items import FILE_AUTHOR
from tests.bot.web.test_pages import checked
from tests.bot.web.web_server import TOKEN, HttpClient, Room
from tests.fakes.fake_live_registry import FakeLiveRegistry
from tests.support.agent_harness import AgentHarness

HTML = {"Accept": "text/html"}
SKILL = "/versions/skill/writing-a-cog"


@dataclass
class Versions:
    """A room with a skill of two versions, a cog, and the policy that its agent has."""

    room: Room
    world: AgentHarness
    registry: FakeLiveRegistry

    async def back(self, client: HttpClient, **sent: str) -> int:
        """Press a button of the page; return the status."""
        fields = {"form": await client.form(), **sent}
        return (await client.post(SKILL, data=fields, headers=client.own)).status


@pytest.fixture
async def versions(tmp_path: Path) -> Versions:
    room, world = Room(), AgentHarness(tmp_path)
    registry = world.live_registry
    registry.files["cog", "dice"] = "class Dice: ..."
    for text in ("one way", "another way"):
        registry.files["skill", "writing-a-cog"] = text
        await registry.reload(FILE_AUTHOR)
    room.without(live_registry=registry, live_items=world.create_agent().get(LiveItemService))
    return Versions(room, world, registry)


async def test_an_item_shows_its_versions_and_what_each_changed(versions: Versions) -> None:
    async with versions.room.serving() as client:
        listed = checked((await client.get("/versions")).text)
        assert "writing-a-cog" in listed.read
        assert ("a", {"href": SKILL}) in listed.found
        page = checked((await client.get(f"{SKILL}?version=1")).text)
        for said in ("Skill writing-a-cog", "another way", "one way", "an edit of the file"):
            assert said in page.read
        assert "log in" in page.read
        assert "Roll back" not in page.read
        assert "in git" in (await client.get("/versions/cog/dice")).text


async def test_who_holds_the_token_goes_back_and_it_is_audited(versions: Versions) -> None:
    async with versions.room.serving(token=TOKEN) as client:
        await client.log_in()
        assert 'aria-label="Roll back to version 1"' in (await client.get(SKILL)).text
        assert await versions.back(client, version="1") == 303
        assert "Rolled back from version 2 by the operator" in (await client.get(SKILL)).text
    assert versions.registry.get_item("skill", "writing-a-cog").version == 1
    (entry,) = await versions.world.store.list_audit_entries()
    assert (entry.action, entry.person, entry.how) == (Act.ROLL_BACK, None, "page")
    assert entry.note == "skill writing-a-cog to version 1"


async def test_a_program_with_the_token_rolls_back_and_it_is_audited(versions: Versions) -> None:
    async with versions.room.serving(token=TOKEN) as client:
        address, sent = f"{SKILL}/rollback", {"version": "1"}
        assert (await client.post(address, data=sent, headers=client.own)).status == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = await client.post(address, data=sent, headers=headers)
        assert answer.status == 200
        assert json.loads(answer.text) == {"kind": "skill", "name": "writing-a-cog", "version": 1}
        missing = await client.post(address, data={"version": "9"}, headers=headers)
        assert missing.status == 404
    entries = await versions.world.store.list_audit_entries()
    assert {(each.action, each.person) for each in entries} == {(Act.ROLL_BACK, None)}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"version": "9"}, 404), ({"version": ""}, 400), ({"version": "1'--"}, 400),
        ({}, 400), ({"version": "1", "form": "forged"}, 403),
    ],
)  # fmt: skip
async def test_what_is_no_version_of_it_changes_nothing(
    versions: Versions, sent: dict[str, str], status: int
) -> None:
    async with versions.room.serving(token=TOKEN) as client:
        await client.log_in()
        assert await versions.back(client, **sent) == status
    assert versions.registry.get_item("skill", "writing-a-cog").version == 2


async def test_code_is_not_rolled_back_from_here(versions: Versions) -> None:
    async with versions.room.serving(token=TOKEN) as client:
        await client.log_in()
        sent = {"form": await client.form(), "version": "1"}
        answer = await client.post("/versions/cog/dice", data=sent, headers=client.own)
        assert (answer.status, "git" in answer.text) == (409, True)


async def test_without_a_session_nobody_goes_back(versions: Versions) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with versions.room.serving(token=TOKEN) as client:
        for headers in ({}, bearer, {**client.own, **bearer}):
            answer = await client.post(SKILL, data={"version": "1"}, headers=headers)
            assert answer.status in (401, 403)
        await client.log_in()
        form = await client.form()
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        sent = {"version": "1", "form": form}
        assert (await client.post(SKILL, data=sent, headers=foreign)).status == 403
    async with versions.room.serving() as client:
        answer = await client.post(SKILL, data={"version": "1"}, headers=client.own)
        assert answer.status == 401
    assert versions.registry.get_item("skill", "writing-a-cog").version == 2


@pytest.mark.parametrize(
    "path",
    [
        "/versions/skill/nobody", "/versions/skill/..%2f..%2fetc%2fpasswd", "/versions/key/x",
        "/versions/skill/.env", f"/versions/skill/{'a' * 81}", f"{SKILL}?version=99",
    ],
)  # fmt: skip
async def test_what_is_no_item_is_not_there(versions: Versions, path: str) -> None:
    async with versions.room.serving() as client:
        assert (await client.get(path, headers=HTML)).status == 404


async def test_without_a_registry_it_is_said() -> None:
    async with Room().serving() as client:
        assert "Nothing here can change" in (await client.get("/versions")).text
        assert (await client.get(SKILL)).status == 404


async def test_what_is_refused_says_why_and_what_still_counts(versions: Versions) -> None:
    versions.registry.files["skill", "writing-a-cog"] = "broken: line 3: no <description>"
    await versions.registry.reload(FILE_AUTHOR)
    async with versions.room.serving() as client:
        page = checked((await client.get(SKILL)).text).read
        assert "Version 2 still is" in page
        assert "line 3: no <description>" in page
        assert "Refused" in (await client.get("/versions")).text
