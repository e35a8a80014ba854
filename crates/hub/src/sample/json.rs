//! Models as the items of the Hub's API, one JSON object a line. What is null is absent.

use std::io::Write;

use chrono::Datelike;

use super::dtypes::DTYPES;
use super::encode::{UNIX_DAY, object_id};
use super::error::SampleError;
use super::facts;
use super::model::{Model, push_json, push_number, push_object_id};

/// Lines under construction.
#[derive(Default)]
pub(crate) struct Lines {
    out: String,
    text: String,
    lines: usize,
}

impl Lines {
    /// Writes the lines out once there are at least so many.
    pub(crate) fn drain_into(
        &mut self,
        to: &mut impl Write,
        at_least: usize,
    ) -> Result<(), SampleError> {
        if self.lines >= at_least {
            to.write_all(self.out.as_bytes())?;
            self.out.clear();
            self.lines = 0;
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, model: &Model<'_>) {
        let (out, text) = (&mut self.out, &mut self.text);
        out.push_str("{\"_id\":\"");
        push_object_id(out, model.object_id);
        out.push('"');
        key(out, "id");
        push_json(out, &model.id);
        key(out, "author");
        push_json(out, model.author());
        number(out, "likes", model.likes);
        key(out, "trendingScore");
        push_number(out, model.trending as u64, 1);
        number(out, "downloads", model.downloads);
        number(out, "downloadsAllTime", model.downloads_all_time);
        key(out, "tags");
        let mut mark = '[';
        model.tags(text, &mut |tag| {
            out.push(mark);
            mark = ',';
            push_json(out, tag);
        });
        out.push(']');
        for (name, value) in [
            ("pipeline_tag", model.pipeline_tag()),
            ("library_name", model.library()),
        ] {
            if let Some(value) = value {
                key(out, name);
                push_json(out, value);
            }
        }
        key(out, "createdAt");
        moment(out, model.created);
        key(out, "lastModified");
        moment(out, model.modified);
        key(out, "gated");
        match model.gated {
            "" => out.push_str("false"),
            gated => push_json(out, gated),
        }
        out.push_str(",\"private\":false");
        if model.card(text) {
            key(out, "cardData");
            out.push_str(text);
        }
        if let Some((dtype, total)) = model.safetensors() {
            key(out, "safetensors");
            out.push_str("{\"parameters\":{");
            push_json(out, DTYPES.get(dtype).copied().unwrap_or_default());
            out.push(':');
            push_number(out, total, 1);
            out.push('}');
            number(out, "total", total);
            out.push('}');
        }
        if model.gguf(text) {
            key(out, "gguf");
            out.push_str(text);
        }
        if let Some(relation) = model.relation() {
            base_models(out, relation, &model.bases);
        }
        out.push_str("}\n");
        self.lines += 1;
    }
}

fn key(out: &mut String, name: &str) {
    out.push(',');
    push_json(out, name);
    out.push(':');
}

fn number(out: &mut String, name: &str, value: u64) {
    key(out, name);
    push_number(out, value, 1);
}

fn base_models(out: &mut String, relation: &str, bases: &[&str]) {
    key(out, "baseModels");
    out.push_str("{\"relation\":");
    push_json(out, relation);
    key(out, "models");
    for (at, base) in bases.iter().enumerate() {
        out.push_str(if at == 0 {
            "[{\"_id\":\""
        } else {
            ",{\"_id\":\""
        });
        push_object_id(out, object_id(base));
        out.push_str("\",\"id\":");
        push_json(out, base);
        out.push('}');
    }
    out.push_str("]}");
}

/// Appends a moment as the Hub writes it: `2022-03-02T23:29:04.000Z`.
pub(crate) fn moment(out: &mut String, seconds: i64) {
    let (day, second) = (
        seconds.div_euclid(86_400),
        seconds.rem_euclid(86_400) as u64,
    );
    let date = facts::date(day + UNIX_DAY).unwrap_or_default();
    out.push('"');
    push_number(out, u64::from(date.year().unsigned_abs()), 4);
    for (mark, part) in [
        ('-', u64::from(date.month())),
        ('-', u64::from(date.day())),
        ('T', second / 3600),
        (':', second / 60 % 60),
        (':', second % 60),
    ] {
        out.push(mark);
        push_number(out, part, 2);
    }
    out.push_str(".000Z\"");
}
