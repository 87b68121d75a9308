"""Checking: parts of files become definitions as a whole, or a list of everything that is wrong with them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import get_args
from zoneinfo import ZoneInfo

from caravan.insight.metrics.definitions import (
    ADDITIVE,
    Aggregate,
    Dataset,
    Definitions,
    Derivation,
    Field,
    Formula,
    Grain,
    Metric,
    Named,
    Number,
    Operation,
    Relationship,
)
from caravan.insight.metrics.formulas import Unreadable, read_conditions, read_formula
from caravan.insight.metrics.reading import Fault, Part, WrongDefinitions, models_in

METRICS_MAX = 1_000
UNITS = ("money", "count", "hours", "share")
_AUDIENCES = ("seller", "operator")
_NAME_CHARACTERS_MAX = 80


def define(files: Sequence[Part], tables: Mapping[str, Collection[str]] | None = None) -> Definitions:
    """Make definitions of the files, the shipped one first. Raises WrongDefinitions with every fault there is.

    `tables` are those that datasets may stand on, with their columns; None where nothing is known of them.
    """
    reading = _Reading()
    for file in files:
        for model in models_in(file):
            reading.take(model)
    found = reading.finish()
    faults = [*reading.faults, *(_Check(found, reading, tables).faults() if not reading.faults else ())]
    if faults:
        raise WrongDefinitions(sorted(set(faults), key=lambda fault: (fault.file, fault.line)))
    return _measured(found)


class _Reading:
    """What has been read so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.metrics: list[tuple[Metric, Part]] = []
        self._datasets: dict[str, tuple[Dataset, Part]] = {}
        self._relationships: list[tuple[Relationship, Part]] = []
        self.files: dict[str, str] = {}
        self._name, self._zone = "", ""

    def take(self, model: Part) -> None:
        """Read one semantic model."""
        self._guarded(self._take_head, model)
        for name, take in (
            ("datasets", self._take_dataset), ("relationships", self._take_relationship), ("metrics", self._take_metric),
        ):  # fmt: skip
            self._guarded(self._take_each, model, name, take)

    def finish(self) -> Definitions:
        """Put together what was read."""
        return Definitions(
            name=self._name, time_zone=self._zone or "UTC",
            datasets={name: dataset for name, (dataset, _) in self._datasets.items()},
            relationships=tuple(one for one, _ in self._relationships),
            metrics={metric.name: metric for metric, _ in self.metrics},
        )  # fmt: skip

    def _take_each(self, model: Part, name: str, take: Callable[[Part], None]) -> None:
        for part in model.parts(name):
            self._guarded(take, part)

    def _guarded(self, take: Callable[..., None], *parts: object) -> None:
        try:
            take(*parts)
        except WrongDefinitions as wrong:
            self.faults += wrong.faults

    def _take_head(self, model: Part) -> None:
        self._name = self._name or model.needed("name")
        extension = model.extension()
        zone = extension.text("time_zone")
        if zone and zone not in _zones(zone):
            self.faults.append(
                extension.fault("time_zone", f"There is no time zone {zone!r}.", "Write one such as Europe/Lisbon.")
            )
        if zone and self._zone and zone != self._zone:
            cure = f"Keep {self._zone} in one file, and leave it out of the others."
            self.faults.append(extension.fault("time_zone", f"The days of other numbers are in {self._zone}.", cure))
        self._zone = self._zone or zone

    def _take_dataset(self, part: Part) -> None:
        name, extension = _name(part), part.extension()
        if name in self._datasets:
            first = self._datasets[name][1]
            self.faults.append(
                part.fault("name", f"The dataset {name} is defined in {first.file}:{first.line} already.", "Keep one.")
            )
            return
        fields = {}
        for field in (_field(one) for one in part.parts("fields")):
            if field.name in fields:
                self.faults.append(
                    Fault(part.file, field.line, f"{name} has {field.name} already.", "Keep one of them.")
                )
            fields[field.name] = field
        dataset = Dataset(
            name=name, source=part.text("source", name), line=part.line, key=part.texts("primary_key"),
            unique=_keys(part), fields=fields, facts=extension.texts("facts"), domain=extension.text("domain"),
            process=extension.text("process"), owner=extension.text("owner"), description=part.text("description"),
            seller=extension.text("seller"), currency=extension.text("currency"),
        )  # fmt: skip
        self._datasets[name] = (dataset, part)
        self.files[name] = part.file
        if sum(field.is_time for field in fields.values()) > 1:
            self.faults.append(
                part.fault(
                    "fields", f"{name} has two time dimensions.", "Leave is_time: true at the day it counts for."
                )
            )

    def _take_relationship(self, part: Part) -> None:
        origins, targets = part.texts("from_columns"), part.texts("to_columns")
        if not origins or len(origins) != len(targets):
            cure = "Name as many to_columns as from_columns, at least one."
            raise WrongDefinitions([part.fault("from_columns", "The columns do not pair up.", cure)])
        one = Relationship(
            _name(part), part.line, part.needed("from"), part.needed("to"), tuple(zip(origins, targets, strict=True))
        )
        self._relationships.append((one, part))
        for key, dataset in (("from", one.origin), ("to", one.target)):
            if dataset not in self._datasets:
                self.faults.append(
                    part.fault(key, f"There is no dataset {dataset}.", _nearest(dataset, self._datasets))
                )
                return
        target = self._datasets[one.target][0]
        if set(targets) not in [set(key) for key in (target.key, *target.unique) if key]:
            keys = " or ".join(", ".join(key) for key in (target.key, *target.unique) if key) or "nothing"
            self.faults.append(part.fault(
                "to_columns", f"{', '.join(targets)} does not tell rows of {one.target} apart, so its rows would be counted several times (fan-out).",
                f"Join on what does: {keys}.",
            ))  # fmt: skip

    def _take_metric(self, part: Part) -> None:
        name, extension = _name(part), part.extension()
        expression, line = part.expression()
        try:
            formula = read_formula(expression)
            qualifier = extension.text("qualifier")
            if qualifier:
                formula = _qualified(formula, qualifier, extension)
        except Unreadable as wrong:
            raise WrongDefinitions([Fault(part.file, line, str(wrong), wrong.cure)]) from None
        audience = extension.texts("audience") or _AUDIENCES
        if not set(audience) <= set(_AUDIENCES):
            raise WrongDefinitions(
                [extension.fault("audience", "An audience is seller or operator.", 'Write ["operator"].')]
            )
        goal = extension.text("goal")
        if goal not in {"", "up", "down"}:
            raise WrongDefinitions(
                [extension.fault("goal", "A goal is up or down.", "Say in which direction it gets better.")]
            )
        metric = Metric(
            name=name, formula=formula, line=line, file=part.file, label=extension.text("label") or name.replace("_", " "),
            description=part.text("description"), derivation=_derivation(extension), domain=extension.text("domain"),
            process=extension.text("process"), owner=extension.text("owner"), qualifier=qualifier, unit=extension.text("unit"),
            period=extension.text("period"), audience=audience, expression=expression, goal=goal,  # type: ignore[arg-type]
        )  # fmt: skip
        self.metrics.append((metric, part))


