"""Throws seeded nonsense at every operation: whatever is sent, nothing breaks inside and the books stay sound."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from caravan.bootstrap import keep_promises
from caravan.flows import invariants
from caravan.kernel import ids
from caravan.web.api import OPERATIONS, describe
from caravan.web.api.operations import PATH_IDS, Operation
from tests.web.api.rig import Rig, running

REQUESTS = 1_500
EDGES = [
    0,
    1,
    -1,
    2,
    3,
    5,
    100,
    999,
    1_000,
    10_000,
    100_000,
    100_001,
    10**9,
    10**13,
    10**15,
    2**31,
    2**63 - 1,
    2**63,
    10**30,
]
TEXTS = [
    "",
    "x",
    "Mug",
    "0",
    "mug OR",
    '"',
    "a\u0000b",
    "ミ" * 20,
    "9" * 300,
    "2026-11-21T07:30:00Z",
    "0001-01-01T00:00:00+14:00",
    "EUR",
    "JPY",
]


class Dice:
    """Makes values that fit a schema, mostly, and sometimes ones that do not."""

    def __init__(self, seed: int) -> None:
        self.roll = random.Random(seed)
        self.schemas: dict[str, Any] = describe(OPERATIONS)["components"]["schemas"]

    def value(self, schema: dict[str, Any]) -> Any:  # noqa: ANN401, PLR0911
        if self.roll.random() < 0.01:
            return self.roll.choice([None, [], {}, "x", -1, 1.5, True])
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return self.value(self.roll.choice(schema["anyOf"]))
        if "enum" in schema:
            return self.roll.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [self.value(schema["items"]) for _ in range(self.roll.randint(1, 3))]
        if kind == "string":
            return self._text(schema)
        if kind == "integer":
            return self.roll.choice([1, 1, 2, 1_000, 1_000, 2_000] if self.roll.random() < 0.85 else EDGES)
        return {"boolean": self.roll.random() < 0.5, "null": None}.get(str(kind))

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        properties, required = schema.get("properties"), schema.get("required", [])
        if properties is None:
            return {"k": "v"}
        return {
            name: self.value(inner)
            for name, inner in properties.items()
            if name in required or self.roll.random() < 0.4
        }

    def _text(self, schema: dict[str, Any]) -> str:
        pattern = schema.get("pattern", "")
        for kind, prefix in ids.PREFIXES.items():
            if pattern.startswith(f"^{prefix}_"):
                return ids.text(kind, self.number())
        if pattern == "^[A-Z]{3}$":
            return "EUR" if self.roll.random() < 0.9 else "JPY"
        return "PT" if pattern == "^[A-Z]{2}$" else self.roll.choice(TEXTS)

    def number(self) -> int:
        return self.roll.choice([1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5, 0, 10**6, 2**59])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_sent_nothing_breaks_inside(home: Path, seed: int) -> None:
    with running(home, has_play_money=True, requests_per_minute=600_000) as rig:
        dice = Dice(seed)
        tokens = _people(rig)
        keep_promises(rig.caravan.cell, rig.caravan.desk)
        rig.caravan.finder.start()
        assert rig.caravan.finder.wait_for(rig.caravan.cell.position, timeout_s=60)
        told: Counter[int] = Counter()
        http = rig.http()
        for place in range(REQUESTS):
            told[_throw(http, dice, tokens, place)] += 1
            if place % 50 == 0:
                rig.pass_time(dice.roll.randint(0, 2 * 10**11))

        assert sum(count for status, count in told.items() if status >= 500) == 0, (seed, told)
        assert told[200] + told[201] > REQUESTS // 20
        assert list(invariants.findings(rig.caravan.cell.house)) == []


def _people(rig: Rig) -> dict[str, list[str]]:
    sellers = [rig.seller() for _ in range(2)]
    for seller in sellers:
        for _ in range(3):
            seller.offer(1_000, 50)
    buyers = [rig.buyer(10**9) for _ in range(2)]
    return {
        "seller": [seller.client.token or "" for seller in sellers],
        "buyer": [buyer.token for buyer in buyers],
        "operator": [rig.token("operator")],
        "public": [""],
    }


def _throw(http: httpx.Client, dice: Dice, tokens: dict[str, list[str]], place: int) -> int:
    operation: Operation = dice.roll.choice(
        [
            it
            for it in OPERATIONS
            if it.name not in {"forget_me", "revoke_token", "register_buyer", "apply_to_sell", "make_token"}
        ]
    )
    token = dice.roll.choice(tokens[dice.roll.choice(operation.who)])
    path = operation.path.format(**{name: ids.text(kind, dice.number()) for name, kind in PATH_IDS.items()})
    headers = {"idempotency-key": f"{place}", "if-match": "*", "content-type": "application/json"}
    body = b""
    if operation.request is not None:
        body = msgspec.json.encode(dice.value({"$ref": f"#/{operation.request.__name__}"}))
    query = dice.value({"$ref": f"#/{operation.query.__name__}"}) if operation.query else None
    asked = {name: value for name, value in query.items() if value is not None} if isinstance(query, dict) else {}
    if token:
        headers["authorization"] = f"Bearer {token}"
    return http.request(operation.method, path, content=body, params=asked, headers=headers).status_code
