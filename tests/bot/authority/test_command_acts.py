"""The table of acts that people see matches what commands ask the policy for."""

from bot.authority.command_acts import (
    COMMAND_ACTS,
    is_everyday,
    list_allowed_acts,
    list_allowed_commands,
)
from bot.authority.policy import Act
from bot.domain.guilds import AllowLists
from bot.domain.people import AllowList, PeopleList, Person
from tests.support.entry_points import COMMANDS, ENTRIES

PEOPLE = AllowLists(
    AllowList(
        developers=PeopleList(users=frozenset({1})), approvers=PeopleList(users=frozenset({2}))
    )
)
DEVELOPER, APPROVER, MEMBER = (Person(id=number, name=f"p{number}") for number in (1, 2, 3))
OUTSIDER = Person(id=1, name="p1", outsider=True)


def test_the_table_says_what_each_command_asks_for() -> None:
    asked = {
        name.removeprefix("menu ").removeprefix("/"): act if isinstance(act, Act) else None
        for name, act in ENTRIES.items()
        if name.startswith(("/", "menu ")) and name not in COMMANDS
    }
    assert asked == COMMAND_ACTS
    assert all(is_everyday(name.removeprefix("/")) for name in COMMANDS)


def test_each_is_offered_what_the_policy_lets_them_do() -> None:
    every = [*COMMAND_ACTS, "roll"]
    for_all = {name for name, act in COMMAND_ACTS.items() if act is None} | {"roll"}
    assert list_allowed_commands(PEOPLE, APPROVER, every) == set(every)
    assert set(every) - list_allowed_commands(PEOPLE, DEVELOPER, every) == {
        "ship",
        "skills rollback",
    }
    for person in (MEMBER, OUTSIDER):
        assert list_allowed_commands(PEOPLE, person, every) == for_all
        assert list_allowed_acts(PEOPLE, person) == frozenset()
    assert Act.SHIP not in list_allowed_acts(PEOPLE, DEVELOPER)
