"""Writes a test that runs a script: in a simulated server, with the real client and one cog.

The test is in the style of the cogs' own tests. Only names and values come from the script: each is
written as a literal, none as code.
"""

import keyword
from collections.abc import Iterator, Mapping, Sequence

from theseus_rehearsal.records import (
    AutocompleteStep,
    CommandStep,
    MenuStep,
    PersonStep,
    PressStep,
    ReactStep,
    RestartStep,
    SayStep,
    Script,
    ScriptStep,
    SubmitStep,
    WaitStep,
)
from theseus_rehearsal.scripts import describe_step
from theseus_repair.call_source.writer import INDENT, Group, Unwritable, Writer, quote_literal

from bot.domain.brief import Wanted
from bot.domain.plan import Reproduction
from bot.proof.reproduction._assertions import (
    ASKED,
    Assertions,
    format_seen_expression,
    format_text_expression,
    format_variation_assertion,
)
from bot.proof.reproduction._cast import RoomCast
from bot.proof.reproduction._web import WEB_IMPORT, build_web_lines

ROOM = "tests/cogs/room.py"
"""The file with a project's room, in which the generated tests run; without it there are none."""

_ARGUMENT = 60  # the longest value, in characters, that is written in the call itself
_LONGEST_NAME = 40
_MAX_CALL_LENGTH = 80
_SEEDED_RUN = (
    "async def played(folder: Path, seed: int) -> str:",
    f'{INDENT}"""Play it with this luck; return what is left to it."""',
    f"{INDENT}own = folder / str(seed)",
    f"{INDENT}own.mkdir()",
)


def build_script_test(
    script: Script,
    *,
    path: str,
    name: str,
    doc: str,
    expects: str,
    typed: bool = False,
    wanted: Sequence[Wanted] = (),
    seed: int | None = None,
    luck: int = 0,
) -> Reproduction | None:
    """Return a test that runs the script and checks its answers; `None` if it cannot be written.

    Without `wanted`, the person of the last step has to read an answer; otherwise each named step
    has to show what is `wanted`. No step may raise. A test cannot be written if the room lacks
    something (files, direct messages, simultaneous steps), or if there is not exactly one cog.

    Args:
        script: The script to run.
        path: The path of the test file.
        name: The name of the test, a valid identifier.
        doc: The docstring of the test, safe to be code.
        expects: The error with which the test fails on base.
        typed: True if the last step is a message that runs a command, so that it expects an answer.
        wanted: The expectations by step.
        seed: Makes the room's random numbers always the same.
        luck: The number of runs with different seeds, in which random results have to vary.
    """
    cogs, world = script.world.cogs, script.world
    if not script.steps or len(cogs) != 1 or not _is_name(cogs[0]) or world.files:
        return None
    chance = next((each.step for each in wanted if each.one_of), None) if luck else None
    try:
        body, texts = _Body(script, wanted, chance, typed=typed).build_lines()
    except Unwritable:
        return None
    luckily = "seed" if chance is not None else "" if seed is None else str(seed)
    opened = _build_room_call(script, "tmp_path" if chance is None else "own", luckily)
    inside = [*texts, *opened.format_lines(INDENT, "async with ", " as room:"), *body]
    test = [f"async def {name}(tmp_path: Path) -> None:", f'{INDENT}"""{doc}"""']
    by_luck = [*_SEEDED_RUN, *inside, "", "", *test, format_variation_assertion(luck)]
    lines = [*test, *inside] if chance is None else by_luck
    imported = f"{WEB_IMPORT if world.web else ''}from tests.cogs.room import open_room\n"
    return Reproduction(
        path=path,
        node_id=f"{path}::{name}",
        source=f"from pathlib import Path\n\n{imported}\n\n" + "\n".join(lines) + "\n",
        calls=describe_step(script.steps[-1])[:_MAX_CALL_LENGTH],
        expects=expects,
    )


def _build_room_call(script: Script, folder: str, seed: str) -> Group:
    """Return the call that opens the room; without a `seed` its random numbers vary."""
    world = script.world
    flags = Group("[", "]", [quote_literal(flag) for flag in world.flags], [""] * len(world.flags))
    named: dict[str, Group | str] = {"web=": "web"} if world.web else {}
    named |= {"seed=": seed} if seed else {}
    named |= {"flags=": flags} if world.flags else {}
    prefixes = Group(
        "[", "]", [quote_literal(prefix) for prefix in world.prefixes], [""] * len(world.prefixes)
    )
    named |= {"prefixes=": prefixes} if world.prefixes else {}
    items = [quote_literal(f"cogs.{world.cogs[0]}"), folder, *named.values()]
    return Group("open_room(", ")", items, ["", "", *named])


