"""Who stands behind each account. Accounts and entities have numbers in the order of their names."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from codes import arrow, blank_to_null, numbered, series
from read import Facts, Ingest


def owned(ingest: Ingest, facts: Facts) -> tuple[np.ndarray, pd.Index, pd.Series, np.ndarray]:
    """The account of each model, their names, and of each model its own name and whether that is all of its id."""
    parts = arrow(ingest.ids.str.split("/"))
    lengths = pc.list_value_length(parts).to_numpy()
    ends = np.cumsum(lengths)
    flat = parts.flatten()
    name, account = (series(flat.take(pa.array(at))) for at in (ends - 1, ends - lengths))
    ownerless = lengths == 1
    if ownerless.any():
        # Whom the facts know, else the author, else the model itself.
        ids, author = ingest.ids[ownerless], ingest.texts("author")
        legacy = ids.map(facts["legacy_owners"].set_index("id")["account"])
        authors = blank_to_null(author.words).reindex(author.codes[ownerless]).set_axis(ids.index)
        account[ownerless] = legacy.fillna(authors).fillna(ids)
    return *numbered(account), name, ownerless


def owners(account: np.ndarray, names: pd.Index, ingest: Ingest, facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row for each account, and one for each entity."""
    claims = facts["accounts"]
    folded = claims.groupby(claims["account"].str.lower())["entity"].min()
    accounts = names.to_series(index=range(len(names)))
    lower = accounts.str.lower()
    known = accounts.map(claims.set_index("account")["entity"]).fillna(lower.map(folded))
    own = leading_spelling(account, accounts, lower.where(known.isna()), ingest)
    taken = own.isin(facts["entity_names"]["entity"])
    entity_no, entity = numbered(known.fillna(own.where(~taken, own + " (account)")))
    entities = pd.DataFrame({"entity": entity}).merge(
        facts["entities"][["entity", "entity_type", "country"]], on="entity", how="left"
    )
    entities = entities.merge(facts["countries"][["country", "continent", "in_eu"]], on="country", how="left")
    entities["eu_group"] = entities["country"].mask(entities["in_eu"].eq(True), "EU")
    entities["continent"] = entities["continent"].fillna(entities["country"])
    # What is said where no kind or country is known: it was looked for, or nobody has looked the account up.
    listed = known.notna()
    is_listed = np.bincount(entity_no[listed.to_numpy(dtype=bool)], minlength=len(entities)) > 0
    otherwise = pd.Series(np.where(is_listed, "unknown", "unlisted"))
    kinds = ["entity_type", "country", "continent", "eu_group"]
    for kind in kinds:
        entities[kind] = entities[kind].fillna(otherwise).astype("category")
    entities["accounts"] = np.bincount(entity_no, minlength=len(entities))
    accounts = pd.DataFrame({"account": names, "entity": pd.Categorical.from_codes(entity_no, entity)})
    accounts[kinds] = entities[kinds].take(entity_no).reset_index(drop=True)
    # The snapshot is of models alone, and has nothing of what the Hub says of an account.
    told = {"listed": listed, "account_type": series(pa.nulls(len(names), pa.string()))}
    counts = {"models": np.bincount(account, minlength=len(names))} | dict.fromkeys(["datasets", "spaces", "papers"], 0)
    return accounts.assign(**told, **counts, entity_no=entity_no), entities


def leading_spelling(account: np.ndarray, accounts: pd.Series, lower: pd.Series, ingest: Ingest) -> pd.Series:
    """Of accounts that differ only in case the one with the most downloads; only what has a folded name is compared."""
    several = np.flatnonzero(lower.notna() & lower.duplicated(keep=False))
    if not len(several):
        return accounts
    models = np.flatnonzero(np.isin(account, several))
    recent, ever = (ingest.columns[f"downloads_{period}"].take(pa.array(models)) for period in ("30d", "all_time"))
    downloads = pd.Series(pc.fill_null(pc.coalesce(recent, ever), 0).to_numpy()).groupby(account[models]).sum()
    # Accounts are in the order of their names, which decides where downloads are the same.
    order = downloads.sort_values(ascending=False, kind="stable").index.to_numpy()
    leader = pd.Series(order).groupby(lower.take(order).to_numpy(), sort=False).transform("first").to_numpy()
    own = np.arange(len(accounts))
    own[order] = leader
    return accounts.take(own).set_axis(accounts.index)
