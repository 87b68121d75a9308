"""Discovery: what each shopper may want next, found among what others did, ranked by what was learned.

Always: nobody votes for themselves; what is forgotten is served no more; an answer says why and by which version.
"""

from caravan.insight.discovery.answering import BLEND, Answer, Answering, Asked, Offered
from caravan.insight.discovery.arrange import Candidate, Placed, arrange
from caravan.insight.discovery.commands import SIGNALS_A_REQUEST_MAX, SURFACES, Signal, lift_rule, note, set_rule, show
from caravan.insight.discovery.history import History, Plan
from caravan.insight.discovery.kernel import Traits
from caravan.insight.discovery.learning import TooLittleToLearn, train
from caravan.insight.discovery.memory import Looks, Memory
from caravan.insight.discovery.ports import Ranker
from caravan.insight.discovery.recommender import Recommender, Skill, no_traits, traits_of, unskilled
from caravan.insight.discovery.tastes import Rule, Tastes
from caravan.insight.discovery.trained import Trained, skill_by_lot

__all__ = [
    "BLEND",
    "SIGNALS_A_REQUEST_MAX",
    "SURFACES",
    "Answer",
    "Answering",
    "Asked",
    "Candidate",
    "History",
    "Looks",
    "Memory",
    "Offered",
    "Placed",
    "Plan",
    "Ranker",
    "Recommender",
    "Rule",
    "Signal",
    "Skill",
    "Tastes",
    "TooLittleToLearn",
    "Trained",
    "Traits",
    "arrange",
    "lift_rule",
    "no_traits",
    "note",
    "set_rule",
    "show",
    "skill_by_lot",
    "train",
    "traits_of",
    "unskilled",
]
