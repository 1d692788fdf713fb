"""What the demo reads of its own database. It shows some of these texts as they stand here."""

THREADS = """SELECT COUNT(*) FROM thread t JOIN client c ON c.id = t.client_id
WHERE c.ref = 'HP-C-001'"""

WINDOWS = """SELECT COUNT(*) FROM assignment_window w JOIN client c ON c.id = w.client_id
WHERE c.ref = 'HP-C-001'"""

HELD = """SELECT n.e164 FROM message_number n JOIN sitter s ON s.id = n.sitter_id
WHERE s.ref = 'HP-S-01' AND n.status = 'active'"""

LAST_TEXT = "SELECT from_e164 FROM message ORDER BY id DESC LIMIT 1"
LAST_DECISION = "SELECT decision FROM message ORDER BY id DESC LIMIT 1"

FORCED = """SELECT COUNT(*) FROM audit_event WHERE event = 'number.restored'
AND reason = 'the carrier cleared it' AND payload LIKE '%"forced":true%'"""


def row_count(table: str) -> str:
    """The text that counts the rows of a table."""
    return f"SELECT COUNT(*) FROM {table}"
