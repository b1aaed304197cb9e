# SPDX-License-Identifier: Apache-2.0
"""The plugin of 1Password, on a Connect server and an op command written from the documentation."""

import time

from harness import NONE, equal, test
from https_server import Authority
from onepassword_server import SECONDS, Account, ConnectServer, Op, field, login
from plugin import Plugin, refused


class World:
    """The account that all tests read, and ways to it."""

    def __init__(self, t):
        self.t, self.account = t, Account()
        self.folder = t.node.folder / f"onepassword-{next(t.counter)}"
        self.authority = Authority(self.folder)
        account = self.account
        self.private, self.team = account.add_vault("Private"), account.add_vault("R&D (Team)")
        self.github = account.add(self.private, "GitHub", *login("octocat", "gh-password"))
        account.add(self.private, "Two", *login("a", "1"))
        self.second = account.add(self.private, "two", *login("b", "2"))
        account.add(self.team, "My API / Key (prod)!",
                    field("credential", "api-key", kind="CONCEALED", name="credential"),
                    field("host name", "db.example"),
                    field("pin", "12", kind="CONCEALED", section="sec1"),
                    field("pin", "34", kind="CONCEALED", section="sec2"),
                    field("empty"), sections=[{"id": "sec1", "label": "Front Door"},
                                              {"id": "sec2", "label": "Back Door"}],
                    category="API_CREDENTIAL")
        account.add(self.team, "Note", field("notesPlain", "a note", "NOTES", name="notesPlain"),
                    category="SECURE_NOTE")
        account.add(self.team, "\u00fc\u00fc", *login("x", "unnamed"))

    def connect(self, **config):
        if not hasattr(self, "server"):
            self.server = ConnectServer(self.t.node, self.authority, account=self.account)
        return Plugin(self.t.node, "onepassword", {
            "address": self.server.address, "ca-file": str(self.authority.file),
            "token": self.server.token, **config})

    def op(self, environment=None, **config):
        self.command = Op(self.folder / "op", self.account)
        return Plugin(self.t.node, "onepassword", {
            "op": str(self.command.file), "service-token": "ops_token", **config}, environment)

    def both(self):
        return self.connect(), self.op()


def fails(plugin, pattern, *words, **options):
    message = refused("internal", plugin.get, pattern, **options)
    for word in words:
        assert word in message, message
    return message


@test(engines=NONE, cofferd=False)
def an_item_is_found_by_its_id_its_title_and_its_fields(t):
    world = World(t)
    for plugin in world.both():
        found = plugin.get("op/private/github")["op/private/github"]
        equal((found.value, found.version, found.created_at), (b"gh-password", "2", SECONDS))
        equal(found.metadata, {"vault": "Private", "title": "GitHub", "category": "LOGIN"})
        for secret in (f"op/{world.github}", f"op/{world.private}/github", "op/Private/GitHub",
                       "op/private/github/password", f"op/private/{world.github}/password",
                       "op/PRIVATE/gitHub/Password"):
            equal(plugin.value(secret), b"gh-password")
        equal(plugin.value("op/private/github/username"), b"octocat")
        for secret in ("op/private/gitlab", "op/github", "op/private", "op/private/github/none",
                       "other/private/github", "op/private/github/notesplain"):
            refused("not_found", plugin.get, secret)
        equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def titles_become_ids_by_dockers_rules(t):
    world = World(t)
    for plugin in world.both():
        key = "op/r_d-team/my-api-_-key-prod"
        equal(plugin.value(key), b"api-key")
        equal(plugin.value(key + "/host-name"), b"db.example")
        equal(plugin.value(key + "/front-door/pin"), b"12")
        equal(plugin.value(key + "/sec2/pin"), b"34")
        equal(plugin.value("op/r_d-team/note"), b"a note")
        refused("not_found", plugin.get, key + "/empty")


@test(engines=NONE, cofferd=False)
def what_has_several_meanings_is_refused_or_passed_over(t):
    world = World(t)
    for plugin in world.both():
        fails(plugin, "op/private/two", "several things")
        fails(plugin, "op/r_d-team/my-api-_-key-prod/pin", "several things")
        equal(plugin.value(f"op/private/{world.second}/password"), b"2")
        equal(sorted(plugin.get("op/private/*")), ["op/private/github"])


@test(engines=NONE, cofferd=False)
def patterns_are_answered_with_names(t):
    world = World(t)
    for plugin in world.both():
        equal(sorted(plugin.get("op/*/*")), ["op/private/github", "op/r_d-team/my-api-_-key-prod",
                                             "op/r_d-team/note"])
        equal({k: s.value for k, s in plugin.get("op/*/*/*/pin").items()},
              {"op/r_d-team/my-api-_-key-prod/front-door/pin": b"12",
               "op/r_d-team/my-api-_-key-prod/back-door/pin": b"34"})
        equal(list(plugin.get("op/Private/GitHub/**")), [
            "op/Private/GitHub", "op/Private/GitHub/username", "op/Private/GitHub/password"])
        equal([s.value for s in plugin.get(f"op/{world.private}/github/user*".replace(
            "user*", "*")).values()], [b"octocat", b"gh-password"])
        refused("not_found", plugin.get, "op/none/**")


