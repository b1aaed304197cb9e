# SPDX-License-Identifier: Apache-2.0
"""`docker pass` on a terminal: prompts, and commands that want a terminal."""

import os
import signal
import termios

import places
import wait
from harness import ALL, NONE, equal, test
from pass_user import User
from terminal import Shell, Terminal

# How a command is run: in our place, filtered, or with docker as our parent.
PROGRAM = str(places.DOCKER_PASS)
WAYS = {
    "exec": f"{PROGRAM} run --",
    "mask": f"{PROGRAM} run --mask --",
    "docker": "docker pass run --",
    "docker mask": "docker pass run --mask --",
}


def each_way(t):
    user = User(t)
    for name, words in WAYS.items():
        docker = places.docker_clis()[t.cli_version]
        shell = Shell({**user.env, "X": "plain"}, cwd=user.home)
        yield name, shell, words.replace("docker pass", f"{docker} pass")
        shell.leave()


@test(engines=NONE, cofferd=False, clis=ALL)
def a_command_reads_from_the_terminal(t):
    for name, shell, run in each_way(t):
        shell.start(f"{run} sh -c 'read x; echo got $x; exit 3'")
        shell.type("words\n")
        shell.expect("got words")
        shell.finish()
        equal((name, shell.status()), (name, 3))


@test(engines=NONE, cofferd=False)
def a_value_is_revealed_on_a_terminal_only(t):
    user = User(t)
    user("set", "x=shown")
    shell = Shell(user.env, cwd=user.home)
    shell.start(f"{PROGRAM} get --reveal x")
    shell.expect("Value: shown")
    shell.finish()
    shell.leave()
    said = user.refused("get", "--reveal", "x", program=["setsid", "-w", PROGRAM])
    assert said.startswith("Error: authorizing: access denied: somebody must be asked for x"), said
    assert "ask from a terminal" in said and "shown" not in said, said


def waiter(t, signal, last):
    """A program that says a line, waits for a signal, says another, and exits with 5."""
    path = t.node.folder / f"waiter-{next(t.counter)}.py"
    path.write_text(f"""if True:
        import os, signal, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.{signal}])
        print(*os.get_terminal_size(), os.getpid(), "on", flush=True)
        signal.sigwait([signal.{signal}])
        print({last})
        sys.exit(5)""")
    return f"python3 {path}"


@test(engines=NONE, cofferd=False, clis=ALL)
def an_interrupt_is_the_commands(t):
    program = waiter(t, "SIGINT", "'caught'")
    for name, shell, run in each_way(t):
        shell.start(f"{run} {program}")
        shell.expect("on\r\n")
        shell.type("\x03")
        shell.expect("caught")
        shell.finish()
        equal((name, shell.status()), (name, 5))
        shell.start(f"{run} sh -c 'echo on; exec cat'")
        shell.expect("on\r\n")
        shell.type("\x03")
        shell.finish()
        equal((name, shell.status()), (name, 130))


def reader(t):
    """A program that says a line, waits to be continued, and only then reads: one that waits for
    keys may take the next one that is typed after Ctrl-Z, since bash waits only for its parent."""
    path = t.node.folder / f"reader-{next(t.counter)}.py"
    path.write_text("""if True:
        import signal, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
        print("on", flush=True)
        signal.sigwait([signal.SIGCONT])
        print("got", input())
        sys.exit(4)""")
    return f"python3 {path}"


@test(engines=NONE, cofferd=False, clis=ALL)
def a_stopped_command_is_a_stopped_job(t):
    program = reader(t)
    for name, shell, run in each_way(t):
        shell.start(f"{run} {program}")
        shell.expect("on\r\n")
        shell.type("\x1a")
        shell.finish()
        assert "Stopped" in shell("jobs"), (name, shell.read)
        equal(shell("stty -a").count(" icanon"), 1)
        shell.start("fg")
        shell.type("more\n")
        shell.expect("got more")
        shell.finish()
        equal((name, shell.status()), (name, 4))


@test(engines=NONE, cofferd=False, clis=ALL)
def a_background_job_that_wants_to_read_is_stopped(t):
    for name, shell, run in each_way(t):
        shell.start(f"{run} sh -c 'echo on; read x; echo got $x; exit 4' &")
        if "on\n" not in shell.finish():
            shell.expect("on\r\n")
        shell("wait %1")
        assert "Stopped" in shell("jobs"), (name, shell.read)
        shell.start("fg")
        shell.type("more\n")
        shell.expect("got more")
        shell.finish()
        equal((name, shell.status()), (name, 4))
        equal(shell("stty -a").count(" icanon"), 1)


@test(engines=NONE, cofferd=False, clis=ALL)
def a_job_goes_on_in_the_background(t):
    program = waiter(t, "SIGUSR1", "'caught'")
    for name, shell, run in each_way(t):
        shell.start(f"{run} {program}")
        pid = int(shell.expect(" on\r\n").split()[-1])
        shell.type("\x1a")
        shell.finish()
        shell("bg")
        equal(shell("stty -a").count(" icanon"), 1)
        shell.start("fg")
        os.kill(pid, signal.SIGUSR1)
        shell.expect("caught\r\n")
        shell.finish()
        equal((name, shell.status()), (name, 5))


