"""Backup and restore of a home: a consistent copy of log and vault in one file, taken while Caravan runs."""

import io
import json
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import xxhash

from caravan.adapters.whole_files import put_in_place
from caravan.kernel.errors import Invalid, Outage, Refusal

_FILES = ("log.db", "vault.db")
_PAGES_PER_STEP = 256
_COPY_BYTES = 2**20
_MANIFEST = "manifest.json"
_FORMAT = "caravan-backup-1"


class HomeInUse(Refusal):
    """There is something in this home already; a backup is restored into an empty one."""


def back_up(home: Path, target: Path, progress: Callable[[int, int], None]) -> dict[str, object]:
    """Copy a home's log and vault into one file, readable by its owner alone; give its manifest.

    The log is copied first: a key is always older than what it sealed, so the vault's copy opens all of the log's.
    """
    if target.exists():
        raise Invalid(f"{target} exists; a backup never overwrites a file.", field="file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copies = {name: Path(folder) / name for name in _FILES if (home / name).exists()}
        if "log.db" not in copies:
            raise Invalid(f"There is no Caravan in {home}.", field="home")
        for name, copy in copies.items():
            _copy(home / name, copy, progress)
        manifest: dict[str, object] = {
            "format": _FORMAT,
            "files": {name: _checksum(copy) for name, copy in copies.items()},
        }
        draft = Path(folder) / "draft"
        with tarfile.open(draft, "w") as archive:
            text = json.dumps(manifest).encode()
            member = tarfile.TarInfo(_MANIFEST)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
            for name, copy in copies.items():
                archive.add(copy, name)
        draft.chmod(0o600)
        put_in_place(draft, target)
    return manifest


def restore(source: Path, home: Path) -> dict[str, object]:
    """Put a backup into an empty home; refuses a file that is not whole, and a home that is not empty."""
    if home.exists() and any(home.iterdir()):
        raise HomeInUse(f"{home} is not empty.")
    try:
        with tarfile.open(source) as archive:
            return _unpack(archive, home)
    except (tarfile.TarError, KeyError, json.JSONDecodeError, EOFError) as error:
        raise Invalid(f"{source} is no backup of Caravan, or not a whole one.", field="file") from error
    except OSError as error:
        raise Outage(f"{source} could not be restored into {home}.") from error


def _unpack(archive: tarfile.TarFile, home: Path) -> dict[str, object]:
    manifest = json.loads(_read(archive, _MANIFEST))
    if manifest.get("format") != _FORMAT or not set(manifest["files"]) <= set(_FILES):
        raise Invalid("This is a backup of another kind.", field="file")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    drafts = {name: home / f"{name}.draft" for name in manifest["files"]}
    try:
        for name, draft in drafts.items():
            member = archive.extractfile(name)
            assert member is not None, name
            draft.touch(mode=0o600)
            with draft.open("wb") as file:
                while block := member.read(_COPY_BYTES):
                    file.write(block)
            _prove(draft, name, manifest["files"][name])
    except BaseException:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        raise
    for name, draft in drafts.items():
        put_in_place(draft, home / name)
    return dict(manifest)


def _prove(draft: Path, name: str, wanted: str) -> None:
    if _checksum(draft) != wanted:
        raise Invalid(f"{name} in this backup is not what was backed up.", field="file")


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None, name
    return member.read(_COPY_BYTES)


def _copy(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as here, sqlite3.connect(target) as there:
        here.backup(there, pages=_PAGES_PER_STEP, progress=lambda _, left, total: progress(total - left, total))
    here.close()
    there.close()


def _checksum(path: Path) -> str:
    sums = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(_COPY_BYTES):
            sums.update(block)
    return sums.hexdigest()
