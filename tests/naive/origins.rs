//! Whose the models are: who publishes them, and who made what they were made
//! from in the beginning.

use std::collections::BTreeMap;

use crate::reference::{self, Owner};
use crate::rows::{Table, row};
use crate::snapshot::{Model, Snapshot};

/// Who a model is put down to, and where that is.
#[derive(Clone, Debug)]
pub(crate) struct Maker {
    pub(crate) entity: String,
    pub(crate) entity_type: String,
    pub(crate) country: String,
    continent: String,
    eu_group: String,
}

impl Maker {
    pub(crate) fn place(&self, level: &str) -> &str {
        match level {
            "country" => &self.country,
            "continent" => &self.continent,
            "eu" => &self.eu_group,
            other => panic!("no level {other}"),
        }
    }

    /// Who publishes a model.
    fn publisher(model: &Model) -> Self {
        Self {
            entity: model.entity.clone(),
            entity_type: model.entity_type.clone(),
            country: model.country.clone(),
            continent: model.continent.clone(),
            eu_group: model.eu_group.clone(),
        }
    }

    /// Who made a model that the snapshot does not have.
    fn missing(id: &str, day: i32) -> Self {
        let reference = reference::get();
        let Owner {
            entity,
            entity_type,
            country,
        } = reference.owner_of_missing(id, day);
        let is_member = reference.member_states(day).contains(&country);
        Self {
            entity,
            entity_type,
            continent: reference.continent(&country),
            eu_group: if is_member { "EU" } else { &*country }.to_owned(),
            country,
        }
    }
}

/// A way to say whose the models are, and whose each is by it.
pub(crate) struct Attribution {
    pub(crate) name: &'static str,
    makers: BTreeMap<String, Maker>,
}

impl Attribution {
    pub(crate) fn of(&self, model: &Model) -> &Maker {
        &self.makers[&model.id]
    }
}

/// Both ways; the first alone where no model says what it was made from.
pub(crate) fn attributions(snapshot: &Snapshot) -> Vec<Attribution> {
    let models = snapshot.models.iter();
    let publishers = models.map(|model| (model.id.clone(), Maker::publisher(model)));
    let mut ways = vec![Attribution {
        name: "publisher",
        makers: publishers.collect(),
    }];
    if snapshot
        .models
        .iter()
        .any(|model| !model.parents.is_empty())
    {
        let models = snapshot.models.iter();
        let origins = models.map(|model| {
            let (origin, _) = origin(snapshot, &model.id);
            (model.id.clone(), maker(snapshot, origin))
        });
        ways.push(Attribution {
            name: "origin",
            makers: origins.collect(),
        });
    }
    ways
}

fn maker(snapshot: &Snapshot, id: &str) -> Maker {
    match snapshot.model(id) {
        Some(model) => Maker::publisher(model),
        None => Maker::missing(id, snapshot.day),
    }
}

/// Where the way up by first parents ends, and after how many steps. Of models
/// that come from each other it is the one that was there first.
fn origin<'a>(snapshot: &'a Snapshot, id: &'a str) -> (&'a str, usize) {
    let mut path = vec![id];
    loop {
        let last = path[path.len() - 1];
        let model = snapshot.model(last);
        let Some(parent) = model.and_then(|model| model.parents.first()) else {
            return (last, path.len() - 1);
        };
        let Some(entry) = path.iter().position(|passed| *passed == parent.id) else {
            path.push(&parent.id);
            continue;
        };
        let first = path[entry..].iter().min_by_key(|id| {
            let made = snapshot.model(id).unwrap().created_at;
            (made.is_none(), made, **id)
        });
        let first = *first.unwrap();
        let steps = path.iter().position(|passed| *passed == first).unwrap();
        return (first, steps);
    }
}

/// The table `enrich.model_origins`.
pub(crate) fn table(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "model_origins",
        "id",
        "id origin origin_in_snapshot origin_account origin_entity origin_entity_type origin_country
         origin_continent origin_eu_group generations",
    );
    for model in &snapshot.models {
        let (origin, generations) = origin(snapshot, &model.id);
        let maker = maker(snapshot, origin);
        let here = snapshot.model(origin);
        let account = match here {
            Some(model) => Some(model.account.clone()),
            None => reference::get().account_of_missing(origin),
        };
        table.push(row![
            &model.id,
            origin,
            here.is_some(),
            account.unwrap_or("unknown".to_owned()),
            maker.entity,
            maker.entity_type,
            maker.country,
            maker.continent,
            maker.eu_group,
            generations,
        ]);
    }
    table.sorted("id")
}
