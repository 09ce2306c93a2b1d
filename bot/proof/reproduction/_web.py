"""What services answered in a script, as a test has it."""

from collections.abc import Sequence

from bot.domain.rehearsal import WebAnswer
from bot.proof.reproduction._write import INDENT, Group, Unwritable, Writer

WEB_IMPORT = "from bot.domain.rehearsal import WebAnswer\n"

_ARGUMENT = 60  # characters of one value that may stand in the call itself
_MOST_TEXT = 4_000  # characters of all bodies: a test is there to be read


def build_web_lines(answers: Sequence[WebAnswer], writer: Writer) -> list[str]:
    """Return the lines that assign them to `web`. Raises `Unwritable` where they are too long."""
    if sum(len(each.body) for each in answers) > _MOST_TEXT:
        raise Unwritable
    written = [_build_answer(each, writer) for each in answers]
    return Group("[", "]", written, [""] * len(written)).format_lines(INDENT, "web = ", "")


def _build_answer(answer: WebAnswer, writer: Writer) -> Group:
    """Return the answer with what is not as usual; where nothing answered, only that."""
    told = answer.model_dump(exclude_defaults=True)
    if answer.error:
        told = {name: told[name] for name in ("url", "method", "error") if name in told}
    values = [writer.write(value, _ARGUMENT) for value in told.values()]
    return Group("WebAnswer(", ")", values, [f"{name}=" for name in told])
