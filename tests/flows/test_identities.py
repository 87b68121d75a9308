"""Tests the stories of identities: buyers, customers of another system, a look through all, and being forgotten."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from caravan.adapters.vault import SqliteVault
from caravan.bootstrap import Caravan, open_caravan
from caravan.config import Settings
from caravan.flows import identities, lookalikes, people
from caravan.insight import oneid
from caravan.insight.oneid import Type
from caravan.kernel.clock import FixedClock
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId

CUSTOMERS = pa.table(
    {
        "id": ["1", "2", "3", "4", "5", ""],
        "given_name": ["Ana", "Anna", "Rui", "Rui", "Eva", "Zoe"],
        "surname": ["Silva", "Silva", "Costa", "Costa", "Pinto", "Reis"],
        "dob": ["1971-06-24", "1971-06-24", "1980-01-02", "1980-01-02", "1990-11-30", "1999-01-01"],
        "city": ["Lisboa", "Lisboa", "Porto", "Porto", "Faro", "Faro"],
        "card": ["111222", None, "333444", "0000", "333444", None],
    }
)
TOLD = {"card": "loyalty_card"}


def quiet(*_: object) -> None:
    """Report nothing."""


@pytest.fixture
def caravan(tmp_path: Path) -> Caravan:
    return open_caravan(Settings(home=tmp_path), clock=FixedClock(), ticks=False)


def take(caravan: Caravan) -> lookalikes.Taken:
    return lookalikes.take_customers(caravan.cell, caravan.vault, CUSTOMERS, source="crm", told=TOLD, progress=quiet)


def identity_of(caravan: Caravan, kind: Type, value: str) -> int:
    seen = lookalikes.marked(caravan.vault, [[(kind, value)]], [""])
    return int(oneid.identify(caravan.cell.house.oneid, seen.types, seen.highs, seen.lows)[0])


def test_customers_are_kept_once_and_rows_without_an_id_come_back_with_the_reason(caravan: Caravan) -> None:
    first, again = take(caravan), take(caravan)

    assert (first.rows, first.kept, again.kept) == (6, 5, 0)
    assert first.rejects == [(6, "", "The row has no id.")]
    caravan.close()


def test_what_is_kept_of_customers_is_sealed_and_their_cards_tie_them_for_certain(caravan: Caravan) -> None:
    take(caravan)

    records = caravan.cell.house.oneid.records.values()
    assert not any(b"Silva" in record.sealed for record in records)
    assert identity_of(caravan, Type.RECORD, "crm:3") == identity_of(caravan, Type.RECORD, "crm:5")
    assert identity_of(caravan, Type.RECORD, "crm:4") != identity_of(caravan, Type.RECORD, "crm:3")
    caravan.close()


def test_a_mapping_of_no_column_and_a_table_without_an_id_are_refused(caravan: Caravan) -> None:
    for table, told in ((CUSTOMERS, {"kard": "login"}), (CUSTOMERS.drop_columns(["id"]), {})):
        with pytest.raises(Invalid):
            lookalikes.take_customers(caravan.cell, caravan.vault, table, source="crm", told=told, progress=quiet)
    caravan.close()


def test_a_look_ties_or_proposes_and_the_second_look_finds_nothing_new(caravan: Caravan) -> None:
    take(caravan)

    first = lookalikes.look_through(caravan.cell, caravan.vault, quiet)
    again = lookalikes.look_through(caravan.cell, caravan.vault, quiet)

    assert first.records == 5
    assert first.tied + first.proposed > 0
    assert (again.tied, again.proposed) == (0, 0)
    caravan.close()


def test_a_new_record_is_recognized_among_those_that_were_kept(caravan: Caravan) -> None:
    take(caravan)
    record = {"given_name": "Rui", "surname": "Costa", "birth_date": "1980-01-02", "city": "Porto"}

    found = caravan.people.ask(caravan.cell, caravan.vault, record)

    assert found[0][0] in {identity_of(caravan, Type.RECORD, f"crm:{row}") for row in (3, 4)} | set(range(99))
    assert found[0][1].odds > found[-1][1].odds or len(found) == 2
    with pytest.raises(Invalid):
        caravan.people.ask(caravan.cell, caravan.vault, {"shoe size": "43"})
    caravan.close()


def test_a_buyers_login_and_email_are_one_identity_until_they_are_forgotten(caravan: Caravan) -> None:
    mark = caravan.vault.mark("ana@example.pt")
    new = people.NewBuyer(email_mark=mark, contact=b"sealed", country="PT", address=b"")
    caravan.cell.do(people.register_buyers, [new])
    assert identity_of(caravan, Type.EMAIL, "ana@example.pt") == 1
    assert identities.buyer_identity(caravan.cell.house, BuyerId(1)) == 1

    caravan.cell.do(people.forget_buyer, BuyerId(1))

    assert identity_of(caravan, Type.EMAIL, "ana@example.pt") == 0
    caravan.close()


def test_a_guest_without_an_address_is_no_identity(caravan: Caravan) -> None:
    caravan.cell.do(people.register_buyers, [people.NewBuyer(b"", b"sealed", "PT", b"")])

    assert len(caravan.cell.house.oneid.identifiers) == 1
    caravan.close()


def test_a_forgotten_customer_can_not_be_read_again_and_is_not_compared(caravan: Caravan) -> None:
    take(caravan)
    known = identity_of(caravan, Type.RECORD, "crm:1")
    sealed = caravan.cell.house.oneid.records[known].sealed

    assert lookalikes.forget(caravan.cell, caravan.vault, known) == 1

    assert lookalikes.record_of(caravan.vault, sealed) == {}
    assert lookalikes.look_through(caravan.cell, caravan.vault, quiet).records == 4
    with pytest.raises(NotFound):
        lookalikes.forget(caravan.cell, caravan.vault, known)
    caravan.close()


def test_requests_that_arrive_together_are_each_told_their_own_identities(caravan: Caravan) -> None:
    groups = [[(Type.EMAIL, f"p{place}@example.pt"), (Type.COOKIE, f"cookie-{place}")] for place in range(3)]
    seen = [lookalikes.marked(caravan.vault, [group], ["web"]) for group in (*groups, groups[0])]

    batch = identities.observe_together(caravan.cell.house, seen, now=caravan.clock.now())

    answers = [np.asarray(answer()).tolist() for answer in batch.answers if callable(answer)]
    assert answers == [[1], [3], [5], [1]]
    caravan.close()


def test_a_split_undoes_all_of_its_ties_or_none(caravan: Caravan) -> None:
    seen = lookalikes.marked(caravan.vault, [[(Type.EMAIL, "a@example.pt"), (Type.COOKIE, "cookie")]], ["web"])
    caravan.cell.do_many(identities.observe_together, seen)

    with pytest.raises(NotFound):
        caravan.cell.do(identities.split_identity, identities.Split((1, 2), "wrong"))
    assert caravan.cell.do(identities.split_identity, identities.Split((1,), "wrong")) == [1, 2]
    caravan.close()


def test_the_vault_marks_one_value_one_way(tmp_path: Path) -> None:
    vault = SqliteVault(tmp_path / "vault.db")

    one, two = (lookalikes.marked(vault, [[(Type.EMAIL, text)]], [""]) for text in ("A@b.pt", " a@B.pt "))

    assert (one.highs, one.lows) == (two.highs, two.lows)
    vault.close()
