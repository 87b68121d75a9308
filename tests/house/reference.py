"""Renders the reference in docs/reference from the code itself: `python -m tests.house.reference` writes it anew."""

import importlib
import inspect
import pkgutil
import re
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import typer

import caravan
from caravan import bootstrap, cli, client, config
from caravan.adapters import olist, online_retail
from caravan.cell import Batch, Decision
from caravan.kernel import errors
from caravan.kernel.event import Event, Int8, Int16
from caravan.kernel.ids import PREFIXES
from caravan.web.api import OPERATIONS, Operation, problems

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "reference"
DOMAINS: Final = (
    "trade.catalog",
    "trade.ledger",
    "trade.orders",
    "trade.payments",
    "trade.delivery",
    "trade.claims",
    "trade.moves",
    "trade.network",
    "trade.qr",
    "trade.transfers",
    "trade.exchange",
    "trade.taxes",
    "insight.discovery",
    "insight.identity",
    "insight.search",
    "insight.oneid",
    "insight.likeness",
    "insight.profiles",
    "insight.metrics",
    "insight.exports",
    "world.markets",
    "world.partners",
)
_NOTE = "<!-- Written by `python -m tests.house.reference` from the code; do not edit. -->\n"
_PASSED_OVER = ("caravan.adapters.demo",)  # A thousand drawings, and no command, refusal or setting among them.

# What these refuse is said on the command line, or stops the process; no request is answered with it.
_NOT_OVER_HTTP: Final = {
    "caravan.adapters.archive",
    "caravan.bootstrap.home",
    "caravan.bootstrap.numbers",
    "caravan.bootstrap.upkeep",
    "caravan.cell.frame",
    "caravan.cell.log",
    "caravan.flows.history",
    "caravan.world.markets.commands",
}

# For settings whose line in config.py has no comment: their names say it there, a table needs a sentence.
_SETTINGS: Final = {
    "host": "the address to listen on; this machine only, unless a proxy needs it otherwise",
    "port": "the port to listen on",
    "orders_port": "the port of the orders' socket over TCP; 0 leaves it at the Unix socket `orders.sock` in the home",
    "body_bytes_max": "the largest body of a request that is read, in bytes",
    "token_days": "how long a token is good for, in days, where whoever issues it does not say",
}


def pages() -> dict[str, str]:
    """Give every page of the reference by file name."""
    written = {
        "settings.md": _settings(),
        "cli.md": _cli(),
        "events.md": _events(),
        "commands.md": _commands(),
        "queries.md": _queries(),
        "refusals.md": _refusals(),
        "import-reasons.md": _import_reasons(),
        "http.md": _http(),
        "ids.md": _ids(),
        "limits.md": _limits(),
    }
    return {name: f"{_NOTE}\n{text.strip()}\n" for name, text in written.items()}


def modules() -> list[types.ModuleType]:
    """Import and give every module of Caravan."""
    names = (module.name for module in pkgutil.walk_packages(caravan.__path__, "caravan."))
    return [importlib.import_module(name) for name in names if not name.startswith(_PASSED_OVER)]


def flows() -> list[Callable[..., object]]:
    """Give every flow: what decides over the whole house and answers with a Decision or a Batch."""
    found = []
    for module in modules():
        if not module.__name__.startswith("caravan.flows."):
            continue
        for name, function in vars(module).items():
            is_own = inspect.isfunction(function) and function.__module__ == module.__name__
            if is_own and not name.startswith("_") and _decides(function) is not None:
                found.append(function)
    return found


def refusals() -> list[type[errors.CaravanError]]:
    """Give every error of ours that a caller may be told, by code."""
    modules()
    found: set[type[errors.CaravanError]] = set()
    left = list(errors.CaravanError.__subclasses__())
    while left:
        kind = left.pop()
        found.add(kind)
        left += kind.__subclasses__()
    ours = {kind for kind in found if kind.__module__.startswith("caravan.")}
    unsaid = {errors.Refusal, problems.DoorRefusal, client.Refused}  # Roots, and what the client makes of an answer.
    return sorted(ours - unsaid, key=code_of)


