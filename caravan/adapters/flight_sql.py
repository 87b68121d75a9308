"""The door for BI tools: Arrow Flight SQL by pyarrow's own Flight server, read-only, with nothing kept between two calls."""

import base64
import binascii
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
from pyarrow import flight

from caravan.insight.metrics.ports import TooCostly, Viewer
from caravan.kernel.errors import CaravanError, Invalid, Outage

_logger = logging.getLogger("caravan.adapters")

PACKAGE = "arrow.flight.protocol.sql"
_TYPE = f"type.googleapis.com/{PACKAGE}."
_WHO = "who"
_TABLE = "TABLE"
# The messages of FlightSql.proto (Arrow format 1.3) that are spoken here: number, name and kind of each field.
_MESSAGES: Mapping[str, Sequence[tuple[int, str, str]]] = {
    "CommandGetSqlInfo": [(1, "info", "uint32*")],
    "CommandGetXdbcTypeInfo": [(1, "data_type", "int32")],
    "CommandGetCatalogs": [],
    "CommandGetDbSchemas": [(1, "catalog", "string?"), (2, "db_schema_filter_pattern", "string?")],
    "CommandGetTables": [
        (1, "catalog", "string?"), (2, "db_schema_filter_pattern", "string?"), (3, "table_name_filter_pattern", "string?"),
        (4, "table_types", "string*"), (5, "include_schema", "bool"),
    ],
    "CommandGetTableTypes": [],
    "CommandGetPrimaryKeys": [(1, "catalog", "string?"), (2, "db_schema", "string?"), (3, "table", "string")],
    "CommandGetExportedKeys": [(1, "catalog", "string?"), (2, "db_schema", "string?"), (3, "table", "string")],
    "CommandGetImportedKeys": [(1, "catalog", "string?"), (2, "db_schema", "string?"), (3, "table", "string")],
    "CommandGetCrossReference": [],
    "CommandStatementQuery": [(1, "query", "string")],
    "CommandPreparedStatementQuery": [(1, "prepared_statement_handle", "bytes")],
    "TicketStatementQuery": [(1, "statement_handle", "bytes")],
    "ActionCreatePreparedStatementRequest": [(1, "query", "string")],
    "ActionCreatePreparedStatementResult": [
        (1, "prepared_statement_handle", "bytes"), (2, "dataset_schema", "bytes"), (3, "parameter_schema", "bytes"),
    ],
    "ActionClosePreparedStatementRequest": [(1, "prepared_statement_handle", "bytes")],
}  # fmt: skip
_KINDS = {
    "bool": pa.bool_(), "binary": pa.binary(), "int": pa.int32(), "string": pa.string(), "byte": pa.uint8(),
    "strings": pa.list_(pa.field("item", pa.string(), nullable=False)),
}  # fmt: skip


def _columns(told: str) -> pa.Schema:
    """Read columns, each with its kind; one with ! is never missing. Clients hold what comes against exactly these."""
    pairs = [one.split(":") for one in told.split()]
    return pa.schema(
        [pa.field(name.rstrip("!"), _KINDS[kind], nullable=not name.endswith("!")) for name, kind in pairs]
    )


_CATALOGS, _TYPES = _columns("catalog_name!:string"), _columns("table_type!:string")
_SCHEMAS = _columns("catalog_name:string db_schema_name!:string")
_TABLES = _columns("catalog_name:string db_schema_name:string table_name!:string table_type!:string")
_TABLES_TOLD = _columns(
    "catalog_name:string db_schema_name:string table_name!:string table_type!:string table_schema!:binary"
)
_PRIMARY = _columns(
    "catalog_name:string db_schema_name:string table_name!:string column_name!:string key_name:string key_sequence!:int"
)
_KEYS = _columns(
    "pk_catalog_name:string pk_db_schema_name:string pk_table_name!:string pk_column_name!:string"
    " fk_catalog_name:string fk_db_schema_name:string fk_table_name!:string fk_column_name!:string"
    " key_sequence!:int fk_key_name:string pk_key_name:string update_rule!:byte delete_rule!:byte"
)
_XDBC = _columns(
    "type_name!:string data_type!:int column_size:int literal_prefix:string literal_suffix:string create_params:strings"
    " nullable!:int case_sensitive!:bool searchable!:int unsigned_attribute:bool fixed_prec_scale!:bool auto_increment:bool"
    " local_type_name:string minimum_scale:int maximum_scale:int sql_data_type!:int datetime_subcode:int"
    " num_prec_radix:int interval_precision:int"
)
# What is asked for and is not there: no table has keys that another refers to.
_NOTHING = {
    "CommandGetPrimaryKeys": _PRIMARY, "CommandGetExportedKeys": _KEYS, "CommandGetImportedKeys": _KEYS,
    "CommandGetCrossReference": _KEYS, "CommandGetXdbcTypeInfo": _XDBC,
}  # fmt: skip
# What a client may want to know, by the number of FlightSql.proto's SqlInfo.
_INFO: Mapping[int, str | bool | int] = {
    0: "Caravan", 1: "0.1", 2: pa.__version__, 3: True, 4: True, 5: False, 8: 0, 500: False, 501: False, 502: False, 503: 1,
    504: 1, 505: '"', 506: 1, 507: False, 508: 1,
}  # fmt: skip
_PLACES = {str: 0, bool: 1, int: 2}


