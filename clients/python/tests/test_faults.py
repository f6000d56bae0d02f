"""A server that loses answers, answers late, refuses, restarts, or is not there: what is stored, and what the job sees."""

import socket
import threading
import time

import pytest
from conftest import LOSE, OK, Scripted, eventually, refuse, sign

from ingestion_progress import Client, ReporterError
from ingestion_progress import run as run_module

SECRET = "secret-token-of-a-test"


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """Delays between attempts are a twentieth."""
    monkeypatch.setattr(run_module.random, "uniform", lambda low, high: 0.05)


def client(server, **options):
    return Client(server.endpoint, options.pop("token", SECRET), **{"window": 0.02, **options})


def test_a_lost_answer_is_asked_for_again_and_counts_once(scripted):
    lost = {"startIngestion": 1, "reportPhaseStarted": 1, "completeIngestion": 1}
    server = scripted(lambda name, fields, count: LOSE if count == lost.get(name) else OK)
    with client(server).ingestion("p") as run:
        run.phase(1, "Reading")
    assert server.status == "COMPLETED"
    starts = server.of("reportPhaseStarted")
    # The repeat is not accepted, so the sequence is asked for, and it is said once more.
    assert [call["sequence"] for call in starts[:2]] == [1, 1]
    assert run.error is None
    assert len({call["attemptKey"] for _, call in server.calls}) == 1


def test_an_ending_whose_answer_was_lost_is_known_by_the_state(scripted, capsys):
    server = scripted(lambda name, fields, count: LOSE if name == "completeIngestion" and count == 1 else OK)
    with client(server).ingestion("p", strict=True):
        pass
    assert [call["sequence"] for call in server.of("completeIngestion")] == [1, 1]
    assert capsys.readouterr().err == ""


def test_a_sequence_that_another_process_used_is_found_anew(scripted):
    server = scripted()
    server.sequence = 40
    with client(server).ingestion("p", ingestion_id="a") as run:
        run.phase(1, "Reading")
    assert server.of("reportPhaseStarted")[0]["sequence"] == 41
    assert server.status == "COMPLETED"


def test_an_ending_that_is_not_accepted_is_said_and_raised_only_if_strict(scripted, capsys):
    refused = {"accepted": False, "progress": {"status": "RUNNING", "attempt": 1, "error": None}}
    server = scripted(lambda name, fields, count: refused if name == "completeIngestion" else OK)
    run = client(server).ingestion("p")
    run.phase(1, "Reading")
    assert run.complete() is False
    assert "were not delivered: The server did not take this ending" in capsys.readouterr().err
    with pytest.raises(ReporterError) as caught:
        with client(server).ingestion("p", strict=True):
            pass
    assert caught.value.code == "CONFLICT"


def test_retry_after_is_kept(scripted):
    times = []

    def script(name, fields, count):
        if name != "reportPhaseStarted":
            return OK
        times.append(time.monotonic())
        return refuse("RATE_LIMITED", status=429, retry_after=1) if count == 1 else OK

    server = scripted(script)
    with client(server, quiet=True).ingestion("p") as run:
        run.phase(1, "Reading")
        assert run.flush()
    assert times[1] - times[0] >= 1


def test_a_token_from_a_callable_is_fetched_again_once_it_is_rejected(scripted):
    given = []

    def token():
        given.append(f"token-{len(given)}")
        return given[-1]

    def script(name, fields, count):
        return refuse("TOKEN_EXPIRED", status=401) if name == "reportPhaseStarted" and count == 1 else OK

    server = scripted(script)
    with client(server, token=token).ingestion("p") as run:
        run.phase(1, "Reading")
    assert server.status == "COMPLETED"
    assert given == ["token-0", "token-1"]
    assert server.tokens[0] == "Bearer token-0" and server.tokens[-1] == "Bearer token-1"


def test_a_callable_that_fails_is_asked_again(scripted):
    answers = [None, "good"]

    def token():
        answer = answers.pop(0)
        if answer is None:
            raise OSError(f"no vault for {SECRET}")
        return answer

    server = scripted()
    with client(server, token=token, quiet=True).ingestion("p"):
        pass
    assert server.status == "COMPLETED"


@pytest.mark.parametrize("code", ["TOKEN_EXPIRED", "UNAUTHENTICATED", "FORBIDDEN", "CONFLICT"])
def test_a_final_refusal_is_said_once_and_the_job_goes_on(scripted, capsys, code):
    server = scripted(lambda name, fields, count: refuse(code, f"no {SECRET}"))
    with client(server).ingestion("p") as run:
        eventually(lambda: run.error is not None)
        for _ in run.track(range(100), phase=1):
            run.problem("a", "B")
    error = capsys.readouterr().err
    assert error.count(code) == 1 and error.count("\n") == 1
    assert SECRET not in error and SECRET not in str(run.error)
    assert len(server.calls) == 1


@pytest.mark.parametrize("token", ["a\nb", "", "b\u00e4r", lambda: None])
def test_a_token_that_no_header_can_carry_is_not_printed(scripted, capsys, token):
    server = scripted()
    with Client(server.endpoint, token).ingestion("p") as run:
        eventually(lambda: run.error is not None)
    assert run.error.code == "UNAUTHENTICATED"
    assert "b\u00e4r" not in capsys.readouterr().err


def test_tokens_are_checked_by_the_real_server(real, project, capsys):
    cases = {
        "TOKEN_EXPIRED": sign(real.secret, exp=1),
        "UNAUTHENTICATED": "wrong",
        "FORBIDDEN": sign(real.secret, projects=["another"]),
    }
    for code, token in cases.items():
        run = real.client(token=token).ingestion(project).start()
        eventually(lambda: run.error is not None)
        assert run.error.code == code
        assert token not in capsys.readouterr().err


