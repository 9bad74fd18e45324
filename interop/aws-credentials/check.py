"""Runs our `caller_identity` and botocore over the same files and variables, and compares what STS says they are.

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
import botocore.session

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
    """A user with a key, and two roles; then authentication on."""
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
    request = urllib.request.Request(url + "/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(request).close()
    return key["AccessKeyId"], key["SecretAccessKey"], roles


def cases(home, url, key, secret, roles):
    one, two = roles["one"], roles["two"]
    keys = f"aws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
    document = json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret})
    (home / "process.json").write_text(document)
    (home / "token").write_text("eyJhbGciOiJub25lIn0.e30.\n")
    process = f"credential_process = cat \"{home}/process.json\"\n"
    yield "a key in the credentials file", {}, "", f"[default]\n{keys}"
    yield "a key in the config file", {}, f"[default]\n{keys}", ""
    yield "a named profile, half of it in each file", {"AWS_PROFILE": "p"}, \
        f"[profile p]\naws_access_key_id = {key} ; comment\n", \
        f"# comment\n[p]\naws_secret_access_key={secret}\n"
    yield "the environment", {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}, "", ""
    yield "a process", {}, f"[default]\n{process}", ""
    yield "a role", {"AWS_PROFILE": "r"}, \
        f"[profile base]\n{keys}[profile r]\nrole_arn = {one}\nsource_profile = base\nrole_session_name = session\n", ""
    yield "a role of a role", {}, \
        f"[default]\nrole_arn = {two}\nsource_profile = r\nrole_session_name = session\nduration_seconds = 900\n" \
        f"[profile r]\nrole_arn = {one}\nsource_profile = base\nexternal_id = a+b/c\n[profile base]\n{process}", ""
    yield "a role with its own key", {}, \
        f"[default]\n{keys}role_arn = {one}\nsource_profile = default\nrole_session_name = session\n", ""
    yield "a role from the environment", \
        {"AWS_PROFILE": "r", "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "SKIP_ENVIRONMENT": "1"}, \
        f"[profile r]\nrole_arn = {one}\ncredential_source = Environment\nrole_session_name = session\n", ""
    yield "a web identity", \
        {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{home}/token", "AWS_ROLE_ARN": one, "AWS_ROLE_SESSION_NAME": "pod"}, "", ""
    yield "a web identity in a profile", {}, \
        f"[default]\nweb_identity_token_file = {home}/token\nrole_arn = {two}\nrole_session_name = pod\n", ""
    yield "an endpoint for STS in the profile", {"AWS_ENDPOINT_URL": ""}, \
        f"[default]\n{keys}services = local\n[services local]\nsts =\n  endpoint_url = {url}\n", ""
    yield "REFUSED: a wrong secret", {}, "", f"[default]\naws_access_key_id = {key}\naws_secret_access_key = wrong\n"
    yield "REFUSED: a role with a wrong secret", {}, \
        f"[default]\nrole_arn = {one}\nsource_profile = b\n[profile b]\naws_access_key_id = {key}\naws_secret_access_key = wrong\n", ""
    yield "REFUSED: a chain that leads back", {}, \
        f"[default]\nrole_arn = {one}\nsource_profile = b\n[profile b]\nrole_arn = {two}\nsource_profile = default\n", ""
    yield "REFUSED: a profile that is not there", {"AWS_PROFILE": "nobody"}, f"[default]\n{keys}", ""


def ours(environment):
    """The ARN, or `None` and why."""
    environment = {k: v for k, v in environment.items() if k != "SKIP_ENVIRONMENT"}
    arguments = [binary]
    if "SKIP_ENVIRONMENT" in os.environ:
        arguments.append("--profile")
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
    return (done.stdout.strip(), "") if done.returncode == 0 else (None, done.stderr.strip())


THEIRS = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
"""


def theirs(environment):
    done = subprocess.run(
        [sys.executable, "-c", THEIRS], env=environment, capture_output=True, text=True, timeout=60
    )
    last = done.stderr.strip().splitlines()[-1:] or [""]
    return (done.stdout.strip(), "") if done.returncode == 0 else (None, last[0])
