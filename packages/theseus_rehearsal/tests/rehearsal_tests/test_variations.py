"""Neighbours of what people asked."""

from hypothesis import given
from hypothesis import strategies as st
from rehearsal_tests.replay_builders import command
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    Option,
    PressStep,
    SayStep,
    Script,
    ScriptWorld,
    SubmitStep,
    TogetherStep,
    WaitStep,
)
from theseus_rehearsal.variations import MOST, build_variations, list_neighbours

WORLD = ScriptWorld(
    people=(
        Actor(name="alice"),
        Actor(name="bob", roles=("crew",)),
        Actor(name="helper", bot=True),
    )
)


def first_command(script: Script) -> CommandStep:
    step = script.steps[0]
    assert isinstance(step, CommandStep)
    return step


def test_a_number_has_nought_one_minus_one_the_largest_and_those_beside_it() -> None:
    largest = 2**53 - 1
    assert list_neighbours(7, WORLD) == (0, 1, -1, largest, -largest, 8, 6)
    assert list_neighbours(1, WORLD) == (0, -1, largest, -largest, 2)
    assert list_neighbours(largest, WORLD) == (0, 1, -1, -largest, largest - 1)
    assert set(map(type, list_neighbours(0.5, WORLD))) == {float}
    assert set(map(type, list_neighbours(3, WORLD, "number"))) == {float}


def test_a_text_is_empty_other_signs_long_and_has_other_numbers() -> None:
    found = list_neighbours("2d6", WORLD)
    assert {"", "0", "1", "-1", "0d6", "3d6", "2d0", "2d-1", "2D6"} <= {*found}
    assert any(len(str(each)) >= 2_000 for each in found)
    assert any(not str(each).isascii() for each in found)


def test_a_person_a_channel_a_role_is_another_that_is_there() -> None:
    assert list_neighbours("@bob", WORLD) == ("@alice", "@helper")
    assert list_neighbours("#dev", WORLD) == ("#general",)
    assert list_neighbours("@&staff", WORLD) == ("@&crew",)
    assert list_neighbours("@bob", WORLD, "mentionable") == ("@alice", "@helper", "@&crew")
    assert list_neighbours(True, WORLD) == (False,)
    assert list_neighbours("file.csv", WORLD, "attachment") == ()


def test_what_is_declared_wins_over_what_it_looks_like() -> None:
    script = Script(world=WORLD, steps=(command(n=3),))
    found = build_variations(script, 0, {"n": "number"}, most=100)
    values = [step.options.get("n") for step in map(first_command, found)]
    assert -1.0 in [each for each in values if isinstance(each, float)]


def test_an_option_is_left_out_and_somebody_else_asks_and_it_is_asked_twice() -> None:
    first, last = WaitStep(wait=60), command(n=3)
    script = Script(world=WORLD, steps=(first, last))
    found = [each.steps for each in build_variations(script, 1, most=100)]
    assert (first, last.replace(options={})) in found
    assert (first, last.replace(by="bob")) in found
    assert (first, last.replace(by="helper")) not in found  # a bot asks for nothing
    assert (first, last, last) in found
    assert (last, first) in found


def test_forms_and_words_are_varied_and_what_holds_no_value_is_only_asked_otherwise() -> None:
    form = Script(world=WORLD, steps=(SubmitStep(submit={"Title": "Lunch"}),))
    assert SubmitStep(submit={"Title": ""}) in [each.steps[0] for each in build_variations(form, 0)]
    words = Script(world=WORLD, steps=(SayStep(say="roll 2d6"),))
    said = [each.steps[0] for each in build_variations(words, 0)]
    assert SayStep(say="roll 3d6") in said
    assert SayStep(say="") not in said  # Discord sends no empty message
    press = Script(world=WORLD, steps=(PressStep(press="Vote"),))
    assert [each.steps for each in build_variations(press, 0)] == [
        (PressStep(press="Vote"), PressStep(press="Vote")),
        (PressStep(press="Vote", by="bob"),),
    ]
    both = TogetherStep(together=(PressStep(press="A"), PressStep(press="B")))
    assert [len(each.steps) for each in build_variations(Script(steps=(both,)), 0)] == [2]


def test_where_few_are_wanted_every_option_has_its_share() -> None:
    step = command(a=5, b=6, c=7)
    found = map(first_command, build_variations(Script(world=WORLD, steps=(step,)), 0, most=5))
    changed = {name for each in found for name in "abc" if each.options[name] != step.options[name]}
    assert changed == {"a", "b", "c"}


VALUES = st.integers(-(2**53), 2**53) | st.booleans() | st.text(max_size=8) | st.just("@bob")


@given(st.dictionaries(st.sampled_from("abc"), VALUES), st.integers(1, MOST))
def test_they_are_bounded_the_same_each_time_and_differ_from_each_other(
    given_options: dict[str, Option], most: int
) -> None:
    script = Script(
        world=WORLD,
        steps=(command(), CommandStep(command="roll", options=given_options), WaitStep(wait=1)),
    )
    found = build_variations(script, 1, most=most)
    texts = [each.model_dump_json() for each in (script, *found)]
    assert found == build_variations(script, 1, most=most)
    assert len(found) <= most
    assert len({*texts}) == len(texts)
    assert all(each.world == WORLD for each in found)
