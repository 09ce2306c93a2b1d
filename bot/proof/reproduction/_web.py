"""Writes the recorded answers of web services into a test."""

from collections.abc import Sequence

from theseus_rehearsal.records import WebAnswer
from theseus_repair.call_source.writer import INDENT, Group, Unwritable, Writer

WEB_IMPORT = "from theseus_rehearsal.records import WebAnswer\n\n"

_ARGUMENT = 60  # the longest value, in characters, that is written in the call itself
_MOST_TEXT = 4_000  # characters of all bodies together, so that the test stays readable


def build_web_lines(answers: Sequence[WebAnswer], writer: Writer) -> list[str]:
    """Return the lines that assign the answers to `web`. Raises `Unwritable` if too long."""
    if sum(len(answer.body) for answer in answers) > _MOST_TEXT:
        raise Unwritable
    written = [_build_answer(answer, writer) for answer in answers]
    return Group("[", "]", written, [""] * len(written)).format_lines(INDENT, "web = ", "")


def _build_answer(answer: WebAnswer, writer: Writer) -> Group:
    """Return the answer with its unusual fields; only the request if nothing answered."""
    fields = answer.model_dump(exclude_defaults=True)
    if answer.error:
        fields = {name: fields[name] for name in ("url", "method", "error") if name in fields}
    values = [writer.write(value, _ARGUMENT) for value in fields.values()]
    return Group("WebAnswer(", ")", values, [f"{name}=" for name in fields])
