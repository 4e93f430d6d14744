"""The bill, added up again by other means: the ledger's rows, Python's decimal, and the prices as the notes state them."""

import json
import sqlite3
from decimal import ROUND_HALF_UP, Decimal

PICO = Decimal("0.000000000001")


def expected(path) -> tuple[Decimal, int]:
    """Of all rows, on the card `notes`: 100 ms steps, 0.00001667 a GB-second, the first million requests free."""
    rows = sqlite3.connect(path).execute(
        "SELECT duration_ns, memory_mb FROM ledger_invocations JOIN ledger_functions f ON f.id = function_id"
    )
    gb_seconds, count = Decimal(0), 0
    for nanoseconds, memory in rows:
        steps = max(1, -(-nanoseconds // 100_000_000))
        gb_seconds += Decimal(memory) / 1024 * Decimal(steps) / 10
        count += 1
    requests = max(0, count - 1_000_000) * Decimal("0.0000002")
    compute = (gb_seconds * Decimal("0.00001667")).quantize(PICO, ROUND_HALF_UP)
    return requests + compute, count


def test_rows_and_bill_agree_to_the_last_digit(brigade, tmp_path):
    state = tmp_path / "state"
    assert brigade.run("demo", "--state", str(state), timeout=120).code == 0
    result = brigade.run("bill", "--since", "2d", "--format", "json", "--state", str(state))
    assert result.code == 0, result
    bill = json.loads(result.out, parse_float=Decimal, parse_int=Decimal)
    total, count = expected(state / "state.sqlite")
    lines = bill["lines"]
    assert sum(line["invocations"] for line in lines if line["kind"] == "function") == count > 1000
    assert bill["total"] == total
    assert sum(line["cost"] for line in lines) + sum(line.get("transferCost", 0) for line in lines) == total
