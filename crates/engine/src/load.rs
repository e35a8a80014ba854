//! First phase: the files of a project, read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use hubcensus_exec::Operators;
use hubcensus_spec::{Diagnostic, Severity, SourceFile};
use walkdir::WalkDir;

use crate::audit;
use crate::error::EngineError;
use crate::query::session::Functions;
use crate::reference::{self, ReadReference};
use crate::resolve;
use crate::resolve::resolved::Resolved;
use crate::text;

/// The directory of a project that holds its pipeline files.
pub const PIPELINES: &str = "pipelines";

/// The largest pipeline file, in bytes. The largest that anyone wrote has some
/// hundred thousand.
const LARGEST: u64 = 10 << 20;

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
    operators: &Operators,
) -> Result<Loaded, EngineError> {
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
    audit::reference::check(resolved)
        .await
        .map_err(|e| EngineError::Query(e.to_string()))
}

/// The pipeline files, or those that are not text.
fn read_pipelines(root: &Path) -> Result<Result<Vec<SourceFile>, Vec<Diagnostic>>, EngineError> {
    let folder = root.join(PIPELINES);
    let paths = pipeline_files(&folder)?;
    if paths.is_empty() {
        return Err(EngineError::NoPipelines {
            path: folder.display().to_string(),
        });
    }
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    for path in paths {
        let bytes = read_bytes(&path)?;
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

/// The YAML files below a folder, sorted. A link to a folder is followed unless
/// what it leads to was walked already.
fn pipeline_files(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let mut found = Vec::new();
    let mut walked = BTreeSet::new();
    let mut waiting = VecDeque::from([folder.to_owned()]);
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    while let Some(top) = waiting.pop_front() {
        if !walked.insert(real(&top)) {
            continue;
        }
        let walk = WalkDir::new(&top).sort_by_file_name().into_iter();
        let walk = walk.filter_entry(|entry| {
            let is_below = entry.file_type().is_dir() && entry.depth() > 0;
            !is_below || walked.insert(real(entry.path()))
        });
        for entry in walk {
            let entry = entry.map_err(|error| EngineError::File {
                path: error.path().unwrap_or(&top).display().to_string(),
                source: error.into(),
            })?;
            let path = entry.path();
            if path.is_dir() {
                // A link: what is not one is entered by the walk.
                if entry.path_is_symlink() && entry.depth() > 0 {
                    waiting.push_back(path.to_owned());
                }
            } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
                found.push(path.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The bytes of a pipeline file.
fn read_bytes(path: &Path) -> Result<Vec<u8>, EngineError> {
    let shown = || path.display().to_string();
    let problem = |source| EngineError::File {
        path: shown(),
        source,
    };
    let about = std::fs::metadata(path).map_err(problem)?;
    // Reading a pipe might never end.
    if !about.is_file() {
        return Err(EngineError::NotRegular { path: shown() });
    }
    if about.len() > LARGEST {
        return Err(EngineError::TooLarge {
            path: shown(),
            bytes: about.len(),
            limit: LARGEST,
        });
    }
    std::fs::read(path).map_err(problem)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn each_folder_is_walked_once() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("pipelines");
        let elsewhere = dir.path().join("elsewhere");
        for path in ["aggregate", "normalize"] {
            fs::create_dir_all(folder.join(path)).unwrap();
            fs::write(folder.join(path).join("books.yaml"), "").unwrap();
        }
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("more.yml"), "").unwrap();
        fs::write(elsewhere.join("more.txt"), "").unwrap();
        symlink(&folder, folder.join("normalize/above")).unwrap();
        symlink(folder.join("normalize"), folder.join("a_link")).unwrap();
        symlink(&elsewhere, folder.join("linked")).unwrap();
        symlink(&elsewhere, folder.join("linked_again")).unwrap();
        let found = pipeline_files(&folder).unwrap();
        let found = found
            .iter()
            .map(|path| path.strip_prefix(&folder).unwrap().display().to_string());
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                "aggregate/books.yaml",
                "linked/more.yml",
                "normalize/books.yaml"
            ]
        );
    }

    #[test]
    fn a_file_beyond_the_usual_size_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("books.yaml");
        let limit = usize::try_from(LARGEST).unwrap();
        fs::write(&path, vec![b' '; limit]).unwrap();
        assert!(read_bytes(&path).is_ok());
        fs::write(&path, vec![b' '; limit + 1]).unwrap();
        let error = read_bytes(&path).unwrap_err().to_string();
        assert!(error.contains("has 10485761 bytes"), "{error}");
    }
}
