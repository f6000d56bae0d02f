#!/usr/bin/env python3
"""Counts the words of a folder of texts, and reports its progress by the package ingestion-progress.

    pip install ./clients/python
    INGESTION_PROGRESS_URL=http://127.0.0.1:4000/graphql INGESTION_PROGRESS_TOKEN=... ./plain.py PROJECT FOLDER
"""

import re
import sys
from pathlib import Path

from ingestion_progress import CancelledByUser, Client


def main(project, folder):
    if not Path(folder).is_dir():
        raise NotADirectoryError(f"There is no folder {folder}.")
    with Client().ingestion(project, title=folder, phases=["Find", "Read"], cancellable=True) as run:
        with run.phase(1, "Looking for texts") as phase:
            paths = sorted(path for path in Path(folder).rglob("*") if path.suffix in {".txt", ".md"})
            phase.update(done=len(paths), total=len(paths))
        words = set()
        with run.phase(2, "Reading texts", total=len(paths)) as phase:
            for path in paths:
                try:
                    words.update(re.findall(r"\w{3,}", path.read_text(encoding="utf-8").lower()))
                    phase.advance(bytes=path.stat().st_size)
                except (OSError, UnicodeDecodeError) as error:
                    phase.problem(path.name, error)
                    phase.advance(failed=1)
                phase.update(counters={"words": len(words)})
        run.complete(summary=f"{len(words)} words in {len(paths)} texts")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except CancelledByUser as cancelled:
        sys.exit(str(cancelled))
