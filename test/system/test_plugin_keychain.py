# SPDX-License-Identifier: Apache-2.0
"""The keyring's plugin, on GNOME's keyring with secret-tool as an independent witness, and on one
that misbehaves."""

import os
import signal
import time

from harness import NONE, equal, test
from keyring import LOGIN, NAME, Bus, real
from plugin import Plugin, refused

VALUE = b"a value with \0 and \xff\n"
GROUP = "com.docker.pass.shared"


def new_bus(t, services=""):
    return Bus(t.node, t.node.folder / f"bus-{next(t.counter)}", services)


def new_plugin(t, bus, **config):
    return Plugin(t.node, "keychain", config, bus.environment)


@test(engines=NONE, cofferd=False)
def a_secret_in_the_keyring_is_saved_read_listed_and_removed(t):
    bus = new_bus(t)
    bus.start_keyring()
    plugin = new_plugin(t, bus)
    equal(plugin.list(), {})
    plugin.save("db/password", VALUE, {"owner": "me", "id": "metadata may be called so"})
    plugin.save("db/user", b"")
    found = plugin.get("db/**")
    equal(found["db/password"].value, VALUE)
    equal(found["db/password"].metadata, {"owner": "me", "id": "metadata may be called so"})
    equal(found["db/password"].version, "0.0.1")
    equal(found["db/user"].value, b"")
    listed = plugin.list("*/password")
    equal([s.value for s in listed.values()], [b""])
    refused("already_exists", plugin.save, "db/user", b"x", overwrite=False)
    plugin.save("db/user", b"new", {"k": "v"})
    equal(plugin.get("db/user")["db/user"].metadata, {"k": "v"})
    plugin.remove("db/user")
    refused("not_found", plugin.remove, "db/user")
    refused("not_found", plugin.get, "db/user")
    equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def secret_tool_reads_what_we_write_and_we_read_what_it_writes(t):
    bus = new_bus(t)
    bus.start_keyring()
    plugin = new_plugin(t, bus)
    plugin.save("ours", VALUE, {"color": "red"})
    equal(bus.lookup("ours"), VALUE)
    shown = bus.search("id", "ours")
    for words in ("label = com.docker.pass.shared:docker-pass-cli:ours",
                  "attribute.x_color = red", "attribute.service:group = com.docker.pass.shared"):
        assert words in shown, shown
    bus.store("theirs", b"by hand", x_kind="key")
    found = plugin.get("theirs")["theirs"]
    equal((found.value, found.metadata), (b"by hand", {"kind": "key"}))
    plugin.save("theirs", b"ours now")
    equal(bus.lookup("theirs"), b"ours now")
    plugin.remove("theirs")
    equal(bus.lookup("theirs"), None)


@test(engines=NONE, cofferd=False)
def all_known_groups_are_read_and_one_is_written(t):
    bus = new_bus(t)
    bus.start_keyring()
    bus.store("old", b"1", group="com.docker.pass")
    bus.store("older", b"2", group="io.docker.secrets")
    bus.store("foreign", b"3", group="org.example")
    plugin = new_plugin(t, bus)
    equal({k: s.value for k, s in plugin.get("**").items()}, {"old": b"1", "older": b"2"})
    plugin.save("old", b"new")
    equal(plugin.value("old"), b"new")
    equal((bus.lookup("old"), bus.lookup("old", group="com.docker.pass")), (b"new", b"1"))
    plugin.remove("old")
    equal((bus.lookup("old"), bus.lookup("old", group="com.docker.pass")), (None, None))
    other = new_plugin(t, bus, group="org.example", groups="io.docker.secrets, org.example")
    equal(sorted(other.list()), ["foreign", "older"])
    other.save("mine", b"4")
    equal(bus.lookup("mine", group="org.example"), b"4")


@test(engines=NONE, cofferd=False)
def several_items_of_one_id_become_one(t):
    bus = new_bus(t)
    bus.start_keyring()
    for kind in ("1", "2", "3"):
        bus.store("twice", b"old " + kind.encode(), x_kind=kind)
    equal(bus.search("id", "twice").count("label = "), 3)
    plugin = new_plugin(t, bus)
    equal(len(plugin.list()), 1)
    plugin.save("twice", b"new")
    equal(bus.search("id", "twice").count("label = "), 1)
    equal(bus.lookup("twice"), b"new")


