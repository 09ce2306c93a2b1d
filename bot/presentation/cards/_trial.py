"""The result of trying a proposal, for the person who tried it."""

from bot.domain.trials import Trial
from bot.presentation.cards._plain_text import suppress_mentions
from bot.presentation.cards._text import to_one_line

_LINES = 12
_TICK = "\u02cb"  # looks like a backtick
_SILENCE = "-# no visible answer"


def render_trial(trial: Trial) -> str:
    """Return the answers of today's code and of the change; nothing in them triggers a mention."""
    return "\n".join(
        [
            (
                f"{_format_code(trial.asked)} on an empty server. {_describe_comparison(trial)}"
            ).rstrip(),
            f"**Today** (`{trial.base[:7]}`)",
            *_quote_lines(trial.before),
            f"**With the change** (`{trial.head[:7]}`)",
            *_quote_lines(trial.after),
        ]
    )


def _describe_comparison(trial: Trial) -> str:
    """Return how the answers compare; incomplete trials are not compared."""
    if trial.is_incomplete:
        named = ", ".join(f"`{each}`" for each in trial.cogs)
        only = f": only the cogs that this change touches are loaded ({named})" if named else ""
        return f"Some steps were not possible, neither today nor with the change{only}."
    return "The answer is the same." if trial.before == trial.after else ""


def _format_code(text: str) -> str:
    """Return the text as inline code; backticks inside it are replaced, so they cannot end it."""
    return f"`{to_one_line(text, 300).replace('`', _TICK)}`"


def _quote_lines(lines: tuple[str, ...]) -> list[str]:
    if not lines:
        return [_SILENCE]
    shown = [f"> {suppress_mentions(line, 400)}" for line in lines[:_LINES]]
    left = len(lines) - _LINES
    return [*shown, f"-# {left} more lines"] if left > 0 else shown
