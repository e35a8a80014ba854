"""What a source does not carry: tables that need it are skipped with the reason, the others are whole."""

import json

from duck import HELPERS, PUBLISHED, SERIES

DATE = "2026-08-22"


def test_a_snapshot_without_any_counter_of_downloads(census, tmp_path):
    models = [
        {
            "id": f"account-{number % 7}/model-{number}",
            "created_at": f"2026-0{1 + number % 2}-01T00:00:00Z",
            "likes": number,
            "pipeline_tag": "text-generation",
        }
        for number in range(1, 31)
    ]
    path = tmp_path / f"{DATE}.jsonl"
    path.write_text("".join(json.dumps(model) + "\n" for model in models), encoding="utf-8")
    lake = census("no_downloads")
    lake.run("radar", f"{tmp_path}/{{date}}.jsonl", DATE)

    of_a_period = {table for table, contract in PUBLISHED.items() if "period" in contract.types} - set(SERIES) - HELPERS
    assert len(of_a_period) > 30
    for table in of_a_period:
        reason = lake.manifest(f"aggregate.{table}", DATE).get("skipped", "made")
        assert "the snapshot has no " in reason, f"{table}: {reason}"
        assert reason.count("was skipped") < 2, f"{table}: {reason}"

    growth = lake.read("aggregate.growth", DATE).to_pylist()
    assert [(row["month"], row["new"], row["cumulative"]) for row in growth] == [("2026-01", 15, 15), ("2026-02", 15, 30)]
    assert sum(row["new"] for row in lake.read("aggregate.entity_growth", DATE).to_pylist()) == 30
    top = lake.read("aggregate.top_models", DATE).to_pylist()
    assert {row["ranking"] for row in top} == {"likes"}
    assert top[0]["id"] == "account-2/model-30" and len(top) == 30
    assert lake.read("aggregate.missing_values", DATE).num_rows > 20
