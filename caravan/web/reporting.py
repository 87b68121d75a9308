"""Taxes from a terminal: load rules, look at them, say what something costs where it lands, report and remit."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import pyarrow as pa
import typer

from caravan.client import Client, Refused
from caravan.client import taxes as wire
from caravan.flows.tables import write_csv
from caravan.kernel.errors import Invalid
from caravan.trade import taxes
from caravan.web.printing import HERE, Json, Key, Token, Url, amount, card, run, table
from caravan.web.terminal import bars, say

app = typer.Typer(no_args_is_help=True, help="Taxes and duties: rules, landed costs, and what is owed to authorities.")

_MONTHS_OF_QUARTER = 3
_MONTHS = 12


@app.command("shipped")
def shipped() -> None:
    """Print the table that comes with Caravan: ten countries, each rule with its source."""
    sys.stdout.write(taxes.shipped())


@app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A table of rules as YAML; - reads standard input.")],
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look at it; change nothing.")] = False,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Let a table of rules hold from now on, as the next version; what is wrong is told by row, field and reason."""

    def ask(client: Client) -> wire.TaxRulesLoaded:
        return client.load_tax_rules(_read(file), is_trial=dry_run)

    def show(loaded: wire.TaxRulesLoaded) -> None:
        card(loaded)
        for currency in loaded.currencies_without_rate:
            say.print(f"No rate of {currency}: its bounds are taken to be passed. See `caravan rates import`.")

    run(url, token, ask, show, as_json=as_json)


@app.command("import")
def import_tariff(  # noqa: PLR0913  # Each is an option of the command.
    kind: Annotated[str, typer.Argument(metavar="FORMAT", help="us-hts or uk-tariff.")],
    file: Annotated[Path, typer.Argument(help="The official file, CSV or JSON, as it was downloaded.")],
    *, country: Annotated[str, typer.Option(help="The country whose duty it is, such as US.")],
    as_of: Annotated[str, typer.Option(help="The day as of which it is meant, such as 2026-11-28.")],
    source: Annotated[str, typer.Option(help="Where it is from; without, the office's own page.")] = "",
    base: Annotated[Path | None, typer.Option(help="The table to put it into; without, the shipped one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the whole table here, and load nothing.")] = None,
    unknown: Annotated[Path | None, typer.Option(help="Write the lines that stay unknown here, with why, as CSV.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look at it; change nothing.")] = False,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Put the rates of an official tariff into a table of rules, and load it; what can't be reckoned stays unknown.

    A file that is none is refused whole, by row, field and reason. The same file again changes nothing.
    """
    if kind not in SOURCES:
        raise Invalid(f"A format is one of {', '.join(SOURCES)}.", field="format")
    with bars() as progress:
        tariff = taxes.read_tariff(_read(file), kind, as_of=as_of, progress=progress)  # type: ignore[arg-type]
    written = _read(base) if base is not None else taxes.shipped()
    made = taxes.import_tariff(written, tariff, country=country.upper(), source=source or SOURCES[kind], as_of=as_of)
    if unknown is not None:
        lines = [one._asdict() for one in tariff.unknown]
        columns = {name: [line[name] for line in lines] for name in taxes.Unknown._fields}
        write_csv(pa.table(columns), unknown)
    if out is not None:
        out.write_text(made.text, encoding="utf-8")
    found = TariffImported(
        rows=tariff.rows, codes=len(tariff.rates), unknown=len(tariff.unknown), rules=made.rules, prefixes=made.prefixes,
        replaced=list(made.replaced), file=str(out) if out is not None else "",
    )  # fmt: skip

    def ask(client: Client) -> TariffImported:
        if out is not None:
            return found
        try:
            loaded = client.load_tax_rules(made.text, is_trial=dry_run)
        except Refused as refused:
            if refused.refusal != "same_tax_rules":
                raise
            return found
        return msgspec.structs.replace(found, version=loaded.version)

    run(url, token, ask, card, as_json=as_json)


# Where each file is downloaded.
SOURCES = {
    "us-hts": "https://hts.usitc.gov/export",
    "uk-tariff": "https://data.api.trade.gov.uk/v1/datasets/uk-tariff-2021-01-01/versions/latest/tables/measures-on-declarable-commodities/data?format=csv",
}


class TariffImported(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a tariff: rows read, codes with a rate and without, rules made, those replaced, and the version loaded."""

    rows: int
    codes: int
    unknown: int
    rules: int
    prefixes: int
    replaced: list[str]
    file: str
    version: int = 0


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} can't be read: {error}.", field="file") from None


