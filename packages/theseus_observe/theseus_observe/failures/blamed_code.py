"""Failures without an exception; their place is the code that should have done something."""

from types import CodeType

from theseus_observe.failures.fingerprints import compute_fingerprint
from theseus_observe.failures.qualified_names import get_qualified_name
from theseus_observe.records import Capsule, Frame


def add_blamed_code(capsule: Capsule, code: CodeType, file: str, module: str) -> Capsule:
    """Return a capsule without frames as one of that code, which is in a file of the project."""
    if capsule.frames:
        return capsule
    function = get_qualified_name(code)
    frame = Frame(file=file, line=code.co_firstlineno, function=function, module=module)
    places = [f"{file}:{function}"]
    return capsule.replace(
        frames=(frame,), fingerprint=compute_fingerprint(capsule.exception, places, capsule.message)
    )
