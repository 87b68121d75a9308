"""Readers of files that come from elsewhere: reports, statements, customers, rates, another system's past."""

from collections.abc import Callable, Mapping
from pathlib import Path

from caravan.adapters import bank_statements, customer_files, stripe_report
from caravan.adapters.customer_files import CustomerFile
from caravan.adapters.ecb import EcbRates
from caravan.adapters.olist import OlistSource
from caravan.adapters.online_retail import OnlineRetailSource
from caravan.kernel.errors import Invalid
from caravan.trade.exchange import DayRates
from caravan.trade.payments import ReportLine, StatementLine
from caravan.world.partners import History, HistorySource, ImportOptions

_SOURCES: dict[str, type[OlistSource | OnlineRetailSource]] = {
    "olist": OlistSource,
    "online-retail": OnlineRetailSource,
}


def read_report(text: str) -> list[ReportLine]:
    """Read a card provider's itemized report."""
    return stripe_report.read_report(text)


def read_statement(text: str) -> list[StatementLine]:
    """Read a bank's statement: CSV, or camt.053."""
    return bank_statements.read_statement(text)


def history_source(name: str) -> HistorySource:
    """Give the importer of a format; refuses an unknown one."""
    if name not in _SOURCES:
        raise Invalid(f"There is no format {name[:40]!r}: it is one of {', '.join(_SOURCES)}.", field="format")
    return _SOURCES[name]()


def read_history(source: HistorySource, path: str, progress: Callable[[str, int, int], None]) -> History:
    """Read another system's export whole."""
    for seen in source.read(path, ImportOptions()):
        if isinstance(seen, History):
            return seen
        progress(*seen)
    raise Invalid(f"There is no history at {path}.", field="path")


def read_customers(file: Path) -> CustomerFile:
    """Read a file of customers of another system, row by row."""
    return customer_files.read_customers(file)


def read_mapping(file: Path, columns: list[str], roles: frozenset[str]) -> Mapping[str, str]:
    """Read what the columns of such a file are."""
    return customer_files.read_mapping(file, columns, roles)


def read_rates(path: Path) -> DayRates:
    """Read a file of the ECB's reference rates; gives its newest day."""
    return EcbRates().read(path)
