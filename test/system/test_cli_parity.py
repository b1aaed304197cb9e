# SPDX-License-Identifier: Apache-2.0
"""coffer and docker, called with the same words on the same cofferd, say the same.

What differs on purpose is in OURS, with why.
"""

import re

from fixture import QUICK, SLEEP
from harness import test

# What both must say alike once ids, ages and the name of the program are taken out.
SECRETS = [
    "secret ls", "secret ls -q", "secret list", "secret ls --format {{.Name}}",
    "secret ls --format json --filter name=one", "secret ls --filter name=one",
    "secret ls --filter label=tier=db -q", "secret ls --filter nosuch=1", "secret ls --filter",
    "secret ls --filter bad", "secret ls --format {{.Nosuch}}", "secret ls --format {{",
    "secret ls --nonsense", "secret ls -x", "secret ls extra",
    "secret ls --format table --quiet", "secret ls --format json --quiet --filter name=one",
    "secret inspect one", "secret inspect --pretty one", "secret inspect one two",
    "secret inspect -f {{.Spec.Name}} one two", "secret inspect one nosuch",
    "secret inspect nosuch", "secret inspect", "secret inspect --format {{json .Spec}} one",
    "secret inspect --pretty --format {{.ID}} one",
    "secret inspect --format {{.Spec.Nosuch}} one",
    "secret create", "secret create one -", "secret create bad/name -",
    "secret create --label a=b", "secret create one", "secret create new /nosuch",
    "secret create --driver nosuch new -", "secret create a b c",
    "secret rm", "secret rm nosuch", "secret rm nosuch other", "secret remove nosuch",
    "secret nosuch", "secret --nosuch",
]
CONFIGS = [
    "config ls", "config ls -q", "config ls --filter name=site", "config inspect site",
    "config inspect --pretty site", "config inspect nosuch", "config create site -",
    "config create", "config rm nosuch", "config rm", "config ls --format {{.Name}}:{{.Labels}}",
    "config ls --nonsense",
]
NODES = [
    "node ls", "node ls -q", "node ls --format {{.Hostname}}:{{.Status}}:{{.ManagerStatus}}",
    "node ls --filter role=manager", "node ls --filter role=worker", "node ls --filter nosuch=1",
    "node ls --format json",
    "node inspect self --format {{.Spec.Role}}", "node inspect nosuch", "node inspect self",
    "node ps", "node ps self", "node ps nosuch", "node ps -q", "node rm nosuch", "node rm self",
    "node rm", "node update nosuch", "node update --role boss self", "node update",
    "node update --availability nosuch self", "node promote nosuch", "node demote nosuch",
    "node demote self", "node promote self",
]
SWARM = [
    "swarm ca", "swarm ca --cert-expiry 5h", "swarm unlock", "swarm unlock-key",
    "swarm unlock-key -q", "swarm unlock-key --rotate", "swarm join-token -q worker",
    "swarm join-token -q manager", "swarm join-token nosuch", "swarm join-token",
    "swarm leave", "swarm init", "swarm join", "swarm update --cert-expiry 1m",
    "swarm update --cert-expiry nosuch", "swarm update --autolock",
    "swarm update --task-history-limit x", "swarm update --dispatcher-heartbeat 5s",
    "swarm nosuch",
]
SERVICES = [
    "service ls", "service ls -q", "service list", "service ls --format {{.Name}}:{{.Replicas}}",
    "service ls --format json", "service ls --filter name=web", "service ls --filter mode=global",
    "service ls --filter nosuch=1", "service ls --format {{.Nosuch}}",
    "service ps web", "service ps -q web", "service ps --no-trunc web", "service ps nosuch",
    "service ps web nosuch", "service ps", "service ps --filter desired-state=shutdown web",
    "service ps --filter nosuch=1 web", "service ps --format {{.Name}}:{{.CurrentState}} web",
    "service ps --format json web",
    "service inspect web", "service inspect --pretty web", "service inspect nosuch",
    "service inspect --format {{.Spec.Name}} web", "service inspect web nosuch",
    "service inspect", "service logs nosuch", "service logs", "service logs --raw web",
    "service logs --tail x web", "service logs --since nosuch web",
    "service create", "service create --name web -d --no-resolve-image busybox",
    "service create --name bad/name -d --no-resolve-image busybox",
    "service create --mode nosuch -d busybox", "service create --secret nosuch -d busybox",
    "service create --secret source=one,mode=9z -d busybox",
    "service create --secret source=one,nosuch=1 -d busybox",
    "service create --secret source=one,target=a --secret source=two,target=a -d busybox",
    "service create --config nosuch -d busybox", "service create --replicas -1 -d busybox",
    "service create --replicas x -d busybox", "service create --mount type=nosuch -d busybox",
    "service create --mount nosuch -d busybox", "service create --publish x:y -d busybox",
    "service create --env-file /nosuch -d busybox", "service create --limit-memory x -d busybox",
    "service create --limit-cpu x -d busybox", "service create --restart-delay x -d busybox",
    "service create --mode global --replicas 2 -d busybox", "service create --nonsense busybox",
    "service create --update-order nosuch -d --no-resolve-image busybox",
    "service create --update-failure-action nosuch -d --no-resolve-image busybox",
    "service create --restart-condition nosuch -d --no-resolve-image busybox",
    "service create --constraint nosuch -d --no-resolve-image busybox",
    "service create --endpoint-mode nosuch -d --no-resolve-image busybox",
    "service create --isolation nosuch -d --no-resolve-image busybox",
    "service create --label -d --no-resolve-image",
    "service create -d --no-resolve-image BAD:IMAGE:x",
    "service update", "service update nosuch", "service update --nonsense web",
    "service update -d --replicas x web", "service update -d --secret-add nosuch web",
    "service update -d --image x --rollback web", "service update -d --rollback web",
    "service update -d --secret-rm nosuch web",
    "service rollback nosuch", "service rollback -d web", "service rollback",
    "service scale", "service scale web", "service scale web=x", "service scale web=-1",
    "service scale -d nosuch=1", "service scale nosuch=1", "service rm", "service rm nosuch",
    "service remove nosuch",
]
# Words after which coffer says something else than docker, and why that is better.
OURS = {
    "secret ls --format {{.Nosuch}}": "docker's words for it name types of its own source",
    "service ls --format {{.Nosuch}}": "docker's words for it name types of its own source",
    "secret inspect --pretty --format {{.ID}} one": "docker ignores one of the two, we say so",
    "secret inspect --format {{.Spec.Nosuch}} one": "what an answer leaves out is empty to us",
    "node update --role boss self": "self is a node to each verb of ours",
    "node update --availability nosuch self": "self is a node to each verb of ours",
    "node demote self": "self is a node to each verb of ours",
    "node promote self": "self is a node to each verb of ours",
    "node rm self": "self is a node to each verb of ours",
    "service create --publish x:y -d busybox": "cofferd does not publish ports yet",
    "service create --isolation nosuch -d --no-resolve-image busybox": "Windows alone has it",
    "service scale web": "docker adds its usage to words that name the help",
}
HELPED = [
    "secret", "secret create", "secret inspect", "secret ls", "secret rm", "config",
    "config create", "config inspect", "config ls", "config rm", "service", "service create",
    "service inspect", "service logs", "service ls", "service ps", "service rm",
    "service rollback", "service scale", "service update", "node", "node demote", "node inspect",
    "node ls", "node promote", "node ps", "node rm", "node update", "swarm", "swarm ca",
    "swarm init", "swarm join", "swarm join-token", "swarm leave", "swarm unlock",
    "swarm unlock-key", "swarm update",
]


