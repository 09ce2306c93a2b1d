"""Listed people look, developers reload, approvers roll back; all is written down."""

from pathlib import Path

import pytest

from bot.authority.live_items import LiveItemService
from bot.domain.errors import NotAuthorized
from tests.support.agent_harness import ALICE, DORA, MALLORY, AgentHarness


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    return AgentHarness(tmp_path)


@pytest.fixture
def service(world: AgentHarness) -> LiveItemService:
    return world.create_agent().get(LiveItemService)


async def test_who_is_not_listed_learns_and_changes_nothing(
    world: AgentHarness, service: LiveItemService
) -> None:
    world.live_registry.files["persona", "persona"] = "kind\n"
    await world.live_registry.reload()
    for refused in (
        service.list_items(MALLORY),
        service.list_versions(MALLORY, "persona", "persona"),
        service.read_text(MALLORY, "persona", "persona", 1),
        service.reload(MALLORY),
        service.roll_back(MALLORY, "persona", "persona", 1),
    ):
        with pytest.raises(NotAuthorized, match="Sorry mallory"):
            await refused


async def test_a_developer_reloads_and_may_not_roll_back(
    world: AgentHarness, service: LiveItemService
) -> None:
    world.live_registry.files["persona", "persona"] = "kind\n"
    (item,) = (await service.reload(DORA)).live
    assert await service.list_items(DORA) == (item,)
    world.live_registry.files["persona", "persona"] = "rude\n"
    await service.reload(DORA)
    with pytest.raises(NotAuthorized, match="roll back my prompts and skills"):
        await service.roll_back(DORA, "persona", "persona", 1)
    assert world.live_registry.get_item("persona", "persona").version == 2
    newest, _ = (await service.list_versions(DORA, "persona", "persona"))[1]
    assert newest.author.summary == "dora"


async def test_an_approver_rolls_back_and_that_is_in_the_audit_log(
    world: AgentHarness, service: LiveItemService
) -> None:
    for text in ("kind\n", "rude\n"):
        world.live_registry.files["persona", "persona"] = text
        await world.live_registry.reload()
    item = await service.roll_back(ALICE, "persona", "persona", 1)
    assert item.version == 1
    assert await service.read_text(ALICE, "persona", "persona", 1) == "kind\n"
    (entry, *_) = await world.store.list_audit_entries(limit=1)
    assert entry.person is not None
    assert (entry.person.name, entry.action, entry.allowed, entry.note) == (
        "alice", "roll back", True, "persona persona to version 1",
    )  # fmt: skip
