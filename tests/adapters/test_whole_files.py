"""Tests files that are there whole or not at all: what is synced, in which order, and what a stop in between leaves."""

import os
from pathlib import Path

import pytest

from caravan.adapters.whole_files import draft_of, put_in_place, write_whole


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, list[str]]]:
    """Give what is synced, each with the names that stand in its folder at that moment."""
    found: list[tuple[Path, list[str]]] = []
    fsync = os.fsync

    def watched(opened: int) -> None:
        path = Path(f"/proc/self/fd/{opened}").readlink()
        folder = path if path.is_dir() else path.parent
        found.append((path, sorted(one.name for one in folder.iterdir())))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", watched)
    return found


def test_the_file_is_on_the_disk_before_it_has_its_name_and_then_the_name_is(
    tmp_path: Path, synced: list[tuple[Path, list[str]]]
) -> None:
    write_whole(tmp_path / "told.json", b"{}")

    assert synced == [(tmp_path / ".told.json.draft", [".told.json.draft"]), (tmp_path, ["told.json"])]
    assert (tmp_path / "told.json").read_bytes() == b"{}"


def test_a_stop_before_the_name_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "told.json", b"before")

    def cut(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "told.json", b"after")

    assert (tmp_path / "told.json").read_bytes() == b"before"


def test_a_draft_that_a_stop_left_behind_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    draft_of(path).write_bytes(b"left behind, and longer")

    write_whole(path, b"told")

    assert [one.name for one in tmp_path.iterdir()] == ["told.json"]
    assert path.read_bytes() == b"told"


def test_any_draft_is_put_in_place_of_the_file_before(tmp_path: Path, synced: list[tuple[Path, list[str]]]) -> None:
    draft, path = tmp_path / "new.draft", tmp_path / "table"
    path.write_bytes(b"before")
    draft.write_bytes(b"after")

    put_in_place(draft, path)

    assert [one for one, _ in synced] == [draft, tmp_path]
    assert path.read_bytes() == b"after"
