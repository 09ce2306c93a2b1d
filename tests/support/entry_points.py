"""Every way into the bot, what each asks the policy for, and which are open to all, and why."""

import gc
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import discord
import typer
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.authority.policy import Act
from bot.cli import main as program
from bot.grammar import Intent
from bot.intake.forge_issues import GOALS

EVERYDAY = "everyday: everybody may, and it touches nobody else's"
COUNTED = "a sign is counted, whoever gives it, and decides nothing"
NO_SPEAKER = "nobody speaks here: Discord tells of the connection"
MACHINE = "whoever has the machine has the bot; it can approve nothing"
FEATURE_REQUEST = "everybody may wish; who may begin work is asked where it begins"
ITSELF = "the bot by itself, which the policy lets do nothing that takes a person"

ConversationSetup = Mapping[str, Act | str]

COMMANDS: Mapping[str, str] = json.loads(
    (Path(__file__).parents[1] / "cogs" / "everyday_commands.json").read_text(encoding="utf-8")
)
"""Commands that everybody may use, and that touch nothing but their own cog's. A run may add one:
that is data, every name below decides in its place, and each is used as somebody who may nothing.
"""

ENTRIES: ConversationSetup = {
    **COMMANDS,  # whatever follows decides
    # commands and menus
    "/change": FEATURE_REQUEST, "menu Make this happen": FEATURE_REQUEST,
    "says change": FEATURE_REQUEST,
    "/capabilities": "it tells what can be asked, and what people wish for",
    "/about": "it says what the bot is and does not do, to everybody alike",
    "/privacy": "everybody learns what is kept of themselves, and of nobody else",
    "button PrivacyButton erase": "it asks whoever presses whether they mean it",
    "button PrivacyButton confirm": "it erases what is kept of whoever presses, and of nobody else",
    "/ask": "who may not read is told what can be asked; what is on record takes that right",
    "/help": "it tells which commands there are",
    "/investigate": Act.ASK, "/fix": Act.ASK, "/revert": Act.ASK, "/ship": Act.SHIP,
    "/runs list": Act.READ, "/runs show": Act.READ,
    "/runs cancel": Act.CANCEL, "/runs retry": Act.ASK,
    "/incidents list": Act.READ, "/incidents show": Act.READ, "/incidents close": Act.STEER,
    "/incidents assign": Act.STEER, "/incidents release": Act.STEER,
    "/incidents ignore": Act.STEER, "/incidents unignore": Act.STEER,
    "/incidents third-party": Act.STEER, "/incidents comment": Act.STEER,
    "/memory search": Act.READ, "/memory export": Act.READ, "/memory forget": Act.STEER,
    "/health": Act.READ, "/budget": Act.READ, "/audit now": Act.READ,
    "/goals list": Act.READ, "/goals set": Act.SET_GOALS, "/goals remove": Act.SET_GOALS,
    "/goals review": Act.READ, "/goals pursue": Act.SET_GOALS, "/goals halt": Act.SET_GOALS,
    "choices /goals set serves": Act.READ, "choices /goals remove goal": Act.READ,
    "/flags list": Act.READ, "/flags set": Act.SWITCH, "/flags remove": Act.SWITCH,
    "/skills list": Act.READ, "/skills show": Act.READ, "/skills reload": Act.RELOAD,
    "/skills rollback": Act.ROLL_BACK,
    "choices /skills show name": Act.READ, "choices /skills show version": Act.READ,
    "choices /skills rollback name": Act.READ, "choices /skills rollback version": Act.READ,
    "/notifications": "everybody chooses how they themselves are told, and nobody else",
    "/digest": Act.READ, "/quiet": Act.STEER, "/undo": Act.ASK,
    "button LaterButton ask": Act.READ, "button LaterButton hour": Act.READ,
    "button LaterButton tomorrow": Act.READ, "button LaterButton ignore": Act.READ,
    "says quiet": Act.STEER, "says digest": Act.READ,
    "/pause": Act.STEER, "/resume": Act.STEER, "/stop-everything": Act.STOP,
    "menu Investigate this": Act.ASK, "menu Fix this": Act.ASK,
    # autocomplete choices; people who are not listed get none
    "choices /investigate bot": Act.ASK, "choices /fix bot": Act.ASK,
    "choices /change bot": Act.ASK,
    "choices /ship run": Act.READ, "choices /revert run": Act.READ,
    "choices /runs show run": Act.READ, "choices /runs cancel run": Act.READ,
    "choices /runs retry run": Act.READ, "choices /incidents show incident": Act.READ,
    "choices /incidents assign incident": Act.READ, "choices /incidents release incident": Act.READ,
    "choices /incidents ignore incident": Act.READ,
    "choices /incidents unignore incident": Act.READ,
    "choices /incidents third-party incident": Act.READ,
    "choices /incidents comment incident": Act.READ,
    "choices /incidents close incident": Act.READ, "choices /memory forget memory": Act.READ,
    "choices /flags set name": Act.READ, "choices /flags remove name": Act.READ,
    # buttons and forms
    "button RunButton ship": Act.SHIP, "button RunButton revise": Act.REVISE,
    "button RunButton try": Act.READ, "button RunButton recheck": Act.SHIP,
    "button RunButton reject": Act.REJECT, "button RunButton plan": Act.READ,
    "button RunButton fix": Act.ASK, "button RunButton cancel": Act.CANCEL,
    "button RunButton revert": Act.ASK, "button RunButton reopen": Act.ASK,
    "button RunButton retry": Act.ASK, "button RunButton fallback": Act.ASK,
    "button FeatureRequestButton start": Act.ASK, "button RunButton endorse": Act.ENDORSE,
    "button RunButton live": Act.SHIP,
    "button ReviewButton document": Act.ASK, "button ReviewButton lesson": Act.ASK,
    "button ReviewButton wish1": Act.ASK, "button ReviewButton wish2": Act.ASK,
    "button ReviewButton wish3": Act.ASK, "button ReviewButton wish4": Act.ASK,
    "button FlagButton off": Act.SWITCH, "button FlagButton share20": Act.SWITCH,
    "button FlagButton share50": Act.SWITCH, "button FlagButton all": Act.SWITCH,
    "button AgreementButton agree": Act.ASK, "button AgreementButton amend": Act.REVISE,
    "button ChoiceButton choose": Act.ASK, "button AnswerButton answer": Act.ANSWER,
    "button DecisionButton ship": Act.SHIP, "button DecisionButton reviewed": Act.SHIP,
    "button DecisionButton reject": Act.REJECT, "button DecisionButton revert": Act.ASK,
    "button DecisionButton cancel": Act.CANCEL, "button DecisionButton stop": Act.STOP,
    "button DecisionButton pause": Act.STEER, "button DecisionButton resume": Act.STEER,
    "button DecisionButton nothing": Act.STEER, "button DecisionButton fix": Act.ASK,
    "button DecisionButton investigate": Act.ASK,
    "button MeaningButton fix": Act.ASK, "button MeaningButton investigate": Act.ASK,
    "button MeaningButton change": Act.ASK, "button MeaningButton ask": Act.ASK,
    "button MeaningButton nothing": Act.ASK, "button MeaningButton other": Act.ASK,
    "button RollbackButton to": Act.ROLL_BACK, "button CommandButton fix": Act.ASK,
    "button CommandButton investigate": Act.ASK,
    "/tools list": Act.READ, "/tools scan": Act.STEER, "/tools off": Act.STEER,
    "button ToolButton trust": Act.TRUST, "button ToolButton run": Act.STEER,
    "button ToolButton refuse": Act.STEER,
    "button IncidentButton investigate": Act.ASK, "button IncidentButton fix": Act.ASK,
    "button IncidentButton later": Act.STEER, "button IncidentButton take": Act.STEER,
    "button IncidentButton outside": Act.STEER,
    "button IncidentButton mute": Act.STEER, "button IncidentButton close": Act.STEER,
    "form AmendModal": Act.REVISE, "form ReviseModal": Act.REVISE, "form TrialModal": Act.ASK,
    # what is said
    "says investigate": Act.ASK, "says fix": Act.ASK, "says status": Act.READ,
    "says cancel": Act.CANCEL, "says revise": Act.REVISE, "says ship": Act.SHIP,
    "says retry": Act.ASK, "says reject": Act.REJECT,
    "says revert": Act.ASK, "says pause": Act.STEER,
    "says resume": Act.STEER, "says remember": Act.STEER, "says forget": Act.STEER,
    "says stop": Act.STOP, "says audit": Act.READ, "says budget": Act.READ,
    "says set_goal": Act.SET_GOALS, "says remove_goal": Act.SET_GOALS, "says goals": Act.READ,
    "says ask": Act.READ, "says research": Act.ASK,
    "says roll_back": Act.READ, "says unclear": Act.READ,
    "says chat": "rules answer who is not listed; the model and its tools are for listed people",
    "reacts 🚢": Act.SHIP,
    # what is written at the forge, by logins that the configuration knows; tried with its intake
    "issue investigate": Act.ASK, "issue fix": Act.ASK, "issue change": FEATURE_REQUEST,
    # what listens
    "hears Conversation.on_message": "each intent is under `says`",
    "hears Conversation.on_raw_message_edit": Act.READ,  # an edit decides nothing
    "hears Incidents.on_message": Act.READ,  # a comment of who may not is not stored
    "hears Incidents.on_raw_message_edit": Act.READ,
    "hears Incidents.on_raw_message_delete": "what was said in public and is gone is forgotten",
    "hears Incidents.on_raw_bulk_message_delete": "the same, of several at once",
    "hears Approvals.on_raw_reaction_add": "under `reacts`",
    "hears Approvals.on_ready": "reactions given meanwhile go the way of the others",
    "hears Feedback.on_raw_reaction_add": COUNTED, "hears Feedback.on_raw_reaction_remove": COUNTED,
    "hears Conversation.on_ready": NO_SPEAKER, "hears Conversation.on_resumed": NO_SPEAKER,
    "hears Conversation.on_disconnect": NO_SPEAKER, "hears Polls.handle_press": EVERYDAY,
    "hears TheseusClient.on_connect": NO_SPEAKER, "hears TheseusClient.on_disconnect": NO_SPEAKER,
    "hears TheseusClient.on_resumed": NO_SPEAKER, "hears TheseusClient.on_error": NO_SPEAKER,
    "hears TheseusClient.on_interaction": "it starts a clock",
    "hears TheseusClient.on_app_command_completion": "it journals",
    "hears TheseusClient.on_command_completion": "it journals",
    "hears TheseusClient.on_command_error": "it journals and answers",
    # what runs by itself
    "loop Conversation._look_back": "what it finds goes the way of every message",
    "loop Reminders._watch": EVERYDAY,
    # the command line
    **dict.fromkeys(
        (
            "$ theseus run", "$ theseus worker", "$ theseus demo", "$ theseus setup",
            "$ theseus doctor",
            "$ theseus intent", "$ theseus guard", "$ theseus verdict", "$ theseus redact",
            "$ theseus repair", "$ theseus rehearse", "$ theseus bench", "$ theseus audit verify",
            "$ theseus audit export", "$ theseus audit accept", "$ theseus runs list",
            "$ theseus runs show", "$ theseus journal search", "$ theseus journal index",
            "$ theseus memory search", "$ theseus experience", "$ theseus hearing report",
            "$ theseus memory export", "$ theseus detect", "$ theseus stop",
            "$ theseus advisories update",
            "$ theseus dependencies", "$ theseus budget", "$ theseus traffic list",
            "$ theseus traffic show", "$ theseus new bot", "$ theseus new cog",
            "$ theseus new skill", "$ theseus completion", "$ theseus adopt",
            "$ theseus backup list", "$ theseus restore", "$ theseus state copy",
            "$ theseus rolling-restart",
        ),
        MACHINE,
    ),
    # HTTP; further requirements are tested with the server
    "http GET /health": "it tells that the bot lives",
    "http GET /health/ready": "it tells whether the bot is ready",
    "http GET /login": "a form for the token", "http POST /login": "it takes the token",
    "http GET /login/discord": "it leads to Discord, which asks who it is",
    "http GET /login/discord/return": "it takes a code that only Discord gives",
    "http GET /static/{name:[0-9a-z.-]{1,60}}": "the dashboard's own files",
}  # fmt: skip

