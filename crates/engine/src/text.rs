//! Bytes of a project's files as text: UTF-8, or where it is not.

/// Where a file is no UTF-8, and what it seems to be instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: the file is not UTF-8 but {instead}; save it as UTF-8")]
pub(crate) struct NotUtf8 {
    line: usize,
    column: usize,
    instead: String,
}

/// The text of a file.
///
/// # Errors
///
/// The first place that is not UTF-8, counted from 1.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    if let Some(encoding) = utf16(&bytes) {
        return Err(NotUtf8 {
            line: 1,
            column: 1,
            instead: encoding.to_owned(),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let (good, bad) = error.as_bytes().split_at_checked(valid).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let last = good.rsplit('\n').next().unwrap_or_default();
        let byte = bad.first().copied().unwrap_or_default();
        NotUtf8 {
            line: good.matches('\n').count() + 1,
            column: last.chars().count() + 1,
            instead: format!("has the byte 0x{byte:02X} here, as Latin-1 or Windows-1252 might"),
        }
    })
}

fn utf16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, ..] => Some("UTF-16 (little-endian)"),
        [0xFE, 0xFF, ..] => Some("UTF-16 (big-endian)"),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            Some("UTF-16 (little-endian, without a mark)")
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            Some("UTF-16 (big-endian, without a mark)")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf_8_has_a_place() {
        assert_eq!(decode("a,é\n".into()), Ok("a,é\n".to_owned()));
        let told = |bytes: &[u8]| decode(bytes.to_vec()).unwrap_err().to_string();
        assert!(told(b"\xFF\xFEa\0").starts_with("1:1: the file is not UTF-8 but UTF-16 (little"));
        assert!(told(b"\0s\0t\0a").starts_with("1:1: the file is not UTF-8 but UTF-16 (big"));
        let latin = told(
            "é: x\nnäme: Andr"
                .as_bytes()
                .iter()
                .copied()
                .chain(*b"\xE9\n")
                .collect::<Vec<_>>()
                .as_slice(),
        );
        assert!(
            latin.starts_with("2:11: the file is not UTF-8 but has the byte 0xE9 here"),
            "{latin}"
        );
    }
}
