"""A Celery task with retries, each of which is an attempt of one ingestion, also if a worker was killed.

    pip install ./clients/python 'celery[redis]'
    INGESTION_PROGRESS_URL=... INGESTION_PROGRESS_TOKEN=... celery -A celery_task worker
"""

import os
import time

from celery import Celery

from ingestion_progress import Client

app = Celery("celery_task", broker=os.environ.get("BROKER_URL", "redis://127.0.0.1:6379/0"))
app.conf.update(
    # A task whose worker is killed goes back to the queue.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task(bind=True, max_retries=3, default_retry_delay=1)
def ingest(self, project, items, seconds_per_item=0.0):
    client = Client()
    # The task's id is the same in each retry and redelivery.
    ingestion = client.ingestion(project, ingestion_id=self.request.id, max_attempts=4)
    try:
        with ingestion as run:
            for item in run.track(items, phase=1, message="Reading"):
                read(item, self.request.retries)
                time.sleep(seconds_per_item)
    except OSError as error:
        raise self.retry(exc=error) from error


def read(item, retries):
    """Stands for the work: an item named flaky fails at first."""
    if item == "flaky" and retries == 0:
        raise OSError("The source does not answer.")
