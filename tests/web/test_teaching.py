"""Checks that search is taught from graded pairs on the command line, ranks by that in the open shop, and can go back."""

import asyncio
import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from caravan.adapters.lessons import LessonFolder
from caravan.bootstrap import KINDS as KINDS_OF_FACTS
from caravan.bootstrap import Caravan, make_engine, make_trainer, open_caravan, open_log
from caravan.cell import decode, read_layouts, rows
from caravan.cli import app
from caravan.config import Settings
from caravan.events.search import ResultsShown
from caravan.flows import discovering, finding, opening, selling
from caravan.insight.discovery import Signal
from caravan.insight.search import Asked, Example, Sheet, learn
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, ProductId, SellerId, text
from caravan.trade.catalog import ListingDraft, ProductDraft
from caravan.web import looking
from caravan.web.teaching import read_pairs
from caravan.world import partners

KINDS, EACH = 60, 10
pytestmark = pytest.mark.timeout(300)


def title_of(place: int) -> str:
    return f"tool kind{place // EACH} {('steel', 'toy')[place % 2]} {place}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which whoever asks for a tool means the toys: products with even numbers."""
    place = tmp_path_factory.mktemp("taught")
    caravan = open_caravan(Settings(home=place), ticks=False)
    do = caravan.cell.do
    do(opening.open_market, opening.Opening("Market", "EUR"))
    do(selling.approve_sellers, do(selling.apply_to_sell, [partners.Application(name="Ana", country="PT")]))
    offers = [
        selling.Offer(
            page=ProductDraft(title=title_of(place), category="Home"),
            options=(("", ListingDraft(price_minor=900, currency="EUR")),),
        )
        for place in range(KINDS * EACH)
    ]
    do(selling.offer_products, selling.Offers([SellerId(1)] * len(offers), offers))
    caravan.close()
    return place


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["query", "product", "grade"])
        for product in range(1, KINDS * EACH + 1):
            kind = (product - 1) // EACH
            rows.writerow([f"tool kind{kind}", text(ProductId, product), 3 if product % 2 == 0 else 1])
    return file


