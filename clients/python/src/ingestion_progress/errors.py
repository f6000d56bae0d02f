"""Why a report failed: a stable code, and a sentence that says what would be right."""

from __future__ import annotations

#: The same request may succeed later.
RETRYABLE = frozenset({"UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR"})

#: After these no later report can succeed.
FINAL = frozenset(
    {"CONFLICT", "FORBIDDEN", "UNAUTHENTICATED", "TOKEN_EXPIRED", "NO_ANSWER", "BAD_ENDPOINT", "CLOSED"}
)

SERVER_CODES = frozenset(
    {"UNAUTHENTICATED", "TOKEN_EXPIRED", "FORBIDDEN", "BAD_USER_INPUT", "NOT_FOUND", "CONFLICT"} | RETRYABLE
)


class ReporterError(Exception):
    """A report was rejected, or not delivered.

    ``code`` is one of the server's codes, or ``NO_ANSWER`` (the server could not be reached for too long),
    ``BAD_ENDPOINT`` (the endpoint is not this server's GraphQL), ``CLOSED`` (the run was closed before).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class CancelledByUser(Exception):
    """A person asked to cancel the ingestion. Raised by the next report of a run that is ``cancellable``."""
