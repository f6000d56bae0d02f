"""The command ``run`` with a real server: the command stays as it is, and is seen."""

import os
import signal
import socket
import subprocess
import sys
import threading

import pytest
from conftest import DEADLINE, SRC, eventually, sign

from ingestion_progress.command_line.command import CommandOptions, run_command

FOREVER = "import time; print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def start(real):
    """Starts ``run`` in a process of its own."""
    children = []

    def start(*arguments, env=None, stdin=subprocess.DEVNULL):
        child = subprocess.Popen(
            [sys.executable, "-m", "ingestion_progress", "run", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in {**environment(), **real.env(), **(env or {})}.items() if value},
        )
        children.append(child)
        return child

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
            child.communicate()


def environment():
    return {**os.environ, "PYTHONPATH": str(SRC)}


def end(child, data=None):
    out, err = child.communicate(data, timeout=DEADLINE)
    return child.returncode, out, err.decode()


def python(source):
    return ["--", sys.executable, "-c", source]


def test_output_and_input_are_passed_on_byte_for_byte_and_the_ingestion_completes(start, real, project):
    data = os.urandom(3_000_000)
    source = (
        "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)\n"
        "print('|'.join(sys.argv[1:]), file=sys.stderr)"
    )
    child = start("--project", project, *python(source), "--", "--project", "a b", "", stdin=subprocess.PIPE)
    code, out, err = end(child, data)
    assert (code, err) == (0, "--|--project|a b|\n")
    assert out == data
    assert real.state(project)["status"] == "COMPLETED"


def test_it_is_shown_while_it_runs_with_id_title_labels_and_phases(start, real, project):
    source = (
        "import sys\n"
        """print('{"phase": 2, "message": "Extracting", "total": 12}')\n"""
        """print('{"done": 5}')\n"""
        """print('{"problem": {"item": "a.pdf", "code": "UNREADABLE"}}', flush=True)\n"""
        "sys.stdin.read()"
    )
    names = ["--id", "night", "--title=Nightly", "--label", "host=a=b", "--phase", "Read", "--phase", "Write"]
    child = start("--project", project, *names, "--format", "json-lines", *python(source), stdin=subprocess.PIPE)

    def is_shown():
        state = real.state(project)
        return state.get("problems", {}).get("errors") == 1 and (state["phases"][1]["metrics"] or {}).get("itemsProcessed") == 5

    eventually(is_shown)
    state = real.state(project)
    assert (state["id"], state["title"], state["labels"]) == ("night", "Nightly", [{"name": "host", "value": "a=b"}])
    assert [phase["name"] for phase in state["phases"]] == ["Read", "Write"]
    assert (state["phases"][1]["message"], state["phases"][1]["metrics"]["itemsTotal"]) == ("Extracting", 12)
    assert end(child, b"") [0] == 0
    assert real.state(project)["status"] == "COMPLETED"


def test_a_failure_keeps_its_exit_code_and_the_end_of_standard_error_is_the_message(start, real, project):
    source = "import sys\nfor i in range(1, 501): print(f'\\x1b[31mline {i}', file=sys.stderr)\nsys.exit(3)"
    code, _, err = end(start("--project", project, *python(source)))
    assert (code, err.count("\n")) == (3, 500)
    error = real.state(project)["error"]
    name = os.path.basename(sys.executable)
    assert (error["errorCode"], error["recoverable"]) == ("COMMAND_FAILED", False)
    expected = [f"{name} ended with exit code 3."] + [f"line {n}" for n in range(491, 501)]
    assert error["message"].split("\n") == expected


@pytest.mark.parametrize(
    "program, code, error_code",
    [
        ("no-such-command", 127, "COMMAND_NOT_FOUND"),
        ("/etc/passwd/a", 126, "COMMAND_NOT_EXECUTABLE"),
        ("/etc/passwd", 126, "COMMAND_NOT_EXECUTABLE"),
    ],
)
def test_a_command_that_cannot_be_started_is_said_and_fails_the_ingestion(start, real, project, program, code, error_code):
    got, _, err = end(start("--project", project, "--", program))
    assert got == code
    assert err.startswith(f"ingestion-progress: {program}: ") and err.count("\n") == 1
    error = real.state(project)["error"]
    assert error["errorCode"] == error_code and program in error["message"]