def public(domain: str, module: str) -> Iterator[tuple[str, Callable[..., object]]]:
    """Give the functions of a domain's commands or queries that others may use."""
    face = importlib.import_module(f"caravan.{domain}")
    for name in face.__all__:
        thing = getattr(face, name)
        if inspect.isfunction(thing) and thing.__module__ == f"{face.__name__}.{module}":
            yield name, thing


def code_of(kind: type[errors.CaravanError]) -> str:
    """Give the public code of a kind of error."""
    return errors.code(kind.__new__(kind))


def _decides(function: Callable[..., object]) -> type | None:
    """Tell whether a function is a flow, and of which sort."""
    answer = inspect.signature(function).return_annotation
    return answer if answer in {Decision, Batch} else None


# The pages.


def _settings() -> str:
    source = inspect.getsource(config.Settings)
    comments = dict(re.findall(r"^ +(\w+): .*?  # (.+)$", source, re.MULTILINE))
    said = {**_SETTINGS, **comments}
    rows = [
        (
            f"`CARAVAN_{field.name.upper()}`",
            f"`{field.default}`" if field.default != "" else "*(empty)*",
            said[field.name],
        )
        for field in fields(config.Settings)
    ]
    return f"""
# Settings

What the machine needs to know is a setting: it is read from the environment once, when Caravan starts. What the
business decides (fees, how long a reservation holds, the return window) is a fact in the log instead; see
[events](events.md#markets). `caravan settings` shows every setting with its value here.

{_table(("Variable", "Default", "What it is"), rows)}

The options `--home`, `--port`, `--host` and `--market` of `caravan` win over the variables.
"""


def _cli() -> str:
    parts = [
        "# Command line",
        (
            "`.venv/bin/caravan` is the command; `make up` puts it there. Exit code 0 is done, 1 is a refusal or a finding, 2 is"
            " wrong usage. With `--json`, exactly one JSON object is printed on standard output; words and progress bars for"
            " people go to standard error."
        ),
    ]
    for name, command in _commands_of(typer.main.get_command(cli.app), "caravan"):
        parts += [f"## {name}", _sentence(command.help)]
        rows = []
        for parameter in command.params:
            names = parameter.opts + parameter.secondary_opts
            is_option = names[0].startswith("-")
            label = ", ".join(names) if is_option else names[0].upper()
            help_text = _sentence(getattr(parameter, "help", ""))
            rows.append((f"`{label}`", "option" if is_option else "argument", help_text))
        if rows:
            parts.append(_table(("Name", "Sort", "What it is"), rows))
    return "\n\n".join(parts)


