# SPDX-License-Identifier: Apache-2.0
"""The plugin of Vault's secrets, on a server that was written from Vault's documentation."""

import time

from harness import NONE, equal, test
from https_server import Authority
from plugin import Plugin, refused
from vault_server import VaultServer


class World:
    def __init__(self, t, **options):
        self.t = t
        self.folder = t.node.folder / f"vault-{next(t.counter)}"
        self.authority = Authority(self.folder)
        self.server = VaultServer(t.node, self.authority, **options)

    def plugin(self, **config):
        return Plugin(self.t.node, "vault", {
            "address": self.server.address, "ca-file": str(self.authority.file),
            **({} if "role-id" in config else {"token": self.server.root}), **config})

    def count(self, function, *arguments, **options):
        """How many requests the server gets for it."""
        self.server.forget()
        function(*arguments, **options)
        return len(self.server.requests)


def fails(plugin, pattern, *words, **options):
    """What is no answer is an error of the plugin's to an engine; the words are for a person."""
    message = refused("internal", plugin.get, pattern, **options)
    for word in words:
        assert word in message, message
    return message


@test(engines=NONE, cofferd=False)
def a_field_of_a_secret_is_read_with_its_version_and_metadata(t):
    world = World(t)
    world.server.put("app/db", {"password": "old"})
    world.server.put("app/db", {"password": "p\u00e4ss", "port": 5432, "tags": ["a", 1]},
                     custom={"owner": "jdoe"})
    plugin = world.plugin()
    found = plugin.get("vault/app/db/password")["vault/app/db/password"]
    equal(found.value, "p\u00e4ss".encode())
    equal((found.version, found.metadata), ("2", {"owner": "jdoe"}))
    equal((found.created_at, found.expires_at), (1521685446, None))
    equal(plugin.value("vault/app/db/port"), b"5432")
    equal(plugin.value("vault/app/db/tags"), b'["a",1]')
    refused("not_found", plugin.get, "vault/app/db/user")
    refused("not_found", plugin.get, "vault/app")
    refused("not_found", plugin.get, "other/app/db/password")
    equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def a_path_alone_is_its_field_value_but_a_field_comes_first(t):
    world = World(t)
    world.server.put("key", {"value": "1"})
    world.server.put("app/key", {"value": "2", "other": "3"})
    world.server.put("app", {"key": "4"})
    plugin = world.plugin()
    equal(plugin.value("vault/key"), b"1")
    equal(plugin.value("vault/app/key"), b"4")
    equal(plugin.value("vault/app/key/value"), b"2")
    wanted = {"vault/app/key": b"4", "vault/app/key/value": b"2", "vault/app/key/other": b"3"}
    for pattern in ("vault/app/**", "vault/app/key/**", "**/key/**"):
        found = {k: s.value for k, s in plugin.get(pattern).items()}
        equal({k: v for k, v in found.items() if k.startswith("vault/app/")}, wanted)


@test(engines=NONE, cofferd=False)
def patterns_read_only_what_they_may_match(t):
    world = World(t)
    for path in ("a/one", "a/two", "b/one", "b/deep/er/one", "not an id", "..", "a/../b"):
        world.server.put(path, {"value": path, "user": "me", "not/an/id": "x", "no id": "x"})
    plugin = world.plugin()
    equal(sorted(plugin.get("vault/a/*")), ["vault/a/one", "vault/a/two"])
    equal(sorted(plugin.get("vault/*/one/user")), ["vault/a/one/user", "vault/b/one/user"])
    equal(len(plugin.get("vault/**")), 12)
    refused("not_found", plugin.get, "vault/none/*")
    refused("not_found", plugin.get, "other/*")
    equal(world.count(plugin.get, "vault/a/one/*"), 2)


@test(engines=NONE, cofferd=False)
def deleted_and_destroyed_versions_are_not_found_and_the_words_say_so(t):
    world = World(t)
    world.server.put("a", {"value": "1"})
    world.server.put("b", {"value": "1"})
    world.server.put("c", {"value": "1"})
    world.server.put("d", {"value": "1"}, deletion_time="2100-01-01T00:00:00Z")
    world.server.put("a", {"value": "2"})
    world.server.delete("a")
    world.server.destroy("b")
    plugin = world.plugin()
    found = plugin.get("vault/*")
    equal(sorted(found), ["vault/c", "vault/d"])
    equal(found["vault/d"].expires_at, 4102444800)
    refused("not_found", plugin.get, "vault/a")
    refused("not_found", plugin.get, "vault/b")


@test(engines=NONE, cofferd=False)
def approle_logs_in_once_and_again_when_its_lease_has_ended(t):
    world = World(t)
    world.server.put("app", {"value": "1"})
    world.server.put("hidden", {"value": "1"})
    world.server.add_role("role", "secret", "data/app", "metadata/")
    plugin = world.plugin(**{"role-id": "role", "secret-id": "secret"})
    equal(world.count(plugin.value, "vault/app"), 2)
    equal(world.count(plugin.value, "vault/app"), 1)
    world.server.revoke()
    equal(world.count(plugin.value, "vault/app"), 4)  # refused, itself refused, login, again
    fails(plugin, "vault/hidden", "403", "permission denied")
    equal([r.path.split("/")[-1] for r in world.server.requests][-2:], ["hidden", "lookup-self"])
    world.server.roles.clear()
    world.server.revoke()
    fails(plugin, "vault/app", "log in by AppRole", "invalid role")


