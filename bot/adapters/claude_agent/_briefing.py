"""What the executor and its reviewer are told, made from the records of a run."""

from collections.abc import Sequence

from bot.adapters.claude_agent._forms import ReviewForm
from bot.adapters.claude_agent._record_texts import (
    agreed_lines,
    fault_text,
    plan_text,
    play_lines,
    tried_lines,
    troubles,
)
from bot.adapters.claude_agent._texts import clipped, evidence_text, fenced
from bot.domain.change import Verdict
from bot.ports.agent import Assignment, PartOfWork
from bot.prompts import Prompts
from bot.redaction import redact

_OUTPUT = 6_000  # characters of one failed check; its end says most
_OUTPUTS = 15_000
_DIFF = 40_000
_DIFF_SO_FAR = 8_000
_WORDS = 8_000
_INSTRUCTION = 2_000
_UNSAID = "Nobody described it: our program noticed it, or somebody pointed at what it said."


class Briefing:
    """Writes the messages of one assignment."""

    def __init__(
        self,
        assignment: Assignment,
        prompts: Prompts,
        memory: Sequence[str] = (),
        checks: str = "",
    ) -> None:
        self._assignment = assignment
        self._prompts = prompts
        self._memory = memory
        self._checks = checks
        self._meanwhile: list[str] = []

    def opening(self, owned: Sequence[str], *, known: bool, diff: str) -> str:
        """Return what begins this call.

        `known` says that the conversation remembers what was said before; else it is told, with the
        `diff` the worktree holds.
        """
        news = self._news(known=known)
        if known:
            return "\n\n".join(news)
        begun = self._before(diff) if self._begun else []
        more = "\n\n".join([*begun, *news])
        assignment = self._assignment
        evidence = evidence_text(assignment.evidence, memory=self._memory, checks=self._checks)
        return self._prompts.render(
            "executor_begin" if assignment.brief is None else "executor_change",
            **self._task(owned),
            evidence=evidence or "(none)",
            more=f"\n{more}" if more else "",
        )

    def _task(self, owned: Sequence[str]) -> dict[str, str]:
        """Return what is to be done, as both who writes and who reads it over are told."""
        return {
            "request": self._request(),
            "diagnosis": self._wanted() or self._diagnosis(),
            "plan": self._plan(),
            "owned": listed(owned),
            "proof": self._proof(),
        }

    def sent_back(self, review: ReviewForm) -> str:
        """Return what the executor is told of a review that did not approve."""
        told = "\n\n".join(
            f"{number}. {problem.file}: {problem.what}\n   Why: {problem.why}"
            for number, problem in enumerate(review.problems, 1)
        )
        return self._prompts.render(
            "executor_review", problems=self._data(told or review.summary, _OUTPUT, "review")
        )

    def meanwhile(self, news: Sequence[str]) -> str:
        """Return what the executor is told of what people ask while it works; empty for nothing."""
        self._meanwhile += news
        return self._rendered("executor_meanwhile", news)

    def nothing_changed(self) -> str:
        """Return what the executor is told when it is done and nothing has changed."""
        return self._prompts.render("executor_nothing")

    def to_review(self, owned: Sequence[str], words: str, diff: str, tests: str) -> str:
        """Return what the reviewer reads first; `tests` is what they say of it, in our words."""
        steering = (*self._assignment.steering, *self._meanwhile)
        asked = self._rendered("reviewer_instructions", steering)
        return self._prompts.render(
            "reviewer_read" if self._assignment.brief is None else "reviewer_change",
            **self._task(owned),
            instructions=f"\n{asked}\n" if asked else "",
            words=self._data(words, _WORDS),
            tests=self._tests(tests),
            diff=self._data(diff, _DIFF),
        )

    def to_review_again(self, words: str, diff: str, tests: str) -> str:
        """Return what the reviewer reads once its points were answered."""
        return self._prompts.render(
            "reviewer_again",
            words=self._data(words, _WORDS),
            tests=self._tests(tests),
            diff=self._data(diff, _DIFF),
        )

    def _tests(self, told: str) -> str:
        """Return what tests say now, and what plays showed of the round before."""
        feedback = self._assignment.feedback
        shown = self._data(told, _OUTPUT)
        if feedback is None or feedback.behaviour is None:
            return shown
        plays = "\n".join(play_lines(feedback.behaviour))
        return (
            f"{shown}\n\nWhat plays of recorded traffic showed of round {feedback.round}, before "
            f"this one:\n\n{self._data(plays, _OUTPUT)}"
        )

    @property
    def _begun(self) -> bool:
        """Whether something was done for this assignment before this call."""
        assignment = self._assignment
        return bool(assignment.resumed or assignment.previous or assignment.answer)

    def _news(self, *, known: bool) -> list[str]:
        """Return what has happened since the conversation was last spoken in."""
        assignment = self._assignment
        told = [] if known or assignment.part is None else [self._part(assignment.part)]
        if assignment.feedback is not None and not (known and assignment.answer):
            told.append(self._feedback(assignment.feedback))
        if assignment.answer is not None:
            told.append(self._answer())
        if asked := self._rendered("executor_instructions", assignment.steering):
            told.append(asked)
        interrupted = assignment.resumed and assignment.answer is None
        if known and (interrupted or not told):
            told.insert(0, self._prompts.render("executor_resumed"))
        return told

    def _before(self, diff: str) -> list[str]:
        """Return what a conversation that is lost left: what was tried, and what is changed."""
        lines = []
        if previous := self._assignment.previous:
            lines += tried_lines(previous)
        facts = self._data("\n".join(lines), _OUTPUT) if lines else "Nothing was finished."
        so_far = self._data(diff, _DIFF_SO_FAR) if diff.strip() else "Nothing is changed."
        before = f"{facts}\n\nThe worktree holds this change so far:\n\n{so_far}"
        return [self._prompts.render("executor_before", before=before)]

    def _part(self, part: PartOfWork) -> str:
        others = [f"- {name}: {', '.join(files)}" for name, files in part.others.items()]
        again = ""
        if part.again:
            again = (
                "\nBy now the other parts are there: your worktree holds those that come before "
                "yours. You wrote yours beside them once, and it could not be used:\n\n"
                f"{self._data(part.again, _WORDS)}\n\nWrite it again, on top of what is there."
            )
        return self._prompts.render(
            "executor_part",
            part=part.name,
            others=self._data("\n".join(others), _OUTPUT, "plan"),
            again=again,
        )

    def _feedback(self, verdict: Verdict) -> str:
        return self._prompts.render(
            "executor_feedback",
            round=str(verdict.round),
            verdict=self._data("\n\n".join(troubles(verdict)), _OUTPUTS),
        )

    def _answer(self) -> str:
        question, answer = self._assignment.question, self._assignment.answer
        asked = self._data(question.text, _WORDS) if question else "(your question)"
        if answer is not None and answer.person is not None:
            words = self._data(answer.text, _INSTRUCTION, "instruction")
            said = f"{named(answer.person.name)} decides it, and this is an instruction:\n\n{words}"
        else:
            default = answer.text if answer else ""
            default = question.default if question and not default else default
            said = (
                "Nobody answered in time, so the default you stated counts:\n\n"
                f"{self._data(default, _INSTRUCTION, 'instruction')}"
            )
        return self._prompts.render("executor_answer", question=asked, answer=said)

    def _rendered(self, prompt: str, asked: Sequence[str]) -> str:
        if not asked:
            return ""
        blocks = [self._data(each, _INSTRUCTION, "instruction") for each in asked]
        return self._prompts.render(prompt, instructions="\n\n".join(blocks))

    def _request(self) -> str:
        said = self._assignment.request.strip()
        return self._data(said, _WORDS) if said else _UNSAID

    def _wanted(self) -> str:
        brief = self._assignment.brief
        return self._data("\n".join(agreed_lines(brief)), _OUTPUT, "plan") if brief else ""

    def _diagnosis(self) -> str:
        return self._data(fault_text(self._assignment.diagnosis), _OUTPUT)

    def _plan(self) -> str:
        return self._data(plan_text(self._assignment.plan), _OUTPUTS, "plan")

    def _proof(self) -> str:
        plan = self._assignment.plan
        told = [
            f"`{test.path}` (our program's; it is not to be written or changed). "
            f"Today it ends with {test.expects}.\n\n{self._data(test.source, _OUTPUT)}"
            for test in plan.reproductions
        ]
        if plan.played is not None:
            told.append(
                "What decides is a play of what people did; it holds what they wrote, and is not "
                f"shown here. Today it ends with {plan.played.ends}."
            )
        told += [
            f"A help: this call ends with {test.expects} today. It does not decide, and is not "
            f"committed.\n\n{self._data(test.source, _OUTPUT)}"
            for test in plan.guides
        ]
        nothing = "There is none. Show the mend with a test of your own, if you own a test file."
        return "\n\n".join(told) or nothing

    def _data(self, text: str, limit: int, label: str = "data") -> str:
        return fenced(clipped(redact(text), limit), label)


def listed(files: Sequence[str]) -> str:
    """Return files as a list, one a line."""
    return "\n".join(f"- `{file}`" for file in files)


def character(prompts: Prompts, part: str) -> str:
    """Return who a model is that people hear, and its persona. Raises `ConfigError`."""
    return prompts.render(part, persona=prompts.render("persona").strip())


def named(name: str) -> str:
    """Return a person's name as it may stand in our own words: on one line, without marks."""
    plain = "".join(char for char in name if char.isalnum() or char in " ._-")
    return " ".join(plain.split())[:40] or "Somebody who may decide"
