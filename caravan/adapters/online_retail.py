"""Reads "Online Retail", a year of invoices of one British wholesaler of giftware, as a shop's history.

A row is a line of an invoice, of a credit note ("C…"), or of an entry about bad debt ("A…"), and stands or falls alone.
`NOTES` says what was decided where the source is silent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
from babel import Locale

from caravan.adapters import tabular
from caravan.adapters.tabular import Intake, Progress, Shape
from caravan.kernel.errors import Invalid
from caravan.world.partners.ports import History, ImportOptions

REASONS: Final[Mapping[str, str]] = {
    **tabular.REASONS,
    "unknown_invoice": "The invoice number is neither digits alone nor C or A with digits.",
    "bad_debt": "An entry about a debt that will not be paid, or a negative price: bookkeeping, not trade.",
    "stock_adjustment": "A negative quantity outside a credit note: stock that was counted, lost or thrown away.",
    "wrong_sign": "The quantity is zero, or a credit note gives something instead of taking it back.",
    "zero_price": "The line costs nothing, or less than half a penny a unit.",
    "not_merchandise": "A fee, a discount, a voucher, a sample, a correction; or carriage without goods.",
    "conflicting_buyer": "The line names another buyer than the first line of its invoice that names one.",
    "return_without_order": "No earlier order of this buyer has enough of this SKU left that could have come back.",
    "refund_price_differs": "More was credited a unit than the buyer had paid.",
}

NOTES: Final = (
    "Times are the wall clock of Europe/London.",
    "An invoice is an order, placed at its first line; its buyer is the first that its lines name, or else a guest.",
    "Lines that are equal in all are separate lines: a SKU is as often repeated in an invoice with another quantity.",
    "Lines of one invoice with the same SKU and price are one order line; a listing's price is that of its first sale.",
    "A price is rounded to whole pence, half to even.",
    "Carriage (POST, DOT, C2, C3, or so described) is the shipping of the order's first line, where there are goods.",
    "All was handed over when it was invoiced. No delivery is known; the operator rules money free 14 days later.",
    "A credit is set against the buyer's latest earlier orders of the SKU: at its price, or else the nearest above it.",
    "What was credited is refunded; carriage is not.",
    "A credit note that takes back a whole order without carriage within 24 hours cancels it.",
    "The source does not say how a buyer paid: the method is invoice, the sum that of the lines.",
)

_FIRST_DAY = "2010-12-01 00:00:00+00"  # The source begins here; for a seller of whom no sale is known.
_FILES_MAX = 10_000
_UNKNOWN_COUNTRY = "ZZ"
_COUNTRIES = {
    "eire": "IE",
    "rsa": "ZA",
    "usa": "US",
    "uk": "GB",
    "czech republic": "CZ",
    "hong kong": "HK",
    "korea": "KR",
}

_SHAPE = Shape(
    "lines",
    ("lines", "Online Retail", "online_retail_ii"),
    {
        "invoice": ("InvoiceNo", "Invoice"),
        "code": ("StockCode",),
        "description": ("Description",),
        "quantity": ("Quantity",),
        "invoiced": ("InvoiceDate",),
        "price": ("UnitPrice", "Price"),
        "customer": ("CustomerID",),
        "country": ("Country",),
    },
)

# The published CSV writes its times the American way, month first; the other files begin with the year.
_LINES = r"""
CREATE TABLE parsed_lines AS
WITH told AS (
    SELECT place, row, file, torn, upper(told(invoice)) AS invoice, upper(told(code)) AS code,
        regexp_replace(told(description), '\s+', ' ', 'g') AS description, told(quantity) AS quantity_told,
        whole(quantity) AS quantity, told(price) AS price, round_even(hundredfold(price), 0) AS pence,
        told(invoiced) AS invoiced, moment(coalesce(day_and_time(invoiced), CASE
            WHEN regexp_full_match(told(invoiced), '\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}')
            THEN try_strptime(told(invoiced), '%m/%d/%Y %H:%M') END), 'Europe/London') AS happened_at,
        regexp_replace(told(customer), '[.]0*$', '') AS customer, told(country) AS country
    FROM raw_lines
), sorted AS (
    SELECT *, CASE WHEN abs(pence) <= 1000000000 THEN CAST(pence AS BIGINT) END AS unit_price_minor,
        starts_with(invoice, 'C') AS is_credit,
        code IN ('POST', 'DOT', 'C2', 'C3')
            OR lower(coalesce(description, '')) IN ('postage', 'dotcom postage', 'carriage', 'next day carriage')
            AS is_carriage,
        regexp_full_match(code, 'M|D|S|B|CRUK|AMAZONFEE|BANK CHARGES|(GIFT|TEST|ADJUST).*') AS is_entry
    FROM told
)
SELECT * EXCLUDE (quantity_told, price, invoiced, torn, pence), pence <> hundredfold(price) AS is_rounded, CASE
    WHEN torn IS NOT NULL THEN fault('', 'malformed_row', torn)
    WHEN invoice IS NULL THEN fault('InvoiceNo', 'missing_id', '')
    WHEN NOT regexp_full_match(invoice, '[AC]?[0-9]+') THEN fault('InvoiceNo', 'unknown_invoice', invoice)
    WHEN code IS NULL THEN fault('StockCode', 'missing_id', '')
    WHEN invoiced IS NULL THEN fault('InvoiceDate', 'missing_value', '')
    WHEN happened_at IS NULL THEN fault('InvoiceDate', 'bad_timestamp', invoiced)
    WHEN quantity_told IS NULL THEN fault('Quantity', 'missing_value', '')
    WHEN quantity IS NULL OR abs(quantity) > 1000000 THEN fault('Quantity', 'bad_number', quantity_told)
    WHEN price IS NULL THEN fault('UnitPrice', 'missing_value', '')
    WHEN unit_price_minor IS NULL OR abs(quantity * unit_price_minor) > 100000000000
        THEN fault('UnitPrice', 'bad_amount', price)
    WHEN starts_with(invoice, 'A') THEN fault('InvoiceNo', 'bad_debt', invoice)
    WHEN unit_price_minor < 0 THEN fault('UnitPrice', 'bad_debt', price)
    WHEN quantity < 0 AND NOT is_credit THEN fault('Quantity', 'stock_adjustment', quantity_told)
    WHEN quantity = 0 OR quantity > 0 AND is_credit THEN fault('Quantity', 'wrong_sign', quantity_told)
    WHEN is_entry OR is_carriage AND is_credit THEN fault('StockCode', 'not_merchandise', code)
    WHEN unit_price_minor = 0 THEN fault('UnitPrice', 'zero_price', price)
    END AS fault
