//! Whether pages are as they were written, where a file has their checksums. The decoder does not
//! look at them, and a flipped bit in a page mostly decodes to another value.

use std::io::{self, Read};

use flate2::Crc;
use parquet::file::metadata::ColumnChunkMetaData;

use super::thrift::{I32, Wire};
use super::{Placed, Shared};

/// How much is read for a page's header; statistics in it can be long.
const HEADER: u64 = 1 << 20;

/// A page whose bytes do not have its checksum.
pub(super) struct Differs {
    /// Where the page begins.
    pub(super) byte: u64,
    /// What its header says.
    pub(super) stated: u32,
    /// What its bytes have.
    pub(super) found: u32,
}

struct PageHeader {
    length: u64,
    body: u64,
    checksum: Option<u32>,
}

fn header(bytes: &[u8]) -> Option<PageHeader> {
    let mut wire = Wire::new(bytes);
    let (mut before, mut body, mut checksum) = (0, None, None);
    loop {
        match wire.field(before)? {
            (_, 0) => break,
            (3, I32) => {
                body = u64::try_from(wire.integer()?).ok();
                before = 3;
            }
            (4, I32) => {
                // Its 32 bits, whatever their sign.
                checksum = Some(i32::try_from(wire.integer()?).ok()?.cast_unsigned());
                before = 4;
            }
            (field, wire_type) => {
                wire.skip(wire_type)?;
                before = field;
            }
        }
    }
    Some(PageHeader {
        length: wire.position() as u64,
        body: body?,
        checksum,
    })
}

/// The first page of a column chunk whose bytes do not have their checksum. Where there are no
/// checksums, or headers cannot be read, that is for the decoder to judge.
pub(super) fn first_wrong(
    file: &Shared,
    chunk: &ColumnChunkMetaData,
) -> io::Result<Option<Differs>> {
    let (mut at, length) = chunk.byte_range();
    let end = at.saturating_add(length).min(file.length);
    let mut buffer = Vec::new();
    while at < end {
        read(file, at, HEADER.min(end - at), 512, &mut buffer)?;
        let mut page = header(&buffer);
        if page.is_none() {
            read(file, at, HEADER.min(end - at), HEADER, &mut buffer)?;
            page = header(&buffer);
        }
        let Some(page) = page.filter(|page| page.length + page.body <= end - at) else {
            return Ok(None);
        };
        let Some(stated) = page.checksum else {
            return Ok(None);
        };
        let mut crc = Crc::new();
        read(file, at + page.length, page.body, page.body, &mut buffer)?;
        crc.update(&buffer);
        if crc.sum() != stated {
            return Ok(Some(Differs {
                byte: at,
                stated,
                found: crc.sum(),
            }));
        }
        at += page.length + page.body;
    }
    Ok(None)
}

/// Reads the bytes from a place on, at most `length` and `limit`.
fn read(file: &Shared, at: u64, length: u64, limit: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    let placed = Placed {
        shared: file.clone(),
        at,
    };
    placed.take(length.min(limit)).read_to_end(buffer)?;
    Ok(())
}
