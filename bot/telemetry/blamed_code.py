"""Failures without an exception; their place is the code that should have done something."""

from pathlib import Path, PurePosixPath
from types import CodeType

from bot.domain.journal import Capsule, Frame
from bot.infra.source_folders import find_source_folder
from bot.telemetry.capsules import find_project_file
from bot.telemetry.fingerprints import compute_fingerprint


def add_blamed_code(capsule: Capsule, code: CodeType | None, root: Path) -> Capsule:
    """Return a capsule without frames as one of that code, if it is the project's under `root`."""
    file = find_project_file(code.co_filename, str(root)) if code is not None else None
    if capsule.frames or code is None or file is None:
        return capsule
    path = PurePosixPath(file)
    module = str(path.relative_to(find_source_folder(path))).removesuffix(".py").replace("/", ".")
    frame = Frame(file=file, line=code.co_firstlineno, function=code.co_qualname, module=module)
    places = [f"{file}:{code.co_qualname}"]
    return capsule.replace(
        frames=(frame,), fingerprint=compute_fingerprint(capsule.exception, places, capsule.message)
    )