FROM sorted
"""


# Goods go before carriage in choosing the buyer, so that an order never loses all its goods to another buyer's name.
_ORDERS = """
CREATE TABLE parsed_orders AS
SELECT invoice, min_by(customer, (is_carriage, place)) FILTER (customer IS NOT NULL) AS customer,
    coalesce(min_by(customer, (is_carriage, place)) FILTER (customer IS NOT NULL), 'guest-' || invoice) AS buyer,
    min(happened_at) FILTER (NOT is_carriage) AS placed_at,
    CAST(coalesce(sum(quantity * unit_price_minor) FILTER (is_carriage), 0) AS BIGINT) AS shipping_minor
FROM parsed_lines WHERE fault IS NULL AND NOT is_credit GROUP BY invoice
"""
_JUDGED = """
CREATE TABLE judged_lines AS
SELECT lines.* EXCLUDE (fault, customer), placed_at,
    CASE WHEN is_credit THEN lines.customer ELSE buyer END AS buyer, CASE
    WHEN fault IS NOT NULL THEN fault
    WHEN lines.customer <> orders.customer THEN fault('CustomerID', 'conflicting_buyer', lines.customer)
    WHEN is_carriage AND placed_at IS NULL THEN fault('StockCode', 'not_merchandise', code)
    END AS fault
