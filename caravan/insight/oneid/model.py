"""The state of One ID: identifiers, the ties between them in two layers, proposals, records, consents."""

from collections.abc import Iterable

import msgspec
import numpy as np

from caravan.cell import Index, Section, Table, numbers, pack, rows, unpack
from caravan.events import oneid as events
from caravan.insight.oneid import forest
from caravan.insight.oneid.identifiers import LIMITS
from caravan.kernel.event import Event

_GONE = -1  # In the index, of an identifier that was forgotten.
_TYPE_SHIFT = 0x1F3D5B79_9E3779B9  # Keeps marks of two types apart; any odd number does.


class Proposal(msgspec.Struct, array_like=True):
    """Two records that may be one person. `state` is 0 while it waits, 1 when accepted, 2 when rejected."""

    left: int
    right: int
    odds_milli: int
    evidence: str
    at: int
    state: int = 0


class Record(msgspec.Struct, array_like=True):
    """What another system knows of a person; `sealed` is JSON, empty once they are forgotten."""

    identifier: int
    source: str
    sealed: bytes


class Statement(msgspec.Struct, array_like=True):
    """What somebody allowed or forbade, and when."""

    is_granted: bool
    at: int
    source: str


class _Rest(msgspec.Struct, array_like=True):
    """What is no array, as it is written down."""

    sources: list[str]
    evidence: list[tuple[int, str]]
    proposals: list[Proposal]
    records: list[tuple[int, Record]]
    consents: list[tuple[int, list[tuple[str, Statement]]]]


_Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class OneId:
    """Identifiers by number, from 1, in the order in which they were seen. An identity is named by its oldest one."""

    name = "oneid"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.IdentifierSeen, events.TieWeighed, events.TieUndone, events.TieProposed, events.ProposalDecided,
            events.RecordKept, events.ConsentStated, events.IdentifierBlocked, events.ProtectionSet,
            events.IdentityForgotten,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.identifiers = Table(
            type=np.int64, mark_high=np.int64, mark_low=np.int64, state=np.int64, first_tie=np.int64
        )
        self.ties = Table(
            left=np.int64, right=np.int64, layer=np.int64, state=np.int64, at=np.int64, source=np.int64,
            odds_milli=np.int64, next_left=np.int64, next_right=np.int64,
        )  # fmt: skip
        self.limits = np.array(LIMITS, np.int64)
        self.sources: list[str] = [""]
        self.evidence: dict[int, str] = {}
        self.proposals: list[Proposal] = [Proposal(0, 0, 0, "", 0, 2)]
        self.asked: dict[tuple[int, int], int] = {}
        self.records: dict[int, Record] = {}
        self.consents: dict[int, dict[str, Statement]] = {}
        self.index = Index()
        self._source_numbers: dict[str, int] = {"": 0}
        self._trees = np.zeros((4, 1), np.int64)
        self._room = np.zeros(1, np.int64)

    # Arrays for the kernels; trees have room for as many identifiers as there are.

    @property
    def sure(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the forest of certain ties: each identifier's oldest, and the ring of an identity's members."""
        return self._trees[0], self._trees[1]

    @property
    def whole(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the forest of all ties."""
        return self._trees[2], self._trees[3]

    def tie_columns(self) -> _Columns:
        """Give left, right, layer, state, next_left, next_right with their spare room, and first_tie."""
        whole = self.ties.whole
        return (
            whole("left"), whole("right"), whole("layer"), whole("state"), whole("next_left"), whole("next_right"),
            self.identifiers.whole("first_tie"),
        )  # fmt: skip

    def live_types(self) -> np.ndarray:
        """Give the type of each identifier; -1 for one that ties nothing any more."""
        return np.where(self.identifiers.state == forest.KNOWN, self.identifiers.type, -1)

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        if part.kind is events.IdentifierSeen:
            self._see(part)
        elif part.kind is events.TieWeighed:
            self._tie(part)
        else:
            for event in rows(part):
                self._apply(event)

    def _see(self, part: Section) -> None:
        kind, high, low, number = (
            numbers(part.batch, name).astype(np.int64) for name in ("kind", "mark_high", "mark_low", "identifier")
        )
        assert number[0] == len(self.identifiers), "Identifiers are numbered in the order of the log."
        self.identifiers.append(len(kind), type=kind, mark_high=high, mark_low=low)
        self.index.insert(high ^ kind * _TYPE_SHIFT, low, number)
        self._grow()

    def _grow(self) -> None:
        count, room = len(self.identifiers), self._trees.shape[1]
        if count <= room:
            return
        grown = np.empty((4, max(count, room * 2)), np.int64)
        grown[:] = np.arange(grown.shape[1])
        grown[:, :room] = self._trees
        self._trees = grown
        self._room = np.empty(grown.shape[1], np.int64)

    def _tie(self, part: Section) -> None:
        tie = numbers(part.batch, "tie")
        assert tie[0] == len(self.ties), "Ties are numbered in the order of the log."
        left, right, layer, state, at, odds = (
            numbers(part.batch, name).astype(np.int64)
            for name in ("left", "right", "layer", "outcome", "at", "odds_milli")
        )
        self.ties.append(len(tie), left=left, right=right, layer=layer, state=state, at=at, odds_milli=odds)
        self.remember(tie, part.batch.column("source").to_pylist(), part.batch.column("evidence").to_pylist())
        forest.fold_ties(np.array(tie), *self.tie_columns(), *self.sure, *self.whole)

    def remember(self, ties: np.ndarray, sources: Iterable[str], evidence: Iterable[str]) -> None:
        """Keep where ties come from and what speaks for them."""
        for tie, source, why in zip(ties.tolist(), sources, evidence, strict=True):
            if source not in self._source_numbers:
                self._source_numbers[source] = len(self.sources)
                self.sources.append(source)
            self.ties.source[tie] = self._source_numbers[source]
            if why:
                self.evidence[tie] = why

    def find(self, kinds: np.ndarray, highs: np.ndarray, lows: np.ndarray) -> np.ndarray:
        """Give the numbers of identifiers by type and mark; 0 where one is unknown, or was forgotten."""
        found: np.ndarray = np.maximum(self.index.find(highs ^ kinds * _TYPE_SHIFT, lows), 0)
        return found

    def _apply(self, event: Event) -> None:
        match event:
            case events.TieUndone():
                self._undo(event.tie)
            case events.TieProposed():
                self.asked[event.left, event.right] = event.proposal
                self.proposals.append(Proposal(event.left, event.right, event.odds_milli, event.evidence, event.at))
            case events.ProposalDecided():
                self.proposals[event.proposal].state = 1 if event.is_accepted else 2
            case events.RecordKept():
                self.records[event.identifier] = Record(event.identifier, event.source, event.sealed)
            case events.ConsentStated():
                said = self.consents.setdefault(event.identifier, {})
                said[event.purpose] = Statement(event.is_granted, event.at, event.source)
            case events.IdentifierBlocked():
                self._let_go(event.identifier, forest.BLOCKED)
            case events.ProtectionSet():
                self.limits = np.array(event.limits, np.int64)
            case events.IdentityForgotten():
                for identifier in event.identifiers:
                    self._forget(identifier)

    def _undo(self, tie: int) -> None:
        self.ties.state[tie] = forest.UNDONE
        self._renew(int(self.ties.left[tie]))

    def _renew(self, identifier: int) -> None:
        room = self._room
        columns = self.tie_columns()
        forest.take_apart(identifier, forest.CERTAIN, *columns, *self.sure, room)
        forest.take_apart(identifier, forest.PROBABLE, *columns, *self.whole, room)

    def _let_go(self, identifier: int, state: int) -> None:
        """Undo every tie of an identifier; whoever it alone held together are strangers again."""
        self.identifiers.state[identifier] = state
        tie = int(self.identifiers.first_tie[identifier])
        while tie:
            if self.ties.state[tie] == forest.TIED:
                self._undo(tie)
            is_left = self.ties.left[tie] == identifier
            tie = int(self.ties.next_left[tie] if is_left else self.ties.next_right[tie])

    def _forget(self, identifier: int) -> None:
        self._let_go(identifier, forest.FORGOTTEN)
        table = self.identifiers
        one = slice(identifier, identifier + 1)
        kind, high, low = table.type[one], table.mark_high[one], table.mark_low[one]
        if self.find(kind, high, low)[0] == identifier:
            self.index.insert(high ^ kind * _TYPE_SHIFT, low, np.array([_GONE]))
        table.mark_high[identifier], table.mark_low[identifier] = 0, 0
        self.consents.pop(identifier, None)
        if identifier in self.records:
            self.records[identifier].sealed = b""
        for proposal in self.proposals:
            if identifier in {proposal.left, proposal.right} and not proposal.state:
                proposal.state = 2

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything but the trees, which follow from the ties."""
        return {
            **dict(self.identifiers.dump("identifiers")),
            **dict(self.ties.dump("ties")),
            "limits": self.limits,
            "rest": pack(
                _Rest(
                    self.sources,
                    sorted(self.evidence.items()),
                    self.proposals,
                    sorted(self.records.items()),
                    sorted((number, sorted(said.items())) for number, said in self.consents.items()),
                )
            ),
        }

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back, and grow the trees again."""
        self.identifiers.load("identifiers", parts)
        self.ties.load("ties", parts)
        self.limits = parts["limits"].copy()
        kept = unpack(parts, "rest", _Rest)
        self.sources, self.proposals = kept.sources, kept.proposals
        self.evidence, self.records = dict(kept.evidence), dict(kept.records)
        self.consents = {number: dict(said) for number, said in kept.consents}
        self.asked = {(one.left, one.right): number for number, one in enumerate(self.proposals) if number}
        self._source_numbers = {source: number for number, source in enumerate(self.sources)}
        self._trees = np.zeros((4, 1), np.int64)
        self._grow()
        self.index = Index()
        table = self.identifiers
        known = np.flatnonzero(table.state != forest.FORGOTTEN)[1:]
        self.index.insert(table.mark_high[known] ^ table.type[known] * _TYPE_SHIFT, table.mark_low[known], known)
        self.identifiers.first_tie[:] = 0
        forest.fold_ties(np.arange(1, len(self.ties)), *self.tie_columns(), *self.sure, *self.whole)
