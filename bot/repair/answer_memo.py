"""What is kept while people are asked: the question, and all that they said before it."""

from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from bot.grammar.choices import parse_literal
from bot.repair.calls import CallOutcome, CallQuestion, StatedAnswer


@dataclass(frozen=True, slots=True)
class AnswerMemo:
    """What was `stated` by now, and the question that is open, if one is."""

    stated: tuple[StatedAnswer, ...] = ()
    question: CallQuestion | None = None

    def to_text(self) -> str:
        """Return it as text that `read_memo` reads; how the candidates end is left out."""
        asked = replace(self.question, ends=()) if self.question else None
        said = [replace(each, question=replace(each.question, ends=())) for each in self.stated]
        return _MEMO.dump_json(AnswerMemo(tuple(said), asked)).decode()

    def set_answer(self, choice: str, by: str) -> "AnswerMemo":
        """Return it with the choice that a person took, or the literal they wrote instead.

        Any other word leaves it open.
        """
        question = self.question
        if question is None:
            return self
        if choice in question.choices:
            number = question.choices.index(choice)
            right = number if number < len(question.answers) else None
            return AnswerMemo((*self.stated, StatedAnswer(question, right, by)))
        if not question.now or parse_literal(choice) != choice:
            return replace(self, question=None)
        written = CallOutcome("answer", choice, source=choice)
        asked = replace(question, answers=(*question.answers, written))
        return AnswerMemo((*self.stated, StatedAnswer(asked, len(question.answers), by)))


_MEMO = TypeAdapter(AnswerMemo)


def read_memo(text: str) -> AnswerMemo:
    """Return what `AnswerMemo.to_text` made text of; no text is no memo. Raises `ValueError`."""
    return _MEMO.validate_json(text) if text else AnswerMemo()