def _name(part: Part) -> str:
    name = part.needed("name")
    if not name.isidentifier() or not name.isascii() or name != name.lower() or len(name) > _NAME_CHARACTERS_MAX:
        cure = "Use small letters, digits and _ (net_revenue)."
        raise WrongDefinitions([part.fault("name", f"{name[:80]!r} is no name.", cure)])
    return name


def _zones(zone: str) -> Iterator[str]:
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):  # Not found, or no name of a zone at all.
        return
    yield zone


def _field(part: Part) -> Field:
    extension = part.extension()
    expression, _ = part.expression() if "expression" in part.values else (part.needed("name"), 0)
    if not expression.isidentifier():
        cure = f"Name the column that holds it: {part.text('name')}."
        raise WrongDefinitions([part.fault("expression", f"{expression[:60]!r} is no column.", cure)])
    unit = extension.text("unit")
    if unit and unit not in UNITS:
        raise WrongDefinitions(
            [part.fault("custom_extensions", f"{unit!r} is no unit.", f"Use one of {', '.join(UNITS)}.")]
        )
    return Field(
        name=_name(part), column=expression, line=part.line, is_dimension="dimension" in part.values,
        is_time=part.part("dimension").values.get("is_time", False) is True, unit=unit,
        currency=extension.text("currency"), id_prefix=extension.text("id"),
        is_private=extension.values.get("private", False) is True, description=part.text("description"),
    )  # fmt: skip


