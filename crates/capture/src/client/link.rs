//! The header `Link`, which says where a list goes on.

/// The address of `rel="next"`, wherever it stands among others.
pub(crate) fn next(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some(start) = rest.find('<') {
        let (address, behind) = rest.get(start + 1..)?.split_once('>')?;
        let end = parameters_end(behind);
        let parameters = behind.get(..end)?;
        if parameters.split(';').any(is_next) {
            return Some(address);
        }
        rest = behind.get(end..)?;
    }
    None
}

/// Where the parameters of a link end: at a comma outside quotes.
fn parameters_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let rels = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && rels
            .split_whitespace()
            .any(|rel| rel.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_next_page_is_found_among_others() {
        assert_eq!(
            next("<http://h/a?c=1,2>; rel=\"next\""),
            Some("http://h/a?c=1,2")
        );
        assert_eq!(
            next("<http://h/1>; rel=\"first\", <http://h/2>; title=\"a, b\"; rel=\"prev next\""),
            Some("http://h/2")
        );
        assert_eq!(next("<http://h/1>;rel=next"), Some("http://h/1"));
        assert_eq!(next("<http://h/1>; rel=\"prev\", </x>"), None);
        assert_eq!(next("<http://h/1"), None);
    }
}
