"""Comments that silence the type checker go with the error they were for."""

import pytest
from theseus_repair.unneeded_ignores import remove_unneeded_ignores

PATH = "cogs/echoes.py"


@pytest.mark.parametrize(
    ("line", "message", "shorter"),
    [
        (
            "send(text)  # type: ignore[call-overload]",
            'Unused "type: ignore" comment',
            "send(text)",
        ),
        (
            "send(text) # type:ignore",
            'Unused "type: ignore" comment  [unused-ignore]',
            "send(text)",
        ),
        (
            "send(text)  # type: ignore[arg-type, misc]  # why",
            'Unused "type: ignore[misc]" comment  [unused-ignore]',
            "send(text)  # type: ignore[arg-type]  # why",
        ),
        (
            'send("# type: ignore")  # type: ignore[misc]',
            'Unused "type: ignore" comment  [unused-ignore]',
            'send("# type: ignore")',
        ),
    ],
)
def test_a_comment_that_an_edit_made_unneeded_is_removed(
    line: str, message: str, shorter: str
) -> None:
    output = f"{PATH}:2: error: {message}\nFound 1 error in 1 file (checked 2 source files)\n"

    assert remove_unneeded_ignores(output, {PATH: f"import x\n{line}\n"}) == {
        PATH: f"import x\n{shorter}\n"
    }


@pytest.mark.parametrize(
    "output",
    [
        "",
        f"{PATH}:2: error: Unused \"type: ignore\" comment\n{PATH}:1: error: No module 'x'\n",
        'cogs/others.py:2: error: Unused "type: ignore" comment\n',
        f'{PATH}:1: error: Unused "type: ignore" comment\n',
        f'{PATH}:9: error: Unused "type: ignore" comment\n',
    ],
)
def test_nothing_is_removed_where_that_does_not_help(output: str) -> None:
    assert not remove_unneeded_ignores(output, {PATH: "import x\nsend()  # type: ignore\n"})
