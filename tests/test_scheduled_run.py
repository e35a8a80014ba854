"""The scheduled workflow, run day after day: its steps as `pipeline.yml` has them, against the fixture Hub.

The archive and the dataset are repositories of that Hub: what it has is captured by the program, and what is published
is committed and loaded by the official client.
"""

import contextlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from census import PROJECT, execute
from hub import client, serving
from runner import Runner

DATASET = "owner/tables"
DAYS = ["2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29"]

Archive = Callable[..., str]


@pytest.fixture(scope="module")
def snapshots(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("archive")
    execute(binary, "sample", "--models", 1300, "--dates", f"{DAYS[0]}..{DAYS[-1]}", "--out", out)
    return out


@pytest.fixture
def archive(snapshots: Path, tmp_path: Path) -> Iterator[Archive]:
    """A function that starts a Hub whose archive has some days, and whose dataset is new."""
    card = tmp_path / "README.md"
    card.write_text("# A new repository\n", encoding="utf-8")

    def start(*days: str) -> str:
        commits = [
            f"--commit=cfahlgren1/hub-stats@{day}T05:00:00Z:models.parquet={snapshots}/models_{day}.parquet"
            for day in days
        ]
        return hubs.enter_context(serving(*commits, f"--commit={DATASET}@2026-01-01T00:00:00Z:README.md={card}"))

    with contextlib.ExitStack() as hubs:
        yield start


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}
    return {name: content for name, content in named.items() if not name.startswith(".")}


def kept(published: Path) -> dict[str, bytes]:
    """The files that a later publication may not change."""
    return {name: content for name, content in files(published).items() if name.startswith("aggregate/")}


READER = """
import json, sys
from huggingface_hub import HfApi, snapshot_download
import hubcensus

api, repo, folder = HfApi(), sys.argv[1], sys.argv[2]
said = {"commits": [commit.title for commit in api.list_repo_commits(repo, repo_type="dataset")]}
snapshot_download(repo, repo_type="dataset", local_dir=folder)
if len(sys.argv) > 3:
    for address in sys.argv[3:]:
        lake = hubcensus.open_lake(address)
        said[address.split(":")[0]] = [list(map(str, lake.dates("entities"))), lake.table("entities").num_rows]
print(json.dumps(said))
"""


def dataset(hub: str, folder: Path, *addresses: str) -> tuple[dict, dict[str, bytes]]:
    """The commits of the dataset and what notebooks load from addresses of it; and its files, as they are fetched."""
    environment = client(hub, folder / "home", PYTHONPATH=str(PROJECT / "notebooks"))
    command = [sys.executable, "-c", READER, DATASET, folder / "files", *addresses]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout), files(folder / "files")


def test_a_dataset_day_after_day(binary: Path, archive: Archive, tmp_path: Path) -> None:
    """A first day; one on which a step fails; one on which the Hub refuses the commit; then what was missed is there."""
    hub = archive(*DAYS)
    runner = Runner(tmp_path, binary, hub, DATASET)
    first = runner.run("2026-11-27")
    assert not first.failed, first.said
    assert first.snapshots == ["2026-11-26"]
    assert re.match(
        r"## 2026-11-26, hub-stats, generated: [\d,]+ models of [\d,]+ entities .*downloads in all\n", first.summary
    )
    for part in (" checks ", "partitions of lake: all as their manifests say", "published to published: "):
        assert part in first.summary
    assert f"Published as [{DATASET}]({hub}/datasets/{DATASET}/commit/" in first.summary
    told, loaded = dataset(hub, tmp_path / "first")
    assert told["commits"] == ["Snapshots up to 2026-11-26", "Upload README.md with huggingface_hub"]
    assert loaded == files(first.published)

    second = runner.run("2026-11-28", broken="publish")
    assert second.failed
    assert second.ran[-2:] == ["Publish", "Say what to do"]
    assert "## Failed: publish. Nothing was published" in second.summary
    assert "publish is broken" in second.summary
    assert not (runner.artifacts / "2").exists(), "a run that failed leaves nothing"

    third = runner.run("2026-11-29", broken="identity")
    assert third.failed
    assert third.ran[-2:] == ["Publish as a dataset, in one commit", "Say what to do"]
    assert "## Failed: dataset. The dataset is as it was" in third.summary
    assert third.snapshots == ["2026-11-26", "2026-11-27", "2026-11-28"]
    assert dataset(hub, tmp_path / "third") == (told, loaded), "the dataset is as it was"

    fourth = runner.run("2026-11-29")
    assert not fourth.failed, fourth.said
    assert "Make the tables" not in fourth.ran, "they were made by the run before"
    assert kept(first.published).items() <= kept(fourth.published).items()
    addresses = (f"hf://datasets/{DATASET}", f"{hub}/datasets/{DATASET}/resolve/main")
    told, loaded = dataset(hub, tmp_path / "fourth", *addresses)
    assert told["commits"][0] == "Snapshots up to 2026-11-28"
    assert len(told["commits"]) == 3
    assert loaded == files(fourth.published) == files(third.published)
    assert any("snapshot_changes/snapshot_date=2026-11-28" in name for name in loaded), "changes need the day before"
    # What notebooks load of it.
    rows = json.loads(loaded["publication.json"])["tables"]["entities"]["files"]["2026-11-28"]["rows"]
    assert told["hf"] == told["http"] == [["2026-11-26", "2026-11-27", "2026-11-28"], rows]

    again = runner.run("2026-11-29")
    assert not again.failed, again.said
    assert not {"Make the tables", "Publish"} & set(again.ran)
    assert again.summary == "## Nothing new\n\nEvery snapshot that there is has been published.\n"
    assert f"{DATASET} is up to date" in again.said
    assert len(dataset(hub, tmp_path / "again")[0]["commits"]) == 3


