"""Checks that what banks and providers report is held against our books line by line, once, and nothing is mended silently."""

from collections.abc import Iterator

import pytest

from caravan.adapters.bank_statements import read_statement
from caravan.adapters.sandbox.server import report_of
from caravan.adapters.stripe_report import read_report
from caravan.flows import disputes, opening, paying, reconciling, shopping
from caravan.kernel import ids
from caravan.kernel.clock import DAY, Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, ListingId, OpenItemId, PaymentId
from caravan.trade.ledger import Kind
from caravan.trade.payments import Claim, ItemKind, LineKind, Provider, ReportLine, StatementLine
from caravan.world import markets
from tests.flows.market import EUR
from tests.flows.till import Till

CARD = int(Provider.CARD)


@pytest.fixture
def till() -> Iterator[Till]:
    till = Till()
    till.open()
    till.listing(till.seller("Ana"))
    till.buyer(money=0)
    till.do(opening.set_money_terms, markets.MoneyTerms(takes_transfers=True))
    yield till
    assert till.findings() == []
    assert till.replayed() == till.cell.digest()
    till.close()


def report(till: Till) -> list[ReportLine]:
    return read_report(report_of(till.psp))


def reconcile(till: Till, lines: list[ReportLine]) -> reconciling.Reconciled:
    answer = till.do(reconciling.reconcile, reconciling.Report(Provider.CARD, lines))
    assert isinstance(answer, reconciling.Reconciled)
    return answer


def trade(till: Till) -> None:
    """Take two orders' money in, refund some of one, lose a dispute about the other, and have the rest paid out."""
    for order in (1, 2):
        till.pay(1, (ListingId(1), 1))
        till.ship(order)
    till.take_back(1, refund=4_000)
    till.cashier.see_to(1)
    claim = till.psp.dispute(till.house.dealings.deals[2].reference, 2_500)
    till.psp.decide(claim["id"], is_won=False)
    till.bring()
    till.psp.pay_out()


def test_a_report_fits_line_by_line_and_clearing_is_empty_then(till: Till) -> None:
    trade(till)

    found = reconcile(till, report(till))

    assert (found.lines, found.matched, found.items) == (5, 5, ())
    assert found.fees_minor == 2 * 175
    assert till.posted(Kind.PSP_CLEARING, CARD) == 0
    assert till.posted(Kind.PSP_FEES, CARD) == -350
    assert till.posted(Kind.BANK) == -(20_000 - 4_000 - 2_500 - 350)


def test_a_report_that_comes_again_changes_nothing(till: Till) -> None:
    trade(till)
    reconcile(till, report(till))
    entries = till.house.ledger.entries

    again = reconcile(till, report(till))

    assert (again.matched, again.known, till.house.ledger.entries) == (0, 5, entries)


def test_a_line_that_we_know_nothing_of_is_an_open_item_and_books_nothing(till: Till) -> None:
    trade(till)
    first = report(till)[0]
    stranger = first._replace(line="txn_x", payment=0, intent="pi_x", gross_minor=777)
    other = first._replace(line="txn_y", gross_minor=9_999)

    found = reconcile(till, [stranger, other])

    kinds = [(item.kind, item.amount, item.wanted) for item in reconciling.open_items(till.house)]
    assert kinds == [(ItemKind.UNKNOWN_LINE, 777, 0), (ItemKind.OTHER_AMOUNT, 9_999, 10_000)]
    assert (found.matched, till.posted(Kind.PSP_FEES, CARD)) == (0, 0)
    assert reconcile(till, [stranger]).known == 1


def test_what_a_report_lacks_is_an_open_item_until_a_later_one_has_it(till: Till) -> None:
    trade(till)
    lines = report(till)
    late = lines[-1]._replace(at=Instant(lines[-1].at + 2 * DAY))

    found = reconcile(till, [*lines[1:-1], late])

    (item,) = reconciling.open_items(till.house)
    assert (item.kind, item.wanted, found.items) == (ItemKind.NOT_REPORTED, 10_000, (OpenItemId(item.item),))
    reconcile(till, lines[:1])
    assert reconciling.open_items(till.house) == []


def test_a_claim_over_two_orders_fits_its_one_line(till: Till) -> None:
    rui = till.seller("Rui")
    till.pay(1, (ListingId(1), 1), (till.listing(rui, price=4_000), 1))
    till.ship(1)
    till.ship(2)
    claim = till.psp.dispute(till.house.dealings.deals[1].reference)
    till.psp.decide(claim["id"], is_won=False)
    till.bring()

    found = reconcile(till, report(till))

    assert (len(till.house.dealings.disputes), found.matched, found.items) == (2, 3, ())


def test_a_dispute_that_we_do_not_know_is_an_open_item(till: Till) -> None:
    trade(till)
    till.do(disputes.settle_claim, disputes.Claimed(till.house.dealings.deals[1].reference, Claim("dp_2", 10, None)))
    (line,) = [line for line in report(till) if line.gross_minor == -2_500]

    assert reconcile(till, [line._replace(line="txn_z", reference="dp_2")]).items == (1,)
    till.do(disputes.settle_claim, disputes.Claimed("", Claim("dp_2", 10, won=True)))


