"""The text for a user who tries a proposal."""

from bot.domain.trials import Trial
from bot.presentation.cards import render_trial

TRIAL = Trial(asked="/roll dice:2d6", base="a" * 40, head="b" * 40, cogs=("polls",))
NONE = ("⚠ command: there is no 'roll' here; there are /poll",)


def test_what_neither_could_do_is_no_same_answer_and_names_the_cogs_that_are_there() -> None:
    text = render_trial(TRIAL.replace(before=NONE, after=NONE, is_incomplete=True))
    assert "only the cogs that this change touches are loaded (`polls`)" in text
    assert "The answer is the same" not in text
    assert "The answer is the same." in render_trial(TRIAL.replace(before=("4",), after=("4",)))


def test_what_was_typed_stands_as_it_was_typed_and_cannot_end_its_code() -> None:
    first, *_ = render_trial(TRIAL.replace(asked="/poll options:a|b*c` **x**")).splitlines()
    assert first.startswith("`/poll options:a|b*c")
    assert first.count("`") == 2
