"""Measures the cold start of the deployed function, beside functions that only make an S3 client.

All run from the same unpacked package, with its byte code, under Lambda's own runtime client and
with the Python of the runtime, or else this one. The time is from the start of the process until it
asks for an event: the *init* phase of Lambda. All have made their client by then. The function by
boto3 is the same one with FEEDS_S3_CLIENT=boto3.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from feeds.errors import FeedsError

RUNS = 15
GOAL = 0.5

BESIDE = """
import boto3
client = boto3.client("s3")
def publish(event, context):
    return None
"""


def put_boto3(task: Path, python: Path | str) -> None:
    """Put boto3, which the package does not need, beside the packages of the function."""
    for name in ("boto3", "s3transfer"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, task / name)
        command = [str(python), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        subprocess.run([*command, str(task / name)], check=True)


def main() -> None:
    """Measure both in turns, so that other load on this machine affects both; print a table."""
    sys.path[:0] = [str(Path(__file__).parent.parent)]  # as in pytest
    from support.runtime_api import MACHINE, Function, interpreter, put_client

    from infra.package import ROOT, make_zip

    if sys.platform != "linux" or not MACHINE:
        raise SystemExit("The package is for Linux on x86-64 or arm64: it does not run here.")
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        task, client = folder / "task", folder / "client"
        client.mkdir()
        if not put_client(client):
            raise SystemExit("There is no awslambdaric here: make install")
        file = folder / "function.zip"
        try:
            make_zip(file, ROOT / "examples/news/feeds.toml", MACHINE, interpreter()[1])
        except FeedsError as error:
            raise SystemExit(str(error)) from None
        zipfile.ZipFile(file).extractall(task)
        (task / "beside.py").write_text(BESIDE)
        put_boto3(task, interpreter()[0])
        where = {
            "POSTS_URL": "s3://posts",
            "FEEDS_URL": "s3://feeds",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }
        by_boto3 = {**where, "FEEDS_S3_CLIENT": "boto3"}
        cases = {
            "publish": ("handler.publish", where),
            "publish, by boto3": ("handler.publish", by_boto3),
            "boto3 alone": ("beside.publish", where),
        }
        times: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(RUNS + 1):
            for name, (entry, variables) in cases.items():
                times[name].append(Function(entry, task, client, variables).measured())
        size = file.stat().st_size
        shutil.rmtree(task)
    version = ".".join(map(str, interpreter()[1]))
    print(f"init of the package ({size / 1e6:.1f} MB) on Python {version}, {RUNS} runs each")
    print(f"{'':20}{'median ms':>12}{'best ms':>12}")
    for name, all_ in times.items():
        warm = all_[1:]  # the first run reads the files from the disk
        print(f"{name:20}{statistics.median(warm) * 1000:12.0f}{min(warm) * 1000:12.0f}")
    ratio = statistics.median(times["publish"][1:]) / statistics.median(times["boto3 alone"][1:])
    best = min(times["publish"][1:]) / min(times["boto3 alone"][1:])
    print(f"{'ratio':20}{ratio:12.2f}{best:12.2f}   (the goal is {GOAL} at most)")


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
