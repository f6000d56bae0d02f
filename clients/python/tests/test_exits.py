"""How a job's process may end: what the server hears, what is said, and that the exit code stays."""

import os
import signal
import sys

import pytest
from conftest import LOSE, OK, eventually

OPEN = "run = Client().ingestion(os.environ['P'], ingestion_id='a'); run.phase(1, 'Reading')\n"
STARTED = "while not run.is_started: time.sleep(0.01)\n"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def test_a_finished_process_is_not_kept_alive_and_sends_what_is_queued(real, project, job):
    code, out, err = job(OPEN + "run.update(1, done=7)", real.env(P=project)).end()
    assert (code, out, err) == (0, "", "")
    state = real.state(project)
    assert state["status"] == "RUNNING"
    assert state["phases"][0]["metrics"]["itemsProcessed"] == 7


def test_an_exception_that_nobody_caught_fails_the_ingestion_without_its_text(real, project, job):
    code, _, err = job(OPEN + "raise ValueError('private')", real.env(P=project)).end()
    assert code == 1 and "ValueError: private" in err
    error = real.state(project)["error"]
    assert error["errorCode"] == "VALUE_ERROR" and "private" not in error["message"]
    assert error["recoverable"] is True


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_fails_the_ingestion_and_ends_the_process_as_without_it(real, project, job, name):
    started = job(OPEN + "print('ready')\ntime.sleep(60)", real.env(P=project))
    started.wait_for("ready")
    started.process.send_signal(getattr(signal, name))
    assert started.end()[0] == -getattr(signal, name)
    error = real.state(project)["error"]
    assert (error["errorCode"], error["recoverable"]) == ("PROCESS_TERMINATED", True)
    assert name in error["message"]


def test_a_signal_between_two_reports_of_a_busy_job_is_no_deadlock(real, project, job):
    source = OPEN + "print('ready')\nwhile True: run.update(1, done=1); run.heartbeat()"
    started = job(source, real.env(P=project))
    started.wait_for("ready")
    started.process.send_signal(signal.SIGTERM)
    assert started.end()[0] == -signal.SIGTERM
    assert real.state(project)["error"]["errorCode"] == "PROCESS_TERMINATED"


def test_a_handler_of_the_job_is_called_and_decides(real, project, job):
    source = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "with Client().ingestion(os.environ['P']) as run:\n"
        "    run.phase(1, 'Reading')\n"
        "    print('ready')\n"
        "    time.sleep(60)\n"
    )
    started = job(source, real.env(P=project))
    started.wait_for("ready")
    started.process.send_signal(signal.SIGTERM)
    assert started.end()[0] == 5
    assert real.state(project)["error"]["errorCode"] == "PROCESS_FAILED"


def test_handlers_are_put_back_after_the_run_and_ignored_signals_stay_ignored(real, project, job):
    source = (
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with Client().ingestion(os.environ['P']) as run:\n"
        "    print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)\n"
        "print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)\n"
        "threading.Thread(target=lambda: Client().ingestion(os.environ['P']).__enter__().complete()).start()\n"
    )
    code, out, err = job(source, real.env(P=project)).end()
    assert (code, out, err) == (0, "True\nTrue\n", "")


def test_ctrl_c_cancels_and_python_ends_as_always(real, project, job):
    source = "with Client().ingestion(os.environ['P']) as run:\n  run.phase(1, 'R'); print('ready')\n  time.sleep(60)"
    started = job(source, real.env(P=project))
    started.wait_for("ready")
    started.process.send_signal(signal.SIGINT)
    code, _, err = started.end()
    assert code == -signal.SIGINT and "KeyboardInterrupt" in err
    assert real.state(project)["status"] == "CANCELLED"


def test_a_killed_job_is_continued_by_the_next_process(real, project, job):
    started = job(OPEN + STARTED + "print('ready')\ntime.sleep(60)", real.env(P=project))
    started.wait_for("ready")
    started.process.kill()
    assert started.end()[0] == -signal.SIGKILL
    source = "with Client().ingestion(os.environ['P'], ingestion_id='a') as run: run.phase(1, 'again')"
    assert job(source, real.env(P=project)).end()[0] == 0
    assert (real.state(project)["status"], real.state(project)["attempt"]) == ("COMPLETED", 2)


@pytest.mark.parametrize("ending", ["pass", "raise SystemExit(4)", "os._exit(4)"])
def test_without_a_server_the_end_is_bounded_said_and_the_exit_code_untouched(job, ending):
    source = (
        "c = Client('http://127.0.0.1:9/graphql', 'secret-token', flush_timeout=0.3)\n"
        f"with c.ingestion('p') as run:\n  run.phase(1, 'R')\n  {ending}\n"
    )
    code, _, err = job(source, {}).end()
    assert code == (0 if ending == "pass" else 4)
    assert ("not delivered" in err) == ("_exit" not in ending)
    assert "secret-token" not in err


