"""The operator's page of identities: records that may be one person, side by side, for somebody to decide."""

from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from caravan.flows import identities, lookalikes
from caravan.flows.house import House
from caravan.insight import oneid
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ProposalId
from caravan.web.api.identities import evidence_of
from caravan.web.pages.visit import Visit, path_id
from caravan.web.reach import ask, do

_SHOWN_MAX = 20


class Row(NamedTuple):
    """One field of two records, how alike it is, and what that counts."""

    field: str
    left: str
    right: str
    level: str
    bits: float


class Pair(NamedTuple):
    """Two records to look at."""

    proposal: int
    sources: tuple[str, str]
    odds: float
    rows: list[Row]


class Counts(NamedTuple):
    """One ID in a few figures."""

    identifiers: int
    ties: int
    withheld: int
    records: int
    waiting: int


async def queue(visit: Visit) -> Response:
    """Show what waits for somebody to decide, the records unsealed side by side."""
    counts, found = await ask(visit.caravan, _waiting)
    pairs = await run_in_threadpool(_opened, visit, found)
    return await visit.show("operator_identities.html", counts=counts, pairs=pairs)


def _waiting(house: House) -> tuple[Counts, list[tuple[int, oneid.Proposal, list[tuple[str, bytes]]]]]:
    book = house.oneid
    states = book.ties.state
    counts = Counts(
        len(book.identifiers) - 1, int((states == oneid.TIED).sum()), int((states == oneid.WITHHELD).sum()), len(book.records),
        sum(not one.state for one in book.proposals[1:]),
    )  # fmt: skip
    found = []
    for number, proposal in oneid.waiting(book, after=0, limit=_SHOWN_MAX):
        records = [book.records[one] for one in (proposal.left, proposal.right)]
        found.append((number, proposal, [(one.source, one.sealed) for one in records]))
    return counts, found


def _opened(visit: Visit, found: list[tuple[int, oneid.Proposal, list[tuple[str, bytes]]]]) -> list[Pair]:
    pairs = []
    for number, proposal, records in found:
        left, right = (lookalikes.record_of(visit.caravan.vault, sealed) for _, sealed in records)
        rows = [
            Row(one.field.replace("_", " "), left.get(one.field, ""), right.get(one.field, ""), one.level, one.bits)
            for one in evidence_of(proposal.evidence)
        ]
        pairs.append(Pair(number, (records[0][0], records[1][0]), proposal.odds_milli / 1_000, rows))
    return pairs


async def decide(visit: Visit) -> Response:
    """Tie two records, or let them be two people."""
    verdict = visit.form.fields.get("verdict", "")
    if verdict not in {"accept", "reject"}:
        raise Invalid("A proposal is accepted or rejected.", field="verdict")
    number = path_id(visit, ProposalId)
    await do(visit.caravan, identities.decide_proposal, identities.Verdict(number, verdict == "accept"))
    return visit.go("/operator/identities", "tied" if verdict == "accept" else "parted")


async def look(visit: Visit) -> Response:
    """Look through all records for people who are there twice."""
    caravan = visit.caravan
    await run_in_threadpool(lookalikes.look_through, caravan.cell, caravan.vault, lambda *_: None)
    return visit.go("/operator/identities", "looked")
