"""Sources of any encoding are edited where Python sees their lines, and stay the same elsewhere."""

import ast
import codecs
from pathlib import Path

import pytest
from theseus_repair.clock import MachineClock
from theseus_repair.command import repair
from theseus_repair.command_check import CommandCheck
from theseus_repair.files import build_diff, load_changeable_texts, write
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.mutants import find_changed_lines
from theseus_repair.runner import TimeLimits, skip_confinement
from theseus_repair.source import Source
from theseus_repair.source_text import decode_source, encode_source, find_line, split_lines

TOTAL = "def total(price, fee):\n    return price - fee\n"
ODD = {
    "form feed": f"import os\n\f\n{TOTAL}",
    "separators": f'NAMES = """a\v\x1c\x1d\x1e\x85\u2028b"""\n{TOTAL}',
    "form feed before a definition": f"A = 1\n\f{TOTAL}",
    "carriage returns": f"A = 1\n{TOTAL}".replace("\n", "\r"),
    "both": f"A = 1\n{TOTAL}".replace("\n", "\r\n"),
    "no end": f"A = 'é'\f\n{TOTAL}".rstrip(),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_a_node_is_found_where_python_sees_it(text: str) -> None:
    source = Source("m.py", text)
    for node in ast.walk(source.tree):
        if hasattr(node, "lineno"):
            # that reads lines as Python does, but gives all of them with line feeds
            segment = ast.get_source_segment(text, node)
            assert source.get_code(node) == segment
            assert find_line(text, source.get_span(node)[0]) == node.lineno
    assert "".join(split_lines(text)) == text


def test_what_changed_is_counted_in_lines_of_python() -> None:
    text = ODD["separators"]
    assert find_changed_lines(text, text.replace("-", "+")) == {3}


FILES = {
    "plain": TOTAL.encode(),
    "byte order mark": codecs.BOM_UTF8 + TOTAL.encode(),
    "latin-1": f"# coding: latin-1\nNAME = 'café'\n{TOTAL}".encode("latin-1"),
    "no encoding at all": b"NAME = '\xff'\n" + TOTAL.encode(),
    "an unknown encoding": b"# coding: nowhere\n" + TOTAL.encode(),
    "CR LF": TOTAL.replace("\n", "\r\n").encode(),
    "CR LF and a lone LF": b"A = 1\r\nB = 2\n" + TOTAL.encode(),
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES.keys())
def test_a_file_stays_as_it_is_but_for_the_edit(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(data)
    (text,) = load_changeable_texts(tmp_path, ["m.py"], (), ()).values()

    write(tmp_path, {"m.py": text.replace(" - ", " + ")})

    assert (tmp_path / "m.py").read_bytes() == data.replace(b" - ", b" + ")


def test_lines_that_come_in_end_as_the_others_do() -> None:
    was = FILES["CR LF"]
    source = Source("m.py", decode_source(was))
    edit = source.insert_before(source.tree.body[0], ["A = 1"])
    text = edit.text + source.text

    assert encode_source(text, was) == b"A = 1\r\n" + was


def test_a_diff_counts_lines_as_git_does_and_keeps_the_byte_order_mark(tmp_path: Path) -> None:
    text = ODD["separators"]
    (tmp_path / "m.py").write_bytes(codecs.BOM_UTF8 + text.encode())

    diff = build_diff(tmp_path, {"m.py": text.replace("-", "+")})

    assert diff.startswith("--- a/m.py\n+++ b/m.py\n@@ -1,3 +1,3 @@\n \ufeffNAMES")
    assert diff.endswith("-    return price - fee\n+    return price + fee\n")


async def test_a_text_that_the_encoding_of_its_file_does_not_have_is_no_fix(
    tmp_path: Path,
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/m.py").write_bytes(FILES["latin-1"])
    check = CommandCheck(
        tmp_path / "tree", tmp_path / "check", ["true"], skip_confinement, seconds=20.0
    )
    text = decode_source(FILES["latin-1"])

    assert await check({"m.py": text})
    assert not await check({"m.py": text.replace("é", "ŵ")})
    assert (tmp_path / "check/m.py").read_bytes() == FILES["latin-1"]


async def test_a_run_reads_a_replaced_text_as_it_would_read_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"# coding: latin-1\nSIGN = '\xe9\f'\n" + TOTAL.encode())
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_m.py").write_text(
        "import inspect\nfrom pathlib import Path\n\nimport m\n\n\ndef test_m():\n"
        "    assert m.total(3, 4) == 7 and m.SIGN == 'é\\f'\n"
        "    assert inspect.getsource(m.total).endswith('    return price + fee\\n')\n"
        "    assert 'é' in Path(m.__file__).read_text('latin-1')\n"
    )
    text = (
        decode_source((tmp_path / "m.py").read_bytes())
        .replace("-", "+")
        .replace("latin+1", "latin-1")
    )
    async with ForkingRunner(tmp_path) as runner:
        result = await runner.run(["test_m.py"], {"m.py": text}, TimeLimits())
    assert result.is_passing, result.failures


@pytest.mark.slow
async def test_a_fault_in_an_odd_source_is_mended(tmp_path: Path) -> None:
    source = f'"""A\f\x1c"""\n\f\n{TOTAL}'.replace("\n", "\r\n").encode()
    (tmp_path / "a.py").write_bytes(codecs.BOM_UTF8 + source)
    (tmp_path / "check.py").write_text("from a import total\n\nassert total(3, 4) == 7\n")

    report = await repair(
        tmp_path, "python check.py", apply=True, accept="plausible", clock=MachineClock()
    )

    assert report.repaired, report.explanation
    after = source.replace(b"price - fee", b"price + fee")
    assert (tmp_path / "a.py").read_bytes() == codecs.BOM_UTF8 + after
