//! The reference tables, as far as the published tables ask them themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::dates;
use crate::read;
use crate::rows::{Record, Table};

/// A class of one of the two schemes.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) scheme: String,
    pub(crate) position: i64,
    pub(crate) name: String,
    pub(crate) min_parameters: i64,
}

/// What a code of a language stands for.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// The code that is taken for it.
    pub(crate) language: String,
    pub(crate) name: Option<String>,
    pub(crate) macrolanguage: Option<String>,
}

/// What a pipeline tag stands for.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) task: String,
    pub(crate) modality: String,
    pub(crate) hub_modality: Option<String>,
    pub(crate) architecture: String,
    pub(crate) language_applies: bool,
}

/// A family of models by one of its tags.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) tag: String,
    pub(crate) name: String,
    /// The entity that made it.
    pub(crate) maker: String,
    pub(crate) is_architecture: bool,
    /// Whether others have the tag on models of their own.
    pub(crate) shared: bool,
    /// Where in a model's name it stands for the family.
    pub(crate) in_name: String,
}

/// Accounts that are listed on a day, each with its entity.
pub(crate) struct Claims(Vec<(String, String)>);

/// Who stands behind an account.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) entity: String,
    pub(crate) entity_type: String,
    pub(crate) country: String,
}

pub(crate) struct Reference {
    accounts: Table,
    entities: Table,
    countries: Table,
    pub(crate) legacy_owners: BTreeMap<String, String>,
    /// Languages by each of their codes.
    pub(crate) languages: BTreeMap<String, Code>,
    /// Languages by what else is written for them.
    aliases: BTreeMap<String, String>,
    /// Codes that lists of languages have.
    pub(crate) language_lists: BTreeSet<String>,
    /// Tags that mean something else than a language.
    pub(crate) other_tags: BTreeSet<String>,
    /// What a pipeline tag stands for, where that is known.
    pub(crate) tasks: BTreeMap<String, Task>,
    /// The tag of a model type, and the stated one that it replaces.
    pub(crate) model_types: BTreeMap<String, (String, String)>,
    /// Tags of models that somebody has looked up.
    pub(crate) task_corrections: BTreeMap<String, String>,
    /// Relations of models to base models that somebody has looked up.
    pub(crate) relation_corrections: BTreeMap<(String, String), String>,
    /// Name of a library, and whether the Hub lists it.
    pub(crate) libraries: BTreeMap<String, (Option<String>, bool)>,
    /// Official licences.
    pub(crate) official_licenses: BTreeSet<String>,
    pub(crate) families: Vec<Family>,
    /// Groups of entities with their members.
    pub(crate) groups: BTreeMap<String, BTreeSet<String>>,
    /// The classes of all schemes, each from small to large.
    pub(crate) classes: Vec<Class>,
    /// Numbers of parameters that somebody has looked up.
    pub(crate) size_corrections: BTreeMap<String, i64>,
    /// How many parameters of a mixture of experts are active.
    pub(crate) active_parameters: BTreeMap<String, i64>,
    /// The number below which a model is a fixture, and the largest there is.
    pub(crate) fixture: i64,
    pub(crate) largest: i64,
}

/// The project's directory.
pub(crate) fn project() -> PathBuf {
    let this = Path::new(env!("CARGO_MANIFEST_DIR")).join(file!());
    this.ancestors().nth(3).unwrap().to_owned()
}

pub(crate) fn get() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    REFERENCE.get_or_init(Reference::read)
}

fn table(name: &str) -> Table {
    read::csv(&project().join(format!("data/reference/{name}.csv")))
}

/// The values of a column of a table.
fn texts(name: &str, column: &str) -> BTreeSet<String> {
    let table = table(name);
    let records = table.records();
    records.map(|record| record.text(column)).collect()
}

