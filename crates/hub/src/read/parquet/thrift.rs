//! As much of Thrift's compact protocol as it takes to walk over Parquet's footers and page
//! headers, without recursion into what the file nests.

/// How deep structs and lists may be nested in what is passed over. Parquet's own are five deep.
const MOST_DEPTH: u32 = 16;

/// A type in the compact protocol. Booleans are their own value in a struct.
pub(super) type WireType = u8;
pub(super) const I32: WireType = 5;
pub(super) const LIST: WireType = 9;
pub(super) const STRUCT: WireType = 12;

/// Bytes being read. Every method gives `None` where they end or are none of the protocol's.
pub(super) struct Wire<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Wire<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Wire { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn pass(&mut self, bytes: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(bytes).ok()?)?;
        self.at = (end <= self.bytes.len()).then_some(end)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A whole number of up to 64 bits.
    pub(super) fn integer(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// The number and type of a struct's next field, given the number of the one before; a type of
    /// 0 at the struct's end.
    pub(super) fn field(&mut self, before: i64) -> Option<(i64, WireType)> {
        let head = self.byte()?;
        match (head >> 4, head & 0x0f) {
            (_, 0) => Some((before, 0)),
            (0, wire_type) => Some((self.integer()?, wire_type)),
            (more, wire_type) => Some((before.checked_add(i64::from(more))?, wire_type)),
        }
    }

    /// The length and the type of a list that begins.
    pub(super) fn list(&mut self) -> Option<(u64, WireType)> {
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            length => u64::from(length),
        };
        Some((length, head & 0x0f))
    }

    /// Passes over the value of a struct's field.
    pub(super) fn skip(&mut self, wire_type: WireType) -> Option<()> {
        self.skip_below(wire_type, MOST_DEPTH)
    }

    fn skip_below(&mut self, wire_type: WireType, depth: u32) -> Option<()> {
        let below = depth.checked_sub(1)?;
        match wire_type {
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            9 | 10 => {
                let (length, member) = self.list()?;
                (0..length).try_for_each(|_| self.skip_member(member, below))
            }
            11 => {
                let length = self.varint()?;
                if length == 0 {
                    return Some(());
                }
                let types = self.byte()?;
                (0..length).try_for_each(|_| {
                    self.skip_member(types >> 4, below)?;
                    self.skip_member(types & 0x0f, below)
                })
            }
            12 => {
                let mut before = 0;
                loop {
                    let (field, wire_type) = self.field(before)?;
                    if wire_type == 0 {
                        return Some(());
                    }
                    self.skip_below(wire_type, below)?;
                    before = field;
                }
            }
            _ => None,
        }
    }

    /// A member of a list; there, a boolean is a byte.
    fn skip_member(&mut self, wire_type: WireType, depth: u32) -> Option<()> {
        match wire_type {
            1 | 2 => self.pass(1),
            other => self.skip_below(other, depth),
        }
    }
}
