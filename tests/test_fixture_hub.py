"""The fixture Hub is faithful: the Hub's official client lists and downloads from it as from the Hub itself."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from census import PROJECT
from hub import client, serving

REPO = "cfahlgren1/hub-stats"
WRITTEN = "owner/tables"

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


# A commit of a large and of small files, and commits that are refused.
WRITER = """
import json, sys
from huggingface_hub import CommitOperationAdd as Add, CommitOperationDelete as Delete, HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

api, repo, said = HfApi(), sys.argv[1], {}
first = api.dataset_info(repo).sha

def commit(*operations, parent=None, api=api):
    return api.create_commit(repo, operations, repo_type="dataset", commit_message="Two files", parent_commit=parent).oid

def refused(*operations, **more):
    try:
        commit(*operations, **more)
    except HfHubHTTPError as error:
        return error.response.status_code

def files(revision):
    return {file.path: [file.size, file.lfs.sha256 if file.lfs else file.blob_id]
            for file in api.list_repo_tree(repo, repo_type="dataset", revision=revision)}

def read(path):
    return open(hf_hub_download(repo, path, repo_type="dataset"), "rb").read().hex()

card, large = Add("README.md", b"card\\n"), Add("a.parquet", b"a" * 70_000)
said["anonymous"] = refused(Add("x", b"x"), api=HfApi(token=False))
second = commit(card, large, parent=first)
said["moved"] = second != first == api.list_repo_commits(repo, repo_type="dataset")[1].commit_id
said["files"], said["read"] = files(second), [read("README.md"), read("a.parquet") == (b"a" * 70_000).hex()]
said["overtaken"] = refused(Add("x", b"x"), parent=first)
said["not there"] = refused(Add("x", b"x"), Delete("nothing"))
said["unchanged"] = commit(Add("README.md", b"card\\n"), Add("a.parquet", b"a" * 70_000)) == second
said["head"] = api.dataset_info(repo).sha == second
third = commit(Delete("a.parquet"), Add("b.parquet", b"a" * 70_000))
said["third"], said["second"] = sorted(files(third)), sorted(files(second))
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


@pytest.fixture(scope="module")
def hub(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    commits = [
        f"--commit={REPO}@2025-01-0{day}T05:00:00Z:models.parquet={path}" for day, path in enumerate(files, start=1)
    ]
    card = tmp_path_factory.mktemp("card") / "README.md"
    card.write_text("old\n", encoding="utf-8")
    commits.append(f"--commit={WRITTEN}@2025-01-01T00:00:00Z:README.md={card}")
    kinds = ["--models=2500", "--datasets=1100", "--spaces=40", "--papers=20"]
    with serving(*kinds, *commits) as address:
        yield address


def said(code: str, *arguments: str, environment: dict[str, str]) -> dict:
    ran = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_official_client_reads_it(hub: str, files: list[Path], tmp_path: Path) -> None:
    assert said(CLIENT, REPO, environment=client(hub, tmp_path, HF_TOKEN="hf_fixture")) == {
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


def test_the_official_client_commits_to_it(hub: str, tmp_path: Path) -> None:
    """The ids are those of `git hash-object` and `sha256sum`."""
    assert said(WRITER, WRITTEN, environment=client(hub, tmp_path, HF_TOKEN="hf_fixture")) == {
        "anonymous": 401,
        "moved": True,
        "files": {
            "README.md": [5, "00c3bdd3af760ad499e18bacdee7430e609d143e"],
            "a.parquet": [70_000, "66915c0872933db504e7578828dd85b7e74a4e0a061f9756793b89c4151bd4b5"],
        },
        "read": [b"card\n".hex(), True],
        "overtaken": 412,
        "not there": 404,
        "unchanged": True,
        "head": True,
        "third": ["README.md", "b.parquet"],
        "second": ["README.md", "a.parquet"],
    }


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