def _keys(part: Part) -> tuple[tuple[str, ...], ...]:
    keys = part.values.get("unique_keys", [])
    if not isinstance(keys, list) or not all(isinstance(key, list) for key in keys):
        raise WrongDefinitions(
            [part.fault("unique_keys", "unique_keys is no list of lists.", "Write [[one], [two, three]].")]
        )
    return tuple(tuple(str(column) for column in key) for key in keys)


def _qualified(formula: Formula, qualifier: str, extension: Part) -> Formula:
    if not isinstance(formula, Aggregate):
        cure = "Make an atomic metric with the qualifier, and compute with that."
        raise WrongDefinitions([extension.fault("qualifier", "Only an aggregate can have a qualifier.", cure)])
    conditions = read_conditions(qualifier, formula.dataset)
    return Aggregate(formula.sort, formula.dataset, formula.field, conditions)


def _derivation(extension: Part) -> Derivation:
    told = extension.part("derive")
    if not told.values:
        return Derivation()
    kinds = ("cumulative", "change", "funnel", "retention")
    kind = next((name for name in kinds if name in told.values), "")
    grains = get_args(Grain)
    if kind == "funnel" and told.texts("funnel"):
        return Derivation("funnel", steps=told.texts("funnel"))
    period = told.text(kind) if kind else ""
    if not kind or period not in {*grains, *(("ever",) if kind == "cumulative" else ())}:
        cure = f"Use one of {', '.join(kinds)}, with one of {', '.join(grains)} (or a list of metrics for a funnel)."
        raise WrongDefinitions([extension.fault("derive", "This derives nothing.", cure)])
    is_share = told.text("as", "share") == "share"
    return Derivation(kind, period, is_share, who=told.text("who"))  # type: ignore[arg-type]


def _nearest(name: str, known: Collection[str]) -> str:
    near = [one for one in known if name[:4] and one.startswith(name[:4])] or list(known)
    return f"It may be {' or '.join(sorted(near)[:5])}." if near else "Define it first."


