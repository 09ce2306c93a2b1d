"""Rendering of `prompts/`: `$name` placeholders; a missing value is an error."""

from pathlib import Path
from string import Template

from bot.domain.errors import ConfigError


class Prompts:
    """The templates of one folder, read when they are needed so that edits count at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def render(self, name: str, **values: str) -> str:
        """Return `<folder>/<name>.md` with every placeholder filled.

        Raises `ConfigError` naming the file, and the placeholder that has no value.
        """
        file = self._folder / f"{name}.md"
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} cannot be read: {error}") from error
        try:
            return Template(text).substitute(values)
        except KeyError as error:
            known = ", ".join(sorted(values))
            raise ConfigError(
                f"{file}: the placeholder ${error.args[0]} has no value; known: {known}."
            ) from error
        except ValueError as error:
            raise ConfigError(f"{file}: {error}; write $$ for a dollar sign.") from error
