# SPDX-License-Identifier: Apache-2.0
"""The example of README: a secret's whole way, with each docker CLI, and with our own."""

import re

from fixture import QUICK, container_of
from harness import ALL, equal, test

VALUE = "This is a secret"
SECRET = "/run/secrets/my_secret_data"
REDIS = ("service", "create", "--name", "redis", "--secret", "my_secret_data", "redis:alpine")


def redis_container(t):
    return t.docker("ps", "--filter", "name=redis", "-q").text


@test(clis=ALL)
def the_example_works_to_the_letter(t):
    create_secret(t)
    create_redis(t)
    container = redis_container(t)
    look_into_the_container(t, container)
    commit_leaves_no_trace(t, container)
    removing_a_used_secret_is_refused(t)
    take_the_secret_away_and_give_it_back(t, container)
    remove_all(t)


def create_secret(t):
    identity = t.docker("secret", "create", "my_secret_data", "-", stdin=VALUE).out
    assert re.fullmatch(r"[0-9a-z]{25}\n", identity), identity


def create_redis(t):
    done = t.docker(*REDIS)
    assert re.fullmatch(r"[0-9a-z]{25}", done.lines[0]), done
    assert re.search(r"^verify: Service (\S+ )?converged$", done.out, re.M), done
    listed = t.docker("service", "ls").lines
    assert re.match(r"ID +NAME +MODE +REPLICAS +IMAGE +PORTS", listed[0]), listed
    assert re.match(r"[0-9a-z]{12} +redis +replicated +1/1 +redis:alpine", listed[1]), listed
    shown = t.docker("service", "ps", "redis").lines
    assert re.match(r"ID +NAME +IMAGE +NODE +DESIRED STATE +CURRENT STATE", shown[0]), shown
    assert re.match(r"[0-9a-z]{12} +redis\.1 +redis:alpine +\S+ +Running +Running ", shown[1]), shown
    assert len(shown) == 2, shown


def look_into_the_container(t, container):
    listing = t.docker("container", "exec", container, "ls", "-l", "/run/secrets").out
    assert re.search(r"^-r--r--r-- +1 root +root +16 .* my_secret_data$", listing, re.M), listing
    equal(t.docker("container", "exec", container, "cat", SECRET).out, VALUE)
    mounts = t.docker("container", "exec", container, "mount").lines
    ours = [line for line in mounts if " on /run/secrets" in line]
    assert ours, mounts
    for line in ours:
        assert re.search(r" type (tmpfs|ramfs) \(ro[,)]", line), line
    denied = t.docker("container", "exec", container, "sh", "-c", f"echo x >{SECRET}", check=False)
    assert denied.code != 0 and "Read-only file system" in denied.err, denied


def commit_leaves_no_trace(t, container):
    t.docker("commit", container, "committed_redis")
    try:
        shown = t.docker.on_terminal("run", "--rm", "-it", "committed_redis", "cat", SECRET)
        assert shown.code == 1, shown
        assert shown.out == f"cat: can't open '{SECRET}': No such file or directory\n", shown
    finally:
        t.docker("rmi", "committed_redis")


def removing_a_used_secret_is_refused(t):
    said = t.docker.refused("secret", "rm", "my_secret_data")
    assert said.endswith("secret 'my_secret_data' is in use by the following service: redis"), said
    equal(t.docker("secret", "ls", "--format", "{{.Name}}").text, "my_secret_data")


def take_the_secret_away_and_give_it_back(t, first):
    t.docker("service", "update", "--secret-rm", "my_secret_data", "redis")
    second = redis_container(t)
    assert second and second != first, (first, second)
    shown = t.docker("exec", second, "cat", SECRET, check=False)
    assert shown.code == 1, shown
    assert shown.err == f"cat: can't open '{SECRET}': No such file or directory\n", shown
    t.docker("service", "update", "--secret-add", "my_secret_data", "redis")
    third = redis_container(t)
    assert third not in ("", first, second), (first, second, third)
    equal(t.docker("exec", third, "cat", SECRET).out, VALUE)


