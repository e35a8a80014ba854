//! Input from a web server.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::books;
use crate::capture::Hub;
use crate::harness::{Project, Ran};

/// Serves the files of a directory, and notes what it is asked, such as `GET /till.jsonl`.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn of(project: &Project, folder: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (root, notes) = (project.path(folder), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (root, notes) = (root.clone(), Arc::clone(&notes));
                std::thread::spawn(move || answer(stream.unwrap(), &root, &notes));
            }
        });
        Self { address, asked }
    }

    /// How often each thing was asked since the last time.
    fn asked(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in self.asked.lock().unwrap().drain(..) {
            *counts.entry(request).or_default() += 1;
        }
        counts
    }
}

/// One request and its answer, then the connection is closed.
fn answer(mut stream: TcpStream, root: &std::path::Path, notes: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(request)) = lines.next() else {
        return;
    };
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    notes.lock().unwrap().push(format!("{method} {path}"));
    let found = fs::read(root.join(path.trim_start_matches('/')));
    let (status, body) = match found {
        _ if method != "GET" && method != "HEAD" => ("405 Method Not Allowed", Vec::new()),
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"{}\"\r\nConnection: close\r\n\r\n",
        body.len(),
        body.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    if method == "GET" {
        stream.write_all(&body).unwrap();
    }
}

fn counts(requests: &[(&str, usize)]) -> BTreeMap<String, usize> {
    let requests = requests.iter();
    requests
        .map(|(request, count)| ((*request).to_owned(), *count))
        .collect()
}

#[test]
fn a_remote_file_is_copied_once() {
    let project = books::project();
    let server = Server::of(&project, "data");
    let from = format!("{}/till_{{date}}.jsonl?sig=secret", server.address);
    let run = |code: i32, extra: &[&str]| {
        let args = [
            "run",
            "--source",
            "till",
            "--from",
            &from,
            "--dates",
            "2024-03-01",
        ];
        project.fails(code, &[&args[..], extra].concat())
    };
    run(0, &[]).assert_tables("6 made, 0 up to date");
    let file = "/till_2024-03-01.jsonl";
    let (head, get) = (format!("HEAD {file}"), format!("GET {file}"));
    // A description may stand beside it.
    let beside = "GET /till_2024-03-01.capture.json";
    let copied = counts(&[(&head, 1), (&get, 1), (beside, 1)]);
    assert_eq!(server.asked(), copied);

    // Known by its version, it is not copied where nothing is made of it.
    run(0, &[]).assert_tables("0 made, 6 up to date");
    assert_eq!(server.asked(), counts(&[(&head, 1), (beside, 1)]));
    run(0, &["--force"]).assert_tables("6 made, 0 up to date");
    assert_eq!(server.asked(), copied);

    let source = &project.manifest("ingest.books", "2024-03-01")["facts"]["source"];
    let bytes = fs::read(project.path("data/till_2024-03-01.jsonl")).unwrap();
    assert_eq!(source["bytes"], bytes.len());
    assert_eq!(source["location"], "till_2024-03-01.jsonl");
    let secret = b"secret";
    for (path, (bytes, _)) in project.files("lake") {
        assert!(
            !bytes.windows(secret.len()).any(|found| found == secret),
            "{path}"
        );
    }
}

#[test]
fn a_web_server_is_asked_for_dates_that_are_named() {
    let project = books::project();
    let server = Server::of(&project, "data");
    let from = format!("{}/till_{{date}}.jsonl", server.address);
    let args = ["run", "--source", "till", "--from", &from];
    let ran = project.fails(1, &args);
    ran.assert_err("cannot be listed, since a web server names no files: say which dates to read");
    assert_eq!(server.asked(), BTreeMap::new());
    let ran = project.fails(
        1,
        &[&args[..], &["--dates", "2024-03-01,1999-01-01"]].concat(),
    );
    ran.assert_err("till_1999-01-01.jsonl does not exist; check the date and the location");
}

/// A file of a repository on the Hub, of a revision, which it redirects to another origin.
#[test]
fn a_file_of_the_hub() {
    let project = books::project();
    let hub = Hub::with(0);
    let name = "till_2024-03-01.jsonl";
    let lines = fs::read(project.path(&format!("data/{name}"))).unwrap();
    let commit = |content: Vec<u8>| {
        let files = [(format!("data/{name}"), content)];
        hub.hub.commit(
            "jane/books",
            "2024-03-02T00:00:00Z".parse().unwrap(),
            "Books",
            files,
        )
    };
    let first = commit(lines.clone());
    commit(b"no rows\n".to_vec());

    let from = format!("hf://datasets/jane/books@{first}/data/till_{{date}}.jsonl");
    let args = ["run", "--source", "till", "--from", &from];
    let run = |args: &[&str]| {
        let mut command = hub.command(&project, args);
        Ran::of(command.env("HF_TOKEN", "hf_secret").output().unwrap())
    };
    let of_date = run(&[&args[..], &["--dates", "2024-03-01"]].concat());
    of_date.assert_tables("6 made, 0 up to date");
    let source = &project.manifest("ingest.books", "2024-03-01")["facts"]["source"];
    assert_eq!(source["bytes"], lines.len());
    let counts = hub.hub.counts();
    assert!(
        counts.with_token > 0 && counts.file_requests > 0,
        "{counts:?}"
    );
    assert_eq!(counts.tokens_at_the_files, 0);

    run(&args)
        .assert_err("cannot be listed, since a web server names no files: say which dates to read");
    let gone = run(&[&args[..], &["--dates", "1999-01-01"]].concat());
    gone.assert_err("till_1999-01-01.jsonl does not exist; check the date and the location");
    let lake = ["tables", "--lake", "hf://datasets/jane/books"];
    run(&lake).assert_err("a source can read files of the Hub; a lake cannot be there");
}
