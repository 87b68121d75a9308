"""Files that are there whole or not at all, over any stop and any cut of the power: drafts that are synced, then put in place."""

import os
from pathlib import Path

DRAFT = ".draft"


def write_whole(path: Path, body: bytes) -> None:
    """Write a file over any one before; when this returns, it stays."""
    draft = draft_of(path)
    draft.write_bytes(body)
    put_in_place(draft, path)


def draft_of(path: Path) -> Path:
    """Give where a file is written until it is whole: beside it, hidden."""
    return path.with_name(f".{path.name}{DRAFT}")


def put_in_place(draft: Path, path: Path) -> None:
    """Give a draft its name, in place of any file that has it; both the file and its name are on the disk afterwards."""
    sync(draft)
    draft.rename(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
