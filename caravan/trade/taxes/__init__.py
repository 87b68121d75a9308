"""Taxes: what a sale meets on its way to its buyer, by rules that are data; frozen with an order, and owed to authorities.

Always: a version of the rules never changes; of no part goes back, or is kept, more than was charged; what is owed to an
authority is what was collected for it, less what went back, was corrected, and what it was paid.
"""

from caravan.trade.taxes.assessing import Convert, Route, Ware, assess, fee_rule
from caravan.trade.taxes.commands import (
    CLASSES,
    RemittedTooMuch,
    SameTaxRules,
    classify,
    collect,
    correct,
    give_back,
    load_rules,
    place_address,
    region_code,
    remit,
    tax_checkout,
    tax_order,
    tax_payment,
)
from caravan.trade.taxes.kernel import WORTH_MINOR_MAX, Compiled, Consignments, Kind, by_consignment, warm
from caravan.trade.taxes.model import Assessment, Classified, Movement, Part, Rule, Table, Taxed, Taxes
from caravan.trade.taxes.queries import Line, added, authority_number, classified, findings, owed, report, rule_of
from caravan.trade.taxes.reading import TaxFault, WrongTaxRules, read_table, shipped
from caravan.trade.taxes.tariffs import Imported, Tariff, TariffFormat, Unknown, import_tariff, read_tariff

__all__ = [
    "CLASSES",
    "WORTH_MINOR_MAX",
    "Assessment",
    "Classified",
    "Compiled",
    "Consignments",
    "Convert",
    "Imported",
    "Kind",
    "Line",
    "Movement",
    "Part",
    "RemittedTooMuch",
    "Route",
    "Rule",
    "SameTaxRules",
    "Table",
    "Tariff",
    "TariffFormat",
    "TaxFault",
    "Taxed",
    "Taxes",
    "Unknown",
    "Ware",
    "WrongTaxRules",
    "added",
    "assess",
    "authority_number",
    "by_consignment",
    "classified",
    "classify",
    "collect",
    "correct",
    "fee_rule",
    "findings",
    "give_back",
    "import_tariff",
    "load_rules",
    "owed",
    "place_address",
    "read_table",
    "read_tariff",
    "region_code",
    "remit",
    "report",
    "rule_of",
    "shipped",
    "tax_checkout",
    "tax_order",
    "tax_payment",
    "warm",
]
