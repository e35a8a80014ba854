//! Generated rows: in the shape of the Hub's, none of them real, the same for the same seed.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::faults::mixed;
use crate::lists::ListKind;
use crate::rows::Rows;

/// 2022-03-02T23:29:04Z, when everything older was imported.
const FLOOR: u64 = 1_646_263_744;
/// What is imported then: one in so many.
const IMPORTED: u64 = 30;
const TASKS: [&str; 6] = [
    "text-generation",
    "text-classification",
    "fill-mask",
    "image-classification",
    "automatic-speech-recognition",
    "text-to-image",
];
const LIBRARIES: [&str; 5] = ["transformers", "diffusers", "peft", "gguf", "timm"];
const LICENSES: [&str; 5] = ["apache-2.0", "mit", "llama3.1", "cc-by-4.0", "other"];
const SDKS: [&str; 4] = ["gradio", "streamlit", "static", "docker"];

fn one<'a>(of: &[&'a str], draw: u64) -> &'a str {
    let at = usize::try_from(draw % of.len().max(1) as u64).unwrap_or(0);
    of.get(at).copied().unwrap_or_default()
}

fn moment(seconds: u64) -> String {
    let at = i64::try_from(seconds).unwrap_or(0);
    DateTime::<Utc>::from_timestamp(at, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The `number`th of `count` repositories, as its members in the order of the Hub's answers; the
/// newest, which is the last, was made shortly before `until`, in seconds since 1970.
pub(crate) fn repository(
    kind: ListKind,
    number: u64,
    count: u64,
    seed: u64,
    until: u64,
) -> Vec<(&'static str, String)> {
    let draw = |what: u64| mixed(mixed(seed ^ number) ^ what);
    let imported = count / IMPORTED;
    let created = match number.checked_sub(imported) {
        None => FLOOR,
        Some(behind) => {
            let span = until.saturating_sub(FLOOR).saturating_sub(60);
            FLOOR + 1 + span * behind / count.saturating_sub(imported).max(1)
        }
    };
    let modified = created + draw(1) % until.saturating_sub(created).max(1);
    // A tenth of the accounts has most of the repositories.
    let accounts = (count / 20).max(1);
    let account = (draw(2) % accounts).min(draw(3) % accounts);
    let author = format!("account-{account}");
    // Most have none, few have very many.
    let rank = 1.0 - (draw(4) >> 11) as f64 / (1_u64 << 53) as f64;
    let downloads = (0.2 / (rank * rank)) as u64;
    let text = |text: &str| format!("\"{text}\"");
    let license = one(&LICENSES, draw(5));
    let task = one(&TASKS, draw(6));
    let library = one(&LIBRARIES, draw(7));
    let mut members = vec![
        ("_id", format!("\"{created:08x}{:016x}\"", number)),
        (
            "id",
            format!(
                "\"{author}/{}-{number}\"",
                one(&["small", "base", "large", "7B"], draw(8))
            ),
        ),
        ("author", text(&author)),
        ("likes", (downloads / 500 + draw(9) % 3).to_string()),
        ("trendingScore", (draw(10) % 4).to_string()),
        ("private", "false".to_owned()),
        (
            "sha",
            format!(
                "\"{:016x}{:016x}{:08x}\"",
                draw(11),
                draw(12),
                draw(13) >> 32
            ),
        ),
        ("lastModified", text(&moment(modified))),
        ("createdAt", text(&moment(created))),
        ("disabled", "false".to_owned()),
    ];
    if kind != ListKind::Spaces {
        let gated = ["false", "false", "false", "false", "\"auto\"", "\"manual\""];
        members.push(("gated", one(&gated, draw(14)).to_owned()));
        members.push(("downloads", downloads.to_string()));
        members.push((
            "downloadsAllTime",
            (downloads * 9 + draw(15) % 40).to_string(),
        ));
        members.push(("usedStorage", (draw(16) % 20_000_000_000).to_string()));
    }
    match kind {
        ListKind::Models => {
            members.push(("pipeline_tag", text(task)));
            members.push(("library_name", text(library)));
            members.push((
                "tags",
                format!(
                    r#"["{library}","safetensors","{task}","en","license:{license}","endpoints_compatible","region:us"]"#
                ),
            ));
            members.push((
                "cardData",
                format!(
                    r#"{{"license":"{license}","language":["en"],"library_name":"{library}","tags":["generated"],"model-index":[{{"name":"fixture","results":[{{"task":{{"type":"{task}"}},"metrics":[{{"type":"accuracy","value":0.{}}}]}}]}}]}}"#,
                    draw(17) % 1_000
                ),
            ));
            if draw(18).is_multiple_of(4) {
                let total = 50_000_000 + draw(19) % 70_000_000_000;
                members.push((
                    "safetensors",
                    format!(r#"{{"parameters":{{"BF16":{total}}},"total":{total}}}"#),
                ));
            }
            if draw(20).is_multiple_of(12) {
                let total = 50_000_000 + draw(21) % 70_000_000_000;
                members.push((
                    "gguf",
                    format!(r#"{{"total":{total},"architecture":"llama","context_length":8192}}"#),
                ));
            }
            if draw(22).is_multiple_of(4) && number > 0 {
                let base = draw(23) % number;
                members.push((
                    "baseModels",
                    format!(
                        r#"{{"relation":"finetune","models":[{{"_id":"{:024x}","id":"account-{}/base-{base}"}}]}}"#,
                        mixed(base), base % accounts
                    ),
                ));
            }
        }
        ListKind::Datasets => {
            members.push((
                "tags",
                format!(
                    r#"["task_categories:{task}","language:en","license:{license}","size_categories:1K<n<10K","format:parquet","modality:text","region:us"]"#
                ),
            ));
            members.push((
                "cardData",
                format!(
                    r#"{{"license":"{license}","language":["en"],"task_categories":["{task}"]}}"#
                ),
            ));
            members.push(("mainSize", (draw(24) % 9_000_000_000).to_string()));
        }
        ListKind::Spaces => {
            let sdk = one(&SDKS, draw(25));
            members.push(("sdk", text(sdk)));
            members.push(("tags", format!(r#"["{sdk}","region:us"]"#)));
            members.push((
                "cardData",
                format!(r#"{{"title":"Space {number}","sdk":"{sdk}","license":"{license}"}}"#),
            ));
            members.push((
                "models",
                format!(r#"["account-{}/base-{number}"]"#, number % accounts),
            ));
            members.push(("datasets", "[]".to_owned()));
        }
    }
    members
}

/// Adds `count` repositories.
pub(crate) fn fill(rows: &mut Rows, kind: ListKind, count: u64, seed: u64, until: u64) {
    for number in 0..count {
        rows.add(repository(kind, number, count, seed, until));
    }
}
