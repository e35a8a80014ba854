//! How an object gets to a store that is not the local disk: in one put, whole or not at all.

use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use tokio::io::AsyncReadExt;

use crate::error::{Error, Result};
use crate::place::file::Entry;
use crate::stamp::Stamp;

/// Up to this size an object is one request; a larger one appears when its last part has arrived.
const ONE_PUT: u64 = 16 << 20;
/// S3 allows 10,000 parts, so objects of up to 80 GB.
const PART: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 4;

pub(crate) fn wrong(operation: &'static str, path: &Path) -> impl Fn(object_store::Error) -> Error {
    let path = path.to_string();
    move |source| Error::Store {
        operation,
        path: path.clone(),
        source: Box::new(source),
    }
}

pub(crate) async fn read(store: &dyn ObjectStore, path: &Path) -> Result<Option<Bytes>> {
    let Some(found) = absent_is_none(store.get(path).await).map_err(wrong("read", path))? else {
        return Ok(None);
    };
    Ok(Some(found.bytes().await.map_err(wrong("read", path))?))
}

/// The stamp of an object, as far as the store tells.
pub(crate) async fn stamp(store: &dyn ObjectStore, path: &Path) -> Option<Stamp> {
    store.head(path).await.ok().as_ref().map(Stamp::from)
}

pub(crate) async fn size(store: &dyn ObjectStore, path: &Path) -> Result<Option<u64>> {
    let found = absent_is_none(store.head(path).await).map_err(wrong("look at", path))?;
    Ok(found.map(|found| found.size))
}

/// Puts an object; gives the version that the store gave it, if it gives any.
pub(crate) async fn replace(
    store: &dyn ObjectStore,
    path: &Path,
    bytes: Bytes,
) -> Result<Option<String>> {
    let put = store.put(path, PutPayload::from_bytes(bytes)).await;
    Ok(put.map_err(wrong("write", path))?.e_tag)
}

/// Sends a finished local file to `path`; gives the version that the store gave it.
pub(crate) async fn upload(
    store: &dyn ObjectStore,
    file: &FilePath,
    path: &Path,
) -> Result<Option<String>> {
    let unread = Error::io("read", file);
    let mut source = tokio::fs::File::open(file).await.map_err(&unread)?;
    let bytes = source.metadata().await.map_err(&unread)?.len();
    let multipart = if bytes > ONE_PUT {
        match store.put_multipart(path).await {
            Ok(upload) => Some(upload),
            Err(object_store::Error::NotImplemented { .. }) => None,
            Err(error) => return Err(wrong("write", path)(error)),
        }
    } else {
        None
    };
    let Some(multipart) = multipart else {
        let mut whole = Vec::new();
        source.read_to_end(&mut whole).await.map_err(&unread)?;
        return replace(store, path, Bytes::from(whole)).await;
    };
    let mut writer = WriteMultipart::new_with_chunk_size(multipart, PART);
    if let Err(error) = send(&mut source, &mut writer, &unread, path).await {
        // The first error is the one to tell; parts that stay behind are invisible to readers.
        writer.abort().await.ok();
        return Err(error);
    }
    let put = writer.finish().await.map_err(wrong("write", path))?;
    Ok(put.e_tag)
}

async fn send(
    source: &mut tokio::fs::File,
    writer: &mut WriteMultipart,
    unread: &impl Fn(std::io::Error) -> Error,
    path: &Path,
) -> Result<()> {
    loop {
        let mut part = Vec::with_capacity(PART);
        let read = source
            .take(PART as u64)
            .read_to_end(&mut part)
            .await
            .map_err(unread)?;
        if read == 0 {
            return Ok(());
        }
        writer
            .wait_for_capacity(PARTS_IN_FLIGHT)
            .await
            .map_err(wrong("write", path))?;
        writer.put(Bytes::from(part));
    }
}

/// Removes an object; says whether it was there, as far as the store tells.
pub(crate) async fn remove(store: &dyn ObjectStore, path: &Path) -> Result<bool> {
    let found = absent_is_none(store.delete(path).await).map_err(wrong("remove", path))?;
    Ok(found.is_some())
}

/// The objects under `root/prefix`, with their paths relative to `root`, sorted.
pub(crate) async fn list(
    store: &Arc<dyn ObjectStore>,
    root: &Path,
    prefix: &Path,
) -> Result<Vec<Entry>> {
    let mut found: Vec<Entry> = store
        .list(Some(prefix))
        .map_ok(|object| Entry {
            path: relative(root, &object.location),
            bytes: object.size,
        })
        .try_collect()
        .await
        .map_err(wrong("list", prefix))?;
    found.sort();
    Ok(found)
}

/// The stamps of the objects under `prefix` whose names come behind `before`, by their paths
/// relative to the lake.
pub(crate) async fn stamps(
    store: &Arc<dyn ObjectStore>,
    root: &Path,
    prefix: &Path,
    before: &Path,
) -> Result<Vec<(String, Stamp)>> {
    store
        .list_with_offset(Some(prefix), before)
        .map_ok(|object| (relative(root, &object.location), Stamp::from(&object)))
        .try_collect()
        .await
        .map_err(wrong("list", prefix))
}

/// Whether there is any object under `prefix`.
pub(crate) async fn has_any(store: &Arc<dyn ObjectStore>, prefix: &Path) -> Result<bool> {
    let first = store.list(Some(prefix)).try_next().await;
    Ok(first.map_err(wrong("list", prefix))?.is_some())
}

/// The size and the blake3 of an object.
pub(crate) async fn hash(store: &dyn ObjectStore, path: &Path) -> Result<Option<(u64, String)>> {
    let Some(found) = absent_is_none(store.get(path).await).map_err(wrong("read", path))? else {
        return Ok(None);
    };
    let mut stream = found.into_stream();
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(wrong("read", path))?;
        hasher.update(&piece);
        bytes += piece.len() as u64;
    }
    Ok(Some((bytes, hasher.finalize().to_hex().to_string())))
}

fn relative(root: &Path, path: &Path) -> String {
    match path.prefix_match(root) {
        Some(parts) => parts
            .map(|part| part.as_ref().to_owned())
            .collect::<Vec<_>>()
            .join("/"),
        None => path.to_string(),
    }
}

fn absent_is_none<T>(result: object_store::Result<T>) -> object_store::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