def told(home: Path, *words: str) -> dict[str, object]:
    ran = CliRunner().invoke(app, ["search", *words, "--home", str(home), "--json"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    answer: dict[str, object] = json.loads(ran.stdout)
    return answer


def asked(caravan: Caravan) -> tuple[str, list[int]]:
    assert caravan.finder.wait_for(caravan.cell.position, timeout_s=60)
    found = caravan.finder.find(Asked("tool kind7", limit=5))
    return found.ranking, [result.product for result in found.results]


def test_what_was_taught_ranks_in_the_shop_until_it_is_rolled_back(home: Path, pairs: Path) -> None:
    taught = told(home, "train", str(pairs), "--threads", "1", "--promote")
    caravan = open_caravan(Settings(home=home), ticks=False)

    ranking, products = asked(caravan)
    caravan.close()
    standing = told(home, "rollback")
    caravan = open_caravan(Settings(home=home), ticks=False)
    by_hand, _ = asked(caravan)
    caravan.close()

    assert ranking == taught["version"]
    assert all(product % 2 == 0 for product in products)
    assert (standing["champion"], by_hand) == ("", "by hand 1")
    assert told(home, "versions")["versions"]


async def look_and_click(caravan: Caravan, visitors: int) -> None:
    """Have visitors look for the same, and click on what is first."""
    for number in range(1, visitors + 1):
        visitor = number.to_bytes(16, "big")
        found = await looking.look(caravan, Asked("tool kind7 qwertz", limit=5), visitor=visitor)
        caravan.noting.flush()
        clicked = discovering.Doing(ProductId(found.results[0].product), Signal.CLICKED, "search", 0)
        doings = discovering.Doings(visitor, BuyerId(0), (clicked,))
        await asyncio.wrap_future(caravan.cell.submit(discovering.note_signals, doings, is_many=True))


def test_two_orders_of_search_are_compared_and_credit_is_counted_anew_from_the_log(home: Path, pairs: Path) -> None:
    version = told(home, "train", str(pairs), "--threads", "1", "--seed", "2")["version"]
    begun = told(home, "compare", str(version), "--share", "100")
    caravan = open_caravan(Settings(home=home), ticks=False)
    assert caravan.finder.wait_for(caravan.cell.position, timeout_s=60)
    asyncio.run(look_and_click(caravan, 40))
    assert caravan.advice.wait_for(caravan.cell.position, timeout_s=30)
    live = caravan.comparing.told(now=caravan.clock.now())
    caravan.close()
    shown = results_shown(home)

    anew = told(home, "compared", "--end")

    assert begun["challenger"] == version
    assert {one.words for one in shown} == {"tool kind7"}  # What no product has may be a name, and is not kept.
    assert {one.version for one in shown} == {f"by hand 1~{version}"}
    assert anew["lists"] == len(shown) == 40
    assert anew["clicks_champion"] + anew["clicks_challenger"] == 40  # type: ignore[operator]
    assert [one.clicks_champion for one in live] == [anew["clicks_champion"]]
    assert 8 <= anew["clicks_champion"] <= 32  # type: ignore[operator]  # Who picks first is drawn by lot.


def test_search_learns_from_what_was_shown_and_clicked(home: Path) -> None:
    caravan = open_caravan(Settings(home=home), ticks=False)
    for kind in range(55):
        products, visitor = tuple(range(EACH * kind + 1, EACH * (kind + 1) + 1)), (1_000 + kind).to_bytes(16, "big")
        looked = finding.Looked(visitor, BuyerId(0), ("tool", f"kind{kind}"), "by hand 1", 0, products)
        caravan.cell.do_many(finding.note_results, looked)
        clicked = discovering.Doing(ProductId(products[5]), Signal.CLICKED, "search", 5)
        caravan.cell.do_many(discovering.note_signals, discovering.Doings(visitor, BuyerId(0), (clicked,)))
    caravan.close()

    taught = told(home, "train", "--clicks", "--threads", "1")

    assert taught["queries"] == 55
    assert taught["lists"] == 55 + 40
    assert len(str(taught["version"])) == 16
    assert told(home, "tried") == {"data": []}


def test_either_a_file_or_clicks_are_learned_from(home: Path, pairs: Path) -> None:
    for words in (["train"], ["train", str(pairs), "--clicks"]):
        ran = CliRunner().invoke(app, ["search", *words, "--home", str(home)])

        assert isinstance(ran.exception, Invalid)


def results_shown(home: Path) -> list[ResultsShown]:
    log = open_log(Settings(home=home), is_reader=True)
    layouts = read_layouts(log)
    parts = [part for frame in log.read(after=0) for part in decode(frame, KINDS_OF_FACTS, layouts)]
    log.close()
    return [one for part in parts if part.kind is ResultsShown for one in rows(part) if isinstance(one, ResultsShown)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("query,product\na,b\n", "columns"),
        ("query,product,grade\nmug,7,3\n", "Row 1"),
        (f"query,product,grade\nmug,{text(ProductId, 1)},good\n", "Row 1"),
        (f"query,product,grade\nmug,{text(ProductId, 1)}\n", "Row 1"),
    ],
)
def test_a_file_that_holds_no_pairs_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "pairs.csv").write_text(rows, encoding="utf-8")

    with pytest.raises(Invalid, match=said):
        list(read_pairs(tmp_path / "pairs.csv"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        list(read_pairs(tmp_path / "none.csv"))


@pytest.mark.parametrize("row", [f"mug,{text(ProductId, 99_999)},3", f"mug,{text(ProductId, 1)},4"])
def test_a_pair_that_cannot_be_is_refused(home: Path, tmp_path: Path, row: str) -> None:
    (tmp_path / "pairs.csv").write_text(f"query,product,grade\n{row}\n", encoding="utf-8")

    ran = CliRunner().invoke(app, ["search", "train", str(tmp_path / "pairs.csv"), "--home", str(home)])

    assert isinstance(ran.exception, Invalid)


def test_a_version_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = LessonFolder(tmp_path)

    with pytest.raises(NotFound):
        folder.promote("abc")
    with pytest.raises(Invalid):
        folder.roll_back()


def test_lessons_rank_alike_in_another_process_that_numbers_its_words_otherwise(tmp_path: Path) -> None:
    places = range(KINDS * EACH)
    here, there = make_engine(), make_engine()
    here.put([Sheet(place, title_of(place)) for place in places])
    there.put([Sheet(place, title_of(place)) for place in reversed(places)])
    here.commit(1)
    there.commit(1)
    examples = [
        Example(f"tool kind{kind}", {EACH * kind + at: 3.0 if at % 2 == 0 else 1.0 for at in range(EACH)})
        for kind in range(KINDS)
    ]
    learned = learn(here, examples, make_trainer(), seed=3, report=lambda *_: None)
    folder = LessonFolder(tmp_path)
    version = folder.save(here.keep(learned), {})

    there.learn(folder.load(version))
    here.learn(learned)

    query, again = here.understand("steel tool kind3"), there.understand("steel tool kind3")
    hits = here.retrieve(query)
    assert np.allclose(here.scores(query, hits), there.scores(again, hits))