class _Check:
    """What is wrong with definitions that can all be read."""

    def __init__(self, found: Definitions, reading: _Reading, tables: Mapping[str, Collection[str]] | None) -> None:
        self._found, self._tables = found, tables
        self._metrics = [metric for metric, _ in reading.metrics]
        self._files = reading.files
        self._measure = _Measure(found)

    def faults(self) -> Iterator[Fault]:
        """Give every fault."""
        if len(self._metrics) > METRICS_MAX:
            yield self._at(self._metrics[-1], "There are too many metrics.", f"Keep at most {METRICS_MAX}.")
        yield from self._twins()
        for dataset in self._found.datasets.values():
            yield from self._of_dataset(dataset)
        unknown = [fault for metric in self._metrics for fault in self._unknown(metric)]
        yield from unknown
        cycles = [fault for metric in self._metrics for fault in self._cycle(metric)]
        yield from cycles
        if not unknown and not cycles:
            for metric in self._metrics:
                yield from self._of_metric(metric)

    def _at(self, metric: Metric, what: str, cure: str) -> Fault:
        return Fault(metric.file, metric.line, f"{metric.name}: {what}", cure)

    def _twins(self) -> Iterator[Fault]:
        by_name: dict[str, Metric] = {}
        by_meaning: dict[tuple[Formula, Derivation], Metric] = {}
        for metric in self._metrics:
            meaning = (metric.formula, metric.derivation)
            first = by_name.get(metric.name)
            twin = by_meaning.get(meaning)
            if first is not None:
                is_same = (first.formula, first.derivation) == meaning
                what = "is defined a second time" if is_same else "contradicts what it is defined as"
                cure = (
                    "Delete one of the two."
                    if is_same
                    else f"Give this one another name, or change {first.file}:{first.line}."
                )
                yield self._at(metric, f"{what} in {first.file}:{first.line}.", cure)
            elif twin is not None:
                cure = f"Use {twin.name}; other words for it belong in its ai_context."
                yield self._at(metric, f"is the same number as {twin.name} ({twin.file}:{twin.line}).", cure)
            by_name.setdefault(metric.name, metric)
            by_meaning.setdefault(meaning, metric)

    def _of_dataset(self, dataset: Dataset) -> Iterator[Fault]:
        file = self._files[dataset.name]
        columns = {field.column for field in dataset.fields.values()}
        for column in (dataset.seller, dataset.currency):
            if column and column not in columns:
                yield Fault(file, dataset.line, f"{dataset.name} has no field {column}.", "Add it to its fields.")
        if self._tables is not None and dataset.source not in self._tables:
            yield Fault(
                file, dataset.line, f"There is no table {dataset.source}.", _nearest(dataset.source, self._tables)
            )
        for field in dataset.fields.values():
            if self._tables is not None and field.column not in self._tables.get(dataset.source, (field.column,)):
                cure = _nearest(field.column, self._tables[dataset.source])
                yield Fault(file, field.line, f"{dataset.source} has no column {field.column}.", cure)
            if field.unit == "money" and not field.currency and not dataset.currency:
                yield Fault(
                    file, field.line, f"{dataset.name}.{field.name} is money, and nothing says in which currency: sums would mix them.",
                    'Give the dataset "currency": the column with it, or the field "currency": "EUR".',
                )  # fmt: skip

    def _unknown(self, metric: Metric) -> Iterator[Fault]:
        for node in _nodes(metric.formula):
            if isinstance(node, Named) and node.metric not in self._found.metrics:
                yield self._at(metric, f"there is no metric {node.metric}.", _nearest(node.metric, self._found.metrics))
            if isinstance(node, Aggregate):
                yield from self._unknown_fields(metric, node)
        for step in metric.derivation.steps:
            if step not in self._found.metrics:
                yield self._at(metric, f"there is no metric {step}.", _nearest(step, self._found.metrics))

    def _unknown_fields(self, metric: Metric, node: Aggregate) -> Iterator[Fault]:
        dataset = self._found.datasets.get(node.dataset)
        if dataset is None:
            yield self._at(metric, f"there is no dataset {node.dataset}.", _nearest(node.dataset, self._found.datasets))
            return
        if not dataset.time:
            cure = "Aggregate a dataset with a field whose dimension is_time."
            yield self._at(metric, f"{node.dataset} has no day that it counts for.", cure)
        names = [node.field] if node.field else []
        for name in [*names, *(condition.field for condition in node.where)]:
            if name not in dataset.fields:
                yield self._at(metric, f"{node.dataset} has no field {name}.", _nearest(name, dataset.fields))

    def _cycle(self, metric: Metric) -> Iterator[Fault]:
        way = _way_back(metric, self._found.metrics, (metric.name,))
        if way:
            yield self._at(
                metric, f"it is defined by itself: {' → '.join(way)}.", "Define one of them by an aggregate."
            )

    def _of_metric(self, metric: Metric) -> Iterator[Fault]:
        derivation = metric.derivation
        try:
            self._measure.of(metric.formula)
        except _Mixed as mixed:
            yield self._at(metric, mixed.what, mixed.cure)
        for node in _nodes(metric.formula):
            if isinstance(node, Named) and self._found.metrics[node.metric].derivation.kind:
                cure = f"Compute with what {node.metric} is made of, and derive afterwards."
                yield self._at(
                    metric, f"{node.metric} is derived over time, and nothing can be computed with it.", cure
                )
        sorts = {one.sort for one in self._found.aggregates(metric.formula)}
        if not sorts:
            yield self._at(metric, "it counts nothing.", "Aggregate a dataset: COUNT(dataset.*).")
        if derivation.kind == "cumulative" and not (
            isinstance(_plain(metric.formula, self._found), Aggregate) and sorts <= ADDITIVE
        ):
            yield self._at(
                metric, "only a sum or a count can be summed up over time.", "Sum up its parts as metrics of their own."
            )
        if derivation.kind == "retention" and not isinstance(metric.formula, Aggregate):
            yield self._at(metric, "retention follows one aggregate.", "Write COUNT(DISTINCT dataset.who).")
        if derivation.kind == "retention" and isinstance(metric.formula, Aggregate):
            fields = self._found.datasets[metric.formula.dataset].fields
            if derivation.who not in fields:
                yield self._at(
                    metric, f"there is nobody {derivation.who!r} to follow.", _nearest(derivation.who, fields)
                )
        if derivation.kind == "funnel" and any(self._found.metrics[step].is_alone for step in derivation.steps):
            yield self._at(
                metric, "a step of a funnel is one number.", "Name metrics that are neither funnel nor retention."
            )


