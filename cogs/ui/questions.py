"""Questions about the bot itself, whichever way they are asked: what to answer, and to whom."""

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.run import Run
from bot.grammar import Slots, Topic
from bot.presentation.answers import help_text
from bot.presentation.cards import run_line
from bot.self_improvement.questions import AskedQuestion
from cogs.ui.answers import fitting
from cogs.ui.changes import capabilities_lines
from cogs.ui.command_rights import acts_of, usable_commands
from cogs.ui.skills import skills_asked


async def answer_question(
    bot: TheseusClient, person: Person, slots: Slots, run: Run | None = None
) -> str:
    """Return the answer to a question, from records; `run` is the one it is asked at.

    Raises as `QuestionService.answer`.
    """
    match slots.topic:
        case None:
            raise AssertionError("a question is about something")
        case Topic.HELP:
            return commands_text(bot, person)
        case Topic.ABILITIES:
            return fitting(await capabilities_lines(bot, person))
        case Topic.SKILLS:
            return fitting(await skills_asked(bot, person, slots.subject))
        case topic:
            return await bot.agent.questions.answer(
                AskedQuestion(
                    person=person,
                    topic=topic,
                    subject=slots.subject,
                    span=slots.span,
                    run=run,
                    run_id=slots.run,
                    number=slots.pull_request,
                )
            )


async def status_text(bot: TheseusClient, person: Person, run: Run | None) -> str:
    """Return what is being worked on; of `run` alone where it is asked there.

    Raises `NotAuthorized`.
    """
    await bot.agent.permit(person, Act.READ)
    runs = [run] if run else [each for each in await bot.agent.runs() if not each.ended]
    return "\n".join(run_line(each) for each in runs) or "I am not working on anything."


def commands_text(bot: TheseusClient, person: Person) -> str:
    """Return the commands that a person may use, by what people want to do."""
    return help_text(usable_commands(bot, person), acts_of(bot, person))
