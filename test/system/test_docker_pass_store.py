# SPDX-License-Identifier: Apache-2.0
"""`docker pass store`: which local store there is, its key, and moves between stores."""

import base64
import shutil
import signal
import subprocess
import subprocess
import sys

import places
from harness import NONE, Skip, equal, test
from keyring import LOGIN, Bus
from pass_user import User
from terminal import Terminal

TOKEN = "docker/secrets-engine/plugins/vault/token"
IN_KEYRING = ["keychain", f"  place: {LOGIN}", "  key: the keyring's own password", "  state: open"]
BOTH = {"A": "se://a", "B": "se://b/c"}


def state(user):
    return user("store").out.splitlines()


@test(engines=NONE, cofferd=False)
def the_store_can_be_looked_at_and_chosen(t):
    user = User(t)
    equal(state(user), ["file", f"  place: {user.home}/store",
                        f"  key: {user.home}/keys/store (made when the first secret is saved)", "  state: open"])
    user("set", "a=1")
    equal(user("store", "show").out.splitlines()[2], f"  key: {user.home}/keys/store (in clear)")
    first = user.engine()
    user("store", "set", "file")
    assert "store = file\n" in (user.home / "engine.conf").read_text()
    equal(user("ls").out, "a\n")
    assert user.engine() != first
    assert "is no store" in user.refused("store", "set", "bogus")
    assert "[ok  ] store: 1 secrets" in user("doctor").out
    assert "docker-pass" in user("plugins", "ls").out
    user.refused("plugins", "disable", "docker-pass")


@test(engines=NONE, cofferd=False)
def who_only_holds_the_socket_for_an_engine_is_not_ended(t):
    """As systemd does: until the first engine runs, it is the one at the socket's other end."""
    user = User(t)
    holder = subprocess.Popen(
        [sys.executable, "-c", "import signal, socket, sys\n"
         "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()\n"
         "print('ready', flush=True); signal.pause()", str(user.home / "engine.sock")],
        stdout=subprocess.PIPE)
    try:
        equal(holder.stdout.readline(), b"ready\n")
        user("store", "set", "file")
        equal(holder.poll(), None)
    finally:
        holder.kill()
        holder.communicate()
        (user.home / "engine.sock").unlink()


# ---- the key

@test(engines=NONE, cofferd=False)
def a_passphrase_comes_from_lines_and_files(t):
    user = User(t)
    user("set", "a=1")
    user("store", "passphrase", stdin="first\n")
    equal(user("run", "--", "printenv", "X", env={"X": "se://a"}).out, "1\n")
    user("store", "lock")
    equal(state(user)[2:], [f"  key: {user.home}/keys/store (encrypted with a passphrase)", "  state: locked"])
    words = (f"the store is locked: its key {user.home}/keys/store has a passphrase "
             "(unlock it with: coffer pass store unlock)")
    equal(user.refused("set", "b=2"), f"Error: {words}")
    assert words in user.refused("run", "--", "true", env={"X": "se://a"})
    assert "[fail] key: " in user("doctor", check=False).out
    equal(user("ls").out, "a\n")
    assert "the passphrase is wrong" in user.refused("store", "unlock", stdin="wrong\n")
    assert "is missing" in user.refused("store", "unlock")
    user("store", "unlock", stdin="first")
    user("store", "unlock")  # is nothing to do
    (user.home / "old").write_text("first\n")
    (user.home / "new").write_text("second\nmore\n")
    files = ["--old-file", user.home / "old", "--new-file", user.home / "new"]
    user("store", "passphrase", *files)
    assert "wrong" in user.refused("store", "passphrase", *files)
    user("store", "lock")
    user("store", "unlock", "--passphrase-file", user.home / "new")
    # Lines too many: the key isn't as the caller thinks.
    user("store", "key", "clear", stdin="second\n")
    assert "more lines" in user.refused("store", "passphrase", stdin="second\nthird\n")
    equal(state(user)[2:], [f"  key: {user.home}/keys/store (in clear)", "  state: open"])
    assert "has no passphrase" in user.refused("store", "passphrase", "--old-file", user.home / "old",
                                               stdin="x\n")


