"""Rendering of `prompts/`: `$name` placeholders; a missing value is an error."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from string import Template

from bot.domain.errors import ConfigError

CHARTER = "charter"
"""The prompt that states what the bot does not do, and why."""

Texts = Mapping[str, str]
"""Templates by name. Whoever keeps the mapping keeps these texts: it is never changed."""

_STEADY: ContextVar[dict[Hashable, Texts] | None] = ContextVar("steady_prompts", default=None)


@contextmanager
def freeze_prompts() -> Iterator[None]:
    """Keep every prompt as it was at its first use inside the block, despite reloads.

    Tasks that are started inside use the same texts.
    """

    token = _STEADY.set({})
    try:
        yield
    finally:
        _STEADY.reset(token)


class Prompts:
    """The templates of one folder: those that `texts` returns, else read when they are needed."""

    def __init__(self, folder: Path, texts: Callable[[], Texts] | None = None) -> None:
        self._folder = folder
        self._texts = texts

    def freeze(self) -> "Prompts":
        """Return a copy with the current texts, for work that must not see a change half way."""
        if self._texts is None:
            return self
        texts = self._get_live_texts(self._texts)
        return Prompts(self._folder, lambda: texts)

    def render(self, name: str, **values: str) -> str:
        """Return `<folder>/<name>.md` with every placeholder filled.

        Raises `ConfigError` naming the file, and the placeholder that has no value.
        """
        file = self._folder / f"{name}.md"
        try:
            return Template(self._load_text(name, file)).substitute(values)
        except KeyError as error:
            known = ", ".join(sorted(values))
            raise ConfigError(
                f"{file}: the placeholder ${error.args[0]} has no value; known: {known}."
            ) from error
        except ValueError as error:
            raise ConfigError(f"{file}: {error}; write $$ for a dollar sign.") from error

    def render_system(self, name: str, **values: str) -> str:
        """Return a system prompt: the template, followed by the charter. Raises `ConfigError`.

        Every model's system prompt comes from here, so none is without the charter.
        """
        return f"{self.render(name, **values).rstrip()}\n\n{self.render(CHARTER)}"

    def _load_text(self, name: str, file: Path) -> str:
        if self._texts is not None:
            text = self._get_live_texts(self._texts).get(name)
            if text is None:
                raise ConfigError(f"{file} cannot be read: it is not there, and never was.")
            return text
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} cannot be read: {error}") from error

    def _get_live_texts(self, texts: Callable[[], Texts]) -> Texts:
        steady = _STEADY.get()
        return texts() if steady is None else steady.setdefault(texts, texts())
