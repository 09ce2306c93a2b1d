"""What is kept of somebody: told to them alone, and erased when they say so, of them alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message
from theseus_observe.pseudonyms import build_pseudonym
from theseus_rehearsal.records import CommandStep

from bot.authority.personal_data import PersonalDataKind, PersonalDataService
from bot.domain.chat import CHAT, ChatLine, Chronicle
from bot.domain.correction import Correction
from bot.domain.errors import StoreError
from bot.domain.feature_request import FeatureRequest, Requester
from bot.domain.ids import create_sortable_id
from bot.domain.intents import Intent
from bot.domain.memory import Memory
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject, PendingErasure
from bot.domain.traffic import TrafficRecord
from bot.domain.use import ChangeFeedback
from bot.intake.corrections import Corrections
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import make_failure
from tests.support.dev_channel import DevChannel, get_custom_id, list_labels, open_dev_channel

KEPT = (
    "uses of commands, to be played again: **1**, for 30 days",
    "I answered: **2**, the last 40 of each channel",
    "notes you had me remember: **1**",
    "wishes you are one of: **2**",
    "👍 and 👎 on changes: **1**",
    "sentences of yours that I took for something else: **1**",
    "reports of faults",
)
ERASE, CONFIRM = "Erase my data", "Yes, erase it"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        yield opened


async def keep(room: DevChannel, name: str) -> None:
    """Have something of each kind kept of somebody; wish and talk are shared with the others."""
    world, at, who = room.world, room.world.clock.now(), room.local.people[name]
    known = build_pseudonym(who, b"salt")
    world.journal.append(make_failure(world.clock).replace(user=known))
    await world.traffic.record(
        [
            TrafficRecord(
                id=create_sortable_id(at), at=at, event="command.roll",
                step=CommandStep(by="asker", command="roll"), pseudonyms={"asker": known},
            )
        ]
    )  # fmt: skip
    note = Memory(key=f"note:{who}", kind="note", text=f"of {name}", by=name, by_id=who, at=at)
    await world.memory.remember(note)
    said = ChatLine(message_id=who, by=name, by_id=who, text=f"{name} talks", at=at)
    talk = await world.key_values.get(f"{CHAT}5", Chronicle) or Chronicle(channel_id=5)
    await world.key_values.put(
        f"{CHAT}5", talk.append(said, said.replace(by="", ours=True), most=40)
    )
    wisher = Requester(id=who, name=name)
    wish = await world.key_values.get("wish:both", FeatureRequest)
    first = FeatureRequest(
        id="both", text="a /coinflip", requesters=(wisher,), first_at=at, last_at=at
    )
    shared = wish.replace(requesters=(*wish.requesters, wisher)) if wish else first
    await world.key_values.put("wish:both", shared)
    await world.key_values.put(f"wish:{who}", first.replace(id=str(who)))
    kept = await world.key_values.get("feedback:k7", ChangeFeedback) or ChangeFeedback(run_id="k7")
    given = kept.replace(
        signs={**kept.signs, str(who): "👍"}, flagged={**kept.flagged, str(who): True}
    )
    await world.key_values.put("feedback:k7", given)
    author, corrections = Person(id=who, name=name), room.services.get(Corrections)
    await corrections.remember("polls look sad", author, Intent.INVESTIGATE, "change")


async def told(room: DevChannel, who: str) -> Message:
    """Return the private answer to `/privacy`."""
    asked = await room[who].run("dev", "privacy")
    await room.wait_for_answer(who, asked, "dev")
    wanted = asked["message"]["id"]
    return next(m for m in await room[who].list_messages("dev") if m["id"] == wanted)


async def pressed(room: DevChannel, who: str, label: str) -> str:
    """Press the newest button of that label that they see; return the answer."""
    shown = [each for each in await room[who].list_messages("dev") if label in list_labels(each)][
        -1
    ]
    return await room.wait_for_answer(
        who, await room[who].press("dev", get_custom_id(shown, label), shown), "dev"
    )


async def test_anybody_is_told_what_is_kept_of_them_and_has_it_erased_and_nobody_elses(
    room: DevChannel,
) -> None:
    for name in ("mallory", "bob"):
        await keep(room, name)
    known = build_pseudonym(room.local.people["mallory"], b"salt")
    for who in ("mallory", "bob"):
        text = (await told(room, who))["content"]
        assert all(kept in text for kept in KEPT), text
    text = (await told(room, "mallory"))["content"]
    assert f"In the journal you are `{known}`" in text
    assert "for 30 days" in text
    assert "- None: runs you asked for, with your words; entries in the audit log" in text

    assert "cannot be undone" in await pressed(room, "mallory", ERASE)
    assert room.world.traffic.records  # nothing is gone before they confirm
    text = await pressed(room, "mallory", CONFIRM)
    assert "wishes you are one of: 2" in text
    assert "uses of commands, to be played again: 1" in text
    world, him = room.world, str(room.local.people["mallory"])
    left = [*world.memory.bodies, *map(repr, world.traffic.records), *map(repr, await stored(room))]
    assert not [each for each in left if him in each or known in each]
    assert [each for each in world.journal.actions if each.user == known and each.error] == []

    text = (await told(room, "bob"))["content"]
    assert all(kept in text for kept in KEPT), text
    (entry,) = [e for e in await world.store.list_audit_entries() if e.action == "erase"]
    assert (entry.person, entry.allowed) == (None, True)
    assert known in entry.note
    assert "mallory" not in repr(entry)


async def stored(room: DevChannel) -> list[object]:
    """Return what is in the key-value store under the names that hold something of people."""
    keyed = room.world.key_values
    return [
        *await keyed.list_records(CHAT, Chronicle),
        *await keyed.list_records("wish:", FeatureRequest),
        *await keyed.list_records("feedback:", ChangeFeedback),
        *await keyed.list_records("correction:", Correction),
        *await keyed.list_records("erasure:", PendingErasure),
    ]  # fmt: skip


async def test_what_an_ended_process_had_begun_to_erase_is_erased_at_the_next_start() -> None:
    left, harm = {"first": 3, "second": 2}, [StoreError("the disk is full")]
    ada, key_values, store = Person(id=7, name="ada"), FakeKeyValueStore(), FakeStore()

    def service() -> PersonalDataService:
        kinds = [PersonalDataKind(name, "for ever", count(name), erase(name)) for name in left]
        return PersonalDataService(
            kinds, lambda known: f"u-{known}", store, key_values, FakeClock()
        )

    def count(name: str):  # type: ignore[no-untyped-def]
        async def counted(subject: DataSubject) -> int:
            return left[name]

        return counted

    def erase(name: str):  # type: ignore[no-untyped-def]
        async def erased(subject: DataSubject) -> int:
            if name == "second" and harm:
                raise harm.pop()
            count, left[name] = left[name], 0
            return count

        return erased

    with pytest.raises(StoreError):
        await service().erase(ada)
    assert (left, *await store.list_audit_entries()) == ({"first": 0, "second": 2},)
    await service().run_forever()
    assert left == {"first": 0, "second": 0}
    assert [each.action for each in await store.list_audit_entries()] == ["erase"]
    await service().run_forever()
    assert len(await store.list_audit_entries()) == 1
