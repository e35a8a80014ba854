"""Brings a published directory to a dataset repository of the Hub, in one commit.

    publish_dataset.py FOLDER OWNER/NAME

A reader sees the publication before or the one after, never half of one. The repository must be as it was when the
difference was computed, else the Hub refuses the commit and nothing has changed. Where HF_OIDC_RESOURCE is set, the
client trades the workflow's identity for a token of this one repository; no secret is stored.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.hf_api import RepoFile

RECORD = "publication.json"
SUMS = "SHA256SUMS"
# What the repository has of its own.
KEPT = {".gitattributes"}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def local(folder: Path) -> dict[str, Path]:
    """The files to be published. Those of a hidden directory are of tools, as the client's own records are."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path for name, path in sorted(names.items()) if not name.startswith(".")}


def compare(files: dict[str, Path]) -> None:
    """Compares the tables' files with the sums that the publication states. Those of `latest/` are copies of some."""
    for name in (RECORD, SUMS):
        if name not in files:
            raise SystemExit(f"there is no {name}, so this is no publication: nothing was published")
    lines = files[SUMS].read_text(encoding="utf-8").splitlines()
    stated = {path: said for said, _, path in (line.partition("  ") for line in lines)}
    if gone := sorted(stated.keys() - files.keys()):
        raise SystemExit(f"{gone[0]} is in {SUMS} and not there: nothing was published")
    for name, path in files.items():
        if name.endswith(".parquet"):
            expected = {stated[name]} if name in stated else set(stated.values())
            if (found := sha256(path)) not in expected:
                raise SystemExit(f"{name} has the sum {found}, which {SUMS} does not state: nothing was published")


def blob(path: Path) -> str:
    """The id that git gives a file."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def same(path: Path, remote: RepoFile) -> bool:
    if path.stat().st_size != remote.size:
        return False
    return sha256(path) == remote.lfs.sha256 if remote.lfs else blob(path) == remote.blob_id


def difference(files: dict[str, Path], remote: dict[str, RepoFile]) -> list[CommitOperationAdd | CommitOperationDelete]:
    new = [name for name, path in files.items() if name not in remote or not same(path, remote[name])]
    gone = sorted(set(remote) - set(files) - KEPT)
    return [
        *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=files[name]) for name in new),
        *(CommitOperationDelete(path_in_repo=name) for name in gone),
    ]


def main() -> int:
    folder, repository = Path(sys.argv[1]), sys.argv[2]
    files = local(folder)
    compare(files)
    newest = max(json.loads(files[RECORD].read_text(encoding="utf-8"))["snapshots"])
    api = HfApi()
    head = api.dataset_info(repository).sha
    tree = api.list_repo_tree(repository, repo_type="dataset", revision=head, recursive=True)
    operations = difference(files, {entry.path: entry for entry in tree if isinstance(entry, RepoFile)})
    if not operations:
        print(f"{repository} is up to date at revision {head}")
        return 0
    commit = api.create_commit(
        repository, operations, repo_type="dataset", parent_commit=head, commit_message=f"Snapshots up to {newest}"
    )
    added = sum(isinstance(operation, CommitOperationAdd) for operation in operations)
    print(f"{commit.commit_url}: {added} files written, {len(operations) - added} removed")
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(f"Published as [{repository}]({commit.commit_url}), up to {newest}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
