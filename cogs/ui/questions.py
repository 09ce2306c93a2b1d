"""Questions about the bot, from commands and messages: the answer, and who may read it."""

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.run import Run
from bot.grammar import Slots, Topic
from bot.presentation.answers import render_help
from bot.presentation.cards import run_line
from bot.self_improvement.questions import AskedQuestion
from cogs.ui.answers import fit_message
from cogs.ui.changes import load_capability_lines
from cogs.ui.command_rights import list_acts, list_usable_commands
from cogs.ui.skills import answer_skill_question


async def answer_question(
    bot: TheseusClient, person: Person, slots: Slots, run: Run | None = None
) -> str:
    """Return the answer to a question, from records; `run` is the run of the thread.

    Raises what `QuestionService.answer` raises.
    """
    match slots.topic:
        case None:
            raise AssertionError("a question is about something")
        case Topic.HELP:
            return render_commands(bot, person)
        case Topic.ABILITIES:
            return fit_message(await load_capability_lines(bot, person))
        case Topic.SKILLS:
            return fit_message(await answer_skill_question(bot, person, slots.subject))
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


async def render_status(bot: TheseusClient, person: Person, run: Run | None) -> str:
    """Return what is being worked on, or the status of `run` only.

    Raises `NotAuthorized`.
    """
    await bot.agent.permit(person, Act.READ)
    runs = [run] if run else [each for each in await bot.agent.list_runs() if not each.has_ended]
    return "\n".join(run_line(each) for each in runs) or "I am not working on anything."


def render_commands(bot: TheseusClient, person: Person) -> str:
    """Return the commands that a person may use, grouped by what people want to do."""
    return render_help(list_usable_commands(bot, person), list_acts(bot, person))
