"""What a user's type checker sees; checked by mypy in strict mode, never run."""

from typing import AsyncIterator, List, Optional

from ingestion_progress import CancelledByUser, Client, Ingestion, Phase, ReporterError


def job(client: Client, names: List[str]) -> Optional[ReporterError]:
    with client.ingestion("p", labels={"a": "b"}, phases=["One", {"name": "Two", "weight": 2}]) as run:
        each: str
        for each in run.track(names, phase=1):
            each.upper()
        with run.phase(2, "Two", total=3) as phase:
            number: int
            for number in phase.track(range(3)):
                phase.advance(number)
        stored: bool = run.complete(summary="done")
        print(stored)
    return run.error


async def async_job(client: Client, pages: AsyncIterator[bytes]) -> None:
    async with client.ingestion("p") as run:
        page: bytes
        async for page in run.track(pages, phase=1, total=3):
            page.decode()


def token() -> str:
    return "t"


CLIENT: Client = Client("https://example.com/graphql", token, window=1)
RUN: Ingestion = CLIENT.ingestion("p")
PHASE: Phase = RUN.phase(1)
ERROR: Exception = CancelledByUser()
