"""One file of tokens, used by httpx_auth (Python) and by `FileStore` (the program that is given as argument)."""

import json
import os
import random
import re
import stat
import subprocess
import sys
import tempfile
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
    check(len(seen) > 100, f"only {len(seen)} different tokens")
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
        _, token, _, refresh = line.split()
        check(token[0] + refresh[0] == "tr" and token[1:] == refresh[1:], f"whole: {line}")
        tokens.append(token)
    check(len(tokens) > 100, f"only {len(tokens)} different tokens")
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
    check(last > 50, f"only {last} tokens were written")
    print(f"  50 kills, {last} tokens written")


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
        what_python_broke_is_set_aside,
    ]:
        with tempfile.TemporaryDirectory() as directory:
            test(os.path.join(directory, "tokens.json"))
        print(f"{test.__name__.replace('_', ' ')}: ok")
    print(f"{checks} checks")


main()
