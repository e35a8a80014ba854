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


def owners(names: pd.Index, models: np.ndarray, facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row for each account, and one for each entity."""
    listed = facts["accounts"]
    folded = listed.groupby(listed["account"].str.lower())["entity"].min()
    accounts = names.to_series(index=range(len(names)))
    known = accounts.map(listed.set_index("account")["entity"]).fillna(accounts.str.lower().map(folded))
    taken = accounts.isin(facts["entities"]["entity"])
    entity_no, entity = numbered(known.fillna(accounts.where(~taken, accounts + " (account)")))
    entities = pd.DataFrame({"entity": entity}).merge(
        facts["entities"][["entity", "entity_type", "country"]], on="entity", how="left"
    )
    entities = entities.merge(facts["countries"][["country", "continent", "in_eu"]], on="country", how="left")
    entities["eu_group"] = entities["country"].mask(entities["in_eu"].eq(True), "EU")
    kinds = ["entity_type", "country", "continent", "eu_group"]
    entities[kinds] = entities[kinds].fillna("unknown").astype("category")
    entities["accounts"] = np.bincount(entity_no, minlength=len(entities))
    accounts = pd.DataFrame({"account": names, "entity": pd.Categorical.from_codes(entity_no, entity)})
    accounts[kinds] = entities[kinds].take(entity_no).reset_index(drop=True)
    return accounts.assign(listed=known.notna(), models=models, entity_no=entity_no), entities
