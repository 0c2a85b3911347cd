"""Measures the cold start of the deployed function, beside a function that only makes an S3 client.

Both run from the same unpacked package, with its byte code, under Lambda's own runtime client and
with the Python of the runtime, or else this one. The time is from the start of the process until it
asks for an event: the *init* phase of Lambda. Both have made their client by then.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import zipfile
from pathlib import Path

from feeds.errors import FeedsError

RUNS = 15
GOAL = 1.5

BESIDE = """
import boto3
client = boto3.client("s3")
def publish(event, context):
    return None
"""


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
        where = {
            "POSTS_URL": "s3://posts",
            "FEEDS_URL": "s3://feeds",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }
        names = {"publish": "handler.publish", "boto3 alone": "beside.publish"}
        times: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(RUNS + 1):
            for name, entry in names.items():
                times[name].append(Function(entry, task, client, where).measured())
        size = file.stat().st_size
        shutil.rmtree(task)
    version = ".".join(map(str, interpreter()[1]))
    print(f"init of the package ({size / 1e6:.1f} MB) on Python {version}, {RUNS} runs each")
    print(f"{'':14}{'median ms':>12}{'best ms':>12}")
    for name, all_ in times.items():
        warm = all_[1:]  # the first run reads the files from the disk
        print(f"{name:14}{statistics.median(warm) * 1000:12.0f}{min(warm) * 1000:12.0f}")
    ratio = statistics.median(times["publish"][1:]) / statistics.median(times["boto3 alone"][1:])
    best = min(times["publish"][1:]) / min(times["boto3 alone"][1:])
    print(f"{'ratio':14}{ratio:12.2f}{best:12.2f}   (the goal is {GOAL} at most)")


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
