"""Doors that bootstrap itself has to open, since adapters stand in them: BI tools, and the sandboxes' pages."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.routing import BaseRoute, Mount

from caravan.adapters.duckdb_numbers import DuckdbNumbers
from caravan.adapters.duckdb_reading import CATALOG, SCHEMA, Analysts
from caravan.adapters.flight_sql import Certificate, FlightSqlDoor
from caravan.adapters.sandbox.server import carrier_pages
from caravan.adapters.sandbox.server import pages as hosted_pages
from caravan.bootstrap.home import open_log
from caravan.bootstrap.kinds import KINDS
from caravan.bootstrap.running import Caravan
from caravan.cell import Log
from caravan.config import Settings
from caravan.flows import analysts
from caravan.flows.happenings import BOOK
from caravan.kernel.errors import Invalid


def sandbox_pages(caravan: Caravan) -> list[BaseRoute]:
    """Give the pages on which test cards are filled in, where a market has them."""
    found: list[BaseRoute] = []
    if caravan.road is not None:
        found.append(Mount("/sandbox/carrier", routes=carrier_pages(caravan.road)))
    if caravan.sandbox is not None:
        found.append(Mount("/sandbox", routes=hosted_pages(caravan.sandbox)))
    return found


class AnalystDesk:
    """Who comes to the door for BI tools, and what they are answered."""

    def __init__(self, caravan: Caravan, answers: Analysts) -> None:
        self._recognition = analysts.Recognition(caravan.cell, lambda token: hashlib.sha256(token.encode()).digest())
        self._answers = answers
        self.who, self.tables = self._recognition.who, answers.tables
        self.schema, self.read = answers.schema, answers.read


@contextmanager
def analysts_door(caravan: Caravan, log: Log | None = None) -> Iterator[FlightSqlDoor | None]:
    """Open the door for BI tools, where the settings name a port; without a certificate on this machine only."""
    settings = caravan.settings
    if not settings.flight_port:
        yield None
        return
    certificate = _certificate_of(settings)
    own, numbers = log or open_log(settings, is_reader=True), caravan.numbers
    store = DuckdbNumbers(
        settings.home / "numbers", log=own, kinds=KINDS, book=BOOK, zone=numbers.definitions.time_zone, threads=1
    )  # fmt: skip
    answers = Analysts(
        store, BOOK, definitions=lambda: numbers.definitions, position=lambda: caravan.cell.position,
        metrics=lambda told, viewer: analysts.metrics_sql(numbers, told, viewer),
    )  # fmt: skip
    try:
        door = FlightSqlDoor(
            settings.flight_host, settings.flight_port, AnalystDesk(caravan, answers), catalog=CATALOG, schema=SCHEMA,
            certificate=certificate,
        )  # fmt: skip
        try:
            yield door
        finally:
            door.shutdown()
    finally:
        answers.close()
        if log is None:
            own.close()


def _certificate_of(settings: Settings) -> Certificate | None:
    """Read the certificate of the door for BI tools. Refuses to open it to a network without one."""
    if settings.flight_certificate and settings.flight_key:
        files = [Path(settings.flight_certificate), Path(settings.flight_key)]
        if not all(file.is_file() for file in files):
            raise Invalid("There is no certificate, or no key, where the settings say.", field="flight_certificate")
        return Certificate(*(file.read_bytes() for file in files))
    if settings.flight_host not in {"127.0.0.1", "::1", "localhost"}:
        raise Invalid(
            "The door for BI tools opens to a network only with CARAVAN_FLIGHT_CERTIFICATE and CARAVAN_FLIGHT_KEY: "
            "tokens would be read on the way.",
            field="flight_host",
        )
    return None
