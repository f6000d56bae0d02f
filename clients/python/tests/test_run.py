"""A job in this process and the real server."""

import asyncio
import gc
import threading
import time

import pytest
from conftest import eventually

from ingestion_progress import CancelledByUser, Client, ReporterError


def test_a_block_that_ends_completes_the_ingestion_with_its_phases_title_and_labels(real, project):
    phases = [{"name": "Find", "weight": 1}, {"name": "Extract", "weight": 3}]
    with real.client().ingestion(project, title="Books", labels={"host": "a"}, phases=phases) as run:
        with run.phase(1, "Looking") as phase:
            phase.update(done=2, total=2)
        with run.phase(2, "Extracting", total=3, bytes_total=30) as phase:
            for _ in range(3):
                phase.advance(bytes=10)
    state = real.state(project)
    assert (state["status"], state["title"], state["id"]) == ("COMPLETED", "Books", run.ingestion_id)
    assert state["labels"] == [{"name": "host", "value": "a"}]
    metrics = [phase["metrics"] for phase in state["phases"]]
    assert [m["itemsProcessed"] for m in metrics] == [2, 3]
    assert (metrics[1]["itemsTotal"], metrics[1]["bytesProcessed"]) == (3, 30)
    assert [phase["status"] for phase in state["phases"]] == ["COMPLETED", "COMPLETED"]
    assert run.attempt == 1 and not run.is_open


def test_an_exception_fails_the_ingestion_with_its_type_text_and_phase_and_is_raised(real, project):
    with pytest.raises(ValueError, match="page 7"):
        with real.client().ingestion(project) as run:
            with run.phase(2, "Extracting"):
                raise ValueError("page 7 is torn")
    error = real.state(project)["error"]
    assert (error["errorCode"], error["message"], error["phase"]) == ("VALUE_ERROR", "page 7 is torn", 2)
    assert error["recoverable"] is False


@pytest.mark.parametrize("error", [KeyboardInterrupt, CancelledByUser, asyncio.CancelledError])
def test_an_interruption_cancels_the_ingestion(real, project, error):
    with pytest.raises(error):
        with real.client().ingestion(project) as run:
            run.phase(1, "Reading")
            raise error()
    assert real.state(project)["status"] == "CANCELLED"


@pytest.mark.parametrize("code, status", [(0, "COMPLETED"), (None, "COMPLETED"), (3, "FAILED"), ("no", "FAILED")])
def test_sys_exit_completes_or_fails_by_its_code(real, project, code, status):
    with pytest.raises(SystemExit):
        with real.client().ingestion(project):
            raise SystemExit(code)
    assert real.state(project)["status"] == status


def test_a_failed_ingestion_with_an_id_is_continued_by_the_next_run(real, project):
    for attempt in (1, 2):
        try:
            with real.client().ingestion(project, ingestion_id="night") as run:
                eventually(lambda: run.is_started)
                assert run.attempt == attempt
                if attempt == 1:
                    raise OSError("disk full")
        except OSError:
            assert real.state(project)["error"]["recoverable"] is True
    assert (real.state(project)["status"], real.state(project)["attempt"]) == ("COMPLETED", 2)


def test_counts_of_the_same_moment_come_before_a_recoverable_failure_which_stays(real, project):
    run = real.client().ingestion(project, ingestion_id="a")
    run.phase(1, "Reading")
    assert run.flush()
    run.update(1, done=7)
    assert run.fail("DISK_FULL", "no space", phase=1)
    state = real.state(project)
    assert (state["status"], state["phases"][0]["metrics"]["itemsProcessed"]) == ("FAILED", 7)


def test_counts_that_come_after_the_last_word_do_not_revive_the_ingestion(scripted):
    server = scripted()
    run = Client(server.endpoint, "t", window=0.001).ingestion("p", ingestion_id="a")
    phase = run.phase(1, "Reading")
    is_over = threading.Event()

    def spin():
        while not is_over.is_set():
            phase.advance()

    thread = threading.Thread(target=spin)
    thread.start()
    eventually(lambda: len(server.of("reportProgress")) > 2)
    assert run.fail("DISK_FULL", "no space")
    is_over.set()
    thread.join()
    assert server.names()[-1] == "failIngestion"


def test_an_attempt_that_was_taken_over_ends_quietly_and_is_said(real, project, capsys):
    first = real.client(window=0.05).ingestion(project, ingestion_id="a")
    first.phase(1, "Reading")
    eventually(lambda: first.is_started)
    with real.client().ingestion(project, ingestion_id="a") as second:
        eventually(lambda: second.is_started)
        first.update(1, done=5)
        eventually(lambda: first.error is not None)
        first.update(1, done=6)
    assert first.error.code == "CONFLICT"
    assert first.complete() is False
    assert capsys.readouterr().err.count("CONFLICT") == 1


