"""Delivery promises beside Olist's own dates, state-pair quantiles and LightGBM, on any folder of Olist's shape.

Time is lived through day by day: on each day of purchase only what was known that morning is learned from, a parcel
that arrives later counts as still open, and the dates are made by the very functions that a running Caravan calls.
"""

import importlib.util
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from caravan.kernel.clock import DAY, SECOND, Instant
from caravan.kernel.errors import Invalid
from caravan.trade.delivery import (
    Calibration,
    Journeys,
    Made,
    Trained,
    asks_of,
    calibrate,
    promise_at,
    reasons,
    steer,
    train,
)
from caravan.trade.delivery import promise as promise_now
from caravan.trade.delivery.steering import afford, month_of, promises_a_day

LEVEL = 0.9
_SWEEP = (0.7, 0.75, 0.8, 0.84, 0.87, 0.93, 0.95, 0.965, 0.98, 0.99, 0.995)
_LEARN_EVERY_DAYS = 7
_WARM_UP_DAYS = 45
_TEST_MONTHS = 3
_FEW = 200
_PEER_LEVELS = (0.75, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98)
_LATENCY_CALLS = 2_000
_KNOWN_AFTER_DAYS = (1, 5, 10, 15)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Sold:
    """The folder's orders: their journeys, and the day that the marketplace itself promised (0 for none)."""

    journeys: Journeys
    olist_day: np.ndarray


@dataclass(frozen=True)
class Rolled:
    """What was promised for each order, as days since 1970 by level; -1 where none was made."""

    levels: tuple[float, ...]
    days: np.ndarray
    median: np.ndarray
    trainings: int


@dataclass
class _Peer:
    levels: tuple[float, ...]
    days: np.ndarray
    median: np.ndarray
    seconds: float = 0.0
    note: str = field(default="")


def run(data: Path, *, train_before: date | None, runs: int, progress: Progress) -> dict[str, Any]:
    """Measure kept, short, accuracy and speed; give everything that `--json` prints."""
    sold = read(data)
    placed = sold.journeys.placed_at
    begins = _month_start(train_before, placed)
    first = _micros(begins)
    rolled = roll(sold.journeys, first, progress=progress)
    plain = roll(sold.journeys, first, progress=progress, choose=_unsteered, step="unsteered")
    knowing = {
        days: roll(
            sold.journeys, first, progress=progress, choose=_knowing(days), levels=(LEVEL,), step=f"known in {days}"
        )
        for days in _KNOWN_AFTER_DAYS
    }
    peers = {"state pairs": _state_pairs(sold, first)}
    skipped = []
    if importlib.util.find_spec("lightgbm") is None:
        skipped.append(
            {"name": "LightGBM", "why": "It is not installed: make setup EXTRAS=learn, or pip install lightgbm."}
        )
    else:
        peers["LightGBM"] = _lightgbm(sold, first, progress)
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        trained = train(sold.journeys, now=Instant(first))
        seconds.append(time.perf_counter() - began)
    months = _by_month(sold, first)
    scored = [_month(name, rows, sold, rolled, plain, peers) for name, rows in months]
    everything = _settled(sold, placed >= first)
    return {
        "benchmark": "promise", "data": str(data), "orders": len(placed), "test_from": begins.isoformat(),
        "door": "in process: caravan.trade.delivery train, calibrate, steer, promise", "cores": os.cpu_count(),
        "seed": None, "level": LEVEL, "learned_every_days": _LEARN_EVERY_DAYS,
        "lateness": "by day of arrival, of parcels that arrived, as Olist's own is counted",
        "months": scored, "months_off_points": _off([month["caravan"]["kept"] for month in scored if not month["is_small"]]),
        "all": _month("all", everything, sold, rolled, plain, peers),
        "lost": _lost(sold, first, rolled),
        "if_each_parcels_fate_were_known": [
            {"after_days": days, **_fated(sold, months, made)} for days, made in knowing.items()
        ],
        "training": {"orders": int((placed < first).sum()), "seconds": _spread(seconds), "version": trained.version},
        "latency_us": _latency(sold, trained, first),
        "skipped": skipped,
    }  # fmt: skip


# Reading.