def test_an_open_item_is_closed_once_with_what_it_was(till: Till) -> None:
    reconcile(till, [ReportLine("txn_x", Instant(1), LineKind.OTHER, 0, "", "", EUR, 5, 0)])
    closing = reconciling.Assigning(OpenItemId(1), "A test of the provider's.")
    with pytest.raises(Invalid):
        till.do(reconciling.close_item, closing._replace(note=" "))
    with pytest.raises(Invalid):
        till.do(reconciling.close_item, closing._replace(buyer=BuyerId(1)))

    till.do(reconciling.close_item, closing)

    assert reconciling.item_of(till.house, 1).note == "A test of the provider's."
    with pytest.raises(NotFound):
        till.do(reconciling.close_item, closing)
    with pytest.raises(NotFound):
        reconciling.item_of(till.house, 2)


# Bank transfers.


def transfer(till: Till) -> PaymentId:
    return till.begin(till.hold(1, (ListingId(1), 1)), 1, provider=Provider.TRANSFER)


def come_in(till: Till, *lines: StatementLine) -> reconciling.Taken:
    answer = till.do(reconciling.take_statement, reconciling.Statement(lines))
    assert isinstance(answer, reconciling.Taken)
    return answer


def line(name: str, amount: int, text: str) -> StatementLine:
    return StatementLine(name, Instant(1), EUR, amount, text)


def test_a_transfer_that_names_a_payment_places_its_purchase(till: Till) -> None:
    payment = transfer(till)

    taken = come_in(till, line("B1", 10_000, f"Order {ids.text(PaymentId, payment)} thanks"))

    assert (taken.matched, till.standing(payment), len(till.house.orders.orders)) == (1, "authorized", 2)
    assert (till.posted(Kind.BANK), till.held(Kind.WALLET, 1)) == (-10_000, 10_000)
    till.deliver(1)
    assert till.posted(Kind.ESCROW, 1) == 10_000


def test_transfers_add_up_and_a_line_counts_once(till: Till) -> None:
    payment = transfer(till)
    name = ids.text(PaymentId, payment).lower()
    first = line("B1", 6_000, name)

    come_in(till, first)
    assert (till.standing(payment), come_in(till, first).known) == ("created", 1)
    come_in(till, line("B2", 4_500, name))

    assert (till.standing(payment), till.posted(Kind.WALLET, 1) - till.held(Kind.WALLET, 1)) == ("authorized", 500)


@pytest.mark.parametrize(("others", "standing"), [(0, "authorized"), (10, "declined")])
def test_a_transfer_that_comes_too_late_is_placed_if_the_stock_is_there_and_else_in_the_wallet(
    till: Till, others: int, standing: str
) -> None:
    payment = transfer(till)
    till.days_pass(6)
    till.do(paying.expire_payments)
    till.do(shopping.expire_checkouts)
    if others:
        till.buy(till.buyer(), (ListingId(1), others))

    come_in(till, line("B1", 10_000, ids.text(PaymentId, payment)))

    assert (till.standing(payment), till.posted(Kind.WALLET, 1)) == (standing, 10_000)


def test_a_transfer_that_names_nothing_waits_on_suspense_until_it_is_somebodys(till: Till) -> None:
    taken = come_in(till, line("B1", 700, "birthday"), line("B2", -5, "went out"), line("B3", 1, "pay_000000000009"))
    assert (taken.items, till.posted(Kind.SUSPENSE)) == ((1, 2), 701)

    till.do(reconciling.close_item, reconciling.Assigning(OpenItemId(1), "Ana forgot it.", BuyerId(1)))

    assert (till.posted(Kind.SUSPENSE), till.posted(Kind.WALLET, 1)) == (1, 700)


def test_too_many_lines_are_refused(till: Till) -> None:
    many = [line("B", 1, "x")] * (reconciling.LINES_MAX + 1)

    with pytest.raises(Invalid):
        come_in(till, *many)


CAMT = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Ntry><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-27</Dt></BookgDt>
<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><RmtInf><Ustrd>pay_00000000000A</Ustrd>
</RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><AcctSvcrRef>B2</AcctSvcrRef></Ntry>
<Ntry><Amt Ccy="EUR">6.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><AcctSvcrRef>B3</AcctSvcrRef></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


def test_both_formats_of_a_statement_are_read() -> None:
    (camt,) = read_statement(CAMT)
    (row,) = read_statement("id,date,amount,currency,text\nB1,2026-11-27,100.00,EUR,pay_00000000000A\n")

    assert camt == row._replace(text="pay_00000000000A E1")


@pytest.mark.parametrize(
    "text",
    [
        "id,date\n1,2\n", "id,date,amount,currency,text\nB,no,1,EUR,x\n", "id,date,amount,currency,text\nB,2026-01-01,1,QQQ,x\n",
        "<x", "<!DOCTYPE x><x/>", "<x><Ntry><CdtDbtInd>CRDT</CdtDbtInd></Ntry></x>",
    ],
)  # fmt: skip
def test_a_statement_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_statement(text)


@pytest.mark.parametrize(
    "text",
    ["a,b\n", "balance_transaction_id,created_utc,currency,gross,fee,reporting_category\nt,no,eur,1,0,charge\n"],
)
def test_a_report_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_report(text)
