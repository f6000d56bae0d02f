"""A loop under tqdm over real work: packs each file with LZMA, and prints what tqdm knows as a line of JSON."""

import json
import lzma
import os
import sys
import time

from tqdm import tqdm

folder, most = sys.argv[1], int(sys.argv[2])
paths = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
paths = [path for path in paths if os.path.isfile(path) and not os.path.islink(path)]
paths = paths[:: max(1, len(paths) // most)]

bar = tqdm(paths, file=open(os.devnull, "w"))
last = 0.0
for path in bar:
    with open(path, "rb") as file:
        lzma.compress(file.read())
    if time.monotonic() - last > 0.1:
        last = time.monotonic()
        state = bar.format_dict
        print(json.dumps({"n": state["n"] + 1, "total": state["total"]}), flush=True)
print(json.dumps({"n": len(paths), "total": len(paths)}), flush=True)
