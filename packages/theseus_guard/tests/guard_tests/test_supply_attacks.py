"""Attacks on where code comes from, each as a change that a run might propose."""

import pytest
from guard_tests.cases import CODE, DICE, judge_change

HASH, OTHER = "a" * 64, "b" * 64
FILES = "https://files.pythonhosted.org/packages/aa/bb/"
WHEEL = f'    {{ url = "{FILES}dice-1.0-py3-none-any.whl", hash = "sha256:{HASH}", size = 1 }},\n'
LOCK = f"""[[package]]
name = "dice"
version = "1.0"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [
{WHEEL}]
"""
PROJECT = """[project]
dependencies = [
    "aiohttp>=3",
]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
RUN = "import subprocess, sys\n"

STOPPED: dict[str, tuple[str, str, str]] = {
    "another hash for the same file": ("uv.lock", LOCK, LOCK.replace(HASH, OTHER)),
    "no hash": ("uv.lock", LOCK, LOCK.replace(f', hash = "sha256:{HASH}"', "")),
    "a weak hash": ("uv.lock", LOCK, LOCK.replace(f"sha256:{HASH}", "md5:" + "a" * 32)),
    "a file from elsewhere": ("uv.lock", LOCK, LOCK.replace(FILES, "https://evil.example/")),
    "a host that looks right": (
        "uv.lock", LOCK, LOCK.replace("hosted.org/", "hosted.org.evil.example/")),
    "another index": ("uv.lock", LOCK, LOCK.replace("pypi.org", "pypi.evil.example")),
    "a source in git": (
        "uv.lock", LOCK,
        LOCK.replace('registry = "https://pypi.org/simple"', 'git = "https://x.example/d.git"')),
    "a source by path": (
        "uv.lock", LOCK, LOCK.replace('registry = "https://pypi.org/simple"', 'path = "lib/dice"')),
    "no lock": ("uv.lock", LOCK, ""),
    "uv's sources": (
        "pyproject.toml", PROJECT,
        PROJECT + '\n[tool.uv.sources]\ndice = { git = "https://x.example/d" }\n'),
    "uv's index": (
        "pyproject.toml", PROJECT, PROJECT + '\n[[tool.uv.index]]\nurl = "https://x.example"\n'),
    "uv's further index": (
        "pyproject.toml", PROJECT, PROJECT + '\n[tool.uv]\nextra-index-url = ["https://x.ex"]\n'),
    "uv without hashes": (
        "pyproject.toml", PROJECT, PROJECT + "\n[tool.uv.pip]\nno-verify-hashes = true\n"),
    "an override": (
        "pyproject.toml", PROJECT, PROJECT + '[tool.uv]\noverride-dependencies = ["aiohttp<3"]\n'),
    "another build backend": (
        "pyproject.toml", PROJECT, PROJECT.replace("hatchling.build", "backend")),
    "a build backend of one's own": (
        "pyproject.toml", PROJECT, PROJECT + 'backend-path = ["."]\n'),
    "what the build needs": (
        "pyproject.toml", PROJECT, PROJECT.replace('["hatchling"]', '["hatchling", "hatchlin"]')),
    "a build hook": (
        "pyproject.toml", PROJECT, PROJECT + "\n[tool.hatch.build.hooks.custom]\n"),
    "a dependency in git": (
        "pyproject.toml", PROJECT,
        PROJECT.replace('>=3",', '>=3",\n    "dice @ git+https://x.example/d",')),
    "a dependency in a file": (
        "pyproject.toml", PROJECT,
        PROJECT.replace('>=3",', '>=3",\n    "dice @ file:///tmp/dice.whl",')),
    "requirements: further index": (
        "requirements.txt", "a==1\n", "--extra-index-url https://x.example\na==1\n"),
    "requirements: index, short": ("requirements.txt", "a==1\n", "-i https://x.example\na==1\n"),
    "requirements: links": ("requirements/dev.txt", "a==1\n", "--find-links https://x\na==1\n"),
    "requirements: trusted host": ("constraints.txt", "a\n", "--trusted-host x.example\na\n"),
    "requirements: editable": ("requirements.txt", "a\n", "a\n-e git+https://x.example/d\n"),
    "requirements: an address": ("requirements.txt", "a\n", "a\nhttps://x.example/d.whl\n"),
    "requirements: a file": ("requirements.txt", "a\n", "a\n./vendor/dice.whl\n"),
    "dependency links": ("setup.py", "x = 1\n", "x = 1\ndependency_links=['https://x.example']\n"),
    "a vendored wheel": ("vendor/dice-1.0-py3-none-any.whl", "", "text\n"),
    "a path file": ("hook.pth", "", "import os\n"),
    "a module in a package's place": ("pydantic.py", "", "x = 1\n"),
    "a package in a module's place": ("json/__init__.py", "", "x = 1\n"),
    "the same below src": ("src/pydantic.py", "", "x = 1\n"),
    "a package that seems installed": ("x-1.0.dist-info/entry_points.txt", "", "[pytest11]\n"),
    "a built extension": ("cogs/fast.so", "", "text\n"),
    "pip's settings": ("pip.conf", "", "[global]\nindex-url = https://x.example\n"),
    "uv's settings": ("uv.toml", "", "offline = false\n"),
    "an index in a script": ("run.sh", "a\n", "a\nexport UV_INDEX_URL=https://x.example\n"),
    "an index in an image": ("deploy.yml", "a: 1\n", "a: 1\nPIP_EXTRA_INDEX_URL: https://x\n"),
    "conftest runs pip": (
        "tests/cogs/conftest.py", "a = 1\n",
        "a = 1\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'dice'])\n"),
    "a shell runs pip": (DICE, CODE, RUN + 'subprocess.run("pip install dice", shell=True)\n'),
    "pip's inside": (DICE, CODE, CODE + "from pip._internal import main\n"),
    "ensurepip": (DICE, CODE, "import ensurepip\n" + CODE),
    "uv adds": (DICE, CODE, CODE + 'subprocess.run(["uv", "add", "dice"])\n'),
    "uv pip": (DICE, CODE, CODE + 'subprocess.run(["uv", "pip", "install", "dice"])\n'),
    "pip by name": (DICE, CODE, CODE + 'importlib.import_module("pip").main(["install", "x"])\n'),
    "npm": (DICE, CODE, RUN + CODE + 'os.system("npm install dice")\n'),
}  # fmt: skip


@pytest.mark.parametrize("name", list(STOPPED))
def test_another_source_of_code_stops_a_proposal(name: str) -> None:
    path, before, after = STOPPED[name]

    found = judge_change(path, before, after)

    assert any(one.rule == "new_dependency" and one.blocking for one in found) or any(
        one.rule == "unsafe_file" and one.blocking for one in found
    ), found


@pytest.mark.parametrize(
    ("path", "before", "after", "words"),
    [
        ("uv.lock", LOCK, LOCK.replace("1.0", "1.1"), "lines of the lock"),
        ("uv.lock", LOCK, LOCK + LOCK.replace("dice", "dicee"), "Adds dicee"),
        ("pyproject.toml", PROJECT, PROJECT.replace("aiohttp", "aiohtttp"), "Adds aiohtttp"),
        (DICE, CODE, "import requsts\n" + CODE, "Imports requsts"),
        (DICE, CODE, "from discrod.ext import commands\n" + CODE, "Imports discrod"),
        (
            DICE,
            CODE,
            CODE + "HINT = 'try pip install theseus[charts]'\n",
            "installation of packages",
        ),
    ],
)
def test_another_version_or_name_is_shown_on_the_card(
    path: str, before: str, after: str, words: str
) -> None:
    found = [one for one in judge_change(path, before, after) if words in one.message]

    assert [(one.rule, one.blocking) for one in found] == [("new_dependency", False)]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (DICE, CODE, CODE + "# pip install is not needed\n"),
        (DICE, CODE, CODE + "index = pipeline.run(install=True)\n"),
        ("cogs/calendar.py", "", "x = 1\n"),
        ("harbour.py", "", "x = 1\n"),
        ("json.py", "x = 1\n", "x = 2\n"),
        ("docs/x.md", "a\n", "a\nRun `pip install theseus`.\n"),
        ("pyproject.toml", PROJECT, PROJECT + "\n[tool.ruff]\nline-length = 99\n"),
        ("requirements.txt", "a==1\n", "a==2\n"),
    ],
)
def test_what_moves_no_source_is_let_through(path: str, before: str, after: str) -> None:
    assert not [one for one in judge_change(path, before, after) if one.blocking]
