"""The text of a test file that makes one call."""

from bot.proof.reproduction._calls import Call
from bot.proof.reproduction._literals import INDENT, Group, Unwritable, Writer
from bot.proof.reproduction._target import Target

_ARGUMENT = 60  # characters of one argument that may stand in the call itself

# How the outcome of each way of calling is taken, and its type where annotations don't tell.
_TAKEN = {"plain": ("", ""), "async": ("asyncio.run(", ")"), "generator": ("list(", ")")}
_TYPES = {
    "plain": "Callable[..., object]",
    "async": "Callable[..., Coroutine[Any, Any, object]]",
    "generator": "Callable[..., Iterable[object]]",
}
_IMPORTS = {
    "plain": "from collections.abc import Callable",
    "async": "from collections.abc import Callable, Coroutine\nfrom typing import Any",
    "generator": "from collections.abc import Callable, Iterable",
}
_OUR_NAMES = frozenset({"asyncio", "call", "list", "Callable", "Coroutine", "Iterable", "Any"})


def write_test(
    module: tuple[str, str], target: Target, call: Call, *, name: str, doc: str
) -> str | None:
    """Return the source of a file with one test, or `None` if the arguments have no good form."""
    package, own = module
    if own in _OUR_NAMES or own.startswith("text_"):
        return None
    writer = Writer()
    try:
        positional = [writer.write(value, _ARGUMENT) for value in call.positional]
        named = [writer.write(value, _ARGUMENT) for value in call.named.values()]
    except Unwritable:
        return None
    heads = [""] * len(positional) + [f"{key}=" for key in call.named]
    called = f"{own}.{target.path}"
    body = [f'{INDENT}"""{doc}"""', *writer.texts]
    if not call.typed:
        body.append(f"{INDENT}call: {_TYPES[target.way]} = {called}")
        called = "call"
    body += _called(target.way, called, [*positional, *named], heads)
    imports = [f"from {package} import {own}" if package else f"import {own}"]
    standard = ["import asyncio"] if target.way == "async" else []
    standard += [] if call.typed else [_IMPORTS[target.way]]
    top = "\n".join(standard) + "\n\n" if standard else ""
    return f"{top}{imports[0]}\n\n\ndef {name}() -> None:\n" + "\n".join(body) + "\n"


def _called(way: str, called: str, items: list[Group | str], heads: list[str]) -> list[str]:
    before, after = _TAKEN[way]
    inner = Group(f"{called}(", ")", items, heads)
    if not before:
        return inner.lines(INDENT, "", "")
    outer = Group(before, after, [inner], [""])
    return outer.lines(INDENT, "", "")
