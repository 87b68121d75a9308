"""The client: a method for each operation of the API, typed, with keys and repetitions taken care of."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx
import msgspec
import pyarrow as pa

from caravan.client import locations as sites
from caravan.client import taxes, wallets, wire
from caravan.client.sending import Sender
from caravan.kernel.money import Money

T = TypeVar("T")

_CART_SECRET = "cart-secret"  # noqa: S105 - The header's name.
_COLUMNS = "application/vnd.apache.arrow.stream"
PAGES_MAX = 1_000_000


class Client:
    """Caravan from another process.

    Each method sends one request and gives what was answered, or raises Refused. Commands carry an Idempotency-Key of
    their own; give `key` to choose it, and a command that was sent before is answered as it was then.
    """

    def __init__(self, url: str, token: str | None = None, *, transport: httpx.BaseTransport | None = None) -> None:
        self._sender = Sender(url, token, transport=transport)
        self._cart_secrets: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._sender.close()

    @property
    def token(self) -> str | None:
        """Give the token that this client shows."""
        return self._sender.token

    @token.setter
    def token(self, token: str | None) -> None:
        self._sender.token = token

    # People and tokens.

    def register(self, new: wire.NewBuyer, *, key: str | None = None) -> wire.Buyer:
        """Register to buy; log in afterwards."""
        return self._post("/v1/buyers", wire.Buyer, new, key=key)

    def log_in(self, audience: wire.Audience, email: str, password: str) -> wire.Token:
        """Log in, and show the new token from now on."""
        token = self._post("/v1/tokens", wire.Token, wire.NewToken(audience=audience, email=email, password=password))
        self.token = token.token
        return token

    def make_token(
        self, audience: wire.Audience, subject: str | None = None, *, scopes: list[str] | None = None,
        days: int | None = None,
    ) -> wire.Token:  # fmt: skip
        """Make a token for somebody, as the operator."""
        new = wire.NewToken(audience=audience, subject=subject, scopes=scopes or [], days=days)
        return self._post("/v1/tokens", wire.Token, new)

    def current_token(self) -> wire.Bearer:
        """Tell whose token this is."""
        return self._get("/v1/tokens/current", wire.Bearer)

    def log_out(self) -> None:
        """Revoke the token that this client shows."""
        self._sender.send("DELETE", "/v1/tokens/current")
        self.token = None

    def me(self) -> wire.Me:
        """Show what is known of the buyer who calls."""
        return self._get("/v1/buyers/me", wire.Me)

    def forget_me(self) -> None:
        """Erase the buyer who calls."""
        self._sender.send("DELETE", "/v1/buyers/me")

    def consents(self) -> list[wire.OwnConsent]:
        """List every purpose that the buyer who calls is known or looked for by, and where it stands."""
        return self._get("/v1/buyers/me/consents", wire.OwnConsents).data

    def say_consent(self, purpose: str, *, granted: bool) -> list[wire.OwnConsent]:
        """Allow a purpose, or forbid it; it holds at once."""
        new = wire.NewConsent(purpose=purpose, granted=granted)
        return self._post("/v1/buyers/me/consents", wire.OwnConsents, new).data

    def addresses(self) -> list[wire.Address]:
        """List one's own addresses."""
        return self._get("/v1/addresses", wire.Page[wire.Address]).data

    def add_address(self, place: wire.Place, *, key: str | None = None) -> wire.NewAddress:
        """Add an address."""
        return self._post("/v1/addresses", wire.NewAddress, place, key=key)

    # The market and its sellers.

    def market(self) -> wire.Market:
        """Show the market's terms."""
        return self._get("/v1/market", wire.Market)

    def set_terms(self, *, policy: wire.PolicyTerms | None = None, fees: wire.Fees | None = None) -> wire.Market:
        """Set terms, fees or both, as the operator."""
        return self._put("/v1/market", wire.Market, wire.MarketTerms(policy=policy, fees=fees))

    def apply_to_sell(self, new: wire.NewSeller, *, key: str | None = None) -> wire.Seller:
        """Apply to sell; log in afterwards."""
        return self._post("/v1/sellers", wire.Seller, new, key=key)

    def sellers(self, *, status: wire.SellerState | None = None, limit: int | None = None) -> Iterator[wire.Seller]:
        """Go through sellers."""
        return self._pages("/v1/sellers", wire.Page[wire.Seller], {"status": status}, limit)

    def seller(self, seller: str) -> wire.Seller:
        """Show a seller."""
        return self._get(f"/v1/sellers/{seller}", wire.Seller)

    def approve_seller(self, seller: str, *, key: str | None = None) -> wire.Seller:
        """Let a seller in, as the operator."""
        return self._post(f"/v1/sellers/{seller}/approve", wire.Seller, key=key)

    def suspend_seller(self, seller: str, *, why: str = "", key: str | None = None) -> wire.Seller:
        """Stop a seller, as the operator."""
        return self._post(f"/v1/sellers/{seller}/suspend", wire.Seller, wire.Why(why=why), key=key)

    def ask_for_plan(self, wish: wire.NetworkPlanWish, *, key: str | None = None) -> wire.NetworkPlan:
        """Ask for a plan of a network, as the operator."""
        return self._post("/v1/network/plans", wire.NetworkPlan, wish, key=key)

    def network_plan(self, plan: str) -> wire.NetworkPlan:
        """Show a plan of a network; it is there when its status is no longer pending."""
        return self._get(f"/v1/network/plans/{plan}", wire.NetworkPlan)

    # Who is who, for the operator.

    def observe(self, observations: Sequence[wire.Observation]) -> list[str]:
        """Tie identifiers that were certainly of one person; give the identity of each observation."""
        new = wire.NewObservations(data=list(observations))
        return self._post("/v1/identities/observations", wire.Observed, new).data

    def who_is(
        self, identifiers: Sequence[wire.Identifier] = (), *, record: Mapping[str, str] | None = None
    ) -> wire.Recognized:
        """Say who is meant, or whom a record resembles."""
        asked = wire.Who(identifiers=list(identifiers), record=dict(record or {}))
        return self._post("/v1/identities/resolve", wire.Recognized, asked)

    def identity(self, identity: str) -> wire.Identity:
        """Show an identity with its ties and what it allows."""
        return self._get(f"/v1/identities/{identity}", wire.Identity)

    def tie_identities(self, left: str, right: str, *, why: str = "", key: str | None = None) -> wire.Identity:
        """Make two identities one because somebody says so."""
        new = wire.NewIdentityTie(left=left, right=right, why=why)
        return self._post("/v1/identities/ties", wire.Identity, new, key=key)

    def split_identity(
        self, identity: str, ties: Sequence[str], *, why: str = "", key: str | None = None
    ) -> list[wire.Identity]:
        """Undo ties; give the identities that were there before."""
        new = wire.NewSplit(ties=list(ties), why=why)
        return self._post(f"/v1/identities/{identity}/split", wire.Page[wire.Identity], new, key=key).data

    def forget_identity(self, identity: str) -> None:
        """Erase a person."""
        self._sender.send("DELETE", f"/v1/identities/{identity}")

    def state_consent(self, statement: wire.NewStatement, *, key: str | None = None) -> wire.Identity:
        """Note what somebody allows or forbids."""
        return self._post("/v1/identities/consents", wire.Identity, statement, key=key)

    def proposals(self, *, limit: int | None = None) -> Iterator[wire.Proposal]:
        """Go through records that may be one person and wait for somebody to decide."""
        return self._pages("/v1/identities/proposals", wire.Page[wire.Proposal], {}, limit)

    def decide_proposal(self, proposal: str, *, accept: bool, key: str | None = None) -> wire.Proposal:
        """Accept a proposal, or reject it."""
        new = wire.NewVerdict(accept=accept)
        return self._post(f"/v1/identities/proposals/{proposal}/decide", wire.Proposal, new, key=key)

    # What is sold.

    def products(
        self, *, q: str = "", category: str = "", sort: str = "newest", sellable: bool = True,
        seller: str | None = None, limit: int | None = None,
    ) -> Iterator[wire.ProductOnShelf]:  # fmt: skip
        """Browse or search, through all pages; `limit` is how many come with one request."""
        query = {"q": q, "category": category, "sort": sort, "sellable": sellable, "seller": seller}
        return self._pages("/v1/products", wire.Page[wire.ProductOnShelf], query, limit)

    def search(
        self, q: str, *, category: str = "", seller: str | None = None, sort: str = "relevance", limit: int = 24,
        after: str = "", visitor: str | None = None,
    ) -> wire.SearchAnswer:  # fmt: skip
        """Find products by words: a page of them, with facets, and what was corrected; for a visitor it is noted."""
        query = {
            "q": q, "category": category, "seller": seller, "sort": sort, "limit": limit, "after": after, "visitor": visitor,
        }  # fmt: skip
        return self._get("/v1/search", wire.SearchAnswer, query)

    def suggestions(self, q: str) -> list[str]:
        """Complete what somebody types."""
        return self._get("/v1/suggest", wire.Suggestions, {"q": q}).data

    def synonyms(self) -> list[list[str]]:
        """Give the groups of phrases that mean the same, as the operator."""
        return self._get("/v1/search/synonyms", wire.SynonymGroups).groups

    def set_synonyms(self, groups: Sequence[Sequence[str]]) -> list[list[str]]:
        """Say which phrases mean the same from now on, as the operator."""
        body = wire.Synonyms(groups=[list(group) for group in groups])
        return self._put("/v1/search/synonyms", wire.SynonymGroups, body).groups

    def missed(self) -> list[wire.Missed]:
        """Give what was looked for in vain, as the operator."""
        return self._get("/v1/search/missed", wire.MissedWords).data

    def product(self, product: str) -> wire.Product:
        """Show a product and its offers."""
        return self._get(f"/v1/products/{product}", wire.Product)

    def recommendations(
        self, surface: wire.Surface = "home", *, product: str | None = None, cart: str | None = None,
        visitor: str | None = None, limit: int = 12,
    ) -> wire.Recommendations:  # fmt: skip
        """Give what may please a visitor, or this client's buyer, on a surface."""
        query = {"surface": surface, "product": product, "cart": cart, "visitor": visitor, "limit": limit}
        return self._get("/v1/recommendations", wire.Recommendations, query)

    def note_signals(self, new: wire.NewSignals) -> wire.SignalsNoted:
        """Note what a visitor did."""
        return self._post("/v1/signals", wire.SignalsNoted, new)

    def recommendation_rules(self) -> list[wire.RecommendationRule]:
        """Give the operator's rules about what is recommended."""
        return self._get("/v1/recommendation_rules", wire.RecommendationRules).data

    def set_recommendation_rule(self, new: wire.NewRule) -> wire.RecommendationRule:
        """Pin, bury or boost, as the operator."""
        return self._post("/v1/recommendation_rules", wire.RecommendationRule, new)

    def lift_recommendation_rule(self, rule: str) -> None:
        """Let a rule hold no more, as the operator."""
        self._sender.send("POST", "/v1/recommendation_rules/lifted", body=wire.LiftedRule(rule=rule))

    def recommendation_proof(self) -> wire.RecommendationProof:
        """Tell what personal lists have brought, as the operator."""
        return self._get("/v1/recommendation_proof", wire.RecommendationProof)

    def draw_hold_out(self, share_percent: int) -> wire.HoldOut:
        """Draw a share of the visitors who are shown no personal lists, as the operator."""
        return self._post("/v1/recommendation_hold_out", wire.HoldOut, wire.NewHoldOut(share_percent=share_percent))

    def write_digests(self, new: wire.NewDigests) -> wire.Digests:
        """Write letters with suggestions to buyers who allowed them, as the operator."""
        return self._post("/v1/digests", wire.Digests, new)

    def comparisons(self) -> list[wire.VersionComparison]:
        """Tell which versions are compared and what came of it, as the operator."""
        return self._get("/v1/comparisons", wire.VersionComparisons).data

    def compare_version(self, new: wire.NewComparison) -> wire.VersionComparison:
        """Compare a version with the champion on live traffic, as the operator."""
        return self._post("/v1/comparisons", wire.VersionComparison, new)

    def end_comparison(self, about: Literal["lists", "search"]) -> None:
        """Compare no more, as the operator."""
        self._sender.send("POST", "/v1/comparisons/ended", body=wire.ComparedAbout(about=about))

    def promote_challenger(self, about: Literal["lists", "search"]) -> wire.PromotedVersion:
        """Let the challenger of a comparison answer everybody, as the operator."""
        return self._post("/v1/comparisons/promoted", wire.PromotedVersion, wire.ComparedAbout(about=about))

    def offer_product(self, new: wire.NewProduct, *, key: str | None = None) -> wire.Offered:
        """Offer a new product."""
        return self._post("/v1/products", wire.Offered, new, key=key)

    def edit_product(
        self, product: str, edit: wire.ProductEdit, *, revision: int | None, key: str | None = None
    ) -> wire.Product:
        """Edit a page as it was at a revision; with None, whatever it says now."""
        return self._patch(f"/v1/products/{product}", wire.Product, edit, revision=revision, key=key)

    def listings(
        self, *, status: wire.ListingState | None = None, product: str | None = None, seller: str | None = None,
        limit: int | None = None,
    ) -> Iterator[wire.Listing]:  # fmt: skip
        """Go through one's own listings."""
        query = {"status": status, "product": product, "seller": seller}
        return self._pages("/v1/listings", wire.Page[wire.Listing], query, limit)

    def listing(self, listing: str) -> wire.Listing:
        """Show a listing of one's own."""
        return self._get(f"/v1/listings/{listing}", wire.Listing)

    def add_listing(self, new: wire.NewListing, *, key: str | None = None) -> wire.Listing:
        """Offer a product that is there already."""
        return self._post("/v1/listings", wire.Listing, new, key=key)

    def edit_listing(
        self, listing: str, edit: wire.ListingEdit, *, revision: int | None, key: str | None = None
    ) -> wire.Listing:
        """Change a price as it was at a revision; with None, whatever it is now."""
        return self._patch(f"/v1/listings/{listing}", wire.Listing, edit, revision=revision, key=key)

    def publish_listing(self, listing: str, *, key: str | None = None) -> wire.Listing:
        """Put a listing on the shelf."""
        return self._post(f"/v1/listings/{listing}/publish", wire.Listing, key=key)

    def pause_listing(self, listing: str, *, key: str | None = None) -> wire.Listing:
        """Take a listing off the shelf for a while."""
        return self._post(f"/v1/listings/{listing}/pause", wire.Listing, key=key)

    def retire_listing(self, listing: str, *, key: str | None = None) -> wire.Listing:
        """Take a listing off the shelf for ever."""
        return self._post(f"/v1/listings/{listing}/retire", wire.Listing, key=key)

    def suspend_listing(self, listing: str, *, why: str = "", key: str | None = None) -> wire.Listing:
        """Take somebody's listing off the shelf, as the operator."""
        return self._post(f"/v1/listings/{listing}/suspend", wire.Listing, wire.Why(why=why), key=key)

    def change_stock(
        self, listing: str, quantity: int, *, location: str | None = None, key: str | None = None
    ) -> wire.Listing:
        """Take units in or, below zero, out; at the listing's own location, or at another of the seller's."""
        change = wire.StockChange(quantity=quantity, location=location)
        return self._post(f"/v1/listings/{listing}/stock", wire.Listing, change, key=key)

    # Locations.

    def locations(self, seller: str | None = None, *, limit: int | None = None) -> Iterator[sites.Location]:
        """Go through a seller's locations, those that are closed too."""
        return self._pages("/v1/locations", wire.Page[sites.Location], {"seller": seller}, limit)

    def location(self, location: str) -> sites.Location:
        """Show a location."""
        return self._get(f"/v1/locations/{location}", sites.Location)

    def open_location(self, new: sites.NewLocation, *, key: str | None = None) -> sites.Location:
        """Open one more location."""
        return self._post("/v1/locations", sites.Location, new, key=key)

    def change_location(
        self, location: str, edit: sites.LocationEdit, *, revision: int | None = None, key: str | None = None
    ) -> sites.Location:
        """Change a location; with a revision, only if nobody has changed it since."""
        return self._patch(f"/v1/locations/{location}", sites.Location, edit, revision=revision, key=key)

    def close_location(self, location: str, *, key: str | None = None) -> sites.Location:
        """Close a location where nothing is any more."""
        return self._post(f"/v1/locations/{location}/close", sites.Location, key=key)

    def reopen_location(self, location: str, *, key: str | None = None) -> sites.Location:
        """Let a closed location send again."""
        return self._post(f"/v1/locations/{location}/reopen", sites.Location, key=key)

    def move_stock(  # What moves, from where to where.
        self, lines: Mapping[str, int], *, source: str, target: str, reference: str = "", is_arrived: bool = False,
        key: str | None = None,
    ) -> sites.Move:  # fmt: skip
        """Send units of listings from a location to another; with `is_arrived` they are there at once."""
        told = [sites.MoveLine(listing=listing, quantity=quantity) for listing, quantity in lines.items()]
        new = sites.NewMove(source=source, target=target, lines=told, reference=reference, is_arrived=is_arrived)
        return self._post("/v1/moves", sites.Move, new, key=key)

    def moves(self, seller: str | None = None, *, limit: int | None = None) -> Iterator[sites.Move]:
        """Go through moves of stock, the newest first."""
        return self._pages("/v1/moves", wire.Page[sites.Move], {"seller": seller}, limit)

    def move(self, move: str) -> sites.Move:
        """Show a move."""
        return self._get(f"/v1/moves/{move}", sites.Move)

    def receive_move(self, move: str, quantities: Sequence[int] | None = None, *, key: str | None = None) -> sites.Move:
        """Put what has arrived on the shelf where it went: so many units of each line, or all; the rest is missing."""
        arrival = sites.MoveArrival(quantities=None if quantities is None else list(quantities))
        return self._post(f"/v1/moves/{move}/arrival", sites.Move, arrival, key=key)

    def turn_move_back(self, move: str, *, key: str | None = None) -> sites.Move:
        """Call a move off: its units are on the shelf that they left."""
        return self._post(f"/v1/moves/{move}/turn_back", sites.Move, key=key)

    def stock_list(self, seller: str | None = None) -> str:
        """Give stock by location as CSV."""
        return self._sender.send("GET", "/v1/stock", query={"seller": seller}).body.decode()

    def load_stock_list(
        self, document: str, *, is_trial: bool = False, seller: str | None = None, key: str | None = None
    ) -> sites.Counted:
        """Bring stock to what a list as CSV says, all of it or none."""
        new = sites.NewCounts(document=document, is_trial=is_trial, seller=seller)
        return self._post("/v1/stock", sites.Counted, new, key=key)

    # Buying.

    def open_cart(self, listing: str, quantity: int, *, key: str | None = None) -> wire.Cart:
        """Take a cart with its first line. A guest's cart is reached by this client alone."""
        line = wire.BasketLine(listing=listing, quantity=quantity)
        said = self._sender.send("POST", "/v1/carts", line, key=key)
        cart = wire.decode(said.body, wire.Cart)
        if _CART_SECRET in said.headers:
            self._cart_secrets[cart.id] = said.headers[_CART_SECRET]
        return cart

    def cart(self, cart: str, *, country: str = "", region: str = "") -> wire.Cart:
        """Show a cart; with a country, what it comes to there, with taxes."""
        asked = {"country": country, "region": region} if country else None
        said = self._sender.send("GET", f"/v1/carts/{cart}", query=asked, headers=self._secret(cart))
        return wire.decode(said.body, wire.Cart)

    def set_cart_line(self, cart: str, listing: str, quantity: int) -> wire.Cart:
        """Set how many units of a listing a cart holds; 0 takes the line out."""
        path, wanted = f"/v1/carts/{cart}/lines/{listing}", wire.CartQuantity(quantity=quantity)
        return wire.decode(self._sender.send("PUT", path, wanted, headers=self._secret(cart)).body, wire.Cart)

    def merge_carts(self, guest_cart: str, into: str | None = None, *, key: str | None = None) -> wire.Merged:
        """Make a guest's cart one's own."""
        path, wanted = f"/v1/carts/{guest_cart}/merge", wire.CartMerge(into=into)
        said = self._sender.send("POST", path, wanted, key=key, headers=self._secret(guest_cart))
        return wire.decode(said.body, wire.Merged)

    def _secret(self, cart: str | None) -> dict[str, str]:
        return {_CART_SECRET: self._cart_secrets[cart]} if cart in self._cart_secrets else {}

    def open_checkout(
        self, *, cart: str | None = None, lines: Mapping[str, int] | None = None, address: str | None = None,
        key: str | None = None,
    ) -> wire.CheckoutSession:  # fmt: skip
        """Go to checkout with a cart or with lines; with an address, the units are held at once."""
        wanted = wire.NewSession(cart=cart, lines=_lines(lines) if lines else None, address=address)
        said = self._sender.send("POST", "/v1/checkout_sessions", wanted, key=key, headers=self._secret(cart))
        return wire.decode(said.body, wire.CheckoutSession)

    def checkout(self, session: str) -> wire.CheckoutSession:
        """Show a checkout."""
        return self._get(f"/v1/checkout_sessions/{session}", wire.CheckoutSession)

    def hold(self, session: str, address: str | None = None, *, key: str | None = None) -> wire.CheckoutSession:
        """Say where the parcels go, or hold the units for longer."""
        wanted = wire.SessionEdit(address=address)
        return self._post(f"/v1/checkout_sessions/{session}", wire.CheckoutSession, wanted, key=key)

    def choose_currency(self, session: str, currency: str, *, key: str | None = None) -> wire.CheckoutSession:
        """Ask what a checkout costs in a currency; `pay_in` says it, and until when. The market's own takes it back."""
        wanted = wire.CurrencyChoice(currency=currency)
        return self._post(f"/v1/checkout_sessions/{session}/currency", wire.CheckoutSession, wanted, key=key)

    def complete(self, session: str, expected_total: Money, *, key: str | None = None) -> wire.Purchase:
        """Buy what a checkout holds, at this total."""
        wanted = wire.Completion(expected_total=_amount(expected_total))
        return self._post(f"/v1/checkout_sessions/{session}/complete", wire.Purchase, wanted, key=key)

    def pay(
        self, session: str, provider: wire.PaymentMethod, expected_total: Money, *, token: str = "", return_url: str = "",
        coupon: str = "", key: str | None = None,
    ) -> wire.Payment:  # fmt: skip
        """Begin to pay for a checkout; `payment` says how that goes on, and where the buyer fills in a card."""
        wanted = wire.NewPayment(
            provider=provider, expected_total=_amount(expected_total), token=token, return_url=return_url, coupon=coupon
        )
        return self._post(f"/v1/checkout_sessions/{session}/payments", wire.Payment, wanted, key=key)

    def price_with_coupon(self, session: str, code: str) -> wire.CouponPrice:
        """Say what a checkout comes to with a coupon, and what is left to pay; nothing is used up."""
        return self._post(f"/v1/checkout_sessions/{session}/coupon", wire.CouponPrice, wire.CouponWish(code=code))

    def give_up_payment(self, session: str, *, key: str | None = None) -> wire.CheckoutSession:
        """Give up a payment that waits, to pay in another way."""
        return self._post(f"/v1/checkout_sessions/{session}/payments/give-up", wire.CheckoutSession, key=key)

    def payment(self, payment: str) -> wire.Payment:
        """Show a payment; while it waits, its provider is asked how it stands."""
        return self._get(f"/v1/payments/{payment}", wire.Payment)

    def cancel_checkout(self, session: str, *, key: str | None = None) -> wire.CheckoutSession:
        """Give a checkout up."""
        return self._post(f"/v1/checkout_sessions/{session}/cancel", wire.CheckoutSession, key=key)

    def place_order(
        self, lines: Mapping[str, int], address: str, expected_total: Money, *, key: str | None = None
    ) -> wire.Purchase:
        """Buy at the catalog's prices, without a checkout before it."""
        wanted = wire.NewOrder(lines=_lines(lines), address=address, expected_total=_amount(expected_total))
        return self._post("/v1/orders", wire.Purchase, wanted, key=key)

    def place_orders(self, table: pa.Table) -> pa.Table:
        """Buy for many buyers at once, as the operator: one row an order, at most 8,192; a row an answer, in order.

        Columns: key, buyer, address (text), expected_total (int64, minor units), listings (lists of text), quantities
        (lists of int64). The answer has key, purchase and refusal. The same keys sent again give the same purchases.
        """
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        said = self._sender.send("POST", "/v1/orders/batches", sink.getvalue().to_pybytes(), media=_COLUMNS)
        with pa.ipc.open_stream(said.body) as reader:
            return reader.read_all()

    def purchase(self, purchase: str) -> wire.Purchase:
        """Show a purchase."""
        return self._get(f"/v1/purchases/{purchase}", wire.Purchase)

    # Numbers.

    def query(
        self, *names: str, by: Sequence[str] = (), grain: str = "", start: dt.date | None = None,
        end: dt.date | None = None, filters: Mapping[str, object] | None = None, order: str = "", limit: int = 1_000,
    ) -> pa.Table:  # fmt: skip
        """Ask for metrics by name; the answer is a table of Arrow, which `.to_pandas()` or polars makes a DataFrame of.

        A filter is a value, or a list of values, by dimension. Money is in minor units; the position that the answer
        shows is in the metadata of its schema.
        """
        told = [
            wire.NumbersFilter(dimension=name, values=list(values) if isinstance(values, list | tuple) else [values])  # type: ignore[list-item]
            for name, values in (filters or {}).items()
        ]
        asked = wire.NumbersQuestion(
            metrics=list(names), by=list(by), grain=grain, start=start, end=end, filters=told, order=order, limit=limit,  # type: ignore[arg-type]
            format="arrow",
        )  # fmt: skip
        with pa.ipc.open_stream(self._sender.send("POST", "/v1/query", asked).body) as reader:
            return reader.read_all()

    def numbers(self, asked: wire.NumbersQuestion) -> wire.NumbersAnswer:
        """Ask for metrics; the answer says what it was read from, and which facts are behind each."""
        return self._post("/v1/query", wire.NumbersAnswer, asked)

    def metrics(self) -> list[wire.MetricShown]:
        """List what can be asked for."""
        return self._get("/v1/metrics", wire.Catalog).data

    # What is known of people.

    def traits(self) -> wire.TraitCatalog:
        """List every trait that a profile has, as the operator."""
        return self._get("/v1/profiles/traits", wire.TraitCatalog)

    def profile(self, who: str | None = None) -> wire.Profile:
        """Show what is known of a person: of oneself, or, as the operator, of a buyer or an identity."""
        place = "identities" if who and who.startswith("idt_") else "buyers"
        return self._get(f"/v1/{place}/{who or 'me'}/profile", wire.Profile)

    def set_forecast(self, new: wire.NewForecast) -> wire.TraitCatalog:
        """Let a forecast hold that was learned, as the operator."""
        return self._put("/v1/profiles/forecast", wire.TraitCatalog, new)

    def count_segment(self, question: wire.SegmentQuestion) -> wire.SegmentCount:
        """Say how many people a rule holds for, and keep nothing."""
        return self._post("/v1/segments/count", wire.SegmentCount, question)

    def segments(self) -> list[wire.Segment]:
        """List all segments, with how many are in each."""
        return self._get("/v1/segments", wire.Segments).data

    def segment(self, segment: str) -> wire.Segment:
        """Show a segment."""
        return self._get(f"/v1/segments/{segment}", wire.Segment)

    def set_segment(self, new: wire.NewSegment, *, key: str | None = None) -> wire.SegmentSet:
        """Set a segment, in place of one of the same name."""
        return self._post("/v1/segments", wire.SegmentSet, new, key=key)

    def drop_segment(self, segment: str) -> None:
        """Let a segment be no more."""
        self._sender.send("DELETE", f"/v1/segments/{segment}")

    def segment_members(self, segment: str, *, limit: int | None = None) -> Iterator[wire.SegmentMember]:
        """Go through the people in a segment."""
        return self._pages(f"/v1/segments/{segment}/members", wire.Page[wire.SegmentMember], {}, limit)

    def segment_table(self, segment: str) -> pa.Table:
        """Give all people in a segment with the traits that its rule asks for, a row a buyer."""
        said = self._sender.send("GET", f"/v1/segments/{segment}/members", query={"format": "arrow"})
        with pa.ipc.open_stream(said.body) as stream:
            return stream.read_all()

    def segment_changes(self, segment: str, after: str = "", *, limit: int = 1_000) -> wire.SegmentChanges:
        """Say who entered and left since an answer's `next`; ask again with its `next` whenever it suits you."""
        return self._get(f"/v1/segments/{segment}/changes", wire.SegmentChanges, {"after": after, "limit": limit})

    # What leaves by itself.

    def exports(self) -> list[wire.Export]:
        """List one's own exports, with their last runs; the operator sees everybody's."""
        return self._get("/v1/exports", wire.Exports).data

    def export(self, export: str) -> wire.Export:
        """Show an export."""
        return self._get(f"/v1/exports/{export}", wire.Export)

    def set_export(self, new: wire.NewExport) -> wire.Export:
        """Let an answer, or who is in a segment, leave on a schedule; one of the same name is set anew."""
        return self._post("/v1/exports", wire.Export, new)

    def drop_export(self, export: str) -> None:
        """Let an export be no more, and take its files away."""
        self._sender.send("DELETE", f"/v1/exports/{export}")

    def run_export(self, export: str) -> wire.Export:
        """Ask for a run now, beside the schedule."""
        return self._post(f"/v1/exports/{export}/run", wire.Export)

    def turn_export_secret(self, export: str) -> wire.Export:
        """Have what is sent signed with a new secret, for a day with the old one, too."""
        return self._post(f"/v1/exports/{export}/turn", wire.Export)

    def export_file(self, export: str, file: str = "") -> bytes:
        """Give a file of an export, or the newest one."""
        return bytes(self._sender.send("GET", f"/v1/exports/{export}/file", query={"file": file} if file else {}).body)

    def save_export_file(self, export: str, target: Path, file: str = "") -> int:
        """Write a file of an export, or the newest one, to a place of one's own as it comes; give its bytes."""
        return self._sender.fetch(f"/v1/exports/{export}/file", target, query={"file": file} if file else {})

    def webhooks(self) -> list[wire.Webhook]:
        """List all webhooks, and where they stand."""
        return self._get("/v1/webhooks", wire.Webhooks).data

    def set_webhook(self, segment: str, url: str) -> wire.Webhook:
        """Tell an address who enters a segment and who leaves it, from the beginning."""
        return self._post(f"/v1/segments/{segment}/webhooks", wire.Webhook, wire.NewWebhook(url=url))

    def drop_webhook(self, webhook: str) -> None:
        """Tell an address nothing more."""
        self._sender.send("DELETE", f"/v1/webhooks/{webhook}")

    def resume_webhook(self, webhook: str) -> wire.Webhook:
        """Try an address again that had failed too often."""
        return self._post(f"/v1/webhooks/{webhook}/resume", wire.Webhook)

    def turn_webhook_secret(self, webhook: str) -> wire.Webhook:
        """Have messages signed with a new secret, for a day with the old one, too."""
        return self._post(f"/v1/webhooks/{webhook}/turn", wire.Webhook)

    # Orders that were placed.

    def orders(
        self, *, status: wire.OrderStatus | None = None, fulfillment: wire.Fulfillment | None = None,
        buyer: str | None = None, seller: str | None = None, expand: str = "", order: wire.Direction = "desc",
        limit: int | None = None,
    ) -> Iterator[wire.Order]:  # fmt: skip
        """Go through one's own orders, the newest first."""
        query = {
            "status": status, "fulfillment": fulfillment, "buyer": buyer, "seller": seller, "expand": expand,
            "order": order,
        }  # fmt: skip
        return self._pages("/v1/orders", wire.Page[wire.Order], query, limit)

    def order(self, order: str, *, expand: str = "lines,parcels,claims") -> wire.Order:
        """Show an order; `expand` may also name the address."""
        return self._get(f"/v1/orders/{order}", wire.Order, {"expand": expand})

    def cancel_order(self, order: str, *, key: str | None = None) -> wire.Order:
        """Call an order off before it is handed over."""
        return self._post(f"/v1/orders/{order}/cancel", wire.Order, key=key)

    def ship(
        self, order: str, carrier: str, tracking: str = "", *, promised_at: str | None = None, key: str | None = None
    ) -> wire.Parcel:
        """Hand an order over to a carrier."""
        new = wire.NewParcel(carrier=carrier, tracking=tracking, promised_at=promised_at)
        return self._post(f"/v1/orders/{order}/parcels", wire.Parcel, new, key=key)

    def settle_cash(self, order: str, *, was_paid: bool, key: str | None = None) -> wire.Order:
        """Say that an order's cash was collected at the door, or that it was not taken, as the operator."""
        return self._post(f"/v1/orders/{order}/cash", wire.Order, wire.CashWord(was_paid=was_paid), key=key)

    def take_back(self, order: str, line: int, quantity: int, refund: Money, *, key: str | None = None) -> wire.Order:
        """Take units of a line back and refund the buyer."""
        new = wire.NewReturn(line=line, quantity=quantity, refund=_amount(refund))
        return self._post(f"/v1/orders/{order}/returns", wire.Order, new, key=key)

    def parcel(self, parcel: str) -> wire.Parcel:
        """Show a parcel."""
        return self._get(f"/v1/parcels/{parcel}", wire.Parcel)

    def pack(self, order: str, lines: Mapping[int, int], *, key: str | None = None) -> wire.Parcel:
        """Pack units of an order's lines (counted from 0) into a parcel of their own."""
        new = wire.Packing(lines=_parcel_lines(lines))
        return self._post(f"/v1/orders/{order}/packing", wire.Parcel, new, key=key)

    def unpack(self, parcel: str, *, key: str | None = None) -> wire.Parcel:
        """Unpack a parcel that has not left."""
        return self._post(f"/v1/parcels/{parcel}/unpack", wire.Parcel, key=key)

    def send_parcel(
        self, parcel: str, carrier: str = "", tracking: str = "", *, promised_at: str | None = None,
        key: str | None = None,
    ) -> wire.Parcel:  # fmt: skip
        """Hand a packed parcel over to a carrier; without one, to that of its label."""
        new = wire.ParcelHandover(carrier=carrier, tracking=tracking, promised_at=promised_at)
        return self._post(f"/v1/parcels/{parcel}/handover", wire.Parcel, new, key=key)

    def carrier_rates(self, parcel: str, weight_grams: int = 0) -> list[wire.ParcelRate]:
        """Ask what carriers would take for a packed parcel, the cheapest first."""
        return self._post(
            f"/v1/parcels/{parcel}/rates", wire.ParcelRates, wire.RatesWish(weight_grams=weight_grams)
        ).data

    def buy_label(self, parcel: str, rate: str) -> wire.Parcel:
        """Buy a parcel's label at a rate that was quoted; until its carrier has answered, it is asked for."""
        return self._post(f"/v1/parcels/{parcel}/postage", wire.Parcel, wire.Postage(rate=rate))

    def void_label(self, parcel: str) -> wire.Parcel:
        """Take a parcel's label back before it leaves."""
        return self._post(f"/v1/parcels/{parcel}/postage/void", wire.Parcel)

    def order_label(self, order: str) -> bytes:
        """Print an order's label: a page of PDF."""
        return bytes(self._sender.send("GET", f"/v1/orders/{order}/label").body)

    def parcel_label(self, parcel: str) -> bytes:
        """Print a parcel's label: a page of PDF."""
        return bytes(self._sender.send("GET", f"/v1/parcels/{parcel}/label").body)

    def pick_list(self, orders: Sequence[str] = (), *, location: str | None = None) -> bytes:
        """Print what to take from the shelves, as PDF: for orders, or for all of the seller's that wait."""
        query = {"orders": ",".join(orders), "location": location}
        return bytes(self._sender.send("GET", "/v1/pick_list", query=query).body)

    def parcel_pick_list(self, parcel: str) -> bytes:
        """Print what goes into a parcel, as PDF."""
        return bytes(self._sender.send("GET", f"/v1/parcels/{parcel}/pick_list").body)

    def cancel_rest(self, order: str, *, key: str | None = None) -> wire.Order:
        """Call off what has not left of an order of which a part has."""
        return self._post(f"/v1/orders/{order}/rest/cancel", wire.Order, key=key)

    def exchange_units(self, order: str, line: int, quantity: int, *, key: str | None = None) -> wire.Parcel:
        """Take units of a line back and pack others for them, at no further price."""
        new = wire.NewExchange(line=line, quantity=quantity)
        return self._post(f"/v1/orders/{order}/exchanges", wire.Parcel, new, key=key)

    # Claims.

    def claim(  # All of it can be said of a claim.
        self, order: str, reason: wire.ClaimReason, *, parcel: str | None = None,
        lines: Mapping[int, int] | None = None, amount: Money | None = None, note: str = "", key: str | None = None,
    ) -> wire.Claim:  # fmt: skip
        """Say what is wrong with an order: with one parcel or all, with units of lines or all, and how much is wanted."""
        new = wire.NewClaim(
            reason=reason, parcel=parcel, lines=_parcel_lines(lines or {}), note=note,
            amount=_amount(amount) if amount is not None else None,
        )  # fmt: skip
        return self._post(f"/v1/orders/{order}/claims", wire.Claim, new, key=key)

    def claims(self) -> list[wire.Claim]:
        """List the claims that are not over."""
        return self._get("/v1/claims", wire.Claims).data

    def show_claim(self, claim: str) -> wire.Claim:
        """Show a claim."""
        return self._get(f"/v1/claims/{claim}", wire.Claim)

    def answer_claim(
        self, claim: str, amount: Money | None = None, *, sends_anew: bool = False, note: str = "",
        key: str | None = None,
    ) -> wire.Claim:  # fmt: skip
        """Give so much back for a claim, send such units anew, or (with neither) deny it."""
        amount_said = _amount(amount) if amount is not None else None
        answer = wire.ClaimAnswer(amount=amount_said, sends_anew=sends_anew, note=note)
        return self._post(f"/v1/claims/{claim}/answer", wire.Claim, answer, key=key)

    def dispute_claim(self, claim: str, note: str = "", *, key: str | None = None) -> wire.Claim:
        """Take an answer to the operator."""
        return self._post(f"/v1/claims/{claim}/dispute", wire.Claim, wire.ClaimWord(note=note), key=key)

    def close_claim(self, claim: str, *, key: str | None = None) -> wire.Claim:
        """Be content with an answer, or take a claim back."""
        return self._post(f"/v1/claims/{claim}/close", wire.Claim, key=key)

    def decide_claim(self, claim: str, amount: Money, note: str = "", *, key: str | None = None) -> wire.Claim:
        """Decide a disputed claim, as the operator."""
        decision = wire.ClaimDecision(amount=_amount(amount), note=note)
        return self._post(f"/v1/claims/{claim}/decision", wire.Claim, decision, key=key)

    def claim_terms(self) -> wire.ClaimTerms:
        """Show how long each step of a claim may take, and when a parcel is lost."""
        return self._get("/v1/claim_terms", wire.ClaimTerms)

    def set_claim_terms(self, terms: wire.ClaimTerms) -> wire.ClaimTerms:
        """Set how long each step of a claim may take, and when a parcel is lost, as the operator."""
        return self._put("/v1/claim_terms", wire.ClaimTerms, terms)

    def promise(self, listing: str, country: str) -> wire.Promise:
        """Ask by when a listing would arrive in a country if it were ordered now."""
        return self._get(f"/v1/listings/{listing}/promise", wire.Promise, {"country": country})

    def order_promise(self, order: str) -> wire.OrderPromise:
        """Show the date that the buyer of an order was told, and how it stands now."""
        return self._get(f"/v1/orders/{order}/promise", wire.OrderPromise)

    def promise_score(self, days: int = 30, seller: str | None = None) -> wire.PromiseScore:
        """Say how the promises of the last days came out; the operator may name a seller."""
        return self._get("/v1/promises/score", wire.PromiseScore, {"days": days, "seller": seller})

    def scan(
        self, parcel: str, status: wire.ScanState, *, at: str | None = None, key: str | None = None
    ) -> wire.Parcel:
        """Note what a carrier says of a parcel."""
        return self._post(f"/v1/parcels/{parcel}/scans", wire.Parcel, wire.NewScan(status=status, at=at), key=key)

    # Money.

    def wallet(self, buyer: str | None = None) -> wire.Wallet:
        """Show one's own wallet; the operator names a buyer."""
        return self._get("/v1/wallet", wire.Wallet, {"buyer": buyer})

    def wallet_statement(self, buyer: str | None = None, *, limit: int | None = None) -> Iterator[wire.StatementEntry]:
        """Go through the changes of a wallet, the newest first."""
        return self._pages("/v1/wallet/statement", wire.Page[wire.StatementEntry], {"buyer": buyer}, limit)

    def top_up(
        self, buyer: str, amount: Money, *, method: str = "card", reference: str = "", key: str | None = None
    ) -> wire.Wallet:
        """Put money from outside into a wallet."""
        new = wire.TopUp(amount=_amount(amount), method=method, reference=reference)
        return self._post(f"/v1/wallets/{buyer}/top-ups", wire.Wallet, new, key=key)

    def balance(self, seller: str | None = None) -> wire.SellerMoney:
        """Show one's own balance; the operator names a seller."""
        return self._get("/v1/balance", wire.SellerMoney, {"seller": seller})

    def balance_statement(
        self, seller: str | None = None, *, limit: int | None = None
    ) -> Iterator[wire.StatementEntry]:
        """Go through the changes of a balance, the newest first."""
        return self._pages("/v1/balance/statement", wire.Page[wire.StatementEntry], {"seller": seller}, limit)

    def payouts(self, seller: str | None = None, *, limit: int | None = None) -> Iterator[wire.Payout]:
        """Go through payouts, the newest first."""
        return self._pages("/v1/payouts", wire.Page[wire.Payout], {"seller": seller}, limit)

    def payout(self, payout: str) -> wire.ItemizedPayout:
        """Show a payout with all the orders that it settles."""
        path, after = f"/v1/payouts/{payout}", ""
        lines: list[wire.PayoutLine] = []
        for _ in range(PAGES_MAX):
            shown = self._get(path, wire.ItemizedPayout, {"after": after})
            lines += shown.lines
            if not shown.has_more:
                break
            after = shown.next or ""
        return msgspec.structs.replace(shown, lines=lines)

    def end_payout(self, payout: str, *, was_paid: bool, key: str | None = None) -> wire.PayoutEnd:
        """Say that a payout has arrived, or came back, as the operator."""
        return self._post(f"/v1/payouts/{payout}/end", wire.PayoutEnd, wire.PayoutWord(was_paid=was_paid), key=key)

    # Coupons and gift cards.

    def issue_coupon(
        self, code: str, amount: Money, *, spend_min: Money, uses_max: int = 1, lasts_days: int = 30,
        key: str | None = None,
    ) -> wire.Coupon:  # fmt: skip
        """Let a code take so much off where `spend_min` is spent, at one's own expense; it is more than what is taken off."""
        new = wire.NewCoupon(
            code=code, amount=_amount(amount), spend_min=_amount(spend_min), uses_max=uses_max, lasts_days=lasts_days
        )
        return self._post("/v1/coupons", wire.Coupon, new, key=key)

    def issue_gift_card(self, amount: Money, *, key: str | None = None) -> wire.GiftCard:
        """Buy a gift card out of one's wallet; the operator gives it away. `gift_card` shows its code."""
        return self._post("/v1/gift-cards", wire.GiftCard, wire.NewGiftCard(amount=_amount(amount)), key=key)

    def gift_card(self, card: str) -> wire.GiftCard:
        """Show a gift card that one paid for: its code, and what is left on it."""
        return self._get(f"/v1/gift-cards/{card}", wire.GiftCard)

    def redeem_gift_card(self, code: str, *, key: str | None = None) -> wire.Wallet:
        """Take what is on a gift card into one's wallet."""
        return self._post("/v1/gift-cards/redeem", wire.Wallet, wire.GiftCardCode(code=code), key=key)

    # The operator's books.

    def reconcile(self, report: bytes, provider: Literal["card", "cash"] = "card") -> wire.Reconciled:
        """Hold a provider's report (CSV) against the books, line by line; a line counts once."""
        said = self._sender.send("POST", "/v1/reports", report, media="text/csv", query={"provider": provider})
        return wire.decode(said.body, wire.Reconciled)

    def take_statement(self, statement: bytes) -> wire.StatementTaken:
        """Take a bank's statement (CSV, or camt.053): transfers that name a payment are its buyer's."""
        said = self._sender.send("POST", "/v1/statements", statement, media="application/octet-stream")
        return wire.decode(said.body, wire.StatementTaken)

    def open_items(self) -> list[wire.OpenItem]:
        """List the differences that nobody has looked at yet, the oldest first."""
        return self._get("/v1/open-items", wire.OpenItems).data

    def close_open_item(
        self, item: str, note: str, *, buyer: str | None = None, key: str | None = None
    ) -> wire.OpenItem:
        """Say what an open item was; money that named nothing may be a buyer's."""
        return self._post(
            f"/v1/open-items/{item}/close", wire.OpenItem, wire.ItemClosing(note=note, buyer=buyer), key=key
        )

    def charge_label(self, order: str, amount: Money, *, key: str | None = None) -> wire.Order:
        """Take the price of a label off an order's seller."""
        return self._post(f"/v1/orders/{order}/labels", wire.Order, wire.Charge(amount=_amount(amount)), key=key)

    def take_over_loss(self, order: str, amount: Money, *, key: str | None = None) -> wire.Order:
        """Take over what an order's seller owes and will never pay."""
        return self._post(f"/v1/orders/{order}/losses", wire.Order, wire.Charge(amount=_amount(amount)), key=key)

    # Money between people.

    def price_transfer(
        self, to: str | None = None, amount: Money | None = None, *, request: str | None = None,
        payload: str | None = None,
    ) -> wallets.TransferCost:  # fmt: skip
        """Say what a transfer would cost, and who would get it: by a name, a request, or what a scanner read."""
        wish = wallets.TransferWish(to=to, request=request, payload=payload, amount=_amount(amount) if amount else None)
        return self._post("/v1/transfers/price", wallets.TransferCost, wish)

    def send_money(  # noqa: PLR0913  # Each is a field of what is sent.
        self, to: str | None = None, amount: Money | None = None, *, expected_total: Money, note: str = "",
        request: str | None = None, payload: str | None = None, quote: str | None = None, key: str | None = None,
    ) -> wallets.Transfer:  # fmt: skip
        """Send money to a name, for a request, or for what a scanner read, at the total that was shown."""
        new = wallets.NewTransfer(
            to=to, request=request, payload=payload, amount=_amount(amount) if amount else None,
            expected_total=_amount(expected_total), note=note, quote=quote,
        )  # fmt: skip
        return self._post("/v1/transfers", wallets.Transfer, new, key=key)

    def transfers(self, *, limit: int | None = None) -> Iterator[wallets.Transfer]:
        """Go through what one paid and was paid, the newest first."""
        return self._pages("/v1/transfers", wire.Page[wallets.Transfer], {}, limit)

    def transfer(self, transfer: str) -> wallets.Transfer:
        """Show a receipt."""
        return self._get(f"/v1/transfers/{transfer}", wallets.Transfer)

    def request_money(
        self, to: str, amount: Money, *, note: str = "", days: int = 0, key: str | None = None
    ) -> wallets.MoneyRequest:
        """Ask somebody for money."""
        new = wallets.NewMoneyRequest(to=to, amount=_amount(amount), note=note, days=days)
        return self._post("/v1/money-requests", wallets.MoneyRequest, new, key=key)

    def money_requests(self, *, limit: int | None = None) -> Iterator[wallets.MoneyRequest]:
        """Go through what one asked for and was asked for, the newest first."""
        return self._pages("/v1/money-requests", wire.Page[wallets.MoneyRequest], {}, limit)

    def money_request(self, request: str) -> wallets.MoneyRequest:
        """Show a request for money."""
        return self._get(f"/v1/money-requests/{request}", wallets.MoneyRequest)

    def close_money_request(self, request: str, *, key: str | None = None) -> wallets.MoneyRequest:
        """Decline a request as whoever was asked, or withdraw one's own."""
        return self._post(f"/v1/money-requests/{request}/close", wallets.MoneyRequest, key=key)

    def make_payment_code(self, amount: Money, *, reference: str = "", minutes: int = 0) -> wallets.PaymentCode:
        """Make a code that is paid once."""
        new = wallets.NewPaymentCode(amount=_amount(amount), reference=reference, minutes=minutes)
        return self._post("/v1/payment-codes", wallets.PaymentCode, new)

    def payment_code(self, code: str | None = None) -> wallets.PaymentCode:
        """Show a code and where it stands; without a number, one's own for any amount."""
        return self._get(f"/v1/payment-codes/{code or 'static'}", wallets.PaymentCode)

    def names(self) -> wallets.FindableBy:
        """Show by which names others find one."""
        return self._get("/v1/wallet/names", wallets.FindableBy)

    def set_names(self, *, handle: str = "", phone: str = "") -> wallets.FindableBy:
        """Say by which names others find one."""
        return self._put("/v1/wallet/names", wallets.FindableBy, wallets.NewNames(handle=handle, phone=phone))

    def sending_limits(self) -> wallets.SendingLimits:
        """Show what one may send now, and what would raise it."""
        return self._get("/v1/wallet/limits", wallets.SendingLimits)

    def make_proof(self, buyer: str, kind: wallets.AddressKind) -> wallets.AddressProof:
        """Make a proof to send to a buyer's address, as the operator."""
        return self._post(f"/v1/buyers/{buyer}/proofs", wallets.AddressProof, wallets.AddressToProve(kind=kind))

    def show_proof(self, kind: wallets.AddressKind, proof: str) -> wallets.FindableBy:
        """Show that an address is one's own, with what was sent to it."""
        return self._post("/v1/wallet/proofs", wallets.FindableBy, wallets.ShownProof(kind=kind, proof=proof))

    def set_level(self, buyer: str, level: wallets.LevelName, why: str) -> wallets.SendingLimits:
        """Say how well a buyer is known, as the operator."""
        new = wallets.NewLevel(level=level, why=why)
        return self._put(f"/v1/buyers/{buyer}/level", wallets.SendingLimits, new)

    def transfer_terms(self) -> wallets.TransferTerms:
        """Show fees and limits of transfers."""
        return self._get("/v1/transfer-terms", wallets.TransferTerms)

    def set_transfer_terms(self, terms: wallets.NewTransferTerms) -> wallets.TransferTerms:
        """Set fees and limits of transfers, as the operator."""
        return self._put("/v1/transfer-terms", wallets.TransferTerms, terms)

    # Currencies.

    def rates(self) -> wallets.Rates:
        """Show the rates of now and the terms of exchanges."""
        return self._get("/v1/rates", wallets.Rates)

    def set_rates(self, new: wallets.NewRates) -> wallets.Rates:
        """Take the rates of a day in, as the operator."""
        return self._put("/v1/rates", wallets.Rates, new)

    def set_exchange_terms(self, terms: wallets.ExchangeTerms) -> wallets.Rates:
        """Set the terms of exchanges, as the operator."""
        return self._put("/v1/exchange-terms", wallets.Rates, terms)

    def quote_exchange(self, pay: Money, into: str) -> wallets.ExchangeQuote:
        """Say what an amount gives in another currency, and hold that for a while."""
        return self._post("/v1/exchange-quotes", wallets.ExchangeQuote, wallets.NewQuote(pay=_amount(pay), into=into))

    def exchange_quote(self, quote: str) -> wallets.ExchangeQuote:
        """Show a quote, and whether it was taken."""
        return self._get(f"/v1/exchange-quotes/{quote}", wallets.ExchangeQuote)

    def exchange_money(self, quote: str, *, key: str | None = None) -> wallets.ExchangeQuote:
        """Exchange at a quote."""
        return self._post("/v1/exchanges", wallets.ExchangeQuote, wallets.TakenQuote(quote=quote), key=key)

    # Taxes.

    def load_tax_rules(self, document: str, *, is_trial: bool = False) -> taxes.TaxRulesLoaded:
        """Let a table of rules hold, as the operator, or only look at it."""
        return self._put("/v1/tax-rules", taxes.TaxRulesLoaded, taxes.NewTaxRules(document=document, is_trial=is_trial))

    def tax_rules(self) -> taxes.TaxRules:
        """Show the tax rules that hold, with their sources."""
        return self._get("/v1/tax-rules", taxes.TaxRules)

    def classify_product(
        self, product: str, *, hs_code: str = "", origin: str = "", tax_class: str = "standard"
    ) -> taxes.Classified:
        """Say what a product is to a tax office."""
        new = taxes.Classification(hs_code=hs_code, origin=origin, tax_class=tax_class)  # type: ignore[arg-type]
        return self._put(f"/v1/products/{product}/classification", taxes.Classified, new)

    def classification(self, product: str) -> taxes.Classified:
        """Show what a product is to a tax office."""
        return self._get(f"/v1/products/{product}/classification", taxes.Classified)

    def landed_cost(self, lines: Mapping[str, int], *, country: str, region: str = "") -> taxes.LandedCost:
        """Say what lines cost where they land, at the prices of now."""
        wish = taxes.LandingWish(lines=_lines(lines), country=country, region=region)
        return self._post("/v1/landed-costs", taxes.LandedCost, wish)

    def tax_report(self, since: str, until: str, *, authority: str = "") -> taxes.TaxReport:
        """Show what was charged, collected, returned and remitted from one day until another, and what is owed now."""
        asked = {"since": since, "until": until, "authority": authority or None}
        return self._get("/v1/tax-report", taxes.TaxReport, asked)

    def remit_taxes(self, new: taxes.Remittance, *, key: str | None = None) -> taxes.TaxOwed:
        """Note that an authority was paid, as the operator."""
        return self._post("/v1/tax-remittances", taxes.TaxOwed, new, key=key)

    # How it is sent.

    def _get(self, path: str, kind: type[T], query: Mapping[str, object] | None = None) -> T:
        return wire.decode(self._sender.send("GET", path, query=query).body, kind)

    def _post(self, path: str, kind: type[T], body: msgspec.Struct | None = None, *, key: str | None = None) -> T:
        return wire.decode(self._sender.send("POST", path, body, key=key).body, kind)

    def _put(self, path: str, kind: type[T], body: msgspec.Struct) -> T:
        return wire.decode(self._sender.send("PUT", path, body).body, kind)

    def _patch(self, path: str, kind: type[T], body: msgspec.Struct, *, revision: int | None, key: str | None) -> T:
        headers = {"if-match": "*" if revision is None else f'"{revision}"'}
        return wire.decode(self._sender.send("PATCH", path, body, key=key, headers=headers).body, kind)

    def _pages(
        self, path: str, kind: type[wire.Page[T]], query: Mapping[str, object], limit: int | None
    ) -> Iterator[T]:
        after: str | None = None
        for _ in range(PAGES_MAX):
            page = self._get(path, kind, {**query, "limit": limit, "after": after})
            yield from page.data
            if not page.has_more:
                return
            after = page.next


def _lines(lines: Mapping[str, int]) -> list[wire.BasketLine]:
    return [wire.BasketLine(listing=listing, quantity=quantity) for listing, quantity in lines.items()]


def _amount(money: Money) -> wire.Amount:
    return wire.Amount(amount=money.amount, currency=money.currency)


def _parcel_lines(lines: Mapping[int, int]) -> list[wire.ParcelLine]:
    return [wire.ParcelLine(line=line, quantity=quantity) for line, quantity in lines.items()]