class _Body:
    """Writes the body of one test. Raises `Unwritable`."""

    def __init__(
        self, script: Script, wanted: Sequence[Wanted], chance: int | None, *, typed: bool
    ) -> None:
        self._steps = script.steps
        self._typed = typed and isinstance(script.steps[-1], SayStep) and not wanted
        self._web = script.world.web
        self._chance = chance
        self._writer = Writer()
        acting = [step for step in script.steps if isinstance(step, PersonStep)]
        self._cast = RoomCast(script, acting, self._writer)
        self._assertions = Assertions(wanted, self._writer, self._cast)
        self._has_no_expectations = not wanted
        self._targets = {each.on for each in acting if isinstance(each, MenuStep | ReactStep)}
        self._targets |= {each.on for each in acting if isinstance(each, PressStep)}
        self._targets |= {each.reply_to for each in acting if isinstance(each, SayStep)}
        self._openers = dict(_find_openers(script.steps))

    def build_lines(self) -> tuple[list[str], list[str]]:
        """Return the lines of the body, and those of texts and web answers, which come before."""
        lines, last = [*self._cast.iterate_join_lines()], len(self._steps) - 1
        for at, step in enumerate(self._steps):
            name, deep = self._get_result_name(at, step), INDENT * 2
            lines += self._build_step(at, step).format_lines(deep, f"{name} = " if name else "", "")
            if at < last:  # a later step may change what is shown
                lines += self._assertions.iterate_lines(at, step, name, deep)
                if at == self._chance:
                    lines.append(f"{deep}chance = {format_text_expression(step, name)}")
        lines += self._iterate_final_assertions(last, self._steps[last])
        web = build_web_lines(self._web, self._writer) if self._web else []
        return lines, [*self._writer.texts, *web]

    def _get_result_name(self, at: int, step: ScriptStep) -> str:
        """Return the variable name for a step's result; empty if the result is not needed."""
        if isinstance(step, SayStep) and f"m{at + 1}" in self._targets:
            return f"message_{at + 1}"
        if at in self._openers.values():
            return f"form_{at + 1}"
        wanted = self._assertions.has_step(at)
        if at == len(self._steps) - 1 and self._typed:
            return "typed"
        if at == len(self._steps) - 1:
            asks = isinstance(step, ASKED) and (wanted or self._has_no_expectations)
            return "answer" if asks or (isinstance(step, AutocompleteStep) and wanted) else ""
        return f"answer_{at + 1}" if wanted and isinstance(step, ASKED | AutocompleteStep) else ""

    def _iterate_final_assertions(self, at: int, step: ScriptStep) -> Iterator[str]:
        """Yield the assertions after the room is closed, which is when it raises its errors."""
        found = [*self._assertions.iterate_lines(at, step, "answer", INDENT)]
        if self._has_no_expectations and isinstance(step, ASKED):
            found = [f"{INDENT}assert {format_seen_expression(step, 'answer')}"]
        if self._typed:
            found = [f"{INDENT}assert room.answer_to(typed)"]
        if found:
            yield from ("", *found)
        if self._chance is not None:
            shown = format_text_expression(step, "answer") if at == self._chance else "chance"
            yield from (*(() if found else ("",)), f"{INDENT}return {shown}")

    def _build_step(self, at: int, step: ScriptStep) -> Group:
        match step:
            case WaitStep():
                return self._call("room.env.advance_time", self._write_number(step.wait))
            case RestartStep():
                away = (self._write_number(step.away),) if step.away else ()
                return self._call("room.restart", *away)
            case CommandStep() if not step.files:
                return self._build_slash(step)
            case AutocompleteStep():
                return self._build_autocomplete(step)
            case SubmitStep():
                return self._build_submit(at, step)
            case PressStep() | MenuStep() | SayStep() | ReactStep():
                return self._build_message_action(step)
            case _:
                raise Unwritable

    def _build_slash(self, step: CommandStep) -> Group:
        by, where = self._cast.format_person(step.by), self._cast.format_channel(step.channel)
        options = self._build_options(step.options)
        return self._call(f"{by}.slash", where, self._write_text(step.command), named=options)

    def _build_autocomplete(self, step: AutocompleteStep) -> Group:
        by, where = self._cast.format_person(step.by), self._cast.format_channel(step.channel)
        typed = str(step.options.get(step.focused, ""))
        others = {name: each for name, each in step.options.items() if name != step.focused}
        arguments = (self._write_text(each) for each in (step.autocomplete, step.focused, typed))
        return self._call(
            f"{by}.autocomplete", where, *arguments, named=self._build_options(others)
        )

    def _build_submit(self, at: int, step: SubmitStep) -> Group:
        if at not in self._openers:
            raise Unwritable  # no form is open
        form = f"form_{self._openers[at] + 1}"
        fields = [f"{self._quote_name(name)}: " for name in step.submit]
        values = [self._write_text(each) for each in step.submit.values()]
        by = self._cast.format_person(step.by)
        return self._call("room.submit", by, form, Group("{", "}", values, fields))

    def _build_message_action(self, step: PressStep | MenuStep | SayStep | ReactStep) -> Group:
        by, where = self._cast.format_person(step.by), self._cast.format_channel(step.channel)
        named: dict[str, Group | str] = {}
        if self._cast.is_other_channel(step.channel):
            named["channel"] = where
        match step:
            case PressStep():
                values = [self._cast.format_value(value) for value in step.values]
                named |= {"on": self._get_message_name(step.on)} if step.on else {}
                return self._call(
                    "room.press", by, self._write_text(step.press), *values, named=named
                )
            case SayStep() if not step.files:
                named |= (
                    {"reply_to": self._get_message_name(step.reply_to)} if step.reply_to else {}
                )
                return self._call(
                    "room.say",
                    by,
                    self._write_text(self._cast.replace_names(step.say)),
                    named=named,
                )
            case ReactStep():
                return self._call(
                    f"{by}.react", self._get_message_name(step.on), self._write_text(step.react)
                )
            case MenuStep():
                whom = step.on.removeprefix("@")
                on = (
                    self._cast.format_person(whom)
                    if whom != step.on
                    else self._get_message_name(step.on)
                )
                return self._call(f"{by}.context_menu", where, self._write_text(step.menu), on)
            case _:
                raise Unwritable

    def _get_message_name(self, number: str) -> str:
        """Return the name of a message from the set-up; other messages have none."""
        at = int(number[1:]) if number[:1] == "m" and number[1:].isdecimal() else 0
        are_messages = [isinstance(step, SayStep) for step in self._steps[:at]]
        if not at or at > len(are_messages) or not all(are_messages):
            raise Unwritable
        return f"message_{at}"

    def _build_options(self, options: Mapping[str, object]) -> dict[str, Group | str]:
        return {name: self._cast.format_value(each) for name, each in options.items()}

    def _write_text(self, text: str) -> str:
        written = self._writer.write(text, _ARGUMENT)
        return written if isinstance(written, str) else written.flat

    def _write_number(self, number: float) -> Group | str:
        return self._writer.write(int(number) if number == int(number) else number)

    def _quote_name(self, name: str) -> str:
        written = quote_literal(name)
        if len(written) > _LONGEST_NAME:
            raise Unwritable
        return written

    def _call(
        self,
        called: str,
        *items: Group | str,
        named: Mapping[str, Group | str] | None = None,
    ) -> Group:
        values, heads = [*items], [""] * len(items)
        for name, value in (named or {}).items():
            key = f"{self._quote_name(name)}: "
            values.append(value if _is_name(name) else Group("**{", "}", [value], [key]))
            heads.append(f"{name}=" if _is_name(name) else "")
        return Group(f"await {called}(", ")", values, heads)


def _find_openers(steps: Sequence[ScriptStep]) -> Iterator[tuple[int, int]]:
    """Yield each submitted form with the earlier step of the same person that opened it."""
    newest: dict[str, int] = {}
    for at, step in enumerate(steps):
        if isinstance(step, SubmitStep) and step.by in newest:
            yield at, newest[step.by]
        if isinstance(step, ASKED):
            newest[step.by] = at


def _is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii() and not keyword.iskeyword(text)