def read(folder: Path) -> Sold:
    """Read the six tables that promises need; refuses a folder that is not of Olist's shape."""
    if not folder.is_dir():
        raise Invalid(f"There is no folder {folder}.", field="data")
    session = duckdb.connect()
    session.execute("SET threads = 1")
    for name in ("orders", "order_items", "customers", "sellers", "products"):
        session.execute(f"CREATE VIEW {name} AS SELECT * FROM {_table(folder, name)}")  # noqa: S608 - Both stand above.
    places = _geolocation(folder)
    session.execute(f"CREATE VIEW places AS {places}")
    try:
        rows = session.sql(_QUERY).to_arrow_table()
    except duckdb.Error as error:
        raise Invalid(f"{folder} is not of Olist's shape: {str(error).splitlines()[0][:200]}", field="data") from error
    if not rows.num_rows:
        raise Invalid(f"There are no orders in {folder}.", field="data")
    return _sold(rows)


def _table(folder: Path, name: str) -> str:
    for stem in (name, f"olist_{name}_dataset", f"olist_{name}"):
        if (folder / f"{stem}.parquet").exists():
            return f"read_parquet('{_quoted(folder / f'{stem}.parquet')}')"
        if (folder / f"{stem}.csv").exists():
            return f"read_csv('{_quoted(folder / f'{stem}.csv')}', all_varchar = true, header = true)"
    raise Invalid(f"There is no {name}.parquet or {name}.csv in {folder}.", field="data")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _geolocation(folder: Path) -> str:
    """Give the middle of each postcode prefix, or nothing: distances are then not known."""
    found = sorted(folder.glob("*geolocation*one_per_prefix*")) or sorted(folder.glob("*geolocation*"))
    if not found:
        return "SELECT '' AS prefix, 0.0 AS latitude, 0.0 AS longitude WHERE false"
    reader = "read_parquet" if found[0].suffix == ".parquet" else "read_csv"
    return (  # The reader and the path are of our own making.
        "SELECT lpad(geolocation_zip_code_prefix::VARCHAR, 5, '0') AS prefix,"  # noqa: S608
        " median(geolocation_lat::DOUBLE) AS latitude, median(geolocation_lng::DOUBLE) AS longitude"
        f" FROM {reader}('{_quoted(found[0])}') GROUP BY 1"
    )


# Wall-clock times are taken as they stand, so that a day is the buyer's day. An order that never went out and is
# canceled or unavailable was so when it was approved, as the importer has it.
_QUERY = """
WITH lines AS (
    SELECT order_id, arg_min(seller_id, order_item_id::INT) AS seller_id,
        arg_min(product_id, order_item_id::INT) AS product_id, sum(freight_value::DOUBLE) AS freight
    FROM order_items GROUP BY 1
)
SELECT epoch_us(order_purchase_timestamp::TIMESTAMP) AS placed_at,
    coalesce(epoch_us(order_delivered_carrier_date::TIMESTAMP), 0) AS handed_over_at,
    coalesce(epoch_us(order_delivered_customer_date::TIMESTAMP), 0) AS delivered_at,
    CASE WHEN order_status IN ('canceled', 'unavailable')
        THEN epoch_us(coalesce(order_approved_at::TIMESTAMP, order_purchase_timestamp::TIMESTAMP)) + 1 ELSE 0 END AS canceled_at,
    coalesce(epoch_us(order_estimated_delivery_date::TIMESTAMP), 0) AS promised_at,
    lines.seller_id AS seller, 'BR-' || coalesce(seller_state, '?') AS origin,
    'BR-' || coalesce(customer_state, '?') AS destination,
    lpad(seller_zip_code_prefix::VARCHAR, 5, '0')[:3] AS origin_area,
    lpad(customer_zip_code_prefix::VARCHAR, 5, '0')[:3] AS destination_area,
    12742 * asin(sqrt(least(1, sin(radians(there.latitude - here.latitude) / 2) ** 2 + cos(radians(here.latitude))
        * cos(radians(there.latitude)) * sin(radians(there.longitude - here.longitude) / 2) ** 2))) AS distance_km,
    coalesce(product_weight_g::DOUBLE, 0)::BIGINT AS weight_grams,
    round(coalesce(freight, 0) * 100)::BIGINT AS shipping_minor
FROM orders
JOIN lines USING (order_id)
LEFT JOIN sellers ON sellers.seller_id = lines.seller_id
LEFT JOIN customers ON customers.customer_id = orders.customer_id
LEFT JOIN products ON products.product_id = lines.product_id
LEFT JOIN places AS here ON here.prefix = lpad(seller_zip_code_prefix::VARCHAR, 5, '0')
LEFT JOIN places AS there ON there.prefix = lpad(customer_zip_code_prefix::VARCHAR, 5, '0')
WHERE order_purchase_timestamp IS NOT NULL
ORDER BY placed_at, order_id
"""


