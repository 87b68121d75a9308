"""What happens in the ledger: accounts are opened, entries are recorded. Nothing is ever changed or taken out."""

from caravan.kernel.event import Event, Int8
from caravan.kernel.ids import AccountId, EntryId, HoldId


class AccountOpened(Event, frozen=True, kw_only=True, tag="ledger.account_opened.v1"):
    """An account was opened. `floor` is the least that may be left on it: 0 for what can run out."""

    account: AccountId
    kind: int
    owner: int
    unit: int
    floor: int


class EntryRecorded(Event, frozen=True, kw_only=True, tag="ledger.entry_recorded.v1"):
    """An entry was recorded whole: leg i changes accounts[i] by amounts[i] in the way of modes[i].

    `holds[i]` is the hold that a leg made, posted or voided, or 0. `expires_at` is that of the holds it made, 0 for never.
    """

    entry: EntryId
    reason: int
    reference: int
    expires_at: int
    accounts: tuple[AccountId, ...]
    amounts: tuple[int, ...]
    modes: tuple[Int8, ...]
    holds: tuple[HoldId, ...]
