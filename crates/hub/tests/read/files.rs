//! Files that are missing, empty, cut off, damaged, or not what their name says.

use std::io::Write;

use super::*;

fn error(name: &str, content: &[u8], format: Format) -> String {
    let (_dir, path) = file(name, content);
    let request = Request::new(fields("id:utf8 n:int64"), format);
    let one = read_with(&path, &request, 1).unwrap_err().to_string();
    let two = read_with(&path, &request, 2).unwrap_err().to_string();
    assert_eq!(one, two);
    one
}

fn rows(n: usize) -> Vec<u8> {
    (0..n)
        .flat_map(|n| format!("{{\"id\":\"{:x}\",\"n\":{n}}}\n", n * 7_919 % 10_007).into_bytes())
        .collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(content).unwrap();
    gz.finish().unwrap()
}

#[test]
fn missing() {
    for format in [
        Format::Parquet,
        Format::Ndjson,
        Format::Csv,
        Format::Json {
            rows: None,
            keyed: false,
        },
    ] {
        let error = open(
            "/nowhere/a.jsonl".as_ref(),
            "s3://lake/a.jsonl",
            &Request::new(vec![], format),
        )
        .err()
        .unwrap();
        assert!(matches!(error, ReadError::Missing { .. }));
        assert_eq!(
            error.to_string(),
            "s3://lake/a.jsonl: there is no such file; check the location and the date in it"
        );
        assert_eq!(error.file(), "s3://lake/a.jsonl");
    }
}

#[test]
fn a_directory() {
    let dir = TempDir::new().unwrap();
    let error = open(dir.path(), "here", &Request::new(vec![], Format::Ndjson))
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "here: expected a regular file, found a folder; write its content to a file, and name that"
    );
}

#[test]
fn empty() {
    for (name, content, expected) in [
        ("a.jsonl", vec![], "an uncompressed file"),
        ("a.parquet", vec![], "an uncompressed file"),
        ("a.jsonl.gz", vec![], "a gzip file"),
        ("a.csv.zst", vec![], "a zstd file"),
        ("a.jsonl.gz", gzip(b""), "content in it"),
        (
            "a.jsonl.zst",
            zstd::encode_all(&b""[..], 1).unwrap(),
            "content in it",
        ),
    ] {
        let format = if name.contains("parquet") {
            Format::Parquet
        } else {
            Format::Ndjson
        };
        let message = format!("{name}: the file is empty, expected {expected}; fetch it again");
        assert_eq!(error(name, &content, format), message);
    }
}

#[test]
fn not_what_the_name_says() {
    let zst = zstd::encode_all(&rows(3)[..], 1).unwrap();
    for (name, content, format, message) in [
        (
            "a.jsonl.gz",
            rows(1),
            Format::Ndjson,
            "expected a gzip file as its name says, found text that starts with \"{\\\"id\\\":\\\"0\\\",\\\"n\\\":0}\\n\"; rename it to what it is, or fetch it again",
        ),
        (
            "a.jsonl.gz",
            zst.clone(),
            Format::Ndjson,
            "expected a gzip file as its name says, found a zstd file; rename it to what it is, or fetch it again",
        ),
        (
            "a.jsonl",
            zst,
            Format::Ndjson,
            "expected an uncompressed file as its name says, found a zstd file; rename it to what it is, or fetch it again",
        ),
        (
            "a.csv",
            gzip(b"id,n\n"),
            Format::Csv,
            "expected an uncompressed file as its name says, found a gzip file; rename it to what it is, or fetch it again",
        ),
        (
            "a.parquet",
            b"id,n\na,1\n".to_vec(),
            Format::Parquet,
            "expected a Parquet file, found text that starts with \"id,n\\na,1\\n\"; correct the format in the source's entry, or fetch it again",
        ),
        (
            "a.csv",
            b"PAR1\x15\x04".to_vec(),
            Format::Csv,
            "expected CSV, found a Parquet file; correct the format in the source's entry, or fetch it again",
        ),
        (
            "a.jsonl",
            b"<!DOCTYPE html>".to_vec(),
            Format::Ndjson,
            "expected NDJSON, one object a line, found a web page; correct the format in the source's entry, or fetch it again",
        ),
        (
            "a.json",
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            Format::Json {
                rows: None,
                keyed: false,
            },
            "expected a JSON document, found a Git LFS pointer; correct the format in the source's entry, or fetch it again",
        ),
        (
            "a.parquet",
            vec![0, 1, 2],
            Format::Parquet,
            "expected a Parquet file, found bytes that start with 00 01 02; correct the format in the source's entry, or fetch it again",
        ),
    ] {
        assert_eq!(error(name, &content, format), format!("{name}: {message}"));
    }
}

#[test]
fn compression_is_told_by_the_name_it_is_shown_as_too() {
    let (_dir, path) = file("download", &gzip(&rows(2)));
    let request = Request::new(fields("id:utf8"), Format::Ndjson);
    let chunks: Vec<_> = open(&path, "https://host/a.jsonl.gz?download=true", &request)
        .unwrap()
        .split(1)
        .remove(0)
        .collect();
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].as_ref().unwrap().batch.num_rows(), 2);
    assert!(open(&path, "https://host/a.jsonl", &request).is_err());
}