def test_a_server_that_never_answers_is_said_at_the_exit(scripted, job):
    import threading

    release = threading.Event()
    server = scripted(lambda name, fields, count: release.wait(20) and OK)
    env = {"INGESTION_PROGRESS_URL": server.endpoint, "INGESTION_PROGRESS_TOKEN": "t", "P": "p"}
    source = OPEN.replace("Client()", "Client(flush_timeout=0.3)")
    code, _, err = job(source + "run.update(1, done=1)", env).end()
    release.set()
    assert code == 0
    assert err.count("not delivered") == 1 and "start" in err


@needs_fork
def test_a_forked_child_sends_nothing_of_its_parent_and_may_report_for_itself(real, project, job):
    source = OPEN + STARTED + (
        "run.update(1, done=1)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    run.update(1, done=999); run.problem('x', 'Y'); run.phase(2, 'no'); run.flush(); run.fail('CHILD')\n"
        "    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n"
        "    with Client().ingestion(os.environ['P'] + '-child') as own: own.update(1, done=5)\n"
        "    sys.exit(3)\n"
        "print(os.waitpid(pid, 0)[1] >> 8)\n"
        "run.update(1, done=2)\n"
        "run.complete()\n"
    )
    code, out, err = job(source, real.env(P=project)).end()
    assert (code, out) == (0, "3\n"), err
    state = real.state(project)
    assert (state["status"], state["attempt"]) == ("COMPLETED", 1)
    assert state["phases"][0]["metrics"]["itemsProcessed"] == 2
    assert real.state(f"{project}-child")["status"] == "COMPLETED"


@needs_fork
def test_forks_of_a_busy_run_do_not_deadlock(real, project, job):
    source = (
        "import multiprocessing as mp\n"
        "def work(n): return n * n\n"
        "if __name__ == '__main__':\n"
        "    with Client(window=0.001).ingestion(os.environ['P'], cancellable=True) as run:\n"
        "        stop = threading.Event()\n"
        "        def spin():\n"
        "            while not stop.is_set(): run.update(1, done=1); run.heartbeat(); time.sleep(0.0005)\n"
        "        threading.Thread(target=spin, daemon=True).start()\n"
        "        for _ in range(10):\n"
        "            with mp.get_context('fork').Pool(2) as pool:\n"
        "                assert sum(run.track(pool.imap(work, range(10)), phase=2, total=10)) == 285\n"
        "        stop.set()\n"
        "    print('done')\n"
    )
    code, out, err = job("import warnings; warnings.simplefilter('ignore')\n" + source, real.env(P=project)).end()
    assert (code, out) == (0, "done\n"), err
    assert real.state(project)["status"] == "COMPLETED"


@needs_fork
def test_a_child_that_leaves_the_block_of_its_parent_ends_nothing(real, project, job):
    source = (
        "with Client().ingestion(os.environ['P']) as run:\n"
        "    run.phase(1, 'Reading')\n"
        "    pid = os.fork()\n"
        "    if pid == 0: raise SystemExit(1)\n"
        "    os.waitpid(pid, 0)\n"
    )
    assert job(source, real.env(P=project)).end()[0] == 0
    assert real.state(project)["status"] == "COMPLETED"


def test_a_generator_that_python_throws_away_at_its_end_does_no_harm(real, project, job):
    source = OPEN + "loop = iter(run.track(range(10), phase=1)); next(loop); next(loop); keep = [loop, run]; keep.append(keep)"
    code, out, err = job(source, real.env(P=project)).end()
    assert (code, err) == (0, "")


def test_a_run_that_is_opened_while_python_shuts_down_ends_in_order(real, project, job):
    source = "import atexit\nc = Client()\natexit.register(lambda: c.ingestion(os.environ['P']).__enter__().complete())"
    code, _, err = job(source, real.env(P=project)).end()
    assert code == 0
    # From Python 3.12 on no thread can be started then, which is said.
    assert real.state(project)["status"] == "COMPLETED" or "ingestion-progress:" in err
    assert "Traceback" not in err


def test_standard_error_that_is_closed_does_no_harm(job):
    source = "sys.stderr.close()\nwith Client('http://127.0.0.1:9/graphql', 't', flush_timeout=0.1).ingestion('p'): pass\n"
    assert job(source, {}).end()[0] == 0


def test_a_process_that_was_frozen_goes_on(real, project, job):
    source = OPEN + STARTED + "print('ready')\nsys.stdin.readline()\nrun.update(1, done=3)\nrun.complete()"
    import subprocess
    from conftest import SRC

    preamble = "import os, sys, time\nfrom ingestion_progress import *\n"
    env = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONUNBUFFERED": "1", **real.env(P=project)}
    process = subprocess.Popen(
        [sys.executable, "-c", preamble + source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)[0] == process.pid)
    process.send_signal(signal.SIGCONT)
    process.communicate("\n", timeout=20)
    assert process.returncode == 0
    assert real.state(project)["status"] == "COMPLETED"
