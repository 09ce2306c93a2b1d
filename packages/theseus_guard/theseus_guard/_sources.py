"""Refuses changes to where dependencies come from, and packages inside the change itself.

The lock is trusted because every file in it has a hash and comes from one index. Another index,
another hash for the same file, an installer started by the code, or a package inside the change
itself therefore block a proposal, whatever the name of the package is.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from theseus_guard.records import Finding
from theseus_guard.unified_diff import FilePatch

_INDEX, _FILES = "https://pypi.org/simple", "https://files.pythonhosted.org/"
_LOCK = "uv.lock"
_SETTINGS = frozenset(
    {"uv.toml", "pip.conf", "pip.ini", ".pypirc", ".condarc", ".npmrc", ".yarnrc"}
)
_REQUIREMENTS = re.compile(r"(?:.*/)?(?:requirements|constraints)[^/]*(?:/[^/]+)?\.(?:txt|in)")
_PACKAGES = (".whl", ".egg", ".tar.gz", ".tgz", ".zip", ".pth", ".egg-link", ".so", ".pyd", ".dll")
INSTALLED = (".dist-info", ".egg-info")
"""Suffixes of folders that declare plugins, which pytest loads."""

_ENTRY = re.compile(r"\burl\s*=\s*\"([^\"]*)\"(?:.*?\bhash\s*=\s*\"([^\"]*)\")?")
_LOCKED_SOURCE = re.compile(r"\bsource\s*=\s*\{\s*([\w-]+)\s*=\s*\"([^\"]*)\"")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")

_PROJECT = re.compile(
    r"^\s*\[+\s*(?:tool\.uv\.sources|tool\.uv\.index|tool\.uv\.pip|tool\.poetry\.source|"
    r"build-system|tool\.pdm\.source|tool\.hatch\.build\.hooks)\b|"
    r"^\s*\"?(?:index-url|extra-index-url|index|default-index|find-links|no-index|no-verify-hashes|"
    r"allow-insecure-host|index-strategy|build-backend|backend-path|dependency[-_]links|"
    r"override-dependencies|no-build-isolation(?:-package)?)\"?\s*="
)
_BUILDS = re.compile(r"^\s*requires\s*=\s*\[")
_DIRECT_REFERENCE = re.compile(
    r"[\"']?\s*[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@\s*(?:git\+|https?:|file:|ssh:|\.{0,2}/)"
    r"|(?<![\w/])(?:git|hg|svn|bzr)\+(?:https?|ssh|file|git)://"
)
_OPTION = re.compile(
    r"^\s*(?:--(?:extra-)?index-url|--find-links|--trusted-host|--no-index|--editable|--pre|-i\s|-f\s"
    r"|-e\s|-r\s+https?:|(?:\./|/|file:|https?://)\S+)"
)
_ENVIRONMENT = re.compile(
    r"\b(?:PIP|UV)_(?:(?:EXTRA_|DEFAULT_)?INDEX(?:_URL)?|FIND_LINKS|TRUSTED_HOST|NO_VERIFY_HASHES"
    r"|INSECURE_HOST|CONSTRAINT|OVERRIDE|CONFIG_FILE)\b|--extra-index-url|--index-url"
    r"|--trusted-host|--allow-insecure-host|--no-verify-hashes"
)
_INSTALLS = re.compile(
    r"\bpip\d?(?:\.main|\._internal)|[\"']pip\d?[\"']\s*,\s*[\"']install"
    r"|-m[\"']?\s*,?\s*[\"']?(?:pip|ensurepip|easy_install|uv)\b|\bensurepip\b|\beasy_install\b"
    r"|\buvx?\s+(?:add|pip|tool|run\s+--with)\b|[\"']uvx?[\"']\s*,\s*[\"'](?:add|pip|tool|sync)"
    r"|\bdependency_links\b|\b(?:npm|pnpm|yarn|cargo|gem)\s+(?:install|add)\b|\bimport\s+pip\b"
    r"|\bfrom\s+pip\b|\bimport_module\([\"']pip\b"
)
_INSTALL_COMMAND = re.compile(r"\b(?:pip\d?|uv|uv pip|npm|gem|cargo)\s+(?:install|add)\b")
_RUNS = re.compile(r"\b(?:subprocess|system|popen|run|exec|spawn|call|check_\w+)\b", re.IGNORECASE)
_CODE = (".py", ".pyi", ".sh", ".toml", ".cfg", ".ini", ".yml", ".yaml", ".txt", ".in", "")


def find_moved_sources(patches: Sequence[FilePatch]) -> Iterator[Finding]:
    """Yield findings for lines that fetch code from elsewhere or run code that no one reviewed."""
    for patch in patches:
        for message in dict.fromkeys(_find_violations(patch)):
            yield Finding(rule="new_dependency", path=patch.path, message=message, blocking=True)
        for message in _find_notes(patch):
            yield Finding(rule="new_dependency", path=patch.path, message=message, blocking=False)


def _find_notes(patch: FilePatch) -> Iterator[str]:
    """Yield messages that do not block: a person should see them, and may want the change."""
    name = PurePosixPath(patch.path).name.lower()
    if name == _LOCK and patch.status != "deleted":
        yield f"Changes {len(patch.added_lines)} lines of the lock."
    elif name.endswith(".py") and _has_match(_strip_comments(patch.added_lines), _INSTALL_COMMAND):
        yield "Mentions the installation of packages."


def _find_violations(patch: FilePatch) -> Iterator[str]:
    path = PurePosixPath(patch.path)
    name = path.name.lower()
    if patch.status != "deleted":
        if name.endswith(_PACKAGES) or any(part.endswith(INSTALLED) for part in path.parts):
            yield "Contains a package or a program; dependencies may only come through the lock."
        if name in _SETTINGS:
            yield "Decides where packages come from; only a person may change that."
    if name == _LOCK:
        yield from _check_lock(patch)
    elif name == "pyproject.toml":
        yield from _check_project(patch)
    elif _is_requirements_file(patch.path) and _has_match(
        patch.added_lines, _OPTION, _DIRECT_REFERENCE
    ):
        yield "Takes packages from another source than the index."
    if path.suffix.lower() in _CODE:
        yield from _check_code(patch.added_lines)


def _is_requirements_file(path: str) -> bool:
    """Return whether a file lists dependencies."""
    name = PurePosixPath(path).name.lower()
    return bool(_REQUIREMENTS.fullmatch(path)) or name in ("setup.py", "setup.cfg", "pipfile")


def _check_code(added: Sequence[str]) -> Iterator[str]:
    lines = _strip_comments(added)
    if _has_match(lines, _ENVIRONMENT):
        yield "Names another package index, or disables a check of packages."
    if _has_match(lines, _INSTALLS) or (
        _has_match(lines, _INSTALL_COMMAND) and _has_match(lines, _RUNS)
    ):
        yield "Installs packages when it runs; dependencies may only come through the lock."


def _strip_comments(lines: Sequence[str]) -> list[str]:
    """Return the lines without those that are only a comment."""
    return [line for line in lines if not line.lstrip().startswith("#")]


def _has_match(lines: Sequence[str], *patterns: re.Pattern[str]) -> bool:
    return any(pattern.search(line) for line in lines for pattern in patterns)


def _check_project(patch: FilePatch) -> Iterator[str]:
    changed = _strip_comments([*patch.added_lines, *patch.removed_lines])
    sections = [hunk.section for hunk in patch.hunks]
    if _has_match(changed, _PROJECT, _BUILDS) or _has_match(sections, _PROJECT):
        yield "Changes where packages come from, or how this package is built."
    if _has_match(patch.added_lines, _DIRECT_REFERENCE):
        yield "Takes a package from another source than the index."


def _check_lock(patch: FilePatch) -> Iterator[str]:
    if patch.status == "deleted":
        yield "Deletes the lock, and with it every hash."
    before = dict(_ENTRY.findall("\n".join(patch.removed_lines)))
    for line in patch.added_lines:
        if (source := _LOCKED_SOURCE.search(line)) and source[2] not in (_INDEX, "."):
            yield f"The lock takes a package from another source than the index ({source[1]})."
        for url, known in _ENTRY.findall(line):
            if not url.startswith(_FILES):
                yield "The lock fetches a file from another host than the index's."
            if not _HASH.fullmatch(known):
                yield "The lock contains a file without a sha256 hash."
            if before.get(url, known) != known:
                yield "The lock has another hash for the same URL: the file would be another one."