#[test]
fn cut_off() {
    let content = rows(20_000);
    let gz = gzip(&content);
    let zst = zstd::encode_all(&content[..], 3).unwrap();
    for (name, whole, what) in [
        ("a.jsonl.gz", gz, "a gzip file"),
        ("a.jsonl.zst", zst, "a zstd file"),
    ] {
        for share in [2, 3, 10] {
            let cut = whole.len() - whole.len() / share;
            let message = error(name, &whole[..cut], Format::Ndjson);
            assert!(
                message.starts_with(&format!("{name}: cut off at byte {cut}, line ")),
                "{message}"
            );
            assert!(
                message.ends_with(&format!(
                    ": {what} that ends before its last block does; fetch it again"
                )),
                "{message}"
            );
        }
        let message = error(name, &whole[..whole.len() - 1], Format::Ndjson);
        assert!(
            message.starts_with(&format!("{name}: cut off at byte {}", whole.len() - 1)),
            "{message}"
        );
        assert!(!error(name, &whole[..5], Format::Ndjson).is_empty());
    }
}

#[test]
fn damaged() {
    let content = rows(20_000);
    for (name, mut whole) in [
        ("a.jsonl.gz", gzip(&content)),
        ("a.jsonl.zst", zstd::encode_all(&content[..], 3).unwrap()),
    ] {
        let middle = whole.len() / 2;
        whole[middle..middle + 2_000].fill(0xff);
        let message = error(name, &whole, Format::Ndjson);
        assert!(
            message.starts_with(&format!("{name}: damaged at byte ")),
            "{message}"
        );
        assert!(
            message.contains("whose content cannot be decompressed"),
            "{message}"
        );
    }
    // What follows the last member is no gzip.
    let mut whole = gzip(&content);
    whole.extend_from_slice(b"and more than the header of a member");
    let message = error("a.jsonl.gz", &whole, Format::Ndjson);
    assert!(message.contains("damaged at byte"), "{message}");
}

#[test]
fn nothing_follows_an_error() {
    let whole = gzip(&rows(50_000));
    let (_dir, path) = file("a.jsonl.gz", &whole[..whole.len() / 2]);
    let request = Request::new(fields("id:utf8"), Format::Ndjson);
    let mut part = open(&path, "a.jsonl.gz", &request)
        .unwrap()
        .split(1)
        .remove(0);
    assert_eq!(part.by_ref().filter(Result::is_err).count(), 1);
    assert!(part.next().is_none());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let dir = TempDir::new().unwrap();
    let pipe = dir.path().join("a.jsonl");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let socket = dir.path().join("b.jsonl");
    let _listens = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for (path, kind) in [
        (pipe.as_path(), "a named pipe"),
        (socket.as_path(), "a socket"),
        (Path::new("/dev/zero"), "a device"),
    ] {
        let error = open(path, "here", &Request::new(vec![], Format::Ndjson))
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "here: expected a regular file, found {kind}; write its content to a file, and name that"
            )
        );
    }
}

/// A frame whose header asks for a window of 2 GiB, as `zstd --ultra --long=31` writes it.
#[test]
fn zstd_windows_as_large_as_they_get() {
    // Magic number; no content size, no checksum; window 2^(10 + 21) bytes; one last raw block.
    let frame = |window: u8| {
        let text = b"{\"id\":\"a\",\"n\":1}\n";
        let block = (u32::try_from(text.len()).unwrap() << 3) | 1;
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
        frame.extend(&block.to_le_bytes()[..3]);
        frame.extend(text);
        frame
    };
    let (_dir, path) = file("a.jsonl.zst", &frame(21 << 3));
    let request = Request::new(fields("id:utf8 n:int64"), Format::Ndjson);
    let (batch, _) = read_with(&path, &request, 1).unwrap();
    assert_eq!(json(&batch), [r#"{"id":"a","n":1,"_row":1}"#]);
    assert_eq!(
        error("b.jsonl.zst", &frame(22 << 3), Format::Ndjson),
        "b.jsonl.zst: expected zstd frames with windows of at most 2048 MiB, and memory for them, \
         found one with a window of 4096 MiB; the file may be sound: compress it anew without \
         `--long` or `--ultra`"
    );
}

#[test]
fn text_of_another_encoding_is_named() {
    for marked in [true, false] {
        let text = "id,n\na,1\n";
        let mark = if marked { "\u{feff}" } else { "" };
        let little: Vec<u8> = format!("{mark}{text}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = format!("{mark}{text}")
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        for content in [little, big] {
            assert_eq!(
                error("a.csv", &content, Format::Csv),
                "a.csv: expected CSV, in UTF-8, found UTF-16 text; write it anew in UTF-8"
            );
        }
    }
}

#[test]
fn a_csv_that_is_cut_off() {
    let whole = "id,n\na,10\n\"b\",20\n";
    for cut in 1..whole.len() {
        let (_dir, path) = file("a.csv", &whole.as_bytes()[..cut]);
        let request = Request::new(fields("id:utf8 n:int64"), Format::Csv);
        let read = read_with(&path, &request, 1);
        match cut {
            // At the end of a line, nothing tells it.
            5 | 10 => assert!(read.is_ok(), "{cut}"),
            // Within the header, its columns are others.
            1..=3 => assert!(read.is_err(), "{cut}"),
            _ => assert!(
                matches!(read, Err(ReadError::CutOff { .. })),
                "{cut}: {read:?}"
            ),
        }
    }
    assert_eq!(
        error("a.csv", b"id,n\na,10\nb,2", Format::Csv),
        "a.csv: cut off at byte 13, line 3: the last line has no line feed at its end, so that more \
         may be missing; if the source's files are written so, say `final_newline: false` in its \
         entry; fetch it again"
    );
    let (_dir, path) = file("a.csv", b"id,n\na,10\nb,2");
    let mut request = Request::new(fields("id:utf8 n:int64"), Format::Csv);
    request.csv.final_newline = false;
    let (batch, _) = read_with(&path, &request, 1).unwrap();
    assert_eq!(texts(&batch, "id").len(), 2);
}
