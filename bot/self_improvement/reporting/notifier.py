"""Posts a run's messages: thread, progress card and result. Every post has a lasting key."""

from contextlib import AbstractContextManager, suppress

import structlog

from bot.authority.flags import FlagRepository
from bot.budget.allowance import describe_hourly_limit
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.budget import Cap
from bot.domain.dialogue import Question
from bot.domain.errors import ChatRejected
from bot.domain.flag import Flag
from bot.domain.guilds import RunChannels
from bot.domain.history import History
from bot.domain.people import ITSELF
from bot.domain.posts import Attachment, Button, MessageRef, Post
from bot.domain.run import Run, Status
from bot.domain.use import FlagComparison
from bot.domain.waits import format_timestamp
from bot.ports.chat import Chat
from bot.presentation import cards
from bot.presentation.cards import render_ending, render_investigation, render_shipment
from bot.presentation.flags import describe_counted_flag, render_comparison
from bot.presentation.later import add_notice_buttons, add_run_buttons
from bot.presentation.run_links import NO_LINKS, RunLinks
from bot.self_improvement.reporting.fallback_notifier import FallbackNotifier
from bot.self_improvement.reporting.live_cards import LiveCards
from bot.self_improvement.reporting.run_threads import RunThreads

_log = structlog.stdlib.get_logger(__name__)


