"""Roll-ups: which sums are worth keeping, chosen by what was asked, by how much they shrink, and by nothing else."""

from collections.abc import Callable, Mapping, Sequence

from caravan.insight.metrics.asking import OPERATOR, Question, RollUp, plan, summable
from caravan.insight.metrics.definitions import Aggregate, Definitions
from caravan.kernel.errors import Refusal

ROLLUPS_PER_DATASET_MAX = 4
COLUMNS_PER_ROLLUP_MAX = 4
_SHRINKS = 4  # A roll-up with more than a fourth of the rows saves too little time for its room.


def columns_asked(found: Definitions, questions: Mapping[Question, int]) -> dict[str, dict[tuple[str, ...], int]]:
    """Give the columns that each dataset was cut and filtered by, and how often; what can't be planned is passed over."""
    asked: dict[str, dict[tuple[str, ...], int]] = {}
    for question, times in questions.items():
        for dataset, columns in _columns_of(found, question):
            counted = asked.setdefault(dataset, {})
            counted[columns] = counted.get(columns, 0) + times
    return asked


def _columns_of(found: Definitions, question: Question) -> Sequence[tuple[str, tuple[str, ...]]]:
    from_plan = []
    try:
        for reading in plan(found, question, OPERATOR).readings:
            cuts = [*reading.cuts, *(one.cut for one in reading.kept)]
            columns = {mine for cut in cuts for mine in ([a for a, _ in cut.join.on] if cut.join else [cut.column])}
            seller = found.datasets[reading.dataset].seller
            from_plan.append((reading.dataset, tuple(sorted(columns))))
            if seller:  # The same question is asked by each seller, for their own rows.
                from_plan.append((reading.dataset, tuple(sorted(columns | {seller}))))
    except Refusal:
        return ()
    return from_plan


def aggregates_of(found: Definitions, dataset: str) -> tuple[Aggregate, ...]:
    """Give every aggregate over a dataset whose parts can be put together again."""
    needed = [one for metric in found.metrics.values() for one in found.needs(metric) if one.dataset == dataset]
    return tuple(summable(list(dict.fromkeys(needed))))


def choose_rollups(
    found: Definitions, dataset: str, asked: Mapping[tuple[str, ...], int], rows: int,
    count: Callable[[tuple[str, ...]], int],
) -> list[RollUp]:  # fmt: skip
    """Choose roll-ups of a dataset one by one, each time the one that saves most rows of reading over all that was asked.

    That is the greedy choice of Harinarayan, Rajaraman and Ullman (1996), at least 63 % as good as the best. `count` gives
    how many rows a roll-up by these columns would have.
    """
    aggregates = aggregates_of(found, dataset)
    if not aggregates or not rows:
        return []
    candidates = {columns for columns in asked if len(columns) <= COLUMNS_PER_ROLLUP_MAX}
    candidates |= {
        tuple(sorted({*a, *b})) for a in candidates for b in candidates if len({*a, *b}) <= COLUMNS_PER_ROLLUP_MAX
    }
    sizes = {columns: count(columns) for columns in sorted(candidates)}
    sizes = {columns: size for columns, size in sizes.items() if size * _SHRINKS <= rows}
    costs = dict.fromkeys(asked, rows)
    chosen: list[RollUp] = []
    while sizes and len(chosen) < ROLLUPS_PER_DATASET_MAX:
        best = max(sorted(sizes), key=lambda columns: _saved(columns, sizes[columns], asked, costs))
        if _saved(best, sizes[best], asked, costs) <= 0:
            break
        for columns in costs:
            if set(columns) <= set(best):
                costs[columns] = min(costs[columns], sizes[best])
        chosen.append(RollUp(f"{dataset}_by_{'_'.join(best) or 'day'}", dataset, best, aggregates, sizes.pop(best)))
    return chosen


def _saved(
    columns: tuple[str, ...], size: int, asked: Mapping[tuple[str, ...], int], costs: Mapping[tuple[str, ...], int]
) -> int:
    return (
        sum(times * max(0, costs[one] - size) for one, times in asked.items() if set(one) <= set(columns)) - size
    )  # Its own room is a cost, too.
