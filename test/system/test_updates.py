# SPDX-License-Identifier: Apache-2.0
"""What becomes of a service that changes: rolls, scale, rollback, restart policies, history."""

import re

from fixture import QUICK, REFERENCE, SLEEP, container_of
from harness import equal, test


@test()
def a_service_is_scaled_up_and_down(t):
    t.service("s")
    t.docker("service", "scale", "-d", "s=4")
    tasks = t.running("s", 4)
    equal(sorted(task["Slot"] for task in tasks), [1, 2, 3, 4])
    t.docker("service", "scale", "-d", "s=2")
    t.running("s", 2)
    t.until("two containers", lambda: len(t.engine.containers()) == 2)
    t.docker("service", "scale", "-d", "s=0")
    t.until("no container", lambda: not t.engine.containers())
    t.until("0/0 in the list", lambda: " 0/0 " in t.docker("service", "ls").out)


@test()
def an_update_rolls_one_task_at_a_time(t):
    t.service("s", "--replicas", "3", "--env", "N=1")
    before = {container_of(task) for task in t.running("s", 3)}
    with t.api.stream("/events") as stream:
        t.docker("service", "update", *QUICK, "--env-add", "N=2", "s")
        after = {container_of(task) for task in t.running("s", 3)}
        equal(before & after, set())
        up, least = set(before), len(before)
        for event in stream.lines():
            if event["Type"] != "container":
                continue
            if event["Action"] == "die":
                up.discard(event["Actor"]["ID"])
            elif event["Action"] == "start":
                up.add(event["Actor"]["ID"])
            least = min(least, len(up))
            if up == after:
                break
    equal(least, 2)
    state = t.inspect("s")["UpdateStatus"]
    equal((state["State"], state["Message"]), ("completed", "update completed"))
    for container in after:
        assert "N=2" in t.in_container(container, "env").lines


@test()
def a_rollback_brings_the_old_spec_back(t):
    t.service("s", "--env", "N=1")
    t.docker("service", "update", *QUICK, "--env-add", "N=2", "s")
    assert "N=2" in t.in_container(t.container("s"), "env").lines
    t.docker("service", "rollback", "s")
    assert "N=1" in t.in_container(t.container("s"), "env").lines
    t.until("the rollback is complete",
            lambda: t.inspect("s")["UpdateStatus"]["State"] == "rollback_completed")


@test()
def a_forced_update_makes_new_tasks(t):
    t.service("s")
    before = t.container("s")
    t.docker("service", "update", *QUICK, "--force", "s")
    assert t.container("s") != before
    equal(t.inspect("s")["Spec"]["TaskTemplate"]["ForceUpdate"], 1)


@test()
def a_change_of_labels_touches_no_task(t):
    t.service("s")
    before = t.container("s")
    t.docker("service", "update", "-d", "--label-add", "a=b", "s")
    equal(t.inspect("s")["Spec"]["Labels"], {"a": "b"})
    equal(t.container("s"), before)


@test()
def an_update_that_fails_pauses(t):
    t.service("s", "--replicas", "2", "--update-monitor", "5s")
    # The delay keeps the next slot from being touched before the first one is known to fail.
    failing = t.docker("service", "update", "--args", "sh -c false", "--restart-delay", "200ms",
                       "--update-delay", "5s", "s", check=False)
    equal(failing.code, 1)
    assert "update paused due to failure or early termination of task" in failing.out + failing.err
    equal(t.inspect("s")["UpdateStatus"]["State"], "paused")
    still = [x["Slot"] for x in t.tasks("s")
             if x["Status"]["State"] == x["DesiredState"] == "running"]
    assert len(still) == 1, [(x["Slot"], x["Status"], x["DesiredState"]) for x in t.tasks("s")]


@test()
def a_task_that_is_killed_is_replaced(t):
    t.service("s", "--restart-delay", "200ms")
    before = t.container("s")
    t.engine.api.post(f"/containers/{before}/kill")
    def another():
        running = [x for x in t.tasks("s") if x["Status"]["State"] == x["DesiredState"] == "running"]
        return [x for x in running if container_of(x) != before]
    t.until("another task", another)
    old = next(x for x in t.tasks("s") if container_of(x) == before)
    equal((old["Status"]["State"], old["Status"]["Err"]), ("failed", "task: non-zero exit (137)"))


