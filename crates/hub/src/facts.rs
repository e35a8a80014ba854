//! What names, tags and cards say: pure functions on text that strangers wrote.
//!
//! None of them fails or panics, whatever the text: what cannot be made out is `None` or left
//! out. They hold no curated facts (those are reference tables), only ways of writing.

mod cards;
mod quantity;
mod size_in_name;
mod tags;

pub use cards::{json_int, json_string, json_strings, json_texts};
pub use quantity::parse_quantity;
pub use size_in_name::parameters_in_name;
pub use tags::{entry_sum, tag_value, tag_values};
