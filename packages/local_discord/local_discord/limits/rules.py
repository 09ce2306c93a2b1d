"""Rules that Discord states only in its documentation, as a table.

Each row names its source. `REFERENCE.md` shows the same rows, and a test compares them.
"""

from dataclasses import dataclass

from local_discord.limits import command_rules, message_rules
from local_discord.limits.shapes import Check

_DOCS = "https://docs.discord.com/developers"
COMPONENTS = f"{_DOCS}/components/reference"
MESSAGES = f"{_DOCS}/resources/message"
COMMANDS = f"{_DOCS}/interactions/application-commands"
REPLIES = f"{_DOCS}/interactions/receiving-and-responding"
POLLS = f"{_DOCS}/resources/poll"


@dataclass(frozen=True)
class Rule:
    """One rule: what it is about, its text, its error code and its source.

    `check` yields the faults of a body; without a `check`, a shape enforces the rule.
    """

    about: str
    summary: str
    code: str
    source: str
    check: Check | None = None


IN_MESSAGES = (
    Rule(
        "text of a message", "2,000 characters, blanks around it not counted; the 4,000 of the "
        "description are for people who pay", "BASE_TYPE_MAX_LENGTH", f"{MESSAGES}#create-message",
    ),
    Rule(
        "message", "not empty: text, an embed, a component, a file, a poll or a sticker",
        "50006", f"{MESSAGES}#create-message",
    ),
    Rule(
        "all embeds of a message", "6,000 characters in all", "MAX_EMBED_SIZE_EXCEEDED",
        f"{MESSAGES}#embed-object-embed-limits", message_rules.check_embed_size,
    ),
    Rule(
        "author and footer of an embed", "have a name, a text", "BASE_TYPE_REQUIRED",
        f"{MESSAGES}#embed-object-embed-author-structure", message_rules.check_embed_parts,
    ),
    Rule(
        "name and value of a field", "not blank; blanks around them are trimmed before they are "
        "measured", "BASE_TYPE_REQUIRED", f"{MESSAGES}#embed-object-embed-limits",
    ),
    Rule(
        "address in an embed", "http or https; a picture's also attachment",
        "URL_TYPE_INVALID_SCHEME", f"{MESSAGES}#embed-object-embed-image-structure",
    ),
    Rule(
        "files of a message", "10 at most", "BASE_TYPE_MAX_LENGTH",
        f"{MESSAGES}#message-object-attachments",
    ),
    Rule(
        "nonce", "25 characters, as a number too", "BASE_TYPE_MAX_LENGTH",
        f"{MESSAGES}#create-message", message_rules.check_nonce,
    ),
    Rule(
        "answer of a poll", "55 characters; the question 300", "BASE_TYPE_MAX_LENGTH",
        f"{POLLS}#poll-media-object",
    ),
    Rule(
        "rows of a message", "5 at most, unless it is a layout", "BASE_TYPE_BAD_LENGTH",
        f"{COMPONENTS}#legacy-message-component-behavior", message_rules.check_row_count,
    ),
    Rule(
        "row", "5 buttons, or one select menu and nothing beside it",
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED", f"{COMPONENTS}#action-row",
        message_rules.check_select_rows,
    ),
    Rule(
        "custom_id", "no other component of the message or form has the same",
        "COMPONENT_CUSTOM_ID_DUPLICATED", f"{COMPONENTS}#anatomy-of-a-component",
        message_rules.check_unique_ids,
    ),
    Rule(
        "button", "has either a custom_id or, where it is a link, an address",
        "BASE_TYPE_REQUIRED", f"{COMPONENTS}#button", message_rules.check_button_targets,
    ),
    Rule(
        "button", "has a label or an emoji", "BASE_TYPE_REQUIRED", f"{COMPONENTS}#button",
        message_rules.check_button_labels,
    ),
    Rule(
        "address of a link button", "http, https or discord", "URL_TYPE_INVALID_SCHEME",
        f"{COMPONENTS}#button",
    ),
    Rule(
        "options of a select menu", "have different values", "COMPONENT_OPTION_VALUE_DUPLICATED",
        f"{COMPONENTS}#string-select", message_rules.check_unique_values,
    ),
    Rule(
        "min_values of a select menu", "not more than max_values", "NUMBER_TYPE_MAX",
        f"{COMPONENTS}#string-select", message_rules.create_order_check("min_values", "max_values"),
    ),
)  # fmt: skip
IN_MODALS = (
    Rule(
        "parts of a form", "1 to 5", "BASE_TYPE_BAD_LENGTH", 
        f"{REPLIES}#interaction-response-object-modal",
    ),
    Rule(
        "custom_id in a form", "no other of its parts has the same",
        "COMPONENT_CUSTOM_ID_DUPLICATED", f"{COMPONENTS}#anatomy-of-a-component",
        message_rules.check_unique_ids,
    ),
    Rule(
        "min_length of a text field", "not more than max_length", "NUMBER_TYPE_MAX",
        f"{COMPONENTS}#text-input", message_rules.create_order_check("min_length", "max_length"),
    ),
)  # fmt: skip
IN_COMMANDS = (
    Rule(
        "name of a slash command or option", "letters, digits, - _ ' only, and small letters "
        "wherever there are any", "APPLICATION_COMMAND_INVALID_NAME",
        f"{COMMANDS}#application-command-object-application-command-naming",
        command_rules.check_names,
    ),
    Rule(
        "description", "1 to 100 characters of a slash command; none of a menu's",
        "BASE_TYPE_REQUIRED", f"{COMMANDS}#application-command-object",
        command_rules.check_descriptions,
    ),
    Rule(
        "options", "required ones before the others",
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", f"{COMMANDS}#application-command-object",
        command_rules.check_required_order,
    ),
    Rule(
        "options", "have different names", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
        f"{COMMANDS}#application-command-object-application-command-option-structure",
        command_rules.check_unique_options,
    ),
    Rule(
        "options", "either subcommands or values", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        f"{COMMANDS}#subcommands-and-subcommand-groups", command_rules.check_option_types,
    ),
    Rule(
        "option", "has choices or autocomplete, not both",
        "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE_INVALID",
        f"{COMMANDS}#application-command-object-application-command-option-structure",
        command_rules.check_autocomplete,
    ),
    Rule(
        "value of a choice", "100 characters where it is a text; the description says 6,000",
        "BASE_TYPE_MAX_LENGTH",
        f"{COMMANDS}#application-command-object-application-command-option-choice-structure",
    ),
    Rule(
        "min_value, min_length of an option", "not more than max_value, max_length",
        "NUMBER_TYPE_MAX",
        f"{COMMANDS}#application-command-object-application-command-option-structure",
        command_rules.create_order_check("min_value", "max_value"),
    ),
    Rule(
        "commands of one kind", "have different names", "APPLICATION_COMMANDS_DUPLICATE_NAME",
        f"{COMMANDS}#registering-a-command", command_rules.check_unique_commands,
    ),
    Rule(
        "command", "8,000 characters in names, descriptions and values",
        "APPLICATION_COMMAND_TOO_LARGE", f"{COMMANDS}#slash-commands", command_rules.check_size,
    ),
    Rule(
        "commands", "100 slash commands, 15 menus for users, 15 for messages", "30032",
        f"{COMMANDS}#registering-a-command",
    ),
)  # fmt: skip
OTHER_RULES = (
    Rule("name of a thread", "1 to 100 characters, blanks around it not counted",
         "BASE_TYPE_REQUIRED", f"{_DOCS}/resources/channel#start-thread-from-message"),
    Rule("emoji of a reaction", "one emoji, or name:id of the server's own", "10014",
         f"{MESSAGES}#create-reaction"),
)  # fmt: skip
RULES = (*IN_MESSAGES, *IN_MODALS, *IN_COMMANDS, *OTHER_RULES)
