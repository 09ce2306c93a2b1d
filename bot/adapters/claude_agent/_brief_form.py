"""The schema of a planner's answer to a feature request."""

from pydantic import Field
from theseus_guard.record import Record

from bot.adapters.claude_agent._forms import PartStepForm
from bot.domain.brief import MOST_QUESTIONS, Absence
from bot.domain.flag import NAME
from bot.domain.plan import NO_COMPATIBILITY_IMPACT, Risk
from bot.domain.proof import ProofKind

MOST_EXAMPLES = 8
SCRIPT_CHARS = 3_000


class WantedForm(Record):
    """What people must see after one step of an example."""

    step: int = Field(default=0, ge=0, description="which step of the script, counted from 0")
    shows: tuple[str, ...] = Field(
        default=(),
        max_length=8,
        description="texts that all stand in the answer, as people read it",
    )
    one_of: tuple[str, ...] = Field(
        default=(), max_length=40, description="texts of which one comes up: what chance decides"
    )
    hides: tuple[str, ...] = Field(
        default=(),
        max_length=8,
        description="texts that do not stand in it: what tells it from the other examples",
    )


class ExampleForm(Record):
    """One example: what a person does, and what they must see."""

    asked: str = Field(
        min_length=2, max_length=120, description="what somebody does: `/coinflip times:3`"
    )
    expected: str = Field(min_length=2, max_length=200, description="what they get: three results")
    script: str = Field(
        min_length=10,
        max_length=SCRIPT_CHARS,
        description="the rehearsal script that plays it, as YAML, with `world: {cogs: [...]}`",
    )
    wanted: tuple[WantedForm, ...] = Field(min_length=1, max_length=8)
    missing: Absence = Field(description="why it does not go so today")


class OpenQuestionForm(Record):
    """A question that only people can answer."""

    text: str = Field(min_length=5, max_length=500, description="one question, all it needs")
    default: str = Field(min_length=1, max_length=200, description="what counts without an answer")
    choices: tuple[str, ...] = Field(
        default=(), max_length=5, description="answers to choose from, where there are few"
    )


class BriefForm(Record):
    """What is requested, which examples prove it, and how it is built."""

    objection: str = Field(
        default="",
        max_length=900,
        description="Only where nothing is to be built: why, for people. Then the rest is empty.",
    )
    needs: tuple[str, ...] = Field(
        default=(),
        max_length=5,
        description="Packages that pyproject.toml does not name and it cannot be built without, as "
        "PyPI calls them. Nothing can be installed: plan without any wherever that can be done.",
    )
    understood: str = Field(
        min_length=10, max_length=900, description="What is wanted, in a sentence or two."
    )
    out_of_scope: tuple[str, ...] = Field(
        default=(), max_length=5, description="What somebody may take it for, and is not built."
    )
    examples: tuple[ExampleForm, ...] = Field(default=(), max_length=MOST_EXAMPLES)
    questions: tuple[OpenQuestionForm, ...] = Field(
        default=(),
        max_length=MOST_QUESTIONS,
        description="Only where the answer changes what is built.",
    )
    proofs: tuple[ProofKind, ...] = Field(
        default=(), max_length=6, description="behaviour, where there are examples; see the message"
    )
    risk: Risk = Field(
        default="low",
        description="low: new, and nobody else's. medium: what there is answers otherwise. high: "
        "data, concurrency or start-up. security: who may do what, secrets, input from strangers.",
    )
    flag: str = Field(
        default="",
        max_length=32,
        pattern=f"^$|{NAME}",
        description="Only where it ships behind a flag: the flag's name, `coinflip`.",
    )
    solution: str = Field(default="", max_length=2_000, description="How it is built, and where.")
    steps: tuple[PartStepForm, ...] = Field(default=(), max_length=8)
    impact: str = Field(default="", max_length=600, description="Who notices it, and what.")
    compatibility: str = Field(
        default=NO_COMPATIBILITY_IMPACT,
        max_length=600,
        description="As for any plan; left out for nothing.",
    )
    rollback: str = Field(
        default="Revert the merge.",
        max_length=600,
        description="How it is undone, where reverting the commit is not all.",
    )
