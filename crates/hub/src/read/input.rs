//! The bytes of a file: opened, recognized, decompressed.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::error::{Place, ReadError};

/// The bytes at a file's beginning by which it is recognized.
const HEAD: usize = 512;
/// The largest window of a zstd frame that is decompressed, as a power of two: the decoder's own
/// most, 2 GiB where addresses have 64 bits.
const MOST_WINDOW_LOG: u32 = if cfg!(target_pointer_width = "64") {
    31
} else {
    30
};

/// How a file is compressed, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    fn of_name(name: &str) -> Self {
        // An address may carry a query.
        let name = match name.split_once("://") {
            Some(_) => name.split(['?', '#']).next().unwrap_or(name),
            None => name,
        };
        let name = name.to_ascii_lowercase();
        if name.ends_with(".gz") {
            Compression::Gzip
        } else if name.ends_with(".zst") {
            Compression::Zstd
        } else {
            Compression::None
        }
    }

    fn of_bytes(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            // A frame to be skipped may stand before the first frame of data.
            [b, 0x2a, 0x4d, 0x18, ..] if b & 0xf0 == 0x50 => Compression::Zstd,
            _ => Compression::None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Compression::None => "an uncompressed file",
            Compression::Gzip => "a gzip file",
            Compression::Zstd => "a zstd file",
        }
    }
}

/// What the beginning of a file shows it to be, if it is none of the formats read here; for
/// Parquet and compressed files too.
fn recognized(head: &[u8]) -> Option<&'static str> {
    let lower = head
        .iter()
        .take(16)
        .map(u8::to_ascii_lowercase)
        .collect::<Vec<_>>();
    let start = lower.trim_ascii_start();
    match head {
        [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file"),
        [b'P', b'K', 3, 4, ..] => Some("a zip archive"),
        [b'B', b'Z', b'h', ..] => Some("a bzip2 file"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("an xz file"),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Some("an Arrow file"),
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => Some("an SQLite database"),
        _ if head.starts_with(b"version https://git-lfs") => Some("a Git LFS pointer"),
        _ if start.starts_with(b"<!doctype")
            || start.starts_with(b"<html")
            || start.starts_with(b"<?xml") =>
        {
            Some("a web page")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16 text"),
        // Without its mark, but with letters that a byte would hold.
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if a.is_ascii_graphic() && b.is_ascii_graphic() => {
            Some("UTF-16 text")
        }
        _ => match Compression::of_bytes(head) {
            Compression::None => None,
            compressed => Some(compressed.name()),
        },
    }
}

/// A file, counting what was read of it.
struct Counted {
    file: BufReader<File>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buf)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
        self.read.fetch_add(amount as u64, Ordering::Relaxed);
    }
}

enum Stream {
    Plain(Counted),
    Gzip(Box<MultiGzDecoder<Counted>>),
    Zstd(zstd::Decoder<'static, Counted>),
}

/// A file's content, decompressed.
pub(super) struct Input {
    /// The file's name in messages.
    pub(super) file: String,
    compression: Compression,
    stream: Stream,
    read: Arc<AtomicU64>,
    length: u64,
    /// The window of the file's first zstd frame, in bytes.
    window: Option<u64>,
    head: Vec<u8>,
    /// How much of `head` was given out.
    given: usize,
}

impl Input {
    pub(super) fn open(path: &Path, shown_as: &str) -> Result<Self, ReadError> {
        let name = shown_as.to_owned();
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ReadError::Missing { file: name.clone() },
            _ => ReadError::Io {
                file: name.clone(),
                place: Place::default(),
                source,
            },
        };
        // Opening a named pipe would wait for someone to write to it.
        regular(&std::fs::metadata(path).map_err(refused)?, &name)?;
        let mut file = File::open(path).map_err(refused)?;
        let length = file.metadata().map_err(refused)?.len();
        let mut magic = Vec::new();
        (&file)
            .take(HEAD as u64)
            .read_to_end(&mut magic)
            .map_err(refused)?;
        file.seek(SeekFrom::Start(0)).map_err(refused)?;

