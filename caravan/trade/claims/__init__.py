"""Claims: what buyers, carriers and the clock say is wrong with what was bought, how sellers answer, how it ends.

Always: about one parcel at most one claim stands; what is granted is never more than what was claimed; a claim ends once.
"""

from caravan.trade.claims.commands import (
    AlreadyClaimed,
    ClaimNotOpen,
    ClaimTerms,
    Complaint,
    NothingToClaim,
    answer_claim,
    claim_of,
    close_claim,
    decide_claim,
    dispute_claim,
    open_claim,
    reopen_claim,
    require,
    set_claim_terms,
)
from caravan.trade.claims.model import STANDING, Claim, Claims, ClaimStatus, Opener, Reason, Said
from caravan.trade.claims.queries import claims_of, due_claims, findings, is_standing, standing_claims

__all__ = [
    "STANDING",
    "AlreadyClaimed",
    "Claim",
    "ClaimNotOpen",
    "ClaimStatus",
    "ClaimTerms",
    "Claims",
    "Complaint",
    "NothingToClaim",
    "Opener",
    "Reason",
    "Said",
    "answer_claim",
    "claim_of",
    "claims_of",
    "close_claim",
    "decide_claim",
    "dispute_claim",
    "due_claims",
    "findings",
    "is_standing",
    "open_claim",
    "reopen_claim",
    "require",
    "set_claim_terms",
    "standing_claims",
]
