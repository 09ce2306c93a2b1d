"""The hints on the page of the demo: what a first visitor can try or watch."""

from bot.demo.faults import FaultStep, Living, MetFault
from bot.demo.traffic import PLACE, VISITORS


def _format_step(step: FaultStep) -> str:
    if step.press:
        return f"press **{step.press}**"
    options = " ".join(f"{name}:{value}" for name, value in step.options.items())
    often = " a few times" if step.times > 1 else ""
    return f"`/{step.command} {options}`".replace(" `", "`") + often


def build_request_hint(request: str) -> list[str]:
    """Return the hint for a demo without a fault: how to make a request."""
    return [
        "Ask for something new:",
        f"1. Say `{request}`",
        "2. Read in the thread what I understood, then say `go ahead`",
        "3. Read the proposal there, then say `ship it`",
        "4. Use what is new.",
        "",
        "A scripted model knows this request and no other. You may ask for it more than once.",
    ]


def build_fault_hint(fault: MetFault | None) -> list[str]:
    """Return the hint for a demo with a fault: how to run into it and report it."""
    if fault is None:
        return ["Nothing is broken in this copy. Try `/roll 2d6`, `/poll create` or `/runs list`."]
    return [
        "Something in this bot is broken. Find out yourself:",
        f"1. {', then '.join(_format_step(step) for step in fault.steps)}",
        f"2. Say `{fault.report}`",
        "3. Read the proposal in the thread, then say `ship it`",
        "4. Do the first thing again.",
        "",
        "Or say nothing and let it fail five times: the bot notices by itself.",
    ]


def build_watch_hint(living: Living) -> list[str]:
    """Return the hint for a fault that the bot notices by itself."""
    names = ", ".join(name.capitalize() for name in VISITORS)
    steps = [
        f"Just watch #dev. {names} use the bot in #{PLACE}. {living.expect}",
        *living.then,
    ]
    return [
        "Nobody will complain here:",
        *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
    ]