INTENT_TEXTS: Mapping[Intent, str] = {
    Intent.INVESTIGATE: "investigate why the dice fail",
    Intent.FIX: "fix the dice",
    Intent.CHANGE: "feature request: a /coinflip command",
    Intent.STATUS: "status",
    Intent.CANCEL: "cancel",
    Intent.REVISE: "also handle an empty list",
    Intent.RETRY: "try again",
    Intent.SHIP: "ship it",
    Intent.REJECT: "reject",
    Intent.REVERT: "revert #1",
    Intent.ROLL_BACK: "roll the persona back",
    Intent.PAUSE: "pause",
    Intent.RESUME: "resume",
    Intent.REMEMBER: "remember that dice have six sides",
    Intent.FORGET: "forget that dice have six sides",
    Intent.STOP: "stop everything",
    Intent.AUDIT: "audit yourself",
    Intent.BUDGET: "how much have you spent?",
    Intent.SET_GOAL: "our goal: no crash for a week",
    Intent.REMOVE_GOAL: "remove goal g1",
    Intent.GOALS: "how are we doing on our goals?",
    Intent.QUIET: "be quiet until tomorrow",
    Intent.DIGEST: "send me a digest every monday",
    Intent.ASK: "what did you change this week?",
    Intent.RESEARCH: "research how discord handles rate limits",
    Intent.UNCLEAR: "yes please ship",
    Intent.CHAT: "good morning",
}

