//! `fixture-hub`: serves generated or given rows as the Hub would, until it is ended.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Parser;
use hubcensus_fixture_hub::{Faults, FixtureHub, ListKind, Quotas, Settings};
use serde_json::json;

/// A Hub to test against: lists, limits, archives and faults, from generated or given rows.
#[derive(Debug, Parser)]
#[command(name = "fixture-hub", version)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    address: String,

    /// How many models to generate
    #[arg(long, default_value_t = 0)]
    models: u64,

    /// How many datasets to generate
    #[arg(long, default_value_t = 0)]
    datasets: u64,

    /// How many spaces to generate
    #[arg(long, default_value_t = 0)]
    spaces: u64,

    /// How many daily papers to generate
    #[arg(long, default_value_t = 0)]
    papers: u64,

    /// Another seed, other rows
    #[arg(long, default_value_t = 7)]
    seed: u64,

    /// Models to serve, a JSON object a line (.zst too)
    #[arg(long, value_name = "FILE")]
    models_from: Option<PathBuf>,

    /// A file of a dataset repository: REPO@TIME:PATH=FILE, the time as 2026-05-24T03:00:00Z
    #[arg(long = "commit", value_name = "COMMIT")]
    commits: Vec<String>,

    /// Requests to /api/ that a window grants
    #[arg(long, default_value_t = 500)]
    quota: u64,

    /// Seconds of such a window
    #[arg(long, default_value_t = 300)]
    window: u64,

    /// The share of requests that a fault strikes
    #[arg(long, default_value_t = 0.0)]
    faults: f64,

    /// Milliseconds that each answer takes at least
    #[arg(long, default_value_t = 0)]
    latency: u64,

    /// Send answers as they are, not compressed
    #[arg(long)]
    plain: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let hub = FixtureHub::start(Settings {
        address: args.address.clone(),
        window: args.window,
        quotas: Quotas {
            api: (args.quota, args.quota.saturating_mul(2)),
            ..Quotas::default()
        },
        latency: Duration::from_millis(args.latency),
        gzip: !args.plain,
        ..Settings::default()
    })
    .await
    .with_context(|| format!("cannot listen on {}", args.address))?;
    for (kind, count) in [
        (ListKind::Models, args.models),
        (ListKind::Datasets, args.datasets),
        (ListKind::Spaces, args.spaces),
    ] {
        hub.generate(kind, count, args.seed);
    }
    for number in 0..args.papers {
        let id = format!("{:04}.{number:05}", 2511);
        hub.add_paper(json!({
            "paper": {"id": id, "title": format!("Paper {number}"), "upvotes": number % 90,
                "authors": [], "publishedAt": "2026-11-27T00:00:00.000Z", "summary": ""},
            "publishedAt": "2026-11-27T10:00:00.000Z", "title": format!("Paper {number}"),
            "numComments": 1,
        }));
    }
    for number in 0..10 {
        let (kind, name) = if number % 2 == 0 {
            ("organization", format!("account-{number}"))
        } else {
            ("user", format!("account-{number}"))
        };
        let key = if kind == "user" { "user" } else { "name" };
        hub.add_account(
            kind,
            &name,
            json!({key: name, "fullname": format!("Account {number}"), "avatarUrl": "",
                "isVerified": false, "numFollowers": number * 10, "numModels": 1}),
        );
    }
    hub.rename("gpt2", "openai-community/gpt2");
    if let Some(path) = &args.models_from {
        for line in BufReader::new(opened(path)?).lines() {
            let line = line.with_context(|| format!("cannot read {}", path.display()))?;
            hub.add(ListKind::Models, [line.as_str()])
                .with_context(|| format!("a line of {} is no JSON object", path.display()))?;
        }
    }
    for text in &args.commits {
        commit(&hub, text)?;
    }
    if args.faults > 0.0 {
        hub.set_faults(Faults::all(args.faults, args.seed));
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "HF_ENDPOINT={}", hub.address())?;
    out.flush()?;
    drop(out);
    // Whoever started it ends it; `GET /fixture/counts` says what it has seen.
    std::future::pending().await
}

fn opened(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(match path.extension().and_then(|ending| ending.to_str()) {
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    })
}

/// `REPO@TIME:PATH=FILE`
fn commit(hub: &FixtureHub, text: &str) -> anyhow::Result<()> {
    let parts = || {
        let (head, file) = text.split_once('=')?;
        let (repo, rest) = head.split_once('@')?;
        let (time, path) = rest.split_once("Z:")?;
        Some((repo, format!("{time}Z"), path, file))
    };
    let (repo, time, path, file) =
        parts().with_context(|| format!("`{text}`: expected REPO@TIME:PATH=FILE"))?;
    let at: DateTime<Utc> = time
        .parse()
        .with_context(|| format!("`{time}`: expected a time such as 2026-05-24T03:00:00Z"))?;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
    let title = format!("Upload {path} with huggingface_hub");
    hub.commit(repo, at, &title, [(path.to_owned(), bytes)]);
    Ok(())
}
