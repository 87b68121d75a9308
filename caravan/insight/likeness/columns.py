"""Which column is what: recognized by its name and its values, or told by a mapping."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from caravan.insight.likeness.fields import ROLES
from caravan.kernel.errors import Invalid

RECORD, CLUSTER, IGNORED = "record", "cluster", "ignore"
_WORDS = {
    "given_name": "givenname firstname forename first fname prenom vorname nombre christianname",
    "surname": "surname lastname familyname last lname nom nachname apellido secondname",
    "full_name": "fullname name personname customername contactname",
    "birth_date": "dateofbirth dob birthdate birthday bday born geburtsdatum datebirth",
    "email": "email mail emailaddress",
    "phone": "phone phonenumber telephone tel mobile cell cellphone mobilephone",
    "number": "socsecid ssn socialsecuritynumber nationalid taxid passport nin nhsnumber idnumber documentnumber",
    "street_number": "streetnumber housenumber houseno streetno addressnumber stnum",
    "street": "street streetname address address1 addressline1 streetaddress road line1 addr",
    "place": "address2 addressline2 line2 locality birthplace placeofbirth neighborhood neighbourhood",
    "city": "city town suburb municipality village ort stadt commune",
    "postcode": "postcode zip zipcode postalcode postcodefake plz postcd cep",
    "state": "state province region county country stateprovince statecode countrycode",
    "choice": "gender sex title",
    "occupation": "occupation job profession employer company",
    RECORD: "id recid recordid recordid uniqueid customerid personid key rowid index recordnumber",
    CLUSTER: "cluster clusterid entityid entity groundtruth trueid truth truecluster label duplicateof",
}
_ROLE_OF = {word: role for role, words in _WORDS.items() for word in words.split()}


class Columns(NamedTuple):
    """What the columns of a table are: fields by column, the record's own id, and the truth where it is known."""

    fields: dict[str, str]
    record: str
    cluster: str


def recognize(table: pa.Table, told: Mapping[str, str] | None = None) -> Columns:
    """Say what each column is. Refuses a mapping that names no column of the table, or a role that there is not."""
    told = dict(told or {})
    for column, role in told.items():
        if column not in table.column_names:
            raise Invalid(
                f"There is no column {column[:60]!r}: there are {', '.join(table.column_names)}.", field=column
            )
        if role not in ROLES and role not in {RECORD, CLUSTER, IGNORED}:
            raise Invalid(
                f"A column is one of {', '.join([*ROLES, RECORD, CLUSTER, IGNORED])}; not {role[:40]!r}.", field=column
            )
    guessed = {column: _role(column) for column in table.column_names if column not in told}
    roles = told | {column: role for column, role in guessed.items() if role}
    found = {column: roles[column] for column in table.column_names if roles.get(column, IGNORED) in ROLES}
    found = _without_repeats(table, found, told)
    return Columns(found, _the(RECORD, roles), _the(CLUSTER, roles))


def _role(column: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", column.lower())
    if plain in _ROLE_OF:
        return _ROLE_OF[plain]
    for beginning in ("customer", "person", "buyer", "contact", "patient", "home", "billing", "shipping"):
        if plain.startswith(beginning) and plain[len(beginning) :] in _ROLE_OF:
            return _ROLE_OF[plain[len(beginning) :]]
    return ""


def _the(role: str, roles: Mapping[str, str]) -> str:
    return next((column for column, found in roles.items() if found == role), "")


def _without_repeats(table: pa.Table, found: dict[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """Leave out what says nothing, or says what another column says already."""
    roles = set(found.values())
    kept: dict[str, str] = {}
    for column, role in found.items():
        is_repeat = role == "full_name" and {"given_name", "surname"} <= roles
        is_second = role in kept.values() and role in {"given_name", "surname", "full_name", "birth_date"}
        is_empty = pc.count_distinct(table.column(column)).as_py() < 2  # noqa: PLR2004  # One value tells nobody apart.
        if column in told or not (is_repeat or is_second or is_empty):
            kept[column] = role
    return kept
