"""Renders the messages for the executor and its reviewer from the records of a run."""

from collections.abc import Collection, Sequence

from theseus_observe.redaction import redact

from bot.adapters.claude_agent._forms import ReviewForm
from bot.adapters.claude_agent.prompting._record_texts import (
    describe_fault,
    iterate_agreed_lines,
    list_attempt_lines,
    list_problems,
    plan_text,
)
from bot.adapters.claude_agent.prompting._texts import clip, fence_text, render_evidence
from bot.domain.change import Verdict
from bot.domain.part_notes import BoardSeat
from bot.domain.people import ITSELF
from bot.domain.plan import Approach
from bot.ports.agent import Assignment, PartOfWork
from bot.prompts import Prompts

_OUTPUT = 6_000  # characters of one failed check; the end is the most useful part
_OUTPUTS = 15_000
_DIFF = 40_000
_DIFF_SO_FAR = 8_000
_MAX_WORDS_CHARS = 8_000
_INSTRUCTION = 2_000
_NEAREST = 3  # test files that are named
_NOTICED = "No person asked for this: our program noticed the failure and started the work itself."
_POINTED_AT = "A person pointed at a message of our program and wrote nothing."
_SAID = "A person said:"
_REPORTED = "People reported about it, newest first:"


class Briefing:
    """Renders the messages of one assignment."""

    def __init__(
        self,
        assignment: Assignment,
        prompts: Prompts,
        memory: Sequence[str] = (),
        checks: str = "",
        board: BoardSeat | None = None,
    ) -> None:
        self._assignment = assignment
        self._prompts = prompts
        self._memory = memory
        self._checks = checks
        self._board = board
        self._interim_requests: list[str] = []

    def render_opening(self, owned_files: Sequence[str], *, known: bool, diff: str) -> str:
        """Return the first message of this call.

        `known` is true if the conversation still contains the earlier messages. Otherwise the
        message repeats them, with the worktree's `diff`.
        """
        news = self._list_news(known=known)
        if known:
            return "\n\n".join(news)
        earlier_work = self._list_earlier_work(diff) if self._has_begun else []
        further = "\n\n".join([*earlier_work, *news])
        assignment = self._assignment
        known_evidence = assignment.evidence.replace(reports=())  # they are part of the request
        evidence = render_evidence(known_evidence, memory=self._memory, checks=self._checks)
        return self._prompts.render(
            "executor_begin" if assignment.brief is None else "executor_change",
            **self._build_task(owned_files),
            evidence=evidence or "(none)",
            more=f"\n{further}" if further else "",
        )

    def _build_task(self, owned_files: Sequence[str]) -> dict[str, str]:
        """Return the description of the task, which the executor and the reviewer share."""
        return {
            "request": self._render_request(),
            "diagnosis": self._render_brief() or self._render_diagnosis(),
            "plan": self._render_plan(),
            "owned": format_file_list(owned_files),
            "proof": self._render_proof(),
        }

    def render_checkup(self, verdict: Verdict) -> str:
        """Return the message about checks that fail on the work of this turn."""
        return self._prompts.render(
            "executor_checks", verdict=self._fence("\n\n".join(list_problems(verdict)), _OUTPUTS)
        )

    def render_draft_request(self, files: Sequence[str]) -> str:
        """Return the message about changed files that the draft does not mention."""
        return self._prompts.render("executor_draft", files=format_file_list(files))

    def render_review(self, review: ReviewForm) -> str:
        """Return the message about a review that did not approve."""
        problems = "\n\n".join(
            f"{number}. {problem.file}: {problem.what}\n   Why: {problem.why}"
            for number, problem in enumerate(review.problems, 1)
        )
        return self._prompts.render(
            "executor_review", problems=self._fence(problems or review.summary, _OUTPUT, "review")
        )

    def render_news(self, news: Sequence[str]) -> str:
        """Return the message with what people asked meanwhile, or ""."""
        self._interim_requests += news
        return self._render_instructions("executor_meanwhile", news)

    def render_notes(self) -> str:
        """Return what is added to a message: new notes of the other parts, as data, or ""."""
        notes = self._board.take_new() if self._board is not None else ()
        if not notes:
            return ""
        lines = "\n".join(f"{note.part}: {note.text}" for note in notes)
        return "\n\n" + self._prompts.render("executor_notes", notes=self._fence(lines, _OUTPUT))

    def render_no_change(self) -> str:
        """Return the message for an executor that is done but has changed nothing."""
        return self._prompts.render("executor_nothing")

    def render_review_request(
        self, owned_files: Sequence[str], summary: str, diff: str, tests: str
    ) -> str:
        """Return the reviewer's first message; `tests` describes the test results."""
        steering = (*self._assignment.steering, *self._interim_requests)
        instructions = self._render_instructions("reviewer_instructions", steering)
        return self._prompts.render(
            "reviewer_read" if self._assignment.brief is None else "reviewer_change",
            **self._build_task(owned_files)
            | {
                "owned": format_file_list(owned_files, untouched=_find_untouched(owned_files, diff))
            },
            instructions=f"\n{instructions}\n" if instructions else "",
            words=self._fence(summary, _MAX_WORDS_CHARS),
            tests=self._fence(tests, _OUTPUT),
            diff=self._fence(diff, _DIFF),
        )

    def render_second_review_request(self, summary: str, diff: str, tests: str) -> str:
        """Return the reviewer's message after its points were answered."""
        return self._prompts.render(
            "reviewer_again",
            words=self._fence(summary, _MAX_WORDS_CHARS),
            tests=self._fence(tests, _OUTPUT),
            diff=self._fence(diff, _DIFF),
        )

    @property
    def _has_begun(self) -> bool:
        """True if there was work on this assignment before this call."""
        assignment = self._assignment
        return bool(assignment.resumed or assignment.previous or assignment.answer)

    def _list_news(self, *, known: bool) -> list[str]:
        """Return the messages about what has happened since the conversation's last message."""
        assignment = self._assignment
        messages = [] if known or assignment.part is None else [self._render_part(assignment.part)]
        if assignment.approach is not None and not known:
            messages.append(self._render_approach(assignment.approach))
        if assignment.feedback is not None and not (known and assignment.answer):
            messages.append(self._render_feedback(assignment.feedback))
        if assignment.answer is not None:
            messages.append(self._answer())
        if instructions := self._render_instructions("executor_instructions", assignment.steering):
            messages += [*self._list_abandoned(), instructions]
        interrupted = assignment.resumed and assignment.answer is None
        if known and (interrupted or not messages):
            messages.insert(0, self._prompts.render("executor_resumed"))
        return messages

    def _list_earlier_work(self, diff: str) -> list[str]:
        """Return the work of a lost conversation: what was tried and what was changed."""
        lines = []
        if previous := self._assignment.previous:
            lines += list_attempt_lines(previous)
        facts = self._fence("\n".join(lines), _OUTPUT) if lines else "Nothing was finished."
        so_far = self._fence(diff, _DIFF_SO_FAR) if diff.strip() else "Nothing is changed."
        before = f"{facts}\n\nThe worktree holds this change so far:\n\n{so_far}"
        return [self._prompts.render("executor_before", before=before)]

    def _list_abandoned(self) -> list[str]:
        """Return the message about instructions of failed revisions; newer ones may refer to it."""
        if not self._assignment.abandoned:
            return []
        asked = "\n".join(f"- {' '.join(text.split())}" for text in self._assignment.abandoned)
        return [
            self._prompts.render("executor_abandoned", asked=self._fence(asked, _MAX_WORDS_CHARS))
        ]

    def _render_approach(self, approach: Approach) -> str:
        text = self._fence(f"{approach.name}\n\n{approach.summary}", _MAX_WORDS_CHARS, "plan")
        return self._prompts.render("executor_approach", approach=text)

    def _render_part(self, part: PartOfWork) -> str:
        others = [f"- {name}: {', '.join(files)}" for name, files in part.others.items()]
        retry = ""
        if part.retry_reason:
            retry = (
                "\nBy now the other parts are there: your worktree holds those that come before "
                "yours. You wrote yours beside them once, and it could not be used:\n\n"
                f"{self._fence(part.retry_reason, _MAX_WORDS_CHARS)}\n\n"
                f"{self._render_conflict(part.conflict)}Write it again, on top of what is there."
            )
        return self._prompts.render(
            "executor_part",
            part=part.name,
            others=self._fence("\n".join(others), _OUTPUT, "plan"),
            again=retry,
        )

    def _render_conflict(self, sides: str) -> str:
        if not sides:
            return ""
        return (
            "Where both do not merge, `ours` is what your worktree holds now, and `theirs` what "
            f"you wrote. Both have to hold afterwards:\n\n{self._fence(sides, _OUTPUT)}\n\n"
        )

    def _render_feedback(self, verdict: Verdict) -> str:
        return self._prompts.render(
            "executor_feedback",
            round=str(verdict.round),
            verdict=self._fence("\n\n".join(list_problems(verdict)), _OUTPUTS),
        )

    def _answer(self) -> str:
        question, answer = self._assignment.question, self._assignment.answer
        asked = self._fence(question.text, _MAX_WORDS_CHARS) if question else "(your question)"
        if answer is not None and answer.person is not None:
            instruction = self._fence(answer.text, _INSTRUCTION, "instruction")
            decision = (
                f"{format_name(answer.person.name)} decides it, and this is an instruction:\n\n"
                f"{instruction}"
            )
        else:
            default = answer.text if answer else ""
            default = question.default if question and not default else default
            decision = (
                "Nobody answered in time, so the default you stated counts:\n\n"
                f"{self._fence(default, _INSTRUCTION, 'instruction')}"
            )
        return self._prompts.render("executor_answer", question=asked, answer=decision)

    def _render_instructions(self, prompt: str, instructions: Sequence[str]) -> str:
        if not instructions:
            return ""
        blocks = [
            self._fence(instruction, _INSTRUCTION, "instruction") for instruction in instructions
        ]
        return self._prompts.render(prompt, instructions="\n\n".join(blocks))

    def _render_request(self) -> str:
        """Return who asked for the work, and people's words as data; never our own as theirs."""
        request, reports = self._assignment.request.strip(), self._assignment.evidence.reports
        if request:
            parts = [f"{_SAID}\n\n{self._fence(request, _MAX_WORDS_CHARS)}"]
        else:
            parts = [_NOTICED if self._assignment.person_id == ITSELF.id else _POINTED_AT]
        if reports:
            listed = "\n".join(f"- {' '.join(report.split())}" for report in reports)
            parts.append(f"{_REPORTED}\n\n{self._fence(listed, _MAX_WORDS_CHARS)}")
        return "\n\n".join(parts)

    def _render_brief(self) -> str:
        brief = self._assignment.brief
        return self._fence("\n".join(iterate_agreed_lines(brief)), _OUTPUT, "plan") if brief else ""

    def _render_diagnosis(self) -> str:
        return self._fence(describe_fault(self._assignment.diagnosis), _OUTPUT)

    def _render_plan(self) -> str:
        text, approach = plan_text(self._assignment.plan), self._assignment.approach
        if approach is not None:  # its reviewer goes by it too
            text += (
                f"\nApproach, which counts where it differs: {approach.name}: {approach.summary}"
            )
        return self._fence(text, _OUTPUTS, "plan")

    def _render_proof(self) -> str:
        plan = self._assignment.plan
        proofs = [
            f"`{test.path}` (our program's; it is not to be written or changed). "
            f"Today it ends with {test.expects}.\n\n{self._fence(test.source, _OUTPUT)}"
            for test in plan.reproductions
        ]
        if plan.replay_proof is not None:
            proofs.append(
                "What decides is a play of what people did; it holds what they wrote, and is not "
                f"shown here. Today it ends with {plan.replay_proof.ends}."
            )
        proofs += [
            f"To help you find the cause: this call ends with {test.expects} today. It is no "
            f"proof, and is not committed.\n\n{self._fence(test.source, _OUTPUT)}"
            for test in plan.guides
        ]
        nothing = "There is none. Show the mend with a test of your own, if you own a test file."
        proofs = proofs or [nothing]
        if plan.affected.files:
            tests = ", ".join(f"`{file}`" for file in plan.affected.files[:_NEAREST])
            proofs.append(f"The tests that reach what is to change, the nearest first: {tests}.")
        return "\n\n".join(proofs)

    def _fence(self, text: str, limit: int, label: str = "data") -> str:
        return fence_text(clip(redact(text), limit), label)


def format_file_list(files: Sequence[str], untouched: Collection[str] = ()) -> str:
    """Return files as a list with one file on each line; `untouched` ones are marked."""
    return "\n".join(
        f"- `{file}`" + (" (not changed)" if file in untouched else "") for file in files
    )


def _find_untouched(files: Sequence[str], diff: str) -> Collection[str]:
    """Return the files that do not occur in the diff."""
    lines = set(diff.splitlines())
    return {file for file in files if not {f"+++ b/{file}", f"--- a/{file}"} & lines}


def render_character(prompts: Prompts, part: str) -> str:
    """Return the system prompt of a model that talks to people. Raises `ConfigError`."""
    return prompts.render_system(part, persona=prompts.render("persona").strip())


def format_name(name: str) -> str:
    """Return a person's name for use in prompts: on one line, without markup."""
    plain = "".join(char for char in name if char.isalnum() or char in " ._-")
    return " ".join(plain.split())[:40] or "Somebody who may decide"
