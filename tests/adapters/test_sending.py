"""Tests the sender against real servers: what is signed, what is not followed, and that nothing is brought inside."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from caravan.adapters.export_files import FolderOutbox, FolderShelf
from caravan.adapters.sending import HttpsSender
from caravan.insight.exports import Message, Sent, ShelfFull
from caravan.kernel.clock import SECOND, Instant
from caravan.kernel.errors import Invalid, NotFound
from tests.adapters.receiver import Receiver, receiving

NOW = Instant(1_790_000_000 * SECOND)
SECRET = b"k" * 32
WRITTEN = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="


def message(url: str, *secrets: bytes, method: str = "POST") -> Message:
    return Message(url, method, "exp_1.2", "text/csv", b"a,b\n1,2\n", secrets or (SECRET,))


@pytest.fixture
def inside() -> Iterator[HttpsSender]:
    sender = HttpsSender(allowed=["localhost"])
    yield sender
    sender.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_a_message_arrives_signed_as_a_subscriber_checks_it(inside: HttpsSender, receiver: Receiver) -> None:
    (brought,) = inside.bring([message(receiver.url("/in?a=1"), b"n" * 32, SECRET, method="PUT")], now=NOW)

    (got,) = receiver.got
    assert brought.error == ""
    assert (got.method, got.path, got.body) == ("PUT", "/in?a=1", b"a,b\n1,2\n")
    assert got.headers["webhook-timestamp"] == "1790000000"
    assert got.headers["host"] == f"localhost:{receiver.port}"
    assert got.is_signed_by(WRITTEN)
    assert not got._replace(body=b"a,b\n1,3\n").is_signed_by(WRITTEN)


@pytest.mark.parametrize(("status", "is_gone"), [(500, False), (302, False), (404, False), (410, True)])
def test_whatever_is_no_success_is_told_and_no_redirect_followed(
    inside: HttpsSender, receiver: Receiver, status: int, *, is_gone: bool
) -> None:
    receiver.statuses = [status]

    (brought,) = inside.bring([message(receiver.url())], now=NOW)

    assert (brought.error, brought.is_gone) == (f"It answered {status}.", is_gone)
    assert len(receiver.got) == 1


def test_who_is_not_there_is_told(inside: HttpsSender) -> None:
    (brought,) = inside.bring([message("http://localhost:9/")], now=NOW)

    assert brought.error == "It could not be reached: ConnectError."


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https://", "https://me:pw@example.org/", "https://example.org/#a",
        "https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/latest/", "https://[::1]/", "https://0.0.0.0/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://[fe80::1%25eth0]/",
        "https://224.0.0.1/", "https://100.64.0.1/", "https://localhost/", "https://intranet/", "https://2130706433/",
        "https://127.1/", "https://0x7f.1/", "https://example.org:22/", "https://example.org:99999/", "https://exämple.org/",
        "https://example.org/ x", "nonsense",
    ],
)  # fmt: skip
def test_an_address_inside_or_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        HttpsSender().check(url)


@pytest.mark.parametrize("url", ["https://example.org/in", "https://example.org:8443/", "https://93.184.216.34/"])
def test_an_address_outside_is_taken(url: str) -> None:
    HttpsSender().check(url)


@pytest.mark.parametrize("found", [["10.0.0.7"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], []])
def test_a_name_that_leads_inside_leads_nowhere(found: list[str], receiver: Receiver) -> None:
    sender = HttpsSender(resolve=lambda *_, **__: [(0, 0, 0, "", (one, 443)) for one in found])

    (brought,) = sender.bring([message(f"https://rebound.example:{443}/")], now=NOW)

    assert brought.error
    assert receiver.got == []


def test_the_certificate_is_held_against_the_name_though_its_address_is_connected_to(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    write_certificate(key, certificate, "localhost")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    here = [(0, 0, 0, "", ("127.0.0.1", 0))]

    with receiving(server) as receiver:
        trusted = HttpsSender(allowed=["localhost", "other.example"], verify=trusting, resolve=lambda *_, **__: here)
        right, wrong = trusted.bring(
            [
                message(receiver.url(scheme="https")),
                message(receiver.url(scheme="https").replace("localhost", "other.example")),
            ],
            now=NOW,
        )
        (stranger,) = HttpsSender(allowed=["localhost"]).bring([message(receiver.url(scheme="https"))], now=NOW)

    assert right.error == ""
    assert (wrong.error, stranger.error) == ("It could not be reached: ConnectError.",) * 2
    assert len(receiver.got) == 1


def write_certificate(key_file: Path, file: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def put(shelf: FolderShelf, folder: str, name: str, body: bytes, *, kept: int, oldest: str = "") -> None:
    shelf.keep(
        shelf.draft(folder, (body[place : place + 1] for place in range(len(body)))), name, kept=kept, oldest=oldest
    )


def test_what_cannot_be_made_leaves_nothing_and_two_drafts_together_are_bounded(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path, bytes_max=10)

    def breaks() -> Iterator[bytes]:
        yield b"123"
        raise KeyboardInterrupt

    def beside() -> Iterator[bytes]:
        yield b"12345"
        with pytest.raises(ShelfFull):
            shelf.draft("exp_2", [b"123456"])
        yield b"6789"

    with pytest.raises(KeyboardInterrupt):
        shelf.draft("exp_1", breaks())
    draft = shelf.draft("exp_1", beside())

    assert draft.size == 9
    assert list(tmp_path.glob("*/*")) == [draft.path]
    shelf.keep_only(())
    with pytest.raises(NotFound, match="dropped"):
        shelf.keep(draft, "a-1", kept=1)
    shelf.discard(draft)
    put(shelf, "exp_1", "a-1", b"1234567890", kept=1)


def test_a_file_is_brought_and_signed_as_its_bytes_would_be(
    inside: HttpsSender, receiver: Receiver, tmp_path: Path
) -> None:
    body = b"a,b\n" * 600_000
    (tmp_path / "file").write_bytes(body)

    for one in (body, tmp_path / "file"):
        inside.bring([message(receiver.url())._replace(body=one)], now=NOW)

    of_bytes, of_file = receiver.got
    assert of_file.body == body
    assert of_file.is_signed_by(WRITTEN)
    names = ("webhook-signature", "content-digest", "content-length")
    assert [of_file.headers[name] for name in names] == [of_bytes.headers[name] for name in names]


def test_a_shelf_keeps_the_last_files_whole_and_no_more_than_it_may(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path, bytes_max=20)
    for name in ("a-1", "a-2", "a-3"):
        put(shelf, "exp_1", name, b"12345", kept=2)
    (tmp_path / "exp_1" / ".a-4.draft").write_bytes(b"half")

    assert [path.name for path in sorted((tmp_path / "exp_1").iterdir())] == [".a-4.draft", "a-2", "a-3"]
    put(shelf, "exp_1", "a-3", b"54321", kept=2)
    assert shelf.find("exp_1", "a-3").read_bytes() == b"54321"
    assert not (tmp_path / "exp_1" / ".a-4.draft").exists()
    with pytest.raises(ShelfFull):
        put(shelf, "exp_2", "b-1", b"1" * 11, kept=9)
    assert not (tmp_path / "exp_2").exists()
    put(shelf, "exp_1", "a-9", b"1", kept=9, oldest="a-3")
    assert [path.name for path in sorted((tmp_path / "exp_1").iterdir())] == ["a-3", "a-9"]
    for name in ("a-1", "../exp_1/a-3", ""):
        with pytest.raises(NotFound):
            shelf.find("exp_1", name)
    shelf.keep_only({"exp_2"})
    assert not (tmp_path / "exp_1").exists()


def test_an_outbox_remembers_over_a_stop_and_begins_anew_where_it_cannot_be_read(tmp_path: Path) -> None:
    sent = Sent(3, np.array([-4, 7]), np.array([9]), np.array([True]), is_pending=True, is_reset=False)
    FolderOutbox(tmp_path).save("whk_1-5", sent)

    again = FolderOutbox(tmp_path).load("whk_1-5")
    assert again is not None
    assert (again.sequence, again.keys.tolist(), again.pending.tolist()) == (3, [-4, 7], [9])
    assert (again.has_entered.tolist(), again.is_pending, again.is_reset) == ([True], True, False)
    (tmp_path / "whk_1-5").write_bytes(b"torn")
    assert FolderOutbox(tmp_path).load("whk_1-5") is None
    FolderOutbox(tmp_path).keep_only(set())
    assert list(tmp_path.iterdir()) == []
