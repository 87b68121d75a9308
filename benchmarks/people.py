"""Made-up people with typing errors, seeded: households, twins and namesakes among them, to link and to tell apart."""

import numpy as np
import pyarrow as pa

_SYLLABLES = ["ba", "be", "bo", "bra", "bri", "ca", "car", "che", "da", "del", "den", "do", "el", "er", "fa", "fer", "ga", "gar", "go", "gra", "ha", "han", "he", "hil", "in", "ja", "jo", "ka", "kel", "la", "le", "lin", "lo", "ma", "mar", "mi", "mon", "na", "nel", "ni", "no", "o", "pa", "per", "pi", "ra", "ren", "ri", "ro", "sa", "sel", "sha", "si", "sol", "ta", "ter", "ti", "to", "tra", "u", "va", "ver", "vi", "wa", "wil", "ya", "yo", "za"]  # fmt: skip
_STREETS = ("street", "road", "avenue", "lane", "close", "court", "place", "drive")
_RECORDS_OF_PERSON = np.array([0.45, 0.3, 0.15, 0.07, 0.03])
_MISSING = {"given_name": 0.02, "surname": 0.01, "birth_date": 0.06, "street": 0.05, "postcode": 0.04, "city": 0.03,
            "phone": 0.35, "email": 0.45}  # fmt: skip
_TYPOS = {"given_name": 0.1, "surname": 0.1, "birth_date": 0.06, "street": 0.12, "postcode": 0.05, "city": 0.06,
          "phone": 0.05, "email": 0.05}  # fmt: skip
_MOVED = 0.12
_TWIN, _NAMESAKE, _HOUSEHOLD = 0.004, 0.004, 0.45


def make(records: int, *, seed: int) -> pa.Table:
    """Make so many records of people, in no order; column `cluster` says who each is."""
    dice = np.random.default_rng(seed)
    sizes = 1 + np.searchsorted(np.cumsum(_RECORDS_OF_PERSON), dice.random(records))
    people = int(np.searchsorted(np.cumsum(sizes), records)) + 1
    sizes = sizes[:people]
    sizes[-1] -= int(sizes.sum()) - records
    whole = _people(people, dice)
    who = np.repeat(np.arange(people), sizes)
    is_first = np.concatenate((np.ones(1, bool), who[1:] != who[:-1]))
    columns = {name: values[who] for name, values in whole.items()}
    moved = ~is_first & (dice.random(records) < _MOVED)
    elsewhere = dice.integers(0, people, records)
    for name in ("street", "street_number", "city", "postcode"):
        columns[name] = np.where(moved, whole[name][elsewhere], columns[name])
    for name, share in _TYPOS.items():
        _mistype(columns[name], np.flatnonzero(~is_first & (dice.random(records) < share)), dice)
    swapped = np.flatnonzero(~is_first & (dice.random(records) < 0.01))
    columns["given_name"][swapped], columns["surname"][swapped] = (
        columns["surname"][swapped], columns["given_name"][swapped],
    )  # fmt: skip
    shuffled = dice.permutation(records)
    made = {"record_id": pa.array([f"p{number:07d}" for number in range(records)])}
    for name, values in columns.items():
        is_missing = dice.random(records) < _MISSING.get(name, 0.0)
        made[name] = pa.array(values[shuffled], pa.string(), mask=is_missing[shuffled])
    return pa.table({**made, "cluster": pa.array(who[shuffled])})


def _people(people: int, dice: np.random.Generator) -> dict[str, np.ndarray]:
    given = _names(1_200, dice, 2, 3)[_zipf(1_200, people, dice, 0.9)]
    surname = _names(12_000, dice, 2, 4)[_zipf(12_000, people, dice, 0.8)]
    cities = _names(1_500, dice, 2, 4)
    town = _zipf(1_500, people, dice, 0.8)
    street_names = _names(6_000, dice, 2, 4)
    street = street_names[dice.integers(0, 6_000, people)]
    kinds = np.array(_STREETS)[dice.integers(0, len(_STREETS), people)]
    number = dice.integers(1, 220, people).astype(str).astype(object)
    postcode = (10_000 + town * 13 + dice.integers(0, 13, people)).astype(str).astype(object)
    born = np.datetime64("1930-01-01") + dice.integers(0, 365 * 78, people)
    home = np.where(dice.random(people) < _HOUSEHOLD, np.maximum(np.arange(people) - 1, 0), np.arange(people))
    for _ in range(2):  # Who lives with somebody who lives with somebody lives there, too.
        home = home[home]
    twin = (dice.random(people) < _TWIN) & (home != np.arange(people))
    namesake = (dice.random(people) < _NAMESAKE) & (home != np.arange(people)) & ~twin
    surname = np.where(home != np.arange(people), surname[home], surname)
    given = np.where(namesake, given[home], given)
    born = np.where(twin, born[home], born)
    address = np.array([f"{one} {two}" for one, two in zip(street, kinds, strict=True)], object)
    digits = dice.integers(10**8, 10**9, people)
    phone = np.array([f"0{one}" for one in digits.tolist()], object)
    mail = dice.integers(1, 100, people)
    email = np.array(
        [f"{one}.{two}{three}@mail.example" for one, two, three in zip(given, surname, mail, strict=True)], object
    )
    return {
        "given_name": given, "surname": surname, "birth_date": born.astype(str).astype(object),
        "street_number": number[home], "street": address[home], "city": cities[town][home],
        "postcode": postcode[home], "phone": phone, "email": email,
    }  # fmt: skip


def _names(count: int, dice: np.random.Generator, least: int, most: int) -> np.ndarray:
    parts = np.array(_SYLLABLES)
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(parts[dice.integers(0, len(parts), dice.integers(least, most + 1))])] = None
    return np.array(list(made), object)


def _zipf(count: int, drawn: int, dice: np.random.Generator, slope: float) -> np.ndarray:
    share = 1.0 / np.arange(1, count + 1) ** slope
    return np.searchsorted(np.cumsum(share / share.sum()), dice.random(drawn)).clip(0, count - 1)


def _mistype(values: np.ndarray, rows: np.ndarray, dice: np.random.Generator) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    ways, places, drawn = dice.integers(0, 4, len(rows)), dice.random(len(rows)), dice.integers(0, 26, len(rows))
    for row, way, share, letter in zip(rows.tolist(), ways.tolist(), places.tolist(), drawn.tolist(), strict=True):
        text = values[row]
        at = int(share * len(text))
        other = str(letter % 10) if text[at].isdigit() else letters[letter]
        if way == 0:
            values[row] = text[:at] + other + text[at + 1 :]
        elif way == 1:
            values[row] = text[:at] + text[at + 1 :]
        elif way == 2:
            values[row] = text[:at] + other + text[at:]
        else:
            values[row] = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
