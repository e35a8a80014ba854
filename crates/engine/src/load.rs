//! First phase: the files of a project, read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hubcensus_exec::Operators;
use hubcensus_spec::{Diagnostic, Project, Severity, SourceFile, TableName};

use crate::audit;
use crate::error::EngineError;
use crate::query::session::Functions;
use crate::reference::{self, ReferenceData};
use crate::resolve;
use crate::resolve::resolved::Resolved;

/// The directory of a project that holds its pipeline files.
pub const PIPELINES: &str = "pipelines";

/// A project that could be read, with what is wrong with it, if anything.
#[derive(Debug)]
pub struct Loaded {
    /// The pipeline files, for diagnostics to show lines of.
    pub files: Vec<SourceFile>,
    /// The project, or its mistakes.
    pub result: Result<Resolved, Vec<Diagnostic>>,
}

/// Reads the project under `root` and checks it as far as no data is needed, to
/// be run on `cores` processors by these operators; what the checks of its reference tables find, [`check_references`] tells.
///
/// # Errors
///
/// Files that cannot be read, or none at all. Mistakes in them are part of the
/// result.
pub async fn load(
    root: &Path,
    cores: usize,
    functions: &Functions,
    operators: Operators,
) -> Result<Loaded, EngineError> {
    let files = read_pipelines(root)?;
    let parsed = hubcensus_spec::parse(files);
    let files = parsed.project.files.clone();
    let mut diagnostics = parsed.diagnostics;
    let references = read_references(&parsed.project, root, &mut diagnostics)?;
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics
        .into_iter()
        .partition(|d| d.severity == Severity::Error);
    let resolved = resolve::resolve(
        parsed.project,
        root.to_owned(),
        references,
        cores,
        functions,
        operators,
    )
    .await;
    let result = match (errors.is_empty(), resolved) {
        (true, Ok(mut resolved)) => {
            resolved.warnings.splice(0..0, warnings);
            Ok(resolved)
        }
        (true, Err(mistakes)) => Err(mistakes),
        (false, Ok(_)) => Err(errors),
        (false, Err(mistakes)) => {
            let mut all = errors;
            all.extend(mistakes);
            hubcensus_spec::tidy(&mut all);
            Err(all)
        }
    };
    Ok(Loaded { files, result })
}

/// Runs the checks of the reference tables; what breaks a rule.
///
/// # Errors
///
/// A check whose query fails.
pub async fn check_references(resolved: &Resolved) -> Result<Vec<Diagnostic>, EngineError> {
    audit::reference::check(
        &resolved.session,
        &resolved.project.references,
        &resolved.references,
        &resolved.reference_checks,
    )
    .await
    .map_err(|e| EngineError::Query(e.to_string()))
}

fn read_references(
    project: &Project,
    root: &Path,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<BTreeMap<TableName, ReferenceData>, EngineError> {
    let mut references = BTreeMap::new();
    for table in &project.references {
        match reference::read(table, root) {
            Ok(data) => {
                references.insert(table.name.value.clone(), data);
            }
            Err(mistakes) => diagnostics.extend(mistakes),
        }
    }
    Ok(references)
}

fn read_pipelines(root: &Path) -> Result<Vec<SourceFile>, EngineError> {
    let folder = root.join(PIPELINES);
    let mut paths = Vec::new();
    collect(&folder, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        return Err(EngineError::NoPipelines {
            path: folder.display().to_string(),
        });
    }
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|source| EngineError::File {
                path: path.display().to_string(),
                source,
            })?;
            let shown = path.strip_prefix(root).unwrap_or(&path);
            let shown: Vec<String> = shown
                .components()
                .map(|c| c.as_os_str().to_string_lossy().into_owned())
                .collect();
            Ok(SourceFile {
                path: shown.join("/"),
                text,
            })
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), EngineError> {
    let problem = |source| EngineError::File {
        path: folder.display().to_string(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            found.push(path);
        }
    }
    Ok(())
}
