"""What is stored while people are asked: the question, and all their answers before it."""

from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from bot.grammar.choices import parse_literal
from theseus_repair.calls import CallOutcome, CallQuestion, StatedAnswer


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
        if not question.now or parse_literal(choice) != choice:
            return replace(self, question=None)
        written = CallOutcome("answer", choice, source=choice)
        answered = replace(question, answers=(*question.answers, written))
        return AnswerMemo((*self.stated, StatedAnswer(answered, len(question.answers), by)))


_MEMO = TypeAdapter(AnswerMemo)


def read_memo(text: str) -> AnswerMemo:
    """Return the memo that `AnswerMemo.to_text` wrote, empty for no text. Raises `ValueError`."""
    return _MEMO.validate_json(text) if text else AnswerMemo()
