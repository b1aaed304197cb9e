# SPDX-License-Identifier: Apache-2.0
"""`docker pass`: its words, with the real engine and a store of encrypted files."""

import json
import os
import signal
import subprocess
import threading

import places
import wait
from fixture import canary
from harness import ALL, NONE, equal, test
from pass_user import User


@test(engines=NONE, cofferd=False)
def what_is_set_is_listed_shown_and_removed(t):
    user = User(t)
    equal(user("ls").out, "")
    equal(user("set", "GH_TOKEN=123456789").out, "")
    user("set", "my/other", "--metadata", "team=a", stdin="x\n")
    equal(user("ls").out, "GH_TOKEN\nmy/other\n")
    equal(user("get", "GH_TOKEN").out, "ID: GH_TOKEN\nValue: **********\n")
    equal(user("list", "my/*").out, "my/other\n")
    rows = [json.loads(line) for line in user("ls", "--format", "json").out.splitlines()]
    equal((rows[1]["Metadata"], rows[1]["Provider"]), ({"team": "a"}, "docker-pass"))
    assert rows[1]["CreatedAt"][:2] == "20" and rows[1]["CreatedAt"][-1] == "Z", rows
    equal(user("ls", "--format", "{{.ID}}={{.Metadata}}").out, "GH_TOKEN=\nmy/other=team=a\n")
    equal(user("rm", "my/other", "GH_TOKEN").out, "RM: GH_TOKEN\nRM: my/other\n")
    equal(user("ls").out, "")


@test(engines=NONE, cofferd=False)
def each_form_of_a_value_is_stored_as_it_is(t):
    user = User(t)
    user("store", "a=foo=bar=bar")
    user("save", "b", stdin="my_val\n")
    user("set", "c=")
    user("set", "d", stdin=json.dumps({"secret": "s", "metadata": {"k": "1", "l": "2"}}).encode(),)
    user("set", "e", "--metadata", "k=flag",
         stdin=json.dumps({"secret": "s", "metadata": {"k": "1"}}))
    user("set", "f", stdin=b'{"secret": ""}')
    values = user("run", "--", "sh", "-c", 'printf "%s|%s|%s|%s|%s" "$A" "$B" "$C" "$D" "$F"',
                  env={name.upper(): f"se://{name}" for name in "abcdf"})
    equal(values.out, 'foo=bar=bar|my_val\n||s|{"secret": ""}')
    equal(user("ls", "--format", "{{.Metadata}}", "d", "e").out, "k=1,l=2\nk=flag\n")


@test(engines=NONE, cofferd=False)
def errors_are_dockers_words(t):
    user = User(t)
    for arguments, words in (
            (["get", "nope"], "Error: secret not found"),
            (["set"], "Error: accepts 1 arg(s), received 0"),
            (["get", "a", "b"], "Error: accepts 1 arg(s), received 2"),
            (["run"], "Error: requires at least 1 arg(s), only received 0"),
            (["rm"], "Error: either provide a secret name or use --all to remove all secrets"),
            (["rm", "a", "--all"],
             "Error: either provide a secret name or use --all to remove all secrets"),
            (["set", "a=b", "--metadata", "x"],
             "Error: invalid metadata pair (expected key=value): x"),
            (["set", "/foo=x"], 'Error: invalid identifier: "/foo" must match '
                                "^[A-Za-z0-9._:-]+(?:/[A-Za-z0-9._:-]+)*$"),
            (["rm", "nope"], "Error: nope: secret not found"),
            (["bogus"], 'Error: unknown command "bogus" for "docker-pass"'),
            (["get", "--bogus", "a"], "Error: unknown flag: --bogus"),
            (["run", "--env-file", "/nope", "--", "true"],
             "Error: reading env-file /nope: open /nope: no such file or directory")):
        equal(user.refused(*arguments), words)


@test(engines=NONE, cofferd=False)
def removal_goes_on_after_an_error(t):
    user = User(t)
    user("set", "b=1")
    result = user("rm", "c", "b", "a", check=False)
    equal(result.out, "ERR: a: secret not found\nRM: b\nERR: c: secret not found\n")
    equal(result.err, "Error: a: secret not found\nc: secret not found\n")
    equal(result.code, 1)
    for name in ("x/1", "x/2", "y"):
        user("set", f"{name}=1")
    assert "--force" in user.refused("rm", "x/*")
    equal(user("rm", "--force", "x/*").out, "RM: x/1\nRM: x/2\n")
    equal(user("rm", "--all").out, "RM: y\n")


