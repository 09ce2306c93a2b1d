"""The example of a report: found in traffic or in typed text, as a script and as a test."""

import ast
from datetime import UTC, datetime, timedelta

import pytest
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PlayedStep,
    SeenEvent,
    Transcript,
    WaitStep,
)

from bot.domain.plan import Reproduction
from bot.domain.traffic import TrafficRecord
from bot.grammar.incorrect_output import TypedCommand
from bot.proof.answer_tests import answer_probe, answer_test, find_room_difference
from bot.proof.example_scripts import (
    CommandSource,
    build_example,
    build_record,
    find_command_source,
    find_first_difference,
    find_similar_use,
    find_uses_by_value,
    list_answer_lines,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
COG = '''
class Polls(commands.Cog):
    polls = app_commands.Group(name="poll", description="Polls")

    @polls.command()
    async def create(self, interaction: discord.Interaction, question: str, most: int = 1) -> None:
        """Ask."""
'''
SOURCE = CommandSource("cogs/polls.py", "polls", {"question": frozenset({"str"}),
                                                  "most": frozenset({"int"})})  # fmt: skip


def asked(number: int, **options: str | int) -> TrafficRecord:
    step = CommandStep(by="asker", channel="general", command="remind", options=options)
    return TrafficRecord(id=f"{number:032}", at=NOW + timedelta(minutes=number), cog="reminders",
                         event="command.remind", step=step, people=(Actor(name="asker"),),
                         pseudonyms={"server": "s-1"})  # fmt: skip


def test_a_command_is_found_in_its_cog_with_its_options_in_order() -> None:
    files = {"cogs/dice.py": "x = 1\n", "cogs/polls.py": COG, "tests/polls.py": COG}
    assert find_command_source(files, "poll create") == SOURCE
    assert find_command_source(files, "tag create") is None
    assert find_command_source(files, "poll close") is None


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("", {}),
        ("Tea?", {"question": "Tea?"}),
        ("Tea? 3", {"question": "Tea?", "most": 3}),
        ("question:12 most:3", {"question": "12", "most": 3}),
        ('question:"More tea?"', {"question": "More tea?"}),
        ("most:many", None),
        ("colour:red", None),
    ],
)
def test_what_was_typed_becomes_options_of_the_right_types(
    given: str, options: dict[str, object] | None
) -> None:
    record = build_record(TypedCommand("poll create", given), SOURCE, asked(1), NOW)
    if options is None:
        assert record is None
        return
    assert record is not None
    assert isinstance(record.step, CommandStep)
    assert (record.step.command, record.step.options) == ("poll create", options)
    assert (record.cog, record.pseudonyms) == ("polls", {"server": "s-1"})


def test_the_newest_use_that_fits_the_words_is_the_example() -> None:
    first, other, newest = asked(1, about="tea"), asked(2, about="lunch"), asked(3, about="lunch")
    known = (first, other, newest)
    assert find_similar_use(known, TypedCommand("remind"), "/remind lunch came late") == newest
    assert find_similar_use(known, TypedCommand("remind", "tea"), "/remind tea came late") == first
    assert find_similar_use(known, TypedCommand("remind"), "/remind is late") == newest
    assert find_similar_use(known, TypedCommand("remind", "cake"), "/remind cake is late") is None
    assert find_uses_by_value(known, ("LUNCH",)) == (newest,)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("/remind is wrong, it says 1 for each and 1 at the end", 2),
        ("reminder 1 is wrong", 1),
        ("/remind #1 is wrong", 1),
        ("/remind most:1 is wrong", 1),
    ],
)
def test_a_number_is_of_a_use_where_it_stands_behind_what_it_is_of(said: str, meant: int) -> None:
    known = (asked(1, most=1), asked(2, most=2))
    record = known[0].replace(step=CommandStep(command="reminders", options={"most": 1}))
    known = (record, known[1])

    assert find_similar_use(known, TypedCommand("remind"), said) == known[meant - 1]


def test_a_value_is_said_where_it_stands_as_a_word() -> None:
    known = (asked(1, about="x", **{"in": "never"}), asked(2, about="eggs"))

    said = "my /remind for the omelette never showed up, can it be fixed"
    assert find_similar_use(known, TypedCommand("remind"), said) == known[1]


def test_time_that_was_given_passes_after_the_example() -> None:
    example = build_example(asked(1, about="tea", **{"in": "10m"}))
    assert example.asked == "/remind about:tea in:10m"
    assert [type(each) for each in example.script.steps] == [CommandStep, WaitStep, WaitStep]
    assert (example.at, example.script.world.cogs) == (0, ("reminders",))
    assert build_example(asked(3), (asked(1), asked(2), asked(4))).at == 2


def test_an_answer_is_read_without_where_it_stands() -> None:
    def seen(text: str, to: str = "") -> SeenEvent:
        return SeenEvent(kind="message", channel="dev", to=to, message="m1", text=text)

    step = CommandStep(command="remind")
    play = Transcript(
        steps=(
            PlayedStep(step=step, seen=(seen("noted\n tea"),)),
            PlayedStep(step=WaitStep(wait=600), seen=(seen("tea!", to="alice"),)),
        )
    )
    assert list_answer_lines(play, 0) == ("noted", "tea", "(10m later)", "tea!", "(alice alone)")
    assert list_answer_lines(play.replace(trouble="gone"), 0) is None
    assert list_answer_lines(play, 2) is None
    assert list_answer_lines(Transcript(steps=(PlayedStep(step=step, refused="no"),)), 0) is None
    assert find_first_difference(("a", "b"), ("a", "c")) == ("b", "c")
    assert find_first_difference(("a", "b", "c"), ("a", "c", "b")) == ("b", "c")


def written(*, room: str = "seed: int | None = None") -> Reproduction:
    example = build_example(asked(1, about="tea"))
    test = answer_test(example, "noted: tea", room)
    assert test is not None
    return test


def test_the_test_of_an_answer_asserts_it_with_the_rooms_luck_held() -> None:
    test = written()
    assert test.path.startswith("tests/regressions/test_remind_answer_")
    assert test.expects == "AssertionError"
    assert 'open_room("cogs.reminders", tmp_path, seed=0)' in test.source
    assert 'assert "noted: tea" in room.shown(answer)' in test.source
    assert "seed" not in written(room="").source


def test_a_probe_returns_what_the_test_would_read() -> None:
    probe = answer_probe(written())
    assert probe is not None
    tree = ast.parse(probe.source)
    asks, test = tree.body[-2:]
    assert isinstance(asks, ast.AsyncFunctionDef)
    assert ast.unparse(asks.body[-1]) == "return room.shown(answer)"
    assert isinstance(test, ast.FunctionDef)
    assert isinstance(test.body[-1], ast.Expr)
    assert find_room_difference("x\n= 31", "x\n= 21") == "= 31"