def test_an_address_that_is_not_the_servers_is_said(scripted, real, capsys):
    run = Client(f"{real.url}/nowhere", real.token).ingestion("p").start()
    eventually(lambda: run.error is not None)
    assert run.error.code == "BAD_ENDPOINT"
    assert "/graphql" in capsys.readouterr().err


def test_without_a_server_no_call_blocks_and_the_end_says_what_was_not_delivered(capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}/graphql"
        waits, durations = [], []
        run = Client(endpoint, SECRET, flush_timeout=0.3, on_waiting=waits.append).ingestion("p").start()
        for number in range(2_000):
            began = time.perf_counter()
            run.update(1 + number % 3, done=number)
            durations.append(time.perf_counter() - began)
        eventually(lambda: waits)
        began = time.monotonic()
        assert run.complete() is False
        assert time.monotonic() - began < 2
    # A call that waited for the network would take seconds; in a few the machine may have run something else.
    assert sorted(durations)[len(durations) // 2] < 0.001
    assert sorted(durations)[-20] < 0.05
    error = capsys.readouterr().err
    assert "for its server: " in error
    assert "were not delivered" in error and "complete" in error


def test_a_server_that_comes_back_gets_everything_merged(capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    run = Client(f"http://127.0.0.1:{port}/graphql", SECRET, window=0.02).ingestion("p").start()
    eventually(lambda: "waits" in capsys.readouterr().err)
    for number in range(1, 5_001):
        run.update(1, done=number)
    run.pause("one")
    run.pause("two")
    run.update(1, done=5_001)
    server = Scripted(port=port)
    try:
        assert run.complete() is True
        assert server.names() == [
            "startIngestion",
            "reportProgress",
            "pauseIngestion",
            "reportProgress",
            "completeIngestion",
        ]
        assert [call["metrics"]["itemsProcessed"] for call in server.of("reportProgress")] == [5_000, 5_001]
        assert [call["reason"] for call in server.of("pauseIngestion")] == ["two"]
    finally:
        server.close()


def test_an_answer_that_never_comes_does_not_lose_the_last_word(scripted):
    release = threading.Event()

    def script(name, fields, count):
        if name == "reportPhaseStarted" and count == 1:
            release.wait(20)
        return OK

    server = scripted(script)
    run = client(server, flush_timeout=3).ingestion("p")
    run.phase(1, "Reading")
    eventually(lambda: server.of("reportPhaseStarted"))
    began = time.monotonic()
    assert run.complete() is True
    assert time.monotonic() - began < 3
    release.set()
    assert server.status == "COMPLETED"


def test_a_late_answer_is_waited_for(scripted):
    def script(name, fields, count):
        if name == "completeIngestion":
            time.sleep(0.3)
        return OK

    server = scripted(script)
    with client(server).ingestion("p", strict=True):
        pass
    assert server.status == "COMPLETED"


def test_updates_of_a_window_become_one_and_a_long_outage_fits_into_memory(scripted):
    gate = threading.Event()

    def script(name, fields, count):
        if name == "startIngestion":
            gate.wait(20)
        return OK

    server = scripted(script)
    run = client(server, window=5).ingestion("p").start()
    eventually(lambda: server.calls)
    for number in range(20_000):
        run.update(1, done=number)
        run.problem(f"{number}.pdf", "TORN")
    assert run._inbox.qsize() <= 1_100
    gate.set()
    run.complete()
    assert len(server.of("reportProgress")) == 1
    assert sum(len(call["problems"]) for call in server.of("reportProblems")) == 1_000


def test_a_report_that_the_server_finds_wrong_does_not_end_the_run(scripted, capsys):
    wrong = refuse("BAD_USER_INPUT", "message: too long")
    server = scripted(lambda name, fields, count: wrong if name == "reportPhaseStarted" else OK)
    with client(server).ingestion("p") as run:
        run.phase(1, "x")
        run.phase(2, "y")
    assert server.status == "COMPLETED"
    assert capsys.readouterr().err.count("too long") == 1


def test_a_fault_of_a_callback_is_said_and_the_run_goes_on(scripted, capsys):
    def on_rejected(error):
        raise RuntimeError("in the callback")

    wrong = refuse("BAD_USER_INPUT")
    server = scripted(lambda name, fields, count: wrong if name == "reportPhaseStarted" else OK)
    with client(server, on_rejected=on_rejected).ingestion("p") as run:
        run.phase(1, "x")
    assert server.status == "COMPLETED"
    assert "in the callback" in capsys.readouterr().err


def test_a_silent_job_sends_signs_of_life(scripted):
    server = scripted()
    with client(server).ingestion("p", stale_after=4) as run:
        run.phase(1, "Thinking")
        eventually(lambda: server.of("reportHeartbeat"))
    assert "sequence" not in server.of("reportHeartbeat")[0]


def test_giving_up_is_said_with_its_reason(scripted, capsys):
    server = scripted(lambda name, fields, count: refuse("UNAVAILABLE", "store away"))
    run = client(server, give_up_after=0.5).ingestion("p").start()
    eventually(lambda: run.error is not None)
    assert run.error.code == "NO_ANSWER"
    assert "store away" in capsys.readouterr().err


def test_dispose_sends_nothing_more_and_a_second_call_does_no_harm(scripted):
    server = scripted()
    run = client(server).ingestion("p").start()
    eventually(lambda: run.is_started)
    run.dispose()
    run.dispose()
    run.phase(1, "late")
    assert run.complete() is False
    run._thread.join(5)
    assert not run._thread.is_alive()
    assert server.names() == ["startIngestion"]