class _Mixed(Exception):
    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what, self.cure = what, cure


class _Measure:
    """Finds out what a formula is measured in, and refuses to add what does not add up."""

    def __init__(self, found: Definitions) -> None:
        self._found = found

    def of(self, formula: Formula) -> tuple[str, str]:
        """Give unit and fixed currency ("" where a column says it)."""
        match formula:
            case Number():
                return "", ""
            case Named():
                metric = self._found.metrics[formula.metric]
                return self.of(metric.formula)
            case Aggregate():
                if formula.sort in {"count", "count_distinct"}:
                    return "count", ""
                field = self._found.datasets[formula.dataset].fields[formula.field]
                return field.unit or "count", field.currency
            case Operation():
                return self._together(formula, self.of(formula.left), self.of(formula.right))

    def _together(self, formula: Operation, left: tuple[str, str], right: tuple[str, str]) -> tuple[str, str]:
        currencies = {one[1] for one in (left, right) if one[0] == "money" and one[1]}
        if len(currencies) > 1:
            what = f"{' and '.join(sorted(currencies))} are mixed currencies."
            raise _Mixed(what, "Keep one currency a metric; amounts with a currency column are kept apart by it.")
        currency = next(iter(currencies), "")
        if formula.sign in "+-":
            if left[0] and right[0] and left[0] != right[0]:
                raise _Mixed(
                    f"{left[0]} {formula.sign} {right[0]} adds unlike units.", "Add only what is measured alike."
                )
            return left[0] or right[0], currency
        if formula.sign == "*":
            if left[0] == right[0] == "money":
                raise _Mixed("money times money is nothing.", "Multiply an amount with a count or a share.")
            return ("money", currency) if "money" in {left[0], right[0]} else (left[0] or right[0], "")
        if left[0] == right[0]:
            return "share", ""
        if right[0] == "money":
            raise _Mixed(
                f"{left[0] or 'a number'} divided by money is nothing that means something.", "Turn the ratio around."
            )
        return left[0] or "share", currency


def _measured(found: Definitions) -> Definitions:
    """Say of each metric what it is measured in."""
    measure = _Measure(found)
    metrics = {}
    for metric in found.metrics.values():
        unit, currency = measure.of(metric.formula)
        if metric.derivation.kind == "change" and metric.derivation.is_share:
            unit, currency = "share", ""
        told = {name: getattr(metric, name) for name in metric.__struct_fields__}
        metrics[metric.name] = Metric(**(told | {"unit": metric.unit or unit or "count", "currency": currency}))
    return Definitions(found.name, found.time_zone, found.datasets, found.relationships, metrics)


def _plain(formula: Formula, found: Definitions) -> Formula:
    while isinstance(formula, Named):
        formula = found.metrics[formula.metric].formula
    return formula


def _nodes(formula: Formula) -> Iterator[Formula]:
    yield formula
    if isinstance(formula, Operation):
        yield from _nodes(formula.left)
        yield from _nodes(formula.right)


def _way_back(metric: Metric, known: Mapping[str, Metric], way: tuple[str, ...]) -> tuple[str, ...]:
    """Give the way from a metric back to where it began, () where there is none."""
    named = [node.metric for node in _nodes(metric.formula) if isinstance(node, Named)]
    for name in (*named, *metric.derivation.steps):
        if name == way[0]:
            return (*way, name)
        if name in known and name not in way:
            found = _way_back(known[name], known, (*way, name))
            if found:
                return found
    return ()