class Desk(Protocol):
    """Who knows tokens and answers queries."""

    def who(self, token: str) -> Viewer:
        """Tell who shows a token. Refuses one that is unknown, too old, or may not do this."""
        ...

    def tables(self, viewer: Viewer) -> dict[str, pa.Schema]:
        """Give the tables that somebody sees."""
        ...

    def schema(self, viewer: Viewer, text: str) -> pa.Schema:
        """Give the columns that a query answers with."""
        ...

    def read(self, viewer: Viewer, text: str) -> pa.Table:
        """Answer a query."""
        ...


class Certificate(NamedTuple):
    """What the door shows to whoever comes over the network: a certificate with its key, both as PEM."""

    chain: bytes
    key: bytes


class FlightSqlDoor(flight.FlightServerBase):  # type: ignore[misc]  # Untyped.
    """Answers Flight SQL's clients. It listens from the moment it is made."""

    def __init__(  # Where it listens, and how tables are called.
        self, host: str, port: int, desk: Desk, *, catalog: str, schema: str, certificate: Certificate | None = None
    ) -> None:
        scheme = "grpc+tls" if certificate is not None else "grpc"
        spelled = f"[{host}]" if ":" in host else host
        tls = [(certificate.chain, certificate.key)] if certificate is not None else None
        self._desk, self._catalog, self._schema = desk, catalog, schema
        self._messages = messages()
        super().__init__(
            f"{scheme}://{spelled}:{port}", auth_handler=_Handshake(), tls_certificates=tls,
            middleware={_WHO: _Recognition(desk)},
        )  # fmt: skip

    # What Flight asks of a server.

    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Say how a command will be answered: its columns, and the ticket to fetch the answer with."""
        name, command = self._read(descriptor.command)
        with _told():
            schema, ticket = self._prepared(_viewer(context), name, command, descriptor.command)
        return flight.FlightInfo(schema, descriptor, [flight.FlightEndpoint(ticket, [])], -1, -1)

    def get_schema(self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor) -> flight.SchemaResult:
        """Give the columns of a command's answer."""
        return flight.SchemaResult(self.get_flight_info(context, descriptor).schema)

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.RecordBatchStream:
        """Answer what a ticket stands for, to whoever shows it, as far as they may see it."""
        name, command = self._read(ticket.ticket)
        viewer = _viewer(context)
        with _told():
            if name == "TicketStatementQuery":
                return flight.RecordBatchStream(self._desk.read(viewer, _text(command.statement_handle)))
            return flight.RecordBatchStream(self._listed(viewer, name, command))

    def do_action(self, context: flight.ServerCallContext, action: flight.Action) -> Iterator[bytes]:
        """Prepare a query, or let one go: a prepared query is its own text, so that there is nothing to keep."""
        viewer = _viewer(context)
        if action.type == "CreatePreparedStatement":
            _, asked = self._read(action.body.to_pybytes())
            with _told():
                schema = self._desk.schema(viewer, asked.query)
            made = self._messages["ActionCreatePreparedStatementResult"](
                prepared_statement_handle=asked.query.encode(), dataset_schema=schema.serialize().to_pybytes(),
                parameter_schema=pa.schema([]).serialize().to_pybytes(),
            )  # fmt: skip
            return iter([_packed("ActionCreatePreparedStatementResult", made.SerializeToString())])
        if action.type in {"ClosePreparedStatement", "CloseSession"}:
            return iter([])
        raise flight.FlightServerError(f"There is no action {action.type!r} here: this door only reads.")

    def list_actions(self, _: flight.ServerCallContext) -> list[tuple[str, str]]:
        """List the actions."""
        return [("CreatePreparedStatement", "Prepare a query."), ("ClosePreparedStatement", "Let one go.")]

    # How commands are answered.

    def _prepared(self, viewer: Viewer, name: str, command: Any, whole: bytes) -> tuple[pa.Schema, flight.Ticket]:  # noqa: ANN401  # A message.
        if name in {"CommandStatementQuery", "CommandPreparedStatementQuery"}:
            is_plain = name == "CommandStatementQuery"
            text = command.query if is_plain else _text(command.prepared_statement_handle)
            ticket = self._messages["TicketStatementQuery"](statement_handle=text.encode())
            told = _packed("TicketStatementQuery", ticket.SerializeToString())
            return self._desk.schema(viewer, text), flight.Ticket(told)
        return self._listed(viewer, name, command).schema, flight.Ticket(whole)

    def _listed(self, viewer: Viewer, name: str, command: Any) -> pa.Table:  # noqa: ANN401  # A message.
        """Answer what is not a query: what there is, and what this server can do."""
        if name in _NOTHING:
            return _NOTHING[name].empty_table()
        if name == "CommandGetCatalogs":
            return pa.table([[self._catalog]], schema=_CATALOGS)
        if name == "CommandGetDbSchemas":
            has = _fits(command, "catalog", self._catalog) and _like(command, "db_schema_filter_pattern", self._schema)
            told = [{"catalog_name": self._catalog, "db_schema_name": self._schema}] if has else []
            return pa.Table.from_pylist(told, _SCHEMAS)
        if name == "CommandGetTables":
            return self._tables(viewer, command)
        if name == "CommandGetTableTypes":
            return pa.table([[_TABLE]], schema=_TYPES)
        if name != "CommandGetSqlInfo":
            raise Invalid(f"{name} is not answered here.")
        return _info(command.info)

    def _tables(self, viewer: Viewer, command: Any) -> pa.Table:  # noqa: ANN401  # A message.
        has = _fits(command, "catalog", self._catalog) and _like(command, "db_schema_filter_pattern", self._schema)
        has = has and (not command.table_types or _TABLE in command.table_types)
        found = self._desk.tables(viewer) if has else {}
        rows = [
            {
                "catalog_name": self._catalog, "db_schema_name": self._schema, "table_name": name, "table_type": _TABLE,
                "table_schema": schema.serialize().to_pybytes(),
            }
            for name, schema in found.items()
            if _like(command, "table_name_filter_pattern", name)
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, _TABLES_TOLD if command.include_schema else _TABLES)

    def _read(self, packed: bytes) -> tuple[str, Any]:
        """Read a command. Refuses what is none of Flight SQL's."""
        found = _any().FromString(packed)
        name = found.type_url.removeprefix(_TYPE)
        if name not in self._messages:
            raise flight.FlightServerError(f"{found.type_url[:100] or 'This'} is no command that is answered here.")
        return name, self._messages[name].FromString(found.value)


