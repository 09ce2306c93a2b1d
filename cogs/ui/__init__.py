"""What the cogs share to talk with people: speakers, buttons and common answers."""

from cogs.ui.agreement_buttons import AgreementButton
from cogs.ui.answer_buttons import AnswerButton
from cogs.ui.answers import (
    answer_press,
    fit_message,
    send_post,
    send_privately,
    view_of,
)
from cogs.ui.buttons import RunButton
from cogs.ui.changes import change_text, load_capability_lines
from cogs.ui.choices import ChoiceButton
from cogs.ui.command_buttons import CommandButton
from cogs.ui.command_rights import list_acts, list_usable_commands
from cogs.ui.feature_request_buttons import FeatureRequestButton
from cogs.ui.flag_buttons import FlagButton
from cogs.ui.later_buttons import LaterButton
from cogs.ui.questions import ClientHost, render_commands
from cogs.ui.review_buttons import ReviewButton
from cogs.ui.run_choices import (
    can_cancel,
    can_retry,
    can_ship,
    is_any_run,
    revert_buttons,
    run_choices,
    run_named,
    suggest_shipped_runs,
    suggest_targets,
)
from cogs.ui.skills import get_skill, load_skill_lines
from cogs.ui.speakers import (
    fetch_replied_text,
    find_card,
    find_error_id,
    find_interaction_id,
    get_audience,
    get_author,
    get_person,
    get_speaker,
    is_in_dev_channel,
    is_in_work_channel,
    is_listed,
    is_own_message,
    place_asked_in,
    place_of,
    run_in,
)

__all__ = [
    "AgreementButton",
    "AnswerButton",
    "ChoiceButton",
    "ClientHost",
    "CommandButton",
    "FeatureRequestButton",
    "FlagButton",
    "LaterButton",
    "ReviewButton",
    "RunButton",
    "answer_press",
    "can_cancel",
    "can_retry",
    "can_ship",
    "change_text",
    "fetch_replied_text",
    "find_card",
    "find_error_id",
    "find_interaction_id",
    "fit_message",
    "get_audience",
    "get_author",
    "get_person",
    "get_skill",
    "get_speaker",
    "is_any_run",
    "is_in_dev_channel",
    "is_in_work_channel",
    "is_listed",
    "is_own_message",
    "list_acts",
    "list_usable_commands",
    "load_capability_lines",
    "load_skill_lines",
    "place_asked_in",
    "place_of",
    "render_commands",
    "revert_buttons",
    "run_choices",
    "run_in",
    "run_named",
    "send_post",
    "send_privately",
    "suggest_shipped_runs",
    "suggest_targets",
    "view_of",
]
