"""Makes `~/.aws` files of all sorts, asks botocore's reader and ours what a profile in them says, and lists the differences.

A difference on purpose is known by what is in the file, and counted; any other ends with exit code 1. The seed is fixed, so a
run can be repeated; `fuzz.py BINARY COUNT SEED` takes others.
"""

import collections
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigNotFound, ConfigParseError

binary = Path(sys.argv[1])
count = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 11)
NAMES = ["default", "a", "b", "a b"]
PROPERTIES = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region"]


def pick(*weighted):
    return chance.choices([what for what, _ in weighted], [weight for _, weight in weighted])[0]


def blanks():
    return pick(("", 12), (" ", 2), ("  ", 3), ("\t", 1), ("    ", 1))


def header(config, name):
    if config and name != "default" and chance.random() < 0.95:
        quote = pick(('"', 3), ("'", 1)) if " " in name or chance.random() < 0.05 else ""
        name = f"profile{pick((' ', 9), ('  ', 1), (chr(9), 1))}{quote}{name}{quote}"
    text = pick((f"[{name}]", 40), (f"[{name}", 0.2), (f"[{name}] # c", 1), (f"[ {name} ]", 1), (f"[{name}] x", 0.2))
    return blanks() + text


def line(name):
    if chance.random() < 0.05:
        name = name.upper()
    value = pick(("v1", 6), ("x/y+z=", 2), ("a:b=c", 1), ("", 1), ("a#b;c", 1), ("q # c", 1), ("'q'", 1))
    sign = pick((" = ", 8), ("=", 3), (": ", 2), (":", 1), (" : ", 1))
    return blanks() + name + sign + (value if name.lower() != "region" else pick(("eu-1", 9), ("", 1)))


def other():
    return pick(
        ("", 8), ("   ", 2), ("# comment", 3), ("  # comment", 3), ("\t; comment", 2), ("nothing", 0.2), ("= x", 0.2),
        (f"s3{chance.randrange(99)} =\n  x = y\n  z=1", 4), ("s3 =\n  x", 0.2), ("  more", 1), (": x", 0.2), (f"s{chance.randrange(99)} =\n\n  # c\n  x = y", 2),
    )


def some(names):
    """Some of them, now and then one twice."""
    chosen = chance.sample(names, chance.randint(0, len(names)))
    return chosen + (chosen[:1] if chance.random() < 0.01 else [])


def file(config):
    lines = []
    for section in some(NAMES):
        lines.append(header(config, section))
        for name in some(PROPERTIES):
            lines.append(line(name))
            if chance.random() < 0.2:
                lines.append(other())
    if chance.random() < 0.02:
        lines.insert(0, line("region"))
    end = pick(("\n", 8), ("\r\n", 2), ("\r", 1))
    mark = pick(("", 30), ("\ufeff", 1))
    return mark + end.join("\n".join(lines).split("\n")) + pick(("", 1), (end, 2))


def by_botocore(home, name):
    """The properties of a profile, as `botocore.session` puts both files together; `None` when it cannot read them."""
    try:
        try:
            profiles = load_config(f"{home}/.aws/config")["profiles"]
        except ConfigNotFound:
            profiles = {}
        try:
            for profile, values in raw_config_parse(f"{home}/.aws/credentials").items():
                profiles.setdefault(profile, {}).update(values)
        except ConfigNotFound:
            pass
    except ConfigParseError as error:
        return None, str(error.kwargs.get("error", error))
    return profiles.get(name, {}), ""


def purpose(config, credentials, expected, why, ours):
    """Which difference on purpose this is, if it is one."""
    text = config + "\n" + credentials
    if expected is None:
        # A file that botocore gives up as a whole.
        if "\ufeff" in text:
            return "botocore: a byte order mark makes the file unreadable; here it is skipped"
        if "already exists" in why:
            return "botocore: a section or property twice makes the file unreadable; here the last property counts"
        return "botocore: a mistake makes the file unreadable; here it spoils its section"
    if re.search(r"[ \t][#;]", text):
        return "a comment behind a value or a header: botocore takes it for a part of it"
    if re.search(r"\[\s|\s\]", text):
        return "blanks inside the brackets: botocore takes them for a part of the name"
    if re.search(r"\[[^]\n\r]*(\r|\n|$)", text) or re.search(r"\] x", text):
        return "a header that cannot be read: botocore goes on without it, here it is a mistake"
    if re.search(r"\[profile\s+[\"']?default", config):
        return "`[profile default]` beside `[default]`"
    names = [re.sub(r"[\"'\s]+", " ", name).strip() for name in re.findall(r"\[(.*?)\]", config)]
    if len(set(names)) < len(names):
        return "two spellings of one profile: botocore takes the last, here they are one"
    if re.search(r"\[[\"']", credentials):
        return "quotes in the credentials file"
    key = ours["key"]
    if isinstance(key, dict) and "no `aws_" in key["error"]:
        return None if expected.get("aws_access_key_id") and expected.get("aws_secret_access_key") else "half a key is an error"
    return None


def same(expected, ours):
    # What is nested is no text: neither a key nor a region.
    value = lambda name: "\n" if isinstance(expected.get(name), dict) else expected.get(name) or None
    identity, secret, token = (value(name) for name in PROPERTIES[:3])
    key = ours["key"]
    if identity and secret:
        if key != [identity, secret, token]:
            multiline = any("\n" in part for part in (identity, secret, token or ""))
            return multiline and isinstance(key, dict)  # no key has a line end, whoever reads it
    elif not isinstance(key, dict):
        return False
    region = ours["region"]
    return region == value("region") or isinstance(region, dict) and "\n" in (value("region") or "")


def main():
    differences, on_purpose, agreed, read = [], collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory() as root:
        cases = []
        for number in range(count):
            home = Path(root, str(number))
            (home / ".aws").mkdir(parents=True)
            config, credentials = file(True), file(False) if chance.random() < 0.5 else ""
            (home / ".aws/config").write_bytes(config.encode())
            (home / ".aws/credentials").write_bytes(credentials.encode())
            cases += [(home, name, config, credentials) for name in NAMES]
        asked = "".join(f"{home}\t{name}\n" for home, name, _, _ in cases)
        answers = subprocess.run([binary], input=asked, capture_output=True, text=True, check=True).stdout.splitlines()
        assert len(answers) == len(cases)
        for (home, name, config, credentials), answer in zip(cases, answers):
            expected, why = by_botocore(home, name)
            ours = json.loads(answer)
            read += expected is not None and bool(expected)
            if expected is not None and same(expected, ours):
                agreed += 1
                continue
            known = purpose(config, credentials, expected, why, ours)
            if known:
                on_purpose[known] += 1
            else:
                differences.append((name, config, credentials, expected, ours))
    print(f"{agreed} of {len(cases)} read alike, {read} of them with something in the profile; on purpose otherwise:")
    for known, times in on_purpose.most_common():
        print(f"{times:6} {known}")
    for name, config, credentials, expected, ours in differences[:10]:
        print(f"\nDIFFERENT: {name}\nconfig {config!r}\ncredentials {credentials!r}\nbotocore {expected}\nours {ours}")
    print(f"{len(differences)} differences without a purpose")
    sys.exit(bool(differences) or not agreed)


main()
