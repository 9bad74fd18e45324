"""Makes `.netrc` files of all sorts, asks CPython's `netrc`, curl and us what they say for a host, and lists the differences.

Where both readers agree, we have to, and where they do not, we have to agree with one of them; but for differences on
purpose, which are known by what is in the file, and counted. Any other ends with exit code 1. The seed is fixed, so a run can
be repeated; `fuzz.py BINARY COUNT SEED` takes others.
"""

import base64
import collections
import http.server
import netrc
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

binary = Path(sys.argv[1])
count = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 11)
# Whom is asked for. With a user name, only curl can be.
ASKED = [("a.example", None), ("b.example", None), ("other.example", None), ("a.example", "u"), ("a.example", "v")]


def pick(*weighted):
    return chance.choices([what for what, _ in weighted], [weight for _, weight in weighted])[0]


def blank():
    return pick((" ", 12), ("\n", 5), ("  ", 2), ("\t", 2), ("\n\n", 0.5), ("\n\t", 3), ("\r\n", 0.5), (" \n ", 0.5))


def word(*plain):
    """A value, plain or not."""
    text = chance.choice(plain)
    return pick(
        (text, 30), (f'"{text}"', 3), (f'"{text} x"', 1), (f'"{text}\\"x"', 0.7), (f'"{text}\\\\x"', 0.5), (f'"{text}\\tx"', 0.3),
        (f"{text}#x", 0.7), (f"#{text}", 0.4), ('""', 0.4), (f'{text}"x', 0.4), (f"{text}\\x", 0.4), (f'"{text}', 0.2), ("é" + text, 0.4),
        (f'"{text}"x', 0.2), ("login", 0.1), ("machine", 0.1), ("default", 0.1), (f"{text}:x", 0.3),
    )


def entry():
    machine = pick(("a.example", 6), ("b.example", 5), ("A.Example", 1), ("c.example", 2), ('"a.example"', 0.5), ("a.example.", 0.3))
    parts = [pick((f"machine{blank()}{machine}", 12), ("default", 1.5), ("machine", 0.1), ("MACHINE a.example", 0.1))]
    if chance.random() < 0.9:
        parts.append(f"{pick(('login', 9), ('user', 0.7))}{blank()}{word('u', 'v', 'w')}")
    if chance.random() < 0.9:
        parts.append(f"{pick(('password', 12), ('passwd', 0.4))}{blank()}{word('p', 'q', 'secret')}")
    if chance.random() < 0.1:
        parts.append(f"account{blank()}{word('acc')}")
    if chance.random() < 0.05:
        parts[1:] = parts[:0:-1]
    if chance.random() < 0.02:
        parts.append(pick(("login x", 1), ("password y", 1), ("port 80", 1), ("nonsense", 1), ("protocol https", 0.5)))
    return blank().join(parts)


def other():
    return pick(
        ("# comment", 4), ("  # a comment", 2), ("#comment machine a.example login no password no", 1), ("#", 1), ("", 4),
        ("macdef init\ncd /pub\nbye\n", 2), ("macdef x\nmachine a.example login no password no\n", 1), ("macdef empty\n", 0.5), ("nonsense", 0.1),
        ("# it's \"quoted", 0.5),
    )


def file():
    lines = []
    for _ in range(chance.randint(0, 4)):
        if chance.random() < 0.25:
            lines.append(other())
        lines.append(entry() + pick(("", 12), (" # comment", 1), (" #comment", 0.5), ("  ", 1)))
    if chance.random() < 0.1:
        lines.append(other())
    end = pick(("\n", 12), ("\r\n", 1))
    text = end.join("\n".join(lines).split("\n")) if end != "\n" else "\n".join(lines)
    return pick(("", 30), ("\ufeff", 0.5)) + text + pick(("", 1), ("\n", 6), ("\n\n", 1))


def by_python(path, host):
    """User name and password, `None`, or `"error"`."""
    try:
        found = netrc.netrc(path).authenticators(host)
    except (netrc.NetrcParseError, UnicodeDecodeError):
        return "error"
    if not found or not (found[0] or found[2]):
        return None
    return found[0] or "", found[2] or ""


class Server(http.server.BaseHTTPRequestHandler):
    """Writes down what curl sends."""

    protocol_version = "HTTP/1.1"
    seen = {}

    def do_GET(self):
        self.seen[self.path] = self.headers["authorization"]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def decoded(value):
    if value is None or value == "none":
        return None
    if value.startswith("error"):
        return "error"
    user, _, password = base64.b64decode(value.removeprefix("Basic ")).decode().partition(":")
    return user, password


def by_curl(port, path):
    Server.seen.clear()
    urls = []
    for number, (host, user) in enumerate(ASKED):
        urls += [f"http://{user + '@' if user else ''}{host}/{number}", "-o", os.devnull]
    command = ["curl", "-q", "--silent", "--noproxy", "*", "--netrc-file", path, "--connect-to", f"::127.0.0.1:{port}"]
    ended = subprocess.run([*command, *urls], capture_output=True, text=True, env={**os.environ, "http_proxy": ""}, check=False)
    failed = ended.returncode not in (0,)
    answers = []
    for number in range(len(ASKED)):
        if f"/{number}" in Server.seen:
            answers.append(decoded(Server.seen[f"/{number}"]))
        else:
            answers.append("error" if failed else None)
    return answers