impl Reference {
    fn read() -> Self {
        let truth = |record: &Record<'_>, column: &str| record.text(column) == "true";
        let mut classes: Vec<Class> = table("size_classes")
            .records()
            .map(|class| Class {
                scheme: class.text("scheme"),
                position: class.text("position").parse().unwrap(),
                name: class.text("size_class"),
                min_parameters: class.text("min_parameters").parse().unwrap(),
            })
            .collect();
        classes.sort_by_key(|class| (class.scheme.clone(), class.position));
        let numbers = |name: &str, key: &str| -> BTreeMap<String, i64> {
            let table = table(name);
            let records = table.records();
            records
                .map(|record| {
                    let number = record.text("parameters").parse().unwrap();
                    (record.text(key), number)
                })
                .collect()
        };
        let bounds = numbers("size_bounds", "bound");
        let other_tags = [
            ("non_language_tags", "tag"),
            ("frameworks", "tag"),
            ("libraries", "library"),
        ];
        Self {
            accounts: table("accounts"),
            entities: table("entities"),
            countries: table("countries"),
            legacy_owners: table("legacy_owners")
                .records()
                .map(|owner| (owner.text("id"), owner.text("account")))
                .collect(),
            languages: table("languages")
                .records()
                .map(|language| {
                    let code = Code {
                        language: language.text("language"),
                        name: language.maybe_text("name"),
                        macrolanguage: language.maybe_text("macrolanguage"),
                    };
                    (language.text("code"), code)
                })
                .collect(),
            aliases: table("language_aliases")
                .records()
                .map(|alias| (alias.text("value"), alias.text("language")))
                .collect(),
            language_lists: texts("language_lists", "code"),
            other_tags: other_tags
                .iter()
                .flat_map(|(name, column)| texts(name, column))
                .collect(),
            tasks: table("pipeline_tags")
                .records()
                .map(|tag| {
                    let task = Task {
                        task: tag.text("task"),
                        modality: tag.text("modality"),
                        hub_modality: tag.maybe_text("hub_modality"),
                        architecture: tag.text("architecture"),
                        language_applies: truth(&tag, "language_applies"),
                    };
                    (tag.text("pipeline_tag"), task)
                })
                .collect(),
            model_types: table("model_type_tasks")
                .records()
                .map(|kind| {
                    let tags = (kind.text("pipeline_tag"), kind.text("replaces"));
                    (kind.text("model_type"), tags)
                })
                .collect(),
            task_corrections: table("task_corrections")
                .records()
                .map(|model| (model.text("id"), model.text("pipeline_tag")))
                .collect(),
            relation_corrections: table("relation_corrections")
                .records()
                .map(|pair| {
                    let ids = (pair.text("id"), pair.text("base_model"));
                    (ids, pair.text("relation"))
                })
                .collect(),
            libraries: table("libraries")
                .records()
                .map(|library| {
                    let known = (library.maybe_text("name"), truth(&library, "registered"));
                    (library.text("library"), known)
                })
                .collect(),
            official_licenses: table("licenses")
                .records()
                .filter(|license| truth(license, "official"))
                .map(|license| license.text("license"))
                .collect(),
            families: table("model_families")
                .records()
                .map(|family| Family {
                    tag: family.text("tag"),
                    name: family.text("family"),
                    maker: family.text("entity"),
                    is_architecture: truth(&family, "is_architecture"),
                    shared: truth(&family, "shared"),
                    in_name: family.text("in_name"),
                })
                .collect(),
            groups: {
                let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
                for member in table("groups").records() {
                    let group = groups.entry(member.text("group_name")).or_default();
                    group.insert(member.text("entity"));
                }
                groups
            },
            classes,
            size_corrections: numbers("size_corrections", "id"),
            active_parameters: numbers("active_parameters", "id"),
            fixture: bounds["fixture"],
            largest: bounds["largest"],
        }
    }

    /// The class of a scheme that a number of parameters is in.
    pub(crate) fn class_of(&self, scheme: &str, parameters: Option<i64>) -> &str {
        let Some(parameters) = parameters else {
            return "unknown";
        };
        let of_scheme = self.classes.iter().filter(|class| class.scheme == scheme);
        let mut reached = of_scheme.filter(|class| class.min_parameters <= parameters);
        &reached.next_back().unwrap().name
    }

    /// The language that a code or another value, in lower case, stands for.
    pub(crate) fn language(&self, value: &str) -> Option<&str> {
        let by_code = self.languages.get(value).map(|code| &*code.language);
        by_code.or_else(|| self.aliases.get(value).map(String::as_str))
    }

    /// Whether a language applies to the task of a tag, if that is known.
    pub(crate) fn language_applies(&self, pipeline_tag: &str) -> Option<bool> {
        let tag = pipeline_tag.trim().to_lowercase();
        self.tasks.get(&tag).map(|task| task.language_applies)
    }

    /// All accounts that are listed.
    pub(crate) fn listed_accounts(&self) -> Vec<String> {
        let accounts = self.accounts.records();
        accounts.map(|account| account.text("account")).collect()
    }

