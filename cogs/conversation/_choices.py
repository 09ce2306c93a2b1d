"""What may have been meant, as buttons: for words that look like a decision and are none."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.authority.policy import Act
from bot.authority.until import read_until
from bot.client import TheseusClient
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.history import History
from bot.domain.journal import FailureGroup
from bot.domain.people import Person
from bot.domain.posts import Button, Post
from bot.domain.run import Run, Stage, Status
from bot.grammar import Intent, Slots, Utterance
from bot.grammar.changes import names_part
from bot.grammar.likeness import names_any
from bot.presentation.cards import plain
from bot.presentation.titles import change_title
from bot.presentation.without_failure import choices_of, which_question
from cogs.conversation._decision_button import ACTION
from cogs.conversation._heard_message import Heard
from cogs.conversation._rollbacks import changed_lately
from cogs.ui import is_listed

OF_A_RUN = (Intent.SHIP, Intent.REJECT, Intent.REVERT, Intent.CANCEL)
"""What is decided about one run."""

_NOT_PAUSED = "My own work is not paused, so there is nothing to resume."
NOTHING = (
    "That sounds like a decision (“{wanted}”), but there is nothing here it could be about, so I "
    "do nothing. In the thread of a run, or with a number as in “ship #4”, I know which one you "
    "mean; `/runs list` shows them all."
)
_MOST = 4  # buttons of one row, beside “Not now”
_LOOKED_AT = 100  # runs, from the newest back
_LATELY = timedelta(minutes=30)  # so long people speak of a failure without its name
_ASKED = (
    "Do you want me to {wanted}? I take that only from a button or a plain sentence (“{plain}”)."
)
_UNNAMED = (
    "Which one do you want me to {wanted}? That is not clear here: press a button, or name it, as "
    "in “{wanted} {first}”."
)
_UNNAMED_ONE = (
    "Do you want me to {wanted} {first}? You did not name it: press the button, or say “{wanted} "
    "{first}”."
)
_UNTOUCHED = "Until you press one of these I leave everything as it is."
_PLAIN = {
    Intent.SHIP: "ship it", Intent.REJECT: "reject", Intent.REVERT: "revert it",
    Intent.STOP: "stop everything", Intent.CANCEL: "cancel", Intent.PAUSE: "pause",
    Intent.RESUME: "resume",
}  # fmt: skip


async def ask_back(bot: TheseusClient, heard: Heard) -> Post | None:
    """Return the question with its buttons; `None` where nothing can be decided that was meant."""
    slots = heard.utterance.slots
    await bot.agent.permit(heard.person, Act.READ, note="what was meant")
    numbers = slots.numbers or ((slots.pull_request,) if slots.pull_request is not None else ())
    named, unknown = await _named(bot, slots.run, numbers)
    here = await _here(bot, heard)
    runs = _each_once([*named, *([here] if here else [])])
    meant = slots.may_mean
    texts: tuple[Button, ...] = ()
    if Intent.REVERT in meant and not (runs or unknown):
        texts = await changed_lately(bot, heard)
    found = runs or await _open(bot)
    if meant == (Intent.RESUME,) and await _of_the_bot(bot, Intent.RESUME, slots) is None:
        return Post(text=_NOT_PAUSED)
    return await _question(bot, meant, found, slots, unknown=unknown, beside=texts)


async def other_than_here(bot: TheseusClient, heard: Heard) -> Post | None:
    """Return a question where a plain decision names another run than the one it is said to.

    One that names none, where none is at hand, is asked about too. `None`: it is clear which one
    is meant, and `heard` names it; or there is nothing to choose from, or nobody who may choose.
    """
    intent, slots = heard.utterance.intent, heard.utterance.slots
    if intent not in OF_A_RUN or not is_listed(bot, heard.person):
        return None
    here = await _here(bot, heard)
    numbers = () if slots.pull_request is None else (slots.pull_request,)
    if here is None and slots.run is None and not numbers:
        return await _question(bot, (intent,), await _open(bot), slots, unnamed=True)
    named, unknown = await _named(bot, slots.run, numbers)
    if here is None:
        if len(named) == 1:
            heard.names(named[0].id)
            return None
        return await _question(bot, (intent,), named, slots) if named else None
    if here in named or not (named or unknown):
        return None
    return await _question(bot, (intent,), _each_once([*named, here]), slots, unknown=unknown)


async def _has_shipped(bot: TheseusClient, slots: Slots) -> bool:
    """Whether there is a change that can be taken back: the one that is named, else any."""
    numbers = () if slots.pull_request is None else (slots.pull_request,)
    named, unknown = await _named(bot, slots.run, numbers)
    runs = named if named or unknown else await _open(bot)
    return any(run.status is Status.DONE for run in runs)


async def can_be_decided(bot: TheseusClient, person: Person, heard: Utterance) -> bool:
    """Whether a decision that is said to nobody can be made now: something is paused, or shipped.

    What only resembles one is for the bot where somebody listed says it.
    """
    intents = heard.slots.may_mean or (heard.intent,)
    if heard.intent is Intent.UNCLEAR and not is_listed(bot, person):
        return False
    if Intent.REVERT in intents:
        return await _has_shipped(bot, heard.slots)
    return any([await _of_the_bot(bot, intent, heard.slots) for intent in intents])


async def ask_which(bot: TheseusClient, heard: Heard) -> Post | None:
    """Return which failure may be meant by "fix it", with a button each; only these begin a run."""
    await bot.agent.permit(heard.person, Act.READ, note="which failure was meant")
    failures = (await failed_lately(bot))[:_MOST]
    buttons = [
        _button(choice.name[:80], heard.utterance.intent.value, choice.error_id)
        for choice in choices_of(failures)
    ]
    if not buttons:
        return None
    nothing = Button(label="Not now", action=ACTION, arguments=("nothing",))
    question = which_question(failures, bot.clock.now())
    return Post(text=f"{question}\n{_UNTOUCHED}", buttons=(*buttons, nothing))


async def failed_lately(bot: TheseusClient) -> tuple[FailureGroup, ...]:
    """Return what somebody who says "fix it" to nobody may mean, the most recent first."""
    return await bot.agent.failures(bot.clock.now() - _LATELY)


def is_of_the_bot(bot: TheseusClient, text: str, intent: Intent) -> bool:
    """Return whether a change that is wished of nobody is one of the bot's.

    It has the verbs that commands are named after ("add milk to the list"), so only a command or
    group as a whole, a cog or a part of a bot counts.
    """
    if intent is not Intent.CHANGE:
        return True
    names = {*bot.cogs, *(command.name for command in bot.tree.get_commands())}
    return names_part(text) or names_any(text, names)


async def _here(bot: TheseusClient, heard: Heard) -> Run | None:
    """Return the run of the card or the thread that is spoken to."""
    if heard.card is not None:
        return await bot.agent.find(run_id=heard.card.run_id)
    return heard.run


async def _named(
    bot: TheseusClient, run_id: str | None, numbers: Iterable[int]
) -> tuple[list[Run], list[str]]:
    """Return the runs that are named, by id or by the number of what they propose; and the rest."""
    found: list[Run] = []
    unknown: list[str] = []
    if run_id is not None:
        try:
            found.append(await bot.agent.find(run_id=run_id))
        except UnknownRun:
            unknown.append(f"run `{run_id}`")
    for number in numbers:
        runs = await bot.agent.approvals.proposing(number)
        found += runs
        unknown += [] if runs else [f"#{number}"]
    return found, unknown


async def _open(bot: TheseusClient) -> list[Run]:
    """Return the runs that something may be decided about: open ones, and the last one shipped."""
    runs = await bot.agent.runs(limit=_LOOKED_AT)
    shipped = [run for run in runs if run.status is Status.DONE and run.goal != "investigate"]
    return [run for run in runs if not run.ended] + shipped[:1]


def _each_once(runs: Iterable[Run]) -> list[Run]:
    return list({run.id: run for run in runs}.values())


async def _question(
    bot: TheseusClient,
    meant: Sequence[Intent],
    runs: Sequence[Run],
    slots: Slots,
    *,
    unknown: Sequence[str] = (),
    unnamed: bool = False,
    beside: Sequence[Button] = (),
) -> Post | None:
    """Return the question; `unnamed`: it was plain what is decided, and not about which run.

    `beside` are buttons of what else may be meant, and go last.
    """
    histories = {run.id: await bot.agent.history(run.id) for run in runs}
    buttons, able_intents = list[Button](), list[Intent]()
    for intent in meant:
        found = (
            [_of_run(intent, run, histories[run.id], slots) for run in runs]
            if intent in OF_A_RUN
            else [await _of_the_bot(bot, intent, slots)]
        )
        offered = [button for button in found if button is not None]
        buttons += offered
        able_intents += [intent] if offered else []
    meant = able_intents or meant  # what cannot be decided now is not asked about
    buttons = [*buttons[: _MOST - len(beside)], *beside]
    if not buttons:
        return None
    wanted = " or ".join(_PLAIN[intent].removesuffix(" it") for intent in meant)
    asked = (_UNNAMED_ONE if len(buttons) == 1 else _UNNAMED) if unnamed else _ASKED
    first = buttons[0].label.partition(" ")[2]
    lines = [asked.format(wanted=wanted, plain=_PLAIN[meant[0]], first=first)]
    lines += [f"I know no {', no '.join(unknown)}."] if unknown else []
    lines += [wrong] if Intent.PAUSE in meant and (wrong := _read(bot, slots)[1]) else []
    able = {each.arguments[1] for each in buttons if len(each.arguments) > 1}
    told = [run for run in runs if run.id in able or not unnamed]
    lines += [line for run in told if (line := _about(run, histories[run.id]))]
    nothing = Button(label="Not now", action=ACTION, arguments=("nothing",))
    return Post(text="\n".join([*lines[:6], _UNTOUCHED]), buttons=(*buttons[:_MOST], nothing))


def _about(run: Run, history: History) -> str:
    if history.proposal is None:
        return ""
    what = plain(change_title(run, history))
    return f"#{history.proposal.number} is `{history.proposal.head[:7]}`: {what}."


def _of_run(intent: Intent, run: Run, history: History, slots: Slots) -> Button | None:
    """Return the button that decides this about the run as it stands; `None` where it cannot."""
    proposal = history.proposal
    name = f"#{proposal.number}" if proposal else f"run {run.id}"
    if intent is Intent.CANCEL:
        return None if run.ended else _button(f"Cancel {name}", "cancel", run.id)
    if proposal is None:
        return None
    if intent is Intent.REVERT:
        shipped = run.status is Status.DONE and history.shipment is not None
        return _button(f"Revert {name}", "revert", run.id) if shipped else None
    waits = run.stage is Stage.SHIP and run.status is Status.WAITING
    if not waits or proposal.card_id is None:
        return None
    bound = (run.id, proposal.head, str(proposal.card_id))
    if intent is Intent.REJECT:
        return _button(f"Reject {name}", "reject", *bound)
    if slots.security_reviewed:
        return _button(f"Ship {name}, security reviewed", "reviewed", *bound)
    return _button(f"Ship {name}", "ship", *bound)


def _read(bot: TheseusClient, slots: Slots) -> tuple[datetime | None, str]:
    """Return the end of the pause that is meant, or what is wrong with how it is told."""
    try:
        return read_until(slots.until or "", bot.clock.now()), ""
    except WrongStage as refusal:
        return None, str(refusal)


async def _of_the_bot(bot: TheseusClient, intent: Intent, slots: Slots) -> Button | None:
    """Return the button for what is decided about all work at once."""
    if intent is Intent.PAUSE and (end := _read(bot, slots)[0]) is not None:
        stamp = str(int(end.timestamp()))
        return _button(f"Pause ({slots.until})"[:80], "pause", stamp)
    if intent is not Intent.RESUME:
        return _button(_PLAIN[intent].capitalize(), intent.value)
    agent = bot.agent
    stands = await agent.emergency.now() or await agent.autonomy.standing.pause()
    return _button("Resume", "resume") if stands else None


def _button(label: str, act: str, *bound: str) -> Button:
    style = {"ship": "success", "reviewed": "success", "reject": "danger", "stop": "danger"}
    return Button.model_validate(
        {"label": label, "action": ACTION, "arguments": (act, *bound),
         "style": style.get(act, "secondary")}
    )  # fmt: skip
