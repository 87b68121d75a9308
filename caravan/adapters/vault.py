"""The vault in a SQLite file: one AES-256-GCM key for each person, so that forgetting is destroying a key."""

import hmac
import os
import secrets
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from caravan.kernel.errors import Outage

_NAME_BYTES = 16
_NONCE_BYTES = 12
_KEY_BYTES = 32
_MARK_BYTES = 16
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (name BLOB PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cell (mark_key BLOB NOT NULL);
"""


class SqliteVault:
    """Keys in one file that only its owner may read. A sealed text is key name, nonce, ciphertext."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = Lock()
        self._keys = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._keys.execute(f"PRAGMA {setting}")
        self._keys.executescript(_SCHEMA)
        row = self._keys.execute("SELECT mark_key FROM cell").fetchone()
        if row is None:
            row = (secrets.token_bytes(_KEY_BYTES),)
            self._keys.execute("INSERT INTO cell VALUES (?)", row)
        self._mark_key = bytes(row[0])

    def seal(self, plain: Sequence[bytes]) -> list[bytes]:
        """Seal texts; fresh keys are in the file, synced, before this returns."""
        pairs = [(secrets.token_bytes(_NAME_BYTES), secrets.token_bytes(_KEY_BYTES)) for _ in plain]
        with self._lock:
            self._keys.execute("BEGIN IMMEDIATE")
            self._keys.executemany("INSERT INTO keys VALUES (?, ?)", pairs)
            self._keys.execute("COMMIT")
        return [_seal(name, key, text) for (name, key), text in zip(pairs, plain, strict=True)]

    def seal_each(self, plain: Sequence[bytes], *, like: Sequence[bytes]) -> list[bytes]:
        """Seal texts with keys that are there already."""
        return [self._seal_like(text, sealed) for text, sealed in zip(plain, like, strict=True)]

    def _seal_like(self, text: bytes, sealed: bytes) -> bytes:
        name = sealed[:_NAME_BYTES]
        key = self._key(name)
        if key is None:
            raise Outage("The key of this person was destroyed: nothing more can be sealed with it.")
        return _seal(name, key, text)

    def unseal(self, sealed: bytes) -> bytes | None:
        """Open a sealed text."""
        name, nonce = sealed[:_NAME_BYTES], sealed[_NAME_BYTES : _NAME_BYTES + _NONCE_BYTES]
        key = self._key(name)
        if key is None:
            return None
        try:
            return AESGCM(key).decrypt(nonce, sealed[_NAME_BYTES + _NONCE_BYTES :], name)
        except InvalidTag as error:
            raise Outage("A sealed text is not what was sealed.") from error

    def destroy(self, sealed: bytes) -> None:
        """Destroy a key; the file's free space is overwritten, the write-ahead log is emptied."""
        with self._lock:
            self._keys.execute("DELETE FROM keys WHERE name = ?", (sealed[:_NAME_BYTES],))
            self._keys.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def mark(self, text: str) -> bytes:
        """Give the keyed hash of a text."""
        return hmac.digest(self._mark_key, text.encode(), sha256)[:_MARK_BYTES]

    def close(self) -> None:
        """Close the file."""
        self._keys.close()

    def _key(self, name: bytes) -> bytes | None:
        with self._lock:
            row = self._keys.execute("SELECT key FROM keys WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None


def _seal(name: bytes, key: bytes, text: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return name + nonce + AESGCM(key).encrypt(nonce, text, name)
