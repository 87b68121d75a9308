"""The terminal: where commands say what they do, and the bars that show how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

# People's words go to standard error: on standard output there is one JSON object, or nothing.
say = Console(stderr=True, highlight=False)


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """Lend a function that takes a step, how much of it is done and of how much; show a bar a step, where somebody looks on."""
    columns = (
        TextColumn("{task.description:>10}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=say, disable=not say.is_terminal) as shown:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = shown.add_task(step, total=total)
            shown.update(tasks[step], completed=done, total=total)

        yield report