@test(engines=NONE, cofferd=False)
def a_passphrase_is_asked_for_and_not_shown(t):
    user = User(t)
    user("set", "a=1")

    def ask(*arguments, answers, code):
        terminal = Terminal([places.DOCKER_PASS, "store", *arguments], user.env)
        for question, answer in answers:
            terminal.expect(question)
            terminal.expect("\x1b[?2004h")
            terminal.type(answer + "\r")
        equal(terminal.end(), code)
        assert not any(answer in terminal.read for _, answer in answers), terminal.read
        return terminal.read

    new, again, old = "New passphrase: ", "New passphrase again: ", "Old passphrase: "
    assert "differ" in ask("passphrase", answers=[(new, "one-word"), (again, "other-word")], code=1)
    ask("passphrase", answers=[(new, "one-word"), (again, "one-word")], code=0)
    ask("passphrase", answers=[(old, "one-word"), (new, "two-words"), (again, "two-words")], code=0)
    user("store", "lock")
    ask("unlock", answers=[("Passphrase: ", "two-words")], code=0)
    equal(state(user)[3], "  state: open")


@test(engines=NONE, cofferd=False)
def a_key_is_sealed_by_systemd(t):
    if not shutil.which("systemd-creds"):
        raise Skip("there is no systemd-creds")
    subprocess.run(["systemd-creds", "setup"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    user = User(t)
    user("set", "a=1")
    user("store", "key", "systemd-creds")
    user.stop()
    equal(user("run", "--", "printenv", "X", env={"X": "se://a"}).out, "1\n")
    equal(state(user)[2:], [f"  key: {user.home}/keys/store (encrypted by systemd-creds)", "  state: open"])
    assert "AGE-SECRET-KEY" not in (user.home / "keys/store").read_text()
    user("store", "passphrase", stdin="first\n")
    user("store", "key", "systemd-creds", stdin="first\n")
    user("store", "key", "clear")
    assert "AGE-SECRET-KEY" in (user.home / "keys/store").read_text()


# ---- moves

def keyring_user(t):
    bus = Bus(t.node, t.node.folder / f"bus-{next(t.counter)}")
    bus.start_keyring()
    user = User(t)
    user.env |= bus.environment
    return user, bus


def files(user):
    return [path for path in (user.home / "store").iterdir() if path.name[0] != "."]


@test(engines=NONE, cofferd=False)
def secrets_are_moved_from_one_store_to_the_other(t):
    user, bus = keyring_user(t)
    user("set", "a", "--metadata", "k=v", stdin="one")
    user("set", "b/c", stdin=b"two\n")
    user("set", TOKEN, stdin="hidden")
    user("store", "set", "--move", "keychain")
    equal(state(user)[0], "keychain")
    equal(user("ls", "--format", "{{.ID}} {{.Metadata}}").out, f"a k=v\nb/c \n{TOKEN} \n")
    equal(bus.lookup("b/c"), b"two\n")
    equal(bus.lookup(TOKEN), b"hidden")
    equal(files(user), [])
    # What the other store has already stays where it is.
    user("store", "set", "file")
    user("set", "a", stdin="other")
    user("store", "set", "keychain")
    assert "1 secrets stay in the store keychain" in user.refused("store", "set", "--move", "file")
    equal(state(user)[0], "file")
    equal(user("run", "--", "sh", "-c", 'echo "$A $B"', env=BOTH).out, "other two\n\n")
    user("store", "set", "keychain")
    equal(user("ls").out, "a\n")


@test(engines=NONE, cofferd=False)
def a_move_that_was_killed_is_finished(t):
    user, bus = keyring_user(t)
    values = {f"k/{n:02}": f"value {n}" for n in range(20)}
    for name, value in values.items():
        user("set", name, stdin=value)
    for words in ("reading 7 of", "copying 1 of", "copying 13 of", "removing 4 of"):
        terminal = Terminal([places.DOCKER_PASS, "store", "set", "--move", "keychain"], user.env)
        terminal.expect(words)
        terminal.process.send_signal(signal.SIGKILL)
        terminal.end()
        assert "interrupted: finish it by: store set --move keychain" in user("store").out
        assert "[fail] move: " in user("doctor", check=False).out
        assert "was interrupted" in user.refused("store", "set", "file")
        stored = {name: bus.lookup(name) for name in values}
        assert all(stored[n] == v.encode() for n, v in values.items() if not has_file(user, n)), words
    user("store", "set", "--move", "keychain")
    equal({name: bus.lookup(name).decode() for name in values}, values)
    equal(files(user), [])
    equal(state(user), IN_KEYRING)
    # One can be taken back, too.
    terminal = Terminal([places.DOCKER_PASS, "store", "set", "--move", "file"], user.env)
    terminal.expect("copying 5 of")
    terminal.process.send_signal(signal.SIGKILL)
    terminal.end()
    user("store", "set", "--move", "keychain")
    equal({name: bus.lookup(name).decode() for name in values}, values)
    equal((files(user), state(user)), ([], IN_KEYRING))


def has_file(user, name):
    return (user.home / "store" / base64.b64encode(name.encode()).decode()).exists()


@test(engines=NONE, cofferd=False)
def a_locked_keyring_is_told_and_unlocked(t):
    user, bus = keyring_user(t)
    user("store", "set", "keychain")
    user("set", "a", stdin="one")
    equal(state(user), IN_KEYRING)
    user("store", "unlock")  # nothing is asked
    bus.lock()
    equal(state(user)[3], "  state: locked")
    assert "[fail]" in user("doctor", check=False).out
    assert "wrong" in user.refused("store", "unlock", stdin="wrong\n")
    user("store", "unlock", stdin="test\n")
    equal(user("run", "--", "printenv", "X", env={"X": "se://a"}).out, "one\n")
    user("store", "lock")
    equal(state(user)[3], "  state: locked")


@test(engines=NONE, cofferd=False)
def a_move_that_fails_leaves_all_where_it_was(t):
    user, bus = keyring_user(t)
    user("set", "a", stdin="one")
    user("set", "b/c", stdin="x" * 100_000)
    bus.lock()
    words = user.refused("store", "set", "--move", "keychain", stdin="wrong\n")
    assert "nothing is moved, the store file is used as before" in words and "wrong" in words, words
    equal(user("run", "--", "sh", "-c", "echo $A ${#B}", env=BOTH).out, "one 100000\n")
    user("store", "set", "--move", "keychain", stdin="test\n")
    # The way back: to a disk that is too small.
    disk = user.home / "store"
    t.node.run(["mount", "-t", "tmpfs", "-o", "size=80k,mode=700", "small", disk])
    user.env["COFFER_ENGINED"] = engine_in_node(t, user)
    user.stop()
    words = user.refused("store", "set", "--move", "file")
    assert "No space left" in words and "the store keychain is used as before" in words, words
    equal((bus.lookup("a"), len(bus.lookup("b/c"))), (b"one", 100_000))
    equal(state(user), IN_KEYRING)


def engine_in_node(t, user):
    """A program that is the engine, where the node's mounts are seen."""
    path = user.home / "engine-in-node"
    path.write_text(f"#!/bin/sh\nexec {places.ROOT}/test/rig/in-node {t.node.folder} {places.BUILD}/src/coffer-engined \"$@\"\n")
    path.chmod(0o755)
    return str(path)


@test(engines=NONE, cofferd=False)
def a_store_with_a_passphrase_is_moved_to_and_from(t):
    user, bus = keyring_user(t)
    user("set", "a", stdin="one")
    user("store", "passphrase", stdin="first\n")
    (user.home / "pass").write_text("first\n")
    user("store", "set", "--move", "keychain", "--passphrase-file", user.home / "pass")
    equal(bus.lookup("a"), b"one")
    assert "is missing" in user.refused("store", "set", "--move", "file")
    equal(state(user), IN_KEYRING)
    user("store", "set", "--move", "file", stdin="first\n")
    user("store", "unlock", stdin="first\n")
    equal(user("run", "--", "printenv", "X", env={"X": "se://a"}).out, "one\n")


@test(engines=NONE, cofferd=False)
def a_key_of_an_earlier_version_opens_its_store(t):
    """It was beside the settings, where a confined plugin changes nothing."""
    user = User(t)
    user("set", "a=1")
    user.stop()
    place, old = user.home / "keys/store", user.home / "key"
    place.rename(old)
    user("set", "b=2")
    equal(user("run", "--", "sh", "-c", "echo $X$Y", env={"X": "se://a", "Y": "se://b"}).out, "12\n")
    assert not place.exists()
    equal(state(user)[2:], [f"  key: {old} (in clear; its place is now {place})", "  state: open"])
    command = f"mv {old} {place}"
    assert command in user.refused("store", "key", "clear")
    user("-c", command, program=["sh"])
    user("store", "key", "clear")
    equal(state(user)[2:], [f"  key: {place} (in clear)", "  state: open"])