def _commands_of(command: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer wraps what it runs on.
    """Give every command below one, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, below in sorted(inner.items()):
        yield from _commands_of(below, f"{name} {word}")


def _events() -> str:
    parts = [
        "# Events",
        (
            "Everything that can happen, in the words of the log. A fact is never changed or taken out; a kind gains fields, and"
            " never loses one. `at` is when it happened, in microseconds since 1970 in UTC; every other time is written the"
            " same way. Amounts named `_minor` are integers of minor units. `unit` is the ISO 4217 number of a currency, or in"
            " the ledger also the number of a SKU. A field that is *sealed* holds personal data that only the vault can open."
        ),
    ]
    by_domain: dict[str, list[type[Event]]] = {}
    for kind in bootstrap.KINDS.values():
        by_domain.setdefault(kind.__module__.rsplit(".", 1)[-1], []).append(kind)
    for domain, kinds in sorted(by_domain.items()):
        parts += [f"## {domain}", _opening(inspect.getmodule(kinds[0]))]
        for kind in kinds:
            hints = get_type_hints(kind, include_extras=True)
            rows = [
                (f"`{field.name}`", _type(hints[field.name]) + (", sealed" if field.name in kind.personal else ""))
                for field in msgspec.structs.fields(kind)
            ]
            tag = str(kind.__struct_config__.tag)
            parts += [f"### {tag}", f"`{kind.__name__}`. {_prose(kind)}", _table(("Field", "Holds"), rows)]
    return "\n\n".join(parts)


def _commands() -> str:
    parts = [
        "# Commands and flows",
        (
            "A flow is a story over several domains: it looks at the whole house, decides, and gives facts or a refusal. Every"
            " door (web, API, command line, import) goes through these. `cell.do(flow, argument)` runs one and returns when its"
            " facts are durable; a flow that decides *together* takes the arguments of all requests that arrived at once."
        ),
    ]
    by_module: dict[str, list[Callable[..., object]]] = {}
    for flow in flows():
        by_module.setdefault(flow.__module__, []).append(flow)
    for module, found in sorted(by_module.items()):
        parts += [f"## {module.rsplit('.', 1)[-1]}", _opening(importlib.import_module(module))]
        for flow in found:
            argument = list(inspect.signature(flow).parameters.values())[1]
            together = ", decided together" if _decides(flow) is Batch else ""
            parts += [f"### {flow.__name__}", f"{_prose(flow)}\n\nTakes `{_plain(argument.annotation)}`{together}."]
            rows = _shape(argument.annotation)
            if rows:
                parts.append(_table(("Field", "Holds"), rows))
    parts += [
        "## Commands of each domain",
        (
            "Flows are made of these. A command is a pure function of a domain's state and its arguments: it gives events, or"
            " refuses; it does no input or output, reads no clock and draws no dice."
        ),
    ]
    for domain in DOMAINS:
        rows = [(f"`{name}`", _first_line(command)) for name, command in public(domain, "commands")]
        if rows:
            parts += [f"### {domain}", _table(("Command", "What it does"), rows)]
    return "\n\n".join(parts)


def _queries() -> str:
    parts = [
        "# Queries",
        (
            "A query is a pure function of a domain's state. `cell.ask(query)` answers from the models in memory and never shows"
            " what is not yet durable; a list that people page through is read from the [views](../concepts/views.md)."
        ),
    ]
    for domain in DOMAINS:
        rows = [(f"`{name}`", _first_line(query)) for name, query in public(domain, "queries")]
        if rows:
            parts += [f"## {domain}", _opening(importlib.import_module(f"caravan.{domain}.queries"))]
            parts.append(_table(("Query", "What it gives"), rows))
    return "\n\n".join(parts)


def _refusals() -> str:
    rows = [
        (
            f"`{code_of(kind)}`",
            _status(kind),
            _first_line(kind),
            f"`{kind.__module__.removeprefix('caravan.')}`",
        )
        for kind in refusals()
    ]
    return f"""
# Refusals and other errors

Three things can keep something from happening: the business says no (a **refusal**: nothing was changed, and asking
again changes nothing unless the state does), somebody else wrote first (a **conflict**: read again, then try again), or
the world outside failed (an **outage**: try again later). The class name is the public code. The text is for people and
may change; the code does not.

Over HTTP an error is a problem document ([RFC 9457](../how-to/api-with-curl.md#when-it-says-no)) with the code in
`refusal`; on the command line it is one sentence on standard error and exit code 1. Where no status is given, no request is ever
answered with it.

{_table(("Code", "HTTP", "What is so", "From"), rows)}
"""


def _status(kind: type[errors.CaravanError]) -> str:
    return "" if kind.__module__ in _NOT_OVER_HTTP else str(problems.status_of(kind))


def _http() -> str:
    parts = [
        "# HTTP operations",
        (
            "Every operation of the API. A running Caravan describes them with all their types at `/openapi.json` (OpenAPI 3.1);"
            " [how to use them](../how-to/api-with-curl.md) has the conventions. *Key* says whether an `Idempotency-Key` is taken."
            " Besides the refusals named here, every operation may answer with those of the door, such as `unauthenticated`,"
            " `missing_scope`, `invalid_request` and `too_many_requests`; all are in [refusals](refusals.md)."
        ),
    ]
    by_tag: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        by_tag.setdefault(operation.tag, []).append(operation)
    for tag, operations in by_tag.items():
        parts += [f"## {tag}", _opening(importlib.import_module(operations[0].handler.__module__))]
        for operation in operations:
            rows = [
                ("For", ", ".join(operation.who) + (f", scope `{operation.scope}`" if operation.scope else "")),
                ("Takes", _plain(operation.request) if operation.request else "nothing"),
                ("Query", _asked(operation.query)),
                (
                    "Answers",
                    f"{int(operation.status)}" + (f", {_plain(operation.response)}" if operation.response else ""),
                ),
                ("Key", operation.key),
                ("If-Match", "required" if operation.needs_revision else ""),
                ("Refusals", ", ".join(f"`{code_of(kind)}`" for kind in operation.refusals)),
            ]
            told = [(name, value) for name, value in rows if value]
            parts += [f"### {operation.method} {operation.path}", _prose(operation.handler), _table(("", ""), told)]
    return "\n\n".join(parts)


def _asked(query: type[msgspec.Struct] | None) -> str:
    return ", ".join(f"`{name}`" for name in query.__struct_fields__) if query else ""


def _import_reasons() -> str:
    parts = ["# Why an import leaves a row out", "See [how to import a shop](../how-to/import-a-shop.md)."]
    for name, adapter in (("olist", olist), ("online-retail", online_retail)):
        parts += [
            f"## {name}",
            _table(("Reason", "What it means"), [(f"`{key}`", said) for key, said in adapter.REASONS.items()]),
        ]
        notes = "\n".join(f"- {note}" for note in adapter.NOTES)
        parts.append(f"What the importer decided where the source is silent:\n\n{notes}")
    parts.append(
        "A row can also be left out with the code of a [refusal](refusals.md) as its reason: then the order was clean, but"
        " the same rules that live orders go through said no."
    )
    return "\n\n".join(parts)


def _ids() -> str:
    rows = [
        (f"`{prefix}_`", str(getattr(kind, "__name__", kind)).removesuffix("Id")) for kind, prefix in PREFIXES.items()
    ]
    return f"""
# Ids

Inside, an id is a dense number that counts from 1. Outside it is text: a prefix that tells the kind, and twelve digits
of base 32 (Crockford's alphabet, without I, L, O and U), so that text sorts as the numbers do: `ord_0000000000A4` is
order 324. An id of the wrong kind is refused as `invalid`.

{_table(("Prefix", "Of a"), rows)}
"""


def _limits() -> str:
    rows = []
    for module in modules():
        source = inspect.getsource(module)
        place = f"`{module.__name__.removeprefix('caravan.')}`"
        for name, value, comment in re.findall(
            r"^([A-Z][A-Z_]*_(?:MAX|MIN|PER_\w+)) = (.+?)(?:  # (.+))?$", source, re.MULTILINE
        ):
            rows.append((f"`{name}`", f"`{value}`", place, comment))
    return f"""
# Limits

Every queue, loop over what comes from outside, page and body is bounded. What can be set is among the
[settings](settings.md); what is here is in the code, under its name.

{_table(("Limit", "Value", "In", "Note"), sorted(rows))}
"""


# How things are written.


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def _prose(thing: object) -> str:
    """Give a docstring with its lines joined into paragraphs."""
    paragraphs = (inspect.getdoc(thing) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _opening(thing: object) -> str:
    return _prose(thing).split("\n\n", maxsplit=1)[0]


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n", maxsplit=1)[0]


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


_PLAIN: Final[dict[object, str]] = {
    int: "integer",
    Int8: "integer of 8 bits",
    Int16: "integer of 16 bits",
    str: "text",
    bytes: "bytes",
    bool: "true or false",
}


def _type(hint: object) -> str:  # noqa: PLR0911 - One line a sort of type.
    """Write a field's type in words."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if hint in PREFIXES:
        return f"`{getattr(hint, '__name__', hint)}`"
    if hint is np.ndarray:
        return "column of integers"
    if get_origin(hint) is Sequence:
        return f"column of {_type(get_args(hint)[0])}"
    if get_origin(hint) is tuple:
        first, *rest = get_args(hint)
        if rest != [...]:
            return " and ".join(_type(one) for one in (first, *rest))
        return f"list of {_type(first)}"
    if get_origin(hint) is dict:
        return "text to text"
    return f"`{_plain(hint)}`"


def _plain(hint: object) -> str:
    """Write an annotation as it reads in code, without the names of modules."""
    text = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=\w)", "", text)


def _shape(hint: object) -> list[tuple[str, str]]:
    """Give the fields of what a flow takes; a sequence is told by what it is a sequence of."""
    kind = get_args(hint)[0] if get_origin(hint) is not None and get_args(hint) else hint
    if not isinstance(kind, type):
        return []
    is_told = is_dataclass(kind) or issubclass(kind, msgspec.Struct) or hasattr(kind, "_fields")
    if not is_told:
        return []
    return [
        (f"`{name}`", _type(told)) for name, told in get_type_hints(kind, include_extras=True).items() if name[0] != "_"
    ]


def write() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
