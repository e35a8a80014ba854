//! Measures a capture: rows a second and the most memory, beside what the server gives to a client
//! that only counts the bytes.
//!
//! ```text
//! fixture-hub --models 1000000 --quota 1000000 &
//! measure http://127.0.0.1:PORT DIRECTORY
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement tells durations"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hubcensus_capture::{
    Access, ApiRequest, Client, Clock, Kind, Outcome, Retries, Silent, Target, capture,
};

#[derive(Debug)]
struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from(std::time::SystemTime::now())
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn jitter(&self) -> f64 {
        0.5
    }
}

/// The most memory that the process had, in MiB, where the system says it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(endpoint), Some(directory)) = (args.next(), args.next()) else {
        return Err("usage: measure ENDPOINT DIRECTORY [ceiling]".into());
    };
    let fields: Vec<String> = Kind::Models
        .fields()
        .iter()
        .map(|field| format!("expand={field}"))
        .collect();
    if args.next().is_some() {
        let client = reqwest::Client::new();
        let query = format!("sort=createdAt&limit=1000&{}", fields.join("&"));
        let mut next = Some(format!("{endpoint}/api/models?{query}"));
        let (begun, mut pages, mut bytes) = (Instant::now(), 0_u64, 0);
        while let Some(url) = next {
            let answer = client
                .get(&url)
                .header("accept-encoding", "gzip")
                .send()
                .await?;
            let link = answer.headers().get("link").cloned();
            next = link.and_then(|link| {
                let link = link.to_str().ok()?;
                Some(link.split_once('<')?.1.split_once('>')?.0.to_owned())
            });
            bytes += answer.bytes().await?.len();
            pages += 1;
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "ceiling: {pages} pages, {bytes} bytes in {seconds:.1} s, at most {:.0} rows a second",
            pages as f64 * 1000.0 / seconds
        );
        return Ok(());
    }
    let access = Access {
        endpoint,
        token: None,
        retries: Retries::default(),
        patience: Duration::from_secs(60),
        windows: None,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let date = clock.today().ok_or("no date")?;
    let client = Client::new(access, clock, Arc::new(Silent))?;
    let target = Target::open(&directory, None)?;
    let begun = Instant::now();
    let request = ApiRequest::new(Kind::Models, date);
    if let Outcome::Taken(taken) = capture(&client, &target, &request).await? {
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{} rows on {} pages, {} bytes in {seconds:.1} s: {:.0} rows a second, {:?} MiB at most",
            taken.rows,
            taken.pages,
            taken.bytes,
            taken.rows as f64 / seconds,
            peak()
        );
    }
    Ok(())
}
