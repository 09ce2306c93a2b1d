"""The virtual Discord without a network: time limits and bounded memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from local_discord.world import Call, LocalPerson, Refused, World
from local_discord.world._backend import MAX_MESSAGES, MAX_THREADS


class Time:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.current = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.current

    def skip(self, **span: float) -> None:
        self.current += timedelta(**span)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def world(time: Time) -> World:
    made = World(
        [LocalPerson("alice", listed=True)], guild_name="G", channels=("dev",), now=time.now
    )
    command = {"name": "ping", "description": "Ping", "type": 1}
    made.rest.answer(Call("PUT", f"/applications/{made.bot.id}/commands", json=[command]))
    return made


def asked(world: World) -> Any:
    alice, dev = world.lookup.find_person("alice"), world.lookup.find_channel("dev")
    return world.interactions.run_command(alice, dev, "ping", None, None)


def respond(world: World, record: Any) -> tuple[int, Any]:
    told = {"type": 4, "data": {"content": "pong"}}
    return world.rest.answer(
        Call("POST", f"/interactions/{record.id}/{record.token}/callback", json=told)
    )


def follow_up(world: World, record: Any) -> tuple[int, Any]:
    path = f"/webhooks/{world.bot.id}/{record.token}"
    return world.rest.answer(Call("POST", path, json={"content": "more"}))


def test_a_first_response_is_taken_for_three_seconds(world: World, time: Time) -> None:
    record = asked(world)
    time.skip(seconds=2.9)
    assert respond(world, record) == (204, None)
    late = asked(world)
    time.skip(seconds=3)
    status, body = respond(world, late)
    assert (status, body["code"]) == (404, 10062)


def test_follow_ups_are_taken_for_fifteen_minutes(world: World, time: Time) -> None:
    record = asked(world)
    assert follow_up(world, record)[0] == 404
    respond(world, record)
    time.skip(minutes=14, seconds=59)
    assert follow_up(world, record)[0] == 200
    time.skip(seconds=1)
    status, body = follow_up(world, record)
    assert (status, body["code"]) == (401, 50027)


def test_old_interactions_are_forgotten(world: World, time: Time) -> None:
    for _ in range(5):
        asked(world)
    time.skip(minutes=16)
    asked(world)
    assert len(world.backend.interactions) == 1
    assert len(world.backend.interaction_tokens) == 1


async def test_a_bot_cannot_answer_once_the_person_was_told_it_failed(
    world: World, time: Time
) -> None:
    record = asked(world)
    told = await world.wait_for_outcome(record, reachable=False)
    assert (told["result"], told["error"]) == ("failed", "G is offline")
    assert respond(world, record)[0] == 404


def test_a_nonce_counts_for_a_few_minutes(world: World, time: Time) -> None:
    path = f"/channels/{world.channel_ids[0]}/messages"
    call = Call("POST", path, json={"content": "x", "nonce": "n", "enforce_nonce": True})
    first = world.rest.answer(call)[1]
    time.skip(minutes=4)
    assert world.rest.answer(call)[1]["id"] == first["id"]
    time.skip(minutes=2)
    assert world.rest.answer(call)[1]["id"] != first["id"]
    loose = Call("POST", path, json={"content": "x", "nonce": "n"})
    assert world.rest.answer(loose)[1]["id"] != world.rest.answer(loose)[1]["id"]


def test_a_channel_keeps_its_newest_messages(world: World) -> None:
    alice, dev = world.lookup.find_person("alice"), world.lookup.find_channel("dev")
    for number in range(MAX_MESSAGES + 5):
        world.actions.say(alice, dev, str(number))
    kept = [message.content for message in world.backend.messages[dev.id].values()]
    assert len(kept) == MAX_MESSAGES
    assert (kept[0], kept[-1]) == ("5", str(MAX_MESSAGES + 4))


def test_the_guild_keeps_its_newest_threads(world: World) -> None:
    alice, dev = world.lookup.find_person("alice"), world.lookup.find_channel("dev")
    for number in range(MAX_THREADS + 3):
        world.actions.open_thread(alice, dev, str(number), None)
    names = [thread["name"] for thread in world.show()["threads"]]
    assert (len(names), names[0]) == (MAX_THREADS, "3")


def test_ids_grow_and_carry_their_time(world: World, time: Time) -> None:
    ids = [world.backend.snowflake() for _ in range(3)]
    time.skip(seconds=1)
    ids.append(world.backend.snowflake())
    assert ids == sorted(set(ids))
    at = datetime.fromtimestamp(((ids[-1] >> 22) + 1420070400000) / 1000, UTC)
    assert at == time.now()


def test_a_message_wakes_an_archived_thread_but_not_a_locked_one(world: World) -> None:
    alice, dev = world.lookup.find_person("alice"), world.lookup.find_channel("dev")
    thread = world.actions.open_thread(alice, dev, "talk", None)
    path = f"/channels/{thread.id}"
    assert world.rest.answer(Call("PATCH", path, json={"archived": True}))[1]["thread_metadata"][
        "archived"
    ]
    said = {"content": "hello"}
    _, message = world.rest.answer(Call("POST", f"{path}/messages", json=said))
    world.rest.answer(Call("PATCH", path, json={"archived": True}))
    edited = Call("PATCH", f"{path}/messages/{message['id']}", json=said)
    status, body = world.rest.answer(edited)
    assert (status, body["code"]) == (400, 50083)
    world.actions.say(alice, thread, "hello again")
    assert world.rest.answer(edited)[0] == 200
    assert not world.show_channel(thread)["archived"]
    world.rest.answer(Call("PATCH", path, json={"archived": True, "locked": True}))
    with pytest.raises(Refused, match="is locked"):
        world.actions.say(alice, thread, "let me in")
