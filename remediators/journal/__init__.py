"""What happened: the event log and the state directory. Imports nothing of the house but the model."""

from remediators.journal.chain import Head, Link, Verdict
from remediators.journal.encryption import decrypted, encrypted
from remediators.journal.events import Event
from remediators.journal.leases import Held, Lease, Leases, Lost, Taken
from remediators.journal.state import State, private, write_document, write_private
from remediators.journal.store import Journal, now

__all__ = [
    "Event",
    "Head",
    "Held",
    "Journal",
    "Lease",
    "Leases",
    "Link",
    "Lost",
    "State",
    "Taken",
    "Verdict",
    "decrypted",
    "encrypted",
    "now",
    "private",
    "write_document",
    "write_private",
]