Made = TypeVar("Made")
_OF_LOADING = ("cog_load", "cog_unload")
_CHOICE = re.compile(r"\(\?P<(?:act|action)>([\w|-]+)\)")


def iterate_entry_points(bot: commands.Bot) -> Iterator[str]:
    """Yield every way in there is: of the loaded bot, the command line and the HTTP server."""
    yield from (f"@ {command.qualified_name}" for command in bot.walk_commands())
    for command in list_slash_commands(bot):
        yield f"/{command.qualified_name}"
        yield from (f"choices {name}" for name in list_choice_options(command))
    yield from (f"menu {menu.name}" for menu in list_menus(bot))
    for item in list_dynamic_items(bot):
        yield from (f"button {item.__name__} {act}" for act in list_acts(item) or ["?"])
    bare = (view for view in bot.persistent_views if type(view).__module__.startswith("discord."))
    yield from (f"view {type(view).__name__}" for view in bare)
    for kind, base in (("view", ui.View), ("view", ui.LayoutView), ("form", ui.Modal)):
        yield from (f"{kind} {each.__name__}" for each in list_subclasses(bot, base))
    presses = (
        each for each in list_subclasses(bot, ui.Item) if not issubclass(each, ui.DynamicItem)
    )
    yield from (f"item {each.__name__}" for each in presses)
    yield from (f"says {intent}" for intent in Intent)
    yield from (f"issue {intent}" for intent in GOALS)
    yield from (f"hears {name}" for name in iterate_listeners(bot))
    yield from (f"loop {name}" for name in find_loops(bot))
    yield from (f"hook {name}" for name in iterate_hooks(bot))
    yield from (f"$ {path}" for path in iterate_commands())
    yield from (f"http {method} {path}" for method, path in open_routes())


