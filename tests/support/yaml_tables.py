"""Tables of cases in YAML files, read quickly: every worker reads them all as it collects."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

# The parser in C, where PyYAML was built with it; it takes a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def read_table(file: Path) -> Any:
    """Return the content of a file, the same object each time; nobody changes it."""
    return yaml.load(file.read_text(encoding="utf-8"), _LOADER)  # noqa: S506  # a safe loader either way