def plain(text):
    """What is left when the program's name, ids and ages are taken out."""
    text = text.replace("docker.com", "@").replace("coffer", "docker")
    text = re.sub(r"\b[0-9a-z]{25}\b", "<id>", text)
    text = re.sub(r"\b[0-9a-z]{12}\b", "<id>", text)
    text = re.sub(r"(?i)(About a|Less than a|\d+) (second|minute)s?( ago)?", "<ago>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][0-9:.]+(Z| \+0000 UTC)", "<time>", text)
    # Docker's words for too few arguments differ by version; its JSON is safe in HTML.
    text = re.sub(r"^See (?='docker .* for more)", "Run ", text, flags=re.M)
    text = text.replace(r"\u0026", "&").replace(r"\u003c", "<").replace(r"\u003e", ">")
    return re.sub(r" +", " ", text).strip()


def differences(t, lines, stdin="x"):
    """The lines after which the two clients don't say the same."""
    found = []
    for line in lines:
        words = line.replace("{{json .", "{{json_.").split(" ")
        words = [word.replace("{{json_.", "{{json .") for word in words]
        docker, coffer = (client(*words, stdin=stdin, check=False)
                          for client in (t.docker, t.coffer))
        one, two = ((r.code, plain(r.out), plain(r.err)) for r in (docker, coffer))
        if one != two and line not in OURS:
            found.append(f"{line}\n  docker {one}\n  coffer {two}")
    assert not found, "\n" + "\n".join(found)


@test(engines=["podman"])
def secrets_are_told_of_as_by_docker(t):
    t.docker("secret", "create", "--label", "tier=db", "one", "-", stdin="1")
    t.docker("secret", "create", "two", "-", stdin="2")
    differences(t, SECRETS)


@test(engines=["podman"])
def configs_are_told_of_as_by_docker(t):
    t.docker("config", "create", "--label", "a=b", "site", "-", stdin="listen 80;")
    differences(t, CONFIGS)


@test(engines=["podman"])
def nodes_and_the_swarm_are_told_of_as_by_docker(t):
    t.until("the node is ready", lambda: t.api.get("/nodes").json[0]["Status"]["State"] == "ready")
    t.docker("swarm", "init")
    differences(t, NODES + SWARM)


@test(engines=["podman"])
def services_are_told_of_as_by_docker(t):
    t.secret("one")
    t.secret("two")
    t.docker("service", "create", "--name", "web", "--no-resolve-image", *QUICK, "--secret", "one",
             "--label", "tier=front", "--env", "A=1", "--limit-memory", "64m", "--constraint",
             "node.role==manager", *SLEEP)
    differences(t, SERVICES)


def flags_of(client, words):
    """{flag: its words up to the first sentence} of a help text; refused ones are left out."""
    text = client(*words.split(" "), "--help").out
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", text, re.M)) | \
        set(re.findall(r"^  ([a-z-]+)\*? +[A-Z]", text, re.M))


@test(engines=["podman"])
def help_lists_what_dockers_does(t):
    found = []
    for words in HELPED:
        missing = flags_of(t.docker, words) - flags_of(t.coffer, words)
        unknown = []
        for flag in sorted(missing):
            said = t.coffer(*words.split(" "), f"{flag}=1", check=False)
            if "unknown flag" in said.err or said.code == 0:
                unknown.append(flag)
        if unknown:
            found.append(f"{words}: {unknown}")
    assert not found, "\n" + "\n".join(found)
