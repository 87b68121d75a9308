"""Checks taxes through the API and the terminal: every total shows its parts, and what is owed is reported and paid."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from caravan import cli
from caravan.client import Refused, taxes, wire
from caravan.flows import invariants
from caravan.kernel.clock import DAY
from caravan.trade.taxes import shipped
from caravan.web.reporting import days_of
from tests.web.api.rig import Rig, Trader, euro, running

BERLIN = wire.Place(name="B", line1="Street 1", city="Berlin", postcode="10115", country="DE")
FRESNO = wire.Place(name="B", line1="Street 1", city="Fresno", postcode="93650", country="US", region="US-CA")


@pytest.fixture(scope="module")
def trader(rig: Rig) -> Trader:
    """Load the shipped table, and let a seller in Portugal in."""
    loaded = rig.operator.load_tax_rules(shipped())
    assert (loaded.version, loaded.rules, len(loaded.countries)) == (1, 90, 10)
    return rig.seller()


def run(rig: Rig, token: str | None, *words: str, typed: str | None = None) -> Result:
    where = ["--url", rig.url, *(["--token", token] if token else [])]
    return CliRunner().invoke(cli.app, ["tax", *words, *where], input=typed)


def test_a_checkout_shows_its_parts_and_an_order_keeps_them(rig: Rig, trader: Trader) -> None:
    listing, shopper = trader.offer(11_900, 5), rig.buyer(50_000)
    client = shopper.client
    there = client.add_address(FRESNO)

    session = client.open_checkout(lines={listing: 1}, address=there.id)
    assert (session.total, session.parts.goods, session.parts.taxes_added) == (euro(12_763), euro(11_900), euro(863))
    assert session.lines[0].shipping == euro(0)
    assert session.parts.more_may_be_due  # Customs of the United States.
    berlin = client.add_address(BERLIN)
    session = client.hold(session.id, berlin.id)
    assert (session.total, session.parts.taxes_included) == (euro(11_900), euro(1_900))
    order = client.order(client.complete(session.id, euro(11_900)).orders[0])

    assert order.parts is not None
    (part,) = order.parts.taxes
    assert (part.rule, part.percent, part.remits, part.is_included, part.lines) == ("de-vat", "19", "seller", True, [0])
    assert part.source.startswith("https://europa.eu")
    assert (order.parts.rules_version, order.parts.country, order.total) == (1, "DE", euro(11_900))
    assert client.checkout(session.id).parts.taxes_included == euro(1_900)


def test_a_coupon_is_priced_before_it_is_used_and_lowers_the_tax(rig: Rig, trader: Trader) -> None:
    listing, shopper = trader.offer(10_000, 5), rig.buyer(50_000)
    client = shopper.client
    wanted = {
        "code": "TAXED", "amount": {"amount": 2_000, "currency": "EUR"}, "spend_min": {"amount": 5_000, "currency": "EUR"},
        "uses_max": 1,
    }  # fmt: skip
    issued = rig.http(trader.client.token).post("/v1/coupons", json=wanted, headers={"Idempotency-Key": "taxed-1"})
    assert issued.status_code == 201
    session = client.open_checkout(lines={listing: 1}, address=client.add_address(FRESNO).id)

    priced = client.price_with_coupon(session.id, "TAXED")
    with pytest.raises(Refused) as refused:
        client.price_with_coupon(session.id, "NONE")

    assert refused.value.refusal == "coupon_refused"
    assert (session.total, session.parts.taxes_added) == (euro(10_725), euro(725))
    assert (priced.total, priced.discount, priced.to_pay) == (euro(10_580), euro(2_000), euro(8_580))
    payment = client.pay(session.id, "wallet", session.total, coupon="TAXED")
    assert (payment.amount, payment.discount) == (priced.to_pay, priced.discount)
    order = client.order(client.purchase(payment.purchase or "").orders[0])
    assert (order.total, order.parts and order.parts.taxes_added) == (euro(10_580), euro(580))


def test_a_tariff_is_imported_from_a_terminal_once_and_a_wrong_one_not_at_all(tmp_path: Path) -> None:
    with running(tmp_path / "home") as own:
        file, left = tmp_path / "hts.csv", tmp_path / "unknown.csv"
        file.write_text("HTS Number,General Rate of Duty\n6505.00.01,7.5%\n0102.29.20,1¢/kg\n", encoding="utf-8")
        words = (
            "import",
            "us-hts",
            str(file),
            "--country",
            "us",
            "--as-of",
            "2026-11-28",
            "--unknown",
            str(left),
            "--json",
        )
        token = own.token("operator")

        first, again = (json.loads(run(own, token, *words).stdout) for _ in range(2))

        assert (first["version"], first["codes"], first["unknown"], first["rules"]) == (1, 1, 1, 1)
        assert again["version"] == 0  # They hold already.
        assert "0102292" in left.read_text(encoding="utf-8")
        assert "us-tariff-7-5" in {rule.id for rule in own.operator.tax_rules().rules}
        file.write_text("HTS Number,General Rate of Duty\n65x5,7.5%\n", encoding="utf-8")
        assert "row 1, HTS Number" in str(run(own, token, *words).exception)
        whole = tmp_path / "table.yaml"
        file.write_text("HTS Number,General Rate of Duty\n6505,8%\n", encoding="utf-8")
        run(own, token, *words, "--out", str(whole))
        assert "us-tariff-8" in whole.read_text(encoding="utf-8")
        assert own.operator.tax_rules().version == 1


def test_a_landed_cost_is_what_a_direct_order_then_costs(rig: Rig, trader: Trader) -> None:
    listing, shopper = trader.offer(10_000, 5), rig.buyer(50_000)
    client = shopper.client
    address = client.add_address(FRESNO).id

    cost = rig.client().landed_cost({listing: 2}, country="US", region="CA")
    with pytest.raises(Refused, match="total"):
        client.place_order({listing: 2}, address=address, expected_total=euro(20_000))
    bought = client.place_order({listing: 2}, address=address, expected_total=cost.total)

    assert (cost.total, cost.parts.taxes_added) == (euro(21_450), euro(1_450))
    assert bought.total == cost.total


def test_a_cart_says_what_it_comes_to_at_a_place(rig: Rig, trader: Trader) -> None:
    listing, client = trader.offer(10_000, 5), rig.client()
    cart = client.open_cart(listing, 2)
    assert cart.parts is None

    parts = client.cart(cart.id, country="US", region="CA").parts

    assert parts is not None
    assert (parts.goods, parts.taxes_added, parts.country) == (euro(20_000), euro(1_450), "US")
    assert client.cart(cart.id).parts is None
    with pytest.raises(Refused):
        client.cart(cart.id, country="US", region="C-A")


def test_what_is_kept_is_reported_remitted_and_shown(rig: Rig, trader: Trader) -> None:
    listing, shopper = trader.offer(10_000, 5), rig.buyer(50_000)
    client = shopper.client
    cost = client.landed_cost({listing: 1}, country="US", region="CA")
    bought = client.place_order({listing: 1}, address=client.add_address(FRESNO).id, expected_total=cost.total)
    parcel = trader.client.ship(bought.orders[0], "CTT")
    trader.client.scan(parcel.id, "delivered")
    rig.pass_time(4 * DAY)

    report = rig.operator.tax_report("2026-09-01", "2026-12-01", authority="US-CA")
    (owed,) = report.owed
    (line,) = [one for one in report.lines if one.rule == "us-ca-sales"]
    assert (line.collected, line.due, owed.owed) == (euro(725), euro(725), euro(725))
    order = trader.client.order(bought.orders[0])
    assert order.parts is not None
    assert order.parts.taxes_added == euro(725)

    with pytest.raises(Refused) as refused:
        rig.operator.remit_taxes(taxes.Remittance(authority="US-CA", amount=wire.Amount(amount=726, currency="EUR")))
    assert refused.value.refusal == "remitted_too_much"
    paid = run(rig, rig.token("operator"), "remit", "US-CA", "7.25 EUR", "--reference", "CDTFA-401", "--json")
    assert json.loads(paid.stdout)["owed"]["amount"] == 0
    shown = run(rig, rig.token("operator"), "report", "2026-Q3", "--json")
    assert [line["remitted"]["amount"] for line in json.loads(shown.stdout)["lines"] if not line["rule"]] == [725]
    assert "us-ca-sales" in run(rig, rig.token("operator"), "report", "2026").stdout
    assert not list(rig.caravan.cell.ask(invariants.findings))


def test_products_are_classified_by_who_owns_the_page(rig: Rig, trader: Trader) -> None:
    listing = trader.offer(1_000, 1)
    product = trader.client.listing(listing).product

    trader.client.classify_product(product, hs_code="6109.10", origin="pt")
    told = json.loads(
        run(rig, trader.client.token, "classify", product, "--hs", "610910", "--class", "reduced", "--json").stdout
    )

    assert (told["hs_code"], rig.client().classification(product).tax_class) == ("610910", "reduced")
    with pytest.raises(Refused) as refused:
        rig.seller().client.classify_product(product, hs_code="61")
    assert refused.value.refusal == "not_found"
    with pytest.raises(Refused) as refused:
        trader.client.classify_product(product, hs_code="6109101")
    assert refused.value.problem.errors[0].pointer == "/hs_code"


def test_a_faulty_table_is_refused_with_row_field_and_reason(rig: Rig, trader: Trader, tmp_path: Path) -> None:
    assert trader.number
    file = tmp_path / "mine.yaml"
    file.write_text(shipped().replace("rate: 19\n", "rate: nineteen\n", 1), encoding="utf-8")

    answer = run(rig, rig.token("operator"), "load", str(file), "--json")

    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["refusal"]) == (1, "wrong_tax_rules")
    assert told["faults"][0] == {
        "row": 1, "field": "rate", "reason": "is a percentage from 0 to below 100, with at most four digits after the point",
    }  # fmt: skip


def test_a_table_is_tried_loaded_and_shown_from_a_terminal(rig: Rig, trader: Trader, tmp_path: Path) -> None:
    listing, token = trader.offer(10_000, 1), rig.token("operator")
    file = tmp_path / "mine.yaml"
    text = CliRunner().invoke(cli.app, ["tax", "shipped"]).stdout
    file.write_text(text.replace("name: Ten countries", "name: Mine"), encoding="utf-8")

    tried = run(rig, token, "load", str(file), "--dry-run")
    loaded = json.loads(run(rig, token, "load", "-", "--json", typed=file.read_text(encoding="utf-8")).stdout)
    again = run(rig, token, "load", str(file))

    assert "No rate of GBP" in tried.stderr
    assert (loaded["version"], loaded["name"]) == (2, "Mine")
    assert (again.exit_code, "same_tax_rules" in again.stderr) == (1, True)
    assert "gb-vat" in run(rig, None, "show", "gb").stdout
    assert "de-vat" not in run(rig, None, "show", "GB").stdout
    assert rig.client().tax_rules().version == 2
    assert "10725 minor units" in run(rig, None, "landed", listing, "us", "--region", "CA").stderr


def test_a_file_that_is_not_there_is_told(rig: Rig, tmp_path: Path) -> None:
    answer = run(rig, rig.token("operator"), "load", str(tmp_path / "none.yaml"))

    assert (answer.exit_code, "can't be read" in answer.stderr) == (1, True)


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("2026", ("2026-01-01", "2027-01-01")), ("2026-Q4", ("2026-10-01", "2027-01-01")),
        ("2026-q1", ("2026-01-01", "2026-04-01")), ("2026-12", ("2026-12-01", "2027-01-01")),
    ],
)  # fmt: skip
def test_a_period_is_a_year_a_quarter_or_a_month(period: str, days: tuple[str, str]) -> None:
    assert days_of(period) == days


@pytest.mark.parametrize("period", ["26", "2026-Q5", "2026-13", "2026-", "last", "2026-Q", "2026-11-28", "2026-0"])
def test_a_period_that_is_none_is_wrong_usage(rig: Rig, period: str) -> None:
    assert run(rig, None, "report", period).exit_code == 2


@pytest.mark.parametrize(("since", "until"), [("2026-13-01", "2027-01-01"), ("2026-01-01", "2026-01-01")])
def test_days_that_are_no_period_are_refused(rig: Rig, since: str, until: str) -> None:
    with pytest.raises(Refused) as refused:
        rig.operator.tax_report(since, until)
    assert refused.value.status == 400
