"""What came of trying a proposal, for the one who tried it."""

from bot.domain.behaviour import Trial
from bot.presentation.cards._plain_text import plain, tame

_LINES = 12
_SILENCE = "-# nobody sees anything"


def trial_text(trial: Trial) -> str:
    """Return both answers as people would see them, one under the other; nothing in them rings."""
    same = " The answer is the same." if trial.before == trial.after else ""
    return "\n".join(
        [
            f"`{plain(trial.asked, 300)}` on an empty server.{same}",
            f"**Today** (`{trial.base[:7]}`)",
            *_quoted(trial.before),
            f"**With the change** (`{trial.head[:7]}`)",
            *_quoted(trial.after),
        ]
    )


def _quoted(lines: tuple[str, ...]) -> list[str]:
    if not lines:
        return [_SILENCE]
    shown = [f"> {tame(line, 400)}" for line in lines[:_LINES]]
    left = len(lines) - _LINES
    return [*shown, f"-# {left} more lines"] if left > 0 else shown