def list_slash_commands(bot: commands.Bot) -> list[app_commands.Command[Any, ..., Any]]:
    """Return every slash command, those in groups and those of one server too."""
    places = [None, *(discord.Object(each) for each in bot.tree._guild_commands)]
    everything = [each for place in places for each in bot.tree.walk_commands(guild=place)]
    found = [each for each in everything if isinstance(each, app_commands.Command)]
    return list({id(each): each for each in found}.values())


def list_choice_options(command: app_commands.Command[Any, ..., Any]) -> list[str]:
    """Return the options of a command that offer choices."""
    options = (p.display_name for p in command.parameters if p.autocomplete)
    return [f"/{command.qualified_name} {option}" for option in options]


def list_menus(bot: commands.Bot) -> list[app_commands.ContextMenu]:
    """Return every context menu, those of one server too."""
    return list({id(each): each for each in bot.tree._context_menus.values()}.values())


def list_dynamic_items(bot: commands.Bot) -> list[type[ui.DynamicItem[Any]]]:
    """Return every kind of button that outlives a restart."""
    return list(bot._connection._view_store._dynamic_items.values())


def list_acts(item: type[ui.DynamicItem[Any]]) -> list[str]:
    """Return what such a button can do, by the template of its id."""
    found = _CHOICE.search(item.__discord_ui_compiled_template__.pattern)
    return found[1].split("|") if found else []


