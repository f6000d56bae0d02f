"""Reports the progress of a long ingestion to an ingestion-progress server.

>>> from ingestion_progress import Client
>>> client = Client("https://progress.example.com/graphql", "a token")
>>> with client.ingestion("books") as run:  # doctest: +SKIP
...     for path in run.track(paths, phase=2):
...         extract(path)
"""

from .client import Client
from .errors import CancelledByUser, ReporterError
from .run import Ingestion, Phase, Track

__all__ = ["CancelledByUser", "Client", "Ingestion", "Phase", "ReporterError", "Track"]
__version__ = "0.1.0"
