"""What a tracked loop costs over a bare one, in microseconds an item; tqdm beside it if it is installed.

    python clients/python/bench/track.py

Reports to a server of this process that answers everything at once, so that the sender's thread works as in a real job.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from ingestion_progress import Client  # noqa: E402

ITEMS = 1_000_000
ROUNDS = 7


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        state = {"status": "RUNNING", "attempt": 1, "error": None}
        body = json.dumps({"data": {"result": {"accepted": True, "lastSequence": None, "progress": state}}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def seconds(items):
    began = time.perf_counter()
    for _ in items:
        pass
    return time.perf_counter() - began


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run = Client(f"http://127.0.0.1:{server.server_port}/graphql", "token").ingestion("bench")
    phase = run.phase(2, "Advancing")
    loops = {"bare loop": lambda: range(ITEMS), "run.track": lambda: run.track(range(ITEMS), phase=1)}

    def advancing():
        for item in range(ITEMS):
            yield item
            phase.advance()

    loops["phase.advance()"] = advancing
    try:
        from tqdm import tqdm

        loops["tqdm"] = lambda: tqdm(range(ITEMS), file=open("/dev/null", "w"))
    except ImportError:
        print("tqdm is not installed")
    # The least of several rounds: other work of the machine only adds.
    best = {name: min(seconds(make()) for _ in range(ROUNDS)) for name, make in loops.items()}
    bare = best["bare loop"]
    for name, least in best.items():
        print(f"{name:16} {(least - bare) / ITEMS * 1e6:6.3f} µs an item over the bare loop")
    run.dispose()


if __name__ == "__main__":
    main()