def test_track_counts_a_loop_and_completes_its_phase(real, project):
    with real.client().ingestion(project) as run:
        assert sum(run.track(range(1000), phase=2, message="Adding")) == 499_500
        run.flush()
        phase = real.state(project)["phases"][1]
        assert (phase["status"], phase["message"]) == ("COMPLETED", "Adding")
        assert (phase["metrics"]["itemsProcessed"], phase["metrics"]["itemsTotal"]) == (1000, 1000)


def test_track_without_a_length_counts_and_two_loops_of_a_phase_add_up(real, project):
    with real.client().ingestion(project) as run:
        with run.phase(1, "Reading") as phase:
            list(phase.track(iter("abc")))
            list(phase.track(["d", "e"]))
            run.flush()
            assert real.state(project)["phases"][0]["metrics"]["itemsProcessed"] == 5


def test_a_loop_that_is_left_half_way_keeps_its_count_and_its_phase_open(real, project):
    with real.client().ingestion(project) as run:
        for number in run.track(range(10), phase=1):
            if number == 4:
                break
        tracked = iter(run.track(range(10), phase=2))
        next(tracked), next(tracked)
        del tracked
        gc.collect()
        run.flush()
        phases = real.state(project)["phases"]
        assert [phase["metrics"]["itemsProcessed"] for phase in phases[:2]] == [4, 1]
        assert phases[1]["status"] == "RUNNING"


def test_an_exception_of_the_source_is_the_jobs(real, project):
    def source():
        yield 1
        raise LookupError("no second page")

    with pytest.raises(LookupError):
        with real.client().ingestion(project) as run:
            list(run.track(source(), phase=1))
    assert real.state(project)["error"]["errorCode"] == "LOOKUP_ERROR"


def test_asyncio_has_the_same_blocks_and_loops(real, project):
    async def pages():
        for page in range(5):
            await asyncio.sleep(0)
            yield page

    async def job():
        async with real.client().ingestion(project) as run:
            async with run.phase(1, "Reading") as phase:
                seen = [page async for page in phase.track(pages(), total=5)]
            seen += [page async for page in run.track([5, 6], phase=2)]
            return seen

    assert asyncio.run(job()) == list(range(7))
    state = real.state(project)
    assert state["status"] == "COMPLETED"
    assert [phase["metrics"]["itemsProcessed"] for phase in state["phases"][:2]] == [5, 2]


def test_the_ending_does_not_block_the_event_loop(scripted):
    release = threading.Event()

    def late(name, fields, count):
        if name == "completeIngestion":
            release.wait(10)
        from conftest import OK

        return OK

    server = scripted(late)

    async def job():
        async def tick():
            while not server.of("completeIngestion"):
                await asyncio.sleep(0.01)
            release.set()

        ticking = asyncio.ensure_future(tick())
        async with Client(server.endpoint, "t").ingestion("p"):
            pass
        await ticking

    asyncio.run(job())
    assert server.status == "COMPLETED"


def test_a_cancelled_task_cancels_the_ingestion(real, project):
    async def job(entered):
        async with real.client().ingestion(project) as run:
            run.phase(1, "Reading")
            entered.set()
            await asyncio.sleep(60)

    async def main():
        entered = asyncio.Event()
        task = asyncio.ensure_future(job(entered))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert real.state(project)["status"] == "CANCELLED"


def test_problems_are_kept_with_their_phase_and_those_that_break_a_rule_alone_are_refused(real, project, capsys):
    with real.client().ingestion(project) as run:
        with run.phase(1, "Reading") as phase:
            for number in range(250):
                phase.problem(f"{number}.pdf", ValueError("torn"))
            phase.problem("0.pdf", "ValueError", "again")
            run.problem("", "NO_ITEM")
            run.problem("b.pdf", "SMALL", severity="WARNING", url="https://example.com/b")
    problems = real.state(project)["problems"]
    assert (problems["errors"], problems["warnings"]) == (250, 1)
    assert "rejected" in capsys.readouterr().err


def test_a_pause_says_its_reason_and_the_next_count_ends_it(real, project):
    with real.client(window=0.05).ingestion(project) as run:
        with run.phase(1, "Reading") as phase:
            phase.advance()
            run.pause("rate limit", until=time.time() + 60)
            assert run.flush()
            assert real.state(project)["pause"]["reason"] == "rate limit"
            phase.advance()
            assert run.flush()
            assert real.state(project)["pause"] is None
            run.pause("again")
            run.resume()
            run.heartbeat()
            assert run.flush() and run.stored_revision > 0
            assert real.state(project)["pause"] is None


