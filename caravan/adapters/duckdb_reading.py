"""Analysts' own SQL over the tables of numbers: each query is parsed by DuckDB itself, held to what one may see, and bounded."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa

from caravan.adapters.duckdb_numbers import DuckdbNumbers
from caravan.insight.metrics.ports import Book, Definitions, TooCostly, Viewer
from caravan.kernel.errors import Invalid, Outage

CATALOG, SCHEMA = "caravan", "numbers"
ROWS_MAX = 1_000_000
BYTES_MAX = 512 * 2**20
SECONDS_MAX = 60.0
QUERIES_AT_ONCE_MAX = 2
QUERY_CHARACTERS_MAX = 20_000
_DEPTH_MAX = 200
_METRICS = "metrics"
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
# What tells of the process, or changes something in it.
_FUNCTIONS_LEFT_OUT = frozenset({"currval", "current_setting", "getenv", "getvariable", "nextval", "write_log"})
# What a query is made of, besides expressions. Whatever else DuckDB learns is refused until somebody has looked at it.
_PARTS: Final = frozenset(
    {
        "SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "BASE_TABLE", "SUBQUERY", "JOIN",
        "TABLE_FUNCTION", "EMPTY", "EMPTY_FROM", "EXPRESSION_LIST", "ORDER_MODIFIER", "LIMIT_MODIFIER",
        "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER", "ORDER_DEFAULT", "ASCENDING", "DESCENDING", "INVALID",
    }
)  # fmt: skip
_SHARED = ("products", "market_names")  # What a seller sees whole: it is in every shop window.


class Analysts:
    """Answers queries of analysts' own. An operator sees every row; a seller their own, without the columns that tell of buyers."""

    def __init__(
        self, store: DuckdbNumbers, book: Book, *, definitions: Callable[[], Definitions], position: Callable[[], int],
        metrics: Callable[[Mapping[str, str], Viewer], str],
    ) -> None:  # fmt: skip
        """Say what is durable, and who writes the query of `metrics('gmv', by := 'category')`."""
        self._store, self._definitions, self._position, self._metrics = store, definitions, position, metrics
        self._columns = {name: table.names for name, table in book.tables.items()}
        self._columns |= {name: view.columns.names for name, view in book.views.items()}
        self._places = threading.BoundedSemaphore(QUERIES_AT_ONCE_MAX)
        self._lock = threading.Lock()
        self._shown: dict[int, str] = {}
        store.fence()

    def tables(self, viewer: Viewer) -> dict[str, pa.Schema]:
        """Give the tables that somebody sees, with their columns."""
        seen = self._seen(viewer)
        return {name: self._run(f"SELECT * FROM {self._schema(viewer)}.{name} LIMIT 0").schema for name in sorted(seen)}  # noqa: S608 - Names of our own.

    def schema(self, viewer: Viewer, text: str) -> pa.Schema:
        """Give the columns that a query answers with."""
        return self._run(f"SELECT * FROM ({self._checked(viewer, text)}\n) LIMIT 0").schema  # noqa: S608 - It was checked.

    def read(self, viewer: Viewer, text: str) -> pa.Table:
        """Answer a query with everything that is durable now. Refuses what is none as Invalid, and too much as TooCostly."""
        checked = self._checked(viewer, text)
        self._store.catch_up(self._position())
        if not self._places.acquire(timeout=SECONDS_MAX):
            raise Outage("Too many queries are being answered. Ask again in a moment.")
        try:
            found = self._run(f"SELECT * FROM ({checked}\n) LIMIT {ROWS_MAX + 1}")  # noqa: S608 - It was checked.
        finally:
            self._places.release()
        if found.num_rows > ROWS_MAX or found.nbytes > BYTES_MAX:
            raise TooCostly(
                f"An answer has at most {ROWS_MAX:,} rows and {BYTES_MAX // 2**20} MB: sum up, or ask for less."
            )
        return found

    def close(self) -> None:
        """Let go of the tables."""
        self._store.close()

    def _run(self, query: str) -> pa.Table:
        return self._store.answer(query, timeout_s=SECONDS_MAX)

    # What somebody sees.

    def _seen(self, viewer: Viewer) -> Mapping[str, list[str]]:
        """Give the tables and columns that somebody sees."""
        if viewer.audience == "operator":
            return self._columns
        found = {name: self._columns[name] for name in _SHARED}
        private, owners = self._rules()
        for name, owner in owners.items():
            found[name] = [column for column in self._columns[name] if column not in private[name]]
            assert owner in found[name], owner
        return found

    def _rules(self) -> tuple[dict[str, set[str]], dict[str, str]]:
        """Give the columns of each table that only the operator sees, and the column that says whose a row is."""
        private: dict[str, set[str]] = {name: set() for name in self._columns}
        owners: dict[str, str] = {}
        for one in self._definitions().datasets.values():
            if one.source in private:
                private[one.source] |= {field.column for field in one.fields.values() if field.is_private}
                if one.seller:
                    owners[one.source] = one.fields[one.seller].column if one.seller in one.fields else one.seller
        return private, owners

    def _schema(self, viewer: Viewer) -> str:
        """Give the schema that holds what somebody sees, made anew where the definitions have changed."""
        if viewer.audience == "operator":
            return "main"
        schema, print_ = f"seller_{int(viewer.seller)}", self._definitions().fingerprint
        with self._lock:
            if self._shown.get(viewer.seller) != print_:
                _, owners = self._rules()
                made = [f"CREATE SCHEMA IF NOT EXISTS {schema}"]
                for name, columns in self._seen(viewer).items():
                    own = f' WHERE "{owners[name]}" = {int(viewer.seller)}' if name in owners else ""
                    told = ", ".join(f'"{column}"' for column in columns)
                    made.append(f"CREATE OR REPLACE VIEW {schema}.{name} AS SELECT {told} FROM main.{name}{own}")  # noqa: S608 - Names of our own.
                self._store.define(made)
                self._shown[viewer.seller] = print_
        return schema

    # What a query may say.

    def _checked(self, viewer: Viewer, text: str) -> str:
        """Give a query again that names only what its viewer may see. Refuses anything else as Invalid."""
        if len(text) > QUERY_CHARACTERS_MAX:
            raise Invalid(f"A query has at most {QUERY_CHARACTERS_MAX:,} characters.", field="sql")
        tree = self._parsed(text)
        check = _Check(viewer, self._seen(viewer), self._schema(viewer), self._subquery)
        names = check.own_names(tree)
        taken = names & self._relations()
        if taken:
            raise Invalid(f"WITH can't name something {min(taken)}: there is a table of that name.", field="sql")
        try:
            check.walk(tree, frozenset())
        except RecursionError:
            raise Invalid("This query is nested too deeply.", field="sql") from None
        told = _literal(msgspec.json.encode(tree).decode())
        return str(self._run(f"SELECT json_deserialize_sql({told}::JSON) AS told").column("told")[0].as_py())

    def _parsed(self, text: str) -> dict[str, Any]:
        told = self._run(f"SELECT json_serialize_sql({_literal(text)})::VARCHAR AS told").column("told")[0].as_py()
        try:
            tree: dict[str, Any] = msgspec.json.decode(told)
        except (msgspec.DecodeError, RecursionError):
            raise Invalid("This query is nested too deeply.", field="sql") from None
        if tree["error"]:
            raise Invalid(f"This query can't be answered: {str(tree['error_message'])[:300]}", field="sql")
        if len(tree["statements"]) != 1:
            raise Invalid("One SELECT is answered at a time.", field="sql")
        return tree

    def _relations(self) -> set[str]:
        named = "SELECT table_name AS name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views()"
        return {str(name).lower() for name in self._run(named).column("name").to_pylist()}

    def _subquery(self, told: Mapping[str, str], viewer: Viewer) -> Any:  # noqa: ANN401  # A part of DuckDB's tree.
        return self._parsed(self._metrics(told, viewer))["statements"][0]


