"""Writes the expectations of a step as assertions of a test."""

from collections.abc import Iterator, Sequence

from theseus_rehearsal.records import (
    AutocompleteStep,
    CommandStep,
    MenuStep,
    PressStep,
    ScriptStep,
    SubmitStep,
)
from theseus_repair.call_source.writer import INDENT, Group, Writer

from bot.domain.brief import Wanted
from bot.proof.reproduction._cast import RoomCast

ASKED = CommandStep | MenuStep | PressStep | SubmitStep
"""Steps that are answered to the person who does them."""

_CHECKED = 40  # characters of a text in an assertion, which is indented twice


class Assertions:
    """Writes the expectations of a script's steps. Texts stay texts; long ones get a name."""

    def __init__(self, wanted: Sequence[Wanted], writer: Writer, cast: RoomCast) -> None:
        self._writer = writer
        self._cast = cast
        self._wanted: dict[int, list[Wanted]] = {}
        for each in wanted:
            self._wanted.setdefault(each.step, []).append(each)
        self._lists = 0

    def has_step(self, at: int) -> bool:
        """Return whether a step has expectations."""
        return at in self._wanted

    def iterate_lines(self, at: int, step: ScriptStep, answer: str, indent: str) -> Iterator[str]:
        """Yield the assertions on a step, whose result is in the variable `answer`."""
        for wanted in self._wanted.get(at, ()):
            for text in wanted.shows:
                condition = self._format_condition(step, answer, self._write_text(text))
                yield f"{indent}assert {condition}"
            if wanted.one_of:
                yield from self._iterate_choice_lines(wanted, step, answer, indent)
            if isinstance(step, ASKED | AutocompleteStep):  # other steps also see earlier messages
                for text in wanted.hides:
                    seen = format_seen_expression(step, answer)
                    yield f"{indent}assert {self._write_text(text)} not in {seen}"

    def _iterate_choice_lines(
        self, wanted: Wanted, step: ScriptStep, answer: str, indent: str
    ) -> Iterator[str]:
        self._lists += 1
        name = f"wanted_{self._lists}"
        texts = [self._write_text(text) for text in wanted.one_of]
        yield from Group("[", "]", texts, [""] * len(texts)).format_lines(indent, f"{name} = ", "")
        seen = format_seen_expression(step, answer)
        yield f"{indent}assert any(text in {seen} for text in {name})"

    def _format_condition(self, step: ScriptStep, answer: str, text: str) -> str:
        """Return what is asserted of one text."""
        if isinstance(step, ASKED | AutocompleteStep):
            return f"{text} in {format_seen_expression(step, answer)}"
        return f"any({text} in text for text in room.said())"

    def _write_text(self, text: str) -> str:
        written = self._writer.write(self._cast.replace_names(text), _CHECKED)
        return written if isinstance(written, str) else written.flat


def format_seen_expression(step: ScriptStep, answer: str) -> str:
    """Return the expression for what people read of a step; `answer` is the result's variable."""
    if isinstance(step, ASKED):
        return f"room.shown({answer})"
    if isinstance(step, AutocompleteStep):
        return f'[choice["name"] for choice in {answer}]'
    return r'"\n".join(room.said())'


def format_text_expression(step: ScriptStep, answer: str) -> str:
    """Return the expression for the same as one text."""
    shown = format_seen_expression(step, answer)
    return f"str({shown})" if isinstance(step, AutocompleteStep) else shown


def format_variation_assertion(luck: int) -> str:
    """Return the assertion that runs with different seeds do not all have the same result."""
    plays = f"await played(tmp_path, seed) for seed in range({luck})"
    return f"{INDENT}assert len({{{plays}}}) > 1"
