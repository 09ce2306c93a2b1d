"""What Discord says in words alone: each rule is broken here, and refused as Discord refuses it."""

from pathlib import Path
from typing import Any

import pytest
from local_discord.limits import RULES
from local_discord.limits.emoji import is_emoji
from local_discord.world import Call, LocalPerson, Upload, World

REFERENCE = Path(__file__).resolve().parents[2] / "REFERENCE.md"
APPLICATION = "/applications/1"

Body = dict[str, Any]


def row(*parts: Body) -> Body:
    return {"type": 1, "components": list(parts)}


def button(name: str = "a", **changed: Any) -> Body:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": name} | changed


def link(url: str | None) -> Body:
    return {"type": 2, "style": 5, "label": "Go", "url": url}


def menu(*values: str, **changed: Any) -> Body:
    options = [{"label": value, "value": value} for value in values]
    return {"type": 3, "custom_id": "menu", "options": options} | changed


def buttons(*parts: Body) -> Body:
    return {"content": "x", "components": [row(*parts)]}


def embeds(*parts: Body) -> Body:
    return {"embeds": list(parts)}


def form(*parts: Body) -> Body:
    return {"custom_id": "f", "title": "A form", "components": [row(part) for part in parts]}


def text_input(name: str = "a", **changed: Any) -> Body:
    return {"type": 4, "custom_id": name, "style": 1, "label": "Name"} | changed


def command(*options: Body, **changed: Any) -> Body:
    return {"name": "roll", "description": "Roll dice", "options": list(options)} | changed


def option(name: str = "dice", **changed: Any) -> Body:
    return {"type": 3, "name": name, "description": "such as 2d6"} | changed


