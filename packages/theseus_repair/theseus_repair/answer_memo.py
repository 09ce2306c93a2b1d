"""What is stored while people are asked: the question, and all their answers before it."""

from dataclasses import dataclass, replace

from pydantic import TypeAdapter
from theseus_guard.syntax import evaluate_literal

from theseus_repair.calls import CallOutcome, CallQuestion, StatedAnswer

_LONGEST = 100  # characters of a literal


@dataclass(frozen=True, slots=True)
class AnswerMemo:
    """The answers that were `stated` so far, and the open question, if any."""

    stated: tuple[StatedAnswer, ...] = ()
    question: CallQuestion | None = None

    def to_text(self) -> str:
        """Return the memo as text that `read_memo` reads; the candidates' outcomes are left out."""
        question = replace(self.question, ends=()) if self.question else None
        answers = [
            replace(answer, question=replace(answer.question, ends=())) for answer in self.stated
        ]
        return _MEMO.dump_json(AnswerMemo(tuple(answers), question)).decode()

    def set_answer(self, choice: str, by: str) -> "AnswerMemo":
        """Return the memo with the choice of a person, or with the literal that they wrote instead.

        Any other text removes the question and adds no answer.
        """
        question = self.question
        if question is None:
            return self
        if choice in question.choices:
            number = question.choices.index(choice)
            right = number if number < len(question.answers) else None
            return AnswerMemo((*self.stated, StatedAnswer(question, right, by)))
        if not question.now or not _is_literal(choice):
            return replace(self, question=None)
        written = CallOutcome("answer", choice, source=choice)
        answered = replace(question, answers=(*question.answers, written))
        return AnswerMemo((*self.stated, StatedAnswer(answered, len(question.answers), by)))


def _is_literal(text: str) -> bool:
    """Return whether a text is a short literal, as Python writes it."""
    try:
        value = repr(evaluate_literal(text))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return False
    return value == text and len(text) <= _LONGEST and "`" not in text


_MEMO = TypeAdapter(AnswerMemo)


def read_memo(text: str) -> AnswerMemo:
    """Return the memo that `AnswerMemo.to_text` wrote, empty for no text. Raises `ValueError`."""
    return _MEMO.validate_json(text) if text else AnswerMemo()
