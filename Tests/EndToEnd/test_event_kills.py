"""SIGKILL at random moments under load of asynchronous invocations: every accepted event is executed, none is lost, and the
ledger and the queue agree."""

import concurrent.futures
import json
import random
import sqlite3
import threading
import time

import pytest
from support.runtime import Runtime, create, eventually

# The function leaves a mark that outlives every crash: one file an event, appended to once an execution.
CODE = """
import os
def handler(event, context):
    with open(os.path.join(event["folder"], str(event["n"])), "a") as mark:
        mark.write(context.aws_request_id + "\\n")
"""


@pytest.mark.parametrize("kills", [5])
def test_accepted_events_are_executed_through_kills(tmp_path, seed, soak, kills):
    kills = 50 if soak else kills
    print(f"seed {seed}")
    chance = random.Random(seed)
    runtime = Runtime("--concurrency", "8")
    accepted: dict[int, str] = {}
    lock = threading.Lock()
    numbers = iter(range(1 << 30))
    stop = threading.Event()
    (tmp_path / "marks").mkdir()

    def send(clients):
        while not stop.is_set():
            with lock:
                number = next(numbers)
                client = clients[0]
            try:
                answer = client.invoke(
                    FunctionName="marks", InvocationType="Event",
                    Payload=json.dumps({"n": number, "folder": str(tmp_path / "marks")}),
                )  # fmt: skip
            except Exception:
                # Not accepted, as far as anybody can know: the runtime may be dead just now.
                time.sleep(0.02)
                continue
            with lock:
                accepted[number] = answer["ResponseMetadata"]["RequestId"]

    try:
        create(runtime.client(), "marks", CODE, Timeout=10)
        clients = [runtime.client()]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            senders = [pool.submit(send, clients) for _ in range(4)]
            try:
                for _ in range(kills):
                    time.sleep(chance.uniform(0.05, 0.6))
                    runtime.kill()
                    runtime.start()
                    with lock:
                        clients[0] = runtime.client()
            finally:
                stop.set()
            for sender in senders:
                sender.result()
        assert accepted, "nothing was accepted at all"
        database = runtime.state / "state.sqlite"

        def waiting():
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
                return connection.execute("SELECT count(*) FROM events").fetchone()[0]

        eventually(lambda: waiting() == 0, 120)
        marks = {int(mark.name): mark.read_text().split() for mark in (tmp_path / "marks").iterdir()}
        for number, identifier in accepted.items():
            assert identifier in marks.get(number, []), f"event {number} was accepted and never ran (seed {seed})"
        # An event leaves the queue in the transaction that writes its line: one success each, however often it was begun.
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            rows = connection.execute("SELECT lower(hex(request)), count(*) FROM ledger_invocations GROUP BY 1").fetchall()
        lines = dict(rows)
        wrong = {n: lines.get(i.replace("-", ""), 0) for n, i in accepted.items() if lines.get(i.replace("-", ""), 0) != 1}
        assert not wrong, f"lines in the ledger by event: {wrong} (seed {seed})"
    finally:
        runtime.stop()
