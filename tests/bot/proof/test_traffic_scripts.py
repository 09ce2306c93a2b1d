"""A record becomes a script that a person could have written."""

from datetime import timedelta

from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    MenuStep,
    PressStep,
    SayStep,
    SingleStep,
    WaitStep,
    WebAnswer,
)

from bot.domain.ids import create_sortable_id
from bot.domain.journal import ActionOutcome
from bot.domain.traffic import TrafficRecord, find_last_success
from bot.proof.traffic_scripts import add_files, build_script, find_earlier
from tests.fakes.fake_clock import START

ASKER = Actor(name="asker", permissions=("manage_messages",))


def record(minute: int, step: SingleStep, who: str = "u-alice", **about: object) -> TrafficRecord:
    """Return what was asked so many minutes after the start, by whom."""
    at = START + timedelta(minutes=minute)
    told = {
        "id": create_sortable_id(at),
        "at": at,
        "event": "command.poll create",
        "cog": "polls",
        "step": step,
        "people": (ASKER,),
        "pseudonyms": {"asker": who, "channel": "c-here", "server": "s-1"},
    }
    return TrafficRecord.model_validate(told | about)


def create(channel: str = "general", **options: object) -> CommandStep:
    told = {"by": "asker", "channel": channel, "command": "poll create", "options": options}
    return CommandStep.model_validate(told)


PRESS = PressStep(by="asker", channel="general", press="pizza")


def test_an_interaction_alone_has_its_own_people_and_channels() -> None:
    step = create("elsewhere", whom="@other", where="#shop", role="@&crew", say="hello @owner")
    script = build_script(record(1, step, web=(WebAnswer(url="https://x.test/"),)), ())
    assert script.steps == (step,)
    assert [each.name for each in script.world.people] == ["asker", "other", "owner", "member"]
    assert script.world.people[0] == ASKER
    assert script.world.people[-1].roles == ("crew",)
    assert script.world.channels == ("dev", "general", "elsewhere", "shop")
    assert script.world.web == (WebAnswer(url="https://x.test/"),)
    assert script.world.starts == START + timedelta(minutes=1)


def test_the_same_person_keeps_a_name_and_another_gets_one() -> None:
    made = record(1, create(), who="u-bob")
    voted = record(2, PRESS, who="u-alice")
    failed = record(3, PRESS, who="u-alice")
    script = build_script(failed, [made, voted])
    assert [getattr(each, "by", "") for each in script.steps] == ["other", "asker", "asker"]
    assert [each.name for each in script.world.people] == ["asker", "other"]


def test_somebody_mentioned_earlier_is_who_asks_now() -> None:
    given = record(
        1,
        create(whom="@other"),
        people=(ASKER, Actor(name="other")),
        pseudonyms={"asker": "u-bob", "other": "u-alice", "channel": "c-else", "server": "s-1"},
    )
    first, _ = build_script(record(2, PRESS), [given]).steps
    assert isinstance(first, CommandStep)
    assert (first.by, first.options["whom"], first.channel) == ("other", "@asker", "elsewhere")


def test_what_came_before_is_of_the_same_cog_and_server() -> None:
    failed = record(5, PRESS)
    known = [
        record(4, PRESS),
        record(1, create()),
        record(2, create(), cog="dice"),
        record(3, create(), pseudonyms={"server": "s-2"}),
        record(6, create()),
        failed,
    ]
    assert [each.at.minute for each in find_earlier(failed, known)] == [1, 4]


def test_time_passes_only_where_it_is_asked_for() -> None:
    made, failed = record(1, create()), record(61, PRESS)
    assert build_script(failed, [made]).steps == (made.step, PRESS)
    script = build_script(failed, [made], waits=True)
    assert script.steps == (made.step, WaitStep(wait=3600), PRESS)
    assert script.world.starts == made.at


def test_the_bot_is_called_as_it_is_in_a_play_and_targets_are_said_first() -> None:
    menu = MenuStep(by="asker", channel="general", menu="Count", on="m1")
    target = SayStep(by="asker", channel="general", say="five words, @bot")
    other = record(1, menu, target=target.replace(say="before"))
    script = build_script(record(2, menu, target=target), [other])
    assert [getattr(each, "say", "") for each in script.steps[:2]] == [
        "five words, @Theseus",
        "before",
    ]
    assert [getattr(each, "on", "") for each in script.steps[2:]] == ["m2", "m1"]


def test_files_of_a_snapshot_are_in_the_world() -> None:
    script = add_files(build_script(record(1, PRESS), ()), {"polls.sqlite3": b"\0x"})
    assert script.world.files == {"polls.sqlite3": "AHg="}


def test_the_last_success_is_the_newest_before_it_failed() -> None:
    worked = [record(1, PRESS, commit="a" * 40), record(2, PRESS, commit="b" * 40)]
    failed = record(3, PRESS, outcome=ActionOutcome.ERROR, commit="c" * 40)
    later = record(4, PRESS, commit="c" * 40)
    found = find_last_success([later, failed, *worked], failed.at)
    assert found is not None
    assert found.commit == "b" * 40
    assert find_last_success([failed, later], failed.at) is None


def test_flags_are_on_as_whoever_asked_last_found_them() -> None:
    first = record(1, create(), flags={"ranked": True, "old": True})
    last = record(2, PRESS, flags={"ranked": False, "fresh": True})
    assert build_script(last, [first]).world.flags == ("fresh", "old")
    assert build_script(first, ()).world.flags == ("old", "ranked")
    assert first.form != first.replace(flags={}).form
    assert first.replace(flags={"ranked": False}).form == first.replace(flags={}).form