FIRST = "components.0.components.0"
REQUIRED = "BASE_TYPE_REQUIRED"
LONG = "BASE_TYPE_MAX_LENGTH"
MESSAGES: list[tuple[Body, str, str]] = [
    ({"content": "x" * 2_001}, "content", LONG),
    ({"content": "x", "nonce": 10**25}, "nonce", LONG),
    (embeds({"title": "x" * 256, "description": "x" * 4_000}, {"description": "x" * 1_745}),
     "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
    (embeds({"author": {"icon_url": "https://a.test/i.png"}}), "embeds.0.author.name", REQUIRED),
    (embeds({"footer": {"text": " "}}), "embeds.0.footer.text", REQUIRED),
    (embeds({"fields": [{"name": " ", "value": "v"}]}), "embeds.0.fields.0.name", REQUIRED),
    (embeds({"title": "t", "url": "/forge/pulls/2"}), "embeds.0.url", "URL_TYPE_INVALID_SCHEME"),
    (embeds({"image": {"url": "ftp://a.test/i.png"}}), "embeds.0.image.url",
     "URL_TYPE_INVALID_SCHEME"),
    (embeds({"title": "t", "url": "https://"}), "embeds.0.url", "URL_TYPE_INVALID_URL"),
    ({"poll": {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "x" * 56}}]}},
     "poll.answers.0.poll_media.text", "BASE_TYPE_BAD_LENGTH"),
    ({"content": "x", "components": [row(button(str(n))) for n in range(6)]}, "components",
     "BASE_TYPE_BAD_LENGTH"),
    (buttons(*(button(str(n)) for n in range(6))), "components.0.components",
     "BASE_TYPE_BAD_LENGTH"),
    (buttons(menu("a"), button()), "components.0", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
    (buttons(button(), button()), "components.0.components.1.custom_id",
     "COMPONENT_CUSTOM_ID_DUPLICATED"),
    (buttons(link(None)), f"{FIRST}.url", REQUIRED),
    (buttons(link("/forge/pulls/2")), f"{FIRST}.url", "URL_TYPE_INVALID_SCHEME"),
    (buttons(link("https://a.test/") | {"custom_id": "a"}), FIRST,
     "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"),
    (buttons(button(custom_id=None)), f"{FIRST}.custom_id", REQUIRED),
    (buttons(button(label="")), f"{FIRST}.label", REQUIRED),
    (buttons(menu("a", "a")), f"{FIRST}.options.1.value", "COMPONENT_OPTION_VALUE_DUPLICATED"),
    (buttons(menu("a", min_values=2, max_values=1)), f"{FIRST}.min_values", "NUMBER_TYPE_MAX"),
    ({"content": "x", "components": [button()]}, "components.0.type", "UNION_TYPE_CHOICES"),
    (buttons(text_input()), f"{FIRST}.type", "UNION_TYPE_CHOICES"),
]  # fmt: skip
FORMS: list[tuple[Body, str, str]] = [
    (form(*(text_input(str(n)) for n in range(6))), "data.components", "BASE_TYPE_BAD_LENGTH"),
    (form(text_input(), text_input()), "data.components.1.components.0.custom_id",
     "COMPONENT_CUSTOM_ID_DUPLICATED"),
    (form(text_input(min_length=3, max_length=2)), f"data.{FIRST}.min_length", "NUMBER_TYPE_MAX"),
    (form(text_input(label="x" * 46)), f"data.{FIRST}.label", "BASE_TYPE_BAD_LENGTH"),
    (form(text_input()) | {"title": "x" * 46}, "data.title", "BASE_TYPE_BAD_LENGTH"),
]  # fmt: skip
COMMANDS: list[tuple[Body, str, str]] = [
    (command(name="Roll"), "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    (command(name="roll dice"), "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    (command(option("Dice")), "0.options.0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    (command(description=""), "0.description", REQUIRED),
    (command(type=3, name="Fix this"), "0.description", "APPLICATION_COMMAND_INVALID_DESCRIPTION"),
    (command(option("a"), option("b", required=True)), "0.options.1",
     "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"),
    (command(option(), option()), "0.options.1", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"),
    (command({"type": 1, "name": "sub", "description": "d"}, option()), "0.options.1",
     "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
    (command(option(autocomplete=True, choices=[{"name": "n", "value": "v"}])),
     "0.options.0.autocomplete", "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE_INVALID"),
    (command(option(choices=[{"name": "n", "value": "v" * 101}])), "0.options.0.choices.0.value",
     LONG),
    (command(option(type=4, min_value=2, max_value=1)), "0.options.0.min_value",
     "NUMBER_TYPE_MAX"),
    (command(option(type=4, max_value=2**53)), "0.options.0.max_value", "NUMBER_TYPE_MAX"),
    (command(*(option(f"o{n}", choices=[{"name": f"{m}", "value": "v" * 100} for m in range(4)])
               for n in range(20))), "0", "APPLICATION_COMMAND_TOO_LARGE"),
]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World([LocalPerson("alice", listed=True)], guild_name="Theseus", channels=["dev"])


def errors_of(told: Any) -> dict[str, str]:
    """Flatten Discord's `errors` into path and code."""
    assert (told["code"], told["message"]) == (50035, "Invalid Form Body")
    flat: dict[str, str] = {}

    def walk(node: dict[str, Any], path: list[str]) -> None:
        for key, value in node.items():
            if key == "_errors":
                assert all(each["message"] for each in value)
                flat[".".join(path)] = value[0]["code"]
            else:
                walk(value, [*path, key])

    walk(told["errors"], [])
    return flat


@pytest.mark.parametrize(("body", "at", "code"), MESSAGES, ids=lambda each: str(each)[:60])
def test_a_message_that_breaks_a_rule_is_refused(
    world: World, body: Body, at: str, code: str
) -> None:
    path = f"/channels/{world.channel_ids[0]}/messages"
    status, told = world.rest.answer(Call("POST", path, body))
    assert (status, errors_of(told)) == (400, {at: code})


@pytest.mark.parametrize(("body", "at", "code"), FORMS, ids=lambda each: str(each)[:60])
def test_a_form_that_breaks_a_rule_is_refused(world: World, body: Body, at: str, code: str) -> None:
    call = Call("POST", "/interactions/1/token/callback", {"type": 9, "data": body})
    status, told = world.rest.answer(call)
    assert (status, errors_of(told)) == (400, {at: code})


@pytest.mark.parametrize(("body", "at", "code"), COMMANDS, ids=lambda each: str(each)[:60])
def test_a_command_that_breaks_a_rule_is_refused(
    world: World, body: Body, at: str, code: str
) -> None:
    status, told = world.rest.answer(Call("PUT", f"{APPLICATION}/commands", [body]))
    assert (status, errors_of(told)) == (400, {at: code})


def test_commands_of_one_kind_have_different_names_and_there_are_only_so_many(
    world: World,
) -> None:
    path = f"{APPLICATION}/commands"
    status, told = world.rest.answer(Call("PUT", path, [command(), command()]))
    assert (status, errors_of(told)) == (400, {"1": "APPLICATION_COMMANDS_DUPLICATE_NAME"})
    many = [command(name=f"roll{n}") for n in range(101)]
    status, told = world.rest.answer(Call("PUT", path, many))
    assert (status, told["code"]) == (400, 30032)
    menus = [{"name": f"Menu {n}", "type": 3} for n in range(16)]
    assert world.rest.answer(Call("PUT", path, menus))[1]["code"] == 30032
    assert world.rest.answer(Call("PUT", path, [*many[:100], *menus[:15]]))[0] == 200
    status, told = world.rest.answer(Call("POST", path, many[100]))
    assert (status, told["code"]) == (400, 30032)


@pytest.mark.parametrize("body", [{}, {"content": " \n"}, {"embeds": []}, {"components": []}])
def test_an_empty_message_is_refused_and_one_with_a_file_alone_is_not(
    world: World, body: Body
) -> None:
    path = f"/channels/{world.channel_ids[0]}/messages"
    status, told = world.rest.answer(Call("POST", path, body))
    empty = {"code": 50006, "message": "Cannot send an empty message"}
    assert (status, told) == (400, empty)
    filed = Call("POST", path, body, files=[Upload("a.txt", b"a")])
    assert world.rest.answer(filed)[0] == 200


def test_ten_files_are_taken_and_eleven_refused(world: World) -> None:
    path = f"/channels/{world.channel_ids[0]}/messages"
    files = [Upload(f"{n}.txt", b"a") for n in range(11)]
    assert world.rest.answer(Call("POST", path, {}, files=files[:10]))[0] == 200
    status, told = world.rest.answer(Call("POST", path, {}, files=files))
    assert (status, errors_of(told)) == (400, {"files": LONG})


def test_every_fault_is_told_at_once(world: World) -> None:
    body = {"content": "x" * 2_001, **embeds({"title": "x" * 257})}
    path = f"/channels/{world.channel_ids[0]}/messages"
    _, told = world.rest.answer(Call("POST", path, body))
    assert errors_of(told) == {"content": LONG, "embeds.0.title": LONG}


@pytest.mark.parametrize(
    "emoji", ["👍", "✅", "👀", "❤️", "#️⃣", "🏳️‍🌈", "👍🏽", "🇩🇪", "ship:123", "‼️", "↔️"]
)
def test_an_emoji_is_known(emoji: str) -> None:
    assert is_emoji(emoji)


@pytest.mark.parametrize("text", ["", "x", "ok", ":ship:", "12", "ship:x", "👍 👍", "!"])
def test_other_text_is_no_emoji(text: str) -> None:
    assert not is_emoji(text)


def test_every_rule_is_broken_by_some_test_above_and_stands_in_the_document() -> None:
    tried = {code for _, _, code in [*MESSAGES, *FORMS, *COMMANDS]}
    tried |= {"50006", "30032", "10014", "APPLICATION_COMMANDS_DUPLICATE_NAME"}
    assert {rule.code for rule in RULES} - tried == set()
    told = REFERENCE.read_text(encoding="utf-8")
    lines = [f"| {r.about} | {r.summary} | `{r.code}` | [source]({r.source}) |" for r in RULES]
    assert [line for line in lines if line not in told] == []
