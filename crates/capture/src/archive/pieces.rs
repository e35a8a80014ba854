//! Parts of a remote file, fetched piece by piece into a file in which they lie where they lie
//! there; what was fetched by an earlier attempt is not fetched again.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::archive::remote::Remote;
use crate::error::{Error, Result};
use crate::kept::Journal;
use crate::page;
use crate::target::blocking;

/// The longest piece: long enough for few requests, short enough to be held in memory.
const PIECE: u64 = 8 << 20;

/// The first line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    commit: String,
    size: u64,
}

/// A piece that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Piece {
    from: u64,
    to: u64,
    hash: String,
}

/// Fetches the ranges of the file; returns the file that has them.
pub(crate) async fn fetch(
    remote: &mut Remote<'_>,
    folder: &Path,
    commit: &str,
    ranges: &[(u64, u64)],
    told: impl Fn(u64),
) -> Result<PathBuf> {
    let begun = Begun {
        commit: commit.to_owned(),
        size: remote.size,
    };
    let path = folder.join("parts");
    let open = {
        let (folder, path) = (folder.to_owned(), path.clone());
        move || Parts::open(&folder, path, begun)
    };
    let mut parts = blocking(open).await?;
    let mut bytes = 0;
    for (from, to) in pieces(ranges) {
        if !parts.has(from, to) {
            let piece = remote.range(from, to).await?;
            let work = move || {
                parts.write(from, &piece)?;
                Ok(parts)
            };
            parts = blocking(work).await?;
        }
        bytes += to - from;
        told(bytes);
    }
    Ok(path)
}

fn pieces(ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let cut = |(from, to): &(u64, u64)| {
        let (from, to) = (*from, *to);
        let starts = (from..to).step_by(usize::try_from(PIECE).unwrap_or(usize::MAX));
        starts.map(move |start| (start, (start + PIECE).min(to)))
    };
    ranges.iter().flat_map(cut).collect()
}

/// The pieces that are there.
struct Parts {
    path: PathBuf,
    file: File,
    journal: Journal<Begun>,
    pieces: Vec<Piece>,
}

impl Parts {
    fn open(folder: &Path, path: PathBuf, begun: Begun) -> Result<Self> {
        let journal_path = folder.join("pieces");
        let (mut journal, mut lines) = Journal::open::<Piece>(&journal_path, begun.clone())?;
        if journal.begun != begun {
            // Pieces of another file are of no use.
            for path in [&journal_path, &path] {
                std::fs::remove_file(path).ok();
            }
            (journal, lines) = Journal::open(&journal_path, begun)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        let whole = lines
            .iter()
            .take_while(|piece| {
                let length = usize::try_from(piece.to - piece.from).unwrap_or(0);
                let mut bytes = vec![0; length];
                file.seek(SeekFrom::Start(piece.from)).is_ok()
                    && file.read_exact(&mut bytes).is_ok()
                    && page::hash(&bytes) == piece.hash
            })
            .count();
        lines.truncate(whole);
        journal.rewind_to(whole)?;
        Ok(Self {
            path,
            file,
            journal,
            pieces: lines,
        })
    }

    fn has(&self, from: u64, to: u64) -> bool {
        let same = |piece: &Piece| piece.from == from && piece.to == to;
        self.pieces.iter().any(same)
    }

    fn write(&mut self, from: u64, bytes: &Bytes) -> Result<()> {
        let wrong = Error::io("write", &self.path);
        self.file.seek(SeekFrom::Start(from)).map_err(&wrong)?;
        self.file.write_all(bytes).map_err(&wrong)?;
        let piece = Piece {
            from,
            to: from + bytes.len() as u64,
            hash: page::hash(bytes),
        };
        self.journal.push(&piece)?;
        self.pieces.push(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_into_pieces() {
        let ranges = [(4, 10), (100, 100 + PIECE + 1)];
        let expected = [(4, 10), (100, 100 + PIECE), (100 + PIECE, 101 + PIECE)];
        assert_eq!(pieces(&ranges), expected);
    }

    #[test]
    fn pieces_are_found_again_if_they_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parts");
        let begun = |commit: &str| Begun {
            commit: commit.to_owned(),
            size: 9,
        };
        let open = |commit| Parts::open(folder.path(), path.clone(), begun(commit)).unwrap();
        let mut parts = open("a");
        parts.write(5, &Bytes::from_static(b"five")).unwrap();
        parts.write(0, &Bytes::from_static(b"zero")).unwrap();
        let parts = open("a");
        assert!(parts.has(5, 9) && parts.has(0, 4));
        std::fs::write(&path, b"zer0xfive").unwrap();
        let parts = open("a");
        assert!(parts.has(5, 9) && !parts.has(0, 4));
        assert!(!open("b").has(5, 9));
    }
}
