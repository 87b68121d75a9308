"""Forms: what a browser sends, turned into what cannot be wrong, or refused with the name of the field."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from caravan.kernel.errors import Invalid
from caravan.kernel.ids import number
from caravan.kernel.money import parse

BODY_BYTES_MAX = 512 * 1024
FIELDS_MAX = 100
LINE_CHARACTERS_MAX = 200


class Form:
    """The fields of a form, by name."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)

    def text(self, name: str, *, longest: int = LINE_CHARACTERS_MAX, is_needed: bool = True) -> str:
        """Give a text without the spaces around it. Refuses one that is missing or too long."""
        text = self.fields.get(name, "").replace("\r\n", "\n").strip()
        if is_needed and not text:
            raise Invalid("Please fill this in.", field=name)
        if len(text) > longest:
            raise Invalid(f"Please use at most {longest} characters.", field=name)
        return text

    def secret(self, name: str) -> str:
        """Give a password exactly as it was typed."""
        return self.fields.get(name, "")

    def integer(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        """Give a whole number within bounds."""
        text = self.fields.get(name, "").strip()
        if not text and default is not None:
            return default
        if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit() or len(text) > 12:  # noqa: PLR2004 - Twelve digits are more than any bound.
            raise Invalid("A whole number is needed here.", field=name)
        if not least <= int(text) <= most:
            raise Invalid(f"A number from {least} to {most} is needed here.", field=name)
        return int(text)

    def minor(self, name: str, currency: str, *, default: int | None = None) -> int:
        """Give an amount of money, written with a point or a comma, in minor units."""
        text = self.text(name, longest=32, is_needed=default is None)
        if not text and default is not None:
            return default
        try:
            return parse(text.replace(",", "."), currency).amount
        except Invalid:
            raise Invalid(f"Please write an amount such as 19.90 (in {currency}).", field=name) from None

    def id(self, kind: object, name: str) -> int:
        """Give the number behind a public id."""
        return number(kind, self.fields.get(name, ""))

    def has(self, name: str) -> bool:
        """Tell whether a box is ticked or a button of this name was pressed."""
        return bool(self.fields.get(name))


async def read_form(request: Request) -> Form:
    """Read a form that was sent. Refuses one that is too large or of another kind."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise Invalid("This address takes forms that a page of this shop has sent.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise Invalid(f"A form has at most {BODY_BYTES_MAX // 1024} KiB.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Invalid("This form can't be read.") from None
    return Form(dict(pairs))
