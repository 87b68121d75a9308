"""Rules: segments are data, not code. A rule is read once, refused with its cure, and answered over columns."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from caravan.insight.profiles.crowd import Crowd, Flags
from caravan.insight.profiles.traits import TRAITS, Trait
from caravan.kernel.errors import Refusal

DEPTH_MAX = 3
CONDITIONS_MAX = 20
WORDS_MAX = 50
WORD_CHARACTERS_MAX = 200

NUMBER_TESTS = ("at_least", "at_most", "equal")
WORD_TESTS = ("one_of", "none_of")
KNOWN_TESTS = ("known", "unknown")

_Value = float | tuple[str, ...] | None


class WrongRule(Refusal):
    """A segment's rule can't be understood; `at` says where in it, and `cure` what would do."""

    def __init__(self, text: str = "", *, at: str = "rule", cure: str = "") -> None:
        super().__init__(f"{at}: {text} {cure}".strip() if text else "", at=at, cure=cure)


class Condition(NamedTuple):
    """A trait, how it is compared, and with what."""

    trait: Trait
    test: str
    value: _Value


class Group(NamedTuple):
    """Several rules of which all have to hold, or any."""

    is_all: bool
    rules: "tuple[Group | Condition, ...]"


Rule = Group | Condition


def read_rule(told: object) -> Rule:
    """Read a rule as it came, say from JSON. Refuses one that can't be understood with WrongRule."""
    rule = _read(told, "rule", 1)
    if _conditions(rule) > CONDITIONS_MAX:
        raise WrongRule(
            f"There are {_conditions(rule)} conditions.", at="rule", cure=f"Use at most {CONDITIONS_MAX} conditions."
        )
    return rule


def _conditions(rule: Rule) -> int:
    return 1 if isinstance(rule, Condition) else sum(_conditions(one) for one in rule.rules)


def _read(told: object, at: str, depth: int) -> Rule:
    if not isinstance(told, Mapping):
        raise WrongRule("A rule is an object.", at=at, cure='Write {"all": [...]}, {"any": [...]} or a condition.')
    keys = set(told)
    if keys in ({"all"}, {"any"}):
        return _group(told, at, depth)
    if "trait" not in keys or not keys <= {"trait", "is", "value"}:
        raise WrongRule(
            f"It has {', '.join(sorted(map(str, keys)))[:100] or 'nothing'}.", at=at,
            cure='Give it "all" or "any" alone, or "trait", "is" and "value".',
        )  # fmt: skip
    return _condition(told, at)


def _group(told: Mapping[str, Any], at: str, depth: int) -> Group:
    (key,) = told
    rules = told[key]
    if depth > DEPTH_MAX:
        raise WrongRule("It is nested too deep.", at=at, cure=f"Nest groups at most {DEPTH_MAX} deep.")
    if not isinstance(rules, Sequence) or isinstance(rules, str) or not rules:
        raise WrongRule("A group holds no rules.", at=f"{at}/{key}", cure="Put at least one condition into it.")
    if len(rules) > CONDITIONS_MAX:
        raise WrongRule(
            f"There are {len(rules)} rules.", at=f"{at}/{key}", cure=f"Use at most {CONDITIONS_MAX} conditions."
        )
    return Group(key == "all", tuple(_read(one, f"{at}/{key}/{place}", depth + 1) for place, one in enumerate(rules)))


def _condition(told: Mapping[str, Any], at: str) -> Condition:
    trait = TRAITS.get(told["trait"]) if isinstance(told["trait"], str) else None
    if trait is None:
        raise WrongRule(
            f"There is no trait {str(told['trait'])[:60]!r}.", at=f"{at}/trait", cure=f"Use one of {', '.join(TRAITS)}."
        )
    test = told.get("is")
    tests = tests_of(trait)
    if test not in tests:
        raise WrongRule(
            f"{trait.name} can't be compared by {str(test)[:60]!r}.",
            at=f"{at}/is",
            cure=f"Use one of {', '.join(tests)}.",
        )
    return Condition(trait, test, _value(trait, test, told.get("value"), at))


