"""Answers that change, as a card and a pull request quote them."""

import pytest
from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.records import PlayDifference

from bot.domain.change import Verdict
from bot.presentation.cards._behaviour import render_behaviour, render_behaviour_markdown


def quoted(before: str, after: str) -> str:
    """Return the line of a card about one answer that changed."""
    difference = PlayDifference(step=0, before=(before,), after=(after,))
    change = AnswerChange(script=0, asked="/roll 1d6", difference=difference)
    found = BehaviourDiff(answers=9, changed=1, changes=(change,))
    verdict = Verdict(head="abc", round=1, behaviour=found)
    assert "**" not in render_behaviour_markdown(verdict).replace(r"\*\*", "")
    _, line = render_behaviour(verdict)
    return line


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("You: **7**", "You: **8**!", "“You: 7” → “You: 8!”"),  # as people read it
        ("**7**", "7", r"“\*\*7\*\*” → “7”"),  # the stars are what changes
        ("2 ** 3 ** 4", "2**", r"“2 \*\* 3 \*\* 4” → “2\*\*”"),  # nothing is bold
        ("**[x](https://y.z)**", "**@all**", "“\\[x\\](https:\u200b//y.z)” → “@\u200ball”"),
    ],
)
def test_an_answer_is_quoted_as_people_read_it(before: str, after: str, line: str) -> None:
    assert quoted(before, after) == f"• /roll 1d6: {line}"
