"""Runs our `caller_identity` and botocore over the same files and variables, and compares who STS says they are.

moto's server verifies signatures once `reset-auth` was called, so a wrong secret, a wrong region in a signature, or a
session token that is not sent, shows up as a refusal.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3

REGION = "eu-central-1"
binary = Path(sys.argv[1])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_moto():
    port = free_port()
    moto = Path(sys.executable).with_name("moto_server")
    process = subprocess.Popen(
        [moto, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            urllib.request.urlopen(url + "/moto-api/", timeout=1).close()
            return process, url
        except OSError:
            time.sleep(0.1)
    process.terminate()
    sys.exit("moto did not start")


def set_up(url):
    """A user with a key, and two roles."""
    iam = boto3.client(
        "iam", endpoint_url=url, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    allow = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    policy = iam.create_policy(PolicyName="all", PolicyDocument=allow)["Policy"]["Arn"]
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=policy)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    roles = {}
    for name in ["one", "two"]:
        roles[name] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=allow)["Role"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return key["AccessKeyId"], key["SecretAccessKey"], roles


def authentication_on(url):
    request = urllib.request.Request(url + "/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(request).close()


def cases(home, key, secret, roles):
    """Name, what the ARN ends with (`None`: refused), variables, config file, credentials file."""
    one, two = roles["one"], roles["two"]
    keys = f"aws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
    wrong = f"aws_access_key_id = {key}\naws_secret_access_key = wrong\n"
    (home / "process.json").write_text(
        json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret})
    )
    (home / "token").write_text("eyJhbGciOiJub25lIn0.e30.\n")
    process = f'credential_process = cat "{home}/process.json"\n'
    ann, first, second = "user/ann", "assumed-role/one/session", "assumed-role/two/session"
    session = "role_session_name = session\n"
    yield "a key in the credentials file", ann, {}, "", f"[default]\n{keys}"
    yield "a key in the config file", ann, {}, f"[default]\n{keys}", ""
    yield (
        "a named profile in both files", ann, {"AWS_PROFILE": "p"},
        f"[profile p]\ns3 =\n  max_concurrent_requests = 20\n{wrong}",
        f"# comment\n[p]\naws_access_key_id={key}\naws_secret_access_key={secret}\n",
    )
    yield (
        "a profile with blanks in its name", ann, {"AWS_PROFILE": "my own"},
        f'[profile "my own"]\n{keys}', "",
    )
    environment = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    yield "the environment", ann, environment, f"[default]\n{wrong}", ""
    yield "a process", ann, {}, f"[default]\n{process}", ""
    yield (
        "a role", first, {"AWS_PROFILE": "r"},
        f"[profile base]\n{keys}[profile r]\nrole_arn = {one}\nsource_profile = base\n{session}", "",
    )
    yield (
        "a role of a role", second, {},
        f"[default]\nrole_arn = {two}\nsource_profile = r\n{session}duration_seconds = 900\n"
        f"[profile r]\nrole_arn = {one}\nsource_profile = base\nexternal_id = a+b/c\n"
        f"[profile base]\n{process}", "",
    )
    yield (
        "a role with its own key", first, {},
        f"[default]\n{keys}role_arn = {one}\nsource_profile = default\n{session}", "",
    )
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{home}/token", "AWS_ROLE_ARN": one, "AWS_ROLE_SESSION_NAME": "session"}
    yield "a web identity", first, web, "", ""
    yield (
        "a web identity in a profile", second, {},
        f"[default]\nweb_identity_token_file = {home}/token\nrole_arn = {two}\n{session}", "",
    )
    yield (
        "a role of a web identity", second, {},
        f"[default]\nrole_arn = {two}\nsource_profile = pod\n{session}"
        f"[profile pod]\nweb_identity_token_file = {home}/token\nrole_arn = {one}\nrole_session_name = pod\n", "",
    )
    yield "a wrong secret", None, {}, "", f"[default]\n{wrong}"
    yield (
        "a role with a wrong secret", None, {},
        f"[default]\nrole_arn = {one}\nsource_profile = b\n[profile b]\n{wrong}", "",
    )
    yield (
        "a chain that leads back", None, {},
        f"[default]\nrole_arn = {one}\nsource_profile = b\n"
        f"[profile b]\nrole_arn = {two}\nsource_profile = default\n", "",
    )
    yield "a profile that is not there", None, {"AWS_PROFILE": "nobody"}, f"[default]\n{keys}", ""
    yield "half a key", None, {"AWS_ACCESS_KEY_ID": key}, "", f"[default]\n{keys}"
    yield "nothing at all", None, {}, "", ""


THEIRS = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
"""


def identity(command, environment):
    """The ARN, or `None`; and why."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    why = "; ".join(done.stderr.strip().splitlines()[-4:])
    return (done.stdout.strip() if done.returncode == 0 else None), why


def main():
    strict, url = start_moto()
    # With authentication on, moto answers 500 to whatever is not signed, and web identities are not.
    lenient, open_url = start_moto()
    failures = 0
    try:
        key, secret, roles = set_up(url)
        authentication_on(url)
        set_up(open_url)
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory)
            (home / ".aws").mkdir()
            for name, expected, variables, config, credentials in cases(home, key, secret, roles):
                (home / ".aws/config").write_text(config)
                (home / ".aws/credentials").write_text(credentials)
                environment = {
                    "HOME": directory,
                    "PATH": os.environ["PATH"],
                    "AWS_REGION": REGION,
                    "AWS_DEFAULT_REGION": REGION,
                    "AWS_ENDPOINT_URL_STS": open_url if "web identity" in name else url,
                    "AWS_EC2_METADATA_DISABLED": "true",
                    **variables,
                }
                ours, why = identity([binary], environment)
                theirs, their_reason = identity([sys.executable, "-c", THEIRS], environment)
                right = ours is None if expected is None else bool(ours) and ours.endswith(expected)
                good = right and ours == theirs
                failures += not good
                print(f"{'ok  ' if good else 'FAIL'} {name}: {ours or 'refused: ' + why}")
                if not good:
                    print(f"     botocore: {theirs or 'refused: ' + their_reason}")
    finally:
        for moto in (strict, lenient):
            moto.terminate()
            moto.wait()
    print(f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
