"""Collects what exists already for a requested change of a bot that is not built on Theseus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from theseus_guard import is_test_file

from bot.domain.brief import CommandUse
from bot.self_improvement.requests.change_context import ChangeContextCollector, extract_tokens

_MOST_FILES = 60


@dataclass(frozen=True, eq=False)
class ForeignChangeContext(ChangeContextCollector):
    """Finds the files by the commands they define: `commands` maps each to its file."""

    def list_code(self, files: Sequence[str]) -> tuple[str, ...]:
        """Return the Python files that are no tests."""
        code = [each for each in files if each.endswith(".py") and not is_test_file(each)]
        return tuple(code[:_MOST_FILES])

    def find_files(
        self, request: str, files: Sequence[str], commands: Sequence[CommandUse]
    ) -> tuple[str, ...]:
        """Return the files named by path first, then by command or by their own name."""
        said = extract_tokens(request)
        paths = [file for file in files if file in request]
        places = {each.cog for each in commands if set(each.name.split()) & said}
        others = [
            file
            for file in self.list_code(files)
            if file in places or PurePosixPath(file).stem.lower() in said
        ]
        return tuple(dict.fromkeys([*paths, *others]))
