"""What the local Discord takes and refuses, beside what Discord's description says."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from local_discord.limits import commands, messages
from local_discord.limits.shapes import Shape
from local_discord.world import Call, LocalPerson, World

from tests.support.discord_description import Description
from tests.support.limit_comparison import Comparison
from tests.support.limit_values import iterate_limits, make_strategy

SHAPES: dict[str, tuple[Shape, str]] = {
    "message": (messages.MESSAGE, "MessageCreateRequest"),
    "edit": (messages.MESSAGE, "MessageEditRequestPartial"),
    "answer": (messages.MESSAGE, "IncomingWebhookInteractionRequest"),
    "form": (messages.MODAL, "ModalInteractionCallbackRequestData"),
    "thread": (messages.THREAD, "CreateTextThreadWithMessageRequest"),
    "command": (commands.COMMAND, "ApplicationCommandCreateRequest"),
    "choices": (
        commands.AUTOCOMPLETE,
        "InteractionApplicationCommandAutocompleteCallbackIntegerData",
    ),
}
# Where Discord's words are stricter than its description; each has its row in `RULES`.
STRICTER = {
    "content": ((0, 2_000), (0, 4_000)),
    "embeds[].fields[].name": ((1, 256), (0, 256)),
    "embeds[].fields[].value": ((1, 1_024), (0, 1_024)),
    "poll.answers[].poll_media.text": ((1, 55), (1, 300)),
    "components": ((1, 5), (1, 40)),  # of a form
    "choices[].value": ((0, 100), (0, 6_000)),
}
NEW = ("message", "form", "thread", "command", "choices")
FUZZ = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
MUCH_FUZZ = settings(FUZZ, max_examples=3_000)


@pytest.mark.parametrize("name", SHAPES)
def test_every_limit_is_the_descriptions_or_one_of_those_it_leaves_to_words(
    name: str, discord_description: Description
) -> None:
    shape, schema = SHAPES[name]
    described = discord_description.get_schema(schema)
    if name == "edit":  # a poll cannot be edited, and is not described there
        described = {
            **described,
            "properties": described["properties"] | _poll(discord_description),
        }
    found = Comparison(discord_description).find_differences(shape, described)
    unknown = [
        each
        for each in found
        if not any(each[0].endswith(at) and each[1:] == both for at, both in STRICTER.items())
    ]
    assert unknown == []


def _poll(description: Description) -> dict[str, Any]:
    return {"poll": description.get_schema("MessageCreateRequest")["properties"]["poll"]}


def test_what_is_at_a_limit_is_taken_and_what_is_over_one_refused_as_described(
    discord_description: Description,
) -> None:
    kinder, wrong, count = [], [], 0
    for name in NEW:
        shape, schema = SHAPES[name]
        described = discord_description.get_schema(schema)
        for at, value, good in iterate_limits(shape):
            ours, theirs = (
                list(shape.find_faults(value, ())),
                discord_description.check_value(described, value),
            )
            wrong += [(name, at, good, ours)] if bool(ours) == good else []
            kinder += [(name, at, theirs)] if theirs and not ours else []
            count += 1
    assert (wrong, kinder) == ([], [])
    assert count > 500


@pytest.mark.parametrize("name", NEW)
def test_nothing_the_description_refuses_is_taken(
    name: str, discord_description: Description
) -> None:
    _fuzz(name, discord_description, FUZZ)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NEW)
def test_nothing_of_very_much_that_the_description_refuses_is_taken(
    name: str, discord_description: Description
) -> None:
    _fuzz(name, discord_description, MUCH_FUZZ)


def _fuzz(name: str, description: Description, options: settings) -> None:
    shape, schema = SHAPES[name]
    described = description.get_schema(schema)

    @options
    @given(make_strategy(shape))
    def agree(value: Any) -> None:
        ours = [".".join(map(str, each.path)) for each in shape.find_faults(value, ())]
        theirs = description.check_value(described, value)
        assert not theirs or ours, (value, theirs)

    agree()


def test_a_message_that_is_refused_is_not_performed(discord_description: Description) -> None:
    world = World([LocalPerson("alice", listed=True)], guild_name="Theseus", channels=["dev"])
    [channel] = world.channel_ids
    described = discord_description.get_schema("MessageCreateRequest")

    @FUZZ
    @given(make_strategy(messages.MESSAGE))
    def agree(value: Any) -> None:
        before = len(world.backend.messages[channel])
        status, told = world.rest.answer(Call("POST", f"/channels/{channel}/messages", value))
        after = len(world.backend.messages[channel])
        assert status in (200, 400), told
        assert after - before == (1 if status == 200 else 0)
        if discord_description.check_value(described, value):
            assert (status, told["code"]) == (400, 50035)
            assert told["errors"]

    agree()
