"""The door to the rights question: may I (`decide`), and what may I (`summary`, `badge`)."""

from studio.rights.decision import clause_of, decide, exports_left, lease_end, permits
from studio.rights.summary import Badge, Line, LineState, Summary, badge, badge_of_terms, summary
from studio.rights.verdict import Context, Denial, Fix, FixKind, Verdict

__all__ = [
    "Badge",
    "Context",
    "Denial",
    "Fix",
    "FixKind",
    "Line",
    "LineState",
    "Summary",
    "Verdict",
    "badge",
    "badge_of_terms",
    "clause_of",
    "decide",
    "exports_left",
    "lease_end",
    "permits",
    "summary",
]