def test_a_script_without_a_shell_line_runs_as_in_a_shell(start, real, project, tmp_path):
    script = tmp_path / "script"
    script.write_text("echo $1\n")
    script.chmod(0o700)
    assert end(start("--project", project, "--", str(script), "a"))[:2] == (0, b"a\n")


def test_with_an_id_a_failed_command_may_be_continued(start, real, project):
    assert end(start("--project", project, "--id", "a", "--", "false"))[0] == 1
    assert real.state(project)["error"]["recoverable"] is True
    assert end(start("--project", project, "--id", "a", "--", "true"))[0] == 0
    assert (real.state(project)["status"], real.state(project)["attempt"]) == ("COMPLETED", 2)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_reach_the_command_which_ends_by_them(start, real, project, name):
    number = getattr(signal, name)
    source = f"import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); {FOREVER}"
    child = start("--project", project, *python(source))
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(number)
    assert end(child)[0] == 128 + number
    error = real.state(project)["error"]
    assert error["errorCode"] == "COMMAND_TERMINATED" and f"was ended by {name}." in error["message"]


def test_a_command_that_handles_a_signal_decides_on_its_exit_code(start, real, project):
    source = f"import signal, os; signal.signal(signal.SIGTERM, lambda *_: os._exit(0)); {FOREVER}"
    child = start("--project", project, *python(source))
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(signal.SIGTERM)
    assert end(child)[0] == 0
    assert real.state(project)["status"] == "COMPLETED"


def test_a_reader_that_goes_away_ends_the_command_as_without_run(start, real, project):
    child = start("--project", project, "--", "yes")
    assert child.stdout.readline() == b"y\n"
    child.stdout.close()
    child.stdout = None
    assert end(child)[0] == 128 + signal.SIGPIPE
    assert real.state(project)["error"]["errorCode"] == "COMMAND_TERMINATED"


def test_a_process_that_is_left_behind_is_not_waited_for(start, real, project):
    child = start("--project", project, "--", "sh", "-c", "sleep 50 & echo $!; printf last")
    code, out, _ = end(child)
    left, last = out.split(b"\n")
    os.kill(int(left), signal.SIGKILL)
    assert (code, last) == (0, b"last")


def test_a_cancel_on_the_page_is_sigterm(start, real, project):
    child = start("--project", project, "--id", "c", *python(FOREVER))
    assert child.stdout.readline() == b"ready\n"
    eventually(lambda: real.cancel(project, "c") == "ACCEPTED")
    assert end(child)[0] == 128 + signal.SIGTERM
    assert real.state(project)["status"] == "CANCELLED"


