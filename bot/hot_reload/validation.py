"""Whether an item's content may go live, before any of it does."""

from collections.abc import Callable, Mapping
from string import Template

from bot.domain.errors import ConfigError
from bot.domain.live_items import ItemKind
from bot.hot_reload.catalog import Key
from bot.hot_reload.content import ItemContent

Validate = Callable[[str, ItemContent], str]
"""Of an item's name and content: why it may not go live, naming the file; empty: it may."""


def decode_text(content: ItemContent) -> str:
    """Return the text of the one file. Raises `UnicodeDecodeError`."""
    (data,) = content.files.values()
    return data.decode("utf-8-sig")


def find_placeholders(content: ItemContent) -> frozenset[str]:
    """Return the names a prompt is filled in with; none for what is no text."""
    try:
        return frozenset(Template(decode_text(content)).get_identifiers())
    except UnicodeDecodeError:
        return frozenset()


class Validation:
    """The validation rules of each kind of item. `config` validates the configuration.

    `required` are the prompts and placeholders that the program uses. They belong to the commit
    that runs, not to the newest one in the checkout.
    """

    def __init__(self, *, config: Validate | None = None) -> None:
        self._required: Mapping[str, frozenset[str]] = {}
        self._rules: dict[ItemKind, Validate] = {
            "prompt": self._prompt,
            "persona": self._prompt,
            "skill": _check_skill,
            "config": lambda name, content: (
                _check_texts(name, content) or (config(name, content) if config else "")
            ),
            "cog": _check_texts,
        }

    def require(self, prompts: Mapping[str, ItemContent]) -> None:
        """Take these prompts, by their names, for those that the program asks for."""
        self._required = {name: find_placeholders(content) for name, content in prompts.items()}

    def __call__(self, key: Key, content: ItemContent) -> str:
        """Return why this content may not be live; empty: it may."""
        kind, name = key
        return self._rules[kind](name, content)

    def check_removal(self, key: Key) -> str:
        """Return why an item may not be gone; empty: it may."""
        kind, name = key
        if kind == "config":
            return "it is gone; restore it (git checkout -- data/config.yaml)"
        if kind in ("prompt", "persona") and name in self._required:
            return f"it is gone, and the program asks for it; git checkout -- prompts/{name}.md"
        return ""

    def _prompt(self, name: str, content: ItemContent) -> str:
        return _check_texts(name, content) or self._check_template(name, content)

    def _check_template(self, name: str, content: ItemContent) -> str:
        path, text = next(iter(content.files)), decode_text(content)
        if not text.strip():
            return f"{path}: it is empty"
        template = Template(text)
        if not template.is_valid():
            return f"{path}: there is a lonely $ in it; write $$ for a dollar sign"
        wanted = self._required.get(name)
        has = frozenset(template.get_identifiers())
        if wanted is None or wanted == has:
            return ""
        return f"{path}: {_describe_difference(wanted, has)}"


def _describe_difference(wanted: frozenset[str], has: frozenset[str]) -> str:
    parts = []
    if lacks := ", ".join(f"${name}" for name in sorted(wanted - has)):
        parts.append(f"it lacks {lacks}")
    if new := ", ".join(f"${name}" for name in sorted(has - wanted)):
        parts.append(f"nobody fills in {new}")
    return f"{' and '.join(parts)}; the running program fills in what its own version has"


def _check_skill(name: str, content: ItemContent) -> str:
    try:
        content.get_skill(name)
    except ConfigError as error:
        return str(error).rstrip(".")
    return ""


def _check_texts(_name: str, content: ItemContent) -> str:
    for path, data in content.files.items():
        if b"\0" in data:
            return f"{path}: it is no text"
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            return f"{path}, line {line}: it is not UTF-8"
    return ""
