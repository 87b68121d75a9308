"""Words as search sees them: folded, split, with units and fractions written one way, and stemmed by their script."""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence

TEXT_CHARACTERS_MAX = 4_000
"""What is read of one text: the rest of a longer one is not searched."""
TERM_CHARACTERS_MAX = 40
"""A longer run of characters is no word, and is left out."""
TERMS_MAX = 400
_CODE_PARTS_MAX = 5
_CODE_DIGITS_MIN = 4

Stem = Callable[[str, str], str]
"""Give the stem of a word in a language, named in English."""

_UNITS = {
    "inch": "in", "inches": "in", "feet": "ft", "foot": "ft", "pound": "lb", "pounds": "lb", "lbs": "lb",
    "gallon": "gal", "gallons": "gal", "ounce": "oz", "ounces": "oz", "square": "sq", "volt": "v", "volts": "v",
    "watt": "w", "watts": "w", "amp": "a", "amps": "a", "yard": "yd", "yards": "yd", "millimeter": "mm",
    "millimeters": "mm", "centimeter": "cm", "centimeters": "cm", "cubic": "cu", "ga": "gauge",
    "grams": "g", "gram": "g", "kilogram": "kg", "kilograms": "kg", "liter": "l", "liters": "l", "litre": "l",
    "litres": "l", "meter": "m", "meters": "m", "metre": "m", "metres": "m",
}  # fmt: skip
_COUNTED = (
    "in|ft|lb|lbs|gal|oz|sq|v|w|volt|watt|amp|mm|cm|yd|inch|foot|feet|gallon|pack|pc|piece|light|tier|drawer|ton|btu|"
    "hp|psi|kg|ml|gb|tb|liter"
)
_REWRITES = (
    (re.compile(r"(?<=\d)\s*(?:''|\"|\u201d|\u2033)"), " in "),
    (re.compile(r"(?<=\d)\s*(?:'|\u2032)"), " ft "),
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
    (re.compile(r"(?<=\d)\s*(?:x|\*|\u00d7|by)\s*(?=[\d.])"), " x "),
    (re.compile(rf"\b(\d[\d./]*)[- ]?({_COUNTED})\b"), r"\1 \2"),
)
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TERM = re.compile(rf"\d+-\d+/\d+|\d+/\d+|\d*\.\d+|[{_CJK}]+|[^\W_{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")
_HAS_DIGIT = re.compile(r"\d")
_CODE = re.compile(r"[a-z0-9]+(?:[-./][a-z0-9]+)+")
_SCRIPTS = (
    (re.compile(r"[\u0400-\u04ff]"), "russian"),
    (re.compile(r"[\u0370-\u03ff]"), "greek"),
    (re.compile(r"[\u0600-\u06ff]"), "arabic"),
    (re.compile(r"[\u0b80-\u0bff]"), "tamil"),
)
LATIN = (
    "danish", "dutch", "english", "finnish", "french", "german", "hungarian", "italian", "norwegian", "portuguese",
    "romanian", "spanish", "swedish", "turkish",
)  # fmt: skip
"""Languages of the Latin script that words can be stemmed in: a market has one of them. Other scripts tell their language."""


def words(text: str) -> list[str]:
    """Split a text into folded words; a run of Chinese, Japanese or Korean becomes its pairs of characters.

    Never fails, whatever the text holds: control characters part words, and what is too long is left out.
    """
    text = _folded(text)
    for pattern, written in _REWRITES:
        text = pattern.sub(written, text)
    found: list[str] = []
    for term in _TERM.findall(text):
        if len(found) >= TERMS_MAX:
            break
        if _IS_CJK.match(term):
            found.extend(_pairs(term[:TERM_CHARACTERS_MAX]))
        elif len(term) <= TERM_CHARACTERS_MAX:
            found.append(_UNITS.get(term, term))
    return found


def codes(text: str) -> list[str]:
    """Give the part numbers of a text without their hyphens: "HDG-710/156" is also looked for as "hdg710156"."""
    joined = (re.sub(r"[-./]", "", code) for code in _CODE.findall(_folded(text)))
    return [code for code in joined if _is_code(code)][:TERMS_MAX]


def asked_codes(text: str) -> list[str]:
    """Give what may be meant as a part number: what is written as one, and a few words of digits written apart."""
    parts = words(text)
    joined = [*codes(text), *(part for part in parts if _is_code(part))]
    if 1 < len(parts) <= _CODE_PARTS_MAX:
        joined.append("".join(parts))
    return [code for code in dict.fromkeys(joined) if sum(map(str.isdigit, code)) >= _CODE_DIGITS_MIN]


def _is_code(code: str) -> bool:
    return 4 <= len(code) <= TERM_CHARACTERS_MAX and bool(_HAS_DIGIT.search(code))  # Shorter is a size.


def _folded(text: str) -> str:
    plain = html.unescape(text[:TEXT_CHARACTERS_MAX]).lower()
    parts = unicodedata.normalize("NFKD", plain).replace("\u2044", "/")
    kept = "".join(part for part in parts if not unicodedata.combining(part))
    return unicodedata.normalize("NFC", kept)  # Korean is taken apart by NFKD, and put together again here.


def _pairs(run: str) -> Sequence[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)] or [run]


def language_of(word: str, *, latin: str) -> str:
    """Tell the language to stem a word in: by its script, and the market's own where the script is Latin."""
    for pattern, language in _SCRIPTS:
        if pattern.search(word):
            return language
    return latin


def has_digit(word: str) -> bool:
    """Tell whether a word is a number, a size or a code: nobody guesses at its spelling."""
    return bool(_HAS_DIGIT.search(word))


def is_guessable(word: str) -> bool:
    """Tell whether a typo in a word may be mended: it is long enough, alphabetic, and no Chinese, Japanese or Korean."""
    return len(word) >= 3 and word.isalpha() and not _IS_CJK.search(word)  # "TV" is no typo of "tub".