def list_forms(bot: commands.Bot) -> list[type[ui.Modal]]:
    """Return every form that a loaded cog can open."""
    return list_subclasses(bot, ui.Modal)


def list_subclasses(bot: commands.Bot, base: type[Made]) -> list[type[Made]]:
    """Return every class of this project derived from `base`; of a reloaded class, the newest."""
    found: dict[tuple[str, str], type[Made]] = {}
    waiting = [*base.__subclasses__()]
    while waiting:
        each = waiting.pop(0)
        waiting += each.__subclasses__()
        if is_ours(bot, each.__module__):
            found[each.__module__, each.__qualname__] = each
    return list(found.values())


def is_ours(bot: commands.Bot, module: str) -> bool:
    """Return whether a module belongs to the bot or to a loaded cog.

    Classes of cogs that another test of this process unloaded may still be alive.
    """
    if module.startswith(("cogs.", "bot.")):
        return module in sys.modules
    return module in bot.extensions


def iterate_listeners(bot: commands.Bot) -> Iterator[str]:
    """Yield every event listener, of cogs and of the client itself."""
    for heard in bot.extra_events.values():
        yield from (str(getattr(each, "__qualname__", each)) for each in heard)
    for name in vars(type(bot)):
        if name.startswith("on_"):
            yield f"{type(bot).__name__}.{name}"
    hung = {name: each for name, each in vars(bot).items() if name.startswith("on_")}
    yield from (f"client.{name}" for name in hung if is_ours(bot, hung[name].__module__))


def find_loops(bot: commands.Bot) -> set[str]:
    """Return the background loops there are, wherever they hang."""
    gc.unfreeze()  # `tests/conftest.py` took what was imported before the tests out of sight
    every = (each.coro for each in gc.get_objects() if type(each) is tasks.Loop)
    return {coro.__qualname__ for coro in every if is_ours(bot, coro.__module__)}


def iterate_hooks(bot: commands.Bot) -> Iterator[str]:
    """Yield everything that runs around a command: checks, hooks before and after, error
    handlers.
    """
    for cog in bot.cogs.values():
        for name, base in vars(commands.Cog).items():
            special = hasattr(base, "__cog_special_method__") and name not in _OF_LOADING
            if special and getattr(type(cog), name) is not base:
                yield f"{type(cog).__name__}.{name}"
    guarded: list[Any] = [*bot.walk_commands(), *list_slash_commands(bot), *list_menus(bot)]
    failing = (each for each in guarded if getattr(each, "on_error", None) is not None)
    yield from (f"{each.qualified_name} error" for each in failing)
    yield from (
        f"tree.{name}" for name in ("on_error", "interaction_check") if name in vars(bot.tree)
    )
    for name in ("_checks", "_check_once", "_before_invoke", "_after_invoke"):
        if getattr(bot, name):
            yield f"client.{name}"


def iterate_commands() -> Iterator[str]:
    """Yield every command of `theseus`."""

    def walk(command: Any, path: str) -> Iterator[str]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield path
        for name, each in (inner or {}).items():
            yield from walk(each, f"{path} {name}")

    group: Any = typer.main.get_command(program.build_command_line())
    for name in group.commands:
        yield from walk(group.load(name), f"theseus {name}")


def open_routes() -> Iterator[tuple[str, str]]:
    """Yield the routes that take no key."""
    from bot.web import ROUTES

    for route in ROUTES:
        if route.needs == "open":
            yield route.method, route.path