@test(engines=NONE, cofferd=False)
def another_prefix_or_none_is_used(t):
    world = World(t)
    equal(world.connect(prefix="Work/1p").value("Work/1p/private/github"), b"gh-password")
    equal(world.connect(prefix="").value("private/github"), b"gh-password")
    equal(sorted(world.connect(prefix="").get("private/*")), ["private/github"])


@test(engines=NONE, cofferd=False)
def only_what_may_be_meant_is_read(t):
    world = World(t)
    plugin = world.connect()
    plugin.value("op/private/github")
    equal([r.path.count("/") for r in world.server.requests], [2, 4, 5])
    world.server.forget()
    refused("not_found", plugin.get, "other/**")
    equal(world.server.requests, [])


@test(engines=NONE, cofferd=False)
def a_connect_server_that_refuses_or_misbehaves_is_an_error(t):
    world = World(t)
    plugin = world.connect()
    message = fails(world.connect(token="other"), "op/private/github", "401", "Invalid token")
    assert "other" not in message, message
    for fault, words in (("cut", "can't be asked"), ("huge", "longer than"),
                         ("garbage", "none of Connect's"), ("redirect", "redirects")):
        world.server.fault = fault
        fails(plugin, "op/private/github", words)
    world.server.fault = "silent"
    begun = time.monotonic()
    fails(plugin, "op/private/github", "does not answer in time", timeout=1)
    assert time.monotonic() - begun < 1
    world.server.fault = None
    equal(plugin.value("op/private/github"), b"gh-password")
    other = Authority(world.folder / "other")
    world.server.forget()
    fails(world.connect(**{"ca-file": str(other.file)}), "op/private/github", "certificate")
    equal(world.server.requests, [])
    for config, words in (({"address": "http://connect.example"}, "address"),
                          ({"token": ""}, "token"), ({"prefix": "a//b"}, "prefix")):
        message = refused("invalid_argument", world.connect, **config)
        assert words in message, message


@test(engines=NONE, cofferd=False)
def hostile_ids_of_a_server_are_not_used(t):
    world = World(t)
    world.account.vaults.append({"id": "../../x", "name": "evil"})
    world.account.vaults.append({"id": "--help", "name": "evil"})
    world.account.vaults.append({"name": "evil"})
    world.account.vaults.append("evil")
    world.account.items[world.private][0:0] = ["x", {"id": 5}, {"id": "a/../b", "title": "github"}]
    plugin = world.connect()
    equal(plugin.value("op/private/github"), b"gh-password")
    refused("not_found", plugin.get, "op/evil/**")
    assert not any("x" in r.path.split("/") or ".." in r.path for r in world.server.requests)


@test(engines=NONE, cofferd=False)
def op_gets_its_token_by_its_environment_and_nothing_else(t):
    world = World(t)
    plugin = world.op({"OP_CONNECT_HOST": "http://nowhere", "OP_CONNECT_TOKEN": "x"})
    equal(plugin.value("op/private/github"), b"gh-password")
    for words, variables in world.command.calls():
        equal(variables, ["OP_SERVICE_ACCOUNT_TOKEN"])
        assert "ops_token" not in words
    message = fails(world.op(**{"service-token": "wrong"}), "op/private/github",
                    "status 1", "no account found")
    assert "wrong" not in message, message


@test(engines=NONE, cofferd=False)
def an_op_that_misbehaves_is_an_error_and_no_hang(t):
    world = World(t)
    plugin = world.op()
    for mode, words in (("garbage", "not what is known"), ("flood", "more than")):
        world.command.mode(mode)
        fails(plugin, "op/private/github", words)
    world.command.mode("hang")
    begun = time.monotonic()
    fails(plugin, "op/private/github", "in time", timeout=1.5)
    assert time.monotonic() - begun < 1.5
    hanging = (world.command.folder / "hanging").read_text()
    assert hanging not in t.node.run(["ps", "-eo", "pid"]).split()
    world.command.mode("")
    equal(plugin.value("op/private/github"), b"gh-password")
    fails(world.op(op="/nonexistent/op"), "op/private/github", "there is no program")


@test(engines=NONE, cofferd=False)
def nothing_of_a_value_stays_in_memory(t):
    world = World(t)
    for plugin, token in zip(world.both(), (b"connect-token", b"ops_token")):
        equal(plugin.value("op/private/github"), b"gh-password")
        assert plugin.remembers(token), "its token is in its configuration"
        assert not plugin.remembers(b"gh-password")