class _Handshake(flight.ServerAuthHandler):  # type: ignore[misc]  # Untyped.
    """Lets every handshake pass: who it is, the header of each call says, and what comes of it stands in the answer's."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:  # noqa: ANN401
        """Say nothing."""

    def is_valid(self, _: bytes) -> bytes:
        """Take any session, for there are none."""
        return b""


class _Recognition(flight.ServerMiddlewareFactory):  # type: ignore[misc]  # Untyped.
    """Finds out who calls, by a token as bearer or as the password of Basic's; nobody else gets any further."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def start_call(self, _: flight.CallInfo, headers: Mapping[str, Sequence[str]]) -> "_Caller":
        """Recognize who calls."""
        given = next((value[0] for name, value in headers.items() if name.lower() == "authorization"), "")
        token = _token(given)
        try:
            return _Caller(self._desk.who(token), token)
        except CaravanError as error:
            raise flight.FlightUnauthenticatedError(str(error)) from None


class _Caller(flight.ServerMiddleware):  # type: ignore[misc]  # Untyped.
    """Who calls. Whoever came with Basic is told the bearer token that they can go on with."""

    def __init__(self, viewer: Viewer, token: str) -> None:
        super().__init__()
        self.viewer, self._token = viewer, token

    def sending_headers(self) -> dict[str, str]:
        """Give the headers of the answer."""
        return {"authorization": f"Bearer {self._token}"}