def test_waiting_and_the_result_are_shown(real, project):
    with real.client().ingestion(project) as run:
        run.waiting("a worker", 3)
        assert run.flush()
        assert real.state(project)["waiting"]["waitingFor"] == "a worker"
        run.phase(1, "Reading")
        run.complete(summary="Done", items_processed=3, output={"index": 7}, links={"Index": "https://example.com"})
    result = real.state(project)["result"]
    assert (result["summary"], result["itemsProcessed"], result["output"]) == ("Done", 3, {"index": 7})
    assert result["links"] == [{"label": "Index", "url": "https://example.com"}]


def test_parts_are_summed_by_the_server(real, project):
    with real.client().ingestion(project) as run:
        phase = run.phase(1, "Reading", total=10, part="a")
        phase.advance(4)
        run.update(1, done=5, total=20, part="b", counters={"pages": 9.0})
        assert run.flush()
        metrics = real.state(project)["phases"][0]["metrics"]
        assert (metrics["itemsProcessed"], metrics["itemsTotal"]) == (9, 30)


def test_threads_lose_no_count(real, project):
    with real.client().ingestion(project) as run:
        phase = run.phase(1, "Reading", total=40_000)
        threads = [
            threading.Thread(target=lambda: [phase.advance() for _ in range(10_000)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run.flush()
        assert real.state(project)["phases"][0]["metrics"]["itemsProcessed"] == 40_000


def test_a_cancel_on_the_page_is_raised_by_the_next_report(real, project):
    with pytest.raises(CancelledByUser, match="tester asked to cancel"):
        with real.client().ingestion(project, cancellable=True) as run:
            eventually(lambda: run.is_started)
            eventually(lambda: real.cancel(project, run.ingestion_id) == "ACCEPTED")
            for _ in run.track(range(10), phase=1):
                pass
    assert real.state(project)["status"] == "CANCELLED"


def test_a_job_may_look_for_the_cancel_itself(real, project):
    with real.client().ingestion(project, cancellable=True, raise_cancelled=False) as run:
        eventually(lambda: run.is_started)
        eventually(lambda: real.cancel(project, run.ingestion_id) == "ACCEPTED")
        assert run.cancel_requested
        run.phase(1, "Tidying up")
        run.cancelled()
    assert real.state(project)["status"] == "CANCELLED"


def test_wrong_values_never_end_the_job_and_the_first_is_said(real, project, capsys):
    with real.client().ingestion(project) as run:
        run.phase(0, "nought").advance()
        list(run.track([1], phase=99))
        with run.phase(1, "Reading") as phase:
            phase.update(percent=float("nan"), done=float("inf"), total="many")
            phase.update(percent=250, done=-3)
            phase.update(items_per_second=float("nan"))
            phase.update(bytes=12)
            assert run.flush()
            assert real.state(project)["phases"][0]["metrics"]["bytesProcessed"] == 12
            run.update(1, counters={"x": float("inf")})
            run.update(1, counters={"x": None})
        run.problem(object(), object())
        run.complete(output={1, 2})
    assert real.state(project)["status"] == "COMPLETED"
    assert capsys.readouterr().err.count("rejected") == 1


def test_strict_raises_what_the_server_refused(real, project):
    with real.client().ingestion(project) as first:
        # Else the second one's start may come first.
        first.flush()
        with pytest.raises(ReporterError) as caught:
            with real.client().ingestion(project, strict=True):
                raise AssertionError("not reached")
    assert caught.value.code == "CONFLICT"


@pytest.mark.parametrize(
    "options, word",
    [
        ({"endpoint": "nowhere"}, "endpoint"),
        ({"endpoint": "ftp://a/b"}, "endpoint"),
        ({"endpoint": "http://a:x/"}, "endpoint"),
        ({"token": None}, "token"),
        ({"window": -1}, "window"),
        ({"flush_timeout": float("nan")}, "flush_timeout"),
    ],
)
def test_wrong_options_are_refused_at_once(monkeypatch, options, word):
    monkeypatch.delenv("INGESTION_PROGRESS_TOKEN", raising=False)
    with pytest.raises(ReporterError, match=word):
        Client(**{"endpoint": "http://127.0.0.1/graphql", "token": "t", **options})


@pytest.mark.parametrize("wrong", ["", ".", "..", "a\nb", "x" * 201, "\ud800", 7])
def test_an_id_that_is_none_is_refused_at_once(wrong):
    with pytest.raises(ReporterError, match="project"):
        Client("http://127.0.0.1/graphql", "t").ingestion(wrong)
