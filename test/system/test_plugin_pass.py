# SPDX-License-Identifier: Apache-2.0
"""The password store's plugin, with the real pass and a key of gpg that is thrown away."""

import subprocess

from harness import NONE, equal, test
from keyring import IN_NODE
from plugin import Plugin, refused

VALUE = b"a value with \0 and \xff"


class Store:
    def __init__(self, t, **key_options):
        self.node = t.node
        self.home = t.node.folder / f"pass-{next(t.counter)}"
        self.home.mkdir(mode=0o700)
        (self.home / "gnupg").mkdir(mode=0o700)
        self.environment = {"HOME": str(self.home), "GNUPGHOME": str(self.home / "gnupg"),
                            "PATH": "/usr/bin:/bin"}
        self.run("gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase",
                 key_options.get("passphrase", ""), "--quick-generate-key", "test@example.org",
                 "default", "default", "never")
        self.run("pass", "init", "test@example.org")

    def run(self, *command, data=b"", check=True):
        return subprocess.run([IN_NODE, self.node.folder, *command], input=data, check=check,
                              env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    def plugin(self, **config):
        return Plugin(self.node, "pass", config, self.environment)


@test(engines=NONE, cofferd=False)
def pass_reads_what_we_write_and_we_read_what_it_writes(t):
    store = Store(t)
    plugin = store.plugin()
    plugin.save("db/password", VALUE)
    equal(store.run("pass", "show", "db/password"), VALUE)
    equal(plugin.value("db/password"), VALUE)
    store.run("pass", "insert", "-m", "by/hand", data=b"first line\nuser: me\n")
    equal(plugin.value("by/hand"), b"first line")
    equal(sorted(plugin.get("**")), ["by/hand", "db/password"])
    equal(sorted(plugin.list("db/**")), ["db/password"])
    refused("already_exists", plugin.save, "by/hand", b"x", overwrite=False)
    plugin.save("by/hand", b"new")
    equal(store.run("pass", "show", "by/hand"), b"new")
    plugin.remove("by/hand")
    refused("not_found", plugin.remove, "by/hand")
    refused("not_found", plugin.get, "by/hand")
    equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def what_would_not_come_back_as_it_was_is_refused(t):
    store = Store(t)
    plugin = store.plugin()
    assert "value = whole" in refused("invalid_argument", plugin.save, "a", b"two\nlines")
    assert "metadata" in refused("unimplemented", plugin.save, "a", b"x", {"k": "v"})
    whole = store.plugin(value="whole")
    whole.save("a", b"two\nlines\n")
    equal(whole.value("a"), b"two\nlines\n")
    equal(plugin.value("a"), b"two")
    for wrong in ("../out", ".gpg-id", "-f", "a/-f"):
        refused("invalid_argument", plugin.save, wrong, b"x")
        refused("invalid_argument", plugin.remove, wrong)
        refused("not_found", plugin.get, wrong)


@test(engines=NONE, cofferd=False)
def an_entry_that_cannot_be_decrypted_is_an_error_in_time(t):
    store = Store(t, passphrase="open sesame")
    plugin = store.plugin(timeout="5")
    plugin.save("a", VALUE)
    store.run("gpgconf", "--kill", "gpg-agent")
    assert "pass show" in (message := refused("internal", plugin.get, "a")) or "in time" in message
    (store.home / ".password-store/broken.gpg").write_bytes(b"no message")
    assert "pass show ended with status" in refused("internal", plugin.get, "broken")
    equal(sorted(plugin.list()), ["a", "broken"])
