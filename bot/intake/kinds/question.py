"""A question about the bot or one of its runs, answered from records."""

from dataclasses import dataclass

from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent, Slots, Topic
from bot.domain.people import Person
from bot.domain.run import Run
from bot.domain.target import OWN_TARGET
from bot.intake.message import Message, MessageHost, can_ask
from bot.intake.places import WRONG_CHANNEL, is_about_work
from bot.intake.targets import KnownTargets
from bot.presentation.answers import RUN_ANSWERS, add_next_step
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.requests.questions import OPEN_TO_ALL, AskedQuestion, QuestionService

INTENTS = (Intent.ASK,)

_ABOUT_ITSELF = (Topic.HELP, Topic.ABILITIES, Topic.SKILLS, Topic.TOOLS)
_NO_RUN_THERE = (
    "That is the answer of a command, not a run of mine. Name a run or a command: “why #7?”, “what "
    "changed in /roll?”. If the answer is wrong, say what it should be."
)


@dataclass(frozen=True)
class Request:
    """The question with the bot and the run that it is about; or why it is not answered."""

    person: Person
    slots: Slots
    host: MessageHost
    run: Run | None = None
    refusal: str = ""
    target: str = OWN_TARGET


@dataclass(frozen=True, eq=False)
class Handler:
    """Answers questions; restricted answers are not given in public channels."""

    agent: SelfImprovementAgent
    questions: QuestionService
    people: AllowLists
    dev_channel_id: int
    targets: KnownTargets

    async def decide(self, message: Message) -> Request:
        """Return which run the question is about, and whether it may be answered here."""
        slots, run, refusal = message.slots, message.run, ""
        restricted = slots.topic not in (*OPEN_TO_ALL, None)
        listed = can_ask(self.people, message.person)
        if restricted and listed and not is_about_work(message, self.dev_channel_id):
            refusal = WRONG_CHANNEL.format(channel=self.dev_channel_id)
        elif run is None and message.card is not None:
            run = await self.agent.find(run_id=message.card.run_id)
        elif run is None and slots.topic in RUN_ANSWERS and _is_about_command_response(message):
            refusal = _NO_RUN_THERE
        target = run.trigger.target if run else self.targets.find_named(message.text, message.place)
        return Request(message.person, slots, message.host, run, refusal, target)

    async def perform(self, request: Request) -> str:
        """Return the answer. Raises what `QuestionService.answer` raises."""
        slots = request.slots
        if request.refusal:
            return request.refusal
        if slots.topic is None:
            raise AssertionError("a question is about something")
        if slots.topic in _ABOUT_ITSELF:
            answer = await request.host.describe_bot(request.person, slots)
        else:
            answer = await self.questions.answer(
                AskedQuestion(
                    person=request.person,
                    topic=slots.topic,
                    subject=slots.subject,
                    span=slots.span,
                    run=request.run,
                    run_id=slots.run,
                    number=slots.pull_request,
                    target=request.target,
                )
            )
        return add_next_step(slots.topic, answer)


def _is_about_command_response(message: Message) -> bool:
    """Return whether the question replies to a command's answer and names nothing else."""
    slots = message.slots
    names = slots.subject or slots.span or slots.run or slots.pull_request
    replied = message.replied
    return not names and replied is not None and bool(replied.interaction_id)