def test_what_is_lost_and_what_is_lacking(binary: Path, archive: Archive, tmp_path: Path) -> None:
    """A day that was asked for; the lake is lost, and the archive lacks a day; then a step fails, and all of the archive."""
    runner = Runner(tmp_path, binary, archive("2026-11-26", "2026-11-28", "2026-11-29"))
    first = runner.run("2026-11-30", dates="2026-11-26")
    assert not first.failed, first.said
    assert first.snapshots == ["2026-11-26"]
    shutil.rmtree(runner.artifacts / "1" / "lake")
    second = runner.run("2026-11-29")
    assert not second.failed, second.said
    assert "::warning::hub-stats of 2026-11-27 could not be taken" in second.said
    assert second.snapshots == ["2026-11-26", "2026-11-28"]
    after = files(second.published)
    assert kept(first.published).items() <= after.items()
    # The last day that was published was taken again, to compare with.
    assert any("snapshot_changes/snapshot_date=2026-11-28" in name for name in after)

    for broken in ("run", "capture"):
        if broken == "capture":
            runner.hub = archive("2026-11-26", "2026-11-28")
        ran = runner.run("2026-11-30", broken="run")
        assert ran.failed
        assert f"## Failed: {broken}. Nothing was published" in ran.summary
        assert not (runner.artifacts / str(runner.runs)).exists()
    assert files(runner.artifacts / "2" / "published") == after


def test_a_day_that_a_lake_in_a_store_has_by_half(binary: Path, archive: Archive, tmp_path: Path) -> None:
    """Such a lake keeps what was made of a day before the run failed. The next run makes the rest, and publishes it then."""
    lake, place = f"file://{tmp_path}/store", f"file://{tmp_path}/tables"
    runner = Runner(tmp_path, binary, archive("2026-11-26", "2026-11-27"), lake=lake, place=place)
    first = runner.run("2026-11-27", broken="run-half")
    assert first.failed
    assert "## Failed: run. Nothing was published" in first.summary
    days = "SELECT DISTINCT snapshot_date FROM aggregate.snapshots"
    half = execute(binary, "query", days, "--dates", "all", "--lake", lake, "--format", "csv")
    assert half.split() == ["snapshot_date", "2026-11-26"], "some of the day was made"
    second = runner.run("2026-11-27")
    assert not second.failed, second.said
    published = files(tmp_path / "tables")
    assert list(json.loads(published["publication.json"])["snapshots"]) == ["2026-11-26"]
    assert any(name.startswith("aggregate/entities/snapshot_date=2026-11-26/") for name in published)
    assert files(runner.artifacts / "2" / "published") == published, "the artifact has what the run published"
    assert not (runner.artifacts / "2" / "lake").exists()
    # Of a place in a store the record is not read: what is there is published once more, which writes nothing.
    third = runner.run("2026-11-27")
    assert not third.failed, third.said
    assert "is up to date, nothing was written" in third.said
    assert files(tmp_path / "tables") == published


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ("changed", r"latest/entities.parquet has the sum \w+, which SHA256SUMS does not state"),
        ("gone", "aggregate/.* is in SHA256SUMS and not there"),
        ("unfinished", "there is no publication.json"),
    ],
)
def test_damaged_files_do_not_become_a_dataset(place: Path, tmp_path: Path, harm: str, message: str) -> None:
    folder = tmp_path / "published"
    shutil.copytree(place, folder)
    if harm == "changed":
        (folder / "latest" / "entities.parquet").write_bytes(b"another content")
    elif harm == "gone":
        next((folder / "aggregate" / "entities").rglob("*.parquet")).unlink()
    else:
        (folder / "publication.json").unlink()
    # There is nothing to talk to: whatever is asked of a Hub fails otherwise.
    script = PROJECT / ".github" / "scripts" / "publish_dataset.py"
    environment = client("http://127.0.0.1:9", tmp_path / "home")
    ran = subprocess.run([sys.executable, script, folder, DATASET], env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    assert re.search(f"{message}.*: nothing was published", ran.stderr), ran.stderr
