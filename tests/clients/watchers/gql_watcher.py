"""Watches a project with gql and websockets, and reconnects if the connection is lost."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportError
from gql.transport.websockets import WebsocketsTransport

WATCH = """
subscription Watch($projectId: ID!) {
  ingestionProgress(projectId: $projectId, follow: true) {
    revision
    progress {
      id
      status
      progressPercent
    }
  }
}
"""

# Close codes after which reconnecting is useless; 4401 is an invalid token.
GIVE_UP = {1009, 4004, 4005, 4400, 4401, 4406, 4409, 4429}


def close_code(error: BaseException | None) -> int | None:
    """Returns the close code of the server, from whichever error contains it."""
    while error is not None:
        received = getattr(error, "rcvd", None)
        if received is not None:
            return received.code
        error = error.__cause__ or error.__context__
    return None


async def watch(
    endpoint: str,
    project_id: str,
    get_token: Callable[[], Awaitable[str]],
) -> AsyncIterator[dict | None]:
    """Yields each newer state. Raises if the server rejects the subscription, or if reconnecting is useless."""
    newest = -1
    failures = 0
    while True:
        transport = WebsocketsTransport(
            url=endpoint.replace("http", "ws", 1),
            init_payload={"token": await get_token()},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
            ping_interval=10,
            pong_timeout=5,
        )
        request = gql(WATCH)
        request.variable_values = {"projectId": project_id}
        try:
            async with Client(transport=transport) as session:
                async for result in session.subscribe(request):
                    failures = 0
                    event = result["ingestionProgress"]
                    if event["revision"] > newest:
                        newest = event["revision"]
                        yield event["progress"]
        except (TransportConnectionFailed, OSError, asyncio.TimeoutError) as error:
            if close_code(error) in GIVE_UP:
                raise
        except TransportError as error:
            # A rejected subscription has errors with a code; anything else is a lost connection.
            codes = [e.get("extensions", {}).get("code") for e in getattr(error, "errors", None) or []]
            if close_code(error) in GIVE_UP or any(
                code not in ("UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR") for code in codes
            ):
                raise
        # 1, 2, 4, 8, 16, 30, 30 … seconds with 25% jitter.
        await asyncio.sleep(min(30, 2**failures) * random.uniform(0.75, 1.25))
        failures += 1
