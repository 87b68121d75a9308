"""Pages: products and their SKUs by number: columns for what is looked up thousands at a time, bytes for what is read.

Of a product its first SKU is known, and of each SKU the one that follows it; so with the listings of a SKU.
"""

from collections.abc import Sequence
from typing import overload

import msgspec
import numpy as np

from caravan.cell import Table, pack, unpack
from caravan.events import catalog as events
from caravan.kernel.ids import ListingId, ProductId, SellerId, SkuId
from caravan.trade.catalog.texts import Names, Texts, joined, parted


class Product(msgspec.Struct, frozen=True):
    """A product page, shared by all who offer the product."""

    product: ProductId
    seller: SellerId
    title: str
    description: str
    category: str
    brand: str
    gtin: str
    attributes: dict[str, str]
    image: str
    weight_grams: int
    reference: str
    revision: int
    skus: list[SkuId]


class Sku(msgspec.Struct, frozen=True):
    """One variant of a product."""

    product: ProductId
    option: str
    listings: list[ListingId]


class Words(msgspec.Struct, array_like=True, frozen=True):
    """What a page says, which is only ever read."""

    title: str = ""
    description: str = ""
    brand: str = ""
    gtin: str = ""
    attributes: dict[str, str] = {}
    image: str = ""
    weight_grams: int = 0
    reference: str = ""


class _Label(msgspec.Struct, array_like=True, frozen=True):
    """The first words of a page; what stands behind them is passed over."""

    title: str
    description: msgspec.Raw
    brand: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Words).decode
_decode_label = msgspec.msgpack.Decoder(_Label).decode


class Skus(Sequence[Sku]):
    """SKUs by number. What is read is a copy, as good as it was then."""

    def __init__(self, listings: Table) -> None:
        """Take the table that knows of each listing the one that follows it."""
        self._listings = listings
        self.table = Table(
            product=np.int32, following=np.int32, option=np.int32, first_listing=np.int32, last_listing=np.int32
        )
        self.options = Names()

    def __len__(self) -> int:
        """Give the number that the next SKU will have."""
        return len(self.table)

    @overload
    def __getitem__(self, number: int) -> Sku: ...
    @overload
    def __getitem__(self, number: slice) -> list[Sku]: ...
    def __getitem__(self, number: int | slice) -> Sku | list[Sku]:
        """Read a SKU, or several."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        table = self.table
        listings = _walk(int(table.first_listing[number]), self._listings.following)
        return Sku(
            ProductId(int(table.product[number])), self.options.all[table.option[number]],
            [ListingId(one) for one in listings],
        )  # fmt: skip

    def add(self, products: np.ndarray, options: Sequence[str]) -> np.ndarray:
        """Add SKUs, numbered on; give their numbers."""
        option = [self.options.number(one) for one in options]
        new = self.table.append(len(products), product=products, option=option)
        return np.arange(new.start, new.stop)

    def dump(self) -> dict[str, np.ndarray]:
        """Give all SKUs."""
        return {"options": pack(self.options.all)} | dict(self.table.dump("skus"))

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take all SKUs back."""
        self.options = Names(unpack(parts, "options", list[str]))
        self.table.load("skus", parts)


class Pages(Sequence[Product]):
    """Product pages by number. What is read is a copy, as good as it was then."""

    def __init__(self, skus: Skus) -> None:
        self._skus = skus
        self.categories = Names()
        self.table = Table(
            seller=np.int32, category=np.int32, revision=np.int32, first_sku=np.int32, last_sku=np.int32, place=np.int64
        )
        self._texts = Texts()
        self.table.place[0] = self._texts.put(_encode(Words()))

    def __len__(self) -> int:
        """Give the number that the next page will have."""
        return len(self.table)

    @overload
    def __getitem__(self, number: int) -> Product: ...
    @overload
    def __getitem__(self, number: slice) -> list[Product]: ...
    def __getitem__(self, number: int | slice) -> Product | list[Product]:
        """Read a page, or several."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        table, words = self.table, self.words(number)
        skus = _walk(int(table.first_sku[number]), self._skus.table.following)
        return Product(
            ProductId(int(number)), SellerId(int(table.seller[number])), words.title, words.description,
            self.category(number), words.brand, words.gtin, words.attributes, words.image, words.weight_grams,
            words.reference, int(table.revision[number]), [SkuId(one) for one in skus],
        )  # fmt: skip

    def words(self, number: int) -> Words:
        """Read what a page says."""
        return _decode(self._texts.get(int(self.table.place[number])))

    def labels(self, numbers: np.ndarray) -> list[tuple[str, str, str]]:
        """Read titles, brands and categories alone: a list needs no more. Shape: int64 [n]."""
        places, categories = self.table.place[numbers].tolist(), self.table.category[numbers].tolist()
        labels = [_decode_label(self._texts.get(place)) for place in places]
        names = self.categories.all
        return [(label.title, label.brand, names[category]) for label, category in zip(labels, categories, strict=True)]

    def category(self, number: int) -> str:
        """Give the category of a page."""
        return self.categories.all[int(self.table.category[number])]

    def add(self, added: Sequence[events.ProductAdded]) -> None:
        """Add pages, numbered on."""
        first = len(self.table)
        assert [event.product for event in added] == list(range(first, first + len(added)))
        places = [self._texts.put(_encode(_words_of(event))) for event in added]
        categories = [self.categories.number(event.category) for event in added]
        sellers = [event.seller for event in added]
        self.table.append(len(added), seller=sellers, category=categories, revision=1, place=places)

    def edit(self, edited: events.ProductEdited) -> None:
        """Let a page say something else."""
        table, number = self.table, edited.product
        words = msgspec.structs.replace(
            self.words(number), title=edited.title, description=edited.description, image=edited.image
        )
        table.place[number] = self._texts.put(_encode(words))
        table.category[number] = self.categories.number(edited.category)
        table.revision[number] += 1

    def dump(self) -> dict[str, np.ndarray]:
        """Give all pages, with their texts in order, whatever was edited when."""
        words, lengths = joined(self._texts, self.table.place)
        columns = {name: column for name, column in self.table.dump("pages") if name != "pages.place"}
        return {"words": words, "lengths": lengths, "categories": pack(self.categories.all)} | columns

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take all pages back."""
        self.categories = Names(unpack(parts, "categories", list[str]))
        self._texts, places = parted(parts["words"], parts["lengths"])
        self.table.load("pages", parts | {"pages.place": np.array(places, np.int64)})


def _words_of(event: events.ProductAdded) -> Words:
    return Words(
        event.title, event.description, event.brand, event.gtin, event.attributes, event.image, event.weight_grams,
        event.reference,
    )  # fmt: skip


def _walk(number: int, following: np.ndarray) -> list[int]:
    found = []
    while number:
        found.append(number)
        number = int(following[number])
    return found


def chain(owners: np.ndarray, added: np.ndarray, first: np.ndarray, last: np.ndarray, following: np.ndarray) -> None:
    """Let what was added follow what its owner had before, in order. Shapes: owners [n], added [n], rising."""
    if not len(added):
        return
    order = np.argsort(owners, kind="stable")
    owners, added = owners[order], added[order]
    begins = np.concatenate([[True], owners[1:] != owners[:-1]])
    ends = np.concatenate([begins[1:], [True]])
    following[added[~ends]] = added[~begins]
    heads, whose = added[begins], owners[begins]
    is_new = first[whose] == 0
    first[whose[is_new]] = heads[is_new]
    following[last[whose[~is_new]]] = heads[~is_new]
    last[owners[ends]] = added[ends]
