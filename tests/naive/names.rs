//! The size that a model's name states, by what is said of names.

/// A word of a name, and the character before it.
struct Word {
    before: char,
    text: String,
}

/// A number of parameters that a word states, and the unit in which it does.
#[derive(Clone, Copy)]
struct Size {
    at: usize,
    parameters: i64,
    unit: char,
}

/// Sizes from here on are sizes; those below rather count something else.
const SMALL: i64 = 20_000_000;

/// The number of parameters in the name of an id, if it states one.
pub(crate) fn parameters(id: &str) -> Option<i64> {
    let name = id.rsplit('/').next().unwrap();
    let words = words(name);
    if words.iter().any(|word| is_effective(&word.text)) {
        return None;
    }
    let sizes: Vec<Size> = (0..words.len())
        .filter(|at| !counts_something_else(&words, *at))
        .filter_map(|at| size(&words, at))
        .collect();
    let of_experts = |size: &Size| text(&words, size.at + 1).is_some_and(is_of_experts);
    if sizes.iter().any(of_experts) {
        return None;
    }
    let mut usual = sizes.iter().filter(|size| size.unit != 'T');
    let Some(first) = usual.next() else {
        return sizes.first().map(|size| size.parameters);
    };
    let is_doubtful = first.unit == 'M' && first.parameters < SMALL;
    let chosen = match usual.find(|size| size.unit == 'B') {
        Some(other) if is_doubtful => other,
        _ => first,
    };
    let is_mixture = name.to_lowercase().contains("moe");
    let next = sizes.iter().find(|size| size.at == chosen.at + 1);
    match next {
        Some(next) if is_mixture => Some(next.parameters.max(chosen.parameters)),
        _ => Some(chosen.parameters),
    }
}

/// Letters and digits together, with points between digits.
fn words(name: &str) -> Vec<Word> {
    let signs: Vec<char> = name.chars().collect();
    let is_digit = |at: Option<usize>| {
        let sign = at.and_then(|at| signs.get(at));
        sign.is_some_and(char::is_ascii_digit)
    };
    let mut words = Vec::new();
    let mut before = ' ';
    let mut text = String::new();
    for (at, sign) in signs.iter().enumerate() {
        let is_point = *sign == '.' && is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
        if sign.is_ascii_alphanumeric() || is_point {
            text.push(*sign);
            continue;
        }
        if !text.is_empty() {
            let text = std::mem::take(&mut text);
            words.push(Word { before, text });
        }
        before = *sign;
    }
    if !text.is_empty() {
        words.push(Word { before, text });
    }
    words
}

/// The words of a name alone.
pub(crate) fn texts(name: &str) -> Vec<String> {
    words(name).into_iter().map(|word| word.text).collect()
}

fn text(words: &[Word], at: usize) -> Option<&str> {
    words.get(at).map(|word| &*word.text)
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|sign| sign.is_ascii_digit())
}

/// The size that the word at a place states.
fn size(words: &[Word], at: usize) -> Option<Size> {
    let word = &words[at].text;
    let (number, rest) = word.split_at(word.find(['b', 'B', 'm', 'M', 'T'])?);
    let unit = rest.chars().next()?.to_ascii_uppercase();
    let last = &rest[1..];
    let (mut whole, mut fraction) = match number.split_once(['.', 'p']) {
        Some((whole, fraction)) if are_digits(fraction) => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    if !last.is_empty() {
        if !fraction.is_empty() || last.len() > 1 || !are_digits(last) {
            return None;
        }
        fraction = last;
    }
    if !are_digits(whole) {
        return None;
    }
    if fraction.is_empty() && is_cut_off(words, at) {
        fraction = whole;
        whole = &words[at - 1].text;
    }
    if whole.len() > 4 {
        return None;
    }
    let number: f64 = format!("{whole}.{fraction}0").parse().unwrap();
    let parameters = match unit {
        'M' => number * 1e6,
        'B' => number * 1e9,
        _ => number * 1e12,
    };
    let parameters = parameters.round() as i64;
    let is_sane = (1_000_000..=20_000_000_000_000).contains(&parameters);
    is_sane.then_some(Size {
        at,
        parameters,
        unit,
    })
}

/// Whether the word before this one is the whole part of its number.
fn is_cut_off(words: &[Word], at: usize) -> bool {
    let Some(whole) = at.checked_sub(1).map(|before| &words[before]) else {
        return false;
    };
    let version = at.checked_sub(2).map_or("", |before| &*words[before].text);
    let version = version.to_lowercase();
    if whole.text == "0" {
        return !version.strip_prefix('v').is_some_and(are_digits);
    }
    whole.text.len() == 1
        && are_digits(&whole.text)
        && whole.before != '_'
        && words[at].before == '_'
        && version != "llama"
}

/// Whether it is an effective size, as in `E4B`.
fn is_effective(word: &str) -> bool {
    let word = word.to_lowercase();
    let size = word
        .strip_prefix('e')
        .and_then(|rest| rest.strip_suffix('b'));
    size.is_some_and(are_digits)
}

/// Whether it counts the experts of a mixture, as in `16E`.
fn is_of_experts(word: &str) -> bool {
    let word = word.to_lowercase();
    word.strip_suffix('e').is_some_and(are_digits)
}

/// Whether the number at a place is told of tokens, steps and the like.
fn counts_something_else(words: &[Word], at: usize) -> bool {
    let is_one_of = |place: Option<usize>, counted: &[&str]| {
        let word = place.and_then(|place| text(words, place));
        word.is_some_and(|word| counted.contains(&&*word.to_lowercase()))
    };
    let tokens = ["token", "tokens"];
    let others = ["seqlen", "step", "steps"];
    // Tokens that are counted by the number behind them.
    let of_the_next = at + 2 < words.len() && size(words, at + 2).is_some();
    is_one_of(at.checked_sub(1), &tokens)
        || is_one_of(Some(at + 1), &others)
        || (is_one_of(Some(at + 1), &tokens) && !of_the_next)
}
