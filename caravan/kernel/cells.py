"""Cells of CSV files: text that a spreadsheet would take for a formula is told to be text, and told apart again."""

import re
from typing import Final

# What OWASP lists for "CSV injection", full-width forms too. A cell that begins so is given an apostrophe, and so is one
# that begins with apostrophes before it: then taking one away always gives back what was there.
FORMULA: Final = r"^'*[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - Excel reads the full-width forms, too.  # fmt: skip
# Text that is but a number can do nothing: -5 is -5.
NUMBER: Final = r"^[+\-]?[0-9]+([.,][0-9]+)?$"
_FORMULA, _NUMBER = re.compile(FORMULA), re.compile(NUMBER)


def guarded(text: str) -> str:
    """Give text as a cell that no spreadsheet reckons with."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def unguarded(cell: str) -> str:
    """Give back what `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
