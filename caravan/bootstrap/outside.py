"""Whom a running Caravan asks and tells outside: carriers, providers, subscribers; and the machines that plan and print."""

from pathlib import Path

from caravan.adapters.easypost import EasyPostCarrier
from caravan.adapters.export_files import FolderOutbox, FolderShelf
from caravan.adapters.highs import HighsOptimizer
from caravan.adapters.pyvrp import PyVrpRouter
from caravan.adapters.rate_table import TableCarrier
from caravan.adapters.reportlab_printer import ReportlabPrinter
from caravan.adapters.sandbox.carrier import SECRET as CARRIER_SECRET
from caravan.adapters.sandbox.carrier import SandboxCarrier
from caravan.adapters.sandbox.psp import SECRET, SandboxPsp
from caravan.adapters.sandbox.server import InProcess
from caravan.adapters.sending import HttpsSender
from caravan.adapters.stripe import StripeProvider
from caravan.cell import Cell
from caravan.config import Settings
from caravan.flows import numbers as counting
from caravan.flows import profiles as knowing
from caravan.flows.exporting import Exporter, Signing
from caravan.flows.following import Teller
from caravan.flows.house import House
from caravan.flows.labels import TABLE
from caravan.insight.identity import Vault
from caravan.trade.delivery import Carrier, Printer
from caravan.trade.network import Optimizer, Router
from caravan.trade.payments import PaymentProvider, Provider


def couriers_of(
    settings: Settings, cell: Cell[House], numbers: counting.Numbers, desk: knowing.Desk, vault: Vault
) -> tuple[Exporter, Teller]:
    """Give who makes exports and who tells webhooks: both bring what they bring by one sender."""
    sender, signing = HttpsSender(allowed=settings.outgoing_hosts.split(",")), Signing(vault.mark)
    shelf, outbox = FolderShelf(settings.home / "exports"), FolderOutbox(settings.home / "webhooks")
    exporter = Exporter(cell, numbers=numbers, desk=desk, shelf=shelf, sender=sender, signing=signing)
    return exporter, Teller(cell, desk=desk, outbox=outbox, sender=sender, signing=signing)


def carriers_of(settings: Settings, road: SandboxCarrier | None) -> dict[str, Carrier]:
    """Give who brings parcels: the aggregator that the settings name or the sandbox, and whom a table has prices of."""
    found: dict[str, Carrier] = {}
    if settings.carrier_key:
        secret = settings.carrier_webhook_secret
        found["easypost"] = EasyPostCarrier(settings.carrier_url, key=settings.carrier_key, webhook_secret=secret)
    elif road is not None:
        found["easypost"] = EasyPostCarrier(
            "http://sandbox", key="sandbox", webhook_secret=CARRIER_SECRET, transport=InProcess(road)
        )
    if settings.carrier_rates:
        found[TABLE] = TableCarrier.of(Path(settings.carrier_rates))
    return found


def providers_of(settings: Settings, sandbox: SandboxPsp | None) -> dict[Provider, PaymentProvider]:
    """Give who takes payments: the card provider that the settings name, or the sandbox."""
    if settings.card_key:
        secret = settings.card_webhook_secret
        return {Provider.CARD: StripeProvider(settings.card_url, key=settings.card_key, webhook_secret=secret)}
    if sandbox is not None:
        inside = InProcess(sandbox)
        return {
            Provider.CARD: StripeProvider("http://sandbox", key="sk_sandbox", webhook_secret=SECRET, transport=inside)
        }
    return {}


def optimizer() -> Optimizer:
    """Give the optimizer for plans of a network."""
    return HighsOptimizer()


def printer() -> Printer:
    """Give the printer of labels and pick lists."""
    return ReportlabPrinter()


def router() -> Router:
    """Give the router for a day's rounds."""
    return PyVrpRouter()