@test(engines=NONE, cofferd=False)
def one_secret_must_match_a_reference(t):
    user = User(t)
    user("set", "a/1=one")
    user("set", "a/2=two")
    equal(user("run", "--", "printenv", "X", env={"X": "se://a/1"}).out, "one\n")
    equal(user("run", "--", "printenv", "X", env={"X": "se://**/2"}).out, "two\n")
    equal(user.refused("run", "--", "true", env={"X": "se://a/3"}),
          "Error: resolving X: secret not found: se://a/3")
    equal(user.refused("run", "--", "true", env={"X": "se://a/*"}),
          "Error: resolving X: 2 secrets matched se://a/*: a/1 (docker-pass), a/2 (docker-pass)")
    equal(user("run", "--first-match", "--", "printenv", "X", env={"X": "se://a/*"}).out, "one\n")
    assert "resolving X: " in user.refused("run", "--", "true", env={"X": "se://a//b"})
    url = {"X": "pg://{{se://a/1}}:{{ se://a/2 }}@host"}
    equal(user("run", "--", "printenv", "X", env=url).out, url["X"] + "\n")
    equal(user("run", "--inject", "--", "printenv", "X", env=url).out, "pg://one:two@host\n")


@test(engines=NONE, cofferd=False)
def variables_of_files_win_and_all_are_sorted(t):
    user = User(t)
    user("set", "k=secret")
    files = [user.home / name for name in ("one.env", "two.env")]
    files[0].write_text("# first\nexport A=1\nB='se://k'\nC=\"x\\ny $A ${NOPE}\"\nD=bare # said\n")
    files[1].write_text("A=2\n")
    flags = [word for file in files for word in ("--env-file", file)]
    lines = user("run", *flags, "--", "env", "-0", env={"A": "0", "Z.": "1"}).out.split("\0")[:-1]
    equal(lines, sorted(lines))
    equal([line for line in lines if line[0] in "ABCDZ" and line[:2] != "CO"],
          ["A=2", "B=secret", "C=x\ny 1 ", "D=bare", "Z.=1"])
    files[0].write_text("A=1\nB=\"open\n")
    equal(user.refused("run", *flags, "--", "env"),
          f"Error: reading env-file {files[0]}: line 2: a \" that isn't closed")


@test(engines=NONE, cofferd=False)
def statuses_are_the_commands_own(t):
    user = User(t)
    equal(user("run", "--", "sh", "-c", "exit 42", check=False).code, 42)
    equal(user("run", "--", "sh", "-c", "kill -KILL $$", check=False).code, -9)  # it was exec'ed
    equal(user("run", "--", "nosuch", check=False).code, 127)
    equal(user("run", "--", "/etc/passwd", check=False).code, 126)
    masked = user("run", "--mask", "--", "sh", "-c", "kill -TERM $$", check=False)
    equal(masked.code, 128 + 15)


def printed_to_one_who_pauses(user):
    """A filtered command that has ended, and nobody reads on what it printed."""
    process = subprocess.Popen([places.DOCKER_PASS, "run", "--mask", "--", "head", "-c", "110000",
                                "/dev/zero"], env=user.env, stdout=subprocess.PIPE, bufsize=0)
    equal(process.stdout.read(1), b"\0")
    wait.until(None, "the command's end", lambda: not children(process.pid))
    return process