@test()
def the_restart_policy_is_kept(t):
    def made(name, condition, command, *more):
        t.docker("service", "create", "-d", "--no-resolve-image", "--name", name,
                 "--restart-condition", condition, "--restart-delay", "100ms", *more,
                 "busybox:latest", "sh", "-c", command)
    made("never", "none", "exit 1")
    made("onfailure", "on-failure", "exit 0")
    made("thrice", "on-failure", "exit 2", "--restart-max-attempts", "2")
    made("always", "any", "exit 0")
    def states(name):
        return [task["Status"]["State"] for task in t.tasks(name)]
    t.until("the always restarted one's third task", lambda: states("always").count("complete") >= 3)
    t.until("the end of the one tried thrice", lambda: states("thrice") == ["failed"] * 3)
    equal(states("never"), ["failed"])
    equal(states("onfailure"), ["complete"])


@test()
def the_history_of_a_slot_is_bounded(t):
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "--restart-delay", "10ms",
             "busybox:latest", "false")
    first = t.until("a first task", lambda: t.tasks("s"))[0]["ID"]
    t.until("the first task is forgotten", lambda: first not in [x["ID"] for x in t.tasks("s")])
    assert len(t.tasks("s")) <= 7, len(t.tasks("s"))
    t.docker("service", "rm", "s")
    t.gone("s")


@test()
def an_image_that_is_not_there_is_told(t):
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "--restart-delay", "1s",
             "nosuchimage:1.0")
    def rejected():
        return [x for x in t.tasks("s") if x["Status"]["State"] == "rejected"]
    task = t.until("a rejected task", rejected)[0]
    # Docker's words; ours are followed by those of the engine for why it couldn't be pulled.
    words = "No such image: nosuchimage:1.0"
    error = task["Status"]["Err"]
    assert error.startswith(words), error
    assert REFERENCE or "registry-1.docker.io" in error, error
    shown = t.docker("service", "ps", "--no-trunc", "s").out
    assert f'"{words}' in shown and "Rejected" in shown, shown


@test()
def a_service_has_what_it_was_created_with(t):
    t.service("s", "--env", "A=b c", "--user", "1000", "--workdir", "/tmp", "--hostname", "h",
              "--label", "l=1", "--container-label", "c=2", "--limit-memory", "64m", "--read-only",
              "--mount", "type=tmpfs,target=/scratch", "--stop-signal", "SIGINT",
              "--stop-grace-period", "3s", "--host", "db:10.1.2.3")
    container = t.container("s")
    equal(t.in_container(container, "sh", "-c", "echo $A; id -u; pwd; hostname").lines,
          ["b c", "1000", "/tmp", "h"])
    assert "10.1.2.3" in t.in_container(container, "cat", "/etc/hosts").out
    seen = t.engine.api.get(f"/containers/{container}/json").json
    equal(seen["Config"]["Labels"]["c"], "2")
    equal(seen["HostConfig"]["Memory"], 64 << 20)
    equal(seen["Config"]["StopSignal"] in ("SIGINT", "2"), True)
    assert t.in_container(container, "touch", "/x", check=False).code != 0
    equal(t.in_container(container, "sh", "-c", "mount | grep ' /scratch type tmpfs'").code, 0)


@test()
def logs_of_a_service_are_shown_and_followed(t):
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "busybox:latest", "sh",
             "-c", "echo out; echo err >&2; trap 'exit 0' TERM; sleep 1000000 & wait")
    t.running("s")
    t.until("both lines", lambda: len((lambda r: r.out + r.err)(
        t.docker("service", "logs", "s")).splitlines()) == 2)
    shown = t.docker("service", "logs", "s")
    assert re.fullmatch(r"s\.1\.[0-9a-z]{12}@\S+ +\| out\n", shown.out), shown
    assert re.fullmatch(r"s\.1\.[0-9a-z]{12}@\S+ +\| err\n", shown.err), shown
    equal(t.docker("service", "logs", "--raw", "s").out, "out\n")
    follower = t.docker.start("service", "logs", "-f", "--raw", "s")
    equal(follower.stdout.readline(), b"out\n")
    t.docker("service", "rm", "s")
    follower.kill()
    follower.communicate()


@test()
def a_service_that_was_removed_is_gone_at_once_from_the_lists(t):
    t.service("s", "--replicas", "2")
    equal(t.docker("service", "rm", "s").text, "s")
    equal(t.docker("service", "ls", "-q").text, "")
    assert t.docker.refused("service", "ps", "s").startswith("no such service: s")
    t.gone("s")
    t.service("s")
