"""Scripts are built from the records of a bot: what people asked, by whom and where."""

import json
from pathlib import Path
from typing import Any

import pytest
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.recorded_scripts import (
    RecordedScript,
    build_recorded_script,
    read_journal,
)
from theseus_rehearsal.records import (
    Actor,
    BotCommand,
    CommandStep,
    JoinStep,
    LeaveStep,
    MenuStep,
    PressStep,
    ReactStep,
    SayStep,
    SubmitStep,
    WaitStep,
)
from theseus_rehearsal.script_files import format_script, parse_script

ALICE, BOB = "u-0a0a0a0a0a0a", "u-0b0b0b0b0b0b"


def record(
    event: str,
    request: dict[str, Any] | None = None,
    *,
    at: int = 0,
    user: str | None = ALICE,
    inputs: dict[str, str] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    kind, _, name = event.partition(".")
    line = {
        "ts": f"2026-03-01T12:{at // 60:02}:{at % 60:02}.000000Z", "event": event, "kind": kind,
        "name": name, "outcome": "ok", "guild_id": 9, "channel_id": 8, "user": user, **fields,
    }  # fmt: skip
    if inputs is not None:
        line |= {"outcome": "error", "error": {"exception": "KeyError", "inputs": inputs}}
    return line | ({"request": request} if request else {})


def build(*records: dict[str, Any], **options: Any) -> RecordedScript:
    return build_recorded_script(records, pauses=False, **options)


def test_requests_of_every_kind_become_steps_of_the_people_who_made_them() -> None:
    value = {"way": "slash", "values": {"who": f"'<@{BOB}>'", "days": "2", "role": "'<@&Crew>'"}}
    built = build(
        record("command.warn", {"way": "typed", "text": f"?warn <@{BOB}> spam", "prefix": "?",
                                "roles": ["Mod"], "permissions": ["kick_members"]}),
        record("command.ban", value, at=1),
        record("component.Shop.buy", {"way": "press", "text": "Buy", "chosen": ["tea"]},
               at=2, user=BOB),
        record("component.Order", {"way": "form", "values": {"Name": "'Tea'"}}, at=3, user=BOB),
        record("context_menu.Quote", {"way": "message_menu", "text": "hi"}, at=4, channel_id=7),
        record("context_menu.Info", {"way": "user_menu", "text": f"<@{BOB}>"}, at=5),
        record("listener.on_raw_reaction_add", {"way": "reaction", "text": "👍"}, at=6,
               guild_id=None),
    )  # fmt: skip
    first = {"by": "person1", "channel": "dev"}
    second = {"by": "person2", "channel": "dev"}
    assert built.script.steps == (
        SayStep(**first, say="?warn @person2 spam"),
        CommandStep(
            **first, command="ban", options={"who": "@person2", "days": 2, "role": "@&Crew"}
        ),
        PressStep(**second, press="Buy", values=("tea",)),
        SubmitStep(**second, submit={"Name": "Tea"}),
        SayStep(by="person3", channel="general", say="hi"),
        MenuStep(by="person1", channel="general", menu="Quote", on="last"),
        MenuStep(**first, menu="Info", on="@person2"),
        ReactStep(by="person1", channel="dm", react="👍", on="last"),
    )
    assert built.script.world.people == (
        Actor(name="person1", roles=("Mod",), permissions=("kick_members",)),
        Actor(name="person2"),
        Actor(name="person3"),
        Actor(name="member", roles=("Crew",)),
    )
    assert not built.left_out and not built.changed
    assert parse_script(format_script(built.script), "s.yaml") == built.script


def test_records_are_replayed_in_their_order_with_the_time_between_them() -> None:
    built = build_recorded_script(
        [
            record("command.c", {"way": "slash"}, at=500),
            record("command.a", {"way": "slash"}),
            record("command.b", {"way": "slash"}, at=4),
        ]
    )
    commands = [each.command for each in built.script.steps if isinstance(each, CommandStep)]
    pauses = [each.wait for each in built.script.steps if isinstance(each, WaitStep)]
    assert (commands, pauses) == (["a", "b", "c"], [4, 60])


def test_one_record_of_a_failure_is_enough() -> None:
    typed = record("command.note add", inputs={"title": "'two words'", "text": "'the rest'"})
    assert build(typed).script.steps == (
        SayStep(by="person1", channel="dev", say='!note add "two words" the rest'),
    )
    slash = build(typed, offers=[BotCommand(kind="slash", text="note add")])
    assert slash.script.steps == (
        CommandStep(by="person1", channel="dev", command="note add",
                    options={"title": "two words", "text": "the rest"}),
    )  # fmt: skip
    assert slash.changed == ("command.note add",)
    private = record(
        "component.Letter.letter", {"way": "form", "hidden": True},
        inputs={"custom_id": "'letter'", "body": "'abc'"},
    )  # fmt: skip
    assert build(private).script.steps == (
        SubmitStep(by="person1", channel="dev", submit={"body": "abc"}),
    )
    said = record("listener.Shop.on_message", inputs={"event": "'message'", "content": "'boom'"})
    assert build(said).script.steps == (SayStep(by="person1", channel="dev", say="boom"),)
    (pause,) = build(record("task.Shop.deliver", inputs={}, user=None)).script.steps
    assert isinstance(pause, WaitStep)


def test_people_join_and_leave() -> None:
    came = {"way": "join"}
    built = build(
        record("listener.Doors.on_member_join", came, user=BOB),
        record("command.hello", {"way": "typed", "text": "?hello"}, at=1, user=BOB),
        record("listener.Doors.on_member_join", came, at=2, user=BOB),
    )
    assert built.script.steps == (
        JoinStep(join="person1"),
        SayStep(by="person1", channel="dev", say="?hello"),
        LeaveStep(leave="person1"),
        JoinStep(join="person1"),
    )
    assert "person1" not in [each.name for each in built.script.world.people]


def test_what_cannot_be_repeated_is_left_out_with_the_reason() -> None:
    built = build(
        record("gateway.connect", user=None),
        record("task.Shop.deliver", user=None),
        record("command.roll"),
        record("command.roll", {"way": "slash", "hidden": True}),
        record("command.find autocomplete", inputs={"name": "'a'"}),
        record("listener.Shop.on_thread_create", inputs={"event": "'thread_create'"}),
        record("command.new", {"way": "from_the_future", "text": "x"}),
    )
    assert not built.script.steps
    assert {each.event: each.reason for each in built.left_out[1:]} == {
        "command.roll": "what was typed is private, and not in the record",
        "command.find autocomplete": ("the record does not say which option's choices were wanted"),
        "listener.Shop.on_thread_create": (
            "the event thread_create cannot be repeated from its record"
        ),
        "command.new": "this version cannot repeat a request of the kind 'from_the_future'",
    }
    assert "THESEUS_OBSERVE_TRAFFIC" in built.left_out[0].reason


@pytest.mark.parametrize(
    "request_",
    [
        {"way": "slash", "values": {"x": "__import__('os').system('echo')"}},
        {"way": "slash", "values": {"x": "(" * 400}},
        {"way": "slash", "values": "no mapping"},
        {"way": "press", "text": "\x00\u202e<@>", "chosen": "abc"},
        {"way": ["slash"]},
    ],
)
def test_records_are_data_whatever_they_contain(request_: dict[str, Any]) -> None:
    built = build(record("command.roll", request_, user="@everyone\n- restart"))
    assert len(built.script.steps) + len(built.left_out) == 1
    if built.script.steps:
        assert parse_script(format_script(built.script), "s.yaml") == built.script


def test_a_journal_is_read_in_order_and_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "2026-03-02.ndjson").write_text(json.dumps(record("command.b")) + "\n")
    (tmp_path / "2026-03-01.ndjson").write_text(json.dumps(record("command.a")) + "\n")
    assert [each["event"] for each in read_journal(tmp_path)] == ["command.a", "command.b"]
    (tmp_path / "2026-03-03.ndjson").write_text('{"event": 3}\n')
    with pytest.raises(RehearsalError, match=r"03-03\.ndjson, line 1: this is no record"):
        read_journal(tmp_path)
    with pytest.raises(RehearsalError, match=r"--journal: .*missing: No such file"):
        read_journal(tmp_path / "missing")