@test(engines=NONE, cofferd=False)
def what_a_policy_hides_is_not_there_for_a_pattern_and_refused_for_an_id(t):
    world = World(t)
    for path in ("app/db", "app/mail", "other/db"):
        world.server.put(path, {"value": path})
    token = world.server.add_token("data/app/db", "metadata/app", "metadata/")
    plugin = world.plugin(token=token)
    equal(plugin.value("vault/app/db"), b"app/db")
    equal(sorted(plugin.get("vault/app/*")), ["vault/app/db"])
    fails(plugin, "vault/app/mail", "403", "data/app:", "data/app/mail:")
    fails(plugin, "vault/other/*", "403")
    message = fails(world.plugin(token="hvs.wrong"), "vault/app/db", "403")
    assert "hvs." not in message, message


@test(engines=NONE, cofferd=False)
def a_namespace_and_another_mount_are_asked(t):
    world = World(t, mount="team/kv", namespace="ns1/ns2")
    world.server.put("a", {"value": "1"})
    plugin = world.plugin(namespace="ns1/ns2", mount="team/kv", prefix="team")
    equal(plugin.value("team/a"), b"1")
    equal(sorted(plugin.get("team/**")), ["team/a", "team/a/value"])
    fails(world.plugin(mount="team/kv"), "vault/a", "403")


@test(engines=NONE, cofferd=False)
def where_no_store_is_mounted_nothing_is_called_not_found(t):
    world = World(t)
    world.server.put("a", {"value": "1"})
    for pattern in ("vault/a", "vault/*"):
        fails(world.plugin(mount="elsewhere"), pattern, "nothing is mounted there", "no handler")
        fails(world.plugin(address=world.server.address + "/proxy"), pattern, "none of Vault's")


@test(engines=NONE, cofferd=False)
def a_sealed_a_standby_and_a_redirecting_server_say_so(t):
    world = World(t)
    world.server.put("a", {"value": "1"})
    plugin = world.plugin()
    world.server.state = "sealed"
    fails(plugin, "vault/a", "503", "Vault is sealed")
    world.server.state = "standby"
    fails(plugin, "vault/a", "473")
    world.server.state = "active"
    world.server.fault = "redirect"
    fails(plugin, "vault/a", "redirects")
    assert not any(r.path == "/elsewhere" for r in world.server.requests)
    world.server.fault = None
    equal(plugin.value("vault/a"), b"1")


@test(engines=NONE, cofferd=False)
def a_server_that_misbehaves_is_an_error_and_no_hang(t):
    world = World(t)
    world.server.put("a", {"value": "1"})
    plugin = world.plugin()
    for fault, words in (("cut", "can't be asked"), ("huge", "longer than"), ("heads", "can't be asked"),
                         ("garbage", "none of Vault's")):
        world.server.fault = fault
        fails(plugin, "vault/a", words)
    assert world.server.heads < 2000, world.server.heads
    world.server.fault = "silent"
    begun = time.monotonic()
    fails(plugin, "vault/a", "does not answer in time", timeout=1)
    assert time.monotonic() - begun < 1
    world.server.fault = None
    equal(plugin.value("vault/a"), b"1")
    world.server.close()
    fails(plugin, "vault/a", "can't be asked")


@test(engines=NONE, cofferd=False)
def a_ping_is_answered_while_the_server_is_slow(t):
    world = World(t)
    world.server.put("a", {"value": "1"})
    plugin = world.plugin()
    world.server.fault = "silent"
    number = plugin.begin("resolver.v1.ResolverService/GetSecrets", {1: "vault/a"}, timeout=10)
    assert world.server.asked.wait(30)
    plugin.ping(30)
    world.server.release.set()
    assert "can't be asked" in refused("internal", plugin.finish, number)


@test(engines=NONE, cofferd=False)
def only_a_server_whose_certificate_is_trusted_sees_the_token(t):
    world = World(t)
    world.server.put("a", {"value": "1"})
    other = Authority(world.folder / "other")
    plugin = world.plugin(**{"ca-file": str(other.file)})
    fails(plugin, "vault/a", "certificate")
    wrong = VaultServer(t.node, world.authority, name="vault.example")
    fails(world.plugin(address=wrong.address), "vault/a", "can't be asked")
    equal((world.server.requests, wrong.requests), ([], []))
    fails(world.plugin(**{"ca-file": "/nonexistent"}), "vault/a", "can't be asked")


@test(engines=NONE, cofferd=False)
def a_configuration_that_makes_no_sense_is_refused(t):
    world = World(t)
    for config, words in (({"address": "http://vault.example:8200"}, "address"),
                          ({"address": ""}, "address"),
                          ({"address": "https://user:x@vault.example"}, "address"),
                          ({"address": "http://localhost.vault.example"}, "address"),
                          ({"token": ""}, "token"),
                          ({"mount": "../sys"}, "mount"),
                          ({"prefix": "**"}, "prefix")):
        message = refused("invalid_argument", world.plugin, **config)
        assert words in message, (config, message)


@test(engines=NONE, cofferd=False)
def many_folders_reach_the_limit_of_requests(t):
    world = World(t)
    for i in range(600):
        world.server.put(f"f{i}/a", {"value": "1"})
    plugin = world.plugin()
    fails(plugin, "vault/**", "500 requests")
    equal(len(plugin.get("vault/f1/*")), 1)


@test(engines=NONE, cofferd=False)
def nothing_of_a_value_stays_in_memory(t):
    world = World(t)
    value = b"canary-" + b"v" * 40
    world.server.put("a", {"value": value.decode(), "other": 1})
    plugin = world.plugin()
    equal(plugin.value("vault/a"), value)
    assert plugin.remembers(world.server.root.encode()), "its token is in its configuration"
    assert not plugin.remembers(value)