def remove_all(t):
    equal(t.docker("service", "rm", "redis").text, "redis")
    equal(t.docker("secret", "rm", "my_secret_data").text, "my_secret_data")
    t.gone("redis")
    equal(t.engine.containers(), {})
    t.no_files()
    equal(t.docker("service", "ls", "-q").text, "")
    equal(t.docker("secret", "ls", "-q").text, "")
    names = {network["Name"] for network in t.engine.api.get("/networks").json}
    assert names <= {"bridge", "host", "none", "podman", "docker_gwbridge", "ingress"}, names


@test(clis=ALL)
def a_service_that_fails_is_started_again_after_its_delay(t):
    t.docker("service", "create", "--detach", "--name", "failing", "--restart-delay", "1s",
             "--no-resolve-image", "busybox:latest", "false")
    t.until("two failed tasks", lambda: len(failed(t)) >= 2)
    first, second = failed(t)[:2]
    assert first["Status"]["Err"] == "task: non-zero exit (1)", first
    assert first["Status"]["ContainerStatus"]["ExitCode"] == 1, first
    assert first["DesiredState"] == "shutdown", first
    assert first["Slot"] == second["Slot"] == 1, (first, second)
    shown = t.docker("service", "ps", "--no-trunc", "failing").lines[1:]
    assert re.match(r"\S+ +failing\.1 ", shown[0]), shown
    history = [line for line in shown if re.match(r"\S+ +\\_ failing\.1 ", line)]
    assert len(history) >= 2, shown
    assert any('"task: non-zero exit (1)"' in line for line in history), shown
    assert re.search(r" Shutdown +Failed ", history[-1]), shown


def failed(t):
    return [task for task in t.tasks("failing") if task["Status"]["State"] == "failed"]


@test()
def a_task_that_runs_as_another_user_reads_its_secret(t):
    t.secret("pw", b"for the user web")
    t.service("web", "--user", "1000:1000", "--secret", "pw")
    container = t.container("web")
    equal(t.in_container(container, "id", "-u").text, "1000")
    equal(t.in_container(container, "cat", "/run/secrets/pw").out, "for the user web")


@test()
def the_example_works_with_our_own_client(t):
    made = t.coffer("secret", "create", "my_secret_data", "-", stdin=VALUE)
    assert re.fullmatch(r"[0-9a-z]{25}\n", made.out), made
    created = t.coffer("service", "create", "--name", "redis", *QUICK,
                       "--secret", "my_secret_data", "redis:alpine")
    assert re.search(r"^[0-9a-z]{25}$", created.out, re.M), created
    container = container_of(t.running("redis")[0])
    equal(t.in_container(container, "cat", SECRET).out, VALUE)
    assert re.search(r"redis +replicated +1/1 +redis:alpine", t.coffer("service", "ls").out)
    assert re.search(r"redis\.1 +redis:alpine ", t.coffer("service", "ps", "redis").out)
    said = t.coffer.refused("secret", "rm", "my_secret_data")
    assert "secret 'my_secret_data' is in use by the following service: redis" in said, said
    t.coffer("service", "update", *QUICK, "--secret-rm", "my_secret_data", "redis")
    second = container_of(t.running("redis")[0])
    assert second != container
    equal(t.in_container(second, "cat", SECRET, check=False).code, 1)
    t.coffer("service", "update", *QUICK, "--secret-add", "my_secret_data", "redis")
    third = container_of(t.running("redis")[0])
    equal(t.in_container(third, "cat", SECRET).out, VALUE)
    equal(t.coffer("service", "rm", "redis").text, "redis")
    t.gone("redis")
    equal(t.coffer("secret", "rm", "my_secret_data").text, "my_secret_data")
    t.no_files()
