//! What models do, by what is said of pipeline tags, model types and
//! corrections.

use crate::reference;
use crate::rows::{Record, Table, row};
use crate::snapshot::Snapshot;

/// The tasks as `enrich.models` has them.
pub(crate) fn table(snapshot: &Snapshot) -> Table {
    let reference = reference::get();
    let mut table = Table::new(
        "models",
        "id",
        "id pipeline_tag task task_tag task_source modality hub_modality architecture language_applies",
    );
    for row in snapshot.there() {
        let id = row.text("id");
        let stated = stated(&row);
        let (tag, source) = told(&row);
        let meant = reference.tasks.get(&tag);
        let unknown = || "unknown".to_owned();
        table.push(row![
            id,
            stated,
            meant.map_or_else(|| tag.clone(), |task| task.task.clone()),
            &tag,
            source,
            meant.map_or_else(unknown, |task| task.modality.clone()),
            meant
                .and_then(|task| task.hub_modality.clone())
                .unwrap_or_else(unknown),
            meant.map_or_else(unknown, |task| task.architecture.clone()),
            meant.is_some_and(|task| task.language_applies),
        ]);
    }
    table.sorted("id")
}

fn stated(row: &Record<'_>) -> String {
    let stated = row.maybe_text("pipeline_tag").unwrap_or_default();
    match stated.trim().to_lowercase() {
        tag if tag.is_empty() => "unknown".to_owned(),
        tag => tag,
    }
}

/// The tag that gives a model its task, and what says so.
pub(crate) fn told(row: &Record<'_>) -> (String, &'static str) {
    let stated = stated(row);
    if let Some(tag) = reference::get().task_corrections.get(&row.text("id")) {
        (tag.clone(), "correction")
    } else if let Some(tag) = of_its_type(row, &stated) {
        (tag, "model_type")
    } else if stated == "unknown" {
        (stated, "unknown")
    } else {
        (stated, "pipeline_tag")
    }
}

/// The tag of how the model is built, where it states none or one that this is
/// better than.
fn of_its_type(row: &Record<'_>, stated: &str) -> Option<String> {
    if !["unknown", "feature-extraction"].contains(&stated) {
        return None;
    }
    let types = &reference::get().model_types;
    let tags = row.texts("tags");
    let by_tag = tags.into_iter().find(|tag| types.contains_key(tag));
    let by_header = || row.maybe_text("gguf_architecture");
    let kind = by_tag.or_else(|| Some(by_header()?.trim().to_lowercase()))?;
    let (tag, replaces) = types.get(&kind)?;
    (stated == "unknown" || stated == replaces).then(|| tag.clone())
}
