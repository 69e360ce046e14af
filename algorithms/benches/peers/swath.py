"""swath's side of a run: the bench `peers`, which answers requests, one JSON object a line."""

import json
import subprocess

from environment import REPOSITORY


def executable(built, options=("-p", "swath-algorithms")):
    """The bench's executable: the one that was built before, or what cargo builds with these options."""
    if built is not None:
        return built.resolve()
    command = ["cargo", "bench", *options, "--bench", "peers", "--no-run", "--message-format", "json"]
    built = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
    for message in map(json.loads, built.stdout.splitlines()):
        if message.get("executable") and message["target"]["name"] == "peers":
            return message["executable"]
    raise RuntimeError("cargo built no executable of the bench peers")


class Swath:
    """A process of swath's side. What it read and built is gone with it."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"swath's side ended with {self.process.wait()} at {json.dumps(request)[:1000]}")
        return json.loads(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