@test(engines=NONE, cofferd=False)
def items_of_others_and_without_an_id_are_passed_over(t):
    bus = new_bus(t)
    bus.start_keyring()
    bus.store("not//an id", b"x")
    bus.run("secret-tool", "store", "--label=x", "service:group", GROUP, "service:name",
            "docker-pass-cli", data=b"no id")
    bus.run("secret-tool", "store", "--label=x", "service:name", "other", "id", "a", data=b"x")
    plugin = new_plugin(t, bus)
    plugin.save("a", VALUE)
    equal(list(plugin.get("**")), ["a"])
    equal(list(plugin.list()), ["a"])


@test(engines=NONE, cofferd=False)
def a_large_value_and_many_secrets_pass(t):
    bus = new_bus(t)
    bus.start_keyring()
    plugin = new_plugin(t, bus)
    large = os.urandom(1 << 20)
    plugin.save("large", large)
    equal(plugin.value("large"), large)
    for i in range(150):
        plugin.save(f"many/{i}", str(i).encode())
    found = plugin.get("many/*")
    equal({k: s.value for k, s in found.items()},
          {f"many/{i}": str(i).encode() for i in range(150)})


@test(engines=NONE, cofferd=False)
def the_engines_own_credentials_stay_in_the_keyring(t):
    bus = new_bus(t)
    bus.start_keyring()
    plugin = new_plugin(t, bus)
    plugin.save("docker/secrets-engine/plugins/vault/token", VALUE)
    refused("not_found", plugin.get, "**")
    refused("not_found", plugin.get, "docker/secrets-engine/plugins/vault/token")
    equal(list(plugin.list()), ["docker/secrets-engine/plugins/vault/token"])
    shown = new_plugin(t, bus, internal="show")
    equal(shown.value("docker/secrets-engine/plugins/vault/token"), VALUE)


@test(engines=NONE, cofferd=False)
def a_locked_keyring_is_unlocked_with_its_password(t):
    bus = new_bus(t)
    bus.start_keyring("open sesame")
    plugin = new_plugin(t, bus)
    plugin.save("a", VALUE)
    plugin.lock()
    assert "true" in bus.call(LOGIN, "org.freedesktop.DBus.Properties.Get",
                              "org.freedesktop.Secret.Collection", "Locked")
    # Nobody can show a prompt here: the keyring dismisses it.
    assert "locked" in refused("internal", plugin.get, "a")
    assert "locked" in refused("failed_precondition", plugin.save, "a", b"x")
    assert "wrong" in refused("permission_denied", plugin.unlock, b"wrong")
    plugin.unlock(b"open sesame")
    equal(plugin.value("a"), VALUE)


@test(engines=NONE, cofferd=False)
def the_bus_of_another_user_is_not_used(t):
    """As after a plain `su`, which leaves the variables of the user before."""
    t.node.path(t.node.folder).chmod(0o755)
    bus = Bus(t.node, t.node.folder / "bus-other", uid=1000)
    message = refused("unavailable", new_plugin(t, bus).save, "a", VALUE)
    assert "is not this user's" in message, message


@test(engines=NONE, cofferd=False)
def without_a_bus_or_a_keyring_dockers_words_say_so(t):
    environment = {"HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"}
    words = "keychain backend unavailable: D-Bus session bus unavailable: "
    plugin = Plugin(t.node, "keychain", {}, environment)
    equal(refused("unavailable", plugin.list), words + "no D-Bus session bus available: dbus: "
          "couldn't determine address of session bus")
    environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
    plugin = Plugin(t.node, "keychain", {}, environment)
    equal(refused("unavailable", plugin.list),
          words + "no session bus socket exists (/nonexistent/bus)")
    plugin = new_plugin(t, new_bus(t))
    message = refused("unavailable", plugin.list)
    equal(message, f"keychain backend unavailable: no {NAME} owner on the session bus")


