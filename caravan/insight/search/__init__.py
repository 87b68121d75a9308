"""Search: finds products by words, mends and widens what was asked, ranks what was found and says why.

Always: a query is only ever words, whatever it holds; and numbers, sizes and codes are never guessed at.
"""

from caravan.insight.search.clicks import Curve, Shown, Tried, reformulated, teach
from caravan.insight.search.commands import note_nothing_found, set_synonyms, show_results
from caravan.insight.search.engine import RANKED_MAX, SUGGESTIONS_MAX, Asked, Engine, Found, Result, Sheet, warm
from caravan.insight.search.learning import GRADE_MAX, GRADE_MIN, Example, Report, TooFewExamples, learn
from caravan.insight.search.lessons import Kept, Lessons
from caravan.insight.search.model import Search
from caravan.insight.search.ports import EVERYTHING, SELLABLE, Facets, Filter, Index, IndexBroken, Trainer
from caravan.insight.search.queries import missed, synonyms
from caravan.insight.search.text import LATIN

__all__ = [
    "EVERYTHING",
    "GRADE_MAX",
    "GRADE_MIN",
    "LATIN",
    "RANKED_MAX",
    "SELLABLE",
    "SUGGESTIONS_MAX",
    "Asked",
    "Curve",
    "Engine",
    "Example",
    "Facets",
    "Filter",
    "Found",
    "Index",
    "IndexBroken",
    "Kept",
    "Lessons",
    "Report",
    "Result",
    "Search",
    "Sheet",
    "Shown",
    "TooFewExamples",
    "Trainer",
    "Tried",
    "learn",
    "missed",
    "note_nothing_found",
    "reformulated",
    "set_synonyms",
    "show_results",
    "synonyms",
    "teach",
    "warm",
]
