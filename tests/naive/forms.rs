//! A made-up Hub in the form of the sources that the program reads.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::world::{Repo, World};

impl World {
    /// The items of the Hub's API.
    pub(crate) fn api_items(&self, factor: i64) -> String {
        let mut lines = String::new();
        for repo in &self.repos {
            let mut item = repo.rest.clone();
            item["id"] = json!(repo.id);
            let mut state = |key: &str, value: Value| {
                if !value.is_null() {
                    item[key] = value;
                }
            };
            state("_id", json!(repo.repo_id));
            state("createdAt", json!(repo.created));
            state(
                "downloads",
                json!(repo.last_30d.map(|count| count * factor)),
            );
            state(
                "downloadsAllTime",
                json!(repo.all_time.map(|count| count * factor)),
            );
            state("likes", json!(repo.likes));
            if !repo.parents.is_empty() {
                name_parents(&mut item, repo);
            }
            writeln!(lines, "{item}").unwrap();
        }
        lines
    }

    /// The same Hub as `radar` has it: no repository ids, no downloads of all
    /// time, a number of parameters without its origin, and tombstones.
    pub(crate) fn radar(&self) -> String {
        let mut lines = String::new();
        let alive = self.repos.iter().map(|repo| (repo, false));
        for (repo, removed) in alive.chain(self.removed.iter().map(|repo| (repo, true))) {
            let stated = match &repo.rest["safetensors"]["total"] {
                Value::Null => &repo.rest["gguf"]["total"],
                total => total,
            };
            let item = json!({
                "id": repo.id,
                "author": repo.rest["author"],
                "created_at": repo.created,
                "downloads_30d": repo.last_30d,
                "likes": repo.likes,
                "trending_score": repo.rest["trendingScore"],
                "pipeline_tag": repo.rest["pipeline_tag"],
                "library": repo.rest["library_name"],
                "license": repo.rest["cardData"]["license"],
                "languages": repo.rest["cardData"]["language"],
                "tags": repo.rest["tags"],
                "base_model": repo.parents.join(", "),
                "parameters": stated,
                "storage_bytes": repo.rest["usedStorage"],
                "gated": false,
                "removed": removed,
            });
            writeln!(lines, "{item}").unwrap();
        }
        lines
    }
}

/// As the Hub resolved them, by tags, or as the author wrote them.
fn name_parents(item: &mut Value, repo: &Repo) {
    match (repo.number % 3, repo.relation) {
        (0, relation) => {
            let models: Vec<Value> = repo.parents.iter().map(|id| json!({"id": id})).collect();
            item["baseModels"] = json!({"models": models});
            if let Some(relation) = relation {
                item["baseModels"]["relation"] = json!(relation);
            }
        }
        (1, Some(relation)) => {
            let tags = item["tags"].as_array_mut().unwrap();
            for id in &repo.parents {
                tags.push(json!(format!("base_model:{id}")));
                tags.push(json!(format!("base_model:{relation}:{id}")));
            }
        }
        _ => item["cardData"]["base_model"] = json!(repo.parents),
    }
}