@test(engines=NONE, cofferd=False)
def a_keyring_that_starts_stops_and_starts_again_is_found(t):
    bus = new_bus(t)
    plugin = new_plugin(t, bus)
    refused("unavailable", plugin.list)
    keyring = bus.start_keyring()
    plugin.save("a", VALUE)
    os.kill(real(keyring), signal.SIGKILL)
    keyring.wait()
    refused("unavailable", plugin.list)
    bus.start_keyring()
    equal(plugin.value("a"), VALUE)


@test(engines=NONE, cofferd=False)
def a_bus_that_goes_away_and_another_in_its_place_are_noticed(t):
    bus = new_bus(t)
    bus.start_keyring()
    plugin = new_plugin(t, bus)
    plugin.save("a", VALUE)
    os.kill(real(bus.process), signal.SIGKILL)
    bus.process.wait()
    refused("unavailable", plugin.list)
    bus.start()
    bus.start_keyring()
    equal(plugin.value("a"), VALUE)
    equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def a_keyring_that_the_bus_can_start_is_started(t):
    bus = new_bus(t, "<servicedir>/usr/share/dbus-1/services</servicedir>")
    plugin = new_plugin(t, bus)
    # It has no collection yet, and making one would need a person.
    equal(refused("unavailable", plugin.list), "no default keychain collection available")
    bus.wait()


def takes(function, *arguments, **options):
    """(the seconds that it took to be refused, the message)"""
    code = options.pop("code")
    begun = time.monotonic()
    message = refused(code, function, *arguments, **options)
    return time.monotonic() - begun, message


@test(engines=NONE, cofferd=False)
def a_keyring_that_is_silent_does_not_hang_anybody(t):
    for method in ("OpenSession", "Get", "Unlock", "SearchItems", "GetAll", "GetSecrets"):
        bus = new_bus(t)
        bus.start_fake("silent", method)
        plugin = new_plugin(t, bus)
        seconds, message = takes(plugin.get, "there", code="internal", timeout=1.5)
        assert seconds < 1.5 and "does not answer" in message, (method, seconds, message)
        equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def a_keyring_that_is_stopped_does_not_hang_anybody(t):
    bus = new_bus(t)
    keyring = bus.start_keyring()
    plugin = new_plugin(t, bus)
    plugin.save("a", VALUE)
    os.kill(real(keyring), signal.SIGSTOP)
    seconds, message = takes(plugin.list, code="deadline_exceeded", timeout=1.5)
    assert seconds < 1.5 and "does not answer" in message, (seconds, message)
    # What entered the node for it stops with it, and continues it.
    os.kill(keyring.pid, signal.SIGCONT)
    equal(plugin.value("a"), VALUE)


@test(engines=NONE, cofferd=False)
def a_prompt_that_nobody_answers_is_taken_away(t):
    bus = new_bus(t)
    fake = bus.start_fake("prompt", "never")
    plugin = new_plugin(t, bus, **{"prompt-timeout": "1"})
    seconds, message = takes(plugin.list, code="failed_precondition")
    assert 0.9 < seconds < 5 and "nobody answered its prompt" in message, (seconds, message)
    equal([fake.stdout.readline() for _ in range(2)], [b"prompted\n", b"dismissed\n"])
    seconds, message = takes(plugin.list, code="failed_precondition", timeout=0.8)
    assert seconds < 0.8 and "nobody answered its prompt" in message, (seconds, message)


@test(engines=NONE, cofferd=False)
def what_a_person_does_at_the_prompt_counts(t):
    bus = new_bus(t)
    bus.start_fake("prompt", "dismissed")
    plugin = new_plugin(t, bus)
    assert "dismissed" in refused("failed_precondition", plugin.list)
    bus = new_bus(t)
    bus.start_fake("prompt", "unlocks")
    equal(new_plugin(t, bus).value("there"), b"value")
    bus = new_bus(t)
    bus.start_fake("prompt", "dies")
    assert "went away" in refused("unavailable", new_plugin(t, bus).list)


@test(engines=NONE, cofferd=False)
def a_keyring_that_locks_itself_meanwhile_is_unlocked_again(t):
    bus = new_bus(t)
    bus.start_fake("locked", "5")
    equal(new_plugin(t, bus).value("there"), b"value")
    bus = new_bus(t)
    bus.start_fake("locked", "6")
    assert "locked" in refused("internal", new_plugin(t, bus).get, "there")


