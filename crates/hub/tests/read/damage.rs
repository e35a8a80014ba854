//! Parquet files that are damaged, or nested deeper than can be built.

use arrow::array::{Int64Array, StringArray};

use super::parquet::{structs, written};
use super::*;

/// Schemas that are nested this deep end a process that builds them by recursion.
#[test]
fn a_schema_that_is_nested_too_deep_is_refused() {
    let nested = |levels: usize| {
        let mut column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        for _ in 0..levels {
            column = structs(vec![("m", column)], None);
        }
        let id: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        written(vec![("id", id), ("deep", column)], 10)
    };
    let writer = std::thread::Builder::new().stack_size(256 << 20);
    let content = std::thread::scope(|scope| {
        let writer = writer.spawn_scoped(scope, || nested(49)).unwrap();
        writer.join().unwrap()
    });
    let (batch, _) = read("a.parquet", &content, "id:utf8", Format::Parquet).unwrap();
    assert_eq!(batch.num_rows(), 1);

    // What nests deeper cannot be written without the recursion either: by hand, then.
    let mut schema = vec![];
    let levels = 400_u16;
    let element = |schema: &mut Vec<u8>, children: bool| {
        // name (4): "m"; num_children (5): 1; end.
        schema.extend([0x48, 1, b'm']);
        if children {
            schema.extend([0x15, 2]);
        }
        schema.push(0);
    };
    for at in 0..=levels {
        element(&mut schema, at < levels);
    }
    // version (1): 1; schema (2): a list of structs, its length as a varint; num_rows (3): 0.
    let mut footer = vec![0x15, 2, 0x19, 0xfc];
    let length = levels + 1;
    footer.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
    footer.extend(schema);
    footer.extend([0x16, 0, 0x19, 0x0c, 0]);
    let mut content = b"PAR1".to_vec();
    content.extend(&footer);
    content.extend(u32::try_from(footer.len()).unwrap().to_le_bytes());
    content.extend(b"PAR1");
    let error = read("a.parquet", &content, "id:utf8", Format::Parquet).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.parquet: expected columns nested at most 50 levels deep, found a schema of 400 levels; \
         write it anew without the columns that are not read"
    );
}

/// A struct of Thrift's compact protocol: small field numbers, small numbers in zigzag.
fn thrift(fields: &[(u8, u8, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut before) = (Vec::new(), 0);
    for (field, wire_type, value) in fields {
        bytes.push((field - before) << 4 | wire_type);
        bytes.extend(value);
        before = *field;
    }
    bytes.push(0);
    bytes
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn number(value: i64) -> Vec<u8> {
    varint((value << 1 ^ value >> 63) as u64)
}

fn list(wire_type: u8, members: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![(members.len() as u8) << 4 | wire_type];
    bytes.extend(members.concat());
    bytes
}

/// A Parquet file of one column `n` of whole numbers, whose page has a checksum. (Arrow's writer
/// writes none.)
fn with_checksum(numbers: &[i64], checksum: impl Fn(&[u8]) -> u32) -> Vec<u8> {
    let page: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    let (rows, size) = (number(numbers.len() as i64), number(page.len() as i64));
    let crc = number(i64::from(checksum(&page).cast_signed()));
    let data_page = thrift(&[
        (1, 5, rows.clone()),
        (2, 5, number(0)),
        (3, 5, number(3)),
        (4, 5, number(3)),
    ]);
    let header = thrift(&[
        (1, 5, number(0)),
        (2, 5, size.clone()),
        (3, 5, size),
        (4, 5, crc),
        (5, 12, data_page),
    ]);
    let mut file = b"PAR1".to_vec();
    file.extend(&header);
    file.extend(&page);
    let text = |text: &str| [varint(text.len() as u64), text.as_bytes().to_vec()].concat();
    let root = thrift(&[(4, 8, text("root")), (5, 5, number(1))]);
    let column = thrift(&[(1, 5, number(2)), (3, 5, number(0)), (4, 8, text("n"))]);
    let bytes = number((header.len() + page.len()) as i64);
    let chunk = thrift(&[
        (1, 5, number(2)),
        (2, 9, list(5, &[number(0), number(3)])),
        (3, 9, list(8, &[text("n")])),
        (4, 5, number(0)),
        (5, 6, rows.clone()),
        (6, 6, bytes.clone()),
        (7, 6, bytes.clone()),
        (9, 6, number(4)),
    ]);
    let chunk = thrift(&[(2, 6, number(4)), (3, 12, chunk)]);
    let group = thrift(&[
        (1, 9, list(12, &[chunk])),
        (2, 6, bytes),
        (3, 6, rows.clone()),
    ]);
    let footer = thrift(&[
        (1, 5, number(1)),
        (2, 9, list(12, &[root, column])),
        (3, 6, rows),
        (4, 9, list(12, &[group])),
    ]);
    file.extend(&footer);
    file.extend(u32::try_from(footer.len()).unwrap().to_le_bytes());
    file.extend(b"PAR1");
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[test]
fn pages_are_compared_with_their_checksums() {
    let numbers = [3, -1, 1 << 40];
    let content = with_checksum(&numbers, crc32);
    let (batch, _) = read("a.parquet", &content, "n:int64", Format::Parquet).unwrap();
    assert_eq!(
        batch.column(0).as_primitive::<Int64Type>().values(),
        &numbers
    );
    // Each bit of the page, one at a time: without the checksum each would be another number.
    let start = content
        .windows(8)
        .position(|w| w == 3_i64.to_le_bytes())
        .unwrap();
    for bit in 0..numbers.len() * 64 {
        let mut flipped = content.clone();
        flipped[start + bit / 8] ^= 1 << (bit % 8);
        let (_dir, path) = file("a.parquet", &flipped);
        let request = Request::new(fields("n:int64"), Format::Parquet);
        let error = read_with(&path, &request, 1).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "a.parquet: damaged at byte 4, row 1: a page of column `n` should have the checksum"
            ),
            "{bit}: {error}"
        );
    }
    // Columns that are not read are not looked at.
    let wrong = with_checksum(&numbers, |page| !crc32(page));
    let (_dir, path) = file("a.parquet", &wrong);
    let request = Request::new(vec![], Format::Parquet);
    assert!(read_with(&path, &request, 1).is_ok());
}

/// What the decoder's panics leave on the screen: a process of its own tells.
#[test]
fn a_panic_of_the_decoder_is_an_error_without_a_word() {
    const VARIABLE: &str = "HUBCENSUS_TEST_DAMAGED_PAGES";
    let damaged = || {
        let texts: Vec<String> = (0..2_000).map(|n| format!("text {}", n % 37)).collect();
        let content = written(vec![("id", Arc::new(StringArray::from(texts)))], 500);
        (4..content.len() - 8).step_by(3).map(move |at| {
            let mut content = content.clone();
            content[at] ^= 0xff;
            content
        })
    };
    if std::env::var_os(VARIABLE).is_some() {
        for content in damaged() {
            let (_dir, path) = file("a.parquet", &content);
            let request = Request::new(fields("id:utf8"), Format::Parquet);
            let _ = read_with(&path, &request, 2);
        }
        return;
    }
    let me = std::env::current_exe().unwrap();
    let ran = std::process::Command::new(me)
        .args([
            "--exact",
            "parquet::a_panic_of_the_decoder_is_an_error_without_a_word",
            "--nocapture",
        ])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    assert!(ran.status.success());
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
}
