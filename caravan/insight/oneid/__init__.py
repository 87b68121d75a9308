"""One ID: the identifiers by which one person is known everywhere are one identity, in ties that can be undone.

Always: an identity is what the ties that hold connect, and is named by its oldest identifier, so undoing a tie gives
exactly the identities that were there without it; what somebody forbids is forbidden to all they are tied to.
"""

from caravan.insight.oneid.commands import (
    Likely,
    LimitBroken,
    Observations,
    ProposalDecidedAlready,
    block,
    decide,
    forget_identity,
    keep_record,
    observe,
    propose,
    set_protection,
    state_consent,
    tie_by_hand,
    tie_likely,
    undo_tie,
)
from caravan.insight.oneid.forest import TIED, WITHHELD
from caravan.insight.oneid.identifiers import LIMITS, BlockedValue, Type, normal
from caravan.insight.oneid.model import OneId, Proposal
from caravan.insight.oneid.queries import Consent, Identity, Tie, allows, identify, identity_of, tie_of, waiting

__all__ = [
    "LIMITS",
    "TIED",
    "WITHHELD",
    "BlockedValue",
    "Consent",
    "Identity",
    "Likely",
    "LimitBroken",
    "Observations",
    "OneId",
    "Proposal",
    "ProposalDecidedAlready",
    "Tie",
    "Type",
    "allows",
    "block",
    "decide",
    "forget_identity",
    "identify",
    "identity_of",
    "keep_record",
    "normal",
    "observe",
    "propose",
    "set_protection",
    "state_consent",
    "tie_by_hand",
    "tie_likely",
    "tie_of",
    "undo_tie",
    "waiting",
]
