"""A test that plays a script again: in a simulated server, with the real client and one cog.

It stands in the idiom of the cogs' own tests. Names and values alone come from the script: each is
written as a literal, none as code.
"""

import keyword
from collections.abc import Iterator, Mapping, Sequence

from bot.domain.brief import Wanted
from bot.domain.plan import Reproduction
from bot.domain.rehearsal import (
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
from bot.proof.reproduction._cast import RoomCast
from bot.proof.reproduction._wanted import ASKED, Assertions, read, seen, varied
from bot.proof.reproduction._web import WEB_IMPORT, web_lines
from bot.proof.reproduction._write import INDENT, Group, Unwritable, Writer, quoted
from bot.proof.scripts import asked

ROOM = "tests/cogs/room.py"
"""Where a project makes the room that such a test is played in; without it there is none."""

_ARGUMENT = 60  # characters of one value that may stand in the call itself
_LONGEST_NAME = 40
_SHOWN = 80
_PLAYED = (
    "async def played(folder: Path, seed: int) -> str:",
    f'{INDENT}"""Play it with this luck; return what is left to it."""',
    f"{INDENT}own = folder / str(seed)",
    f"{INDENT}own.mkdir()",
)


def script_test(
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
    """Return a test that does what the script says; where nothing is wanted, it has to be answered.

    Whoever does the last step can then read something of the answer; else what is `wanted` is seen
    of each step that it names. No step raises. `None` where it cannot be written: what the room has
    not (files, direct messages, steps in the same instant), several cogs or none. `name` and `doc`
    are the test's, ready to be code; `expects` is what fails it on base. `typed`: the last step
    is a message that runs a command, so that whoever says it waits for an answer. With a `seed` the
    room's luck is always the same; with `luck` it is played so many times, each with another, and
    what is left to chance has to come out in more than one way.
    """
    cogs, world = script.world.cogs, script.world
    if not script.steps or len(cogs) != 1 or not _is_name(cogs[0]) or world.files:
        return None
    chance = next((each.step for each in wanted if each.one_of), None) if luck else None
    try:
        body, texts = _Body(script, wanted, chance, typed=typed).lines()
    except Unwritable:
        return None
    luckily = "seed" if chance is not None else "" if seed is None else str(seed)
    opened = _room(script, "tmp_path" if chance is None else "own", luckily)
    inside = [*texts, *opened.lines(INDENT, "async with ", " as room:"), *body]
    test = [f"async def {name}(tmp_path: Path) -> None:", f'{INDENT}"""{doc}"""']
    by_luck = [*_PLAYED, *inside, "", "", *test, varied(luck)]
    lines = [*test, *inside] if chance is None else by_luck
    imported = f"{WEB_IMPORT if world.web else ''}from tests.cogs.room import open_room\n"
    return Reproduction(
        path=path,
        node_id=f"{path}::{name}",
        source=f"from pathlib import Path\n\n{imported}\n\n" + "\n".join(lines) + "\n",
        calls=asked(script.steps[-1])[:_SHOWN],
        expects=expects,
    )


def _room(script: Script, folder: str, seed: str) -> Group:
    """Return the call that opens the room; without a `seed` its luck is its own."""
    world = script.world
    flags = Group("[", "]", [quoted(each) for each in world.flags], [""] * len(world.flags))
    named: dict[str, Group | str] = {"web=": "web"} if world.web else {}
    named |= {"seed=": seed} if seed else {}
    named |= {"flags=": flags} if world.flags else {}
    prefixes = Group(
        "[", "]", [quoted(each) for each in world.prefixes], [""] * len(world.prefixes)
    )
    named |= {"prefixes=": prefixes} if world.prefixes else {}
    items = [quoted(f"cogs.{world.cogs[0]}"), folder, *named.values()]
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
        acting = [each for each in script.steps if isinstance(each, PersonStep)]
        self._cast = RoomCast(script, acting, self._writer)
        self._asserted = Assertions(wanted, self._writer, self._cast)
        self._nothing_wanted = not wanted
        self._targets = {each.on for each in acting if isinstance(each, MenuStep | ReactStep)}
        self._targets |= {each.on for each in acting if isinstance(each, PressStep)}
        self._targets |= {each.reply_to for each in acting if isinstance(each, SayStep)}
        self._openers = dict(_opened(script.steps))

    def lines(self) -> tuple[list[str], list[str]]:
        """Return the lines of the body, and those of texts and web answers, which come before."""
        lines, last = [*self._cast.joining()], len(self._steps) - 1
        for at, step in enumerate(self._steps):
            name, deep = self._kept_as(at, step), INDENT * 2
            lines += self._done(at, step).lines(deep, f"{name} = " if name else "", "")
            if at < last:  # what is shown may be another thing later
                lines += self._asserted.lines(at, step, name, deep)
                if at == self._chance:
                    lines.append(f"{deep}chance = {read(step, name)}")
        lines += self._checked_last(last, self._steps[last])
        web = web_lines(self._web, self._writer) if self._web else []
        return lines, [*self._writer.texts, *web]

    def _kept_as(self, at: int, step: ScriptStep) -> str:
        """Return the name that what came of a step is needed by; empty where it is not needed."""
        if isinstance(step, SayStep) and f"m{at + 1}" in self._targets:
            return f"message_{at + 1}"
        if at in self._openers.values():
            return f"form_{at + 1}"
        wanted = self._asserted.of(at)
        if at == len(self._steps) - 1 and self._typed:
            return "typed"
        if at == len(self._steps) - 1:
            asks = isinstance(step, ASKED) and (wanted or self._nothing_wanted)
            return "answer" if asks or (isinstance(step, AutocompleteStep) and wanted) else ""
        return f"answer_{at + 1}" if wanted and isinstance(step, ASKED | AutocompleteStep) else ""

    def _checked_last(self, at: int, step: ScriptStep) -> Iterator[str]:
        """Yield what is asserted once the room is closed, where its errors are raised."""
        found = [*self._asserted.lines(at, step, "answer", INDENT)]
        if self._nothing_wanted and isinstance(step, ASKED):
            found = [f"{INDENT}assert {seen(step, 'answer')}"]
        if self._typed:
            found = [f"{INDENT}assert room.answer_to(typed)"]
        if found:
            yield from ("", *found)
        if self._chance is not None:
            shown = read(step, "answer") if at == self._chance else "chance"
            yield from (*(() if found else ("",)), f"{INDENT}return {shown}")

    def _done(self, at: int, step: ScriptStep) -> Group:
        match step:
            case WaitStep():
                return self._call("room.env.advance_time", self._number(step.wait))
            case RestartStep():
                away = (self._number(step.away),) if step.away else ()
                return self._call("room.restart", *away)
            case CommandStep() if not step.files:
                return self._slash(step)
            case AutocompleteStep():
                return self._completed(step)
            case SubmitStep():
                return self._submitted(at, step)
            case PressStep() | MenuStep() | SayStep() | ReactStep():
                return self._about_messages(step)
            case _:
                raise Unwritable

    def _slash(self, step: CommandStep) -> Group:
        by, where = self._cast.person(step.by), self._cast.channel(step.channel)
        options = self._options(step.options)
        return self._call(f"{by}.slash", where, self._text(step.command), named=options)

    def _completed(self, step: AutocompleteStep) -> Group:
        by, where = self._cast.person(step.by), self._cast.channel(step.channel)
        typed = str(step.options.get(step.focused, ""))
        others = {name: each for name, each in step.options.items() if name != step.focused}
        given = (self._text(each) for each in (step.autocomplete, step.focused, typed))
        return self._call(f"{by}.autocomplete", where, *given, named=self._options(others))

    def _submitted(self, at: int, step: SubmitStep) -> Group:
        if at not in self._openers:
            raise Unwritable  # no form is open
        form = f"form_{self._openers[at] + 1}"
        fields = [f"{self._name(name)}: " for name in step.submit]
        values = [self._text(each) for each in step.submit.values()]
        by = self._cast.person(step.by)
        return self._call("room.submit", by, form, Group("{", "}", values, fields))

    def _about_messages(self, step: PressStep | MenuStep | SayStep | ReactStep) -> Group:
        by, where = self._cast.person(step.by), self._cast.channel(step.channel)
        named: dict[str, Group | str] = {}
        if self._cast.elsewhere(step.channel):
            named["channel"] = where
        match step:
            case PressStep():
                values = [self._cast.value(each) for each in step.values]
                named |= {"on": self._message(step.on)} if step.on else {}
                return self._call("room.press", by, self._text(step.press), *values, named=named)
            case SayStep() if not step.files:
                named |= {"reply_to": self._message(step.reply_to)} if step.reply_to else {}
                return self._call(
                    "room.say", by, self._text(self._cast.said(step.say)), named=named
                )
            case ReactStep():
                return self._call(f"{by}.react", self._message(step.on), self._text(step.react))
            case MenuStep():
                whom = step.on.removeprefix("@")
                on = self._cast.person(whom) if whom != step.on else self._message(step.on)
                return self._call(f"{by}.context_menu", where, self._text(step.menu), on)
            case _:
                raise Unwritable

    def _message(self, number: str) -> str:
        """Return the name of a message that was said first of all; others have none."""
        at = int(number[1:]) if number[:1] == "m" and number[1:].isdecimal() else 0
        said = [isinstance(each, SayStep) for each in self._steps[:at]]
        if not at or at > len(said) or not all(said):
            raise Unwritable
        return f"message_{at}"

    def _options(self, options: Mapping[str, object]) -> dict[str, Group | str]:
        return {name: self._cast.value(each) for name, each in options.items()}

    def _text(self, text: str) -> str:
        written = self._writer.write(text, _ARGUMENT)
        return written if isinstance(written, str) else written.flat

    def _number(self, number: float) -> Group | str:
        return self._writer.write(int(number) if number == int(number) else number)

    def _name(self, name: str) -> str:
        written = quoted(name)
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
            key = f"{self._name(name)}: "
            values.append(value if _is_name(name) else Group("**{", "}", [value], [key]))
            heads.append(f"{name}=" if _is_name(name) else "")
        return Group(f"await {called}(", ")", values, heads)


def _opened(steps: Sequence[ScriptStep]) -> Iterator[tuple[int, int]]:
    """Yield for each form that is submitted the step before, of the same person, that opened it."""
    newest: dict[str, int] = {}
    for at, step in enumerate(steps):
        if isinstance(step, SubmitStep) and step.by in newest:
            yield at, newest[step.by]
        if isinstance(step, ASKED):
            newest[step.by] = at


def _is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii() and not keyword.iskeyword(text)
