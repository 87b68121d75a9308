"""The machine: do, ask and replay over one log with one writer. It knows no domain."""

from caravan.cell.audit import Audit, Finding, audit
from caravan.cell.cell import Batch, Broken, Cell, Decision, Full
from caravan.cell.facts import Ragged, Section, numbers, owned, ragged, registry, rows, schema, section, transpose
from caravan.cell.frame import Corrupt, Frame, decode
from caravan.cell.idempotency import Answer, Answers, IdempotencyConflict, Key, RequestInFlight
from caravan.cell.index import Index, Marks
from caravan.cell.log import Log, StaleWriter
from caravan.cell.model import Model, digest, pack, unpack
from caravan.cell.projection import Following, Projector, View, ViewStore, Write
from caravan.cell.replay import facts, fold, prove, read_layouts, replay
from caravan.cell.room import RoomKeeper
from caravan.cell.snapshot import Snapshots, parts_of
from caravan.cell.table import Table

__all__ = [
    "Answer",
    "Answers",
    "Audit",
    "Batch",
    "Broken",
    "Cell",
    "Corrupt",
    "Decision",
    "Finding",
    "Following",
    "Frame",
    "Full",
    "IdempotencyConflict",
    "Index",
    "Key",
    "Log",
    "Marks",
    "Model",
    "Projector",
    "Ragged",
    "RequestInFlight",
    "RoomKeeper",
    "Section",
    "Snapshots",
    "StaleWriter",
    "Table",
    "View",
    "ViewStore",
    "Write",
    "audit",
    "decode",
    "digest",
    "facts",
    "fold",
    "numbers",
    "owned",
    "pack",
    "parts_of",
    "prove",
    "ragged",
    "read_layouts",
    "registry",
    "replay",
    "rows",
    "schema",
    "section",
    "transpose",
    "unpack",
]