@app.command("show")
def show_rules(
    country: Annotated[str, typer.Argument(help="Only rules of this country.")] = "", *,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show the rules that hold, with their sources."""

    def ask(client: Client) -> list[wire.TaxRule]:
        return [rule for rule in client.tax_rules().rules if country.upper() in {"", rule.country}]

    names = ("id", "country", "region", "levy", "tax_class", "percent", "is_included", "remits", "authority", "source")
    run(url, token, ask, table(*names), as_json=as_json)


@app.command("classify")
def classify(
    product: Annotated[str, typer.Argument(help="prd_…")], *,
    hs_code: Annotated[str, typer.Option("--hs", help="2 to 10 digits of the Harmonized System.")] = "",
    origin: Annotated[str, typer.Option(help="Where it was made, such as PT.")] = "",
    tax_class: Annotated[str, typer.Option("--class", help="standard, reduced or zero.")] = "standard",
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say what a product is to a tax office."""
    run(
        url, token, lambda client: client.classify_product(product, hs_code=hs_code, origin=origin, tax_class=tax_class),
        card, as_json=as_json,
    )  # fmt: skip


@app.command("landed")
def landed(
    listing: Annotated[str, typer.Argument(help="lst_…")],
    country: Annotated[str, typer.Argument(help="Where it goes, such as DE.")], *,
    region: Annotated[str, typer.Option(help="The state or province, such as CA.")] = "",
    quantity: Annotated[int, typer.Option(min=1)] = 1, url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say what a listing costs where it lands, and all parts of that."""

    def ask(client: Client) -> wire.LandedCost:
        return client.landed_cost({listing: quantity}, country=country.upper(), region=region)

    def show(cost: wire.LandedCost) -> None:
        card(cost.parts)
        say.print(f"To pay with the order: {cost.total.amount} minor units of {cost.total.currency}.")

    run(url, token, ask, show, as_json=as_json)


@app.command("report")
def report(
    period: Annotated[str, typer.Argument(help="2026, 2026-Q4 or 2026-11.")], *,
    authority: Annotated[str, typer.Option(help="One authority, such as DE.")] = "",
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Say what was charged, collected, returned and remitted in a period, and what is owed now, by authority."""
    since, until = days_of(period)

    def show(found: wire.TaxReport) -> None:
        table("authority", "rule", "charged", "collected", "returned", "corrected", "due", "remitted")(found.lines)
        table("authority", "name", "owed")(found.owed)

    run(url, token, lambda client: client.tax_report(since, until, authority=authority), show, as_json=as_json)


def days_of(period: str) -> tuple[str, str]:
    """Read a year, a quarter or a month as its first day and the first day after it."""
    year, dash, rest = period.partition("-")
    quarter = rest.upper().removeprefix("Q")
    is_year = len(year) == 4 and year.isascii() and year.isdecimal() and year >= "1000"  # noqa: PLR2004
    is_number = quarter.isascii() and quarter.isdecimal() and len(quarter) <= 2  # noqa: PLR2004
    if is_year and not dash:
        return f"{year}-01-01", f"{int(year) + 1}-01-01"
    if is_year and is_number and rest.upper().startswith("Q") and 1 <= int(quarter) <= _MONTHS // _MONTHS_OF_QUARTER:
        first = (int(quarter) - 1) * _MONTHS_OF_QUARTER + 1
        return _first_of(int(year), first), _first_of(int(year), first + _MONTHS_OF_QUARTER)
    if is_year and is_number and rest == quarter and 1 <= int(quarter) <= _MONTHS:
        return _first_of(int(year), int(quarter)), _first_of(int(year), int(quarter) + 1)
    raise typer.BadParameter("A period is 2026, 2026-Q4 or 2026-11.")


def _first_of(year: int, month: int) -> str:
    return f"{year + (month - 1) // _MONTHS}-{(month - 1) % _MONTHS + 1:02}-01"


@app.command("remit")
def remit(
    authority: str, sum_: Annotated[str, typer.Argument(metavar="AMOUNT", help='Such as "120.00 EUR".')], *,
    reference: Annotated[str, typer.Option(help="The return or receipt.")] = "", key: Key = None,
    url: Url = HERE, token: Token = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Note that an authority was paid what was kept for it."""
    new = wire.Remittance(authority=authority, amount=amount(sum_), reference=reference)
    run(url, token, lambda client: client.remit_taxes(new, key=key), card, as_json=as_json)
