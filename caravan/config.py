"""Every setting of the machine, read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from caravan.kernel.errors import Invalid


@dataclass(frozen=True)
class Settings:
    """What the machine needs to know. What the business decides is a fact in the log instead."""

    home: Path = Path("caravan-home")  # where log, vault, views and snapshots lie
    host: str = "127.0.0.1"
    port: int = 8000
    market: str = "demo"  # what an empty home is filled with: demo or empty
    currency: str = "EUR"  # of a market that is opened empty
    search_language: str = "english"  # in which words of the Latin script are stemmed; other scripts tell theirs
    log_url: str = ""  # postgresql://… keeps the log there instead of in the home
    tick_seconds: float = 1.0  # between looks at what is due: reservations, settlements, payouts
    snapshot_facts: int = 500_000  # facts between snapshots
    numbers_facts: int = 250_000  # facts between sealings of the numbers; 0 leaves it to caravan numbers seal
    flight_port: int = 0  # of the door for BI tools, Arrow Flight SQL; 0 leaves it closed
    flight_host: str = "127.0.0.1"  # where that door listens; anywhere but on this machine it needs a certificate
    flight_certificate: str = ""  # a file with its certificate as PEM, and whoever vouches for it
    flight_key: str = ""  # a file with the key of its certificate as PEM
    outgoing_hosts: str = ""  # hosts inside that exports and webhooks may be sent to, parted by commas
    orders_port: int = 0  # of the orders' socket over TCP; 0 leaves it at the Unix socket in the home
    orders_ahead: int = 0  # memory for so many orders (of three lines, about 0.6 KB each) is taken before they come
    body_bytes_max: int = 8 * 2**20
    requests_per_minute: int = 6_000  # of one token, or of one address without a token
    token_days: int = 90
    ray_address: str = ""  # of a Ray cluster that this machine is part of: host:port or auto
    card_url: str = "https://api.stripe.com"  # of the card provider, which speaks as Stripe does
    card_key: str = ""  # the card provider's secret key; without one only a demo market takes (test) cards
    card_webhook_secret: str = ""  # what the card provider's webhooks are signed with
    carrier_url: str = "https://api.easypost.com"  # of the carriers' aggregator, which speaks as EasyPost does
    carrier_key: str = ""  # the aggregator's key; without one only a demo market has a (sandbox) carrier
    carrier_webhook_secret: str = ""  # what the aggregator's webhooks are signed with
    carrier_rates: str = ""  # a CSV file of rates by zone and weight, for a carrier that nobody has to ask


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read CARAVAN_HOME, CARAVAN_PORT and so on; refuse a value that cannot be one as Invalid."""
    values: dict[str, object] = {}
    for name, default in vars(Settings()).items():
        text = environment.get(f"CARAVAN_{name.upper()}")
        if text is None:
            continue
        try:
            values[name] = type(default)(text) if not isinstance(default, Path) else Path(text)
        except ValueError:
            raise Invalid(f"CARAVAN_{name.upper()} cannot be {text[:40]!r}.", field=name) from None
    return Settings(**values)  # type: ignore[arg-type]
