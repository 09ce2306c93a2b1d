"""The card that shows how a requested change was understood, before anything is written."""

from bot.domain.brief import Acceptance, Brief
from bot.domain.budget import Cap
from bot.domain.history import History
from bot.domain.people import ITSELF
from bot.domain.plan import Plan
from bot.domain.posts import Button, Card, CardField, Post
from bot.domain.proof import ProofKind
from bot.domain.run import Run
from bot.domain.waits import format_timestamp
from bot.presentation.cards._second_opinion import format_size, list_opinion_lines
from bot.presentation.cards._sources import list_source_lines
from bot.presentation.cards._text import format_elapsed, format_money, format_spending
from bot.presentation.counts import format_count, format_list
from bot.presentation.flags import describe_upcoming_flag
from bot.presentation.markdown import escape_line
from bot.presentation.titles import format_title
from bot.proof.time_limits import find_promised_ms

DIGITS = 12
"""The number of characters of a brief's digest in a button's id."""

_MOST_EXAMPLES, _MOST_FILES = 8, 8
_HOW = "Say “go ahead”, “cancel”, or what you want instead."
_CONFIRM = (
    "Shall I go ahead and write it? Press the button, or say “go ahead”. If something should be "
    "different, say it here."
)
_MISSING = {
    "no such command": "the command does not exist",
    "no such option": "the command has no such option",
    "no such cog": "there is no such cog",
    "another answer": "the answer is different",
}
_KINDS: dict[ProofKind, str] = {
    "preserving": "no visible change: no answer, public name or test changes",
    "measured": "it takes less time, measured in turns with today's code",
    "covering": "its tests find bugs (mutants) that today's tests miss",
    "words": (
        "the texts are valid: placeholders, links, the commands they name; sample "
        "chats before and after"
    ),
    "configuration": "the settings are valid, and the card says what they change",
}
"""How each kind of proof is described; examples are listed one by one instead."""


def render_contract(
    run: Run, history: History, cap: Cap | None = None, hourly_limit: str = ""
) -> Post:
    """Return the card that people agree to: what will be built, and how it will be proven.

    `cap` is what the run may cost, `hourly_limit` how many changes may begin. Texts by models and
    people are escaped, so they are inert.
    """
    brief, plan = history.brief, history.plan
    if brief is None or plan is None:
        raise AssertionError("a contract card needs a brief and a plan")
    asker = run.trigger.person
    notify = () if asker == ITSELF else (asker.id,)
    files = [f"`{file}`" for file in sorted(plan.owned_files)]
    tests = [f"`{test.path}`" for test in plan.reproductions]
    fields = {
        "For example": "\n".join(list_example_lines(brief)),
        "Not included": "\n".join(f"• {escape_line(each, 200)}" for each in brief.out_of_scope[:5]),
        "My assumptions": "\n".join(_list_assumptions(history)),
        "How I prove it": _render_proof(brief, tests),
        "Files": format_list(files, _MOST_FILES) + (", and tests of the examples" if tests else ""),
        "Parts": _format_parts(plan),
        "Risk": escape_line(f"{brief.risk.capitalize()}. {plan.impact}", 400),
        "Second opinion": "\n".join(list_opinion_lines(plan)),
        "Sources": "\n".join(list_source_lines(history.research_report))[:1_000],
        "Size": format_size(plan),
        "Flag": describe_upcoming_flag(brief.flag) if brief.flag else "",
        "Estimated cost": _format_cost(brief, cap),
        "Limit": hourly_limit,
    }
    return Post(
        text=(
            f"{f'<@{asker.id}> ' if notify else ''}This is what I understand. "
            f"{_describe_next_step(run)}"
        ),
        card=Card(
            title=f"Wanted: {format_title(run.trigger, 120)}",
            body=escape_line(brief.understood, 900),
            tone="warning",
            fields=tuple(CardField(name=name, value=text) for name, text in fields.items() if text),
            footer=(
                f"run {run.id} · by {brief.written_by} · {format_elapsed(run)} · "
                f"{format_spending(run, cap)}"
            ),
        ),
        buttons=_build_buttons(run, brief),
        notify=notify,
    )


def list_example_lines(brief: Brief) -> tuple[str, ...]:
    """Return a line for each example: what a user does, and what the user gets."""
    shown = [f"• {_format_example(each)}" for each in brief.acceptances[:_MOST_EXAMPLES]]
    more = len(brief.acceptances) - len(shown)
    return (*shown, *([f"and {more} more"] if more > 0 else []))


def _format_example(each: Acceptance) -> str:
    return f"{escape_line(each.asked, 120)} → {escape_line(each.expected, 160)}"


def _list_assumptions(history: History) -> list[str]:
    """Return the default answers of questions that nobody was asked."""
    brief, question = history.brief, history.question
    if brief is None or question is None:
        return []
    left = [each for each in brief.questions if each.text not in question.text]
    return [f"• {escape_line(each.text, 160)} {escape_line(each.default, 160)}" for each in left]


def _render_proof(brief: Brief, tests: list[str]) -> str:
    """Return what must hold: the examples, if there are any, and each other kind of proof."""
    examples = [_describe_examples(brief, tests)] if brief.acceptances else []
    most = find_promised_ms(brief)
    if most is not None:
        examples.append(f"I count answers within {most:g} ms once it is live")
    return "\n".join((*examples, *(_KINDS[each] for each in brief.proofs if each in _KINDS)))


def _describe_examples(brief: Brief, tests: list[str]) -> str:
    """Return that the examples become tests, and why these tests fail today."""
    missing = dict.fromkeys(_MISSING[each.missing] for each in brief.acceptances)
    count = format_count(len(brief.acceptances), "example")
    fails = "fails" if len(brief.acceptances) == 1 else "fail"
    return (
        f"{count} as a test that {fails} today ({', '.join(missing)}) and must pass: "
        f"{format_list(tests, 3)}"
    )


def _format_parts(plan: Plan) -> str:
    """Return the parts that are written in parallel; empty if the change is one piece."""
    named = format_list([f"`{part.name}`" for part in plan.parts], 4)
    return f"{named}, written in parallel and merged in this order" if named else ""


def _format_cost(brief: Brief, cap: Cap | None) -> str:
    """Return the usual cost of a change, and what several candidates may cost together."""
    cost = f"≈ {format_money(brief.estimate_usd)}" if brief.estimate_usd else ""
    if brief.candidates == 1:
        return cost
    several = f"I write {brief.candidates} candidates and propose the best"
    if cap is not None and cap.usd is not None:
        several += f", for at most {format_money(cap.usd)} together"
    return f"{cost} each; {several}" if cost else f"{several}, which multiplies the cost"


def _describe_next_step(run: Run) -> str:
    if run.parked_until is None:
        return f"I write nothing until someone agrees. {_HOW}"
    return f"I go ahead {format_timestamp(run.parked_until)} unless someone objects. {_HOW}"


def confirm_contract(run: Run, brief: Brief) -> Post:
    """Return the question whether an unclear yes is a go-ahead; only its button decides."""
    return Post(text=_CONFIRM, buttons=_build_buttons(run, brief))


def _build_buttons(run: Run, brief: Brief) -> tuple[Button, ...]:
    this = (run.id, brief.digest[:DIGITS])
    return (
        Button(label="Go ahead", action="agree", arguments=this, style="success"),
        Button(label="Change it", action="amend", arguments=this),
        Button(label="Cancel", action="cancel", arguments=(run.id,), style="danger"),
    )
