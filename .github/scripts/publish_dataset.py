"""Brings a published directory to a dataset repository of the Hub, in one commit.

    publish_dataset.py FOLDER OWNER/NAME

A reader sees the publication before or the one after, never half of one. The repository must be as it was when the
difference was computed, else the Hub refuses the commit and nothing has changed. Where HF_OIDC_RESOURCE is set, the
client trades the workflow's identity for a token of this one repository; no secret is stored.
"""

import hashlib
import os
import sys
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.hf_api import RepoFile

SUMS = "SHA256SUMS"
# What the repository has of its own.
KEPT = {".gitattributes"}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def summed(folder: Path) -> dict[str, str]:
    """The sums that the publication states, each compared with its file."""
    sums = {}
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        said, _, path = line.partition("  ")
        found = sha256(folder / path)
        if found != said:
            raise SystemExit(f"{path} has the sum {found}, and {SUMS} says {said}: nothing was published")
        sums[path] = said
    return sums


def local(folder: Path) -> dict[str, Path]:
    """The files to be published. Those of a hidden directory are of tools, as the client's own records are."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path for name, path in sorted(names.items()) if not name.startswith(".")}


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
    sums = summed(folder)
    files = local(folder)
    unsummed = [name for name in files if name.endswith(".parquet") and name not in sums]
    if unsummed:
        raise SystemExit(f"{unsummed[0]} has no sum in {SUMS}: nothing was published")
    api = HfApi()
    head = api.dataset_info(repository).sha
    tree = api.list_repo_tree(repository, repo_type="dataset", revision=head, recursive=True)
    remote = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
    operations = difference(files, remote)
    if not operations:
        print(f"{repository} is up to date at revision {head}")
        return 0
    newest = max(
        (part.removeprefix("snapshot_date=") for name in files for part in name.split("/") if "snapshot_date=" in part),
        default="no snapshot",
    )
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
