"""`theseus rehearse` reports the errors of the package as the bot's own."""

import re
from pathlib import Path

import pytest
from theseus_rehearsal.script_files import parse_script

from bot.cli.main import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--compare", "HEAD", "--since", "HEAD"], "--compare and --since: use only one of them"),
        (["--yaml", "--json"], "--yaml and --json: use only one of them"),
        ([], "--script x.yaml: No such file or directory"),
    ],
)
def test_wrong_options_end_with_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["rehearse", "--commit", "HEAD", "--script", "x.yaml", *words])
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def test_the_scripts_of_the_document_are_valid() -> None:
    page = (Path(__file__).parents[3] / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert [len(parse_script(each, "rehearsal.md").steps) for each in examples] == [7, 2]
