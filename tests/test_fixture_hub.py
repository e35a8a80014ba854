"""The fixture Hub is faithful: the Hub's official client lists and downloads from it as from the Hub itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from census import PROJECT

REPO = "cfahlgren1/hub-stats"

# The client reads its endpoint when it is imported, so that its calls have a process of their own.
CLIENT = """
import json, sys
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

api, said = HfApi(), {}

def refused(kind, call):
    try:
        call()
    except kind as error:
        return type(error).__name__
    return "no error"

models = list(api.list_models(sort="created_at", limit=1250, expand=["downloads", "createdAt"]))
said["models"] = [len(models), len({model.id for model in models}), models[0].downloads is not None]
said["sorted"] = all(a.created_at >= b.created_at for a, b in zip(models, models[1:]))
first = list(api.list_models(sort="downloads", limit=3))
said["first"] = [first[0].downloads >= first[1].downloads, first[0].author is None, bool(first[0].tags)]
author = models[0].id.split("/")[0]
said["author"] = {model.id.split("/")[0] for model in api.list_models(author=author)} == {author}
said["refused"] = refused(BadRequestError, lambda: list(api.list_models(expand=["nonsense"])))
said["one"] = api.model_info(models[0].id).id == models[0].id
said["datasets"] = len(list(api.list_datasets()))
said["spaces"] = len(list(api.list_spaces(expand=["sdk", "models"])))
said["papers"] = len(list(api.list_daily_papers(limit=20)))
said["organization"] = api.get_organization_overview("account-0").fullname
said["user"] = api.get_user_overview("account-1").fullname
commits = api.list_repo_commits(sys.argv[1], repo_type="dataset")
said["commits"] = [commit.title for commit in commits]
said["files"] = sorted(api.list_repo_files(sys.argv[1], repo_type="dataset"))

def size(revision):
    path = hf_hub_download(sys.argv[1], "models.parquet", repo_type="dataset", revision=revision)
    return len(open(path, "rb").read())

said["sizes"] = [size("main"), size(commits[-1].commit_id)]
said["missing"] = [
    refused(RevisionNotFoundError, lambda: size("0" * 40)),
    refused(RepositoryNotFoundError, lambda: api.dataset_info("nobody/nothing")),
]
import pyarrow.parquet as pq
with HfFileSystem().open(f"datasets/{sys.argv[1]}/models.parquet", "rb", block_size=1 << 12) as file:
    said["ranges"] = pq.read_table(file, columns=["id"]).num_rows
path = f"datasets/{sys.argv[1]}/models.parquet"
said["part"] = HfFileSystem().cat_file(path, start=100, end=150).hex()
print(json.dumps(said))
"""


def parquet(path: Path, rows: int) -> Path:
    ids = pa.array([f"account-{row % 9}/model-{row}" for row in range(rows)])
    pq.write_table(pa.table({"id": ids, "downloads": pa.array(range(rows))}), path, row_group_size=500)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("archive")
    return [parquet(folder / "one.parquet", 1_000), parquet(folder / "two.parquet", 3_000)]


def serve(*options: str) -> Iterator[str]:
    path = Path(os.environ.get("HUBCENSUS_FIXTURE_HUB", "target/debug/fixture-hub"))
    path = path if path.is_absolute() else PROJECT / path
    if not path.is_file():
        pytest.fail(f"{path} is not there; `cargo build --package hubcensus-fixture-hub` makes it")
    server = subprocess.Popen([path, *options], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip().removeprefix("HF_ENDPOINT=")
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def hub(files: list[Path]) -> Iterator[str]:
    commits = [
        f"--commit={REPO}@2025-01-0{day}T05:00:00Z:models.parquet={path}" for day, path in enumerate(files, start=1)
    ]
    kinds = ["--models=2500", "--datasets=1100", "--spaces=40", "--papers=20"]
    yield from serve(*kinds, *commits)


def test_the_official_client_reads_it(hub: str, files: list[Path], tmp_path: Path) -> None:
    import json
    import urllib.request

    environment = os.environ | {
        "HF_ENDPOINT": hub,
        "HF_HOME": str(tmp_path),
        "HF_TOKEN": "hf_fixture",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", CLIENT, REPO], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "models": [1250, 1250, True],
        "sorted": True,
        "first": [True, True, True],
        "author": True,
        "refused": "BadRequestError",
        "one": True,
        "datasets": 1100,
        "spaces": 40,
        "papers": 20,
        "organization": "Account 0",
        "user": "Account 1",
        "commits": ["Upload models.parquet with huggingface_hub"] * 2,
        "files": ["models.parquet"],
        "sizes": [files[1].stat().st_size, files[0].stat().st_size],
        "missing": ["RevisionNotFoundError", "RepositoryNotFoundError"],
        "ranges": 3_000,
        "part": files[1].read_bytes()[100:150].hex(),
    }
    with urllib.request.urlopen(f"{hub}/fixture/counts") as answer:
        counts = json.load(answer)
    assert counts["beyond_the_grant"] == 0 and counts["tokens_at_the_files"] == 0, counts
    assert counts["with_token"] > 10 and counts["file_requests"] >= 4, counts


def test_a_captured_archive_opens_in_other_readers(hub: str, binary: Path, tmp_path: Path) -> None:
    import duckdb

    command = [binary, "capture", "hub-stats", "--dates", "2025-01-01..2025-01-03", "--to", tmp_path]
    ran = subprocess.run(
        command, env=os.environ | {"HF_ENDPOINT": hub}, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    # The third day has none.
    assert ran.returncode == 1, ran.stderr
    assert "models of 2025-01-03: none: the archive has no revision of models.parquet of that day" in ran.stdout
    path = tmp_path / "hub-stats" / "models_2025-01-02.parquet"
    assert pq.read_table(path).column("downloads").to_pylist() == list(range(3_000))
    (rows,) = duckdb.sql(f"SELECT count(*), sum(downloads) FROM read_parquet('{path}')").fetchall()
    assert rows == (3_000, sum(range(3_000)))