FROM parsed_lines AS lines LEFT JOIN parsed_orders AS orders USING (invoice)
"""
_SOLD = """
CREATE TABLE sold AS
SELECT invoice, code, buyer, placed_at, unit_price_minor, CAST(sum(quantity) AS BIGINT) AS quantity,
    min(place) AS place, row_number() OVER (PARTITION BY invoice ORDER BY min(place)) AS nth
FROM judged_lines WHERE fault IS NULL AND NOT is_credit AND NOT is_carriage
GROUP BY invoice, code, buyer, placed_at, unit_price_minor
"""
_CREDITS = """
CREATE TABLE credits AS
SELECT place, invoice, invoice || '/' || row_number() OVER (PARTITION BY invoice ORDER BY place) AS reference,
    buyer, code, -quantity AS quantity, unit_price_minor, happened_at
FROM judged_lines WHERE fault IS NULL AND is_credit
"""
_RETURNABLE = """
SELECT buyer, code, invoice, unit_price_minor, epoch_us(placed_at), quantity
FROM sold SEMI JOIN credits USING (buyer, code) ORDER BY place
"""
_CREDITED = """
SELECT place, reference, buyer, code, quantity, unit_price_minor, epoch_us(happened_at)
FROM credits ORDER BY happened_at, place
"""

# A credit note that takes all of an order back, at its price, on the same day: nothing had left the house.
_CANCELED = """
CREATE TABLE canceled AS
WITH totals AS (
    SELECT invoice AS order_id, placed_at, sum(quantity) AS quantity, sum(quantity * unit_price_minor) AS total_minor
    FROM sold GROUP BY invoice, placed_at
)
SELECT order_id, max(happened_at) AS canceled_at
FROM matched JOIN credits USING (place) JOIN totals USING (order_id)
    JOIN parsed_orders AS orders ON orders.invoice = order_id
WHERE shipping_minor = 0
GROUP BY order_id, credits.invoice, totals.placed_at, totals.quantity, total_minor
HAVING sum(matched.quantity) = totals.quantity AND sum(refund_minor) = total_minor
    AND max(happened_at) <= totals.placed_at + INTERVAL 24 HOUR
