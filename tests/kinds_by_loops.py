"""The tables of datasets, spaces, papers and accounts by plain loops over the rows of their files.

Written from the descriptions of the tables, without a query.
"""

import csv
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

from census import PROJECT

PERIODS = {"all_time": "downloadsAllTime", "last_30d": "downloads"}
BCP47 = re.compile(r"[a-z]{2,3}([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?([-_]([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*")
KNOWN = ("account", "entity", "entity_type", "country")


def reference(name: str) -> list[dict]:
    with (PROJECT / f"data/reference/{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]


def in_force(rows: list[dict], day: date) -> list[dict]:
    said = day.isoformat()
    return [row for row in rows if (row["valid_from"] or said) <= said <= (row["valid_to"] or said)]


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def stripped(text: str | None) -> str | None:
    return (text or "").strip() or None


def added(values) -> int | None:
    """The sum of what is known; nothing known has no sum."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def ratio(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def after(tags: list[str] | None, prefix: str) -> list[str]:
    return [tag.removeprefix(prefix) for tag in tags or [] if tag.startswith(prefix)]


def facet(row: dict, prefix: str) -> list[str]:
    return sorted({value.strip().lower() for value in after(row.get("tags"), prefix)} - {""})


def as_list(value: object) -> list[str]:
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    return ["false" if one is False else one for one in values]


def task_categories(row: dict) -> list[str]:
    return [category for category in facet(row, "task_categories:") if category != "unknown"]


def license_of(row: dict) -> str:
    tags = after(row.get("tags"), "license:")
    tag = tags[0].strip().lower() if tags else ""
    if tag not in ("", "other"):
        return tag
    card = as_list((row.get("cardData") or {}).get("license"))
    written = card[0].strip().lower() if card else ""
    return written or tag or "unknown"


def places(rows: list[dict], value: str) -> list[tuple[int, dict]]:
    ranked = sorted((row for row in rows if (row.get(value) or 0) > 0), key=lambda row: (-row[value], row["id"]))
    return list(enumerate(ranked[:1000], 1))


class Hub:
    """The rows of the four files of a day, and what follows from them."""

    def __init__(self, files: dict[str, list[dict]], day: date):
        self.day = day
        self.facts = files["account_facts"]
        self.owners(files)
        self.datasets = [self.owned(row, "datasets") for row in files["datasets"]]
        self.spaces = [self.owned(row, "spaces") for row in files["spaces"]]
        self.papers = [self.paper(row) for row in files["papers"]]
        self.languages = {row["code"]: row["language"] for row in reference("languages")}
        self.languages |= {row["value"]: row["language"] for row in reference("language_aliases")}

    # Whose it is

    def owner(self, row: dict, kind: str) -> str:
        if "/" in row["id"]:
            return row["id"].split("/")[0]
        return self.legacy.get((kind, row["id"])) or stripped(row.get("author")) or row["id"]

    def owners(self, files: dict[str, list[dict]]) -> None:
        self.legacy = {(row["kind"], row["id"]): row["account"] for row in reference("legacy_owners")}
        downloads, self.counts = Counter(), defaultdict(Counter)
        for kind in ("datasets", "spaces"):
            for row in files[kind]:
                account = self.owner(row, kind)
                counter = row.get("downloads")
                counter = row.get("downloadsAllTime") if counter is None else counter
                downloads[account] += (counter or 0) if kind == "datasets" else 0
                self.counts[account][kind] += 1
        for row in files["papers"]:
            if account := stripped(organization_of(row)):
                downloads[account] += 0
                self.counts[account]["papers"] += 1
        spelled = defaultdict(list)
        for account, sum_of in downloads.items():
            spelled[account.lower()].append((-sum_of, account))
        claims = in_force(reference("accounts"), self.day)
        exact = {row["account"]: row["entity"] for row in claims}
        folded: dict[str, str] = {}
        for row in claims:
            name = row["account"].lower()
            folded[name] = min(row["entity"], folded.get(name, row["entity"]))
        named = {row["entity"] for row in reference("entities")}
        entities = {row["entity"]: row for row in in_force(reference("entities"), self.day)}
        kinds: dict[str, str] = {}
        for row in self.facts:
            if said := account_type(row):
                name = account_of(row).lower()
                kinds[name] = min(said, kinds.get(name, said))
        self.accounts = {}
        for account in downloads:
            name = account.lower()
            entity = exact.get(account) or folded.get(name)
            spelling = min(spelled[name])[1]
            if entity:
                row, otherwise = entities.get(entity, {}), "unknown"
            else:
                row, otherwise = {}, f"unlisted {kinds[name]}" if name in kinds else "unlisted"
            self.accounts[account] = {
                "account": account,
                "entity": entity or (f"{spelling} (account)" if spelling in named else spelling),
                "entity_type": row.get("entity_type") or otherwise,
                "country": row.get("country") or otherwise,
                "listed": bool(entity),
            }

    def owned(self, row: dict, kind: str) -> dict:
        return row | self.accounts[self.owner(row, kind)] | {"made": moment(row.get("createdAt"))}

    def paper(self, row: dict) -> dict:
        account = stripped(organization_of(row))
        nobody = {"account": None, "entity": "unknown", "entity_type": "unknown", "country": "unknown"}
        paper = row["paper"]
        return (self.accounts[account] if account else nobody) | {
            "id": paper["id"],
            "title": stripped(paper["title"] if paper.get("title") is not None else row.get("title")),
            "submitter": stripped((row.get("submittedBy") or {}).get("name")),
            "published_at": moment(paper.get("publishedAt") or row.get("publishedAt")),
            "submitted_at": moment(paper.get("submittedOnDailyAt")),
            "upvotes": paper.get("upvotes"),
            "comments": row.get("numComments"),
        }

    # Tables

    def languages_of(self, row: dict) -> list[str]:
        card = as_list((row.get("cardData") or {}).get("language"))
        found = set()
        for value in card or after(row.get("tags"), "language:"):
            code = value.strip().lower()
            subtag = re.split("[-_]", code)[0] if BCP47.fullmatch(code) else None
            found.add(self.languages.get(code) or self.languages.get(subtag))
        return sorted(found - {None})

    def datasets_by_task(self) -> list[dict]:
        groups, years, stating = defaultdict(list), Counter(), Counter()
        for row in self.datasets:
            categories = task_categories(row)
            for year in ("all", f"{row['made']:%Y}" if row["made"] else "unknown"):
                years[year] += 1
                stating[year] += bool(categories)
                for category in categories or ["unknown"]:
                    groups[year, category].append(row)
        rows = []
        for year in years:
            own = {category: rows for (of, category), rows in groups.items() if of == year}
            order = sorted(own, key=lambda category: (category == "unknown", -len(own[category]), category))
            for rank, category in enumerate(order, 1):
                part = own[category]
                rows.append(
                    {
                        "year": year,
                        "task_category": category,
                        "rank": rank,
                        "datasets": len(part),
                        "year_datasets": years[year],
                        "year_stating": stating[year],
                        "datasets_share": len(part) / years[year],
                        "share_of_stating": None if category == "unknown" else len(part) / stating[year],
                        "downloads_all_time": added(row.get("downloadsAllTime") for row in part),
                        "downloads_last_30d": added(row.get("downloads") for row in part),
                        "likes": added(row.get("likes") for row in part),
                    }
                )
        return rows

    def top_datasets(self) -> list[dict]:
        rankings = {
            "downloads_all_time": "downloadsAllTime",
            "downloads_30d": "downloads",
            "likes": "likes",
            "trending_score": "trendingScore",
        }
        return [
            {"ranking": ranking, "rank": rank, "id": row["id"], "created_at": row["made"], "license": license_of(row)}
            | {key: row[key] for key in KNOWN}
            | {name: row.get(key) for name, key in rankings.items()}
            | {
                "task_categories": task_categories(row),
                "modalities": facet(row, "modality:"),
                "formats": facet(row, "format:"),
                "size_categories": facet(row, "size_categories:"),
                "languages": self.languages_of(row),
            }
            for ranking, counter in rankings.items()
            for rank, row in places(self.datasets, counter)
        ]

    def by_entity(self, rows: list[dict]) -> dict[str, list[dict]]:
        groups = defaultdict(list)
        for row in rows:
            groups[row["entity"]].append(row)
        return groups

    def dataset_entities(self) -> list[dict]:
        groups, rows = self.by_entity(self.datasets), []
        for period, counter in PERIODS.items():
            sums = {entity: added(row.get(counter) for row in own) for entity, own in groups.items()}
            if added(sums.values()) is None:
                continue
            order = sorted(sums, key=lambda entity: (sums[entity] is None, -(sums[entity] or 0), entity))
            for universe, size in (("all", len(order)), ("top50", 50)):
                whole, so_far = added(sums[entity] for entity in order[:size]), None
                for rank, entity in enumerate(order[:size], 1):
                    own, so_far = groups[entity], added([so_far, sums[entity]])
                    rows.append(
                        {
                            "universe": universe,
                            "period": period,
                            "rank": rank,
                            "entity": entity,
                            "entity_type": own[0]["entity_type"],
                            "country": own[0]["country"],
                            "accounts": len({row["account"] for row in own}),
                            "datasets": len(own),
                            "likes": added(row.get("likes") for row in own),
                            "downloads": sums[entity],
                            "downloads_share": ratio(sums[entity], whole),
                            "cumulative_share": ratio(so_far, whole),
                        }
                    )
        return rows

    def sdk(self, row: dict) -> str:
        return (stripped(row.get("sdk")) or "unknown").lower()

    def spaces_by_sdk(self) -> list[dict]:
        groups = defaultdict(list)
        for row in self.spaces:
            groups[self.sdk(row)].append(row)
        whole = added(row.get("likes") for row in self.spaces)
        first = self.day - timedelta(days=364)
        rows = []
        for rank, sdk in enumerate(sorted(groups, key=lambda sdk: (-len(groups[sdk]), sdk)), 1):
            own = groups[sdk]
            likes = added(row.get("likes") for row in own)
            rows.append(
                {
                    "universe": "all",
                    "rank": rank,
                    "sdk": sdk,
                    "spaces": len(own),
                    "spaces_share": len(own) / len(self.spaces),
                    "accounts": len({row["account"] for row in own}),
                    "recent_spaces": sum(bool(row["made"]) and first <= row["made"].date() <= self.day for row in own),
                    "likes": likes,
                    "likes_share": ratio(likes, whole),
                }
            )
        return rows

    def top_spaces(self) -> list[dict]:
        return [
            {"ranking": ranking, "rank": rank, "id": row["id"], "created_at": row["made"], "sdk": self.sdk(row)}
            | {key: row[key] for key in KNOWN}
            | {"likes": row.get("likes"), "trending_score": row.get("trendingScore")}
            | {uses: sorted(set(row.get(uses) or [])) for uses in ("models", "datasets")}
            for ranking, counter in (("likes", "likes"), ("trending_score", "trendingScore"))
            for rank, row in places(self.spaces, counter)
        ]

    def papers_by_entity(self) -> list[dict]:
        groups = self.by_entity(self.papers)
        sums = {entity: added(row["upvotes"] for row in own) for entity, own in groups.items()}
        order = sorted(sums, key=lambda one: (one == "unknown", sums[one] is None, -(sums[one] or 0), one))
        whole = added(sums.values())
        return [
            {
                "universe": "all",
                "rank": rank,
                "entity": entity,
                "entity_type": groups[entity][0]["entity_type"],
                "country": groups[entity][0]["country"],
                "accounts": len({row["account"] for row in groups[entity]} - {None}),
                "papers": len(groups[entity]),
                "papers_share": len(groups[entity]) / len(self.papers),
                "upvotes": sums[entity],
                "upvotes_share": ratio(sums[entity], whole),
            }
            for rank, entity in enumerate(order, 1)
        ]

    def top_papers(self) -> list[dict]:
        columns = ("id", "title", *KNOWN, "submitter", "published_at", "submitted_at", "upvotes", "comments")
        return [
            {"rank": rank} | {name: row[name] for name in columns} for rank, row in places(self.papers, "upvotes")
        ]

    def account_facts(self) -> list[dict]:
        rows = []
        order = sorted(self.facts, key=lambda row: (followers(row) is None, -(followers(row) or 0), account_of(row)))
        for rank, row in enumerate(order, 1):
            same = [account for account in self.accounts if account.lower() == account_of(row).lower()]
            owners = [self.accounts[account] for account in same]
            said = {key: min((owner[key] for owner in owners), default=None) for key in KNOWN[1:]}
            kinds = ("models", "datasets", "spaces", "papers")
            rows.append(
                {"rank": rank, "account": account_of(row), "account_type": account_type(row)}
                | {"full_name": row.get("fullname"), "followers": followers(row), "verified": row.get("isVerified")}
                | said
                | {"listed": any(owner["listed"] for owner in owners)}
                | {kind: sum(self.counts[account][kind] for account in same) for kind in kinds}
            )
        return rows


def organization_of(row: dict) -> str | None:
    for place in (row["paper"].get("organization"), row.get("organization")):
        if place and place.get("name") is not None:
            return place["name"]
    return None


def account_of(row: dict) -> str:
    return row["name"] if row.get("name") is not None else row["user"]


def followers(row: dict) -> int | None:
    return row.get("numFollowers")


def account_type(row: dict) -> str | None:
    said = (row.get("type") or "").lower()
    if said == "user" or (not said and row.get("user") is not None):
        return "user"
    return "organisation" if said in ("org", "organization") or (not said and row.get("name") is not None) else None