class _Check:
    """Goes through the tree of a query, part by part, and puts the viewer's own tables in the place of those that are named."""

    def __init__(
        self, viewer: Viewer, seen: Mapping[str, list[str]], schema: str,
        subquery: Callable[[Mapping[str, str], Viewer], Any],
    ) -> None:  # fmt: skip
        self._viewer, self._seen, self._schema, self._subquery = viewer, seen, schema, subquery

    def own_names(self, node: object, depth: int = 0) -> set[str]:
        """Give the names that a query gives to parts of its own."""
        if depth > _DEPTH_MAX:
            raise Invalid("This query is nested too deeply.", field="sql")
        if isinstance(node, list):
            return set().union(*(self.own_names(one, depth + 1) for one in node))
        if not isinstance(node, dict):
            return set()
        found = set().union(*(self.own_names(one, depth + 1) for one in node.values()))
        found |= {str(one["key"]).lower() for one in node.get("cte_map", {}).get("map", ())}
        if "cte_name" in node:
            found.add(str(node["cte_name"]).lower())
        return found

    def walk(self, node: object, names: frozenset[str]) -> None:
        """Hold a part and all in it to what may be said; `names` are those of the query's own that count here."""
        if isinstance(node, list):
            for one in node:
                self.walk(one, names)
        if isinstance(node, dict) and not self._hold(node, names):
            self._walk_in(node, names)

    def _hold(self, node: dict[str, Any], names: frozenset[str]) -> bool:
        """Hold one part to what may be said; tell whether something else stands in its place now."""
        kind = node.get("type")
        if isinstance(kind, str) and "class" not in node and kind not in _PARTS:
            raise Invalid(f"A query can't have {kind.lower().replace('_', ' ')} here.", field="sql")
        if "function_name" in node:
            self._function(node)
        if kind == "BASE_TABLE":
            self._table(node, names)
        if node.get("class") == "COLUMN_REF":
            node["column_names"] = _short(node["column_names"])
        return kind == "TABLE_FUNCTION" and self._rows(node)

    def _walk_in(self, node: dict[str, Any], names: frozenset[str]) -> None:
        for one in node.get("cte_map", {}).get("map", ()):
            self.walk(one["value"], names)
            names |= {str(one["key"]).lower()}
        for key, one in node.items():
            if key == "right" and "cte_name" in node:
                names |= {str(node["cte_name"]).lower()}
            if key != "cte_map":
                self.walk(one, names)

    def _function(self, node: dict[str, Any]) -> None:
        name = str(node["function_name"]).lower()
        if name in _FUNCTIONS_LEFT_OUT or node.get("schema") not in {"", None, "main"} or node.get("catalog"):
            raise Invalid(f"A query can't use {name}().", field="sql")

    def _table(self, node: dict[str, Any], names: frozenset[str]) -> None:
        path = [str(one).lower() for one in (node["catalog_name"], node["schema_name"], node["table_name"]) if one]
        *place, name = path
        if not place and name in names:
            return
        is_ours = place in ([], [SCHEMA], [CATALOG, SCHEMA])
        if not is_ours or name not in self._seen:
            raise Invalid(f"There is no table {'.'.join(path)[:100]}.", field="sql")
        node["catalog_name"], node["schema_name"], node["table_name"] = "", self._schema, name
        if "qualified_name" in node:
            node["qualified_name"] = {"path": [self._schema, name]}

    def _rows(self, node: dict[str, Any]) -> bool:
        """Put a question in the place of metrics(...); tell whether it was one."""
        function = node["function"]
        name = str(function["function_name"]).lower()
        if name in _TABLE_FUNCTIONS:
            return False
        if name != _METRICS:
            raise Invalid(f"A query can't use {name}().", field="sql")
        told = {}
        for place, one in enumerate(function["arguments"]):
            expression = one["expression"]
            literal = expression.get("literal", {})
            if expression.get("type") != "VALUE_CONSTANT" or literal.get("kind") != "STRING":
                raise Invalid(
                    "metrics() takes words: metrics('gmv, orders', by := 'category', grain := 'month').", field="sql"
                )
            told[one["name"] or ("names" if not place else "")] = str(literal["text"])
        alias, columns = node["alias"] or _METRICS, node.get("column_name_alias", [])
        shared = {"sample": node.get("sample"), "query_location": 0, "query_location_length": 0}
        subquery = self._subquery(told, self._viewer)
        node.clear()
        node.update(type="SUBQUERY", alias=alias, subquery=subquery, column_name_alias=columns, **shared)
        return True


def _short(names: list[str]) -> list[str]:
    """Give the name of a column without the catalog and schema that clients put before it."""
    if [one.lower() for one in names[:2]] == [CATALOG, SCHEMA] and len(names) > 3:  # noqa: PLR2004 - And a table and a column.
        return names[2:]
    if names[0].lower() == SCHEMA and len(names) > 2:  # noqa: PLR2004 - And a table and a column.
        return names[1:]
    return names


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
