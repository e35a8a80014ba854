//! The live Hub's lists, against a Hub in this process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use common::{World, clock, ids, second, taken, today, when_free};
use hubcensus_capture::{
    Access, AccountList, AccountsRequest, ApiRequest, Client, Error, HUB_API, Kind, Outcome, Part,
    Silent, Target, capture, capture_accounts,
};
use hubcensus_fixture_hub::{Fault, Faults, ListKind, Quotas, Settings};
use serde_json::{Value, json};

const MODELS: &str = "hub-api/models_2026-11-29.jsonl.zst";
const ACCOUNTS: &str = "hub-api/account_facts_2026-11-29.jsonl.zst";

/// A Hub with so many models, and no limit worth the name.
async fn models(count: u64) -> World {
    limited(count, 1_000_000, 300).await
}

async fn limited(count: u64, quota: u64, window: u64) -> World {
    let settings = Settings {
        quotas: Quotas {
            api: (quota, quota * 2),
            ..Quotas::default()
        },
        window,
        ..Settings::default()
    };
    let world = World::new(settings).await;
    world.hub.generate(ListKind::Models, count, 3);
    world
}

/// The bytes of an undisturbed capture.
async fn undisturbed(world: World) -> (World, Vec<u8>) {
    world.capture(&world.request(Kind::Models)).await.unwrap();
    let bytes = world.bytes(MODELS);
    (world.elsewhere(), bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_repository_is_captured_whole() {
    let world = models(1_234).await;
    world.hub.generate(ListKind::Datasets, 321, 4);
    world.hub.generate(ListKind::Spaces, 77, 5);
    for (kind, count) in [
        (Kind::Models, 1_234),
        (Kind::Datasets, 321),
        (Kind::Spaces, 77),
    ] {
        let described = world.capture(&world.request(kind)).await.unwrap();
        assert_eq!(described.rows, count);
        assert_eq!(described.pages, count.div_ceil(100));
        assert_eq!(
            (described.coverage.as_str(), described.part),
            ("census", None)
        );
        let rows = world.rows(&format!("{HUB_API}/{kind}_2026-11-29.jsonl.zst"));
        assert_eq!(ids(&rows).len() as u64, count);
        for row in &rows {
            for member in row.as_object().unwrap().keys() {
                let asked = kind.fields().contains(&member.as_str());
                assert!(asked || member == "_id" || member == "id", "{member}");
            }
        }
        let beside = world.bytes(&format!("{HUB_API}/{kind}_2026-11-29.capture.json"));
        let beside: Value = serde_json::from_slice(&beside).unwrap();
        assert_eq!(beside["rows"], count);
        assert_eq!(beside["asked"]["sort"], "createdAt");
        assert_eq!(beside["endpoint"], world.hub.address());
    }
    // What is there is not captured again.
    let before = world.hub.counts().requests;
    let (client, _) = world.client();
    let again = capture(&client, &world.target(), &world.request(Kind::Models)).await;
    assert!(matches!(again.unwrap(), Outcome::Present(present) if present.rows == 1_234));
    assert_eq!(world.hub.counts().requests, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_the_bytes_are_the_same() {
    let (world, bytes) = undisturbed(models(4_000).await).await;
    world.hub.set_faults(Faults::all(0.4, 11));
    world.capture(&world.request(Kind::Models)).await.unwrap();
    assert!(world.hub.counts().faults > 20, "{:?}", world.hub.counts());
    assert!(world.bytes(MODELS) == bytes);

    // No answer, or none in time.
    let world = world.elsewhere();
    world.hub.set_faults(Faults::script([
        ("cursor", Fault::Stall),
        ("cursor", Fault::Slow(second() * 60)),
    ]));
    world.capture(&world.request(Kind::Models)).await.unwrap();
    assert!(world.bytes(MODELS) == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_goes_beyond_the_grant() {
    let (world, bytes) = undisturbed(limited(3_000, 12, 150).await).await;
    let counts = world.hub.counts();
    assert_eq!(counts.beyond_the_grant, 0, "{counts:?}");

    let (client, notes) = world.client();
    let request = world.request(Kind::Models);
    taken(capture(&client, &world.target(), &request).await).unwrap();
    assert!(world.bytes(MODELS) == bytes);
    let waits = notes.waits.lock().unwrap().len();
    assert!((1..=4).contains(&waits), "{waits} waits");
    assert_eq!(world.hub.counts().beyond_the_grant, 0);

    // A 429 with some left is no window: it is waited for by its own header.
    let world = world.elsewhere();
    let script = [("cursor", Fault::Throttle(Some(3))), ("cursor", Fault::Cdn)];
    world.hub.set_faults(Faults::script(script));
    let (client, notes) = world.client();
    taken(capture(&client, &world.target(), &request).await).unwrap();
    let waits = notes.waits.lock().unwrap();
    let tries = waits.iter().filter(|why| why.starts_with("another try"));
    assert_eq!(tries.count(), 2, "{waits:?}");
    assert_eq!(world.hub.counts().beyond_the_grant, 0);
    assert!(world.bytes(MODELS) == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_anywhere_it_goes_on_from_there() {
    let (world, bytes) = undisturbed(limited(3_000, 25, 5).await).await;
    let mut world = world;
    let request = world.request(Kind::Models);
    // At ten moments each: by who watches it, and by nobody waiting for it any more.
    for moment in 1..=10_u64 {
        world = world.elsewhere();
        world.hub.set_faults(Faults::all(0.2, moment));
        let (client, notes) = world.client();
        notes.stop_after.store(moment * 3, Ordering::Relaxed);
        let stopped = capture(&client, &world.target(), &request).await;
        assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
        assert!(!world.path(MODELS).exists());

        for cut in 1..=3_u64 {
            let time = second() * u32::try_from(moment * 2 + cut).unwrap();
            let (target, (client, _)) = (world.target(), world.client());
            let attempt = capture(&client, &target, &request);
            tokio::time::timeout(time, attempt).await.ok();
        }
        let (client, notes) = world.client();
        let target = world.target();
        let outcome = when_free(async || capture(&client, &target, &request).await).await;
        outcome.unwrap();
        if let Some((kept, _)) = notes.begun.lock().unwrap().first() {
            assert!(
                *kept >= moment * 3 * 100 - 100,
                "{kept} rows kept at {moment}"
            );
        }
        assert!(world.bytes(MODELS) == bytes, "cut off at {moment}");
        let counts = world.hub.counts();
        assert_eq!(counts.beyond_the_grant, 0, "{counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_no_snapshot() {
    let world = models(0).await;
    let error = world
        .capture(&world.request(Kind::Models))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("it is empty"), "{error}");
    assert!(!world.path(MODELS).exists());
    world.hub.generate(ListKind::Models, 30, 3);
    assert_eq!(
        world
            .capture(&world.request(Kind::Models))
            .await
            .unwrap()
            .rows,
        30
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_meanwhile_is_found() {
    let world = models(1_000).await;
    let new = |second: u32| {
        json!({"_id": format!("6b0a00{second:02}0000000000000000"), "id": format!("new/{second}"),
            "createdAt": format!("2026-11-29T09:00:{second:02}.000Z"), "downloads": 1})
        .to_string()
    };
    for number in 0..30 {
        world.hub.add_later(5, ListKind::Models, new(number));
    }
    let described = world.capture(&world.request(Kind::Models)).await.unwrap();
    assert_eq!((described.rows, described.created_meanwhile), (1_030, 30));
    let rows = world.rows(MODELS);
    assert_eq!(ids(&rows).len(), 1_030);

    // More than a page of them, and an older one gone.
    let world = world.elsewhere();
    let asked = world.hub.counts().requests;
    for number in 30..60 {
        world
            .hub
            .add_later(asked + 4, ListKind::Models, new(number));
    }
    let request = ApiRequest {
        page: 20,
        ..world.request(Kind::Models)
    };
    let described = world.capture(&request).await.unwrap();
    assert_eq!((described.rows, described.created_meanwhile), (1_060, 30));
    assert_eq!(ids(&world.rows(MODELS)).len(), 1_060);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_field_is_left_out() {
    let settings = Settings {
        refused: vec!["usedStorage".to_owned(), "sha".to_owned()],
        ..Settings::default()
    };
    let world = World::new(settings).await;
    world.hub.generate(ListKind::Models, 50, 3);
    let (client, notes) = world.client();
    let request = world.request(Kind::Models);
    let described = taken(capture(&client, &world.target(), &request).await).unwrap();
    assert_eq!(described.dropped_fields, ["sha", "usedStorage"]);
    assert!(notes.has("refuses the field `usedStorage` of models"));
    assert!(
        world
            .rows(MODELS)
            .iter()
            .all(|row| row.get("sha").is_none())
    );
    assert!(
        world
            .rows(MODELS)
            .iter()
            .all(|row| row.get("tags").is_some())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_goes_round_is_noticed() {
    for (fault, says) in [
        (Fault::LinkBack, "was asked for before"),
        (Fault::FirstPage, "has the rows of page 1"),
    ] {
        let world = models(1_000).await;
        world.hub.set_faults(Faults::script([("cursor", fault)]));
        let error = world
            .capture(&world.request(Kind::Models))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(!world.path(MODELS).exists());
        // The pages before are kept, and the list is whole the next time.
        world.hub.set_faults(Faults::default());
        let outcome = world.capture(&world.request(Kind::Models)).await;
        match fault {
            // Where the list went on was kept with the page.
            Fault::LinkBack => assert!(matches!(outcome, Err(Error::Loops { .. }))),
            _ => assert_eq!(outcome.unwrap().rows, 1_000),
        }
        let restart = ApiRequest {
            restart: true,
            ..world.request(Kind::Models)
        };
        assert_eq!(world.capture(&restart).await.unwrap().rows, 1_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_marked_as_one() {
    let world = models(1_000).await;
    let part = |part: Part| ApiRequest {
        part,
        ..world.request(Kind::Models)
    };
    let first = part(Part::First {
        rows: 150,
        by: "downloads".parse().unwrap(),
    });
    let described = world.capture(&first).await.unwrap();
    assert_eq!(
        (described.rows, described.coverage.as_str()),
        (150, "ranking")
    );
    assert_eq!(
        described.part.as_deref(),
        Some("the first 150 by downloads")
    );
    assert_eq!(
        described.file,
        "models-first-150-by-downloads_2026-11-29.jsonl.zst"
    );
    let rows = world.rows(&format!("{HUB_API}/{}", described.file));
    let downloads: Vec<i64> = rows
        .iter()
        .map(|row| row["downloads"].as_i64().unwrap())
        .collect();
    assert!(downloads.is_sorted_by(|a, b| a >= b));

    let author = part(Part::Author("account-1".to_owned()));
    let described = world.capture(&author).await.unwrap();
    assert_eq!(described.coverage, "sample");
    let rows = world.rows("hub-api/models-of-account-1_2026-11-29.jsonl.zst");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["author"] == "account-1"));

    let since = part(Part::CreatedSince("2026-06-01".parse().unwrap()));
    let described = world.capture(&since).await.unwrap();
    let rows = world.rows(&format!("{HUB_API}/{}", described.file));
    let young = |row: &Value| row["createdAt"].as_str().unwrap() >= "2026-06-01";
    assert!(!rows.is_empty() && rows.iter().all(young));
    assert!(rows.len() < 300, "{}", rows.len());
    assert!(!world.path(MODELS).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_date_and_another_process_are_refused() {
    let world = models(500).await;
    let yesterday = ApiRequest {
        date: "2026-11-28".parse().unwrap(),
        ..world.request(Kind::Models)
    };
    let error = world.capture(&yesterday).await.unwrap_err().to_string();
    assert!(error.contains("today is 2026-11-29 (UTC)"), "{error}");
    assert_eq!(world.hub.counts().requests, 0);

    world
        .hub
        .set_faults(Faults::script([("cursor", Fault::Slow(second() * 10))]));
    let request = world.request(Kind::Models);
    let (first, second) = tokio::join!(world.capture(&request), async {
        tokio::time::sleep(second() * 5).await;
        world.capture(&request).await
    });
    assert_eq!(first.unwrap().rows, 500);
    let error = second.unwrap_err().to_string();
    assert!(
        error.contains("models of 2026-11-29 (hub-api) is being captured by process"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_does_not_go_on() {
    let world = models(500).await;
    let (client, notes) = world.client();
    notes.stop_after.store(2, Ordering::Relaxed);
    let request = world.request(Kind::Models);
    capture(&client, &world.target(), &request)
        .await
        .unwrap_err();
    let other = ApiRequest {
        page: 50,
        ..request
    };
    let error = world.capture(&other).await.unwrap_err().to_string();
    assert!(error.contains("asked for something else"), "{error}");
    let restart = ApiRequest {
        restart: true,
        ..other
    };
    assert_eq!(world.capture(&restart).await.unwrap().rows, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_explained() {
    let settings = Settings {
        token: Some("hf_right".to_owned()),
        ..Settings::default()
    };
    let mut world = World::new(settings).await;
    world.hub.generate(ListKind::Models, 50, 3);
    world.token = Some("hf_wrong".to_owned());
    let error = world
        .capture(&world.request(Kind::Models))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("the token (HF_TOKEN) is wrong"), "{text}");
    assert!(!text.contains("hf_wrong"));
    world.token = Some("hf_right\n".to_owned());
    assert_eq!(
        world
            .capture(&world.request(Kind::Models))
            .await
            .unwrap()
            .rows,
        50
    );
    assert!(world.hub.counts().with_token > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_are_read_to_the_last_page() {
    let world = models(0).await;
    for number in 0..250 {
        world.hub.add_paper(
            json!({"paper": {"id": format!("2511.{number:05}"), "upvotes": number},
            "publishedAt": "2026-11-27T00:00:00.000Z", "title": "Paper"}),
        );
    }
    let request = ApiRequest::new(Kind::Papers, today());
    let described = world.capture(&request).await.unwrap();
    assert_eq!((described.rows, described.repeated), (250, 0));
    assert_eq!(
        world
            .rows("hub-api/daily_papers_2026-11-29.jsonl.zst")
            .len(),
        250
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_organizations_users_or_gone() {
    let world = models(2_000).await;
    let request = |accounts| AccountsRequest {
        date: today(),
        accounts,
        restart: false,
    };
    let (client, _) = world.client();
    let target = world.target();
    let first = AccountList::OfModels { first: 20 };
    let error = capture_accounts(&client, &target, &request(first.clone()))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("capture models of the same date first"),
        "{error}"
    );

    world.capture(&world.request(Kind::Models)).await.unwrap();
    // The first by downloads, the last that is asked for, and one that is not.
    let mut downloads: BTreeMap<String, i64> = BTreeMap::new();
    for model in world.rows(MODELS) {
        let (account, _) = model["id"].as_str().unwrap().split_once('/').unwrap();
        *downloads.entry(account.to_owned()).or_default() +=
            model["downloads"].as_i64().unwrap_or(0);
    }
    let mut ranked: Vec<(i64, String)> = downloads.into_iter().map(|(a, d)| (-d, a)).collect();
    ranked.sort();
    let account = |place: usize| ranked[place].1.as_str();
    let organization = json!({"name": account(0), "numFollowers": 3});
    let user = |place: usize| json!({"user": account(place), "numFollowers": 5});
    let hub = &world.hub;
    hub.add_account("organization", account(0), organization.clone());
    for place in [19, 20] {
        hub.add_account("user", account(place), user(place));
    }
    world.hub.set_faults(Faults::all(0.2, 4));
    let described = taken(capture_accounts(&client, &target, &request(first)).await).unwrap();
    assert_eq!((described.rows, described.coverage.as_str()), (2, "sample"));
    assert_eq!(described.asked["accounts"], 20);

    let rows = world.rows(ACCOUNTS);
    assert_eq!(rows, [organization.clone(), user(19)]);

    // Of 230 the one that is an organization is the first, the users are in either half.
    let mut named: Vec<String> = (0..230).map(|number| format!("nobody-{number}")).collect();
    for (at, place) in [(0, 0), (110, 19), (220, 20)] {
        named[at] = account(place).to_owned();
    }
    let world = world.elsewhere();
    let (target, named) = (world.target(), request(AccountList::Named(named)));
    let (client, notes) = world.client();
    notes.stop_after.store(120, Ordering::Relaxed);
    capture_accounts(&client, &target, &named)
        .await
        .unwrap_err();
    let (client, notes) = world.client();
    taken(capture_accounts(&client, &target, &named).await).unwrap();
    // The first hundred were kept, and a row of them.
    assert_eq!(notes.begun.lock().unwrap().first(), Some(&(1, Some(230))));
    let rows = world.rows(ACCOUNTS);
    assert_eq!(rows, [organization, user(19), user(20)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_before_says_about_how_many() {
    let world = models(300).await;
    world.capture(&world.request(Kind::Models)).await.unwrap();
    for file in [
        "models_2026-11-29.jsonl.zst",
        "models_2026-11-29.capture.json",
    ] {
        let older = file.replace("11-29", "11-22");
        std::fs::rename(
            world.path("hub-api").join(file),
            world.path("hub-api").join(older),
        )
        .unwrap();
    }
    let (client, notes) = world.client();
    let request = world.request(Kind::Models);
    capture(&client, &world.target(), &request).await.unwrap();
    assert_eq!(notes.begun.lock().unwrap().first(), Some(&(0, Some(300))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_beyond_the_disk_gets_the_same_file() {
    let (world, bytes) = undisturbed(models(700).await).await;
    let work = tempfile::tempdir().unwrap();
    let target = Target::open("memory:///snapshots", Some(work.path())).unwrap();
    let (client, _) = world.client();
    let request = world.request(Kind::Models);
    let described = taken(capture(&client, &target, &request).await).unwrap();
    assert_eq!(described.bytes, bytes.len() as u64);
    assert_eq!(described.hash, blake3::hash(&bytes).to_hex().to_string());
    let again = capture(&client, &target, &request).await.unwrap();
    assert!(matches!(again, Outcome::Present(_)));
}

#[tokio::test]
async fn a_hub_that_is_not_there_is_named() {
    let world = models(1).await;
    let access = |endpoint: &str| Access {
        endpoint: endpoint.to_owned(),
        token: None,
        retries: hubcensus_capture::Retries {
            tries: 2,
            ..Default::default()
        },
        patience: second() * 20,
        windows: None,
    };
    let client =
        |endpoint: &str| Client::new(access(endpoint), clock(), std::sync::Arc::new(Silent));
    let error = client("huggingface.co").unwrap_err().to_string();
    assert!(
        error.contains("`huggingface.co` is no address of a Hub"),
        "{error}"
    );
    let error = client("ftp://host").unwrap_err().to_string();
    assert!(error.contains("its scheme is ftp"), "{error}");
    let client = client("http://127.0.0.1:9").unwrap();
    let request = world.request(Kind::Models);
    let error = capture(&client, &world.target(), &request)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("in 2 tries") && error.contains("no connection"),
        "{error}"
    );
}