    /// Countries that are member states of the European Union on a day.
    pub(crate) fn member_states(&self, day: i32) -> BTreeSet<String> {
        self.countries
            .records()
            .filter(|country| {
                let from = country
                    .maybe_text("eu_from")
                    .map(|date| dates::parse(&date));
                let to = country.maybe_text("eu_to").map(|date| dates::parse(&date));
                from.is_some_and(|from| from <= day) && to.is_none_or(|to| day <= to)
            })
            .map(|country| country.text("country"))
            .collect()
    }

    /// The account of an id that the snapshot does not have, if it tells one.
    pub(crate) fn account_of_missing(&self, id: &str) -> Option<String> {
        match id.split_once('/') {
            Some((account, name)) => {
                let is_account = account.starts_with(|c: char| c.is_ascii_alphanumeric());
                (is_account && is_name(account) && is_name(name)).then(|| account.to_owned())
            }
            None => self.legacy_owners.get(id).cloned(),
        }
    }

    /// Who stands behind an id that the snapshot does not have.
    pub(crate) fn owner_of_missing(&self, id: &str, day: i32) -> Owner {
        let Some(account) = self.account_of_missing(id) else {
            return Owner::unknown("unknown");
        };
        match self.claims(day).entity_of(&account) {
            Some(entity) => self.entity(entity, day),
            None => self.unlisted(&account),
        }
    }

    /// The accounts that are listed on a day.
    pub(crate) fn claims(&self, day: i32) -> Claims {
        let claims = self.accounts.records();
        let on_the_day = claims.filter(|claim| in_force(claim, day));
        let pairs = on_the_day.map(|claim| (claim.text("account"), claim.text("entity")));
        Claims(pairs.collect())
    }

    /// Who stands behind an account that is not listed.
    pub(crate) fn unlisted(&self, account: &str) -> Owner {
        let entity = if self.is_entity(account) {
            format!("{account} (account)")
        } else {
            account.to_owned()
        };
        // Nobody has looked the account up, nor does any source here say what it is.
        Owner {
            entity,
            entity_type: "unlisted".to_owned(),
            country: "unlisted".to_owned(),
        }
    }

    /// Where a country is; what is no country is nowhere else.
    pub(crate) fn continent(&self, country: &str) -> String {
        let mut countries = self.countries.records();
        let found = countries.find(|other| other.text("country") == country);
        found.map_or_else(|| country.to_owned(), |found| found.text("continent"))
    }

    /// What is known of an entity on a day.
    pub(crate) fn entity(&self, name: &str, day: i32) -> Owner {
        let listed = self.entity_listed(name, day);
        listed.unwrap_or_else(|| Owner::unknown(name))
    }

    /// The same, if it has a row for that day.
    pub(crate) fn entity_listed(&self, name: &str, day: i32) -> Option<Owner> {
        let mut entities = self.entities.records();
        let found = entities.find(|entity| entity.text("entity") == name && in_force(entity, day));
        found.map(|entity| Owner {
            entity: name.to_owned(),
            entity_type: entity.text("entity_type"),
            country: entity.maybe_text("country").unwrap_or("unknown".to_owned()),
        })
    }

    fn is_entity(&self, name: &str) -> bool {
        let mut entities = self.entities.records();
        entities.any(|entity| entity.text("entity") == name)
    }
}

impl Claims {
    /// Whose an account is, as it is spelled, else without regard to case.
    pub(crate) fn entity_of(&self, account: &str) -> Option<&str> {
        let exact = self.0.iter().find(|(claimed, _)| claimed == account);
        let folded = || {
            let account = account.to_lowercase();
            let mut claims = self.0.iter();
            claims.find(|(claimed, _)| claimed.to_lowercase() == account)
        };
        exact.or_else(folded).map(|(_, entity)| entity.as_str())
    }

    /// The first by name of the entities that claim an account in any case.
    pub(crate) fn first_entity_of(&self, account: &str) -> Option<&str> {
        let account = account.to_lowercase();
        let claims = self.0.iter();
        let same = claims.filter(|(claimed, _)| claimed.to_lowercase() == account);
        same.map(|(_, entity)| entity.as_str()).min()
    }
}

impl Owner {
    pub(crate) fn unknown(entity: &str) -> Self {
        Self {
            entity: entity.to_owned(),
            entity_type: "unknown".to_owned(),
            country: "unknown".to_owned(),
        }
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.chars().all(allowed)
}

fn in_force(record: &Record<'_>, day: i32) -> bool {
    let from = record
        .maybe_text("valid_from")
        .map(|date| dates::parse(&date));
    let to = record
        .maybe_text("valid_to")
        .map(|date| dates::parse(&date));
    from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
}
