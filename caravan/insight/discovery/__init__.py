"""Discovery: what each shopper may want next, found among what others did, ranked by what was learned.

Always: nobody votes for themselves; what is forgotten is served no more; an answer says why and by which version.
"""

from caravan.insight.discovery.answering import BLEND, Answer, Answering, Asked, Offered, Ranked
from caravan.insight.discovery.arrange import Candidates, Placed, arrange
from caravan.insight.discovery.commands import (
    DWELL_MS_MAX,
    SIGNALS_A_REQUEST_MAX,
    SURFACES,
    WEIGHED,
    Signal,
    draw_hold_out,
    end_look,
    lift_rule,
    note,
    set_rule,
    show,
    show_drafted,
)
from caravan.insight.discovery.comparisons import (
    ABOUT,
    COUNTS,
    SHARE_PERCENT_MAX,
    Comparison,
    Comparisons,
    Draft,
    Tally,
    draft,
    seed_of,
)
from caravan.insight.discovery.history import History, Plan
from caravan.insight.discovery.kernel import Traits
from caravan.insight.discovery.learning import TooLittleToLearn, train
from caravan.insight.discovery.memory import Looks, Memory
from caravan.insight.discovery.outcomes import HELD_OUT, Outcomes, Sale
from caravan.insight.discovery.ports import Ranker
from caravan.insight.discovery.proof import (
    Alarm,
    Effect,
    Estimate,
    Preference,
    Proof,
    effect,
    interleave,
    off_policy,
    prefer,
    preference,
    prove,
)
from caravan.insight.discovery.recommender import Recommender, Skill, no_traits, traits_of, unskilled
from caravan.insight.discovery.repute import Repute
from caravan.insight.discovery.tastes import Rule, Tastes, clicks_in, shown_in
from caravan.insight.discovery.trained import Trained, skill_by_lot
from caravan.insight.discovery.workers import IN_PROCESS, Workers
from caravan.insight.discovery.worth import Facing, Weights, weights_of, worths

__all__ = [
    "ABOUT",
    "BLEND",
    "COUNTS",
    "DWELL_MS_MAX",
    "HELD_OUT",
    "IN_PROCESS",
    "SHARE_PERCENT_MAX",
    "SIGNALS_A_REQUEST_MAX",
    "SURFACES",
    "WEIGHED",
    "Alarm",
    "Answer",
    "Answering",
    "Asked",
    "Candidates",
    "Comparison",
    "Comparisons",
    "Draft",
    "Effect",
    "Estimate",
    "Facing",
    "History",
    "Looks",
    "Memory",
    "Offered",
    "Outcomes",
    "Placed",
    "Plan",
    "Preference",
    "Proof",
    "Ranked",
    "Ranker",
    "Recommender",
    "Repute",
    "Rule",
    "Sale",
    "Signal",
    "Skill",
    "Tally",
    "Tastes",
    "TooLittleToLearn",
    "Trained",
    "Traits",
    "Weights",
    "Workers",
    "arrange",
    "clicks_in",
    "draft",
    "draw_hold_out",
    "effect",
    "end_look",
    "interleave",
    "lift_rule",
    "no_traits",
    "note",
    "off_policy",
    "prefer",
    "preference",
    "prove",
    "seed_of",
    "set_rule",
    "show",
    "show_drafted",
    "shown_in",
    "skill_by_lot",
    "train",
    "traits_of",
    "unskilled",
    "weights_of",
    "worths",
]
