# SPDX-License-Identifier: Apache-2.0
"""`docker pass` with what it shouldn't be given, and users who are none of each other's business."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

import places
from fixture import canary
from harness import NONE, equal, test
from pass_user import User

ID_WORDS = "must match ^[A-Za-z0-9._:-]+(?:/[A-Za-z0-9._:-]+)*$"


def shell(user, line):
    """A line of sh, in which $P is the program; its status and what it said on stderr."""
    done = subprocess.run(["sh", "-c", line], env={**user.env, "P": str(places.DOCKER_PASS)}, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60)
    return done.returncode, done.stderr.decode()


@test(engines=NONE, cofferd=False)
def names_that_are_none_are_refused_before_anything_is_done(t):
    user = User(t)
    for arguments in (["set", "=x"], ["set", ""], ["set", "a b=1"], ["set", "x*=1"], ["get", ""],
                      ["get", "a*"], ["rm", ""], ["rm", "ok", "/"]):
        assert ID_WORDS in user.refused(*arguments), arguments
    for arguments in (["ls", ""], ["ls", "a//b"], ["rm", "--force", "a*"]):
        assert "invalid pattern" in user.refused(*arguments), arguments
    assert "nope: plugin not found" in user.refused("plugins", "enable", "nope")
    assert "is no name of a plugin" in user.refused("plugins", "logs", "../x")


@test(engines=NONE, cofferd=False)
def the_largest_value_passes_and_a_larger_one_is_refused(t):
    user = User(t)
    value = os.urandom(1 << 20)
    user("set", "big", stdin=value)
    (user.home / "template").write_text("se://big")
    user("inject", user.home / "template", user.home / "out")
    equal((user.home / "out").read_bytes(), value)
    assert "at most 1048576" in user.refused("set", "bigger", stdin=value + b"x")
    assert "larger than" in user.refused("set", "bigger", stdin=value * 3)
    user("set", "nul", stdin=b"a\0b")
    assert "has a NUL byte" in user.refused("run", "--", "true", env={"X": "se://nul"})
    equal(user("ls").out, "big\nnul\n")


@test(engines=NONE, cofferd=False)
def what_can_not_be_read_or_written_is_told(t):
    user = User(t)
    # Also with the engine that is started meanwhile: nothing of it takes their place.
    equal(shell(user, "$P store <&- >&- 2>&-")[0], 1)
    user("set", "a=1")
    code, words = shell(user, "$P set b <&-")
    assert code == 1 and "bad file descriptor" in words, words
    for line in ("$P get a >&-", "$P ls >/dev/full", "$P ls --format json >/dev/full", "$P --help >/dev/full",
                 "$P get --help >&-", "$P get a >/dev/full"):
        equal(shell(user, line), (1, "Error: can't write to standard output\n"))
    equal(shell(user, "$P ls | true"), (0, ""))
    equal(user("ls").out, "a\n")


@test(engines=NONE, cofferd=False)
def those_who_set_while_all_is_removed_disturb_nobody(t):
    user = User(t)
    user("ls")
    codes = []

    def work(n):
        for i in range(5):
            codes.append(user("set", f"k{n}/{i}=v", check=False).code)
            if n == 0:
                user("rm", "--all", check=False)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(codes, [0] * 20)
    user("rm", "--all")
    equal([path.name for path in (user.home / "store").iterdir()], [".posixage.lock"])


@test(engines=NONE, cofferd=False)
def a_key_that_others_may_read_is_told_by_all(t):
    user = User(t)
    user("set", "a=1")
    user("store", "lock")
    (user.home / "keys/store").chmod(0o644)
    for arguments in (["set", "b=1"], ["store"], ["run", "--env-file", "/dev/stdin", "--", "true"]):
        assert "chmod 600 it" in user.refused(*arguments, stdin="X=se://a\n"), arguments
    shown = user("doctor", check=False)
    assert shown.code == 1 and "[fail] key: " in shown.out and "chmod 600" in shown.out, shown


@test(engines=NONE, cofferd=False)
def a_damaged_secret_is_named_and_can_be_removed(t):
    user = User(t)
    user("set", "a=1")
    user("set", "b=2")
    damaged = user.home / "store/YQ=="
    (damaged / "secretage").write_text("xx")
    assert "it is no age file" in user.refused("run", "--", "true", env={"X": "se://a"})
    (damaged / "metadata.json").write_text("{")
    for words in (["ls"], ["ls", "a", "b"]):
        shown = user(*words, check=False)
        equal((shown.code, shown.out), (1, "a\nb\n"))
        assert f"Error: read secret a: {damaged}/metadata.json is not a map" in shown.err, shown
    equal(user("ls", "b").out, "b\n")
    rows = [json.loads(line) for line in user("ls", "--format", "json", check=False).out.splitlines()]
    equal([list(row["Metadata"]) for row in rows], [["coffer:damaged"], []])
    assert "metadata coffer:damaged is for" in user.refused("set", "c=1", "--metadata",
                                                           "coffer:damaged=no")
    doctor = user("doctor", check=False)
    assert "[ok  ] store: 2 secrets" in doctor.out, doctor
    assert "[fail] secret: read secret a: " in doctor.out, doctor
    equal(user("run", "--", "printenv", "X", env={"X": "se://b"}).out, "2\n")
    equal(user("rm", "--force", "**/a").out, "RM: a\n")
    equal(user("ls").out, "b\n")


@test(engines=NONE, cofferd=False)
def what_is_wrong_with_a_secret_gives_a_terminal_no_orders(t):
    """The words come from who has the secrets: here from a folder's name."""
    user = User(t)
    user("set", "a=1")
    user.stop()
    named = user.home / "st\x1b[31more\u009b"
    (user.home / "store").rename(named)
    (user.home / "plugins").mkdir(exist_ok=True)
    (user.home / "plugins/file.conf").write_text(f"folder = {named}\n")
    (named / "YQ==/metadata.json").write_text("{")
    for words in ("ls", "doctor"):
        shown = user(words, check=False)
        assert "st?[31more?/YQ==" in shown.out + shown.err, shown
        assert "\x1b" not in shown.out + shown.err and "\u009b" not in shown.out + shown.err, shown


