//! A bucket below a namespace, as the Hub's buckets are: the server takes the bucket's name in the path alone, knows
//! conditions of a put and only the second kind of listing, and refuses checksums that come after the body.

use std::sync::{Arc, Mutex};

use hubcensus_lake::Lake;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The head of a request, in lower case.
type Requests = Arc<Mutex<Vec<String>>>;

/// Answers a request as an empty bucket does, and notes it.
async fn answer(stream: TcpStream, requests: Requests) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while stream.read_line(&mut head).await? > 2 {}
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    stream.read_exact(&mut vec![0; length]).await?;
    let body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    let (status, body) = match head.split(' ').next() {
        Some("put") => ("200 OK\r\nETag: \"1\"", ""),
        Some("delete") => ("204 No Content", ""),
        _ if head.contains("list-type=2") => ("200 OK", body),
        _ => ("404 Not Found", ""),
    };
    requests.lock().unwrap().push(head);
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_only_what_such_a_bucket_knows() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/jane", listener.local_addr().unwrap());
    let requests = Requests::default();
    let noted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&noted)));
        }
    });
    // As the environment would say it: AWS_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
    let store = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name("tables")
        .with_access_key_id("key")
        .with_secret_access_key("secret")
        .build()
        .unwrap();
    let lake = Lake::on(Arc::new(store), Path::from("some/lake"), None).unwrap();
    let lock = lake.lock().await.unwrap();
    super::suite::committed(&lake, vec![1, 2], "f").await;
    lake.dates(&super::suite::id().table).await.unwrap();
    lock.release().await;

    let requests = requests.lock().unwrap().clone();
    let paths = requests.iter().map(|head| head.split(' ').nth(1).unwrap());
    for path in paths {
        let object = path.starts_with("/jane/tables/some/lake/");
        assert!(
            object || path.starts_with("/jane/tables?list-type=2&"),
            "{path}"
        );
    }
    let locks: Vec<&String> = requests
        .iter()
        .filter(|head| head.starts_with("put /jane/tables/some/lake/_lock "))
        .collect();
    assert!(locks[0].contains("if-none-match: *"), "{}", locks[0]);
    assert!(locks[1].contains("if-match: \"1\""), "{}", locks[1]);
    for refused in ["x-amz-trailer", "aws-chunked", "x-amz-checksum"] {
        assert!(
            requests.iter().all(|head| !head.contains(refused)),
            "{refused}"
        );
    }
    let written = |head: &String| head.starts_with("put ") && head.contains(".parquet ");
    assert!(requests.iter().any(written));
}
