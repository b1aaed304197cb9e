# SPDX-License-Identifier: Apache-2.0
"""References to the swarm's own secrets, se://swarm/NAME: in services they are what the service was given,
for users of a node what is granted to them by a label."""

from fixture import QUICK, canary
from harness import equal, test
from references import Place, each, nowhere
from secrets_user import SecretsUser
from test_reference_files import on_no_disk

GRANT = "coffer.secrets.grant"


def user(p, uid):
    """Somebody whose engine asks this place's cofferd."""
    one = SecretsUser(p.node, uid)
    one.write(".config/coffer/plugins/swarm.conf", f"socket = {p.cofferd.run}/grants.sock\n")
    one.env["PW"] = "se://swarm/api-key"
    return one


def run(one, check=True):
    return one("run", "--", "sh", "-c", 'echo "$PW"', check=check)


def relabel(p, name, labels):
    found = p.cofferd.api.get(f"/secrets/{name}").json
    spec = {**found["Spec"], "Labels": labels}
    done = p.cofferd.api.post(f"/secrets/{found['ID']}/update?version={found['Version']['Index']}", spec)
    equal(done.status, 200)


@each
def a_service_gets_by_reference_what_it_was_given(kind):
    value, other = canary(), canary()
    with Place(kind) as p:
        p.without_engined()
        p.hands.secret("db-pw", value)
        p.hands.secret("other", other)
        p.hands.service("s", "--secret", "source=db-pw,target=/etc/pw", "--env", "PW=se://swarm/db-pw",
                        "--env", "ANY=se://swarm/*",
                        "--secret", "source=se://swarm/db-pw,target=again,uid=7,gid=8,mode=0400")
        container = p.hands.container("s")
        inside = lambda *words: p.docker("exec", container, *words)
        equal(inside("sh", "-c", 'echo "$PW $ANY"').text, f"{value} {value}")
        equal(inside("cat", "/etc/pw", "/run/secrets/again").out, value + value)
        equal(inside("stat", "-c", "%a %u %g", "/run/secrets/again").lines, ["400 7 8"])
        shown = p.docker("inspect", container).out + p.docker("service", "inspect", "s").out
        assert "PW=se://swarm/db-pw" in shown and value not in shown, shown
        on_no_disk(p, value)
        p.docker("commit", container, "image-of-s")
        assert value not in p.docker("inspect", "image-of-s").out
        p.cofferd.kill()
        p.cofferd.start()
        equal(p.hands.container("s"), container)
        equal(inside("sh", "-c", 'echo "$PW"').text, value)
        p.docker("service", "update", *QUICK, "--env-rm", "ANY", "--env-add", "NEW=se://swarm/other",
                 "--secret-add", "other", "s")
        container = p.hands.container("s")
        equal(inside("sh", "-c", 'echo "$PW $NEW"').text, f"{value} {other}")
        p.docker("service", "rm", "s")
        p.hands.no_files()
        on_no_disk(p, value)
        p.docker("secret", "rm", "db-pw", "other")


@each
def what_a_service_was_not_given_is_refused(kind):
    words = "the service wasn't given this secret: add --secret db-pw"
    with Place(kind) as p:
        p.hands.secret("db-pw")
        p.hands.secret("own")
        create = ("service", "create", "--detach", "--name", "s", "--secret", "own")
        for option in (("--env", "PW=se://swarm/db-pw"), ("--secret", "source=se://swarm/db-pw,target=x")):
            done = p.docker(*create, *option, "busybox:latest", check=False)
            assert done.code and words in done.err, done
        done = p.docker(*create, "--secret", "db-pw", "--env", "PW=se://swarm/*", "busybox:latest",
                        check=False)
        assert done.code and "PW: se://swarm/*: more than one secret of the service matches: " in done.err, done
        equal(p.hands.tasks(), [])
        p.docker(*create, "--replicas", "0", "--secret", "db-pw", "--env", "PW=se://swarm/db-pw",
                 "busybox:latest")
        done = p.docker("service", "update", "--detach", "--secret-rm", "db-pw", "s", check=False)
        assert done.code and f"variable PW: se://swarm/db-pw: {words}" in done.err, done
        p.docker("service", "update", "--detach", "--secret-rm", "db-pw", "--env-rm", "PW", "s")


@each
def a_user_gets_what_a_label_grants(kind):
    value, later = canary(), canary()
    with Place(kind) as p:
        p.open_to_all()
        root, one, two = (user(p, uid) for uid in (0, 1000, 1001))
        p.hands.secret("api-key", value, Labels={GRANT: "root, 1000"})
        p.hands.secret("others", later, Labels={GRANT: "1001"})
        for granted in (root, one):
            equal(run(granted).out, f"{value}\n")
        show = ("run", "--rm", "-e", "KEY=se://swarm/api-key", "busybox:latest", "sh", "-c", 'echo "$KEY"')
        done = p.docker_as(1000, *show)
        equal((done.stdout, done.stderr), (f"{value}\n", ""))
        equal(p.docker(*show).text, value)
        one.env["PW"] = "se://swarm/*"
        equal(run(one).out, f"{value}\n")
        for name in ("api-key", "none"):
            two.env["PW"] = f"se://swarm/{name}"
            done = run(two, check=False)
            assert done.code and f"secret not found: se://swarm/{name}" in done.err, done
        done = p.docker_as(1001, *show)
        assert done.returncode and "secret not found: se://swarm/api-key" in done.stderr, done
        two.env["PW"] = "se://swarm/others"
        equal(run(two).out, f"{later}\n")
        assert value not in p.docker("secret", "inspect", "api-key").out
        nowhere(p, value)


@each
def a_grant_that_is_taken_back_ends_at_once(kind):
    with Place(kind) as p:
        p.open_to_all()
        one = user(p, 1000)
        p.hands.secret("api-key", "the key")
        done = run(one, check=False)
        assert done.code and "secret not found: se://swarm/api-key" in done.err, done
        relabel(p, "api-key", {GRANT: "1000"})
        equal(run(one).out, "the key\n")
        relabel(p, "api-key", {GRANT: "1001"})
        done = run(one, check=False)
        assert done.code and "secret not found: se://swarm/api-key" in done.err, done
        p.docker("swarm", "leave", "--force")
        done = run(one, check=False)
        assert done.code and "this node isn't a manager" in done.err, done
        p.cofferd.stop()
        done = run(one, check=False)
        assert done.code and "secret not found: se://swarm/api-key" in done.err, done


@test()
def without_the_socket_of_grants_the_daemon_goes_on(t):
    t.cofferd.stop()
    (t.cofferd.run / "grants.sock").write_text("in the way")
    t.cofferd.start()
    words = f"users of this node get no secrets of the swarm: {t.cofferd.run}/grants.sock exists and is no socket"
    assert words in t.cofferd.log, t.cofferd.log
    t.secret("key", canary())
    t.service("s", "--secret", "key")
    t.docker("service", "rm", "s")