def _sold(rows: pa.Table) -> Sold:
    column = {name: rows.column(name).to_numpy(zero_copy_only=False) for name in rows.column_names}

    def numbered(*names: str) -> tuple[list[np.ndarray], list[str]]:
        texts = [np.where([text is None for text in column[name]], "?", column[name]).astype(str) for name in names]
        known, codes = np.unique(np.concatenate(texts), return_inverse=True)
        return list(np.split(codes.astype(np.int64), len(names))), known.tolist()

    (sellers,), _ = numbered("seller")
    (origins, destinations), regions = numbered("origin", "destination")
    (origin_area, destination_area), areas = numbered("origin_area", "destination_area")
    journeys = Journeys(
        sellers=sellers + 1, origins=origins, destinations=destinations, origin_area=origin_area,
        destination_area=destination_area, distance_km=column["distance_km"].astype(np.float64),
        weight_grams=column["weight_grams"], shipping_minor=column["shipping_minor"],
        placed_at=column["placed_at"], handed_over_at=np.maximum(column["handed_over_at"], 0),
        delivered_at=column["delivered_at"], canceled_at=column["canceled_at"], regions=regions, areas=areas,
    )  # fmt: skip
    return Sold(journeys, column["promised_at"] // DAY)


def _month_start(train_before: date | None, placed: np.ndarray) -> date:
    if train_before is not None:
        if not placed[0] < _micros(train_before) <= placed[-1]:
            raise Invalid("--train-before names a day within the orders of the folder.", field="train_before")
        return train_before
    months = placed.astype("datetime64[us]").astype("datetime64[M]")
    names, counts = np.unique(months, return_counts=True)
    # The last months that are whole enough to count; an export often trails off in a handful of orders.
    full = names[counts >= max(_FEW, 0.1 * np.median(counts))]
    if len(full) <= _TEST_MONTHS:
        raise Invalid("The folder has too few months to keep some aside; name --train-before.", field="train_before")
    begins: date = full[-_TEST_MONTHS].astype("datetime64[D]").astype(date)
    return begins


def _micros(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


# Living through the days.


Choose = Callable[[Trained, Calibration, Journeys, Made, float], float]


def roll(
    journeys: Journeys, first: int, *, progress: Progress, choose: Choose | None = None,
    levels: tuple[float, ...] = (LEVEL, *_SWEEP), step: str = "days",
) -> Rolled:  # fmt: skip
    """Promise a date for each order from some time before `first` on, day by day, by what was known each morning.

    `choose` gives the level at which the dates of a day are chosen, so that `level` comes out.
    """
    choose, placed = choose or _steered, journeys.placed_at
    days = np.full((len(placed), len(levels)), -1, np.int64)
    median = np.full(len(placed), -1, np.int64)
    begin, end = max(first // DAY - _WARM_UP_DAYS, int(placed[0]) // DAY + 1), int(placed[-1]) // DAY
    trained, trainings = None, 0
    for day in range(begin, end + 1):
        now = Instant(day * DAY)
        if trained is None or (day - begin) % _LEARN_EVERY_DAYS == 0:
            trained, trainings = train(journeys, now=now), trainings + 1
        rows = np.arange(*np.searchsorted(placed, [now, now + DAY]))
        if not len(rows):
            continue
        fresh = calibrate(trained, journeys, now=now, level=LEVEL)
        made = np.arange(np.searchsorted(placed, begin * DAY), rows[0])
        chosen = [
            choose(trained, fresh, journeys, Made(made, days[made, place]), level) for place, level in enumerate(levels)
        ]
        dates = promise_at(trained, fresh, asks_of(journeys.take(rows)), np.array(chosen))
        days[rows], median[rows] = dates.promised.reshape(len(rows), -1), dates.median
        progress(step, day - begin + 1, end - begin + 1)
    return Rolled(levels, days, median, trainings)


def _steered(trained: Trained, fresh: Calibration, journeys: Journeys, made: Made, level: float) -> float:
    return steer(trained, fresh, journeys, made, level=level).chosen


def _unsteered(trained: Trained, fresh: Calibration, journeys: Journeys, made: Made, level: float) -> float:
    return steer(trained, fresh, journeys, Made(made.rows[:0], made.days[:0]), level=level).chosen


def _knowing(after_days: int) -> Choose:
    """Steer by knowing what will become of each parcel so many days after its order: nobody can, it shows what is in reach."""

    def choose(_trained: Trained, fresh: Calibration, journeys: Journeys, made: Made, level: float) -> float:
        placed, delivered = journeys.placed_at[made.rows], journeys.delivered_at[made.rows]
        this_month = placed >= month_of(fresh.at)[0]
        known = placed <= fresh.at - after_days * DAY
        kept = np.where(known, delivered // DAY <= made.days, level)[this_month]
        flow = promises_a_day(placed, now=fresh.at)
        return afford(kept, (delivered > 0)[this_month], level=level, flow=flow, now=fresh.at)

    return choose


# Peers, trained once before the test.


def _arrived_before(sold: Sold, first: int) -> np.ndarray:
    journeys = sold.journeys
    return np.flatnonzero((journeys.delivered_at > 0) & (journeys.delivered_at < first) & (journeys.placed_at < first))


def _state_pairs(sold: Sold, first: int) -> _Peer:
    journeys = sold.journeys
    began = time.perf_counter()
    rows = _arrived_before(sold, first)
    took = journeys.delivered_at // DAY - journeys.placed_at // DAY
    lane = journeys.origins * len(journeys.regions) + journeys.destinations
    levels = (*_PEER_LEVELS, 0.5)
    table = np.tile(np.quantile(took[rows], levels), (len(journeys.regions) ** 2, 1))
    order = rows[np.argsort(lane[rows], kind="stable")]
    for run in np.split(order, np.flatnonzero(np.diff(lane[order])) + 1):
        if len(run) >= 30:
            table[lane[run[0]]] = np.quantile(took[run], levels)
    found = np.ceil(table[lane]) + (journeys.placed_at // DAY)[:, None]
    return _Peer(_PEER_LEVELS, found[:, :-1].astype(np.int64), found[:, -1], time.perf_counter() - began)


def _lightgbm(sold: Sold, first: int, progress: Progress) -> _Peer:
    import lightgbm  # noqa: PLC0415  # It is measured where it is installed.

    journeys = sold.journeys
    rows = _arrived_before(sold, first)
    took = (journeys.delivered_at // DAY - journeys.placed_at // DAY).astype(np.float64)
    features = np.column_stack([
        journeys.origins, journeys.destinations, journeys.distance_km, journeys.weight_grams, journeys.shipping_minor,
        journeys.placed_at // DAY % 7, journeys.placed_at % DAY // 3_600_000_000, journeys.sellers,
    ])  # fmt: skip
    levels = (*_PEER_LEVELS, 0.5)
    found = np.empty((len(took), len(levels)), np.float64)
    began = time.perf_counter()
    for place, level in enumerate(levels):
        settings = {
            "objective": "quantile", "alpha": level, "num_leaves": 31, "learning_rate": 0.1, "min_data_in_leaf": 50,
            "num_threads": 1, "verbose": -1, "seed": 1, "deterministic": True,
        }  # fmt: skip
        model = lightgbm.train(
            settings, lightgbm.Dataset(features[rows], took[rows], categorical_feature=[0, 1]), num_boost_round=100
        )
        found[:, place] = np.ceil(np.asarray(model.predict(features))) + journeys.placed_at // DAY
        progress("LightGBM", place + 1, len(levels))
    seconds = time.perf_counter() - began
    return _Peer(_PEER_LEVELS, found[:, :-1].astype(np.int64), found[:, -1], seconds, "100 rounds a level, one thread")


# What came of it.


def _settled(sold: Sold, chosen: np.ndarray) -> np.ndarray:
    """Give the orders that arrived: by these Olist's own figures are counted, too."""
    return np.flatnonzero(chosen & (sold.journeys.delivered_at > 0) & (sold.olist_day > 0))


def _by_month(sold: Sold, first: int) -> list[tuple[str, np.ndarray]]:
    placed = sold.journeys.placed_at
    months = placed.astype("datetime64[us]").astype("datetime64[M]")
    rows = [
        (str(name), _settled(sold, (months == name) & (placed >= first))) for name in np.unique(months[placed >= first])
    ]
    return [(name, of) for name, of in rows if len(of)]


def _month(
    name: str, rows: np.ndarray, sold: Sold, rolled: Rolled, plain: Rolled, peers: dict[str, _Peer]
) -> dict[str, Any]:
    placed, arrived = sold.journeys.placed_at[rows], sold.journeys.delivered_at[rows] // DAY
    olist = sold.olist_day[rows]
    late = float((arrived > olist).mean())
    found: dict[str, Any] = {
        "month": name, "parcels": len(rows), "is_small": len(rows) < _FEW,
        "olist": {"late": round(late, 4), "mean_days": _mean(olist - placed / DAY), "mae": _mean(abs(olist - arrived))},
        "caravan": _scored(rolled.levels, rolled.days[rows], rolled.median[rows], arrived, placed, late),
        "caravan_unsteered": _scored(plain.levels, plain.days[rows], plain.median[rows], arrived, placed, late),
    }  # fmt: skip
    for peer, made in peers.items():
        found[peer] = _scored(made.levels, made.days[rows], made.median[rows], arrived, placed, late)
    ours = found["caravan"]["mean_days_at_olists_late_rate"]
    found["saved_days"] = None if ours is None else round(found["olist"]["mean_days"] - ours, 2)
    free = found["caravan_unsteered"]["mean_days_at_olists_late_rate"]
    found["saved_days_unsteered"] = None if free is None else round(found["olist"]["mean_days"] - free, 2)
    return found


def _scored(
    levels: tuple[float, ...],
    days: np.ndarray,
    median: np.ndarray,
    arrived: np.ndarray,
    placed: np.ndarray,
    late: float,
) -> dict[str, Any]:
    shares = (arrived[:, None] > days).mean(axis=0)
    means = (days - (placed / DAY)[:, None]).mean(axis=0)
    place = levels.index(LEVEL)
    order = np.lexsort((means, shares))
    # The shortest dates that are late no oftener than Olist's: between two levels, on the line between them.
    reached = bool(shares.min() <= late <= shares.max())
    at = float(np.interp(late, shares[order], means[order])) if reached else None
    return {
        "promised": LEVEL, "kept": round(1 - float(shares[place]), 4),
        "off_points": round(100 * (1 - float(shares[place]) - LEVEL), 2), "mean_days": round(float(means[place]), 2),
        "mean_days_at_olists_late_rate": None if at is None else round(at, 2), "mae_of_median": _mean(abs(median - arrived)),
    }  # fmt: skip


def _mean(values: np.ndarray) -> float:
    return round(float(np.mean(values)), 2)


def _off(kept: list[float]) -> float | None:
    """Give how many points months are off what was promised, on average."""
    return round(100 * float(np.mean([abs(share - LEVEL) for share in kept])), 2) if kept else None


def _fated(sold: Sold, months: list[tuple[str, np.ndarray]], made: Rolled) -> dict[str, Any]:
    arrived = sold.journeys.delivered_at // DAY
    kept = {
        name: round(float((arrived[rows] <= made.days[rows, 0]).mean()), 4)
        for name, rows in months
        if len(rows) >= _FEW
    }
    return {"kept": kept, "months_off_points": _off(list(kept.values()))}


def _lost(sold: Sold, first: int, rolled: Rolled) -> dict[str, Any]:
    """Count what never arrived as missed, too, where its date has passed by the end of the folder."""
    journeys = sold.journeys
    last = max(int(journeys.delivered_at.max()), int(journeys.placed_at[-1])) // DAY
    place = rolled.levels.index(LEVEL)
    rows = np.flatnonzero((journeys.placed_at >= first) & (journeys.canceled_at == 0) & (rolled.days[:, place] >= 0))
    arrived = journeys.delivered_at[rows] > 0
    due = rolled.days[rows, place]
    over = arrived | (due < last)
    kept = arrived & (journeys.delivered_at[rows] // DAY <= due)
    return {
        "never_arrived": int((over & ~arrived).sum()), "share": round(float((over & ~arrived).sum() / over.sum()), 4),
        "kept_with_lost_as_missed": round(float(kept[over].mean()), 4),
    }  # fmt: skip


def _latency(sold: Sold, trained: Any, first: int) -> dict[str, Any]:  # noqa: ANN401
    journeys = sold.journeys
    fresh = calibrate(trained, journeys, now=Instant(first))
    rows = np.flatnonzero(journeys.placed_at >= first)[:_LATENCY_CALLS]
    asks = [asks_of(journeys.take(rows[place : place + 1])) for place in range(len(rows))]
    promise_now(trained, fresh, asks[0])
    wall, cpu, explained = [], [], []
    for one in asks:
        began, worked = time.perf_counter_ns(), time.thread_time_ns()
        dates = promise_now(trained, fresh, one)
        wall.append((time.perf_counter_ns() - began) / 1e3)
        cpu.append((time.thread_time_ns() - worked) / 1e3)
        reasons(trained, fresh, one, dates)
        explained.append((time.perf_counter_ns() - began) / 1e3)
    since = time.perf_counter()
    calibrate(trained, journeys, now=Instant(first))
    return {
        "calls": len(rows), "wall": _spread(wall), "cpu": _spread(cpu), "with_reasons": _spread(explained),
        "recalibration_ms": round((time.perf_counter() - since) * 1e3, 1),
    }  # fmt: skip


def _spread(values: list[float]) -> dict[str, float]:
    at = np.quantile(values, (0.0, 0.5, 0.99, 1.0))
    return {name: round(float(value), 3) for name, value in zip(("least", "median", "p99", "most"), at, strict=True)}


_WIDTH, _HEIGHT, _LEFT, _TOP, _FLOOR = 760, 300, 48, 48, 75.0


def draw(found: dict[str, Any]) -> str:
    """Draw promised and kept by month, with Olist's own share on time and what is in reach, as SVG."""
    months, right = found["months"], _WIDTH - 20
    step = (right - _LEFT) / max(len(months), 1)
    bottom, wide = _HEIGHT - 40, min(step * 0.4, 48)
    known = found["if_each_parcels_fate_were_known"][0]

    def height(share: float) -> float:
        return _TOP + (bottom - _TOP) * (100 - max(100 * share, _FLOOR)) / (100 - _FLOOR)

    legend = (
        "Dashed: promised, and one point around it. Marks: in reach if each parcel's fate were known"
        f" {known['after_days']} day after its order."
    )
    promised, near = height(found["level"]), height(found["level"] + 0.01)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="16">Parcels on time in 100, by month of purchase: Caravan (dark), Olist (light).</text>',
        f'<text x="{_LEFT}" y="32" fill="#78290f">{legend}</text>',
        f'<rect x="{_LEFT}" y="{near:.1f}" width="{right - _LEFT}" height="{2 * (promised - near):.1f}" fill="#f3e3d9"/>',
    ]
    for share in (0.8, 0.9, 1.0):
        y = height(share)
        parts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f}</text>')
    for place, month in enumerate(months):
        x = _LEFT + place * step + step / 2
        shares = ((month["caravan"]["kept"], "#15616d", "#fff", -1), (1 - month["olist"]["late"], "#e0b97d", "#222", 0))
        for share, color, ink, side in shares:
            y = height(share)
            parts.append(
                f'<rect x="{x + side * wide:.1f}" y="{y:.1f}" width="{wide - 2:.1f}" height="{bottom - y:.1f}" fill="{color}"/>'
                f'<text x="{x + side * wide + wide / 2 - 1:.1f}" y="{bottom - 6}" text-anchor="middle" font-size="10"'
                f' fill="{ink}">{100 * share:.1f}</text>'
            )
        if month["month"] in known["kept"]:
            y = height(known["kept"][month["month"]])
            parts.append(
                f'<line x1="{x - wide - 3:.1f}" x2="{x + 1:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="#78290f" stroke-width="3"/>'
            )
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{month["month"]}</text>')
    parts.append(
        f'<line x1="{_LEFT}" x2="{right}" y1="{promised:.1f}" y2="{promised:.1f}" stroke="#78290f" stroke-dasharray="6 4"/>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
