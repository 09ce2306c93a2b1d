"""Reads what a repository says about itself: packages, Python version, checks, license, secrets."""

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from theseus_observe.redaction import redact

from bot.targets.source_tree import read_text

_TEXTS = (".py", ".json", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".txt", ".md", ".env", ".sh")
_TOKEN_LIKE = re.compile(
    r"[MNO][\w-]{22,28}\.[\w-]{6,7}\.[\w-]{25,64}|mfa\.[\w-]{60}|sk-ant-[\w-]{16}|gh[pousr]_\w{30}"
    r"|github_pat_\w{30}"
)
_LICENSES = (
    ("AGPL-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("LGPL", r"GNU LESSER GENERAL PUBLIC LICENSE"),
    ("GPL-3.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
    ("GPL-2.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 2"),
    ("MPL-2.0", r"Mozilla Public License,? (?:Version|version) 2\.0"),
    ("Apache-2.0", r"Apache License\s+Version 2\.0"),
    ("Unlicense", r"This is free and unencumbered software"),
    ("BSD", r"Redistribution and use in source and binary forms"),
    ("MIT", r"Permission is hereby granted, free of charge"),
    ("ISC", r"Permission to use, copy, modify, and/or distribute"),
)
_DATABASES = {
    "sqlite3": "SQLite", "aiosqlite": "SQLite", "asqlite": "SQLite", "asyncpg": "PostgreSQL",
    "psycopg": "PostgreSQL", "psycopg2": "PostgreSQL", "aiopg": "PostgreSQL",
    "motor": "MongoDB", "pymongo": "MongoDB", "redis": "Redis", "aioredis": "Redis",
    "async_rediscache": "Redis", "aiomysql": "MySQL", "asyncmy": "MySQL", "pymysql": "MySQL",
    "tinydb": "TinyDB", "sqlalchemy": "SQLAlchemy", "tortoise": "Tortoise ORM",
    "peewee": "Peewee", "apsw": "SQLite", "prisma": "Prisma", "gino": "PostgreSQL",
}  # fmt: skip
_TOOLS = ("pytest", "ruff", "flake8", "mypy", "pyright", "black", "isort")
_TOOL_FILES = {
    "pytest.ini": "pytest", "ruff.toml": "ruff", ".ruff.toml": "ruff", ".flake8": "flake8",
    "mypy.ini": "mypy", "pyrightconfig.json": "pyright",
}  # fmt: skip
_TOOL_RUNS = (
    r"\.pre-commit-config\.ya?ml|\.github/workflows/[^/]+\.ya?ml|tox\.ini|noxfile\.py|Makefile"
)
_DISCORD_NAMES = (
    "discord.py",
    "discord-py",
    "discord_py",
    "discord",
    "red-discordbot",
    "pydis-core",
)


class ProjectFiles:
    """The files of a repository that are not Python; unreadable ones count as empty."""

    def __init__(self, root: Path, paths: list[str]) -> None:
        self.root = root
        self.paths = tuple(paths)
        self._known = frozenset(paths)
        self.broken: dict[str, str] = {}
        """Files with a wrong format, each with the reason."""

    def has(self, path: str) -> bool:
        """Return whether git tracks the file."""
        return path in self._known

    def read(self, path: str) -> str:
        """Return the text of a tracked file; empty if there is none or it cannot be read."""
        if path not in self._known:
            return ""
        try:
            return read_text(self.root, path)
        except (OSError, ValueError) as error:
            self.broken[path] = str(error)
            return ""

    def read_toml(self, path: str) -> Mapping[str, Any]:
        """Return a TOML file; an empty mapping if it is missing or not valid."""
        try:
            return tomllib.loads(self.read(path))
        except tomllib.TOMLDecodeError as error:
            self.broken[path] = str(error)
            return {}

    def read_ini(self, path: str) -> frozenset[str]:
        """Return the names of the sections of an INI file."""
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(self.read(path))
        except configparser.Error as error:
            self.broken[path] = str(error).splitlines()[0]
        return frozenset(parser.sections())

    def find(self, pattern: str) -> list[str]:
        """Return the tracked files whose whole path matches, case ignored."""
        expression = re.compile(pattern, re.IGNORECASE)
        return [path for path in self.paths if expression.fullmatch(path)]


def find_environment(files: ProjectFiles) -> tuple[str, str | None]:
    """Return the kind of environment and the file that lists the packages."""
    project = files.read_toml("pyproject.toml")
    poetry = project.get("tool", {}).get("poetry", {})
    if files.has("uv.lock"):
        return "uv", "uv.lock"
    if files.has("poetry.lock") or "dependencies" in poetry:
        return "poetry", "poetry.lock" if files.has("poetry.lock") else "pyproject.toml"
    if files.has("Pipfile"):
        return "pipfile", "Pipfile"
    if project.get("project"):
        return "pyproject", "pyproject.toml"
    found = files.find(r"(requirements/)?(requirements|base|main|prod)\.txt")
    found += files.find(r".*requirements[\w.-]*\.txt")
    if found:
        return "requirements", found[0]
    if files.has("setup.py") or files.has("setup.cfg"):
        return "pyproject", "setup.py" if files.has("setup.py") else "setup.cfg"
    return "none", None


def find_library(files: ProjectFiles) -> str:
    """Return the requirement that brings discord.py, as it is written; empty if none does."""
    project = files.read_toml("pyproject.toml")
    lines = [str(each) for each in project.get("project", {}).get("dependencies", ())]
    poetry = project.get("tool", {}).get("poetry", {}).get("dependencies", {})
    pipfile = files.read_toml("Pipfile").get("packages", {}) if files.has("Pipfile") else {}
    lines += [f"{name} {_get_version(value)}" for name, value in {**poetry, **pipfile}.items()]
    for path in files.find(r"(.*/)?[\w.-]*(requirements|base)[\w.-]*\.(txt|in)|setup\.(py|cfg)"):
        lines += files.read(path).splitlines()
    for line in lines:
        name = re.match(r"[\s\"']*([\w.-]+)", line)
        if name and name[1].lower() in _DISCORD_NAMES:
            return line.partition(" #")[0].partition(" --hash")[0].strip(" \\,\"'")
    return ""


def _get_version(value: object) -> str:
    return (
        str(value.get("version", value.get("git", ""))) if isinstance(value, dict) else str(value)
    )


def find_python_requirement(files: ProjectFiles) -> tuple[SpecifierSet | None, str]:
    """Return which Pythons the bot runs on and the file that says so; the strictest one first."""
    project = files.read_toml("pyproject.toml")
    poetry = project.get("tool", {}).get("poetry", {}).get("dependencies", {}).get("python")
    pipfile = files.read_toml("Pipfile").get("requires", {}) if files.has("Pipfile") else {}
    pinned = pipfile.get("python_full_version") or pipfile.get("python_version")
    docker = re.search(
        r"^FROM \S*python:?(?:-slim:)?(3\.\d+)|python:?(3\.\d+)",
        files.read("Dockerfile"),
        re.MULTILINE,
    )
    candidates = (
        ("pyproject.toml", project.get("project", {}).get("requires-python")),
        ("pyproject.toml", poetry and translate_poetry_version(_get_version(poetry))),
        ("Pipfile", pinned and f"=={pinned}.*"),
        (".python-version", _translate_pin(files.read(".python-version"))),
        ("runtime.txt", _translate_pin(files.read("runtime.txt").removeprefix("python-"))),
        ("Dockerfile", docker and f">={docker[1] or docker[2]}"),
        ("info.json", _read_red_version(files)),
    )
    for path, text in candidates:
        if text:
            try:
                return SpecifierSet(str(text)), path
            except InvalidSpecifier:
                files.broken[path] = f"{text!r} is no version of Python"
    return None, ""


def _translate_pin(text: str) -> str:
    found = re.match(r"\s*(3\.\d+)", text)
    return f"=={found[1]}.*" if found else ""


def _read_red_version(files: ProjectFiles) -> str:
    """Return the least Python of a cog pack for Red, from the first file that names one."""
    for path in files.find(r"([\w-]+/)?info\.json"):
        found = re.search(r'"min_python_version"\s*:\s*\[\s*(\d+)\s*,\s*(\d+)', files.read(path))
        if found:
            return f">={found[1]}.{found[2]}"
    return ""


def translate_poetry_version(text: str) -> str:
    """Return a version of Poetry's (`^3.11`, `~3.11`, `3.12.*`) as pip writes it."""
    parts = []
    for part in re.split(r"\s*,\s*", text.strip()):
        found = re.fullmatch(r"([\^~])\s*(\d+)(?:\.(\d+))?(?:\.\d+)*", part)
        if found and found[1] == "^":
            parts.append(f">={part[1:].strip()},<{int(found[2]) + 1}")
        elif found:
            minor = int(found[3] or 0) + 1
            parts.append(f">={part[1:].strip()},<{found[2]}.{minor}")
        elif part == "*":
            continue
        else:
            parts.append(part if re.match(r"[<>=!~]", part) else f"=={part}")
    return ",".join(parts)


def find_tools(files: ProjectFiles) -> dict[str, str]:
    """Return the tools that check this repository, each with the file that names it first."""
    found: dict[str, str] = {}
    for name, path in _list_tools(files):
        found.setdefault(name, path)
    if not files.find(r"(.*/)?(test_[^/]+|[^/]+_test)\.py"):
        found.pop("pytest", None)
    else:
        found.setdefault("pytest", "its test files")
    return found


def _list_tools(files: ProjectFiles) -> Iterator[tuple[str, str]]:
    """Yield each tool with a file that configures or runs it."""
    tables = files.read_toml("pyproject.toml").get("tool", {})
    yield from ((name, "pyproject.toml") for name in _TOOLS if name in tables)
    yield from ((name, path) for path, name in _TOOL_FILES.items() if files.has(path))
    for path in ("setup.cfg", "tox.ini"):
        for section in sorted(files.read_ini(path)) if files.has(path) else ():
            name = section.removeprefix("tool:").partition("-")[0]
            if name in _TOOLS:
                yield name, path
    for path in files.find(_TOOL_RUNS):
        text = files.read(path)
        for name in _TOOLS:
            if re.search(rf"(?<![\w.-]){name}(?!\w)", text):
                yield name, path
        if re.search(r"ruff[- ]format", text):
            yield "ruff-format", path


def find_license(files: ProjectFiles) -> tuple[str, str]:
    """Return the license and its file; the name is empty if it is none of the usual ones."""
    for path in files.find(r"(LICEN[CS]E|COPYING|UNLICENSE)[\w.-]*"):
        text = files.read(path)[:4_000]
        for name, pattern in _LICENSES:
            if re.search(pattern, text):
                return name, path
        return "", path
    return "", ""


def find_databases(imports: set[str]) -> tuple[str, ...]:
    """Return the databases that the imported packages belong to."""
    return tuple(sorted({_DATABASES[name] for name in imports & _DATABASES.keys()}))


def find_tokens(files: ProjectFiles) -> list[tuple[str, int, str]]:
    """Return each line with a token: its file, its number, and the line without the token."""
    found: list[tuple[str, int, str]] = []
    for path in files.paths:
        if not path.endswith(_TEXTS) and not PurePosixPath(path).name.startswith(".env"):
            continue
        text = files.read(path)
        if not _TOKEN_LIKE.search(text):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if _TOKEN_LIKE.search(line):
                shown = redact(line)
                if shown != line:
                    found.append((path, number, shown.strip()[:120]))
    return found


def is_red_pack(files: ProjectFiles) -> bool:
    """Return whether the repository is a pack of cogs for Red, by its `info.json` files."""
    for path in files.find(r"([\w-]+/)?info\.json"):
        try:
            content = json.loads(files.read(path))
        except ValueError:
            continue
        if isinstance(content, dict) and content.keys() & {
            "install_msg",
            "min_bot_version",
            "end_user_data_statement",
        }:
            return True
    return False