        let compression = match Compression::of_name(&path.to_string_lossy()) {
            Compression::None => Compression::of_name(shown_as),
            told => told,
        };
        if magic.is_empty() {
            return Err(ReadError::Empty {
                file: name,
                expected: compression.name().to_owned(),
            });
        }
        let found = Compression::of_bytes(&magic);
        if found != compression {
            return Err(ReadError::NotWhatItSays {
                file: name,
                expected: format!("{} as its name says", compression.name()),
                found: recognized(&magic).map_or_else(|| beginning(&magic), str::to_owned),
                help: "rename it to what it is, or fetch it again".to_owned(),
            });
        }

        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            file: BufReader::with_capacity(128 << 10, file),
            read: Arc::clone(&read),
        };
        let stream = match compression {
            Compression::None => Stream::Plain(counted),
            Compression::Gzip => Stream::Gzip(Box::new(MultiGzDecoder::new(counted))),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(counted).map_err(refused)?;
                decoder.window_log_max(MOST_WINDOW_LOG).map_err(refused)?;
                Stream::Zstd(decoder)
            }
        };
        let mut input = Input {
            file: name,
            compression,
            stream,
            read,
            length,
            window: zstd_window(&magic),
            head: Vec::new(),
            given: 0,
        };
        let mut head = vec![0; HEAD];
        let mut filled = 0;
        while filled < HEAD {
            match input.read(&mut head[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) => return Err(input.failed(error, None)),
            }
        }
        head.truncate(filled);
        if head.is_empty() {
            return Err(ReadError::Empty {
                file: input.file,
                expected: "content in it".to_owned(),
            });
        }
        input.head = head;
        Ok(input)
    }

    /// The beginning of the decompressed content.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Refuses a file that is recognized as something else than text.
    pub(super) fn expect_text(&self, expected: &str) -> Result<(), ReadError> {
        match recognized(&self.head) {
            None => Ok(()),
            Some(found @ "UTF-16 text") => Err(self.not(
                &format!("{expected}, in UTF-8"),
                found.to_owned(),
                "write it anew in UTF-8",
            )),
            Some(found) => Err(self.not(
                expected,
                found.to_owned(),
                "correct the format in the source's entry, or fetch it again",
            )),
        }
    }

    /// The error for content that is not what was expected.
    pub(super) fn not(&self, expected: &str, found: String, help: &str) -> ReadError {
        ReadError::NotWhatItSays {
            file: self.file.clone(),
            expected: expected.to_owned(),
            found,
            help: help.to_owned(),
        }
    }

    /// What the content is, as messages show it.
    pub(super) fn found(&self) -> String {
        recognized(&self.head).map_or_else(|| beginning(&self.head), str::to_owned)
    }

    /// How far the file was read.
    pub(super) fn place(&self) -> Place {
        Place::at_byte(self.read.load(Ordering::Relaxed))
    }

    /// What an error of reading means. `line` is the last line that was reached.
    pub(super) fn failed(&self, error: io::Error, line: Option<u64>) -> ReadError {
        let place = Place {
            line,
            ..self.place()
        };
        let file = self.file.clone();
        if self.compression == Compression::None || error.raw_os_error().is_some() {
            return ReadError::Io {
                file,
                place,
                source: error,
            };
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            let detail = format!(
                "{} that ends before its last block does",
                self.compression.name()
            );
            return ReadError::CutOff {
                file,
                place,
                detail,
            };
        }
        if let Some(window) = self.window.filter(|_| needs_memory(&error)) {
            return ReadError::NotWhatItSays {
                file,
                expected: format!(
                    "zstd frames with windows of at most {} MiB, and memory for them",
                    (1_u64 << MOST_WINDOW_LOG) >> 20
                ),
                found: format!("one with a window of {} MiB", window >> 20),
                help: "the file may be sound: compress it anew without `--long` or `--ultra`"
                    .to_owned(),
            };
        }
        let detail = format!(
            "{} whose content cannot be decompressed ({error})",
            self.compression.name()
        );
        ReadError::Damaged {
            file,
            place,
            detail,
            help: "fetch it again".to_owned(),
        }
    }

    /// The file itself, for readers that seek; a compressed one is decompressed to a temporary
    /// file first. With it goes its length.
    pub(super) fn into_file(mut self) -> Result<(File, u64), ReadError> {
        let refused = |file: &str, source| ReadError::Io {
            file: file.to_owned(),
            place: Place::default(),
            source,
        };
        if let Stream::Plain(counted) = self.stream {
            return Ok((counted.file.into_inner(), self.length));
        }
        let mut plain = tempfile::tempfile().map_err(|error| refused(&self.file, error))?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            let n = match self.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) => return Err(self.failed(error, None)),
            };
            io::Write::write_all(&mut plain, &buffer[..n])
                .map_err(|error| refused(&self.file, error))?;
        }
        let length = plain
            .stream_position()
            .map_err(|error| refused(&self.file, error))?;
        Ok((plain, length))
    }
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = &self.head[self.given..];
        if !left.is_empty() {
            let n = left.len().min(buf.len());
            buf[..n].copy_from_slice(&left[..n]);
            self.given += n;
            return Ok(n);
        }
        loop {
            let read = match &mut self.stream {
                Stream::Plain(stream) => stream.read(buf),
                Stream::Gzip(stream) => stream.read(buf),
                Stream::Zstd(stream) => stream.read(buf),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// Refuses what is no file, and would be waited for or have no end.
fn regular(metadata: &Metadata, name: &str) -> Result<(), ReadError> {
    #[cfg(unix)]
    let kind = {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            "a named pipe"
        } else if kind.is_socket() {
            "a socket"
        } else if kind.is_char_device() || kind.is_block_device() {
            "a device"
        } else {
            "a folder"
        }
    };
    #[cfg(not(unix))]
    let kind = "something else";
    if metadata.is_file() {
        return Ok(());
    }
    Err(ReadError::NotWhatItSays {
        file: name.to_owned(),
        expected: "a regular file".to_owned(),
        found: kind.to_owned(),
        help: "write its content to a file, and name that".to_owned(),
    })
}

/// The window that a zstd frame asks for, if the bytes begin with a frame that says it.
fn zstd_window(head: &[u8]) -> Option<u64> {
    // A descriptor whose third highest bit is set says that the whole content is the window.
    let &[0x28, 0xb5, 0x2f, 0xfd, descriptor, window, ..] = head else {
        return None;
    };
    if descriptor & 0x20 != 0 {
        return None;
    }
    let base = 1_u64 << (10 + (window >> 3));
    Some(base + base / 8 * u64::from(window & 7))
}

/// Whether the zstd decoder refuses a frame for its window, or has no memory for it.
fn needs_memory(error: &io::Error) -> bool {
    let text = error.to_string();
    text.contains("too much memory") || text.contains("not enough memory")
}

/// The first bytes of a file, as messages show them.
fn beginning(head: &[u8]) -> String {
    let head = &head[..head.len().min(24)];
    match std::str::from_utf8(head) {
        Ok(text) if !text.contains(|c: char| c.is_control() && !c.is_whitespace()) => {
            format!("text that starts with {text:?}")
        }
        _ => {
            let bytes: Vec<_> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
            format!("bytes that start with {}", bytes.join(" "))
        }
    }
}
