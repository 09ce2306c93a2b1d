"""Questions with buttons, for messages that look like a decision but are not clear."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.authority.end_times import parse_end_time
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.history import History
from bot.domain.journal import FailureGroup
from bot.domain.people import Person
from bot.domain.posts import Button, Post
from bot.domain.run import Run, Stage, Status
from bot.grammar import Intent, Slots, Utterance
from bot.grammar.changes import has_bot_part
from bot.grammar.likeness import has_any_name
from bot.presentation.cards import to_plain_text
from bot.presentation.missing_failure import build_choices, render_choice_question
from bot.presentation.titles import change_title
from cogs.conversation._decision_button import ACTION
from cogs.conversation._incoming_message import IncomingMessage
from cogs.conversation._rollbacks import build_recent_buttons
from cogs.ui import is_listed

OF_A_RUN = (Intent.SHIP, Intent.REJECT, Intent.REVERT, Intent.CANCEL)
"""Decisions about one run."""

_NOT_PAUSED = "My own work is not paused, so there is nothing to resume."
NO_MATCH = (
    "That sounds like a decision (“{wanted}”), but I found nothing here to decide, so I did "
    "nothing. Say it in the thread of a run, or with a number, as in “ship #4”. `/runs list` shows "
    "all runs."
)
_MOST = 4  # buttons in one row, with room for “Not now”
_LOOKED_AT = 100  # newest runs that are checked
_RECENT_PERIOD = timedelta(minutes=30)  # how long people mention a failure without its name
_ASKED = "Do you want me to {wanted}? Press a button to confirm, or say exactly “{plain}”."
_UNNAMED = (
    "Which one do you want me to {wanted}? I cannot tell. Press a button, or name it, as in "
    "“{wanted} {first}”."
)
_UNNAMED_ONE = (
    "Do you want me to {wanted} {first}? You did not name it. Press the button, or say “{wanted} "
    "{first}”."
)
_UNTOUCHED = "I change nothing until you press a button."
_PLAIN = {
    Intent.SHIP: "ship it", Intent.REJECT: "reject", Intent.REVERT: "revert it",
    Intent.STOP: "stop everything", Intent.CANCEL: "cancel", Intent.PAUSE: "pause",
    Intent.RESUME: "resume",
}  # fmt: skip


async def ask_back(bot: TheseusClient, incoming: IncomingMessage) -> Post | None:
    """Return the question with its buttons; None if none of the possible decisions can be made."""
    slots = incoming.utterance.slots
    await bot.agent.permit(incoming.person, Act.READ, note="what was meant")
    numbers = slots.numbers or ((slots.pull_request,) if slots.pull_request is not None else ())
    named, unknown = await _find_named_runs(bot, slots.run, numbers)
    here = await _find_current_run(bot, incoming)
    runs = _remove_duplicates([*named, *([here] if here else [])])
    intents = slots.may_mean
    texts: tuple[Button, ...] = ()
    if Intent.REVERT in intents and not (runs or unknown):
        texts = await build_recent_buttons(bot, incoming)
    found = runs or await _open(bot)
    if intents == (Intent.RESUME,) and await _build_bot_button(bot, Intent.RESUME, slots) is None:
        return Post(text=_NOT_PAUSED)
    return await _build_question(bot, intents, found, slots, unknown=unknown, extra_buttons=texts)


async def ask_about_other_run(bot: TheseusClient, incoming: IncomingMessage) -> Post | None:
    """Return a question if a plain decision names another run than the one it replies to.

    A decision that names no run, outside a run's thread, is asked about too. Returns None if the
    run is clear (`incoming` then names it), if there is nothing to choose, or if the person may not
    choose.
    """
    intent, slots = incoming.utterance.intent, incoming.utterance.slots
    if intent not in OF_A_RUN or not is_listed(bot, incoming.person):
        return None
    here = await _find_current_run(bot, incoming)
    numbers = () if slots.pull_request is None else (slots.pull_request,)
    if here is None and slots.run is None and not numbers:
        return await _build_question(bot, (intent,), await _open(bot), slots, unnamed=True)
    named, unknown = await _find_named_runs(bot, slots.run, numbers)
    if here is None:
        if len(named) == 1:
            incoming.set_run(named[0].id)
            return None
        return await _build_question(bot, (intent,), named, slots) if named else None
    if here in named or not (named or unknown):
        return None
    return await _build_question(
        bot, (intent,), _remove_duplicates([*named, here]), slots, unknown=unknown
    )


async def _has_shipped(bot: TheseusClient, slots: Slots) -> bool:
    """Return whether there is a change to revert: the named one, or else any."""
    numbers = () if slots.pull_request is None else (slots.pull_request,)
    named, unknown = await _find_named_runs(bot, slots.run, numbers)
    runs = named if named or unknown else await _open(bot)
    return any(run.status is Status.DONE for run in runs)


async def can_be_decided(bot: TheseusClient, person: Person, utterance: Utterance) -> bool:
    """Return whether a decision that addresses nobody can be made now (e.g. something is paused).

    A message that only resembles a decision is for the bot if a listed person wrote it.
    """
    intents = utterance.slots.may_mean or (utterance.intent,)
    if utterance.intent is Intent.UNCLEAR and not is_listed(bot, person):
        return False
    if Intent.REVERT in intents:
        return await _has_shipped(bot, utterance.slots)
    return any([await _build_bot_button(bot, intent, utterance.slots) for intent in intents])


async def ask_which(bot: TheseusClient, incoming: IncomingMessage) -> Post | None:
    """Return the question which failure "fix it" means; only its buttons start a run."""
    await bot.agent.permit(incoming.person, Act.READ, note="which failure was meant")
    failures = (await find_recent_failures(bot))[:_MOST]
    buttons = [
        _build_button(choice.name[:80], incoming.utterance.intent.value, choice.error_id)
        for choice in build_choices(failures)
    ]
    if not buttons:
        return None
    nothing = Button(label="Not now", action=ACTION, arguments=("nothing",))
    question = render_choice_question(failures, bot.clock.now())
    return Post(text=f"{question}\n{_UNTOUCHED}", buttons=(*buttons, nothing))


async def find_recent_failures(bot: TheseusClient) -> tuple[FailureGroup, ...]:
    """Return the failures that an unaddressed "fix it" may mean, the most recent first."""
    return await bot.intake.list_failures(bot.clock.now() - _RECENT_PERIOD)


def is_of_the_bot(bot: TheseusClient, text: str, intent: Intent) -> bool:
    """Return whether an unaddressed request for a change is about the bot.

    People use the same verbs among themselves ("add milk to the list"). So the text must name a
    whole command or group, a cog, or a part of a bot.
    """
    if intent is not Intent.CHANGE:
        return True
    names = {*bot.cogs, *(command.name for command in bot.tree.get_commands())}
    return has_bot_part(text) or has_any_name(text, names)


async def _find_current_run(bot: TheseusClient, incoming: IncomingMessage) -> Run | None:
    """Return the run of the card that is replied to, or of the thread."""
    if incoming.card is not None:
        return await bot.agent.find(run_id=incoming.card.run_id)
    return incoming.run


async def _find_named_runs(
    bot: TheseusClient, run_id: str | None, numbers: Iterable[int]
) -> tuple[list[Run], list[str]]:
    """Return the runs named by id or pull request number, and the names that match no run."""
    found: list[Run] = []
    unknown: list[str] = []
    if run_id is not None:
        try:
            found.append(await bot.agent.find(run_id=run_id))
        except UnknownRun:
            unknown.append(f"run `{run_id}`")
    for number in numbers:
        runs = await bot.agent.approvals.find_runs(number)
        found += runs
        unknown += [] if runs else [f"#{number}"]
    return found, unknown


async def _open(bot: TheseusClient) -> list[Run]:
    """Return the runs that can be decided about: open ones, and the last one shipped."""
    runs = await bot.agent.list_runs(limit=_LOOKED_AT)
    shipped = [run for run in runs if run.status is Status.DONE and run.goal != "investigate"]
    return [run for run in runs if not run.has_ended] + shipped[:1]


def _remove_duplicates(runs: Iterable[Run]) -> list[Run]:
    return list({run.id: run for run in runs}.values())


async def _build_question(
    bot: TheseusClient,
    intents: Sequence[Intent],
    runs: Sequence[Run],
    slots: Slots,
    *,
    unknown: Sequence[str] = (),
    unnamed: bool = False,
    extra_buttons: Sequence[Button] = (),
) -> Post | None:
    """Return the question, or None without any button.

    `unnamed` means that the decision is clear, but not its run. `extra_buttons` are other possible
    meanings; they are shown last.
    """
    histories = {run.id: await bot.agent.get_history(run.id) for run in runs}
    buttons, able_intents = list[Button](), list[Intent]()
    for intent in intents:
        found = (
            [_build_run_button(intent, run, histories[run.id], slots) for run in runs]
            if intent in OF_A_RUN
            else [await _build_bot_button(bot, intent, slots)]
        )
        offered = [button for button in found if button is not None]
        buttons += offered
        able_intents += [intent] if offered else []
    intents = able_intents or intents  # do not ask about decisions that cannot be made now
    buttons = [*buttons[: _MOST - len(extra_buttons)], *extra_buttons]
    if not buttons:
        return None
    wanted = " or ".join(_PLAIN[intent].removesuffix(" it") for intent in intents)
    asked = (_UNNAMED_ONE if len(buttons) == 1 else _UNNAMED) if unnamed else _ASKED
    first = buttons[0].label.partition(" ")[2]
    lines = [asked.format(wanted=wanted, plain=_PLAIN[intents[0]], first=first)]
    lines += [f"I do not know {' or '.join(unknown)}."] if unknown else []
    lines += [wrong] if Intent.PAUSE in intents and (wrong := _read(bot, slots)[1]) else []
    able = {each.arguments[1] for each in buttons if len(each.arguments) > 1}
    named_runs = [run for run in runs if run.id in able or not unnamed]
    lines += [line for run in named_runs if (line := _describe_proposal(run, histories[run.id]))]
    nothing = Button(label="Not now", action=ACTION, arguments=("nothing",))
    return Post(text="\n".join([*lines[:6], _UNTOUCHED]), buttons=(*buttons[:_MOST], nothing))


def _describe_proposal(run: Run, history: History) -> str:
    if history.proposal is None:
        return ""
    what = to_plain_text(change_title(run, history))
    return f"#{history.proposal.number} is `{history.proposal.head[:7]}`: {what}."


def _build_run_button(intent: Intent, run: Run, history: History, slots: Slots) -> Button | None:
    """Return the button that decides this about the run now; None if that is impossible."""
    proposal = history.proposal
    name = f"#{proposal.number}" if proposal else f"run {run.id}"
    if intent is Intent.CANCEL:
        return None if run.has_ended else _build_button(f"Cancel {name}", "cancel", run.id)
    if proposal is None:
        return None
    if intent is Intent.REVERT:
        shipped = run.status is Status.DONE and history.shipment is not None
        return _build_button(f"Revert {name}", "revert", run.id) if shipped else None
    waits = run.stage is Stage.SHIP and run.status is Status.WAITING
    if not waits or proposal.card_id is None:
        return None
    bound = (run.id, proposal.head, str(proposal.card_id))
    if intent is Intent.REJECT:
        return _build_button(f"Reject {name}", "reject", *bound)
    if slots.security_reviewed:
        return _build_button(f"Ship {name}, security reviewed", "reviewed", *bound)
    return _build_button(f"Ship {name}", "ship", *bound)


def _read(bot: TheseusClient, slots: Slots) -> tuple[datetime | None, str]:
    """Return the requested end of the pause, or what is wrong with it."""
    try:
        return parse_end_time(slots.until or "", bot.clock.now()), ""
    except WrongStage as refusal:
        return None, str(refusal)


async def _build_bot_button(bot: TheseusClient, intent: Intent, slots: Slots) -> Button | None:
    """Return the button for a decision about all work at once; None if impossible."""
    if intent is Intent.PAUSE and (end := _read(bot, slots)[0]) is not None:
        stamp = str(int(end.timestamp()))
        return _build_button(f"Pause ({slots.until})"[:80], "pause", stamp)
    if intent is not Intent.RESUME:
        return _build_button(_PLAIN[intent].capitalize(), intent.value)
    agent = bot.agent
    blocker = await agent.emergency.get_stop() or await agent.autonomy.blocks.find_pause()
    return _build_button("Resume", "resume") if blocker else None


def _build_button(label: str, act: str, *bound: str) -> Button:
    style = {"ship": "success", "reviewed": "success", "reject": "danger", "stop": "danger"}
    return Button.model_validate(
        {"label": label, "action": ACTION, "arguments": (act, *bound),
         "style": style.get(act, "secondary")}
    )  # fmt: skip