@test(engines=NONE, cofferd=False)
def what_cannot_be_written_is_a_failure(t):
    user = User(t)
    user("set", "a=1")
    full = ["sh", "-c", 'exec "$0" "$@" >/dev/full', places.DOCKER_PASS]
    (user.home / "template").write_text("se://a")
    for words in (["ls"], ["get", "a"], ["inject", user.home / "template"]):
        equal(user.refused(*words, program=full), "Error: can't write to standard output")
    assert "write what the command printed: No space left" in user.refused(
        "run", "--mask", "--", "echo", "x", program=full)


@test(engines=NONE, cofferd=False)
def metadata_gives_a_terminal_no_orders(t):
    user = User(t)
    user("set", "a=1", "--metadata", "x=\x1b[31mred\n")
    equal(user("ls", "--format", "{{.Metadata}}").out, "x=?[31mred?\n")
    assert '"x":"\\u001B[31mred\\n"' in user("ls", "--format", "json").out


@test(engines=NONE, cofferd=False)
def a_doctor_finds_what_is_wrong(t):
    user = User(t)
    user("set", "a=1")
    assert user("doctor").out.count("[ok  ]") == 5, user("doctor").out

    def finds(words):
        user.stop()
        shown = user("doctor", check=False)
        assert shown.code == 1 and words in shown.out, shown
    (user.home / "store").chmod(0o755)
    finds("may be used by others (mode 755); chmod 700 it")
    (user.home / "store").chmod(0o700)
    (user.home / "keys/store").rename(user.home / "elsewhere")
    finds(f"{user.home}/keys/store is missing, the key of the secrets that are in the store: put it back")
    (user.home / "elsewhere").rename(user.home / "keys/store")
    settings = (user.home / "engine.conf").read_text()
    for more, words in (("bogus = 1\n", "unknown setting 'bogus'"),
                        ("store = keychain\n", "keychain backend unavailable")):
        (user.home / "engine.conf").write_text(settings.replace("store = file\n", "") + more)
        finds(words)
    (user.home / "engine.conf").write_text(settings)
    user.stop()
    user("doctor")


