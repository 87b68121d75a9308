"""The shop: what all visits share: the templates, the static files, and the aisles that the categories make."""

import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import jinja2

from caravan.bootstrap import Caravan
from caravan.kernel import ids
from caravan.kernel.ids import BuyerId
from caravan.kernel.money import plain
from caravan.web.api.limits import PAYEES_PER_MINUTE, Limit
from caravan.web.api.problems import TooManyRequests
from caravan.web.pages.pictures import tint
from caravan.web.reach import page

_FOLDER = Path(__file__).resolve().parents[1]
STATIC = {file.name: file.read_bytes() for file in sorted((_FOLDER / "static").iterdir()) if file.is_file()}
LOOKED_UP_EVERY_S = 0.5
AISLES_MAX = 2_000
SHELF_PLACES = 12


class Aisle(NamedTuple):
    """A category: how many products are on offer in it and below, and one that shows what it is about."""

    path: str
    name: str
    products: int
    picture: int


class Window(NamedTuple):
    """What the home page shows: the products bought most, and the ones that are new."""

    popular: tuple[int, ...]
    new: tuple[int, ...]


class Market(NamedTuple):
    """The market as its pages speak of it."""

    name: str
    currency: str
    has_play_money: bool
    has_demo: bool


class Shop:
    """A Caravan with what its pages need, and a short memory of the answers that every page asks for."""

    def __init__(self, caravan: Caravan) -> None:
        self.caravan = caravan
        self._templates = _environment()
        self._remembered: dict[str, tuple[int, float, object]] = {}
        self._payees = Limit(PAYEES_PER_MINUTE)

    def limit_payees(self, buyer: BuyerId) -> None:
        """Count one more name that a buyer looks for. Refuses too many of them, as the API does."""
        if self._payees.take(buyer).wait_s:
            raise TooManyRequests

    def render(self, template: str, values: Mapping[str, object]) -> str:
        """Fill in a template."""
        return self._templates.get_template(template).render(values)

    def market(self) -> Market:
        """Describe the market; before it is opened, with the currency that it will have."""
        opened, settings = self.caravan.cell.house.markets.market, self.caravan.settings
        if opened is None:
            return Market("Caravan", settings.currency, has_play_money=False, has_demo=False)
        is_here = settings.host in {"127.0.0.1", "localhost", "::1"}
        return Market(opened.name, opened.currency, opened.has_play_money, opened.has_play_money and is_here)

    async def aisles(self) -> dict[str, Aisle]:
        """Give all categories that have something on offer, by path: "Home", "Home/Kitchen"."""
        rows = await self._remember(
            "aisles",
            "SELECT category, count(*), product, max(sold) FROM shelf WHERE offers > 0 GROUP BY category LIMIT ?",
            (AISLES_MAX,),
        )
        if isinstance(rows, list):
            self._remembered["aisles"] = (*self._remembered["aisles"][:2], rows := _aisles(rows))
        assert isinstance(rows, dict)
        return rows

    async def window(self) -> Window:
        """Give what the home page shows."""
        lists = []
        for name, order in (("popular", "sold DESC, product DESC"), ("new", "added_at DESC, product DESC")):
            query = f"SELECT product FROM shelf WHERE offers > 0 ORDER BY {order} LIMIT ?"  # noqa: S608 - Both orders stand above.
            rows = await self._remember(name, query, (SHELF_PLACES,))
            assert isinstance(rows, list)
            lists.append(tuple(product for (product,) in rows))
        return Window(*lists)

    async def _remember(self, name: str, query: str, values: tuple[object, ...]) -> object:
        position, now = self.caravan.cell.position, time.monotonic()
        known = self._remembered.get(name)
        if known is not None and (known[0] == position or now - known[1] < LOOKED_UP_EVERY_S):
            return known[2]
        rows = await page(self.caravan, query, values)
        self._remembered[name] = (position, now, rows)
        return rows


def _aisles(rows: list[tuple[str, int, int, int]]) -> dict[str, Aisle]:
    """Add categories up to the ones above them; the picture is that of the product bought most."""
    sums: dict[str, list[int]] = {}
    for category, products, picture, sold in rows:
        levels = category.split("/")
        for depth in range(1, len(levels) + 1):
            known = sums.setdefault("/".join(levels[:depth]), [0, 0, -1])
            known[0] += products
            if sold > known[2]:
                known[1], known[2] = picture, sold
    return {
        path: Aisle(path, path.rpartition("/")[2], products, picture)
        for path, (products, picture, _) in sorted(sums.items())
    }


def children(aisles: Mapping[str, Aisle], path: str) -> list[Aisle]:
    """Give the categories right below one ("" for the top), the fullest first."""
    depth, prefix = (path.count("/") + 1, path + "/") if path else (0, "")
    below = [aisle for aisle in aisles.values() if aisle.path.startswith(prefix) and aisle.path.count("/") == depth]
    return sorted(below, key=lambda aisle: (-aisle.products, aisle.name))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "static": {name: f"/static/{name}?v={sha256(body).hexdigest()[:12]}" for name, body in STATIC.items()},
        "id": lambda kind, number: ids.text(getattr(ids, kind), number),
        "category_path": lambda path: "/c/" + quote(path),
        "children": children,
        "tint": tint,
        "plain": lambda money: plain(money.amount, money.currency),
    }
    return environment
