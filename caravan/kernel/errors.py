"""The three ways in which something does not happen: the business says no, somebody was first, the world failed."""


class CaravanError(Exception):
    """Anything that a caller of Caravan may be told."""


class Refusal(CaravanError):
    """The business says no. The class name is the public code; the text is for people.

    `details` names what the caller can act on (which SKU, how many are left), and is shown to them.
    """

    def __init__(self, text: str = "", **details: object) -> None:
        super().__init__(text or (type(self).__doc__ or "").split("\n")[0])
        self.details = details


class Invalid(Refusal):
    """What was sent cannot be understood. Doors answer it with 400."""


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see. Doors answer it with 404."""


class Conflict(CaravanError):
    """Somebody else wrote first: read again, then try again."""


class Outage(CaravanError):
    """The world outside failed: try again later."""


def code(error: CaravanError) -> str:
    """Turn an error's class name into its public code: OutOfStock is out_of_stock."""
    name = type(error).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