def test_a_command_that_ignores_the_cancel_is_killed(real, project):
    read_end, write_end = os.pipe()
    source = f"import signal; signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True)); {FOREVER}"
    with real.client().ingestion(project, cancellable=True, raise_cancelled=False) as run:

        def cancel():
            with os.fdopen(read_end) as lines:
                assert lines.readline() == "ready\n"
                eventually(lambda: real.cancel(project, run.ingestion_id) == "ACCEPTED")
                assert lines.readline() == "no\n"

        watcher = threading.Thread(target=cancel)
        watcher.start()
        command = [sys.executable, "-c", source + "; time.sleep(60)"]
        result = run_command(
            CommandOptions(command, run, None, lambda: None, kill_after=0.3, stdout=write_end, stderr=write_end)
        )
        os.close(write_end)
        watcher.join()
        assert result.report(run, 10)
    assert result.exit_code == 128 + signal.SIGKILL
    assert real.state(project)["status"] == "CANCELLED"


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.mark.parametrize(
    "case, env, reason",
    [
        ("no server", lambda real: {"INGESTION_PROGRESS_URL": f"http://127.0.0.1:{free_port()}/graphql"}, "refused"),
        ("wrong token", lambda real: {"INGESTION_PROGRESS_TOKEN": "wrong"}, "UNAUTHENTICATED"),
        ("expired", lambda real: {"INGESTION_PROGRESS_TOKEN": sign(real.secret, exp=1)}, "TOKEN_EXPIRED"),
        ("project", lambda real: {"INGESTION_PROGRESS_TOKEN": sign(real.secret, projects=["x"])}, "FORBIDDEN"),
        ("no token", lambda real: {"INGESTION_PROGRESS_TOKEN": None}, "INGESTION_PROGRESS_TOKEN"),
        ("no address", lambda real: {"INGESTION_PROGRESS_URL": None}, "--url"),
        ("bad address", lambda real: {"INGESTION_PROGRESS_URL": "nowhere"}, "endpoint"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_command_runs_on_and_one_line_says_why_nothing_is_shown(start, real, project, case, env, reason):
    child = start("--project", project, *python("print('out'); raise SystemExit(5)"), env=env(real))
    code, out, err = end(child)
    assert (code, out) == (5, b"out\n")
    assert err.startswith("ingestion-progress: progress is not reported: ") and err.count("\n") == 1
    assert reason in err
    assert real.token not in err


def test_another_ingestion_that_runs_is_left_alone(start, real, project):
    other = real.client().ingestion(project, ingestion_id="other").start()
    eventually(lambda: other.is_started)
    code, _, err = end(start("--project", project, "--", "true"))
    assert code == 0 and "(CONFLICT)\n" in err and err.count("\n") == 1
    assert real.state(project)["id"] == "other"
    other.complete()


def test_the_token_is_read_from_a_file(start, real, project, tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{real.token}\n")
    child = start("--project", project, "--token-file", str(path), "--", "true", env={"INGESTION_PROGRESS_TOKEN": None})
    assert end(child) == (0, b"", "")
    assert real.state(project)["status"] == "COMPLETED"


def test_a_format_that_never_matches_is_said_once_at_the_end_of_a_short_command(start, real, project):
    code, _, err = end(start("--project", project, "--format", "restic", "--", "printf", "a\\nb\\n"))
    assert (code, err) == (
        0,
        "ingestion-progress: no line of printf matches --format restic; only its start and end are reported.\n",
    )
    assert real.state(project)["status"] == "COMPLETED"


def test_a_format_that_never_matches_is_said_while_a_long_command_runs():
    said = threading.Event()
    read_end, write_end = os.pipe()
    source = "import sys; print('a', flush=True); sys.stdin.read()"
    previous = os.dup(0)
    stdin_read, stdin_write = os.pipe()
    os.dup2(stdin_read, 0)
    calls = []

    def on_unmatched():
        calls.append(1)
        # The command ends only now.
        os.close(stdin_write)
        said.set()

    try:
        options = CommandOptions(
            [sys.executable, "-c", f"import os; os.close({stdin_write}) if False else None; {source}"],
            None,
            lambda line: None,
            on_unmatched,
            unmatched_after=0.05,
            stdout=write_end,
            stderr=write_end,
        )
        assert run_command(options).exit_code == 0
    finally:
        os.dup2(previous, 0)
        for fd in (previous, stdin_read, read_end, write_end):
            os.close(fd)
    assert calls == [1]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--", "true"], "Missing --project"),
        (["--project", "p1"], "Missing COMMAND"),
        (["--project", "p1", "true"], 'Unexpected argument "true"'),
        (["--project", "p1", "--nonsense", "--", "true"], "--nonsense"),
        (["--project", "..", "--", "true"], "--project must be"),
        (["--project", "p1", "--label", "x", "--", "true"], "use NAME=VALUE"),
        (["--project", "p1", "--format", "x", "--", "true"], 'Unknown format "x"'),
        (["--project", "p1", "--format", "regex", "--", "true"], "--pattern"),
        (["--project", "p1", "--format", "regex", "--pattern", "(", "--", "true"], "regular expression"),
    ],
)
def test_wrong_arguments_are_exit_code_2_and_nothing_is_run(capsys, arguments, message):
    from ingestion_progress.__main__ import main

    assert main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and message in captured.err.split("\n")[0]


def test_help_is_printed(start):
    code, out, _ = end(start("--help"))
    assert code == 0 and out.startswith(b"Usage: ingestion-progress run")
