//! Single objects outside any lake.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;

use crate::address;
use crate::error::Result;

/// The store of an address, a local path or a URL, and the place in it that the address means.
///
/// # Errors
/// [`Error::Address`](crate::Error::Address) if it is none.
pub fn object_at(address: &str) -> Result<(Arc<dyn ObjectStore>, Path)> {
    let resolved = address::place(address)?;
    Ok((resolved.store, resolved.root))
}
