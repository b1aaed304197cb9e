# SPDX-License-Identifier: Apache-2.0
"""The encrypted files: their plugin, and the age tool as an independent witness."""

import base64
import os
import shutil
import subprocess

from harness import NONE, Skip, equal, test
from plugin import Gone, Plugin, Refused, refused

VALUE = b"a value with \0 and \xff\n"


class Store:
    """Folders for one store, and plugins on it."""

    def __init__(self, t, folder=None):
        self.node = t.node
        self.home = folder or t.node.folder / f"store-{next(t.counter)}"
        self.home.mkdir(exist_ok=True)
        self.folder, self.key = self.home / "files", self.home / "key"

    def plugin(self, **config):
        return Plugin(self.node, "file", {"folder": str(self.folder), "key": str(self.key),
                                          **config})

    def file(self, secret, name="secretage"):
        return self.folder / base64.b64encode(secret.encode()).decode() / name

    def secret_names(self):
        return sorted(base64.b64decode(p.name).decode() for p in self.folder.iterdir()
                      if not p.name.startswith("."))


def age(*arguments, data=b""):
    return subprocess.run(["age", *map(str, arguments)], input=data, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


@test(engines=NONE, cofferd=False)
def a_secret_is_saved_read_listed_and_removed(t):
    plugin = Store(t).plugin()
    equal(plugin.list(), {})
    plugin.save("db/password", VALUE, {"owner": "me"})
    plugin.save("db/user", b"")
    found = plugin.get("db/*")
    equal(found["db/password"].value, VALUE)
    equal(found["db/password"].metadata, {"owner": "me"})
    equal(found["db/user"].value, b"")
    listed = plugin.list()
    equal(sorted(listed), ["db/password", "db/user"])
    equal(listed["db/password"].value, b"")
    assert "already exists" in refused("already_exists", plugin.save, "db/user", b"x",
                                       overwrite=False)
    plugin.remove("db/user")
    refused("not_found", plugin.remove, "db/user")
    equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def age_reads_what_we_write_and_we_read_what_age_writes(t):
    store = Store(t)
    plugin = store.plugin()
    plugin.save("ours", VALUE)
    equal(age("-d", "-i", store.key, store.file("ours")), VALUE)
    public = subprocess.run(["age-keygen", "-y", store.key], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    store.file("theirs").parent.mkdir(mode=0o700)
    store.file("theirs").write_bytes(age("-r", public, data=b"from age"))
    store.file("theirs", "metadata.json").write_text('{"by": "hand"}')
    found = plugin.get("theirs")["theirs"]
    equal((found.value, found.metadata), (b"from age", {"by": "hand"}))


@test(engines=NONE, cofferd=False)
def a_key_of_age_keygen_is_used(t):
    store = Store(t)
    subprocess.run(["age-keygen", "-o", store.key], check=True, stderr=subprocess.DEVNULL)
    plugin = store.plugin()
    plugin.save("a", VALUE)
    equal(age("-d", "-i", store.key, store.file("a")), VALUE)


def age_with_passphrase(path, passphrase, data):
    """age -p asks a terminal: script(1) is one."""
    plain = path.with_suffix(".plain")
    plain.write_bytes(data)
    subprocess.run(["script", "-qec", f"age -p -o {path} {plain}", "/dev/null"], check=True,
                   input=f"{passphrase}\n{passphrase}\n".encode(), stdout=subprocess.DEVNULL)
    plain.unlink()
    path.chmod(0o600)


@test(engines=NONE, cofferd=False)
def a_key_with_a_passphrase_must_be_unlocked(t):
    store = Store(t)
    key = subprocess.run(["age-keygen"], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    age_with_passphrase(store.key, "open sesame", key)
    plugin = store.plugin()
    assert "unlock" in refused("failed_precondition", plugin.save, "a", VALUE)
    refused("permission_denied", plugin.unlock, b"wrong")
    plugin.unlock(b"open sesame")
    plugin.save("a", VALUE)
    equal(plugin.value("a"), VALUE)
    plugin.lock()
    assert "unlock" in refused("internal", plugin.get, "a")
    equal(list(plugin.list()), ["a"])


@test(engines=NONE, cofferd=False)
def a_passphrase_is_given_changed_and_taken_away(t):
    store = Store(t)
    plugin = store.plugin()
    plugin.save("a", VALUE)
    plain = store.key.read_bytes()
    plugin.protect("passphrase", new=b"first")
    assert store.key.read_bytes().startswith(b"age-encryption.org/v1\n-> scrypt ")
    equal(plugin.value("a"), VALUE)
    plugin.lock()
    assert "unlock" in refused("internal", plugin.get, "a")
    assert "has a passphrase" in refused("failed_precondition", plugin.unlock)
    plugin.unlock(b"first")
    equal(plugin.value("a"), VALUE)
    # That it is unlocked isn't enough to change the passphrase.
    refused("failed_precondition", plugin.protect, "passphrase", new=b"x")
    refused("permission_denied", plugin.protect, "passphrase", b"wrong", b"x")
    plugin.protect("passphrase", b"first", b"second")
    refused("permission_denied", plugin.unlock, b"first")
    plugin.unlock(b"second")
    plugin.protect("clear", b"second")
    equal(store.key.read_bytes(), plain)
    equal(store.key.stat().st_mode & 0o777, 0o600)
    for wrong in (("clear", b"x"), ("passphrase",), ("passphrase", b"", b"x" * 1025),
                  ("clear", b"", b"x"), ("bogus",)):
        refused("invalid_argument", plugin.protect, *wrong)
    equal(store.key.read_bytes(), plain)


@test(engines=NONE, cofferd=False)
def nothing_of_a_passphrase_or_a_locked_key_stays_in_memory(t):
    store = Store(t)
    plugin = store.plugin()
    plugin.save("a", VALUE)
    key = store.key.read_bytes().split(b"\n")[1]
    assert key.startswith(b"AGE-SECRET-KEY-"), key
    plugin.protect("passphrase", new=b"the-first-passphrase")
    plugin.protect("passphrase", b"the-first-passphrase", b"the-second-passphrase")
    plugin.lock()
    plugin.unlock(b"the-second-passphrase")
    equal(plugin.value("a"), VALUE)
    plugin.lock()
    for words in (b"the-first-pass", b"the-second-pass", key[20:40]):
        assert not plugin.remembers(words), words
    if shutil.which("systemd-creds"):
        plugin.protect("systemd-creds", b"the-second-passphrase")
        plugin.lock()
        equal(plugin.value("a"), VALUE)
        plugin.lock()
        assert not plugin.remembers(key[20:40])


@test(engines=NONE, cofferd=False)
def a_new_key_can_have_a_passphrase_from_the_start(t):
    store = Store(t)
    plugin = store.plugin()
    equal(plugin.state(), ("file", str(store.folder), f"{store.key} (made when the first secret is saved)",
                           False, False))
    plugin.protect("passphrase", new=b"first")
    plugin.lock()
    equal(plugin.state()[2:], (f"{store.key} (encrypted with a passphrase)", True, True))
    refused("failed_precondition", plugin.save, "a", VALUE)
    plugin.unlock(b"first")
    plugin.save("a", VALUE)
    equal(plugin.value("a"), VALUE)


@test(engines=NONE, cofferd=False)
def a_key_is_sealed_for_this_host_by_systemd(t):
    if not shutil.which("systemd-creds"):
        raise Skip("there is no systemd-creds")
    store = Store(t)
    plugin = store.plugin()
    plugin.save("a", VALUE)
    plain = store.key.read_bytes()
    plugin.protect("systemd-creds")
    equal(plugin.state()[2:], (f"{store.key} (encrypted by systemd-creds)", False, False))
    equal(subprocess.run(["systemd-creds", "decrypt", "--name=coffer-key", store.key, "-"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout, plain)
    plugin.lock()
    equal(plugin.value("a"), VALUE)
    sealed = store.key.read_bytes()
    store.key.write_bytes(sealed[:100] + b"AAAA" + sealed[104:])
    plugin.lock()
    assert "systemd-creds: " in refused("internal", plugin.get, "a")
    store.key.write_bytes(sealed)
    plugin.protect("clear")
    equal(store.key.read_bytes(), plain)


@test(engines=NONE, cofferd=False)
def a_key_that_systemd_hands_over_is_used(t):
    """As a unit's LoadCredentialEncrypted=coffer-key:... does it."""
    store = Store(t)
    given = store.home / "credentials"
    given.mkdir()
    subprocess.run(["age-keygen", "-o", given / "coffer-key"], check=True, stderr=subprocess.DEVNULL)
    (given / "coffer-key").chmod(0o440)
    plugin = Plugin(t.node, "file", {}, environment={"COFFER_HOME": str(store.home),
                                                     "CREDENTIALS_DIRECTORY": str(given)})
    plugin.save("a", VALUE)
    equal(age("-d", "-i", given / "coffer-key", store.home / "store/YQ==/secretage"), VALUE)
    assert not store.key.exists()
    equal(plugin.state()[2], f"{given}/coffer-key (given by systemd)")
    assert "change it there" in refused("failed_precondition", plugin.protect, "clear")
    # Without systemd's key no other one is made for secrets that it doesn't open.
    bare = Plugin(t.node, "file", {}, environment={"COFFER_HOME": str(store.home)})
    assert "is missing" in refused("internal", bare.save, "b", VALUE)
    refused("internal", bare.get, "a")
    assert not store.key.exists()


@test(engines=NONE, cofferd=False)
def a_lost_key_is_not_replaced(t):
    store = Store(t)
    store.plugin().save("a", VALUE)
    store.key.rename(store.home / "elsewhere")
    plugin = store.plugin()
    for call in ((plugin.save, "b", VALUE), (plugin.protect, "clear")):
        assert "put it back" in refused("internal", *call)
    assert "put it back" in refused("internal", plugin.get, "a")
    refused("internal", plugin.state)
    refused("not_found", plugin.get, "b")
    (store.home / "elsewhere").rename(store.key)
    equal(plugin.value("a"), VALUE)


@test(engines=NONE, cofferd=False)
def a_key_that_others_may_read_is_refused(t):
    store = Store(t)
    store.plugin().save("a", VALUE)
    store.key.chmod(0o644)
    assert "chmod 600" in refused("internal", store.plugin().get, "a")


@test(engines=NONE, cofferd=False)
def two_that_start_at_once_have_one_key(t):
    for _ in range(5):
        store = Store(t)
        plugins = [store.plugin() for _ in range(4)]
        begun = [p.begin_save(f"s{i}", VALUE) for i, p in enumerate(plugins)]
        for plugin, number in zip(plugins, begun):
            plugin.finish(number)
        found = store.plugin().get("**")
        equal({k: v.value for k, v in found.items()}, {f"s{i}": VALUE for i in range(4)})
        for plugin in plugins:
            equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def a_full_disk_is_told_and_leaves_what_was_there(t):
    disk = t.node.folder / "disk"
    disk.mkdir()
    t.node.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "small", disk])
    store = Store(t, t.node.path(disk) / "s")
    inside = str(disk / "s")
    plugin = Plugin(t.node, "file", {"folder": inside + "/files", "key": inside + "/key"})
    plugin.save("a", b"old")
    message = refused("internal", plugin.save, "a", b"x" * 400_000)
    assert "No space left" in message, message
    equal(plugin.value("a"), b"old")
    plugin.save("a", b"new")
    equal(plugin.value("a"), b"new")
    equal(store.secret_names(), ["a"])


@test(engines=NONE, cofferd=False)
def a_kill_at_any_moment_leaves_the_old_or_the_new(t):
    store = Store(t)
    plugin = store.plugin()
    plugin.save("a", b"0" * 50_000)
    plugin.stop()
    for turn in range(1, 13):
        plugin = store.plugin()
        value = str(turn % 10).encode() * 50_000
        # Killed after so many saves, with one more on its way.
        for _ in range(turn % 4):
            plugin.save("a", value)
        plugin.begin_save("a", value)
        plugin.kill()
        again = store.plugin()
        found = again.value("a")
        assert len(found) == 50_000 and len(set(found)) == 1, found[:20]
        again.save("b", b"works")
        equal(again.stop()[0], 0)
    equal(store.secret_names(), ["a", "b"])
    equal([p.name for p in store.folder.iterdir() if p.name.startswith(".writing")], [])


@test(engines=NONE, cofferd=False)
def secrets_of_an_image_are_replaced_and_removed(t):
    """An overlay moves no folder of the layers below."""
    store = Store(t)
    plugin = store.plugin()
    for name in "ab":
        plugin.save(name, b"1")
    plugin.stop()
    layers = t.node.folder / f"layers-{next(t.counter)}"
    layers.mkdir()
    t.node.run(["mount", "-t", "tmpfs", "none", layers])
    t.node.run(["mkdir", layers / "upper", layers / "work"])
    options = f"lowerdir={store.home},upperdir={layers}/upper,workdir={layers}/work"
    t.node.run(["mount", "-t", "overlay", "overlay", "-o", f"{options},redirect_dir=off",
                store.home])
    plugin = store.plugin()
    plugin.save("a", b"2")
    plugin.remove("b")
    equal({name: found.value for name, found in plugin.get("**").items()}, {"a": b"2"})
    equal(list(plugin.list()), ["a"])
    plugin.stop()


@test(engines=NONE, cofferd=False)
def the_engines_own_credentials_are_not_handed_out(t):
    store = Store(t)
    plugin = store.plugin()
    plugin.save("docker/secrets-engine/plugins/vault/token", VALUE)
    plugin.save("a", VALUE)
    equal(list(plugin.get("**")), ["a"])
    equal(sorted(plugin.list()), ["a", "docker/secrets-engine/plugins/vault/token"])
    shown = store.plugin(internal="show")
    equal(shown.value("docker/secrets-engine/plugins/vault/token"), VALUE)
    equal(list(shown.read("docker/secrets-engine/plugins/vault/token")),
          ["docker/secrets-engine/plugins/vault/token"])
    refused("not_found", shown.read, "b")


@test(engines=NONE, cofferd=False)
def what_a_store_is_asked_for_is_checked(t):
    store = Store(t)
    plugin = store.plugin()
    for wrong in ("", "/a", "a//b", "*", "a b", "x" * 190):
        refused("invalid_argument", plugin.save, wrong, VALUE)
    plugin.save("y" * 189, VALUE)
    equal(plugin.value("y" * 189), VALUE)
    refused("invalid_argument", plugin.get, "a*")
    assert not isinstance(plugin.process.poll(), int), "it is still there"


@test(engines=NONE, cofferd=False)
def a_folder_of_others_is_refused_at_the_start(t):
    store = Store(t)
    store.folder.mkdir()
    store.folder.chmod(0o755)
    try:
        store.plugin().list()
    except (Refused, Gone) as refusal:
        assert isinstance(refusal, Gone) or "chmod 700" in refusal.message, refusal
    else:
        raise AssertionError("it was opened")
    os.chmod(store.folder, 0o700)
    equal(store.plugin().list(), {})
