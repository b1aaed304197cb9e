# SPDX-License-Identifier: Apache-2.0
"""What stands still (it takes requests and never answers) holds nobody up: a plugin of a real engine,
and the keyring behind it."""

import base64
import os
import signal
import time

from engined import GET, LIST, SAVE, Engined
from harness import NONE, equal, test
from keyring import Bus, real

LIMIT = 2  # seconds, for a plugin's answer


def engine_on_a_keyring(t):
    """An engine with the keyring as its store and the secret "a" in it, and the keyring."""
    bus = Bus(t.node, t.node.folder / f"bus-{next(t.counter)}")
    keyring = bus.start_keyring()
    engine = Engined(t, store="keychain", request_timeout=f"{LIMIT}s")
    engine.env |= {k: v for k, v in bus.environment.items() if k != "HOME"}
    engine.own_plugin("keychain")
    engine.plugin_settings("coffer-plugin-keychain", "")
    engine.start()
    engine.save("a", b"value")
    return engine, keyring


def in_time(engine, procedure, message):
    """The refusal of a call, which comes soon after the limit at the latest."""
    begun = time.monotonic()
    answer = engine.call(procedure, message)
    spent = time.monotonic() - begun
    assert answer.status != 200 and spent < 5 * LIMIT, (procedure, spent, answer)
    return answer.message


CALLS = ((GET, {"pattern": "a"}), (GET, {"pattern": "**"}), (LIST, {"pattern": "**"}),
         (SAVE, {"id": "a", "value": base64.b64encode(b"new").decode(), "overwrite": True}))


@test(engines=NONE, cofferd=False)
def a_keyring_that_stands_still_holds_up_no_call_for_long(t):
    engine, keyring = engine_on_a_keyring(t)
    for procedure, message in CALLS:
        os.kill(real(keyring), signal.SIGSTOP)
        words = in_time(engine, procedure, message)
        assert "the keyring does not answer in time" in words, (procedure, words)
        equal(engine.status("docker-pass"), "RUNNING")
        # What entered the node for it stops with it, and continues it.
        os.kill(keyring.pid, signal.SIGCONT)
        equal(list(engine.get("a")), [("a", "docker-pass")])


@test(engines=NONE, cofferd=False)
def a_plugin_that_stands_still_holds_up_no_call_for_long(t):
    engine, _ = engine_on_a_keyring(t)
    plugin, = engine.program_pids()
    for procedure, message in CALLS:
        os.kill(plugin, signal.SIGSTOP)
        words = in_time(engine, procedure, message)
        whose = "docker-pass failed" if procedure == GET else "the local store"
        assert f"{whose}: it did not answer in time" in words, (procedure, words)
        os.kill(plugin, signal.SIGCONT)
        equal(list(engine.get("a")), [("a", "docker-pass")])
    equal(engine.program_pids(), [plugin])


@test(engines=NONE, cofferd=False)
def an_engine_ends_though_its_plugin_stands_still(t):
    engine, _ = engine_on_a_keyring(t)
    plugin, = engine.program_pids()
    watch = os.pidfd_open(plugin)
    t.defer(lambda: os.close(watch))
    os.kill(plugin, signal.SIGSTOP)
    begun = time.monotonic()
    equal(engine.stop(), 0)
    assert time.monotonic() - begun < 10
    try:
        signal.pidfd_send_signal(watch, 0)
        raise AssertionError("the plugin outlived its engine")
    except ProcessLookupError:
        pass
