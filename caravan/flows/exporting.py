"""Exporting: what leaves on a schedule is set in the core; runs are made beside it, and each is noted as a fact."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa

from caravan.cell import Cell, Decision
from caravan.flows import tables
from caravan.flows.house import House, as_facts
from caravan.flows.numbers import Numbers
from caravan.flows.profiles import Desk
from caravan.insight import exports, metrics, profiles
from caravan.insight.exports import Export, Message, Outcome, Sender, Shelf, Wanted
from caravan.insight.metrics import OPERATOR, TooCostly, Viewer
from caravan.kernel import ids
from caravan.kernel.clock import DAY, Instant, iso
from caravan.kernel.errors import CaravanError, Invalid, NotFound, Outage, Refusal, code
from caravan.kernel.ids import ExportId, SellerId

_logger = logging.getLogger("caravan.flows")

ROWS_MAX = 10_000_000  # of an export that asks for as many as an answer may have, or more: for all
MEMBERS_KEPT_DAYS = 30  # A file of people is kept no longer: it does not follow who is forgotten.
_MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet", "json": "application/json"}
_SLOT = "{slot}"
_TOGETHER_MAX = 20
_NEVER = 2**63 - 1


class AnswerCut(Refusal):
    """The answer has more rows than an export may: half an answer is none. Cut it by less, or for fewer days."""


class Stopped(Exception):
    """Caravan is stopping: the run is made again at the next start."""


class Setting(NamedTuple):
    """An export to set, and whose: seller 0 is the operator."""

    wanted: Wanted
    seller: SellerId


class Named(NamedTuple):
    """An export, or a webhook, by its number; and who names it."""

    number: int
    seller: SellerId


class Turning(NamedTuple):
    """A secret to turn, of whatever has this public id; and who asks."""

    subject: str
    seller: SellerId


# What changes exports.


def set_export(house: House, setting: Setting, *, now: Instant) -> Decision:
    """Let something leave on a schedule; give its number."""
    fact = exports.set_export(house.exports, setting.wanted, seller=setting.seller, now=now)
    if setting.wanted.segment:
        profiles.segment_of(house.profiles, setting.wanted.segment)
    return Decision(as_facts(fact), lambda: fact.export)


def drop_export(house: House, named: Named, *, now: Instant) -> Decision:
    """Let an export be no more; its files are taken away."""
    fact = exports.drop_export(house.exports, named.number, seller=named.seller, now=now)
    return Decision(as_facts(fact), lambda: named.number)


def ask_export(house: House, named: Named, *, now: Instant) -> Decision:
    """Ask for a run now; give the export's number."""
    fact = exports.ask_export(house.exports, named.number, seller=named.seller, now=now)
    return Decision(as_facts(fact), lambda: named.number)


def note_run(house: House, outcome: Outcome, *, now: Instant) -> Decision:
    """Note how a run went; give the export's number."""
    return Decision(as_facts(exports.note_run(house.exports, outcome, now=now)), lambda: outcome.export)


def turn_secret(house: House, turning: Turning, *, now: Instant) -> Decision:
    """Sign with a new secret from now on, for a day with the old one, too; give whose."""
    fact = exports.turn_secret(house.exports, turning.subject, seller=turning.seller, now=now)
    return Decision(as_facts(fact), lambda: turning.subject)


# How runs are made.


class Signing:
    """The secrets that messages are signed with. They are drawn from the cell's own key, and are written down nowhere."""

    def __init__(self, mark: Callable[[str], bytes]) -> None:
        self._mark = mark

    def secret(self, subject: str, turn: int) -> bytes:
        """Give a secret, 32 bytes."""
        return b"".join(self._mark(f"signing\n{subject}\n{turn}\n{half}") for half in (1, 2))

    def secrets(self, house: House, subject: str, now: Instant) -> list[bytes]:
        """Give the secrets that sign now, the newest first."""
        return [self.secret(subject, turn) for turn in exports.secret_turns(house.exports, subject, now=now)]