def tests_of(trait: Trait) -> tuple[str, ...]:
    """Give the ways in which a trait can be compared."""
    return (*(WORD_TESTS if trait.kind in {"word", "words"} else NUMBER_TESTS), *KNOWN_TESTS)


def _value(trait: Trait, test: str, value: object, at: str) -> _Value:
    if test in KNOWN_TESTS:
        if value is not None:
            raise WrongRule(f"{test} takes no value.", at=f"{at}/value", cure="Leave the value out.")
        return None
    if test in NUMBER_TESTS:
        return _number(trait, value, at)
    words = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    if not 0 < len(words) <= WORDS_MAX or not all(isinstance(one, str) and _is_word(one) for one in words):
        raise WrongRule(
            f"{trait.name} is compared with words.", at=f"{at}/value",
            cure=f"Give one word or a list of 1 to {WORDS_MAX}, each of at most {WORD_CHARACTERS_MAX} characters.",
        )  # fmt: skip
    return words


def _is_word(word: str) -> bool:
    return 0 < len(word) <= WORD_CHARACTERS_MAX


def _number(trait: Trait, value: object, at: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    if not is_number or (trait.kind == "share" and not 0 <= value <= 1):  # type: ignore[operator]
        unit = {
            "money": "minor units of the market's currency", "days": "days", "share": "a share from 0 to 1",
        }.get(trait.kind, "a number")  # fmt: skip
        raise WrongRule(f"{trait.name} is compared with a number.", at=f"{at}/value", cure=f"Give {unit}: 12, say."
                        if trait.kind != "share" else f"Give {unit}.")  # fmt: skip
    return float(value)  # type: ignore[arg-type]


def written(rule: Rule) -> dict[str, Any]:
    """Write a rule as it is kept and shown; `read_rule` reads it back."""
    if isinstance(rule, Group):
        return {"all" if rule.is_all else "any": [written(one) for one in rule.rules]}
    told: dict[str, Any] = {"trait": rule.trait.name, "is": rule.test}
    if rule.value is not None:
        told["value"] = list(rule.value) if isinstance(rule.value, tuple) else _plain(rule.value)
    return told


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() else number


def traits_in(rule: Rule) -> set[str]:
    """Name the traits that a rule asks for."""
    if isinstance(rule, Condition):
        return {rule.trait.name}
    return set().union(*(traits_in(one) for one in rule.rules))


def holds(rule: Rule, crowd: Crowd) -> Flags:
    """Say of each person whether a rule holds; what is unknown holds for nothing but `unknown`. Shape: bool [n]."""
    if isinstance(rule, Group):
        parts = [holds(one, crowd) for one in rule.rules]
        together: Flags = np.logical_and.reduce(parts) if rule.is_all else np.logical_or.reduce(parts)
        return together
    known, is_met = _known_and_met(rule, crowd)
    if rule.test in KNOWN_TESTS:
        return known if rule.test == "known" else ~known
    return known & is_met


def _known_and_met(condition: Condition, crowd: Crowd) -> tuple[Flags, Flags]:
    name, test, value = condition.trait.name, condition.test, condition.value
    if name in crowd.numbers:
        column = crowd.numbers[name]
        with np.errstate(invalid="ignore"):
            met = {"at_least": np.greater_equal, "at_most": np.less_equal}.get(test, np.equal)(
                column, value if isinstance(value, float) else 0.0
            )
        return ~np.isnan(column), met
    words = value if isinstance(value, tuple) else ()
    wanted = [place for place, word in enumerate(crowd.names[name]) if place and word in set(words)]
    if name in crowd.codes:
        codes = crowd.codes[name]
        known, is_one = codes > 0, np.isin(codes, wanted)
    else:
        pairs = crowd.pairs[name]
        known, is_one = np.zeros(len(crowd), bool), np.zeros(len(crowd), bool)
        known[pairs.owner] = True
        is_one[pairs.owner[np.isin(pairs.code, wanted)]] = True
    return known, ~is_one if test == "none_of" else is_one
