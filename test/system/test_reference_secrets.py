# SPDX-License-Identifier: Apache-2.0
"""Secrets of services that are references: the node's root engine is asked when a task starts."""

import json

import places
from cli import Client
from fixture import canary, container_of
from harness import equal
from references import Place, Secrets, each
from secrets_user import SecretsUser
from test_reference_files import on_no_disk
from test_references_engine import engines, look

# Of the services here that can't start: they try once.
ONCE = ("--restart-condition", "none", "--detach")


def failure(p, service):
    def look():
        tasks = [t for t in p.hands.tasks(service) if t["Status"]["State"] in ("rejected", "failed")]
        return tasks and tasks[0]["Status"]["Err"]
    return p.hands.until(f"{service} fails", look)


def stop(p, user):
    """Ends a user's engine, and the keepers of its plugins, which end after it."""
    user.stop()
    p.hands.until("the engine has ended", lambda: not engines(p.node))


@each
def a_service_gets_a_reference_as_a_file(kind):
    value, later = canary(), canary()
    with Place(kind, runtime=None) as p:
        secrets = Secrets(p.node, db__password=value, api__key="key")
        p.hands.secret("own", b"the swarm's")
        p.hands.service("s", "--secret", "source=se://db/password,target=pw,uid=7,gid=8,mode=0400",
                        "--secret", "se://api/key", "--secret", "own",
                        "--secret", "source=se://db/*,target=/etc/pw")
        container = p.hands.container("s")
        inside = lambda *words: p.docker("exec", container, *words)
        equal(inside("cat", "/run/secrets/pw", "/etc/pw").out, value + value)
        equal(inside("cat", "/run/secrets/key", "/run/secrets/own").out, "keythe swarm's")
        equal(inside("stat", "-c", "%a %u %g", "/run/secrets/pw", "/run/secrets/key").lines,
              ["400 7 8", "444 0 0"])
        shown = p.docker("inspect", container).out + p.docker("service", "inspect", "s").out
        assert "se://db/password" in shown and value not in shown, shown
        on_no_disk(p, value)
        secrets.set(db__password=later)
        p.docker("service", "update", "--force", "--quiet", "--update-monitor", "1ms", "s")
        container = p.hands.container("s")
        equal(inside("cat", "/run/secrets/pw").out, later)
        p.cofferd.kill()
        p.cofferd.start()
        equal(p.hands.container("s"), container)
        equal(inside("cat", "/run/secrets/pw").out, later)
        p.docker("service", "update", "--quiet", "--update-monitor", "1ms", "--secret-rm",
                 "se://db/password", "s")
        names = [s["SecretName"] for s in p.hands.inspect("s")["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]]
        equal(sorted(names), ["own", "se://api/key", "se://db/*"])
        p.docker("service", "rm", "s")
        p.hands.no_files()
        p.docker("secret", "rm", "own")


STACK = """
version: "3.8"
services:
  web:
    image: busybox:latest
    command: ["sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"]
    networks: [own]
    environment: {WORD: "%s"}
    secrets:
      - {source: password, target: pw, uid: "7", mode: 0400}
      - swarms
networks:
  own: {external: true, name: none}
secrets:
  password: {external: true, name: "se://db/password"}
  swarms: {external: true}
"""


@each
def a_stack_gets_references_as_files(kind):
    value = canary()
    with Place(kind, runtime=None) as p:
        Secrets(p.node, db__password=value)
        p.hands.secret("swarms", b"the swarm's")
        for path in places.docker_clis().values():
            docker = Client(path, p.cofferd.socket, p.node.folder / "home")
            for word in ("first", "second"):
                docker("stack", "deploy", "-c", "-", "st", stdin=STACK % word)
                p.hands.until(f"the {word} word", lambda: word in p.docker(
                    "exec", p.hands.container("st_web"), "sh", "-c", "echo $WORD", check=False).out)
            inside = lambda *words: p.docker("exec", p.hands.container("st_web"), *words).out
            equal(inside("cat", "/run/secrets/pw", "/run/secrets/swarms"), value + "the swarm's")
            equal(inside("stat", "-c", "%a %u", "/run/secrets/pw"), "400 7\n")
            equal(inside("ls", "/sys/class/net"), "lo\n")
            assert "none" in docker("service", "inspect", "--pretty", "st_web").out
            assert "st_web" in docker("stack", "services", "st").out
            docker("stack", "rm", "st")
            p.hands.gone("st_web")
        without = STACK.replace("    networks: [own]\n", "") % "none"
        done = docker("stack", "deploy", "-c", "-", "st", stdin=without, check=False)
        assert done.code and "in a stack file, as an external network" in done.err, done


@each
def a_task_whose_reference_fails_says_why(kind):
    with Place(kind, runtime=None) as p:
        p.without_engined()
        p.hands.service("none", *ONCE, "--secret", "source=se://a,target=pw")
        words = failure(p, "none")
        assert words.startswith("resolving pw: se://a: ") and "isn't installed" in words, words
        secrets = Secrets(p.node, a="1", many__x="1", many__y="2", **{"!broken": "the vault is sealed"})
        for name, reference, words in (("no", "se://no/such", "resolving pw: secret not found: se://no/such"),
                                       ("many", "se://many/*", "resolving pw: 2 secrets matched se://many/*"),
                                       ("broken", "se://broken", "resolving pw: se://broken: ")):
            p.hands.service(name, *ONCE, "--secret", f"source={reference},target=pw")
            said = failure(p, name)
            assert words in said, said
            assert said[:20] in p.docker("service", "ps", "--no-trunc", name).out
        p.hands.service("again", "--detach", "--restart-delay", "100ms", "--secret",
                        "source=se://later,target=pw")
        failure(p, "again")
        secrets.set(later="now")
        equal(p.docker("exec", container_of(p.hands.running("again")[0]), "cat", "/run/secrets/pw").out, "now")


@each
def an_engine_is_started_for_tasks_and_outlives_cofferd(kind):
    with Place(kind, runtime=None) as p:
        value = canary()
        root = SecretsUser(p.node)
        root("set", "db/password", stdin=value)
        stop(p, root)
        p.hands.service("s", "--replicas", "2", "--secret", "source=se://db/password,target=pw")
        for task in p.hands.running("s", 2):
            equal(p.docker("exec", container_of(task), "cat", "/run/secrets/pw").out, value)
        (engine,) = engines(p.node)
        equal(root.engine(), engine)
        assert look(look(engine)[1])[0] != "cofferd", look(engine)
        on_no_disk(p, value)
        p.cofferd.kill()
        p.cofferd.start()
        equal(engines(p.node), [engine])
        stop(p, root)
        p.docker("service", "update", "--force", "--quiet", "--update-monitor", "1ms", "s")
        equal(len(engines(p.node)), 1)


@each
def a_service_of_systemd_starts_no_engine(kind):
    with Place(kind, runtime=None) as p:
        p.cofferd.stop()
        p.cofferd.daemon.env["INVOCATION_ID"] = "0123456789abcdef0123456789abcdef"
        p.cofferd.start()
        SecretsUser(p.node)
        p.hands.service("none", *ONCE, "--secret", "source=se://a,target=pw")
        words = failure(p, "none")
        assert "coffer-engined.socket" in words, words
        equal(engines(p.node), [])


@each
def a_reference_is_in_no_list_and_cannot_be_changed(kind):
    with Place(kind, runtime=None) as p:
        equal(p.docker("secret", "ls", "-q").out, "")
        # as `docker stack deploy` looks external secrets up, too
        found = json.loads(p.docker("secret", "inspect", "se://db/password").out)[0]
        equal((found["Spec"]["Name"], found["Spec"]["Labels"]),
              ("se://db/password", {"coffer.secrets.reference": "true"}))
        listed = p.cofferd.api.get("/secrets", name="se://db/password").json
        equal([s["ID"] for s in listed], [found["ID"]])
        equal(p.cofferd.api.get("/secrets", name="se://a//b").json, [])
        done = p.docker("secret", "rm", "se://db/password", check=False)
        assert done.code and "se://db/password is a reference" in done.err, done
        done = p.docker("service", "create", "--secret", "source=se://a//b,target=x", "busybox:latest",
                        check=False)
        assert done.code and "secret not found: se://a//b" in done.err, done
        p.hands.coffer("service", "create", "--name", "ours", "--detach", "--replicas", "0", "--secret",
                       "source=se://db/password,target=pw", "busybox:latest")
        (secret,) = p.hands.inspect("ours")["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
        equal((secret["SecretName"], secret["SecretID"]), ("se://db/password", found["ID"]))
        done = p.docker("service", "create", "--secret", "se://a/*", "busybox:latest", check=False)
        assert done.code and "invalid target" in done.err, done