@dataclass
class Progress:
    """How far a run has come; whoever makes it counts on."""

    began_at: Instant
    rows: int = 0
    bytes: int = 0


class Exporter:
    """Makes the runs that are due. Whoever calls makes one at a time: two who call make two at once, never both of one export.

    A run is written as its rows are read, and has its name when it is whole; one that a stop cuts short is made again.
    """

    def __init__(  # Whatever a run is made of, and brought by.
        self, cell: Cell[House], *, numbers: Numbers, desk: Desk, shelf: Shelf, sender: Sender, signing: Signing
    ) -> None:
        self._cell, self._numbers, self._desk = cell, numbers, desk
        self.shelf, self.sender, self.signing = shelf, sender, signing
        self._lock, self._stops = threading.Lock(), threading.Event()
        self._under_way: dict[int, Progress] = {}
        self._folders: frozenset[str] | None = None
        self._version, self._next_at = -1, 0

    def stop(self) -> None:
        """Make no more runs, and end those under way with the next rows; they are made again at the next start."""
        self._stops.set()

    def under_way(self, export: int) -> Progress | None:
        """Say how far the run of an export has come that is being made now, if one is."""
        return self._under_way.get(export)

    def check(self, setting: Setting) -> None:
        """Refuse what could never be run: an address that is not to be reached, a question that can't be asked."""
        if setting.wanted.url:
            self.sender.check(setting.wanted.url.replace(_SLOT, ""))
        if setting.wanted.question:
            found = self._numbers.definitions
            question = tables.question_of(found, _asked(setting.wanted.question))
            if setting.wanted.last_days and (question.first or question.end):
                raise Invalid(
                    "A question has a range of its own, or one of the last days; not both.", field="last_days"
                )
            metrics.plan(found, question, _viewer(setting.seller))

    def see_to_due(self) -> int:
        """Make runs that are due, until none is that nobody else makes; give how many."""
        for made in range(_TOGETHER_MAX):
            claimed = self._claim()
            if claimed is None:
                return made
            export, slot = claimed
            try:
                self.run(export, slot)
            except Stopped:
                return made
            finally:
                with self._lock:
                    del self._under_way[export.export]
        return _TOGETHER_MAX

    def _claim(self) -> tuple[Export, int] | None:
        """Take a run upon oneself that is due and that nobody makes."""
        with self._lock:
            if self._stops.is_set():
                return None
            now = self._cell.clock.now()
            version, kept = self._cell.ask(_kept)  # Who shops waits for no more than a list.
            if version == self._version and now < self._next_at:
                return None
            free = [one for one in kept if one.export not in self._under_way]
            self._tidy(kept)
            due = exports.due_exports(free, now=now)
            if due:
                self._under_way[due[0][0].export] = Progress(now)
                return due[0]
            self._version = version  # What is under way ends with a fact, which makes it another version.
            self._next_at = min((exports.next_slot(one, now=now) for one in free if one.name), default=_NEVER)
            return None

    def _tidy(self, kept: Sequence[Export]) -> None:
        """Take the files away of exports that are no more."""
        numbers = {one.export for one in kept if one.name and not one.url} | self._under_way.keys()
        names = frozenset(ids.text(ExportId, number) for number in numbers)
        if names != self._folders:
            self.shelf.keep_only(names)
            self._folders = names

    def run(self, export: Export, slot: int) -> Outcome:
        """Make one run and note how it went. Raises Stopped where it was cut short, which is not noted."""
        try:
            outcome = self._made(export, slot)
        except Stopped:
            raise
        except (Outage, TooCostly) as error:
            outcome = Outcome(export.export, slot, error=f"{code(error)}: {error}")
        except CaravanError as error:
            outcome = Outcome(export.export, slot, error=f"{code(error)}: {error}", is_final=True)
        except Exception:
            # Made again it would break again, and keep every later run waiting.
            _logger.exception("An export broke.")
            outcome = Outcome(export.export, slot, error="broken: the operator's log says what broke.", is_final=True)
        try:
            self._cell.do(note_run, outcome)
        except NotFound:
            self._folders = None  # It was dropped meanwhile: its file goes, too.
        return outcome

    def _made(self, export: Export, slot: int) -> Outcome:
        name, folder = f"{export.name}-{_stamp(slot)}.{export.format}", ids.text(ExportId, export.export)
        progress = self._under_way.get(export.export) or Progress(self._cell.clock.now())
        with contextlib.ExitStack() as opened:
            found = self._pieces(export, slot, opened)
            rows = self._counted(found.tables, progress)
            draft = self.shelf.draft(
                folder, _measured(tables.file_in_pieces(found.schema, rows, export.format), progress)
            )
        try:
            if export.url:
                self._bring(export, slot, draft.path)
            else:
                oldest = f"{export.name}-{_stamp(slot - MEMBERS_KEPT_DAYS * DAY)}" if export.segment else ""
                self.shelf.keep(draft, name, kept=export.kept, oldest=oldest)
        finally:
            self.shelf.discard(draft)
        return Outcome(export.export, slot, found.position, progress.rows, draft.size, draft.digest, name)

    def _counted(self, pieces: Iterable[pa.Table], progress: Progress) -> Iterator[pa.Table]:
        for piece in pieces:
            if self._stops.is_set():
                raise Stopped
            progress.rows += piece.num_rows
            yield piece

    def _pieces(self, export: Export, slot: int, opened: contextlib.ExitStack) -> tables.Pieces:
        """Read what an export is of, piece by piece, for as long as what was opened is open."""
        if export.segment:
            known = self._cell.ask(lambda house: profiles.segment_of(house.profiles, export.segment))
            return tables.members_in_pieces(self._desk, known)
        found = self._numbers.definitions
        question = tables.question_of(found, _asked(export.question))
        if export.last_days:
            end = exports.day_of(slot, found.time_zone)
            question = msgspec.structs.replace(question, first=end - timedelta(days=export.last_days), end=end)
        is_all = question.rows_max >= metrics.ROWS_PER_ANSWER_MAX
        rows_max = ROWS_MAX if is_all else question.rows_max
        read = opened.enter_context(self._numbers.reading(question, _viewer(export.seller), rows_max=rows_max))
        pieces = tables.pieces_of(read)
        return pieces._replace(tables=_up_to(pieces.tables, rows_max, is_all=is_all))

    def _bring(self, export: Export, slot: int, body: Path) -> None:
        subject, now = ids.text(ExportId, export.export), self._cell.clock.now()
        secrets: Sequence[bytes] = self._cell.ask(self.signing.secrets, subject, now)
        url = export.url.replace(_SLOT, _stamp(slot))
        message = Message(url, export.method, f"{subject}.{_stamp(slot)}", _MEDIA[export.format], body, secrets)
        (brought,) = self.sender.bring([message], now=now)
        if brought.error:
            raise Outage(brought.error)


def _measured(pieces: Iterable[bytes], progress: Progress) -> Iterator[bytes]:
    for piece in pieces:
        progress.bytes += len(piece)
        yield piece


def _up_to(pieces: Iterable[pa.Table], rows_max: int, *, is_all: bool) -> Iterator[pa.Table]:
    """Give as many rows as were asked for. Refuses more where all were."""
    left = rows_max
    for piece in pieces:
        if piece.num_rows > left and is_all:
            raise AnswerCut
        yield piece.slice(0, left)
        left -= min(left, piece.num_rows)


def _kept(house: House) -> tuple[int, list[Export]]:
    return house.exports.version, list(house.exports.exports)


def _asked(question: str) -> tables.KeptQuestion:
    return msgspec.json.decode(question, type=tables.KeptQuestion)


def _viewer(seller: int) -> Viewer:
    return Viewer("seller", SellerId(seller)) if seller else OPERATOR


def _stamp(at: int) -> str:
    """Write a time so that it can be in a file's name, and sorts: 20261128T060000Z."""
    return iso(at // 1_000_000 * 1_000_000).replace("-", "").replace(":", "")