def purpose(text, user, python, curl, ours):
    """Which difference on purpose this is, if it is one."""
    theirs = user and re.search(rf"machine\s+a\.example\s+login\s+{user}\s+password\s+\w+\s", text) and '"' not in text
    if user and curl == (user, "") and ours is None and not theirs:
        return "curl: a user of the URI without an entry is sent with an empty password; here nothing is sent"
    if user and isinstance(curl, tuple) and ours is None and not theirs:
        return "curl: a user of the URI gets the password of an entry of another, or of nobody; here nothing is sent"
    if "\ufeff" in text:
        return "a byte order mark: the others take it for a part of the first word; here it is skipped"
    if re.search(r"\bpasswd\b", text):
        return "`passwd`: BSD's word for `password`, which neither of the others knows"
    if re.search(r'"[^"\n]*(\n|$)', re.sub(r'"(\\.|[^"\\\n])*"', "", text)):
        return "a quote that does not end on its line: curl gives up, CPython goes on over lines; here it spoils its entry"
    if re.search(r"\b(machine|login|user|password|account)([ \t\r]+\n|\n[ \t\r]*\n)", text):
        return "a value on a later line, behind blanks or an empty line: curl takes an empty text for it"
    if re.search(r"\bdefault\b.*\bmachine\b", text, re.DOTALL):
        return "`default` before a `machine`: for curl it ends the search, or goes on in the entry before; here it is the last resort"
    if re.search(r"\bMACHINE\b", text):
        return "an unknown word: curl passes over it, CPython gives up the file; here it spoils its entry"
    if ours == "error":
        if re.search(r"\b(port|nonsense|protocol|MACHINE)\b", text):
            return "an unknown word: curl passes over it, CPython gives up the file; here it spoils its entry"
        if re.search(r'"[^"\n]*\\t', text):
            return "a control character: Basic cannot send it (RFC 7617); the others do"
        if re.search(r'"x', text):
            return "a word right behind a quote: curl passes over it, CPython gives up the file; here it spoils its entry"
        if re.search(r":x", text):
            return "a colon in a user name: Basic cannot send it; the others do, and the server reads another name"
    if re.search(r"(login|user|password|account)\s+#", text):
        return "`#` at the beginning of a value: curl takes it for a comment; here, as in CPython, it is the value"
    if re.search(r"(login|user|password|account)\s+(login|machine|default)", text):
        return "a value that reads as a keyword: curl and CPython lose their way at times; here it is a value"
    if len(re.findall(r"machine\s+\"?a\.example\"?\s", text, re.IGNORECASE)) > 1 or len(re.findall(r"machine\s+\"?b\.example\"?\s", text)) > 1:
        return "several entries for one host: the first counts, whole; CPython takes the last, curl makes one of several"
    if len(re.findall(r"\bdefault\b", text)) > 1:
        return "several entries `default`: the first counts, as of hosts"
    if ours and ours != "error" and not all(ours):
        return "half an entry is one: the others complete it by what follows"
    if re.search(r"login x|password y", text):
        return "a word twice in an entry: the last counts, as in CPython"
    if re.search(r"A\.Example", text):
        return "hosts have no case; CPython's do"
    if re.search(r"\buser\b", text):
        return "`user` for `login`, as in CPython; curl does not know it"
    return None


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    agreed, with_one, on_purpose, differences = 0, collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory() as root:
        cases = []
        for number in range(count):
            path, text = Path(root, str(number)), file()
            path.write_bytes(text.encode())
            path.chmod(0o600)
            cases.append((path, text))
        asked = "".join(f"{path}\thttps://{user + '@' if user else ''}{host}/\n" for path, _ in cases for host, user in ASKED)
        answers = subprocess.run([binary], input=asked, capture_output=True, text=True, check=True).stdout.splitlines()
        assert len(answers) == len(cases) * len(ASKED), (len(answers), len(cases))
        answers = iter(answers)
        for path, text in cases:
            for (host, user), curl in zip(ASKED, by_curl(server.server_address[1], path)):
                answer = next(answers)
                ours, python = decoded(answer), by_python(path, host) if user is None else curl
                if ours == python == curl:
                    agreed += 1
                elif user is None and ours == python:
                    with_one["CPython"] += 1
                elif user is None and ours == curl:
                    with_one["curl"] += 1
                elif known := purpose(text, user, python, curl, ours):
                    on_purpose[known] += 1
                else:
                    differences.append((host, user, text, python, curl, answer if ours == "error" else ours))
    total = len(cases) * len(ASKED)
    print(f"{agreed} of {total} read alike by all; where the two differ, {dict(with_one)}; on purpose otherwise:")
    for known, times in on_purpose.most_common():
        print(f"{times:6} {known}")
    for host, user, text, python, curl, ours in differences[:14]:
        print(f"\nDIFFERENT: {user or ''}@{host}\n{text!r}\nCPython {python}\ncurl {curl}\nours {ours}")
    print(f"{len(differences)} differences without a purpose")
    sys.exit(bool(differences) or not agreed)


main()