# ---- users

class Other(User):
    """A user of this host that isn't root, with a home and all defaults."""

    def __init__(self, t, uid):
        self.uid = uid
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="coffer-user-"))
        t.defer(lambda: shutil.rmtree(self.base, ignore_errors=True))
        self.base.chmod(0o755)
        self.home = self.base / "home"
        settings = self.home / ".config/coffer"
        settings.mkdir(parents=True)
        (settings / "engine.conf").write_text(f"store = file\nplugin-dir = {places.PLUGINS}\n")
        for folder, _, files in os.walk(self.home):
            for name in (".", *files):
                os.chown(os.path.join(folder, name), uid, uid)
            os.chmod(folder, 0o700)
        self.env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        t.defer(self.stop)

    def __call__(self, *arguments, program=None, **options):
        me = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        return super().__call__(*arguments, program=[*me, *(program or [places.DOCKER_PASS])], **options)

    def socket(self):
        return self.home / ".cache/coffer/engine.sock"

    def engine(self):
        return self.peer(self.socket())


@test(engines=NONE, cofferd=False)
def two_users_see_nothing_of_each_other(t):
    ann, bob = Other(t, 4301), Other(t, 4302)
    values = {ann: canary(), bob: canary()}
    for user, value in values.items():
        user("set", "same/name", stdin=value)
    ann("set", "ann", stdin="1")
    for user, value in values.items():
        equal(user("run", "--", "printenv", "X", env={"X": "se://same/name"}).out, value + "\n")
    equal((ann("ls").out, bob("ls").out), ("ann\nsame/name\n", "same/name\n"))
    assert ann.engine() != bob.engine()
    # Not by the other's socket either, on a path or with an abstract name.
    for socket in (str(bob.socket()), "@docker-secrets-engine/4302/daemon.sock"):
        for words in (["ls"], ["set", "x=1"], ["run", "--", "printenv", "X"]):
            shown = ann(*words, check=False, env={"COFFER_ENGINE_SOCKET": socket, "X": "se://same/name"})
            assert shown.code == 1 and values[bob] not in shown.out, shown
    equal(bob("ls").out, "same/name\n")
    # Nor by a folder that isn't one's own.
    shown = ann("ls", check=False, env={"COFFER_HOME": str(bob.home)})
    assert shown.code == 1 and "ermission denied" in shown.err, shown
    for pid in (bob.engine(), ann.engine()):
        done = subprocess.run(["setpriv", "--reuid=4301", "--clear-groups", "--regid=4301", "cat",
                               f"/proc/{pid}/environ"], check=False, stderr=subprocess.DEVNULL)
        assert done.returncode != 0, "an engine can be looked into"


@test(engines=NONE, cofferd=False)
def a_home_that_can_not_be_written_is_told(t):
    user = Other(t, 4303)
    for folder, _, _ in os.walk(user.home):
        os.chown(folder, 0, 0)
        os.chmod(folder, 0o755)
    assert f"make {user.home}/.cache: Permission denied" in user.refused("ls")
    assert "has no home: set HOME, or COFFER_HOME" in user.refused(
        "ls", program=["env", "-u", "HOME", places.DOCKER_PASS])
    # One folder that can be written is enough.
    own = user.base / "own"
    own.mkdir()
    own.chmod(0o700)
    shutil.copy(user.home / ".config/coffer/engine.conf", own)
    for path in (own, own / "engine.conf"):
        os.chown(path, user.uid, user.uid)
    user.env["COFFER_HOME"] = str(own)
    user("set", "a=1")
    equal(user("ls").out, "a\n")
    user.socket = lambda: own / "engine.sock"


@test(engines=NONE, cofferd=False)
def a_key_is_sealed_by_root_alone(t):
    user = Other(t, 4304)
    user("set", "a=1")
    if shutil.which("systemd-creds"):
        words = user.refused("store", "key", "systemd-creds")
        assert "systemd-creds: " in words and "only root has it" in words, words
    equal(user("run", "--", "printenv", "X", env={"X": "se://a"}).out, "1\n")
