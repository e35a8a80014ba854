//! A bucket served by this process, as S3 does it.

use std::sync::Arc;

use hubcensus_lake::Lake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A bucket that is called `bucket`.
pub(crate) struct Bucket {
    endpoint: String,
    /// Holds the bucket.
    dir: TempDir,
}

impl Bucket {
    /// A new one, served until the runtime ends.
    pub(crate) async fn serve() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("bucket")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(dir.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("key", "secret"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A connection that breaks off is the client's affair.
                    server
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                        .ok();
                });
            }
        });
        Self { endpoint, dir }
    }

    /// What a process finds it by.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT", &self.endpoint),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]
    }

    /// A client of it.
    pub(crate) fn store(&self) -> Arc<AmazonS3> {
        let mut builder = AmazonS3Builder::new().with_bucket_name("bucket");
        for (key, value) in self.environment() {
            builder = builder.with_config(key.to_lowercase().parse().unwrap(), value);
        }
        Arc::new(builder.build().unwrap())
    }

    /// A lake in it.
    pub(crate) fn lake(&self, path: &str) -> Lake {
        Lake::on(self.store(), Path::from(path), None).unwrap()
    }
}

/// A lake in a new bucket, and what keeps that.
pub(crate) async fn lake() -> (Lake, TempDir) {
    let bucket = Bucket::serve().await;
    (bucket.lake("some/lake"), bucket.dir)
}
