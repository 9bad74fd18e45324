"""One file of tokens, used by httpx_auth (Python) and by `FileStore` (the program that is given as argument)."""

import json
import os
import random
import re
import socketserver
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from httpx_auth import JsonTokenFileCache
from httpx_auth._errors import AuthenticationFailed

PROGRAM = sys.argv[1]
HOUR = 3600
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        sys.exit(f"FAILED: {what}")


def rust(path, *arguments):
    return subprocess.run(
        [PROGRAM, path, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def python(path):
    """A new cache each time: an old one misses changes within one tick of the file's time."""
    return JsonTokenFileCache(path)


def read(path, key):
    try:
        return python(path).get_token(key)
    except AuthenticationFailed:
        return None


def python_reads_what_rust_wrote(path):
    expiry = time.time() + HOUR
    rust(path, "save", "k1", "t1", str(expiry), "r1")
    rust(path, "save", "k2", 'a"\\/é\u2028', str(expiry), "-")
    rust(path, "save", "k3", "for ever", "-", "-")
    check(read(path, "k1") == "t1", "a token")
    check(read(path, "k2") == 'a"\\/é\u2028', "a token with odd characters")
    check(read(path, "k3") == "for ever", "a token without an end")
    check(python(path).tokens["k1"] == ["t1", expiry, "r1"], "all of an entry")
    check(read(path, "k4") is None, "a key that is not there")
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "only the owner can read it")
    rust(path, "remove", "k1")
    check(read(path, "k1") is None, "a key that was removed")
    check(read(path, "k3") == "for ever", "the others are still there")


def python_refreshes_with_the_refresh_token_that_rust_wrote(path):
    rust(path, "save", "k", "old", str(time.time() - 1), "r1")
    got = []

    def refresh(token):
        got.append(token)
        return "k", "new", HOUR, "r2"

    check(python(path).get_token("k", on_expired_token=refresh) == "new", "refreshed")
    check(got == ["r1"], "with the refresh token of the file")
    check(rust(path, "load", "k").split()[::2] == ["new", "r2"], "and Rust reads it")


def rust_reads_what_python_wrote(path):
    cache = python(path)
    cache._add_access_token("k1", "t1", HOUR, "r1")
    cache._add_access_token("k2", "t2", "7200")
    cache._add_token("k3", "t3", 4102444800)
    token, expiry, refresh = rust(path, "load", "k1").split()
    check((token, refresh) == ("t1", "r1"), "a token")
    check(float(expiry) == cache.tokens["k1"][1], "its expiry, to the microsecond")
    check(rust(path, "load", "k2").split()[::2] == ["t2", "-"], "without refresh token")
    check(rust(path, "load", "k3") == "t3 4102444800.0 -", "a whole number as expiry")
    check(rust(path, "load", "k4") == "none", "a key that is not there")
    # As versions before 0.22 wrote it.
    Path(path).write_text(json.dumps({"k": ["t", 4102444800.5]}))
    check(rust(path, "load", "k") == "t 4102444800.5 -", "an entry of two")


def each_keeps_the_entries_of_the_other(path):
    cache = python(path)
    cache._add_access_token("p1", "python", HOUR, "r")
    before = cache.tokens["p1"]
    rust(path, "save", "r1", "rust", str(time.time() + HOUR), "-")
    python(path)._add_access_token("p2", "python", HOUR)
    rust(path, "remove", "r2")
    rust(path, "save", "r2", "rust", "-", "-")
    kept = json.loads(Path(path).read_text())
    check(set(kept) == {"p1", "p2", "r1", "r2"}, "all four")
    check(tuple(kept["p1"]) == before, "unchanged")


def python_reads_while_rust_writes(path):
    rust(path, "rotate", "k", "1")
    writer = subprocess.Popen([PROGRAM, path, "rotate", "k", "0"])
    seen = set()
    last = 0
    try:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            token = read(path, "k")
            check(token is not None and re.fullmatch(r"t[0-9]+", token), f"whole: {token}")
            number = int(token[1:])
            check(number >= last, "never an older one")
            last = number
            seen.add(token)
    finally:
        writer.kill()
        writer.wait()
    check(len(seen) > 20, f"only {len(seen)} different tokens")
    print(f"  {len(seen)} different tokens read while they were written")


def rust_reads_while_python_writes(path):
    cache = python(path)
    cache._add_access_token("k", "t0", HOUR, "r0")
    watcher = subprocess.Popen(
        [PROGRAM, path, "watch", "k"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    number = 0
    end = time.monotonic() + 5
    while time.monotonic() < end:
        number += 1
        cache._add_access_token("k", f"t{number}", HOUR, f"r{number}")
        time.sleep(0.001)
    output, _ = watcher.communicate()
    check(watcher.returncode == 0, "the watcher")
    tokens = []
    for line in output.splitlines():
        times, what = line.split(maxsplit=1)
        if what == "Broken":
            # Python was stopped for long between emptying the file and filling it. Nothing was made up, nor set aside.
            print(f"  {times} times the file was found empty or half written")
            continue
        token, _, refresh = what.split()
        check(token[0] + refresh[0] == "tr" and token[1:] == refresh[1:], f"whole: {line}")
        tokens.append(token)
    check(len(tokens) > 20, f"only {len(tokens)} different tokens")
    check(os.listdir(os.path.dirname(path)) == [os.path.basename(path)], "nothing set aside")
    print(f"  {len(tokens)} different tokens read of {number} that were written in place")


def kills_of_the_writer_leave_python_a_whole_file(path):
    rust(path, "rotate", "k", "1")
    last = 1
    for _ in range(50):
        writer = subprocess.Popen([PROGRAM, path, "rotate", "k", "0"])
        time.sleep(random.uniform(0.005, 0.05))
        writer.kill()  # -9
        writer.wait()
        token = read(path, "k")
        check(token is not None and re.fullmatch(r"t[0-9]+", token), f"whole: {token}")
        check(int(token[1:]) >= last, "never an older one")
        last = int(token[1:])
    check(last > 10, f"only {last} tokens were written")
    print(f"  50 kills, {last} tokens written")


class Session(socketserver.ThreadingTCPServer):
    """
    Answers `use t1` with a status, and `refresh r1` with `ok 2` once: a second use of a refresh token ends the session,
    unless its successor never arrived anywhere, as when the answer was lost with its process.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 200

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session.Handler)
        self.lock = threading.Lock()
        self.newest = 1
        self.expired = self.exchanges = self.repeated = 0
        self.arrived = True
        self.revoked = False
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.address = "127.0.0.1:%d" % self.server_address[1]

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                what, token = self.rfile.readline().decode().split()
                # A kill can come before the exchange, and between the exchange and its answer.
                pause = 0.01 if what == "refresh" else 0
                time.sleep(pause)
                answer = getattr(self.server, what)(int(token[1:]))
                time.sleep(pause)
                self.wfile.write(f"{answer}\n".encode())
            except (OSError, ValueError):
                pass  # it was killed

    def use(self, number):
        with self.lock:
            if self.revoked or number <= self.expired:
                return "401"
            self.arrived |= number == self.newest
            return "200"

    def refresh(self, number):
        with self.lock:
            lost = number + 1 == self.newest and not self.arrived
            if self.revoked or not (number == self.newest or lost):
                self.revoked = True
                return "invalid_grant"
            self.exchanges += 1
            self.repeated += lost
            self.newest += 1
            self.arrived = False
            return f"ok {self.newest}"


def python_uses_the_session_that_rust_refreshes_and_kills_lose_nothing(path):
    server = Session()
    rust(path, "save", "k", "t1", str(time.time() - HOUR), "r1")

    def start():
        command = [PROGRAM, path, "session", "k", server.address, "50"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    killed = 0
    for round in range(50):
        # The access token of the file has expired, here and for the server.
        refresh = json.loads(Path(path).read_text())["k"][2]
        rust(path, "save", "k", "t" + refresh[1:], str(time.time() - HOUR), refresh)
        server.expired = server.newest
        doomed, other = start(), start()
        time.sleep(random.uniform(0, 0.06))
        doomed.kill()  # -9
        killed += doomed.wait() != 0
        # Python reads all the while; what it reads is whole, and what has not expired is good.
        used = 0
        while other.poll() is None or used == 0:
            token = read(path, "k")
            if token is not None:
                check(re.fullmatch(r"t[0-9]+", token), f"round {round}: whole: {token}")
                check(server.use(int(token[1:])) == "200", f"round {round}: {token} is good")
                used += 1
            elif other.poll() is not None:
                check(read(path, "k") is not None, f"round {round}: it was refreshed")
        check(other.stdout.read().strip() == "50 of 50", f"round {round}: every request 200")
        check(not server.revoked, f"round {round}: no refresh token was used twice")
    check(killed > 0, "somebody was killed before it was done")
    check(server.exchanges - server.repeated == 50, "one refresh each round")
    server.shutdown()
    print(f"  50 rounds, {killed} killed: {server.exchanges} exchanges, {server.repeated} of them again")


def what_python_broke_is_set_aside(path):
    Path(path).write_text("")  # what a kill in the middle of httpx_auth's writing leaves
    rust(path, "save", "k", "t", "-", "-")
    check(read(path, "k") == "t", "a new file")
    check(Path(path + ".broken-1").read_text() == "", "and the old one, set aside")


def main():
    for test in [
        python_reads_what_rust_wrote,
        python_refreshes_with_the_refresh_token_that_rust_wrote,
        rust_reads_what_python_wrote,
        each_keeps_the_entries_of_the_other,
        python_reads_while_rust_writes,
        rust_reads_while_python_writes,
        kills_of_the_writer_leave_python_a_whole_file,
        python_uses_the_session_that_rust_refreshes_and_kills_lose_nothing,
        what_python_broke_is_set_aside,
    ]:
        with tempfile.TemporaryDirectory() as directory:
            test(os.path.join(directory, "tokens.json"))
        print(f"{test.__name__.replace('_', ' ')}: ok")
    print(f"{checks} checks")


main()