class _told:  # noqa: N801 - It reads as a verb: with _told().
    """Turns what the house says into what Flight's clients understand."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Say no in Flight's words."""
        match error:
            case None:
                return
            case Outage():
                raise flight.FlightUnavailableError(str(error)) from None
            case Invalid() | TooCostly() | CaravanError():
                raise flight.FlightServerError(str(error)) from None
            case flight.FlightError():
                return
            case _:
                _logger.error("A query of an analyst's broke.", exc_info=error)
                raise flight.FlightInternalError("Something broke. The operator's log says what.") from None


def _viewer(context: flight.ServerCallContext) -> Viewer:
    viewer: Viewer = context.get_middleware(_WHO).viewer
    return viewer


def _token(given: str) -> str:
    scheme, _, told = given.partition(" ")
    if scheme.lower() == "bearer":
        return told.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        padded = told.strip().rstrip("=")  # Go's clients leave the padding out.
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _text(handle: bytes) -> str:
    try:
        return handle.decode()
    except UnicodeDecodeError:
        raise Invalid("This is no query.") from None


def _fits(command: Any, field: str, name: str) -> bool:  # noqa: ANN401  # A message.
    return not command.HasField(field) or getattr(command, field) in {"", name}


def _like(command: Any, field: str, name: str) -> bool:  # noqa: ANN401  # A message.
    """Hold a name against a pattern as SQL's LIKE does; no pattern fits everything."""
    if not command.HasField(field):
        return True
    pattern = "".join({"%": ".*", "_": "."}.get(one, re.escape(one)) for one in getattr(command, field))
    return re.fullmatch(pattern or ".*", name, re.IGNORECASE | re.DOTALL) is not None


def _info(asked: Sequence[int]) -> pa.Table:
    """Say what this server can do, in the union that Flight SQL has for that."""
    chosen = {number: _INFO[number] for number in (asked or _INFO) if number in _INFO}
    values: dict[type, list[Any]] = {kind: [] for kind in _PLACES}
    places, offsets = [], []
    for value in chosen.values():
        places.append(_PLACES[type(value)])
        offsets.append(len(values[type(value)]))
        values[type(value)].append(value)
    children = [
        pa.array(values[str], pa.string()), pa.array(values[bool], pa.bool_()), pa.array(values[int], pa.int64()),
        pa.array([], pa.int32()), pa.array([], pa.list_(pa.string())), pa.array([], pa.map_(pa.int32(), pa.list_(pa.int32()))),
    ]  # fmt: skip
    names = ["string_value", "bool_value", "bigint_value", "int32_bitmask", "string_list", "int32_to_int32_list_map"]
    told = pa.UnionArray.from_dense(pa.array(places, pa.int8()), pa.array(offsets, pa.int32()), children, names)
    columns = [pa.field("info_name", pa.uint32(), nullable=False), pa.field("value", told.type, nullable=False)]
    return pa.table([pa.array(list(chosen), pa.uint32()), told], schema=pa.schema(columns))


def _packed(name: str, value: bytes) -> bytes:
    packed: bytes = _any()(type_url=_TYPE + name, value=value).SerializeToString()
    return packed


@cache
def _any() -> Any:  # noqa: ANN401  # A message class.
    from google.protobuf import any_pb2  # noqa: PLC0415 - The extra "bi"; nobody else needs it.

    return any_pb2.Any


@cache
def messages() -> Mapping[str, Any]:
    """Give the classes of Flight SQL's messages. Refuses where protobuf is not installed."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415 - As above.
    except ImportError as error:
        raise Outage("The door for BI tools needs protobuf: pip install 'caravan[bi]'.") from error
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="caravan/flight_sql.proto", package=PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            made = message.field.add(
                name=field, number=number, type=getattr(kinds, f"TYPE_{kind.rstrip('*?').upper()}")
            )
            made.label = kinds.LABEL_REPEATED if kind.endswith("*") else kinds.LABEL_OPTIONAL
            if kind.endswith("?"):
                made.proto3_optional, made.oneof_index = True, len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in _MESSAGES
    }
