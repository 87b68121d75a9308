"""Checks the table of arrows in the design: who may import whom, read from the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2] / "caravan"
WINGS = {"trade", "insight", "cloud", "world"}
GROUND = {"kernel", "events", "cell"}
DOORS = {"bootstrap", "web", "bench", "identities", "cli", "__main__"}

# The design's table. A domain is seen by its face (the package itself), by its ports, or from inside.
ARROWS = {
    "kernel": set[str](),
    "events": {"kernel"},
    "cell": {"kernel"},
    "client": {"kernel"},
    "config": {"kernel"},
    "domain": GROUND,
    "flows": GROUND | {"face"},
    "adapters": GROUND | {"ports"},
    "bootstrap": GROUND | {"face", "flows", "client", "config", "adapters"} | DOORS,
    "web": GROUND | {"face", "flows", "client", "config"} | DOORS,
    "bench": GROUND | {"face", "flows", "client", "config"} | DOORS,
    "identities": GROUND | {"face", "flows", "client", "config"} | DOORS,
    "cli": GROUND | {"face", "flows", "client", "config"} | DOORS,
    "__main__": {"cli"},
}

MODULES = {
    ".".join(file.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(HOUSE.rglob("*.py"))
}
PACKAGES = {module for module, file in MODULES.items() if file.name == "__init__.py"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_its_room_may_import(module: str) -> None:
    strays = [target for target in _ours(module, _imports(module)) if not _may_import(module, target)]

    assert not strays, f"{module} may not import {strays}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_nothing_of_ours_is_imported_inside_a_function(module: str) -> None:
    at_the_top = set(_tree(module).body)
    hidden = [node for node in _imports(module) if node not in at_the_top]

    assert not list(_ours(module, hidden)), f"{module} hides an import; a circle is a design fault, mend that"


@pytest.mark.parametrize(
    ("module", "target", "is_allowed"),
    [
        ("caravan.kernel.money", "caravan.kernel.errors", True),
        ("caravan.kernel.money", "caravan.events.orders", False),
        ("caravan.cell.log", "caravan.events", False),
        ("caravan.events.orders", "caravan.cell", False),
        ("caravan.trade.orders.commands", "caravan.trade.orders.model", True),
        ("caravan.trade.orders.commands", "caravan.trade.ledger", False),
        ("caravan.trade.orders.commands", "caravan.flows", False),
        ("caravan.flows.checkout", "caravan.trade.orders", True),
        ("caravan.flows.checkout", "caravan.trade.orders.model", False),
        ("caravan.flows.checkout", "caravan.flows.settlement", True),
        ("caravan.flows.checkout", "caravan.adapters.sqlite", False),
        ("caravan.flows.checkout", "caravan.config", False),
        ("caravan.adapters.psp", "caravan.trade.payments.ports", True),
        ("caravan.adapters.psp", "caravan.trade.payments", False),
        ("caravan.adapters.psp", "caravan.trade.payments.model", False),
        ("caravan.adapters.psp", "caravan.flows", False),
        ("caravan.web.api", "caravan.trade.catalog", True),
        ("caravan.web.api", "caravan.adapters.sqlite", False),
        ("caravan.cli", "caravan.adapters", False),
        ("caravan.bootstrap", "caravan.adapters.sqlite", True),
        ("caravan.client", "caravan.kernel.money", True),
        ("caravan.client", "caravan.events", False),
        ("caravan.trade", "caravan.trade.orders", False),
        ("caravan", "caravan.kernel", False),
    ],
)
def test_the_table_of_arrows_says_what_the_design_says(module: str, target: str, is_allowed: bool) -> None:  # noqa: FBT001 - A row's verdict.
    assert _may_import(module, target) is is_allowed


def _may_import(module: str, target: str) -> bool:
    """Answer one cell of the design's table."""
    room, other = _room(module), _room(target)
    if not room:
        return False  # The house and its wings are corridors: they hold no imports.
    if room == other:
        return True
    kind = "domain" if "." in room else room
    return (_side(target) if "." in other else other) in ARROWS[kind]


def _room(module: str) -> str:
    """Name the room that a module is in: `kernel`, `flows`, `trade.orders`; nothing for the house itself and its wings."""
    _, first, second, *_ = [*module.split("."), "", ""]
    if first in WINGS:
        return f"{first}.{second}" if second else ""
    assert not first or first in ARROWS, f"the design has no room called {first}"
    return first


def _side(target: str) -> str:
    """Name the side from which a domain is seen."""
    _, _, _, *inside = target.split(".")
    return {(): "face", ("ports",): "ports"}.get(tuple(inside), "inside")


def _ours(module: str, imports: list[ast.Import | ast.ImportFrom]) -> Iterator[str]:
    """Name the modules of ours that are meant: a name imported from a package may be a module of it."""
    for node in imports:
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        else:
            source = _absolute(module, node)
            inside = [f"{source}.{alias.name}" for alias in node.names]
            named = [name if name in MODULES else source for name in inside]
        yield from (name for name in named if name.split(".")[0] == "caravan")


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    here = module.split(".") if module in PACKAGES else module.split(".")[:-1]
    above = here[: len(here) - node.level + 1]
    return ".".join([*above, node.module] if node.module else above)


def _imports(module: str) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.walk(_tree(module)) if isinstance(node, ast.Import | ast.ImportFrom)]


TREES: dict[str, ast.Module] = {}


def _tree(module: str) -> ast.Module:
    if module not in TREES:
        TREES[module] = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return TREES[module]