@test(engines=NONE, cofferd=False)
def a_reader_that_pauses_is_waited_for_until_a_signal_comes(t):
    user = User(t)
    process = printed_to_one_who_pauses(user)
    equal(len(process.stdout.readall()), 109_999)
    equal(process.wait(20), 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        process = printed_to_one_who_pauses(user)
        process.send_signal(number)
        equal(process.wait(20), 128 + number)
        process.stdout.close()


@test(engines=NONE, cofferd=False)
def a_reader_that_goes_leaves_the_commands_status(t):
    process = printed_to_one_who_pauses(User(t))
    process.stdout.close()
    equal(process.wait(20), 0)


@test(engines=NONE, cofferd=False)
def values_are_masked_wherever_output_is_cut(t):
    user = User(t)
    value = canary()
    user("set", "k", stdin=value + "\n")
    out = user("run", "--mask", "--", "python3", "-uc", """if True:
        import os, sys
        value = os.environ["X"].strip()
        for n in range(len(value) + 1):
            os.write(1, value[:n].encode())
            os.write(2, value.encode())
            os.write(1, value[n:].encode() + b"\\n")
        os.write(1, value[:-1].encode() + b"-\\n")""", env={"X": "se://k"})
    lines = out.out.splitlines()
    equal(set(lines[:-1]), {"*" * 10})
    equal(lines[-1], value[:-1] + "-")
    assert value not in out.err and "*" * 10 in out.err


@test(engines=NONE, cofferd=False)
def a_template_becomes_a_file_of_its_owner_alone(t):
    user = User(t)
    user("set", "db/user=me")
    user("set", "db/password", stdin="p\\n$w")
    template, made = user.home / "in", user.home / "out"
    template.write_text("url: pg://{{se://db/user}}:{{ se://db/password }}@h\nuser: se://db/user\n")
    made.write_text("old")
    made.chmod(0o644)
    user("inject", str(template), str(made))
    equal(made.read_text(), "url: pg://me:p\\n$w@h\nuser: me\n")
    equal(made.stat().st_mode & 0o777, 0o600)
    equal(user("inject", "-", stdin="se://db/user").out, "me")
    template.write_text("se://db/user and se://nope")
    equal(user.refused("inject", str(template), str(made)),
          f"Error: resolving {template}: secret not found: se://nope")
    assert made.read_text().startswith("url"), "a failure changed the file"


@test(engines=NONE, cofferd=False)
def a_template_takes_the_place_of_a_file_only(t):
    user = User(t)
    template, link, made = (user.home / name for name in ("in", "link", "made"))
    template.write_text("no reference")
    link.symlink_to(template)
    assert "link is no regular file" in user.refused("inject", str(template), str(link))
    assert link.is_symlink()
    other = user.home / "made.tmp"
    other.write_text("mine")
    assert "made.tmp is in the way" in user.refused("inject", str(template), str(made))
    equal((other.read_text(), made.exists()), ("mine", False))


@test(engines=NONE, cofferd=False)
def words_are_completed(t):
    user = User(t)
    user("set", "my/token=1")
    equal(user("__complete", "pass", "").out.split()[-1], ":4")
    assert "inject\n" in user("__complete", "pass", "in").out
    equal(user("__complete", "pass", "get", "my").out, "my/token\n:4\n")
    equal(user("__complete", "pass", "run", "").out, ":0\n")
    equal(user("__complete", "pass", "rm", "--a").out, "--all\n:4\n")
    equal(user("__complete", "pass", "get", "my", program=[places.COFFER]).out, "my/token\n")


@test(engines=NONE, cofferd=False)
def many_who_need_an_engine_start_one(t):
    user = User(t)
    done = []
    threads = [threading.Thread(target=lambda n=n: done.append(user("set", f"k{n}=v").code))
               for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(done, [0] * 8)
    equal(len(user("ls").out.splitlines()), 8)
    equal(user.home.joinpath("engine.log").read_text().count("plugin docker-pass v"), 1)


@test(engines=NONE, cofferd=False)
def a_missing_engine_is_told(t):
    user = User(t)
    words = user.refused("ls", env={"COFFER_ENGINED": "/nope/coffer-engined"})
    assert words.startswith("Error: preflight ping: secrets engine is not available: "), words
    # without references there is nothing to ask it for
    equal(user("run", "--", "true", env={"COFFER_ENGINED": "/nope/coffer-engined"}).code, 0)


@test(engines=NONE, cofferd=False)
def an_engine_that_does_not_answer_is_not_waited_for_forever(t):
    user = User(t)
    user("ls")
    os.kill(user.engine(), signal.SIGSTOP)
    words = user.refused("ls")
    assert words.startswith("Error: preflight ping: secrets engine is not available: "), words
    assert words.endswith("didn't answer in time"), words
    os.kill(user.engine(), signal.SIGCONT)
    user("ls")


@test(engines=NONE, cofferd=False)
def an_engine_that_never_gets_ready_is_not_waited_for_forever(t):
    user = User(t)
    script = user.home / "engine"
    script.write_text(f"#!/bin/sh\necho $$ > {user.home}/pid\nexec sleep 1000\n")
    script.chmod(0o755)
    words = user.refused("ls", env={"COFFER_ENGINED": str(script)})
    os.kill(int((user.home / "pid").read_text()), signal.SIGKILL)
    assert "doesn't start in time" in words, words


@test(engines=NONE, cofferd=False, clis=ALL)
def docker_finds_its_plugin(t):
    user = User(t)
    docker = [places.docker_clis()[t.cli_version]]
    assert "Docker Pass Plugin" in user("--help", program=docker).out
    user("pass", "set", "GH_TOKEN=123456789", program=docker)
    user("pass", "set", "OTHER", program=docker, stdin="my_val")
    equal(user("pass", "ls", program=docker).out, "GH_TOKEN\nOTHER\n")
    equal(user("--log-level", "debug", "pass", "get", "OTHER", program=docker).out,
          "ID: OTHER\nValue: **********\n")
    assert "set|get|ls|rm|run" in user("pass", "--help", program=docker).out
    equal(user.refused("pass", "get", "nope", program=docker), "Error: secret not found")
    run = ["pass", "run", "--", "sh", "-c"]
    equal(user(*run, "echo $X; env | grep -c DOCKER_CLI; exit 42", program=docker, check=False,
               env={"X": "se://GH_TOKEN"}).out, "123456789\n0\n")
    equal(user(*run, "exit 42", program=docker, check=False).code, 42)
    equal(user(*run, "kill -KILL $$", program=docker, check=False).code, 137)
    equal(user(*run, "kill -INT $$", program=docker, check=False).code, 130)


@test(engines=NONE, cofferd=False)
def a_signal_to_docker_reaches_the_command(t):
    user = User(t)
    docker = places.docker_clis()[t.cli_version]
    program = """if True:
        import signal, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        print("ready", flush=True)
        signal.sigwait([signal.SIGTERM])
        print("told", flush=True)
        sys.exit(7)"""
    process = subprocess.Popen([docker, "pass", "run", "--", "python3", "-c", program],
                               env=user.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               text=True, start_new_session=True)
    equal(process.stdout.readline(), "ready\n")
    process.terminate()
    equal(process.stdout.readline(), "told\n")
    equal(process.wait(20), 7)


@test(engines=NONE, cofferd=False)
def a_value_is_in_no_argv_environment_log_or_file(t):
    user = User(t)
    values = {"inline": canary(), "piped": canary()}
    user("set", f"inline={values['inline']}")
    user("set", "piped", stdin=values["piped"])
    child = subprocess.Popen([places.DOCKER_PASS, "run", "--mask", "--", "sh", "-c", "echo on; read x"],
                             env={**user.env, "X": "se://inline", "Y": "se://piped"},
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    equal(child.stdout.readline(), "on\n")
    for pid in family(user.engine()) + family(child.pid)[:1]:
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as file:
                data = file.read()
            for value in values.values():
                assert value.encode() not in data, f"{name} of {pid}"
    child.communicate("\n", timeout=20)
    for path in user.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for value in values.values():
                assert value.encode() not in data, path


def family(pid):
    """A process and those below it."""
    found = [pid]
    for parent in found:
        found += children(parent)
    return found


def children(parent):
    with open(f"/proc/{parent}/task/{parent}/children") as file:
        return [int(word) for word in file.read().split()]


@test(engines=NONE, cofferd=False)
def a_value_on_the_command_line_is_blanked(t):
    """While it waits for an engine, /proc shows no value any more."""
    user = User(t)
    value = canary()
    script = user.home / "engine"
    script.write_text("#!/bin/sh\ntr '\\0' ' ' < /proc/$(cat %s/pid)/cmdline > %s/seen\n"
                      "echo no >&3\n" % (user.home, user.home))
    script.chmod(0o755)
    words = user.refused("-c", f'echo $$ > {user.home}/pid; exec {places.DOCKER_PASS} set k={value}',
                         program=["sh"], env={"COFFER_ENGINED": str(script)})
    assert "the secrets engine doesn't start: no" in words, words
    seen = (user.home / "seen").read_text()
    assert "set k" in seen and value not in seen, seen
