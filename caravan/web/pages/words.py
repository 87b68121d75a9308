"""Words: what pages say of what was done and of what went wrong. Templates mark their own with _() for translation."""

from typing import NamedTuple

from caravan.flows.transfers import PayeeUnknown
from caravan.insight.identity import EmailTaken, WrongLogin
from caravan.kernel.errors import CaravanError, Conflict, Invalid, NotFound
from caravan.trade.catalog import NotOnOffer, StaleRevision
from caravan.trade.exchange import QuoteNotOpen
from caravan.trade.ledger import InsufficientFunds, OutOfStock, ReservationExpired
from caravan.trade.orders import (
    AlreadyFulfilled,
    BuyerLimitReached,
    CartTooLarge,
    EmptyCart,
    OrderNotOpen,
    SessionNotReady,
    TotalChanged,
)
from caravan.trade.payments import DisputeUnderWay, PaymentNotCaptured, PaymentUnderWay
from caravan.trade.transfers import CodeNotPayable, RequestNotOpen, TransferLimitReached
from caravan.world.partners import SellerNotActive

# Shown once, on the page after the one that did something.
NOTES = {
    "quote_over": "This price has expired, as rates move. Ask for the price of now, then buy.",
    "no_rate": "There is no rate of today for this currency. Please pay in another.",
    "tax_rules_loaded": "These rules hold from now on.",
    "tax_rules_fit": "This table can be loaded as it is. Nothing was changed.",
    "tax_rules_same": "These are the rules that hold already.",
    "tax_remitted": "It is noted as paid.",
    "classified": "Customs and tax offices are told so from now on.",
    "added": "It is in your cart.",
    "changed": "Your cart is up to date.",
    "removed": "It is out of your cart.",
    "clamped": "Your cart from before was added; some quantities were brought down to what a line can hold.",
    "welcome": "Welcome! You are logged in.",
    "left": "You are logged out.",
    "held_longer": "Done: your units are held for longer.",
    "topped_up": "The play money is in your wallet.",
    "address_added": "The address is saved.",
    "canceled": "The order is canceled. The money that was held is free again: in your wallet, or on your card.",
    "given_up": "You left the checkout. Everything is still in your cart.",
    "forgotten": "Your account is deleted. Take care!",
    "applied": "Thank you! Your application is with the operator.",
    "listed": "Your product is in the shop.",
    "in_review": "Your product is with the operator for a look; it goes live after that.",
    "repriced": "The new price is live.",
    "stocked": "The stock is counted in.",
    "location_opened": "The place is open. Bring stock in on the page of a listing.",
    "location_changed": "The place is as you said.",
    "location_closed": "The place is closed.",
    "stock_sent": "It is on its way. Say on the page of your locations when it has arrived.",
    "stock_moved": "It is on the shelf where it went.",
    "stock_back": "It is on the shelf that it left.",
    "stock_counted": "The stock is what the list says.",
    "stock_fits": "The list can be taken as it is.",
    "moved": "Done.",
    "edited": "The page is changed.",
    "handed_over": "Handed over. The buyer sees it now, and the money is in escrow.",
    "delivered": "Delivered. The money comes to your balance when the return window is over.",
    "packed": "Packed. Print its label, then hand it over.",
    "label_bought": "The label is yours, or will be as soon as its carrier answers. Print it, then hand the parcel over.",
    "label_voided": "The label goes back. Its price comes back when the carrier agrees.",
    "unpacked": "It is unpacked again.",
    "rest_canceled": "The rest is called off; its money is the buyer's again.",
    "taken_back": "The units are on the shelf again, and the money is on its way back.",
    "exchanged_units": "The units are on the shelf again, and others are packed for the buyer: hand them over.",
    "lost": "The parcel is lost. Its buyer has a claim now.",
    "claimed": "The seller knows, and answers within a few days. Your money waits.",
    "claim_answered": "Your answer is with the buyer.",
    "claim_disputed": "The operator looks into it.",
    "claim_closed": "Done: that is settled.",
    "claim_decided": "Decided. Both are told.",
    "approved": "The seller is in.",
    "plan_asked": "Your plan is being made. Load this page again in a few seconds.",
    "tied": "They are one person now. The tie can be undone.",
    "parted": "They stay two people.",
    "looked": "All records were looked through.",
    "segment_set": "The segment is saved, and follows the facts from now on.",
    "segment_dropped": "The segment is no more.",
    "consent_said": "Noted. It holds from now on, wherever you are known.",
    "export_set": "The export is set, and leaves by itself from now on.",
    "export_asked": "The run is under way. Load this page again in a few seconds.",
    "export_dropped": "The export is no more, and its files are gone.",
    "webhook_set": "The address is told from now on.",
    "webhook_dropped": "The address is told nothing more.",
    "webhook_resumed": "The address is tried again.",
    "suspended": "The seller takes no new orders now.",
    "comparison_begun": "The two versions draft lists together from now on.",
    "weight_set": "It counts so much from the next list on.",
    "weight_lifted": "It counts as it did before.",
    "comparison_ended": "Nothing is compared any more.",
    "challenger_promoted": "The challenger answers everybody from now on.",
    "hold_out_drawn": "The hold-out is drawn. It counts from now on.",
    "words_set": "The synonyms count from now on.",
    "declined": "The payment did not go through. Nothing was taken: try again, or pay in another way.",
    "coupon_refused": "This coupon does not apply here.",
    "paid": "Paid. Both of you see this receipt.",
    "exchanged": "Exchanged. It is in your wallet.",
    "proven": "It is proven to be yours.",
    "asked": "They are asked. You see here when it is paid.",
    "closed": "Done: this request is closed.",
    "named": "Others find you by this now.",
    "fits": "Every line fits.",
    "differs": "Not every line fits: look at the open items.",
    "item_closed": "The item is closed.",
    "too_little": "Your wallet does not hold enough yet.",
    "wait": "That is done already.",
}


