"""What came of trying a proposal, for the one who tried it."""

from bot.domain.behaviour import Trial
from bot.presentation.cards._plain_text import suppress_mentions
from bot.presentation.cards._text import to_one_line

_LINES = 12
_TICK = "\u02cb"  # looks like a backtick
_SILENCE = "-# nobody sees anything"


def render_trial(trial: Trial) -> str:
    """Return both answers as people would see them, one under the other; nothing in them rings."""
    return "\n".join(
        [
            f"{_format_code(trial.asked)} on an empty server. {_describe_comparison(trial)}".rstrip(),
            f"**Today** (`{trial.base[:7]}`)",
            *_quote_lines(trial.before),
            f"**With the change** (`{trial.head[:7]}`)",
            *_quote_lines(trial.after),
        ]
    )


def _describe_comparison(trial: Trial) -> str:
    """Return what both answers come to; that neither could do it is no answer."""
    if trial.is_incomplete:
        named = ", ".join(f"`{each}`" for each in trial.cogs)
        only = f": only the cogs that this change is about are there ({named})" if named else ""
        return f"Not all of it could be done, today or with the change{only}."
    return "The answer is the same." if trial.before == trial.after else ""


def _format_code(text: str) -> str:
    """Return the text between backticks, where nothing marks up; none of its own may end that."""
    return f"`{to_one_line(text, 300).replace('`', _TICK)}`"


def _quote_lines(lines: tuple[str, ...]) -> list[str]:
    if not lines:
        return [_SILENCE]
    shown = [f"> {suppress_mentions(line, 400)}" for line in lines[:_LINES]]
    left = len(lines) - _LINES
    return [*shown, f"-# {left} more lines"] if left > 0 else shown
