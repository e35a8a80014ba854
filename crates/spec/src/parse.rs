//! From files to a project: each file by itself, then what they say of each other.

use std::sync::Arc;

use crate::cross;
use crate::diagnostic::{Diagnostic, Spanned, closest, enumerate};
use crate::job;
use crate::project::{INGEST, Parsed, Project, REFERENCE, SourceFile};
use crate::read::{Cx, Map};
use crate::source;
use crate::source::like;
use crate::table;
use crate::yaml::{self, Node};

/// The lists that a file can have.
const LISTS: [&str; 3] = ["tables", "sources", "jobs"];

/// The key of a file of jobs that says under which heading lists have its tables.
const SECTION: &str = "section";

/// Reads pipeline files, and reports every mistake that can be seen without looking into SQL.
///
/// ```
/// # use hubcensus_spec::{parse, render, SourceFile};
/// let parsed = parse(vec![SourceFile {
///     path: "pipelines/aggregate/x.yaml".into(),
///     text: "stage: agregate\njobs: []\n".into(),
/// }]);
/// assert_eq!(
///     render(&parsed.diagnostics, &parsed.project.files, false).lines().next(),
///     Some("error[stage-folder]: stage `agregate` in the folder `aggregate`"),
/// );
/// ```
pub fn parse(files: Vec<SourceFile>) -> Parsed {
    let mut project = Project::default();
    let mut cx = Cx::new(&files);
    for (index, file) in files.iter().enumerate() {
        read_file(index, file, &mut project, &mut cx);
    }
    cross::check(&mut project, &mut cx);
    let diagnostics = cx.finish();
    project.files = files;
    Parsed {
        project,
        diagnostics,
    }
}

/// The name of the folder in which the file lies.
fn folder(path: &str) -> Option<&str> {
    let mut parts = path.rsplit(['/', '\\']);
    parts.next();
    parts.next().filter(|folder| !folder.is_empty())
}

fn read_file(index: usize, file: &SourceFile, project: &mut Project, cx: &mut Cx<'_>) {
    let mut found = Vec::new();
    let root = yaml::read(&file.text, index, &mut found);
    found
        .into_iter()
        .for_each(|diagnostic| cx.report(diagnostic));
    let folder = folder(&file.path);
    let map = root
        .as_ref()
        .and_then(|root| cx.map(root, "a pipeline file"));
    let Some(mut map) = map else {
        project.unreadable_stages.extend(folder.map(str::to_owned));
        return;
    };
    let written = map
        .need("stage")
        .and_then(|node| cx.text(node, "`stage`"))
        .and_then(|stage| cx.identifier(&stage));
    // The folder is right more often than a slip of the pen.
    let Some(stage) = folder.or(written.as_ref().map(|stage| stage.as_str())) else {
        return;
    };
    if let Some(written) = written.as_ref().filter(|written| written.value != stage) {
        stage_folder(written, stage, cx);
        project.unreadable_stages.insert(written.value.clone());
    }
    read_lists(map, stage, project, cx);
}

fn stage_folder(written: &Spanned<String>, folder: &str, cx: &mut Cx<'_>) {
    let help = if closest(written, [folder]).is_some() {
        format!("did you mean `{folder}`?")
    } else {
        format!("write `stage: {folder}`, or move the file to the folder `{written}`")
    };
    cx.report(
        Diagnostic::error(
            "stage-folder",
            format!("stage `{written}` in the folder `{folder}`"),
        )
        .at(written.span, format!("the folder is `{folder}`"))
        .help(help),
    );
}

fn read_lists(mut map: Map<'_>, stage: &str, project: &mut Project, cx: &mut Cx<'_>) {
    let allowed: &[&'static str] = match stage {
        REFERENCE => &["tables"],
        INGEST => &["tables", "sources"],
        _ => &["jobs"],
    };
    let before = cx.errors();
    let mut lists: Vec<(&'static str, &Node)> = Vec::new();
    for list in LISTS.into_iter().filter(|list| allowed.contains(list)) {
        lists.extend(map.take(list).map(|node| (list, node)));
    }
    let section = allowed.contains(&"jobs").then(|| map.take(SECTION));
    let section = section
        .flatten()
        .and_then(|node| cx.text(node, "`section`"))
        .map(|section| section.value);
    let [tables, sources, jobs] = LISTS;
    for (list, key) in map.others(&[tables, sources, jobs, SECTION]) {
        cx.report(
            Diagnostic::error(
                "misplaced-key",
                format!("a file of the stage `{stage}` has no `{list}`"),
            )
            .at(key, "does not belong here")
            .help(format!("it has {}", enumerate(allowed.iter().copied()))),
        );
    }
    let anchor = map.anchor();
    map.finish(cx);
    if lists.is_empty() && cx.errors() == before {
        cx.report(
            Diagnostic::error("missing-key", "the file declares nothing")
                .at(anchor, "nothing but the stage")
                .help(format!("give it {}", enumerate(allowed.iter().copied()))),
        );
    }
    if cx.errors() > before {
        project.unreadable_stages.insert(stage.to_owned());
    }
    for (list, node) in lists {
        let items = cx.list(node, &format!("`{list}`"));
        if items.is_none() {
            project.unreadable_stages.insert(stage.to_owned());
        }
        for item in items.unwrap_or_default() {
            read_item(list, item, stage, section.as_deref(), project, cx);
        }
    }
}

fn read_item(
    list: &str,
    item: &Node,
    stage: &str,
    section: Option<&str>,
    project: &mut Project,
    cx: &mut Cx<'_>,
) {
    match (list, stage) {
        ("tables", REFERENCE) => {
            let table = table::reference(item, stage, cx);
            project.note(
                stage,
                table
                    .as_ref()
                    .map(|(table, complete)| (&table.name, *complete)),
            );
            project.references.extend(table.map(|(table, _)| table));
        }
        ("tables", _) => {
            let table = table::ingest(item, stage, cx);
            project.note(
                stage,
                table
                    .as_ref()
                    .map(|(table, complete)| (&table.name, *complete)),
            );
            project
                .ingest_tables
                .extend(table.map(|(table, _)| Arc::new(table)));
        }
        ("sources", _) if item.has("like") => {
            let like = like::read(item, cx);
            project.unread_sources |= like.is_none();
            project.likes.extend(like);
        }
        ("sources", _) => {
            let source = source::read(item, cx);
            project.unread_sources |= source.is_none();
            project.sources.extend(source.map(Arc::new));
        }
        _ => {
            for job in job::read(item, stage, section, cx) {
                project.note(
                    stage,
                    job.as_ref().map(|(job, complete)| (&job.name, *complete)),
                );
                project.jobs.extend(job.map(|(job, _)| Arc::new(job)));
            }
        }
    }
}
