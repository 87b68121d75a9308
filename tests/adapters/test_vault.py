"""Tests that what is sealed can be read by whoever has the key, and by nobody once the key is destroyed."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from caravan.adapters.vault import SqliteVault
from caravan.insight.identity import Vault
from caravan.kernel.errors import Outage


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """Lend an empty vault."""
    vault = SqliteVault(tmp_path / "vault.db")
    yield vault
    vault.close()


@pytest.mark.parametrize("plain", [b"", b"Ada", b"x" * 100_000])
def test_what_was_sealed_can_be_opened(vault: Vault, plain: bytes) -> None:
    [sealed] = vault.seal([plain])

    assert vault.unseal(sealed) == plain
    assert plain == b"" or plain not in sealed


def test_sealing_nothing_gives_nothing(vault: Vault) -> None:
    assert vault.seal([]) == []
    assert vault.seal_each([], like=[]) == []


def test_one_text_is_sealed_differently_every_time(vault: Vault) -> None:
    first, second = vault.seal([b"Ada", b"Ada"])

    assert first != second
    assert vault.seal_each([b"Ada"], like=[first]) != [first]


def test_a_text_can_be_sealed_with_the_key_of_another(vault: Vault) -> None:
    [contact] = vault.seal([b"Ada"])

    [address] = vault.seal_each([b"1 Analytical Way"], like=[contact])

    assert vault.unseal(address) == b"1 Analytical Way"


def test_destroying_a_key_closes_all_that_it_sealed_and_nothing_else(vault: Vault) -> None:
    ada, bob = vault.seal([b"Ada", b"Bob"])
    [address] = vault.seal_each([b"1 Analytical Way"], like=[ada])

    vault.destroy(ada)

    assert [vault.unseal(sealed) for sealed in (ada, address, bob)] == [None, None, b"Bob"]


def test_a_key_can_be_destroyed_twice(vault: Vault) -> None:
    [sealed] = vault.seal([b"Ada"])

    vault.destroy(sealed)
    vault.destroy(sealed)

    assert vault.unseal(sealed) is None


def test_nothing_more_is_sealed_with_a_key_that_was_destroyed(vault: Vault) -> None:
    [sealed] = vault.seal([b"Ada"])
    vault.destroy(sealed)

    with pytest.raises(Outage):
        vault.seal_each([b"more"], like=[sealed])


def test_a_changed_byte_anywhere_is_noticed(vault: Vault) -> None:
    [sealed] = vault.seal([b"Ada"])

    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert _opened(vault, bytes(changed)) is None


def test_keys_outlive_the_process(tmp_path: Path) -> None:
    before = SqliteVault(tmp_path / "vault.db")
    [sealed] = before.seal([b"Ada"])

    after = SqliteVault(tmp_path / "vault.db")

    assert after.unseal(sealed) == b"Ada"
    assert after.mark("ada@example.org") == before.mark("ada@example.org")
    before.close()
    after.close()


def test_a_mark_tells_texts_apart_and_cells_too(vault: Vault, tmp_path: Path) -> None:
    other = SqliteVault(tmp_path / "other.db")

    marks = {vault.mark("ada@example.org"), vault.mark("bob@example.org"), other.mark("ada@example.org")}

    assert len(marks) == 3
    assert {len(mark) for mark in marks} == {16}
    other.close()


def test_only_the_owner_can_read_the_keys(vault: Vault, tmp_path: Path) -> None:
    vault.seal([b"Ada"])

    modes = [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("vault.db*")]

    assert modes
    assert not any(mode & 0o077 for mode in modes)


def test_a_destroyed_key_is_nowhere_in_the_files(tmp_path: Path) -> None:
    vault = SqliteVault(tmp_path / "vault.db")
    [sealed] = vault.seal([b"Ada"])
    name = sealed[:16]
    assert any(name in file.read_bytes() for file in tmp_path.glob("vault.db*"))

    vault.destroy(sealed)

    assert not any(name in file.read_bytes() for file in tmp_path.glob("vault.db*"))
    vault.close()


def _opened(vault: Vault, sealed: bytes) -> bytes | None:
    try:
        return vault.unseal(sealed)
    except Outage:
        return None
