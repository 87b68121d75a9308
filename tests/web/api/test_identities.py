"""Tests identities over HTTP, through the client: who is who, split, consent, proposals, and who may ask."""

import pytest

from benchmarks import people
from caravan.client import Refused, wire
from caravan.flows import lookalikes
from tests.web.api.rig import Rig


def mail(value: str) -> wire.Identifier:
    return wire.Identifier(type="email", value=value)


def cookie(value: str) -> wire.Identifier:
    return wire.Identifier(type="cookie", value=value)


def test_what_is_seen_together_is_one_identity_until_it_is_split(rig: Rig) -> None:
    with rig.client("operator") as client:
        (seen,) = client.observe([wire.Observation(identifiers=[mail("split@x.pt"), cookie("c-split")], source="web")])
        known = client.identity(seen)
        assert client.who_is([cookie("c-split")]).identity == seen

        parts = client.split_identity(seen, [known.ties[0].id], why="a shared computer")

        assert len(parts) == 2
        assert client.who_is([cookie("c-split")]).identity == parts[1].id
        with pytest.raises(Refused):
            client.split_identity(seen, [known.ties[0].id])
        tied = client.tie_identities(parts[0].id, parts[1].id, why="they said so")
        assert [one.state for one in tied.ties] == ["undone", "tied"]
        assert tied.ties[1].why == "they said so"


def test_somebody_unknown_is_nobody_and_nothing_asked_is_refused(rig: Rig) -> None:
    with rig.client("operator") as client:
        assert client.who_is([mail("stranger@x.pt")]).identity is None
        with pytest.raises(Refused) as told:
            client.who_is()
        assert told.value.refusal == "invalid"


def test_a_shared_mailbox_is_refused(rig: Rig) -> None:
    with rig.client("operator") as client, pytest.raises(Refused) as told:
        client.observe([wire.Observation(identifiers=[mail("info@x.pt")], source="web")])
    assert told.value.refusal == "blocked_value"


def test_what_somebody_forbids_binds_whom_they_are_tied_to(rig: Rig) -> None:
    with rig.client("operator") as client:
        for who, granted in ((mail("yes@x.pt"), True), (cookie("c-no"), False)):
            client.state_consent(wire.NewStatement(identifier=who, purpose="news", granted=granted, source="form"))
        (seen,) = client.observe([wire.Observation(identifiers=[mail("yes@x.pt"), cookie("c-no")], source="web")])

        assert client.identity(seen).consents == [wire.Consent(purpose="news", granted=False)]


def test_records_are_proposed_decided_resembled_and_forgotten(rig: Rig) -> None:
    table = people.make(200, seed=3).drop_columns(["cluster"])
    cell, vault = rig.caravan.cell, rig.caravan.vault
    lookalikes.take_customers(cell, vault, table, source="crm", told={}, progress=lambda *_: None)
    lookalikes.look_through(cell, vault, lambda *_: None)
    with rig.client("operator") as client:
        found = list(client.proposals())
        assert found
        assert found[0].evidence

        decided = client.decide_proposal(found[0].id, accept=True)

        assert client.identity(decided.right).id == client.identity(decided.left).id
        with pytest.raises(Refused) as told:
            client.decide_proposal(found[0].id, accept=False)
        assert told.value.refusal == "proposal_decided_already"
        row = table.slice(5, 1).to_pylist()[0]
        alike = client.who_is(record={name: row[name] for name in ("given_name", "surname", "city", "email")}).alike
        assert 0 <= alike[0].probability <= 1
        assert alike[0].evidence[0].level == "the same"
        client.forget_identity(alike[0].identity)
        with pytest.raises(Refused):
            client.identity(alike[0].identity)


@pytest.mark.parametrize("audience", ["buyer", "seller"])
def test_nobody_but_the_operator_asks_who_somebody_is(rig: Rig, audience: str) -> None:
    number = rig.buyer().number if audience == "buyer" else rig.seller().number
    other = rig.client(audience, number)
    with other as client, pytest.raises(Refused) as told:
        client.who_is([mail("somebody@x.pt")])
    assert told.value.refusal in {"wrong_audience", "missing_scope"}
