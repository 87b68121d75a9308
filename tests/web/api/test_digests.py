"""Tests letters: only to who allowed them, no more often than is said, with a way out that needs no login and no form."""

import email
from email.policy import default
from pathlib import Path

import pytest
from typer.testing import CliRunner

from caravan.cli import app
from caravan.client import Client, wire
from caravan.client.sending import Refused
from caravan.kernel.clock import DAY
from tests.web.api.rig import Rig, price

SITE = "https://market.example"


@pytest.fixture(scope="module")
def products(rig: Rig) -> list[str]:
    rig.caravan.advice.warm()
    seller, made = rig.seller(), []
    for number in range(5):
        offered = seller.client.offer_product(
            wire.NewProduct(title=f"Cup & {number}", category="Cups", options=[wire.NewOption(price=price(1_000))])
        )
        if number < 4:
            seller.client.change_stock(offered.listings[0], 5)
        made.append(offered.id)
    return made


def write(rig: Rig, *, days: int = 7, site: str = SITE) -> list[wire.Digest]:
    return rig.operator.write_digests(wire.NewDigests(site=site, days=days)).data


def reader(rig: Rig) -> Client:
    client = rig.buyer().client
    client.say_consent("digest", granted=True)
    return client


def test_a_letter_goes_only_to_who_allowed_it_and_shows_what_can_be_bought(rig: Rig, products: list[str]) -> None:
    rig.buyer()
    me = reader(rig).me()

    (letter,) = write(rig)

    assert (letter.email, letter.buyer) == (me.email, me.id)
    assert {one.id for one in letter.data} == set(products[:4])
    assert f"{SITE}/products/{letter.data[0].id}?from=digest.0" in letter.text
    assert "Cup &amp; " in letter.html
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_nobody_is_written_to_again_within_the_days(rig: Rig, products: list[str]) -> None:
    assert products
    reader(rig)
    assert len(write(rig)) >= 1

    assert write(rig) == []
    rig.clock.advance(7 * DAY)
    assert len(write(rig)) >= 1


def test_the_link_unsubscribes_without_login_and_at_once(rig: Rig, products: list[str]) -> None:
    assert products
    client = reader(rig)
    mine = next(one for one in write(rig, site=rig.url) if one.buyer == client.me().id)
    link = mine.headers["List-Unsubscribe"].strip("<>")
    assert link in mine.text

    asked, done = rig.http().get(link), rig.http().post(link, data={"List-Unsubscribe": "One-Click"})
    rig.clock.advance(7 * DAY)

    assert "No more letters" in asked.text
    assert "write to you no more" in done.text
    assert {one.purpose: one.stands for one in client.consents()}["digest"] == "forbidden"
    assert client.me().id not in {one.buyer for one in write(rig)}


def test_a_link_that_was_not_made_here_does_nothing(rig: Rig) -> None:
    client = reader(rig)

    for token in ("", "x", f"{client.me().id}.{'0' * 32}", client.me().id):
        assert rig.http().post(f"/unsubscribe?token={token}").status_code == 404
    assert {one.purpose: one.stands for one in client.consents()}["digest"] == "allowed"


def test_who_forbids_suggestions_or_is_erased_is_written_to_no_more(rig: Rig, products: list[str]) -> None:
    assert products
    quiet, gone = reader(rig), reader(rig)
    out = {quiet.me().id, gone.me().id}
    assert out <= {one.buyer for one in write(rig, days=1)}

    quiet.say_consent("personalization", granted=False)
    gone.forget_me()
    rig.clock.advance(2 * DAY)

    assert not out & {one.buyer for one in write(rig, days=1)}


def test_a_terminal_writes_one_file_a_buyer_for_a_mailer(rig: Rig, products: list[str], tmp_path: Path) -> None:
    assert products
    me = reader(rig).me()
    words = ["discovery", "digest", str(tmp_path), "--site", SITE, "--url", rig.url, "--token", rig.token("operator")]

    ran = CliRunner().invoke(app, words)

    assert ran.exit_code == 0, ran.output
    letter = email.message_from_bytes((tmp_path / f"{me.id}.eml").read_bytes(), policy=default)
    assert (letter["To"], letter["List-Unsubscribe"].startswith(f"<{SITE}/unsubscribe?token=")) == (me.email, True)
    assert {part.get_content_type() for part in letter.walk()} == {"multipart/alternative", "text/plain", "text/html"}


def test_only_the_operator_writes_letters_and_only_with_links_to_a_site(rig: Rig) -> None:
    new = wire.NewDigests(site=SITE)
    with pytest.raises(Refused):
        rig.client().write_digests(new)
    with pytest.raises(Refused):
        write(rig, site="javascript:alert(1)")
