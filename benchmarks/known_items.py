"""Known items: whether one product that somebody knows is there is among the first 20, however they ask for it.

Queries are made from titles, seeded: three to five of a title's words that at most ten titles have together, then bent
in one way each. Part numbers are made up for every product. Russian and Chinese products are made from small lists of
words. Nothing may be guessed for a number: one digit off must not find the product.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product as combinations

import numpy as np

from caravan.bootstrap import make_engine
from caravan.insight.search import Asked, Engine, Sheet

_EACH = 250
_TOP = 20
_SHARED_MAX = 10
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONG_WORD = 5
_RUSSIAN = (
    (("чайник", "чайники"), ("кружка", "кружки"), ("лампа", "лампы"), ("скатерть", "скатерти"), ("корзина", "корзины"),
     ("ваза", "вазы"), ("тарелка", "тарелки"), ("подушка", "подушки"), ("зеркало", "зеркала"), ("полка", "полки")),
    ("деревянный", "керамический", "стеклянный", "льняной", "медный", "плетеный"),
    ("кухни", "гостиной", "сада", "ванной", "детской", "прихожей"),
)  # fmt: skip
_CHINESE = (
    ("茶壶", "马克杯", "台灯", "桌布", "篮子", "花瓶", "盘子", "抱枕", "镜子", "书架"),
    ("木制", "陶瓷", "玻璃", "亚麻", "黄铜", "手工编织"),
    ("厨房用", "客厅用", "花园用", "浴室用", "儿童房用", "玄关用"),
)  # fmt: skip


def run(*, titles: Sequence[str], seed: int) -> dict[str, object]:
    """Ask for known items in every way; give recall@20 by kind and in all, and how often a wrong number was guessed."""
    dice = np.random.default_rng(seed)
    engine = make_engine()
    codes = [_code(place) for place in range(len(titles))]
    sheets = [Sheet(place, title, codes=(codes[place],)) for place, title in enumerate(titles)]
    foreign = _foreign(len(titles))
    engine.put([*sheets, *(sheet for sheet, _ in foreign)])
    engine.commit(1)
    asked = _asked(titles, codes, dice)
    for name, language in (("russian, inflected", "ru"), ("chinese", "zh")):
        kept = [(query, sheet.product) for sheet, query in foreign if sheet.brand == language]
        asked[name] = [kept[place] for place in dice.permutation(len(kept))[:_EACH]]
    recalls = {name: _recall(engine, pairs) for name, pairs in asked.items()}
    wrong = [(_one_digit_off(codes[place], dice), place) for place in dice.integers(0, len(titles), _EACH).tolist()]
    taken = set(codes)
    guessed = [place in _top(engine, query) for query, place in wrong if query not in taken]
    queries = sum(len(pairs) for pairs in asked.values())
    hits = sum(recalls[name] * len(pairs) for name, pairs in asked.items())
    return {
        "top": _TOP, "queries": queries, "recall20": round(hits / queries, 4),
        "recall20_least": round(min(recalls.values()), 4),
        "recall20_by_kind": {name: round(value, 4) for name, value in recalls.items()},
        "wrong_numbers_guessed": sum(guessed), "wrong_numbers_asked": len(guessed),
    }  # fmt: skip


def _recall(engine: Engine, pairs: Sequence[tuple[str, int]]) -> float:
    return sum(place in _top(engine, query) for query, place in pairs) / len(pairs)


def _top(engine: Engine, query: str) -> set[int]:
    return {result.product for result in engine.find(Asked(query, limit=_TOP, has_facets=False)).results}


def _asked(titles: Sequence[str], codes: Sequence[str], dice: np.random.Generator) -> dict[str, list[tuple[str, int]]]:
    having: dict[str, set[int]] = defaultdict(set)
    for place, title in enumerate(titles):
        for word in set(title.lower().split()):
            having[word].add(place)
    ways: dict[str, Callable[[list[str]], list[str]]] = {
        "as listed": lambda words: words,
        "misspelled": lambda words: _bent(words, dice, _misspelled),
        "plural or singular": lambda words: _bent(words, dice, lambda word, _: _plural(word)),
        "word order": lambda words: [words[place] for place in dice.permutation(len(words))],
    }
    asked: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, way in ways.items():
        for place in dice.permutation(len(titles)).tolist():
            words = _identifying(titles[place], having, dice)
            if words:
                asked[name].append((" ".join(way(words)), place))
            if len(asked[name]) == _EACH:
                break
    for place in dice.permutation(len(titles))[:_EACH].tolist():
        written = (codes[place], codes[place].replace("-", ""), codes[place].replace("-", " ").lower())
        asked["part number"].append((written[place % 3], place))
    return dict(asked)


def _identifying(title: str, having: dict[str, set[int]], dice: np.random.Generator) -> list[str]:
    """Choose plain words of a title that few titles have together; none where there are none."""
    words = [word for word in dict.fromkeys(title.lower().split()) if word.isascii() and word.isalpha()]
    if len(words) < 3 or max(map(len, words)) < _LONG_WORD:
        return []
    for size in (3, 4, 5):
        if size <= len(words):
            chosen = sorted(dice.permutation(len(words))[:size].tolist())
            wanted = [words[place] for place in chosen]
            shared = set.intersection(*(having[word] for word in wanted))
            if len(shared) <= _SHARED_MAX and max(map(len, wanted)) >= _LONG_WORD:
                return wanted
    return []


def _bent(words: list[str], dice: np.random.Generator, bend: Callable[[str, np.random.Generator], str]) -> list[str]:
    long = [place for place, word in enumerate(words) if len(word) >= _LONG_WORD]
    chosen = long[int(dice.integers(len(long)))]
    return [bend(word, dice) if place == chosen else word for place, word in enumerate(words)]


def _misspelled(word: str, dice: np.random.Generator) -> str:
    place = int(dice.integers(1, len(word)))
    letter = _LETTERS[int(dice.integers(26))]
    swapped = word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]
    ways = (word[:place] + word[place + 1 :], word[:place] + letter + word[place:],
            word[:place] + letter + word[place + 1 :], swapped)  # fmt: skip
    return ways[int(dice.integers(4))]


def _plural(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def _code(place: int) -> str:
    return f"{_LETTERS[place % 26].upper()}{_LETTERS[place * 7 % 26].upper()}-{100_000 + place * 7919 % 900_000}-{place % 97:02}"


def _one_digit_off(code: str, dice: np.random.Generator) -> str:
    place = int(dice.integers(3, 9))
    other = (int(code[place]) + 1 + int(dice.integers(9))) % 10
    return f"{code[:place]}{other}{code[place + 1 :]}".replace("-", "")


def _foreign(first: int) -> list[tuple[Sheet, str]]:
    """Make Russian and Chinese products, each with the query of somebody who knows it."""
    found: list[tuple[Sheet, str]] = []
    for (noun, plural), material, room in combinations(*_RUSSIAN):
        sheet = Sheet(first + len(found), f"{material.capitalize()} {noun} для {room}", brand="ru")
        found.append((sheet, f"{plural} {material} {room}"))
    for noun, material, room in combinations(*_CHINESE):
        found.append(
            (Sheet(first + len(found), f"{room}{material}{noun}", brand="zh"), f"{material}{noun} {room[:-1]}")
        )
    return found