@test(engines=NONE, cofferd=False)
def a_prompt_that_was_dismissed_is_not_shown_again(t):
    bus = new_bus(t)
    fake = bus.start_fake("relocks")
    assert "dismissed" in refused("internal", new_plugin(t, bus).get, "there")
    os.kill(real(fake), signal.SIGKILL)
    equal(fake.communicate()[0], b"prompted\n")


@test(engines=NONE, cofferd=False)
def an_item_with_attributes_of_nobody_is_passed_over(t):
    for attributes in (["service:group=com.docker.pass.shared"],
                       ["service:group=com.docker.pass.shared", "service:name=docker-pass-cli",
                        "id=../not/an id"]):
        bus = new_bus(t)
        bus.start_fake("item", *attributes)
        equal(list(new_plugin(t, bus).get("**")), ["there"])


@test(engines=NONE, cofferd=False)
def a_secret_that_was_found_once_is_not_searched_for_again(t):
    bus = new_bus(t)
    bus.start_fake("once", "SearchItems")
    plugin = new_plugin(t, bus)
    equal([plugin.value("there") for _ in range(3)], [b"value"] * 3)
    seconds, message = takes(plugin.get, "elsewhere", code="internal", timeout=1.5)
    assert seconds < 1.5 and "does not answer" in message, (seconds, message)


@test(engines=NONE, cofferd=False)
def what_other_programs_change_counts_at_once(t):
    bus = new_bus(t)
    bus.start_keyring()
    plugin = new_plugin(t, bus)
    bus.store("a", b"1", group="com.docker.pass")
    equal([plugin.value("a") for _ in range(2)], [b"1"] * 2)
    bus.store("a", b"2")
    equal([plugin.value("a") for _ in range(2)], [b"2"] * 2)
    bus.store("a", b"3")
    equal([plugin.value("a") for _ in range(2)], [b"3"] * 2)
    found = bus.call(LOGIN, "org.freedesktop.Secret.Collection.SearchItems",
                     f"{{'service:group': '{GROUP}', 'id': 'a'}}")
    path = found.split("'")[1]
    bus.call(path, "org.freedesktop.DBus.Properties.Set", "org.freedesktop.Secret.Item",
             "Attributes", f"<{{'service:group': '{GROUP}', 'service:name': 'docker-pass-cli', "
             "'id': 'b', 'x_k': 'v'}>")
    equal((plugin.value("a"), plugin.get("b")["b"].metadata), (b"1", {"k": "v"}))
    equal(plugin.value("b"), b"3")
    bus.run("secret-tool", "clear", "id", "b")
    refused("not_found", plugin.get, "b")
    bus.store("b", b"4")
    bus.lock()
    assert "locked" in refused("internal", plugin.get, "a")


@test(engines=NONE, cofferd=False)
def a_keyring_that_tells_nobody_of_a_change_is_not_trusted(t):
    bus = new_bus(t)
    bus.start_fake("renames")
    plugin = new_plugin(t, bus)
    equal(plugin.value("there"), b"value")
    refused("not_found", plugin.get, "there")
    equal(plugin.value("elsewhere"), b"value")


@test(engines=NONE, cofferd=False)
def two_plugins_on_one_keyring_do_not_disturb_each_other(t):
    bus = new_bus(t)
    bus.start_keyring()
    first, second = new_plugin(t, bus), new_plugin(t, bus)
    begun = [p.begin_save("same", name) for p, name in ((first, b"1"), (second, b"2"))]
    first.finish(begun[0])
    second.finish(begun[1])
    assert first.value("same") == second.value("same") in (b"1", b"2")
    equal(len(first.list()), 1)


@test(engines=NONE, cofferd=False)
def a_setting_that_makes_no_sense_is_told(t):
    bus = new_bus(t)
    message = refused("invalid_argument", new_plugin, t, bus, **{"prompt-timeout": "soon"})
    assert "prompt-timeout: must be a whole number from 1 to 3600" in message, message
