"""What cogs share to hear and answer people: who speaks, what a message points at, buttons."""

from cogs.ui.agreement_buttons import AgreementButton
from cogs.ui.answer_buttons import AnswerButton
from cogs.ui.answers import (
    approve,
    fitting,
    on_it,
    resumed,
    reverting_text,
    send_privately,
    view_of,
)
from cogs.ui.buttons import RunButton
from cogs.ui.changes import capabilities_lines, change_text
from cogs.ui.choices import ChoiceButton
from cogs.ui.command_buttons import CommandButton
from cogs.ui.command_rights import acts_of, usable_commands
from cogs.ui.flag_buttons import FlagButton
from cogs.ui.memories import forget, memory_line, noted_text
from cogs.ui.questions import answer_question, commands_text, status_text
from cogs.ui.requests import ask, ask_for_change, asked_text, send_post
from cogs.ui.run_choices import (
    any_run,
    can_cancel,
    can_retry,
    can_ship,
    revert_buttons,
    run_choices,
    run_named,
    shipped_choices,
)
from cogs.ui.skills import live_names, skill_shown, skills_lines
from cogs.ui.speakers import (
    CardSeen,
    answered_by,
    answers_question,
    audience_of,
    author_of,
    card_seen,
    error_id_in,
    in_dev_channel,
    is_answer,
    is_listed,
    is_own_message,
    person_of,
    place_asked_in,
    place_of,
    replied_words,
    run_in,
    speaker,
)
from cogs.ui.wish_buttons import WishButton

__all__ = [
    "AgreementButton",
    "AnswerButton",
    "CardSeen",
    "ChoiceButton",
    "CommandButton",
    "FlagButton",
    "RunButton",
    "WishButton",
    "acts_of",
    "answer_question",
    "answered_by",
    "answers_question",
    "any_run",
    "approve",
    "ask",
    "ask_for_change",
    "asked_text",
    "audience_of",
    "author_of",
    "can_cancel",
    "can_retry",
    "can_ship",
    "capabilities_lines",
    "card_seen",
    "change_text",
    "commands_text",
    "error_id_in",
    "fitting",
    "forget",
    "in_dev_channel",
    "is_answer",
    "is_listed",
    "is_own_message",
    "live_names",
    "memory_line",
    "noted_text",
    "on_it",
    "person_of",
    "place_asked_in",
    "place_of",
    "replied_words",
    "resumed",
    "revert_buttons",
    "reverting_text",
    "run_choices",
    "run_in",
    "run_named",
    "send_post",
    "send_privately",
    "shipped_choices",
    "skill_shown",
    "skills_lines",
    "speaker",
    "status_text",
    "usable_commands",
    "view_of",
]
