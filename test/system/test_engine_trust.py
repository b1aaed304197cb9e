# SPDX-License-Identifier: Apache-2.0
"""Whose words count for an engine: not those that others could have written."""

import os
import subprocess

import places
from engined import AUTHORIZE, TIMEOUT, Engined
from harness import NONE, equal, test

STRANGER = 65000


def alone(function):
    return test(engines=NONE, cofferd=False, reference=False)(function)


@alone
def programs_that_others_may_write_are_not_started(t):
    engine = Engined(t)
    program = engine.program("hello", "exit 0")
    program.chmod(0o777)
    engine.start()
    equal(engine.plugins(), {})
    equal(engine.stop(), 0)
    assert f"others can write to {program}: chmod go-w {program}" in engine.log, engine.log
    program.chmod(0o755)
    engine.programs.chmod(0o757)
    engine.start()
    equal(engine.plugins(), {})
    equal(engine.stop(), 0)
    assert f"chmod go-w {engine.programs}" in engine.log, engine.log


@alone
def settings_that_others_may_write_are_not_believed(t):
    engine = Engined(t)
    home, policy = engine.home, engine.home / "rules/policy"
    policy.parent.mkdir()
    policy.write_text("deny a\n")
    engine.settings(store="file", policy=policy, **{"plugin-dir": engine.programs})
    engine.store()
    engine.start()
    equal(engine.stop(), 0)
    (home / "plugins.state").write_text("hello = enabled\n")
    for path in (home / "engine.conf", policy, policy.parent, home / "plugins.state", home):
        mode = path.stat().st_mode
        path.chmod(mode | 0o002)
        done = subprocess.run(engine.command(), env=engine.env, stderr=subprocess.PIPE, text=True,
                              timeout=TIMEOUT, check=False)
        assert done.returncode and f"chmod go-w {path}\n" in done.stderr, (path, done)
        path.chmod(mode)
    for path in (home / "plugins/file.conf", home / "plugins"):
        engine.plugin_settings("file", f"allow-read = {places.BUILD}\n")
        path.chmod(path.stat().st_mode | 0o002)
        engine.start()
        equal(engine.plugins()["docker-pass"]["runStatus"], "RUN_STATUS_CRASHED")
        assert f"chmod go-w {path}\n" in engine.log, engine.log
        path.chmod(path.stat().st_mode & ~0o002)
        equal(engine.stop(), 0)


@alone
def a_prompt_that_others_may_write_is_not_asked(t):
    engine = Engined(t)
    prompt = engine.home / "prompt"
    prompt.write_text("#!/bin/sh\nexit 0\n")
    prompt.chmod(0o757)
    engine.settings(store="file", prompt=prompt, **{"plugin-dir": engine.programs})
    engine.start()
    answer = engine.call(AUTHORIZE, {"patterns": ["a"]}, run=in_new_session)
    equal((answer.status, answer.message),
          (403, f"the prompt command: others can write to {prompt}: chmod go-w {prompt}"))
    prompt.chmod(0o755)
    equal(engine.call(AUTHORIZE, {"patterns": ["a"]}, run=in_new_session).status, 200)


@alone
def what_somebody_else_says_or_owns_is_not_run(t):
    engine = Engined(t)
    program = engine.program("theirs", f"id -u >>{engine.home}/who")
    program.rename(engine.home / "theirs")
    engine.plugin_settings("theirs", f"command = {engine.home}/theirs\nconfine = none\n")
    engine.start()
    equal(engine.plugins()["theirs"]["runStatus"], "RUN_STATUS_CRASHED")
    engine.stop()
    equal((engine.home / "who").read_text(), "0\n")
    own = engine.own

    def give_away(path):
        """Another user's when the engine starts."""
        (engine.home / "who").unlink(missing_ok=True)
        engine.own = lambda: (own(), os.chown(path, STRANGER, STRANGER))
    give_away(engine.home / "theirs")
    engine.start()
    equal(engine.plugins()["theirs"]["runStatus"], "RUN_STATUS_CRASHED")
    engine.stop()
    assert f"its program: {engine.home}/theirs is user {STRANGER}'s" in engine.log, engine.log
    give_away(engine.home / "plugins/theirs.conf")
    engine.start()
    assert "theirs" not in engine.plugins()
    engine.stop()
    assert "theirs.conf is user 65000's" in engine.log, engine.log
    assert not (engine.home / "who").exists()
    engine.own()
    os.chown(engine.home / "engine.conf", STRANGER, STRANGER)
    refused = subprocess.run(engine.command(), env=engine.env, stderr=subprocess.PIPE, check=False)
    assert refused.returncode and b"engine.conf is user 65000's" in refused.stderr, refused


def in_new_session(command, **options):
    return subprocess.run(command, start_new_session=True, **options)
