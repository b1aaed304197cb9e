# SPDX-License-Identifier: Apache-2.0
"""Plugins that fail, hang, flood and lie, and the engine that must bear them."""

import os
import pathlib
import signal
import socket
import subprocess

from engined import DISABLE, ENABLE, GET, IS_SANITIZED, SAVE, TIMEOUT, Engined
from harness import NONE, equal, test

# What the engine may have needed at most, in KiB, whatever a plugin sends. A sanitizer keeps up to
# 256 MiB of what was freed.
MEMORY_MAX = (48 + (320 if IS_SANITIZED else 0)) * 1024

VERSION = "health.v1.VersionService/GetVersion"
GOOD = 'serve(pattern="good/**", get=lambda call: call.found({"good/a": b"value"}))'


def alone(function):
    return test(engines=NONE, cofferd=False, reference=False)(function)


def failure(engine, pattern="a", plugin="bad"):
    """Why the plugin that was asked failed."""
    answer = engine.call(GET, {"pattern": pattern})
    equal((answer.status, answer.json["code"]), (503, "unavailable"))
    start = f"matching plugin {plugin} failed: "
    assert answer.message.startswith(start), answer
    return answer.message.removeprefix(start)


def peak(engine):
    text = pathlib.Path(f"/proc/{engine.process.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0])


def with_good(t, script, **settings):
    """An engine with a plugin that does that, and one that works."""
    engine = Engined(t, **settings)
    engine.scripted("bad", script)
    engine.scripted("good", GOOD)
    return engine.start()


def works(engine):
    """Others are served as ever, in bounded memory."""
    equal(engine.get("good/a"), {("good/a", "good"): b"value"})
    assert peak(engine) < MEMORY_MAX, peak(engine)
    equal(engine.stop(), 0)


# ---- starts

@alone
def a_plugin_that_never_said_what_it_has_may_have_anything(t):
    engine = Engined(t)
    engine.store()
    engine.program("bad", "exit 1")
    engine.start()
    engine.save("there", b"x")
    assert failure(engine, "any/thing")
    equal(engine.get("there"), {("there", "docker-pass"): b"x"})
    equal(engine.call(DISABLE, {"name": "bad"}).status, 200)
    equal(engine.call(GET, {"pattern": "any/thing"}).status, 404)


@alone
def an_engine_that_ignores_failures_says_not_found(t):
    engine = Engined(t, plugin_failure="ignore")
    engine.program("bad", "exit 1")
    equal(engine.start().call(GET, {"pattern": "any/thing"}).status, 404)


@alone
def a_slow_start_holds_up_only_those_who_may_need_it(t):
    engine = Engined(t)
    engine.program("slow", "exec sleep 1000")
    engine.plugin_settings("slow", "pattern = slow/**\n")
    engine.scripted("good", GOOD)
    engine.start()
    equal(engine.get("good/a"), {("good/a", "good"): b"value"})
    assert "slow failed" not in engine.log, engine.log  # it is still waited for
    equal(failure(engine, "slow/a", "slow"), "it did not register in time")


# ---- answers

@alone
def a_plugin_that_crashes_mid_answer_fails_only_itself(t):
    engine = with_good(t, """
def get(call):
    call.send(head(100) + b"half")
    os.kill(os.getpid(), signal.SIGKILL)
serve(get=get)
""")
    assert "connection ended" in failure(engine), engine.log
    engine.until(lambda: "plugin bad failed: it was ended by signal 9" in engine.log)
    works(engine)


@alone
def a_plugin_that_hangs_is_late_and_holds_nobody_up(t):
    engine = with_good(t, "serve()", request_timeout="300ms")
    equal(failure(engine), "it did not answer in time")
    equal(engine.get("good/*"), {("good/a", "good"): b"value"})
    equal(engine.status("bad"), "RUNNING")
    works(engine)


@alone
def a_plugin_that_stands_still_is_late_too(t):
    engine = with_good(t, """
def get(call):
    os.kill(os.getpid(), signal.SIGSTOP)
serve(get=get)
""", request_timeout="300ms")
    equal(failure(engine), "it did not answer in time")
    works(engine)  # it can't answer the goodbye, nor SIGTERM


@alone
def half_an_answer_is_none(t):
    engine = with_good(t, """
def get(call):
    if call.pattern == "half":
        call.send(head(100) + b"half")
    if call.pattern == "line":
        call.send(b"HTTP/1.1 200")
    call.finish()
serve(get=get)
""")
    for pattern in ("nothing", "line", "half"):
        assert failure(engine, pattern), pattern
    equal(engine.status("bad"), "RUNNING")
    works(engine)


@alone
def a_connection_that_is_half_closed_is_over(t):
    engine = with_good(t, """
def get(call):
    call.side.connection.socket.shutdown(socket.SHUT_WR)
    time.sleep(1000)
serve(get=get)
""")
    assert "connection ended" in failure(engine), engine.log
    works(engine)


@alone
def a_huge_answer_is_refused_and_the_next_one_is_heard(t):
    engine = with_good(t, """
def get(call):
    if call.pattern == "bad/told":
        call.send(head(1 << 40))
    elif call.pattern == "bad/sent":
        try:
            call.write(head(64 << 20) + bytes(64 << 20))
        except KeyError:
            pass
    else:
        call.found({call.pattern: b"small"})
class Reset(Exception):
    pass
original = Connection.receive
def receive(self, deadline):
    original(self, deadline)
    if any(s.is_reset for s in self.streams.values()):
        for n in [n for n, s in self.streams.items() if s.is_reset]:
            del self.streams[n]
Connection.receive = receive
serve(pattern="bad/*", get=get)
""")
    for pattern in ("bad/told", "bad/sent"):
        assert "larger" in failure(engine, pattern) or "long" in failure(engine, pattern), pattern
    equal(engine.get("bad/b"), {("bad/b", "bad"): b"small"})
    works(engine)


@alone
def answers_that_are_too_long_together_are_refused_with_advice(t):
    engine = Engined(t)
    for name in ("one", "two"):
        engine.scripted(name, f'''
def get(call):
    pad = b"x" * (1 << 20)
    call.found({{f"{name}/{{i}}": pad for i in range(3 if "**" in call.pattern else 1)}})
serve(pattern="{name}/**", get=get)
''')
    engine.start()
    answer = engine.call(GET, {"pattern": "**"})
    equal((answer.status, answer.json["code"]), (429, "resource_exhausted"))
    assert "narrower pattern" in answer.message, answer
    equal(len(engine.get("one/0")), 1)


@alone
def what_is_no_answer_is_a_failure(t):
    engine = with_good(t, """
answers = {"http": b"what?\\r\\n\\r\\n", "message": head(4) + b"\\xff\\xff\\xff\\xff",
           "status": head(0, "204 No Content"), "chunked":
           b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nffffffffffffffff\\r\\n"}
serve(get=lambda call: call.write(answers[call.pattern]))
""")
    for pattern in ("http", "message", "status", "chunked"):
        assert failure(engine, pattern), pattern
    equal(engine.status("bad"), "RUNNING")
    works(engine)


@alone
def ids_that_were_not_asked_for_are_dropped(t):
    engine = with_good(t, """
serve(pattern="db/**", get=lambda call: call.found(
    {"db/x": b"1", "db/y": b"2", "good/a": b"3", "no//id": b"4", "": b"5",
     "docker/secrets-engine/x": b"6"}))
""")
    equal(engine.get("db/x"), {("db/x", "bad"): b"1"})
    equal(engine.get("db/**"), {("db/x", "bad"): b"1", ("db/y", "bad"): b"2"})
    assert "plugin bad gave 5 secrets that it was not asked for" in engine.log, engine.log
    works(engine)


# ---- floods

FLOOD = """
side = Side()
side.register()
frame = FRAME
try:
    while True:
        side.connection.socket.sendall(frame * 1000)
except OSError:
    os._exit(9)
"""


def flood(t, frame, script=FLOOD):
    engine = with_good(t, script.replace("FRAME", frame))
    engine.until(lambda: "plugin bad failed: yamux: " in engine.log)
    works(engine)
    return engine


@alone
def a_flood_of_pings_ends_the_connection(t):
    flood(t, 'struct.pack(">BBHII", 0, 2, 1, 0, 7)'.replace("struct", "__import__('struct')"))


@alone
def a_flood_of_frames_that_are_none_ends_the_connection(t):
    flood(t, 'b"\\x00\\x07" + bytes(10)')


@alone
def a_flood_of_streams_ends_the_connection(t):
    flood(t, "", """
side = Side()
side.register()
try:
    while True:
        side.connection.socket.sendall(b"".join(
            __import__("struct").pack(">BBHII", 0, 1, 1, number, 0)
            for number in range(side.connection.next_id, side.connection.next_id + 2000, 2)))
        side.connection.next_id += 2000
except OSError:
    os._exit(9)
""")


@alone
def a_flood_of_data_that_nobody_asked_for_holds_nobody_up(t):
    engine = with_good(t, """
side = Side()
side.register("bad/**")
number, part = side.connection.open(), bytes(65536)
while True:
    side.connection.send(0, 0, number, len(part), part)
""")
    for _ in range(20):
        equal(engine.get("good/a"), {("good/a", "good"): b"value"})
    works(engine)


@alone
def calls_of_a_plugin_that_never_end_fill_no_memory(t):
    engine = with_good(t, """
side = Side()
side.register("bad/**")
def fill(number, left):
    stream = side.connection.streams[number]
    while left and not stream.is_reset:
        part = min(stream.window, left, 65536)
        if part:
            side.connection.send(0, 0, number, part, bytes(part))
            stream.window -= part
            left -= part
        else:
            side.connection.receive(NEVER)
for _ in range(16):
    number = side.connection.open()
    begin = (b"POST /plugins.v1.RegisterService/RegisterPlugin HTTP/1.1\\r\\nHost: unix\\r\\n"
             b"Content-Type: application/proto\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n300000\\r\\n")
    side.connection.send(0, 0, number, len(begin), begin)
    fill(number, 3 << 20)
serve(pattern="bad/**", get=lambda call: call.found({"bad/a": b"value"}), side=side)
""")
    equal(engine.get("bad/a"), {("bad/a", "bad"): b"value"})
    works(engine)


@alone
def a_plugin_that_calls_all_the_time_holds_nobody_up(t):
    engine = with_good(t, """
side = Side()
side.register("bad/**")
while True:
    side.call("plugins.v1.RegisterService/RegisterPlugin", {1: "x"})
    side.connection.streams.clear()
""")
    for _ in range(20):
        equal(engine.get("good/a"), {("good/a", "good"): b"value"})
    works(engine)


@alone
def a_flood_of_words_fills_no_disk(t):
    engine = with_good(t, "while True:\n    sys.stderr.write('x' * 65536)\n")
    engine.until(lambda: "plugin bad failed" in engine.log)
    assert (engine.home / "logs/bad.log").stat().st_size <= 64 << 20
    works(engine)


# ---- registration

@alone
def who_registers_twice_is_told_and_heard_further(t):
    engine = with_good(t, """
side = Side()
side.register("bad/**")
status, body = side.register("**")
serve(side=side, get=lambda call: call.found({"bad/a": b"%d " % status + body}))
""")
    (name, said), = engine.get("bad/a").items()
    assert said.startswith(b"500 ") and b"cannot rerun registration" in said, said
    equal(engine.plugins()["bad"]["secretsProvider"]["pattern"], "bad/**")
    works(engine)


@alone
def who_registers_as_another_is_not_heard(t):
    engine = with_good(t, """
side = Side()
side.register(name="good")
serve(side=side)
""")
    plugin = engine.plugins()["bad"]
    equal(plugin["runStatus"], "RUN_STATUS_CRASHED")
    assert "started as bad" in plugin["statusMessage"], plugin
    works(engine)


@alone
def who_registers_late_is_given_up(t):
    engine = with_good(t, "time.sleep(1000)")
    plugin = engine.plugins()["bad"]  # after its first try
    equal((plugin["runStatus"], plugin["statusMessage"]),
          ("RUN_STATUS_CRASHED", "it did not register in time"))
    works(engine)


# ---- again and again

@alone
def a_plugin_that_always_fails_is_given_up_until_it_is_enabled(t):
    engine = Engined(t, retry_time="3s")
    program = engine.scripted("bad", "sys.exit(7)")
    engine.start()
    engine.until(lambda: engine.status("bad") == "RETRIES_EXCEEDED")
    equal(engine.plugins()["bad"]["statusMessage"], "it ended with status 7")
    equal(engine.log.count("plugin bad failed: "), 1)
    assert "plugin bad is given up: it ended with status 7" in engine.log, engine.log
    program.unlink()
    engine.scripted("bad", 'serve(get=lambda call: call.found({"a": b"mended"}))')
    equal(engine.call(ENABLE, {"name": "bad"}).status, 200)
    equal(engine.get("a"), {("a", "bad"): b"mended"})
    equal(engine.status("bad"), "RUNNING")


@alone
def a_store_that_was_given_up_is_tried_again_when_it_is_needed(t):
    for way in ("save", "enable"):
        engine = Engined(t, retry_time="0s")
        program = engine.program("coffer-plugin-file", "exit 7")
        engine.start()
        equal(engine.status("docker-pass"), "RETRIES_EXCEEDED")
        refused = engine.call(SAVE, {"id": "a", "value": "eA=="})
        equal((refused.status, refused.message), (503, "the local store isn't there: it ended with status 7"))
        program.unlink()
        engine.store()
        if way == "enable":
            equal(engine.call(ENABLE, {"name": "docker-pass"}).status, 200)
            equal(engine.call(GET, {"pattern": "a"}).status, 404)
        engine.save("a", b"value")
        equal(engine.status("docker-pass"), "RUNNING")
        equal(engine.stop(), 0)
        assert not (engine.home / "plugins.state").exists()


@alone
def a_plugin_that_is_gone_can_be_disabled_and_forgotten(t):
    engine = Engined(t)
    program = engine.scripted("bad", "sys.exit(7)")
    engine.start()
    equal(engine.status("bad"), "CRASHED")
    program.unlink()
    equal(engine.call(DISABLE, {"name": "bad"}).status, 200)
    engine.until(lambda: engine.status("bad") == "STOPPED")
    equal(engine.stop(), 0)
    engine.start()
    equal(engine.plugins(), {})


# ---- clients that go, and answers that are kept

@alone
def a_client_that_goes_breaks_off_what_was_asked_for_it(t):
    engine = Engined(t)
    engine.scripted("slow", """
def get(call):
    if call.pattern == "wait":
        print("asked", file=sys.stderr, flush=True)
        call.side.is_reset(call)
        open(os.environ["TMPDIR"] + "/broken-off", "w").close()
    else:
        call.found({call.pattern: b"value"})
serve(get=get)
""")
    engine.start()
    equal(engine.status("slow"), "RUNNING")
    gone = subprocess.run(["curl", "-s", "--max-time", "1", "--unix-socket", engine.socket, "-H",
                           "Content-Type: application/json", "-d", '{"pattern": "wait"}',
                           f"http://unix/{GET}"], check=False, stdout=subprocess.PIPE)
    equal(gone.returncode, 28)  # its own time was over
    equal(engine.get("next"), {("next", "slow"): b"value"})
    assert (engine.home / "state/slow/broken-off").exists()


@alone
def the_time_that_a_client_gives_counts(t):
    engine = with_good(t, "serve(pattern='bad/**')")
    answer = engine.curl("-H", "Content-Type: application/json", "-H", "Connect-Timeout-Ms: 200", "-d",
                         '{"pattern": "bad/a"}', f"http://unix/{GET}")
    equal((answer.status, answer.json["code"]), (504, "deadline_exceeded"))
    works(engine)


COUNT = """
times = 0
def get(call):
    global times
    times += 1
    call.found({call.pattern: b"%d" % times}, expires=EXPIRES)
serve(get=get)
"""


@alone
def kept_answers_end_with_their_secrets(t):
    engine = Engined(t, cache="1h")
    engine.scripted("counting", COUNT.replace("EXPIRES", "in_a_moment(2) if call.pattern == 'short' else "
                                              "None"))
    engine.start()
    for _ in range(3):
        equal(engine.get("long"), {("long", "counting"): b"1"})
    equal(engine.get("short"), {("short", "counting"): b"2"})
    first = engine.get("short")
    engine.call(GET, {"pattern": "other"})  # the third that is asked for
    seen = [first]
    while seen[-1] == first:
        seen.append(engine.get("short"))
    equal(seen[-1], {("short", "counting"): b"4"})
    equal(engine.get("long"), {("long", "counting"): b"1"})
    os.kill(engine.program_pids()[0], signal.SIGKILL)  # who comes back may know something else
    engine.until(lambda: engine.log.count("plugin counting v1.0.0 runs") == 2)
    equal(engine.get("long"), {("long", "counting"): b"1"})


@alone
def equal_requests_at_once_are_one_question(t):
    engine = Engined(t)
    gate = engine.home / "gate"
    os.mkfifo(gate)
    engine.scripted("counting", COUNT.replace("EXPIRES", "None").replace(
        "    times += 1", f"    times += 1\n    open('{gate}').read()"), f"allow-read = {gate}\n")
    engine.start()
    equal(engine.status("counting"), "RUNNING")
    clients = [ask(engine, GET, '{"pattern": "a"}') for _ in range(5)]
    with ask(engine, VERSION, "{}") as last:  # they have been read when this is answered
        assert last.recv(65536).startswith(b"HTTP/1.1 200")
    gate.write_text("go")
    equal({client.recv(65536).partition(b'"value"')[2][:10] for client in clients}, {b':"MQ==","p'})
    for client in clients:
        client.close()


def ask(engine, procedure, message):
    """A connection on which that was asked."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT)
    connection.connect(str(engine.socket))
    connection.sendall(f"POST /{procedure} HTTP/1.1\r\nHost: unix\r\nContent-Type: application/json\r\n"
                       f"Content-Length: {len(message)}\r\n\r\n{message}".encode())
    return connection


@alone
def answers_are_packed_as_the_client_asks(t):
    engine = with_good(t, "serve(pattern='bad/**')")
    for accept, encoding in ((None, None), ("gzip", "gzip"), ("br, gzip", "gzip"),
                             ("gzip;q=0", None), ("identity", None)):
        head = ["-H", f"Accept-Encoding: {accept}"] if accept else []
        done = subprocess.run(["curl", "-s", "-D", "-", "-o", "/dev/null", "--unix-socket", engine.socket,
                               *head, "-H", "Content-Type: application/json", "-d",
                               '{"pattern": "good/a"}', f"http://unix/{GET}"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.lower()
        equal((accept, "content-encoding: gzip" in done), (accept, encoding == "gzip"))
    works(engine)
