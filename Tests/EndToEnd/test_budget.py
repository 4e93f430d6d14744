"""A budget stops a run before it is exceeded; what was copied stays, and the same command goes on from there."""

import json
import signal
import sqlite3
from decimal import Decimal

import pytest
from support import catalogue, runtime, stores
from support.pool import new_bucket

MIB = 1 << 20
COUNT = 600
# Steps of 1 ms, so that a small object costs what it takes; a request has its price, the first hundred are free.
CARD = {
    "name": "mine",
    "lambda": {
        "roundingMilliseconds": 1,
        "billsInit": False,
        "perMillionRequests": "2.00",
        "freeRequestsPerMonth": 100,
        "perGBSecond": [{"price": "0.0001"}],
    },
    "s3": {"perThousandWrites": "0.01", "perThousandReads": "0.001"},
    "transferOut": {"perGB": [{"price": "0.1"}]},
}


@pytest.fixture
def sides(pool, brigade):
    source, target = pool.get("local-s3"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    stores.put_many(source, bucket, {f"{n:04}": catalogue.body(str(n), 3000) for n in range(COUNT)})
    (brigade.folder / "mine.json").write_text(json.dumps(CARD))
    for name, server in (("A", source), ("B", target)):
        brigade.env[f"{name}_ACCESS_KEY_ID"] = server.access
        brigade.env[f"{name}_SECRET_ACCESS_KEY"] = server.secret
    configure(brigade, source, target)
    return source, bucket, target, copy


def configure(brigade, source, target, prices: str = "s3-standard", **budget: str) -> None:
    """Both stores charge for requests, and the source for what leaves it."""
    lines = ["connections:"]
    for name, server in (("a", source), ("b", target)):
        endpoint = f"http://127.0.0.1:{server.port}"
        lines.append(
            f"  {name}: {{ endpoint: '{endpoint}', prices: {prices}, credentials: {{ environment: {name.upper()} }} }}"
        )
    amounts = ", ".join(f"{key}: {value}" for key, value in budget.items())
    lines.append("billing:\n  rates: ./mine.json" + (f"\n  budget: {{ {amounts} }}" if amounts else ""))
    (brigade.folder / "brigade.yaml").write_text("\n".join(lines) + "\n")


def exact(text: str) -> dict:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def billed(brigade, *arguments: str) -> Decimal:
    result = brigade.run("bill", *arguments, "--format", "json")
    assert result.code == 0, result
    return exact(result.out)["total"]


@pytest.mark.parametrize("prices", ["free", "s3-standard"])
def test_a_run_stops_before_its_budget_is_exceeded_and_goes_on(sides, brigade, prices):
    source, bucket, target, copy = sides
    configure(brigade, source, target, prices=prices)
    places = f"s3://a@{bucket}", f"s3://b@{copy}"
    whole = brigade.run("copy", *places, "--dry-run", "--json")
    assert whole.code == 0, whole
    budget = (exact(whole.out)["estimate"]["cost"] / 2).quantize(Decimal("0.000001"))

    stopped = brigade.run("sync", *places, "--budget", str(budget), "--json")
    assert stopped.code == 3, stopped
    report = exact(stopped.out)
    assert (report["status"], report["failed"], report["exitCode"]) == ("budgetReached", 0, 3)
    limit = report["budget"]["limits"][0]
    assert report["budget"]["reached"] == limit["scope"] == "run"
    assert limit["spent"] == report["bill"]["total"] <= limit["amount"] == budget
    assert billed(brigade) == report["bill"]["total"]
    for word in ("budget", "--budget", "goes on", str(report["bill"]["total"])[:6]):
        assert word in stopped.err, stopped
    done = len(stores.keys(stores.client(target), copy))
    assert 0 < done == report["copied"] == sum(report["proven"].values()) < COUNT
    assert stores.pending_uploads(target, copy) == []

    rest = brigade.run("sync", *places, "--budget", "100", "--json")
    assert rest.code == 0, rest
    assert (exact(rest.out)["copied"], exact(rest.out)["budget"]["reached"]) == (COUNT - done, None)
    assert stores.differences(stores.contents(source, bucket), stores.contents(target, copy)) == []


def test_the_month_counts_every_run_and_a_spent_month_begins_nothing(sides, brigade):
    source, bucket, target, copy = sides
    places = f"s3://a@{bucket}", f"s3://b@{copy}"
    first = brigade.json("copy", *places, "--include", "00*")
    assert first["copied"] == 100
    spent = billed(brigade)
    amount = spent * 3
    configure(brigade, source, target, month=f"{amount}")
    stopped = brigade.run("copy", *places)
    assert stopped.code == 3, stopped
    assert "billing.budget.month" in stopped.err and "(UTC)" in stopped.err, stopped
    bill = exact(brigade.run("bill", "--since", "2d", "--format", "json").out)
    assert spent < bill["total"] <= amount
    assert bill["budget"]["amount"] == amount
    assert bill["budget"]["spent"] + bill["budget"]["left"] == amount
    assert bill["budget"]["spent"] == bill["total"]
    table = brigade.run("bill")
    assert "Budget for 20" in table.out and "left" in table.out, table

    # Spent: it is refused before anything is asked of a store, and no run is begun.
    configure(brigade, source, target, month=f"{spent}")
    runs = rows(brigade, "SELECT count(*) FROM ledger_runs")
    for command in ("copy", "verify"):
        refused = brigade.run(command, *places, "--json")
        assert refused.code == 3, refused
        assert "is spent" in refused.err and exact(refused.out)["exitCode"] == 3
    assert rows(brigade, "SELECT count(*) FROM ledger_runs") == runs


def rows(brigade, statement: str):
    with sqlite3.connect(brigade.state / "state.sqlite") as database:
        return database.execute(statement).fetchall()


def test_a_dry_run_says_that_the_budget_will_not_do(sides, brigade):
    source, bucket, target, copy = sides
    configure(brigade, source, target, run="0.001")
    places = f"s3://a@{bucket}", f"s3://b@{copy}"
    planned = brigade.run("copy", *places, "--dry-run", "--json")
    assert planned.code == 3, planned
    assert "more than the budget of $0.001 for one run" in planned.err, planned
    assert exact(planned.out)["budget"]["plannedOver"]["amount"] == Decimal("0.001")
    assert brigade.run("copy", *places, "--dry-run", "--budget", "9").code == 0
    assert not stores.keys(stores.client(target), copy)


@pytest.mark.parametrize("amount", ["-1", "abc", "5 EUR", "1e3", "''"])
def test_what_is_no_amount_is_wrong_usage(sides, brigade, amount):
    source, bucket, target, copy = sides
    places = f"s3://a@{bucket}", f"s3://b@{copy}"
    configure(brigade, source, target, month=amount)
    wrong = brigade.run("copy", *places)
    assert wrong.code == 2, wrong
    assert "brigade.yaml line" in wrong.err and "billing.budget.month" in wrong.err, wrong
    configure(brigade, source, target)
    wrong = brigade.run("copy", *places, f"--budget={amount}")
    assert wrong.code == 2 and "budget" in wrong.err, wrong


def test_what_takes_longer_than_is_left_is_cut_off_cleanly(sides, brigade):
    """Two large objects on a slow line: nothing of them is paid for beyond the budget, and nothing of them is left."""
    source, bucket, target, copy = sides
    configure(brigade, source, target, prices="free")
    s3 = stores.client(source)
    for n in range(2):
        catalogue.put(s3, bucket, f"large/{n}", catalogue.Kind(f"large {n}", parts=(8 * MIB,) * 5))
    places = f"s3://a@{bucket}/large", f"s3://b@{copy}/large"
    # Of some 40 seconds that it would take, four can be paid for.
    stopped = brigade.run("copy", *places, "--bandwidth", "2M", "--budget", "0.0002", "--json")
    assert stopped.code == 3, stopped
    assert "cancelled" in stopped.err and "2 objects remain" in stopped.err, stopped
    report = exact(stopped.out)
    assert Decimal(0) < report["bill"]["total"] <= Decimal("0.0002")
    assert (report["copied"], report["failed"], report["budget"]["remaining"]) == (0, 0, 2)
    assert stores.pending_uploads(target, copy) == []
    rest = brigade.json("copy", *places, "--budget", "1")
    assert (rest["copied"], rest["failed"]) == (2, 0)


WORK = """
def handler(event, context):
    return event
"""


def test_the_runtime_refuses_and_holds_events_until_there_is_room(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(CARD))
    file = tmp_path / "brigade.yaml"

    def budget(amount: str) -> None:
        file.write_text(f"billing: {{ rates: {tmp_path}/mine.json, budget: {{ month: {amount} }} }}\n")

    budget("0.00004")
    up = runtime.Runtime("--config", str(file))
    try:
        client = up.client()
        runtime.create(client, "work", WORK, Timeout=1)
        done, error = 0, None
        while error is None and done < 2000:
            try:
                client.invoke(FunctionName="work", Payload=b"{}")
                done += 1
            except client.exceptions.TooManyRequestsException as refusal:
                error = refusal.response
        assert error["Reason"] == "BudgetExceeded" and "$0.00004 for 20" in error["Error"]["Message"], error
        assert 0 < done < 2000
        assert client.invoke(FunctionName="work", Payload=b"{}", InvocationType="Event")["StatusCode"] == 202
        runtime.eventually(lambda: "leaves no room" in up.output())

        def bill():
            return exact(up.brigade("bill", "--since", "2d", "--format", "json", "--config", str(file)).stdout)

        # The lines of the last moment are on their way.
        runtime.eventually(lambda: sum(line["invocations"] for line in bill()["lines"]) == done)
        spent = bill()
        assert spent["total"] == spent["budget"]["spent"] <= spent["budget"]["amount"] == Decimal("0.00004")
        up.process.send_signal(signal.SIGTERM)
        up.process.wait(30)
        assert up.output().count("leaves no room") == 1, up.output()
        budget("1")
        up.start()
        runtime.eventually(lambda: sum(line["invocations"] for line in bill()["lines"]) == done + 1)
    finally:
        up.stop()