class Problem(NamedTuple):
    """What a page says of something that did not happen, and where to go from there."""

    status: int
    title: str
    text: str
    action: str
    path: str


# By class: title, text ("" says the refusal's own words), the next step's name, and its address.
_PROBLEMS: dict[type[CaravanError], tuple[str, str, str, str]] = {
    OutOfStock: (
        "Somebody was quicker", "There are fewer units left than you wanted. Take fewer, or look for another offer.",
        "Back to your cart", "/cart",
    ),
    ReservationExpired: (
        "Your units are no longer held",
        "We keep them for a while during checkout, so that nobody waits for ever. Nothing was paid; your cart is as it was.",
        "Start checkout again", "/checkout",
    ),
    TotalChanged: (
        "The total has changed", "A price is not what it was when you began. Nothing was paid: please look at it again.",
        "Look at your cart", "/cart",
    ),
    NotOnOffer: ("No longer on offer", "The seller has taken this offer down.", "Look at your cart", "/cart"),
    SellerNotActive: (
        "This seller takes no orders now", "Another seller may offer the same product.", "Look at your cart", "/cart",
    ),
    EmptyCart: ("Your cart is empty", "Put something in, then come back.", "Look around", "/"),
    CartTooLarge: ("That is too much for one cart", "", "Back to your cart", "/cart"),
    BuyerLimitReached: ("That is more than one buyer can have", "", "Back to your cart", "/cart"),
    InsufficientFunds: ("Your wallet holds too little", "Put some money in first.", "To your wallet", "/my/wallet"),
    SessionNotReady: (
        "This checkout is over", "It was completed, given up or has ended. Nothing happens twice.",
        "Your orders", "/my/orders",
    ),
    PaymentNotCaptured: (
        "The money is not there yet",
        "The buyer's card provider has not answered. Keep the parcel for a moment, then hand it over again.",
        "Your orders", "/sell/orders",
    ),
    PaymentUnderWay: (
        "The payment is being seen to", "Its provider has to answer first. Try again in a moment.", "Your orders",
        "/my/orders",
    ),
    DisputeUnderWay: (
        "The buyer's bank is looking into this", "Until it has decided, nothing moves.", "Your orders", "/sell/orders",
    ),
    AlreadyFulfilled: (
        "It is on its way already", "The seller has handed this order over, so it can't be canceled any more.",
        "Your orders", "/my/orders",
    ),
    OrderNotOpen: ("This order is not open", "It was canceled or is complete.", "Your orders", "/my/orders"),
    EmailTaken: (
        "This e-mail address is in use", "Somebody has registered with it already. If that was you, log in.",
        "Log in", "/login",
    ),
    WrongLogin: (
        "That did not fit", "This e-mail address and password do not belong together.", "Try again", "/login",
    ),
    PayeeUnknown: ("Nobody is paid by this name", "", "Look again", "/my/send"),
    CodeNotPayable: ("This code can't be paid", "", "Scan another", "/pay"),
    QuoteNotOpen: ("This quote is over", "", "A new one", "/my/exchange"),
    RequestNotOpen: ("This request is closed", "", "Your requests", "/my/ask"),
    TransferLimitReached: (
        "That is more than you may send", "Your limits say how much is left, and what would raise them.", "Your limits",
        "/my/names",
    ),
    StaleRevision: ("Somebody else edited this", "Load it again, then make your change.", "Your listings", "/sell/listings"),
}  # fmt: skip

_FAMILIES: tuple[tuple[type[CaravanError], int, str, str], ...] = (
    (Invalid, 400, "That can't be understood", ""),
    (NotFound, 404, "There is nothing here", "The page may have moved, or it is somebody else's to see."),
    (Conflict, 409, "Somebody was there first", "Load the page again, then try once more."),
    (CaravanError, 422, "That does not go", ""),
)


def problem_of(error: CaravanError) -> Problem:
    """Say what went wrong, and name the next step."""
    status, title, text = next(
        (status, title, text) for kind, status, title, text in _FAMILIES if isinstance(error, kind)
    )
    action, path = "To the start", "/"
    if type(error) in _PROBLEMS:
        title, text, action, path = _PROBLEMS[type(error)]
    return Problem(status, title, text or str(error), action, path)
