"""Reads Solomon's text format, in which the benchmarks of vehicle routing with time windows are written."""

from pathlib import Path

import msgspec

from caravan.kernel.errors import Invalid
from caravan.trade.network import STOPS_MAX, VEHICLES_MAX, Day, Depot, Ground, Stop, Vehicle

_VEHICLES, _CUSTOMERS = "VEHICLE", "CUSTOMER"
_SCALE = 10  # Tenths, as the best known values are counted in.


def read_solomon(path: Path) -> Day:
    """Read an instance: distances cut to one decimal, one unit of time for one of distance. Refuses another shape."""
    lines = [line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    try:
        fleet = lines.index([_VEHICLES])
        customers = lines.index([_CUSTOMERS])
        number, parcels_max = map(int, lines[fleet + 2])
    except (ValueError, IndexError):
        raise Invalid(f"{path.name} has no VEHICLE and CUSTOMER sections.", file=path.name) from None
    rows = []
    for at, words in enumerate(lines[customers + 2 :], customers + 3):
        if words:
            rows.append(_row(path, at, words))
    if not 1 < len(rows) <= STOPS_MAX + 1 or not 0 < number <= VEHICLES_MAX:
        raise Invalid(
            f"{path.name} has {len(rows) - 1} customers and {number} vehicles; there may be {STOPS_MAX} and"
            f" {VEHICLES_MAX}, and there is one of each at least.",
            file=path.name,
        )
    (_, x, y, _, opens, closes, _), *others = rows
    return Day(
        currency="EUR",
        depot=Depot(latitude=y, longitude=x),
        stops=tuple(_stop(row) for row in others),
        vehicles=tuple(
            Vehicle(vehicle=f"v{place:03d}", parcels_max=parcels_max, starts=_tenths(opens), ends=_tenths(closes))
            for place in range(1, number + 1)
        ),
        ground=Ground(shape="plane"),
    )


def _row(path: Path, at: int, words: list[str]) -> tuple[float, ...]:
    try:
        number, x, y, parcels, opens, closes, service = map(float, words)
    except ValueError:
        raise Invalid(
            f"{path.name} line {at}: a customer is seven numbers.", file=path.name, row=at, field="customer"
        ) from None
    return number, x, y, parcels, opens, closes, service


def _stop(row: tuple[float, ...]) -> Stop:
    number, x, y, parcels, opens, closes, service = row
    told = {
        "stop": str(int(number)), "latitude": y, "longitude": x, "parcels": int(parcels), "opens": _tenths(opens),
        "closes": _tenths(closes), "service": _tenths(service),
    }  # fmt: skip
    try:
        return msgspec.convert(told, Stop)
    except msgspec.ValidationError as error:
        raise Invalid(f"Customer {int(number)}: {error}", row=int(number)) from None


def _tenths(value: float) -> int:
    return round(_SCALE * value)
