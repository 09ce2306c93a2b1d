"""Which commands a shipped change brought or changed."""

from theseus_guard.records import FileChange
from theseus_rehearsal.records import (
    CommandStep,
    MenuStep,
    PressStep,
    Script,
    ScriptStep,
    TogetherStep,
)

from bot.domain.brief import Acceptance, Brief, ChangeContext, CommandUse, Wanted
from bot.domain.change import ChangeSet
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.self_improvement.watch.changed_commands import ChangedEvents, list_changed_events

COMMANDS = {"roll": "dice", "poll create": "polls", "poll close": "polls", "quote": "quotes"}
CONTEXT = ChangeContext(
    commands=tuple(CommandUse(name=name, cog=cog) for name, cog in COMMANDS.items())
)


def history(
    *steps: ScriptStep,
    looked_at: int = 0,
    said: str = "",
    file: str = "cogs/polls.py",
) -> History:
    """Return what is recorded of a change of one file, with one example where there are steps."""
    example = Acceptance(
        asked="", expected="", script=Script(steps=steps),
        wanted=(Wanted(step=looked_at, shows=("x",)),), missing="another answer",
    )  # fmt: skip
    return History(
        evidence=Evidence(base="b", context=CONTEXT),
        brief=Brief(request=said, understood="", acceptances=(example,) if steps else ()),
        change_set=ChangeSet(
            base="b", head="h", branch="c", engine="e", summary="",
            files=(FileChange(path=file, added=1, removed=0),),
        ),
    )  # fmt: skip


def events(found: History, **more: str) -> ChangedEvents:
    return list_changed_events(found, COMMANDS | more)


def test_commands_whose_answers_examples_show_are_meant_not_those_that_lead_there() -> None:
    steps = CommandStep(command="poll create"), CommandStep(command="poll close")
    assert events(history(*steps, looked_at=1)).events == ("command.poll close",)


def test_where_a_press_is_shown_its_command_is_meant() -> None:
    steps = CommandStep(command="poll create"), PressStep(press="Vote")
    assert events(history(*steps, looked_at=1)).events == ("command.poll create",)


def test_menus_and_what_is_done_at_once_count() -> None:
    steps = (TogetherStep(together=(CommandStep(command="roll"), MenuStep(menu="Pin", on="m1"))),)
    assert events(history(*steps)).events == ("command.roll", "context_menu.Pin")


def test_a_command_that_was_not_there_is_new_and_one_that_others_brought_is_not_ours() -> None:
    found = events(history(CommandStep(command="roll")), vote="polls", weather="weather")
    assert found == ChangedEvents(("command.roll", "command.vote"), ("command.vote",))


def test_without_examples_the_commands_of_the_changed_cog_that_were_spoken_of_are_meant() -> None:
    both = ("command.poll close", "command.poll create")
    assert events(history(said="poll close is slow")).events == both[:1]
    assert events(history(said="polls are slow")).events == both
    assert events(history(said="make quotes faster")).events == both


def test_a_change_of_no_cog_has_no_commands() -> None:
    assert events(history(file="tests/cogs/test_polls.py")) == ChangedEvents((), ())
    assert list_changed_events(History(), COMMANDS) == ChangedEvents((), ())