@test(engines=NONE, cofferd=False, clis=ALL)
def a_command_knows_the_windows_size(t):
    program = waiter(t, "SIGWINCH", "*os.get_terminal_size()")
    for name, shell, run in each_way(t):
        shell.resize(33, 101)
        shell.start(f"{run} {program}")
        shell.expect("101 33 ")
        shell.expect("on\r\n")
        shell.resize(44, 102)
        shell.expect("102 44")
        shell.finish()
        equal((name, shell.status()), (name, 5))


@test(engines=NONE, cofferd=False)
def a_shell_in_a_shell_has_job_control(t):
    for name, shell, run in each_way(t):
        shell.start(f"PS1='inner> ' {run} bash --norc --noprofile -i")
        shell.expect("inner> ")
        shell.type("sh -c 'echo on; exec cat'\n")
        shell.expect("\r\non\r\n")
        shell.type("\x1a")
        shell.expect("Stopped")
        shell.expect("inner> ")
        shell.type("fg\n")
        shell.expect("exec cat'\r\n")
        shell.type("line\n")
        shell.expect("line\r\nline\r\n")  # the terminal's echo, and cat's
        shell.type("\x03")
        shell.expect("inner> ")
        shell.type("exit 9\n")
        shell.finish()
        equal((name, shell.status()), (name, 9))


@test(engines=NONE, cofferd=False)
def prompts_and_values_on_a_filtered_terminal(t):
    user = User(t)
    user("set", "k=ready-steady")
    shell = Shell({**user.env, "X": "se://k"})
    # The prompt begins as the value does, and must be seen nevertheless.
    shell.start(f"{PROGRAM} run --mask -- sh -c 'printf ready; read x; echo; echo $X; tty; exit 2'")
    shell.expect("ready")
    shell.type("\n")
    shown = shell.finish()
    assert "**********" in shown and "steady" not in shown and "/dev/pts/" in shown, shown
    equal(shell.status(), 2)
    shell(f"{PROGRAM} run --mask -- sh -c 'echo $X' > {user.home}/out")
    equal((user.home / "out").read_text(), "**********\n")
    shell.leave()


def has_signals(terminal):
    """The terminal is raw, but for its signals."""
    mode = termios.tcgetattr(terminal.ours)[3]
    return mode & termios.ISIG and not mode & termios.ICANON


@test(engines=NONE, cofferd=False)
def what_waits_for_a_reader_that_pauses_is_interrupted(t):
    shell = Shell(User(t).env)
    shell.start(f"{PROGRAM} run --mask -- sh -c 'head -c 110000 /dev/zero; echo over >&2' | sleep 60")
    shell.expect("over")
    wait.until(None, "the keys of the terminal", lambda: has_signals(shell))
    shell.type("\x03")
    shell.finish()
    equal(shell("echo ${PIPESTATUS[0]}"), "130\n")
    equal(shell("stty -a").count(" icanon"), 1)
    shell.leave()


def ask(user, *arguments, keys, question):
    terminal = Terminal([places.DOCKER_PASS, *arguments], user.env)
    terminal.expect(question)
    terminal.expect("\x1b[?2004h")
    terminal.type(keys)
    status = terminal.end()
    return status, terminal.read


@test(engines=NONE, cofferd=False)
def a_value_is_asked_for_and_not_shown(t):
    user = User(t)
    question = "Enter secret for my/key: "
    status, shown = ask(user, "set", "my/key", keys="secrex\x7ft\u00fc\r", question=question)
    equal(status, 0)
    assert "******\b \b**" in shown and "secret\u00fc" not in shown, shown
    equal(user("run", "--", "printenv", "X", env={"X": "se://my/key"}).out, "secret\u00fc\n")
    for keys, words in (("\r", "the secret is empty"), ("ab\x03", "canceled"),
                        ("ab\x04", "ended before"), ("a\x01", "control character"),
                        ("\x1b[200~a\nb\x1b[201~\r", "several lines"), ("a\rb", "more behind")):
        status, shown = ask(user, "set", "--force", "my/key", keys=keys, question=question)
        equal((keys, status), (keys, 1))
        assert words in shown, shown
    equal(ask(user, "set", "--force", "my/key", keys="\x1b[200~pasted\x1b[201~\r", question=question)[0], 0)
    equal(user("run", "--", "printenv", "X", env={"X": "se://my/key"}).out, "pasted\n")


@test(engines=NONE, cofferd=False)
def it_asks_before_it_overwrites_or_removes_many(t):
    user = User(t)
    user("set", "a=1")
    user("set", "b=2")
    for keys, code in (("n\n", 1), ("y\n", 0)):
        terminal = Terminal([places.DOCKER_PASS, "rm", "*"], user.env)
        terminal.expect("Remove these 2 secrets? [y/N] ")
        terminal.type(keys)
        equal(terminal.end(), code)
    user("set", "a=1")
    terminal = Terminal([places.DOCKER_PASS, "set", "a"], user.env)
    terminal.expect("a is there already. Overwrite it? [y/N] ")
    terminal.type("\n")
    equal(terminal.end(), 1)
    assert "a is left as it is" in terminal.read