"""

_ENDED = """
CREATE TABLE ended AS
WITH settled AS (
    SELECT place, min(matched.reference) FILTER (canceled_at IS NULL) AS returned, min(order_id) AS order_id
    FROM matched LEFT JOIN canceled USING (order_id) GROUP BY place
)
SELECT CASE WHEN NOT is_credit THEN 'lines' WHEN returned IS NULL THEN 'orders' ELSE 'returns' END AS ended_in,
    CASE WHEN NOT is_credit THEN invoice ELSE coalesce(returned, order_id) END AS reference, place, file, row,
    CASE WHEN fault IS NOT NULL THEN fault
        WHEN unmatched.reason = 'refund_price_differs' THEN fault('UnitPrice', reason,
            format('{:d}.{:02d}', unit_price_minor // 100, unit_price_minor % 100))
        WHEN unmatched.reason IS NOT NULL THEN fault('StockCode', reason, code) END AS fault
FROM judged_lines LEFT JOIN settled USING (place) LEFT JOIN unmatched USING (place)
"""
_SOURCES = """
INSERT INTO sources SELECT ended_in, reference, file, row FROM ended WHERE fault IS NULL ORDER BY place
"""
_REJECTS = """
INSERT INTO rejects SELECT file, row, fault.field, fault.reason, left(fault.value, 200)
FROM ended WHERE fault IS NOT NULL ORDER BY place
"""

# Clerks wrote "damaged" or "sold as set on dotcom" where a title belongs, nearly always in small letters.
_DESCRIPTIONS = r"""
WITH counted AS (
    SELECT code, description, count(*) AS times, length(regexp_replace(description, '[^A-Z]', '', 'g')) AS capitals,
        length(regexp_replace(description, '[^a-z]', '', 'g')) AS smalls
    FROM judged_lines WHERE fault IS NULL AND NOT is_credit AND NOT is_carriage GROUP BY code, description
), plausible AS (
    SELECT * FROM counted WHERE capitals + smalls >= 3 AND (capitals > smalls OR NOT regexp_matches(lower(description),
        'damage|check|found|lost|missing|wrong|adjust|thrown|faulty|rust|wet|broke|mix|sold|sale|amazon|ebay|dotcom'
        '|website|test|sample|error|stock|return|barcode|smashed|crushed|mould|label|given|display|counted|cracked|incorrect'))
)
SELECT code, min_by(description, (-times, -capitals, description))
FROM plausible RIGHT JOIN (SELECT DISTINCT code FROM sold) USING (code) GROUP BY code ORDER BY code
"""

_HISTORY = [
    """
    CREATE TABLE sellers AS
    SELECT 'online-retail-uk' AS reference, 'Online Retail UK' AS name, 'GB' AS country, '' AS city, '' AS postcode,
        'A wholesaler of giftware in the United Kingdom.' AS description,
        coalesce((SELECT min(placed_at) FROM sold), $first_day::TIMESTAMPTZ) AS applied_at
    """,
    """
    CREATE TABLE products AS
    SELECT code AS reference, title, '' AS description, category, '' AS brand, '' AS gtin,
        CAST(MAP {} AS MAP(VARCHAR, VARCHAR)) AS attributes, '' AS image, 0 AS weight_grams
    FROM titles ORDER BY reference
    """,
    """
    CREATE TABLE listings AS
    SELECT code AS reference, code AS product, '' AS option, 'online-retail-uk' AS seller,
        min_by(unit_price_minor, (placed_at, place)) AS price_minor, 0 AS shipping_minor, 0 AS on_hand,
        min(placed_at) AS listed_at
    FROM sold GROUP BY code ORDER BY listed_at, reference
    """,
    """
    CREATE TABLE buyers AS
    SELECT buyer AS reference, '' AS email, '' AS city, '' AS postcode,
        CASE WHEN starts_with(buyer, 'guest-') THEN 'Guest ' || buyer[7:] ELSE 'Customer ' || buyer END AS name,
        coalesce(max_by(countries.code, (lines.placed_at, lines.place)), 'ZZ') AS country,
        min(lines.placed_at) AS registered_at
    FROM judged_lines AS lines LEFT JOIN countries USING (country)
    WHERE fault IS NULL AND NOT is_credit GROUP BY buyer ORDER BY registered_at, reference
    """,
    """
    CREATE TABLE orders AS
    SELECT invoice AS reference, sold.buyer, sold.placed_at,
        CAST(sum(quantity * unit_price_minor) + any_value(shipping_minor) AS BIGINT) AS paid_minor, 'invoice' AS method,
        any_value(canceled_at) AS canceled_at
    FROM sold JOIN parsed_orders USING (invoice) LEFT JOIN canceled ON order_id = invoice
    GROUP BY invoice, sold.buyer, sold.placed_at ORDER BY sold.placed_at, reference
    """,
    """
    CREATE TABLE lines AS
    SELECT invoice AS order, code AS listing, quantity, unit_price_minor,
        CASE WHEN nth = 1 THEN shipping_minor ELSE 0 END AS shipping_minor
    FROM sold JOIN parsed_orders USING (invoice) ORDER BY sold.placed_at, invoice, nth
    """,
    """
    CREATE TABLE parcels AS
    SELECT reference AS order, 'online-retail-uk' AS seller, placed_at AS handed_over_at, NULL AS promised_at,
        NULL AS delivered_at, placed_at + INTERVAL 14 DAY AS settled_at
    FROM orders WHERE canceled_at IS NULL ORDER BY handed_over_at, "order"
    """,
    """
    CREATE TABLE returns AS
    SELECT matched.reference, order_id AS order, code AS listing, matched.quantity, refund_minor,
        happened_at AS returned_at
    FROM matched JOIN credits USING (place) ANTI JOIN canceled USING (order_id)
    ORDER BY returned_at, place, matched.reference
    """,
]
_COUNTED = """
SELECT
    count(*) FILTER (is_rounded AND fault IS NULL OR is_rounded AND fault.reason = 'zero_price')
        || ' prices had parts of a penny and were rounded.',
    (SELECT count(*) || ' orders were canceled within 24 hours.' FROM canceled),
    (SELECT count(*) || ' returns were credited below the price paid.' FROM matched JOIN credits USING (place)
        WHERE is_below)
FROM judged_lines
"""

# The first rule that knows a word of the title wins.
_CATEGORIES = {
    "Seasonal/Christmas": "christmas xmas advent santa snowman snowflake reindeer stocking bauble tinsel",
    "Seasonal/Easter": "easter",
    "Fashion/Jewelry": "necklace bracelet earring ring brooch bangle pendant charm diamante hairclip hairslide",
    "Toys": """toy doll game puzzle jigsaw skipping playhouse marble ludo domino dinosaur soldier teddy harmonica yoyo
        snakes ladders bingo windmill creepy""",
    "Fashion/Bags": "bag handbag washbag shopper purse tote rucksack suitcase wallet",
    "Fashion/Accessories": """umbrella parasol poncho scarf hat slipper glove keyring key-chain sunglasses hair
        headphones badge passport fan""",
    "Home/Lighting": """candle candlestick candlepot candleholder lantern lamp light t-light tealight lampshade
        chandelier torch""",
    "Party": "party birthday balloon bunting garland napkin streamer confetti doily pennant",
    "Stationery": """card paper pencil pen notebook sketchbook book stationery writing wrap ribbon tape sticker envelope
        tissue chalk eraser rubber ruler journal tag memoboard scissor punch tattoo""",
    "Home/Kitchen": """mug cup bowl plate platter beaker goblet cake teapot tea coffee kitchen baking cookie biscuit jar
        tin spoon cutlery apron egg bottle glass jug saucer lunch tray recipe scale mould pantry pan dish dinner food jam
        cakestand breadbin coaster colander butter jelly chopstick drinking cosy washing toast toastrack bread""",
    "Home/Bathroom": "bathroom bath soap towel flannel sponge toilet balm",
    "Home/Garden": "garden gnome plant seed watering herb gardener spade planter bird birdhouse picnic potting hammock",
    "Home/Storage": "box storage basket drawer rack shelf cabinet trunk crate",
    "Home/Textiles": "cushion blanket throw quilt curtain pad hottie hot pouffe",
    "Home/Decoration": """frame sign heart clock mirror wreath hook hanger doormat doorstop wall ornament vase
        decoration picture print knob holder incense oil magnet photo letter tile door flower metal wooden wood
        porcelain wicker""",
    "Craft": "sewing knitting craft feltcraft bead kit embroidery button twine",
}
_RANKS = list(_CATEGORIES)
_CATEGORY_BY_WORD = {word: name for name in reversed(_RANKS) for word in _CATEGORIES[name].split()}
_ACRONYMS = {"led", "uk", "usa", "tv", "diy", "cd", "dvd", "usb", "bbq"}
_WORD = re.compile(r"(\d*)([A-Za-z]+(?:'[A-Za-z]+)?)")


class OnlineRetailSource:
    """Online Retail as one file, Parquet or CSV, or as a folder of CSV files by day."""

    name = "online-retail"

    def read(self, path: str, options: ImportOptions) -> Iterator[Progress | History]:
        """Yield progress while reading, and the history last. Refuse a path where no file has the eight columns."""
        with tabular.workspace() as connection:
            files, others = _files(Path(path))
            intake = Intake(connection, rows_max=options.limit_rows)
            yield from intake.load(_SHAPE, files)
            yield from _plan(connection)
            (counted,) = connection.execute(_COUNTED).fetchall()
            unread = [f"{file.name} has other columns and was not read." for file in others]
            notes = [*NOTES, *unread, *counted, *_unknown_countries(connection)]
            yield tabular.history(connection, source=self.name, currency="GBP", read=intake.rows, notes=notes)


def _files(path: Path) -> tuple[list[Path], list[Path]]:
    """Find the files to read, in the order of their names, and those beside them that are something else."""
    if path.is_file():
        return [path], []
    wanted = ", ".join(names[0] for names in _SHAPE.columns.values())
    if not path.is_dir():
        raise Invalid(
            f"{path} is no file and no folder; CSV or Parquet with the columns {wanted} was looked for.", path=str(path)
        )
    whole = _SHAPE.find(path)
    if whole:
        return [whole], []
    files = sorted(file for file in path.iterdir() if tabular.is_readable(file))[: _FILES_MAX + 1]
    if len(files) > _FILES_MAX:
        raise Invalid(f"{path} has more than {_FILES_MAX} files.", path=str(path))
    lacking = {file: _SHAPE.missing(tabular.header(file, _SHAPE)) for file in files}
    if all(lacking.values()):
        nearest = min(lacking, key=lambda file: len(lacking[file]), default=None)
        hint = f" {nearest.name} lacks {', '.join(lacking[nearest])}." if nearest else ""
        raise Invalid(f"{path} has no CSV or Parquet file with the columns {wanted}.{hint}", path=str(path))
    return [file for file in files if not lacking[file]], [file for file in files if lacking[file]]


def _plan(connection: duckdb.DuckDBPyConnection) -> Iterator[Progress]:
    """Parse the text, judge the lines, match what came back and write the history's tables."""
    before = [_LINES, _ORDERS, _JUDGED, _SOLD, _CREDITS]
    after = [_CANCELED, _ENDED, _SOURCES, _REJECTS, *_HISTORY]
    total = len(before) + 1 + len(after)
    for done, step in enumerate(before):
        yield "planning", done, total
        connection.execute(step)
    yield "matching what came back", len(before), total
    _match_returns(connection)
    _name_products(connection)
    _name_countries(connection)
    for done, step in enumerate(after, start=len(before) + 1):
        yield "planning", done, total
        connection.execute(step, {"first_day": _FIRST_DAY} if "$first_day" in step else None)
    yield "planning", total, total


@dataclass
class _Line:
    """An order line, and how much of it has not come back yet."""

    order: str
    unit_price_minor: int
    placed_us: int
    left: int


@dataclass(frozen=True)
class _Credit:
    """A line of a credit note, in the order of the columns that are asked for."""

    place: int
    reference: str
    buyer: str | None
    code: str
    quantity: int
    unit_price_minor: int
    at_us: int


def _match_returns(connection: duckdb.DuckDBPyConnection) -> None:
    """Find for each credited line the order lines that came back: the tables `matched` and `unmatched`."""
    lines: dict[tuple[str | None, str], list[_Line]] = {}
    for buyer, code, *line in connection.execute(_RETURNABLE).fetchall():
        lines.setdefault((buyer, code), []).append(_Line(*line))
    matched: list[tuple[int, str, str, int, int, bool]] = []
    unmatched: list[tuple[int, str]] = []
    for row in connection.execute(_CREDITED).fetchall():
        credit = _Credit(*row)
        earlier = [line for line in lines.get((credit.buyer, credit.code), []) if line.placed_us <= credit.at_us]
        parts = _taken_back(credit, earlier)
        matched.extend(
            (
                credit.place,
                credit.reference if nth == 1 else f"{credit.reference}+{nth}",
                line.order,
                quantity,
                quantity * credit.unit_price_minor,
                line.unit_price_minor > credit.unit_price_minor,
            )
            for nth, (line, quantity) in enumerate(parts, start=1)
        )
        if not parts:
            enough = sum(line.left for line in earlier) >= credit.quantity
            unmatched.append((credit.place, "refund_price_differs" if enough else "return_without_order"))
    names = ["place", "reference", "order_id", "quantity", "refund_minor", "is_below"]
    _create(
        connection,
        "matched",
        names,
        [pa.int64(), pa.string(), pa.string(), pa.int64(), pa.int64(), pa.bool_()],
        matched,
    )
    _create(connection, "unmatched", ["place", "reason"], [pa.int64(), pa.string()], unmatched)


def _taken_back(credit: _Credit, earlier: list[_Line]) -> list[tuple[_Line, int]]:
    """Take a credited quantity from earlier lines: one at that price, some at it, or else also the nearest above it.

    Nothing is taken where there is not enough, and nothing from a line that was cheaper: nobody gets back more than
    they paid.
    """
    fit = [line for line in earlier if line.left and line.unit_price_minor >= credit.unit_price_minor]
    fit.sort(key=lambda line: (line.unit_price_minor, -line.placed_us))
    same = [line for line in fit if line.unit_price_minor == credit.unit_price_minor]
    alone = [line for line in same if line.left >= credit.quantity][:1]
    for lines in (alone, fit):
        if sum(line.left for line in lines) >= credit.quantity:
            return list(_parts(lines, credit.quantity))
    return []


def _parts(lines: Iterable[_Line], quantity: int) -> Iterator[tuple[_Line, int]]:
    for line in lines:
        part = min(line.left, quantity)
        if part:
            line.left -= part
            quantity -= part
            yield line, part


def _name_products(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each SKU that was sold a title and a category: the table `titles`."""
    rows = [
        (code, title := _title(description) if description else f"Product {code}", _category(title))
        for code, description in connection.execute(_DESCRIPTIONS).fetchall()
    ]
    _create(connection, "titles", ["code", "title", "category"], [pa.string()] * 3, rows)


def _title(description: str) -> str:
    return _WORD.sub(_cased, description.strip(" .,*\"'"))


def _cased(word: re.Match[str]) -> str:
    """Write one word of a title: "White", "LED", but "30cm"."""
    number, letters = word.groups()
    if letters.lower() in _ACRONYMS:
        return number + letters.upper()
    return number + (letters.lower() if number else letters.capitalize())


def _category(title: str) -> str:
    words = re.findall(r"[a-z-]+", title.lower())
    singular = [form for word in words for form in (word, word.removesuffix("s"), word.removesuffix("es"))]
    hits = [_CATEGORY_BY_WORD[word] for word in singular if word in _CATEGORY_BY_WORD]
    return min(hits, key=_RANKS.index, default="Other")


def _name_countries(connection: duckdb.DuckDBPyConnection) -> None:
    """Find the code of each country that is named: the table `countries`."""
    known = {
        name.casefold(): code for code, name in Locale("en").territories.items() if len(code) == len(_UNKNOWN_COUNTRY)
    }
    named = connection.execute(
        "SELECT DISTINCT country FROM judged_lines WHERE country IS NOT NULL ORDER BY 1"
    ).fetchall()
    rows = [(name, (known | _COUNTRIES).get(name.casefold(), _UNKNOWN_COUNTRY)) for (name,) in named]
    _create(connection, "countries", ["country", "code"], [pa.string()] * 2, rows)


def _unknown_countries(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT country FROM countries WHERE code = 'ZZ' ORDER BY 1").fetchall()
    names = ", ".join(name for (name,) in rows)
    return [f"No one country is meant by {names}: their buyers are in {_UNKNOWN_COUNTRY}."] if names else []


def _create(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Iterable[str],
    types: Iterable[pa.DataType],
    rows: Sequence[tuple[int | str | bool, ...]],
) -> None:
    """Create a table from rows."""
    schema = pa.schema(list(zip(columns, types, strict=True)))
    table = pa.table([[row[place] for row in rows] for place in range(len(schema))], schema=schema)
    connection.from_arrow(table).create(name)
