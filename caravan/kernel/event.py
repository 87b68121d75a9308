"""Event: the root of everything that can happen, and the number widths that its columns may ask for."""

from typing import Annotated, ClassVar

import msgspec

# Plain `int` is 64 bits wide in a column. A narrower width is worth naming only where there is one value a posting.
Int8 = Annotated[int, msgspec.Meta(ge=-128, le=127)]
Int16 = Annotated[int, msgspec.Meta(ge=-32768, le=32767)]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that has happened. Subclasses carry a tag such as "order.placed.v1" and only flat fields.

    A field is an int (or a NewType of one), a str, bytes, a bool, a tuple of one of these, or a dict of str to str,
    so that many events of one kind can lie in columns. `at` is when it happened, in microseconds since 1970.
    """

    at: int
    personal: ClassVar[frozenset[str]] = frozenset()  # Fields that hold sealed personal data.


def name(kind: type[Event]) -> str:
    """Give the public name of a kind of event: "order.placed.v1"."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str), kind
    return tag
