"""The folder of skills, read whole and with bounds: what will not do is refused whole."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.domain.skill import FOLDER, MANIFEST, RefusedSkill, Skill, SkillSet
from bot.skills.manifest import hidden, parse_skill, wrong_name

MOST_SKILLS = 100
MOST_FILES = 40  # of one skill
MOST_BYTES = 512_000  # of all files of one skill
_MOST_TEXT = 40_000  # characters of one file beside SKILL.md
_MOST_DEPTH = 4


def read_skills(root: Path) -> SkillSet:
    """Return the skills of a checkout as they lie there now. Without the folder there are none."""
    folder = root / FOLDER
    skills, refused = [], []
    if folder.resolve() != root.resolve() / FOLDER:
        reason = f"{FOLDER} is reached by a link: put the folder itself there."
        return SkillSet(refused=(RefusedSkill(name="", reason=reason),))
    try:
        names = _names(folder)
    except OSError as error:
        reason = f"{FOLDER} cannot be read: {error.strerror or error}."
        return SkillSet(refused=(RefusedSkill(name="", reason=reason),))
    for name in names[:MOST_SKILLS]:
        try:
            skills.append(read_skill(folder, name))
        except ConfigError as error:
            refused.append(RefusedSkill(name=name[:80], reason=str(error)))
    for name in names[MOST_SKILLS:]:
        reason = f"{FOLDER}/{name}: there are {MOST_SKILLS} skills already; take some out."
        refused.append(RefusedSkill(name=name[:80], reason=reason))
    return SkillSet(skills=tuple(skills), refused=tuple(refused))


def read_skill(folder: Path, name: str) -> Skill:
    """Return the skill in `folder/name`. Raises `ConfigError`, which names the file and the line.

    Links are not followed, wherever they lead, and what is neither file nor folder is refused.
    """
    shown = f"{FOLDER}/{name}"
    if problem := wrong_name(name):
        raise ConfigError(f"{shown}: the folder's name {problem}.")
    try:
        _refuse_link(folder / name, shown)
        files = dict(_files(folder / name, shown))
    except OSError as error:
        raise ConfigError(f"{shown} cannot be read: {error.strerror or error}.") from error
    return skill_of(name, files)


def skill_of(name: str, files: Mapping[str, bytes]) -> Skill:
    """Return the skill that these files are, by their paths from the checkout's root.

    Raises `ConfigError`, which names the file, the line, and the way out.
    """
    shown = f"{FOLDER}/{name}"
    if len(files) > MOST_FILES or sum(map(len, files.values())) > MOST_BYTES:
        raise ConfigError(
            f"{shown}: a skill has at most {MOST_FILES} files, of {MOST_BYTES:,} bytes in all: "
            "take some out."
        )
    texts = {path.removeprefix(f"{shown}/"): _text(path, data) for path, data in files.items()}
    if MANIFEST not in texts:
        raise ConfigError(
            f"{shown} has no {MANIFEST}: a skill is a folder with that file in it, spelled so."
        )
    manifest = texts.pop(MANIFEST)
    if manifest is None:
        raise ConfigError(f"{shown}/{MANIFEST} is no text in UTF-8: save it as that.")
    return parse_skill(manifest, name, f"{shown}/{MANIFEST}", texts)


def _names(folder: Path) -> list[str]:
    """Return what may be skills: everything in the folder but files of its own and hidden ones."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                each.name
                for each in entries
                if not each.name.startswith(".") and (each.is_symlink() or each.is_dir())
            )
    except (FileNotFoundError, NotADirectoryError):
        return []


def _refuse_link(place: Path, shown: str) -> None:
    if place.is_symlink():
        raise ConfigError(f"{shown} is a link: put the file itself there.")


def _files(top: Path, shown: str) -> Iterator[tuple[str, bytes]]:
    """Yield each file of a skill by its path from the root, with its bytes."""
    size = 0
    for here, folders, files in os.walk(top, onerror=_raise):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for name in (*folders, *sorted(files)):
            place = Path(here) / name
            path = f"{shown}/{place.relative_to(top).as_posix()}"
            _refuse_link(place, path)
            if name in folders:
                _refuse_depth(path)
                continue
            status = place.stat()
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{path} is no plain file: take it out.")
            size += status.st_size
            if size > MOST_BYTES:
                raise ConfigError(f"{path}: a skill has at most {MOST_BYTES:,} bytes in all.")
            yield path, place.read_bytes()


def _refuse_depth(path: str) -> None:
    if path.count("/") - FOLDER.count("/") > _MOST_DEPTH + 1:
        raise ConfigError(f"{path}: folders lie at most {_MOST_DEPTH} deep: move it up.")


def _text(path: str, data: bytes) -> str | None:
    """Return a file's text; nothing where it is none. Raises `ConfigError`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if path.endswith(f"/{MANIFEST}") and path.count("/") == FOLDER.count("/") + 2:
        return text  # judged line by line where it is parsed
    if len(text) > _MOST_TEXT:
        raise ConfigError(
            f"{path} has {len(text):,} characters; at most {_MOST_TEXT:,}: make two of it."
        )
    for number, line in enumerate(text.split("\n"), 1):
        if hidden(line.removesuffix("\r")):
            raise ConfigError(
                f"{path}, line {number}: there are characters that nobody can see: take them out."
            )
    return text


def _raise(error: OSError) -> None:
    raise error
