"""Runs the watcher of docs/clients.md for a test: gets tokens from a URL and prints each state as a line of JSON."""

import asyncio
import json
import sys
import urllib.request

from watchers.gql_watcher import watch


async def main(endpoint: str, project_id: str, token_url: str) -> None:
    async def get_token() -> str:
        return await asyncio.to_thread(lambda: urllib.request.urlopen(token_url).read().decode())

    async for progress in watch(endpoint, project_id, get_token):
        print(json.dumps(progress), flush=True)


asyncio.run(main(*sys.argv[1:]))
