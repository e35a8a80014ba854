//! First phase: the files of a project, read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hubcensus_spec::{Diagnostic, Severity, SourceFile};

use crate::audit;
use crate::error::EngineError;
use crate::query::session::Functions;
use crate::reference::{self, ReadReference};
use crate::resolve;
use crate::resolve::resolved::Resolved;
use crate::text;

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

/// Reads the project under `root` and checks it as far as no data is needed;
/// what the checks of its reference tables find, [`check_references`] tells.
///
/// # Errors
///
/// Files that cannot be read, or none at all. Mistakes in them are part of the
/// result.
pub async fn load(root: &Path, cores: usize, functions: &Functions) -> Result<Loaded, EngineError> {
    let files = match read_pipelines(root)? {
        Ok(files) => files,
        Err(mistakes) => {
            return Ok(Loaded {
                files: Vec::new(),
                result: Err(mistakes),
            });
        }
    };
    let parsed = hubcensus_spec::parse(files);
    let mut files = parsed.project.files.clone();
    let mut diagnostics = parsed.diagnostics;
    let mut references = BTreeMap::new();
    for table in &parsed.project.references {
        let ReadReference { data, file } = reference::read(table, root, files.len());
        files.push(file);
        match data {
            Ok(data) => {
                references.insert(table.name.value.clone(), data);
            }
            Err(mistakes) => diagnostics.extend(mistakes),
        }
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics
        .into_iter()
        .partition(|d| d.severity == Severity::Error);
    let resolved = resolve::resolve(
        parsed.project,
        root.to_owned(),
        files.clone(),
        references,
        cores,
        functions,
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
    audit::reference::check(resolved)
        .await
        .map_err(|e| EngineError::Query(e.to_string()))
}

/// The pipeline files, or those that are not text.
fn read_pipelines(root: &Path) -> Result<Result<Vec<SourceFile>, Vec<Diagnostic>>, EngineError> {
    let folder = root.join(PIPELINES);
    let mut paths = Vec::new();
    collect(&folder, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        return Err(EngineError::NoPipelines {
            path: folder.display().to_string(),
        });
    }
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).map_err(|source| EngineError::File {
            path: path.display().to_string(),
            source,
        })?;
        let shown = path.strip_prefix(root).unwrap_or(&path);
        let shown: Vec<String> = shown
            .components()
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
        let path = shown.join("/");
        match text::decode(bytes) {
            Ok(text) => files.push(SourceFile { path, text }),
            Err(not) => mistakes.push(Diagnostic::error("not-utf8", format!("{path}:{not}"))),
        }
    }
    Ok(if mistakes.is_empty() {
        Ok(files)
    } else {
        Err(mistakes)
    })
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