class RunNotifier:
    """Posts and edits a run's messages. Repeating a post is harmless, because its key is known.

    If the thread refuses a message, for example because it was deleted, it is posted elsewhere.
    """

    def __init__(
        self,
        chat: Chat,
        live_cards: LiveCards,
        flags: FlagRepository,
        budget: BudgetEnforcer | None,
        threads: RunThreads,
        channels: RunChannels,
        links: RunLinks = NO_LINKS,
    ) -> None:
        self._chat = chat
        self._live_cards = live_cards
        self._flags = flags
        self._budget = budget
        self._threads = threads
        self._links = links
        self._fallback = FallbackNotifier(chat, channels)

    async def announce(self, run: Run) -> Run:
        """Return the run with its thread and card, which are opened if they are missing.

        If the channel allows no thread or card, they are opened in the dev channel. Raises
        `ChatRejected` if that refuses too.
        """
        if run.thread_id is not None and run.card_id is not None:
            return run
        post = self._links.on(
            cards.render_progress(self._update_times(run), History(), self._cap), run
        )
        return await self._threads.announce(run, post, _build_key(run))

    async def refresh(self, run: Run, history: History, activity: str = "") -> None:
        """Update the progress card; at the end of a run, wait until it is shown."""
        live = self._live_cards.note(run, history, activity)
        if run.thread_id is None or run.card_id is None:
            return
        ref = MessageRef(channel_id=run.thread_id, message_id=run.card_id)
        current = self._update_times(run)
        card = cards.render_progress(current, history, self._cap, live)
        post = self._links.on(card, run, live=run.status is Status.RUNNING)
        await self._chat.edit(ref, post, final=run.has_ended)

    def log_work(self, run: Run) -> AbstractContextManager[None]:
        """Show on the progress card what is being done in this block, while it lasts."""
        return self._live_cards.log_work(run.id)

    async def say(
        self,
        run: Run,
        text: str,
        *,
        key: str,
        attachments: tuple[Attachment, ...] = (),
        buttons: tuple[Button, ...] = (),
    ) -> None:
        """Post a text in the run's thread, once for this key."""
        post = Post(text=text, attachments=attachments, buttons=buttons)
        await self._post(run, post, f"{_build_key(run)}:{key}")

    async def say_latest(self, run: Run, text: str, *, key: str) -> None:
        """Post a text in the run's thread; for a known key, show it in the same message."""
        post = Post(text=text)
        message_id = await self._post(run, post, f"{_build_key(run)}:{key}")
        if message_id is not None and run.thread_id is not None:
            ref = MessageRef(channel_id=run.thread_id, message_id=message_id)
            await self._chat.edit(ref, post)

    async def ask(self, run: Run, question: Question) -> int | None:
        """Ask the run's person, or any listed person who reads it; once per question.

        Returns the message's id if it is in the run's thread.
        """
        asker = run.trigger.person
        notify = () if asker == ITSELF else (asker.id,)
        named = f"<@{asker.id}> " if notify else ""
        text = (
            f"❓ {named}{question.text}\n\nAnswer here, or reply to this message. Without an "
            f"answer I go on {format_timestamp(question.until)} with: {question.default}"
        )
        key = f"{_build_key(run)}:question:{question.id}"
        return await self._post(
            run,
            add_run_buttons(
                Post(text=text, notify=notify, buttons=_build_buttons(run, question)), run
            ),
            key,
        )

    async def post_brief(self, run: Run, history: History) -> None:
        """Show the person what was understood of the change, once per brief."""
        if history.brief is None:
            raise AssertionError("there is no brief to agree to")
        key = f"{_build_key(run)}:contract:{run.attempt}:{history.brief.digest[:12]}"
        limit = await describe_hourly_limit(self._budget, self._live_cards.get_time())
        card = cards.render_contract(run, history, self._cap, limit)
        await self._post(run, add_run_buttons(card, run), key)

    async def post_plausible_edit(self, run: Run, history: History) -> None:
        """Show a change that was found but is not proven, once per head."""
        if history.change_set is None:
            raise AssertionError(f"run {run.id} has no change to show")
        key = f"{_build_key(run)}:unproven:{run.attempt}:{history.change_set.head[:12]}"
        card = cards.render_unproven_change(self._update_times(run), history, self._cap)
        await self._post(run, add_run_buttons(card, run), key)

    async def propose(self, run: Run, history: History) -> int:
        """Post the proposal card and return its message id. Raises `ChatRejected`."""
        if run.thread_id is None or history.proposal is None:
            raise AssertionError("a proposal card needs a thread and a proposal")
        opened = history.proposal
        # The key contains the head: a card shown just before a kill must not count as the card of a
        # commit that was pushed since.
        key = f"{_build_key(run)}:proposal:{run.attempt}:{opened.version}:{opened.head[:12]}"
        card = self._render_proposal(run, history)
        ref = await self._chat.post(run.thread_id, card, key=key)
        return ref.message_id

    async def announce_outcome(self, run: Run, history: History) -> None:
        """Say once whether the shipped fix held, and show it on the card."""
        if history.outcome is None or history.proposal is None:
            return
        post = cards.render_outcome(run, history.proposal, history.outcome)
        await self._post(run, post, f"{run.id}:outcome")
        await self.refresh(run, history)

    async def announce_use(self, run: Run, history: History) -> None:
        """Say once how a shipped change is used, and show it on the card."""
        if history.use_report is None or history.proposal is None:
            return
        post = cards.use_post(history.proposal, history.use_report)
        if history.brief is not None and (flag := history.brief.flag):
            post = post.replace(
                text=f"{post.text}\n{describe_counted_flag(flag, self._flags.find(flag))}"
            )
        await self._post(run, post, f"{run.id}:use")
        await self.refresh(run, history)

    async def announce_flag_comparison(self, run: Run, flag: Flag, found: FlagComparison) -> None:
        """Post once the comparison with and without a flag, with a button for the next step."""
        key = f"{run.id}:flag:{flag.at.timestamp():.0f}"
        await self._post(
            run, add_notice_buttons(render_comparison(flag, found), "flag", flag.name), key
        )

    async def announce_end(self, run: Run, history: History) -> None:
        """Say how the run ended. A repeated call after a restart posts nothing twice."""
        post = _build_last_post(run, history, self._cap)
        if post is None:
            return
        await self._post(run, post, f"{run.id}:{run.goal}:ended:{run.attempt}")
        with suppress(ChatRejected):  # without a thread there is no card to update
            await self.show_proposal(run, await self._add_card(run, history))

    async def _add_card(self, run: Run, history: History) -> History:
        """Return the history with the id of the proposal's card, posted if missing."""
        opened = history.proposal
        if opened is None or opened.card_id is not None or run.thread_id is None:
            return history
        return history.add(opened.replace(card_id=await self.propose(run, history)))

    async def archive(self, run: Run) -> None:
        """Archive the run's thread; a new message in it reopens it."""
        if run.thread_id is not None:
            await self._chat.archive_thread(run.thread_id)

    async def show_proposal(self, run: Run, history: History) -> None:
        """Update the newest proposal's card: who approved it, or that it is closed."""
        opened = history.proposal
        if run.thread_id is not None and opened is not None and opened.card_id is not None:
            ref = MessageRef(channel_id=run.thread_id, message_id=opened.card_id)
            card = self._render_proposal(run, history)
            await self._chat.edit(ref, card.replace(attachments=()))

    def _render_proposal(self, run: Run, history: History) -> Post:
        """Return the card of the newest proposal, with links and what it offers."""
        card = cards.render_proposal(self._update_times(run), history, self._cap)
        return self._links.on(add_run_buttons(card, run), run)

    async def _post(self, run: Run, post: Post, key: str) -> int | None:
        """Post in the run's thread, else elsewhere; return the id of a message in the thread."""
        if run.thread_id is None:
            return None
        try:
            return (await self._chat.post(run.thread_id, post, key=key)).message_id
        except ChatRejected as error:
            _log.warning("run %s cannot post in its thread: %s", run.id, error)
            await self._fallback.say(run, post, key, error)
            return None

    async def say_in_fallback(self, run: Run, text: str, *, key: str) -> None:
        """Post a text elsewhere, because the run's thread is gone or missing."""
        await self._fallback.say(run, Post(text=text), f"{_build_key(run)}:{key}")

    @property
    def _cap(self) -> Cap | None:
        """The largest cost of one run, for its cards."""
        return self._budget.rules.run if self._budget else None

    def _update_times(self, run: Run) -> Run:
        """Return the run with the current time, so that the card's clock moves."""
        return run if run.has_ended else run.replace(updated_at=self._live_cards.get_time())


def _build_buttons(run: Run, question: Question) -> tuple[Button, ...]:
    """Return a button for each choice of the question."""
    return tuple(
        Button(label=choice, action="answer", arguments=(run.id, str(number)))
        for number, choice in enumerate(question.choices)
    )


def _build_key(run: Run) -> str:
    """Return the prefix of the run's message keys; a new thread repeats the old one's messages."""
    return f"{run.id}.{run.reopened}" if run.reopened else run.id


def _build_last_post(run: Run, history: History, cap: Cap | None) -> Post | None:
    if not run.has_ended:
        return None
    if run.status is not Status.DONE:
        return render_ending(run, history)
    if history.shipment and history.proposal and history.approval:
        flag, watch = (
            history.brief.flag if history.brief else "",
            history.watch or history.use_watch,
        )
        return render_shipment(
            history.proposal, history.approval, history.shipment, watch, flag=flag
        )
    if run.goal == "investigate" and history.diagnosis and history.diagnosis.found:
        return render_investigation(run, history, cap)
    return render_ending(run, history)
