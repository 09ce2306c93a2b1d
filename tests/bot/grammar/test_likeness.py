"""Which failure a report refers to, and how sure that is."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.domain.journal import FailureGroup, Kind
from bot.grammar import COMMAND_LINE, parse
from bot.grammar.changes import is_change_request, is_failure_statement
from bot.grammar.likeness import (
    Fitting,
    build_inflections,
    find_fitting_failures,
    find_named_commands,
    has_any_name,
)
from tests.fakes.fake_clock import FakeClock
from tests.support.agent_harness import make_capsule, make_failure
from tests.support.yaml_tables import read_table

CLOCK = FakeClock()
TABLE = read_table(Path(__file__).with_name("complaints.yaml"))


def group(
    key: str, *, kind: str, name: str, file: str, function: str, error: str, message: str
) -> FailureGroup:
    """Return one failure, seen once; its key is its fingerprint."""
    found = make_capsule(
        exception=error, message=message, file=file, function=function, fingerprint=key
    )
    action = make_failure(CLOCK, found, name=name, kind=Kind(kind))
    return FailureGroup(
        fingerprint=key,
        event=action.event,
        count=1,
        first_seen=action.ts,
        last_seen=action.ts,
        newest=action,
        action_ids=(action.id,),
    )


WORLDS: dict[str, tuple[tuple[FailureGroup, ...], frozenset[str]]] = {
    name: (
        tuple(group(key, **about) for key, about in world["failures"].items()),
        frozenset(world["commands"]),
    )
    for name, world in TABLE["worlds"].items()
}


def fitting_in(world: str, said: str) -> Fitting:
    """Return what fits, as it is looked for when somebody says that to the bot."""
    return fitting_among(WORLDS[world][0], world, said)


def fitting_among(groups: tuple[FailureGroup, ...], world: str, said: str) -> Fitting:
    """Return what fits where these have failed."""
    return find_fitting_failures(
        subject_of(said), groups, WORLDS[world][1], fails=is_failure_statement(said)
    )


@cache
def subject_of(said: str) -> str:
    """Return what is looked for, as the grammar reads it."""
    return parse(said, COMMAND_LINE).slots.subject or said


def answer(world: str, said: str) -> str:
    """Return what a complaint is answered with: a failure, `asked`, `nothing` or `change`."""
    if is_change_request(said):
        return "change"
    found = fitting_in(world, said)
    if found.certain:
        return found.certain[0].fingerprint
    return "asked" if found.likely else "nothing"


def complaints() -> Iterator[tuple[str, str, str]]:
    for world, told in TABLE["complaints"].items():
        yield from ((world, each["say"], each["means"]) for each in told)


@pytest.mark.parametrize(("world", "said", "means"), [*complaints()])
def test_no_complaint_is_answered_with_another_failure(world: str, said: str, means: str) -> None:
    assert answer(world, said) in {means, "asked", "nothing"}


def test_what_failed_alone_is_not_taken_for_what_else_people_mean() -> None:
    taken = {
        said
        for world, said, means in complaints()
        for each in WORLDS[world][0]
        if each.fingerprint != means and not is_change_request(said)
        if fitting_among((each,), world, said).certain
    }
    assert taken == {"nobody gets levels anymore, look into it"}  # of the file levels.py


def test_wishes_are_told_to_be_wishes_nearly_always() -> None:
    told = [answer(world, said) for world, said, means in complaints() if means == "change"]
    assert told.count("change") >= 0.95 * len(told)


def test_most_complaints_are_understood_without_asking_back() -> None:
    counted: Counter[str] = Counter()
    for world, said, means in complaints():
        told = answer(world, said)
        if means not in ("nothing", "change"):
            counted["right" if told == means else told] += 1
    assert counted["right"] >= 0.85 * counted.total(), counted


@pytest.mark.parametrize(
    "said", ["/tag delete fails", "deleting a tag fails", "delete tags doesn't work"]
)
def test_a_command_that_has_not_failed_is_never_answered_by_anothers_failure(said: str) -> None:
    found = fitting_in("small", said)
    assert (found.certain, found.idle) == ((), ("tag delete",))
    assert [each.fingerprint for each in found.likely] == ["tag"]


def test_a_command_that_keeps_it_off_is_no_subject() -> None:
    groups, commands = WORLDS["small"]
    show = next(each for each in groups if each.fingerprint == "tag")
    assert show.newest.name == "tag show"
    found = find_fitting_failures(
        "tag show crashes unless I use tag delete first", groups, commands, fails=True
    )
    assert [each.fingerprint for each in found.certain] == ["tag"]
    turned = find_fitting_failures(
        "tag delete crashes after tag show", groups, commands, fails=True
    )
    assert (turned.certain, turned.idle) == ((), ("tag delete",))


def test_where_failures_of_two_actions_fit_as_well_it_is_asked_which() -> None:
    groups, commands = WORLDS["small"]
    about = {"file": "cogs/reminders.py", "error": "KeyError", "message": "'minutes'"}
    list_ = group("list", kind="task", name="Reminders.list_due", function="due", **about)
    found = find_fitting_failures("reminders", (*groups, list_), commands)
    assert found.certain == ()
    assert {each.fingerprint for each in found.likely} == {"list", "deliver"}


def test_the_one_failure_of_a_command_that_people_name_and_say_to_fail_is_meant() -> None:
    groups, commands = WORLDS["small"]
    said = "rolling with a huge bonus"
    found = find_fitting_failures(said, groups, commands, fails=True)
    assert [each.fingerprint for each in found.certain] == ["roll"]
    assert not found.named
    assert find_fitting_failures(said, groups, commands).certain == ()
    about = {"file": "cogs/bonuses.py", "function": "bonus", "error": "KeyError", "message": "'x'"}
    other = group("bonus", kind="task", name="Bonuses.pay", **about)
    assert find_fitting_failures(said, (*groups, other), commands, fails=True).certain == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("polls with zero votes are busted", "results"),
        ("short reminders blow up", "remind"),
        ("quotes explode on long names", "quote"),
    ],
)
def test_the_one_failing_command_whose_name_or_file_people_name_is_meant(
    said: str, meant: str
) -> None:
    groups, commands = WORLDS["small"]
    remind = group("remind", kind="command", name="remind", file="cogs/reminders.py",
                   function="seconds", error="KeyError", message="'s'")  # fmt: skip
    quote = group("quote", kind="command", name="quote", file="cogs/quotes.py",
                  function="add", error="IndexError", message="out of range")  # fmt: skip
    failed = [each for each in groups if each.newest.kind is Kind.COMMAND] + [remind, quote]
    found = find_fitting_failures(
        subject_of(said), failed, commands, fails=is_failure_statement(said)
    )
    assert [each.fingerprint for each in found.certain] == [meant]
    task = next(each for each in groups if each.fingerprint == "deliver")
    if meant == "remind":
        also = find_fitting_failures(
            subject_of(said), [*failed, task], commands, fails=is_failure_statement(said)
        )
        assert also.certain == ()


def test_the_words_that_ask_for_work_name_no_command() -> None:
    groups, commands = WORLDS["small"]
    found = find_fitting_failures(
        "rolling you fixed", groups, commands | {"fix", "change"}, fails=True
    )
    assert [each.fingerprint for each in found.certain] == ["roll"]
    assert found.idle == ()
    assert find_fitting_failures("/fix", groups, commands | {"fix"}).idle == ("fix",)


def test_what_runs_by_itself_is_named_by_what_it_is() -> None:
    said = "there are errors in the log of the reminders task, fix it"
    tasks = tuple(each for each in WORLDS["small"][0] if each.newest.kind is Kind.TASK)
    assert [each.fingerprint for each in fitting_among(tasks, "small", said).certain] == ["deliver"]


def test_of_two_failures_of_one_command_the_more_recent_comes_first() -> None:
    clock = FakeClock()
    clock.tick(60)
    groups, commands = WORLDS["small"]
    other = groups[0].replace(fingerprint="later", last_seen=clock.now())
    found = find_fitting_failures("rolling dice", (*groups, other), commands)
    assert [each.fingerprint for each in found.certain] == ["later", "roll"]


@pytest.mark.parametrize("said", ["", "the bot", "it", "uploading pictures", "🎲"])
def test_words_that_name_nothing_find_nothing(said: str) -> None:
    found = fitting_in("small", said)
    assert (found.certain, found.likely) == ((), ())


@pytest.mark.parametrize("said", ["cogs/unknown.py", "https://example.org/unknown", "1/unknown"])
def test_a_path_or_an_address_names_no_command(said: str) -> None:
    assert fitting_in("small", f"/roll as in {said}").idle == ()
    assert fitting_in("small", "/unknown as in that").idle == ("unknown",)


def test_a_word_is_known_in_its_forms_and_no_other_word_is() -> None:
    assert {"ban", "bans", "banned", "banning"} <= build_inflections("ban")
    assert {"delete", "deletes", "deleted", "deleting"} <= build_inflections("delete")
    assert "reminder" not in build_inflections("remind")
    assert "unban" not in build_inflections("ban")


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("rolling dice keeps crashing, fix it", True),
        ("that reminder thing is broken again", True),
        ("/coinflip is broken", True),
        ("add milk to the list", False),
        ("please rename the channel", False),
        ("fix the login page", False),
    ],
)
def test_words_name_a_command_or_a_cog_in_any_form(said: str, named: bool) -> None:
    assert has_any_name(said, ("roll", "Reminders", "fix", "poll")) is named


def test_a_word_of_questions_names_a_command_only_with_its_slash() -> None:
    assert find_named_commands("tell me about the failures", {"about", "roll"}) == frozenset()
