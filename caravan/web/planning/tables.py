"""Reads what planners are given: folders of CSV, Parquet or JSON tables, or one JSON document; whole or not at all."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
from pyarrow import parquet as pq

from caravan.kernel.cells import unguarded
from caravan.kernel.errors import Invalid
from caravan.trade import network

FILE_BYTES_MAX = 64 * 2**20
ROWS_MAX = 100_000
FAULTS_SHOWN_MAX = 20
_SUFFIXES = (".parquet", ".csv", ".json")
_Row = TypeVar("_Row", bound=msgspec.Struct)
# What the columns are called that are named otherwise inside, and times of day, which are written as 08:30.
_CLOCKS = {"opens", "closes", "starts", "ends"}
_MINUTES_PER_HOUR, _SECONDS_PER_MINUTE = 60, 60


def read_network(path: Path, *, currency: str) -> network.Network:
    """Read places, hubs, legs and demand. Refuses all of it with every fault by file, row and field."""
    if path.is_dir():
        found: list[network.Fault] = []
        places = _table(path, "places", network.Place, found)
        hubs = _table(path, "hubs", network.Hub, found, is_needed=False)
        legs = _table(path, "legs", network.Leg, found)
        demand = _table(path, "demand", network.Demand, found)
        _refuse(found)
        told = network.Network(
            currency=currency, places=tuple(places), hubs=tuple(hubs), legs=tuple(legs), demand=tuple(demand)
        )
        return checked(told)
    return network_of(_bytes(path), default_currency=currency)


def network_of(text: bytes, *, default_currency: str) -> network.Network:
    """Read a network that is written as one JSON document."""
    document = _document(text)
    document.setdefault("currency", default_currency)
    found: list[network.Fault] = []
    kinds = {"places": network.Place, "hubs": network.Hub, "legs": network.Leg, "demand": network.Demand}
    parts: dict[str, Any] = {
        name: tuple(_rows(document.pop(name, []), name, kind, found)) for name, kind in kinds.items()
    }
    currency = document.pop("currency")
    found += [network.Fault("network", 0, name, "There is no such field.") for name in document]
    _refuse(found)
    return checked(network.Network(currency=str(currency), **parts))


def checked(told: network.Network) -> network.Network:
    """Give a network back; refuses one in which rows contradict each other."""
    _refuse(network.faults(told))
    return told


def read_day(path: Path, *, currency: str) -> network.Day:
    """Read a day's depot, stops and vehicles, with the ground that they are on. Refuses it as `read_network` does."""
    if path.is_dir():
        found: list[network.Fault] = []
        depots = _table(path, "depot", network.Depot, found)
        stops = _table(path, "stops", network.Stop, found)
        vehicles = _table(path, "vehicles", network.Vehicle, found)
        grounds = _table(path, "ground", network.Ground, found, is_needed=False) or [network.Ground()]
    else:
        document, found = _document(_bytes(path)), []
        currency = str(document.pop("currency", currency))
        depots = _rows([document.pop("depot", {})], "depot", network.Depot, found)
        stops = _rows(document.pop("stops", []), "stops", network.Stop, found)
        vehicles = _rows(document.pop("vehicles", []), "vehicles", network.Vehicle, found)
        grounds = _rows([document.pop("ground", {})], "ground", network.Ground, found)
        found += [network.Fault("day", 0, name, "There is no such field.") for name in document]
    if not found and len(depots) != 1:
        found.append(network.Fault("depot", 0, "name", f"There is one depot, not {len(depots)}."))
    _refuse(found)
    _refuse(_too_many("stops", stops, network.STOPS_MAX) + _too_many("vehicles", vehicles, network.VEHICLES_MAX))
    _refuse(
        [
            network.Fault(name, 0, "", "There is none.")
            for name, of in (("stops", stops), ("vehicles", vehicles))
            if not of
        ]
    )
    day = network.Day(
        currency=currency, depot=depots[0], stops=tuple(stops), vehicles=tuple(vehicles), ground=grounds[0]
    )
    _refuse(network.day_faults(day))
    return day


def read_breaks(path: Path) -> list[network.Break]:
    """Read what broke: a JSON list of vehicle_out, driver_late, stop_added and stop_canceled."""
    found: list[network.Fault] = []
    try:
        rows = msgspec.json.decode(_bytes(path), type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise Invalid(f"{path.name}: {error}", file=path.name) from None
    breaks = []
    for number, row in enumerate(rows[: network.BREAKS_MAX + 1], 1):
        row["stop"] = _told(row["stop"]) if isinstance(row.get("stop"), Mapping) else row.get("stop")
        given = {name: value for name, value in _told(row).items() if value is not None}
        try:
            breaks.append(msgspec.convert(given, network.Break, strict=False))
        except msgspec.ValidationError as error:
            found.append(_fault(path.name, number, error))
    _refuse(found + _too_many(path.name, rows, network.BREAKS_MAX))
    return breaks


def _too_many(table: str, rows: Sequence[object], most: int) -> list[network.Fault]:
    return [network.Fault(table, most + 1, "", f"There may be {most:,} rows.")] if len(rows) > most else []


def _table(
    folder: Path, name: str, kind: type[_Row], found: list[network.Fault], *, is_needed: bool = True
) -> list[_Row]:
    files = [folder / f"{name}{suffix}" for suffix in _SUFFIXES if (folder / f"{name}{suffix}").is_file()]
    if not files:
        wanted = " or ".join(f"{name}{suffix}" for suffix in _SUFFIXES)
        found += [network.Fault(name, 0, "", f"{folder} holds no {wanted}.")] if is_needed else []
        return []
    if len(files) > 1:
        found.append(network.Fault(name, 0, "", f"There is more than one: {', '.join(file.name for file in files)}."))
        return []
    (file,) = files
    return _rows(_read(file, found), file.name, kind, found)


def _read(file: Path, found: list[network.Fault]) -> Any:  # noqa: ANN401 - What a file holds.
    raw = _bytes(file)
    if file.suffix == ".parquet":
        try:
            table = pq.read_table(pa.BufferReader(raw))
        except (pa.ArrowException, OSError) as error:
            found.append(network.Fault(file.name, 0, "", f"This is no Parquet file: {str(error)[:200]}"))
            return []
        return table.slice(0, ROWS_MAX + 1).to_pylist()
    if file.suffix == ".json":
        try:
            return msgspec.json.decode(raw)
        except msgspec.DecodeError as error:
            found.append(network.Fault(file.name, 0, "", str(error)))
            return []
    return _csv(file, raw, found)


def _csv(file: Path, raw: bytes, found: list[network.Fault]) -> list[dict[str, str]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.append(network.Fault(file.name, raw.count(b"\n", 0, error.start), "", "This is not UTF-8."))
        return []
    reader = csv.reader(io.StringIO(text), strict=True)
    rows = []
    try:
        header = [name.strip() for name in next(reader, [])]
        for number, cells in enumerate(reader, 1):
            if cells and len(cells) != len(header):
                found.append(
                    network.Fault(file.name, number, "", f"{len(cells)} fields; the header has {len(header)}.")
                )
            elif cells:
                rows.append({name: unguarded(cell.strip()) for name, cell in zip(header, cells, strict=True)})
            if number > ROWS_MAX:
                break
    except csv.Error as error:
        found.append(network.Fault(file.name, reader.line_num - 1, "", f"{error}."))
    return rows


def _rows(rows: Any, table: str, kind: type[_Row], found: list[network.Fault]) -> list[_Row]:  # noqa: ANN401
    """Turn rows into what they stand for; text is read as the number that it writes."""
    if not isinstance(rows, list):
        found.append(network.Fault(table, 0, "", "A list of rows was wanted here."))
        return []
    found += _too_many(table, rows, ROWS_MAX)
    made = []
    for number, row in enumerate(rows[:ROWS_MAX], 1):
        if not isinstance(row, Mapping):
            found.append(network.Fault(table, number, "", "A row is an object with a name for each value."))
            continue
        try:
            made.append(msgspec.convert(_told(row), kind, strict=False))
        except msgspec.ValidationError as error:
            found.append(_fault(table, number, error))
    return made


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty, and read times of day as seconds; what can't be read is left to be refused."""
    told = {name: value for name, value in row.items() if value not in {"", None}} if _is_flat(row) else dict(row)
    return {name: _seconds(value) if name in _CLOCKS else value for name, value in told.items()}


def _is_flat(row: Mapping[str, Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in row.values())


def _seconds(value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str) or ":" not in value:
        return value
    hours, _, minutes = value.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and int(minutes) < _MINUTES_PER_HOUR):  # noqa: PLR2004
        return value
    return (int(hours[:4]) * _MINUTES_PER_HOUR + int(minutes)) * _SECONDS_PER_MINUTE


def _fault(table: str, row: int, error: msgspec.ValidationError) -> network.Fault:
    reason, _, path = str(error).partition(" - at `$")
    field = path.strip("`.").removesuffix("`") if path else ""
    if not field and "`" in reason:
        field = reason.split("`")[-2]
    return network.Fault(table, row, field, reason + ".")


def _document(text: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Invalid(f"This is no JSON document of the shape that is wanted: {error}") from None
    except RecursionError:
        raise Invalid("This document is nested too deeply.") from None


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise Invalid(f"{path.name} has {size:,} bytes; there may be {FILE_BYTES_MAX:,}.", file=path.name)
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} could not be read: {error.strerror}.", file=path.name) from None


def _refuse(found: Iterable[network.Fault]) -> None:
    """Refuse with every fault, if there is one."""
    faults = list(found)
    if not faults:
        return
    shown = [f"{_where(fault)}: {fault.reason}" for fault in faults[:FAULTS_SHOWN_MAX]]
    more = [f"… and {len(faults) - FAULTS_SHOWN_MAX} more."] if len(faults) > FAULTS_SHOWN_MAX else []
    count = f"{len(faults)} faults; nothing was read." if len(faults) > 1 else "One fault; nothing was read."
    details = [fault._asdict() for fault in faults[:FAULTS_SHOWN_MAX]]
    raise Invalid("\n".join([count, *shown, *more]), faults=details)


def _where(fault: network.Fault) -> str:
    row = f" row {fault.row}" if fault.row else ""
    return f"{fault.table}{row}{', ' + fault.field if fault.field else ''}"
