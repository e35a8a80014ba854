//! The allocator: one that keeps the pages that the program gives back.
//!
//! A query asks for memory in pieces of megabytes and gives them back soon. The
//! system's allocator returns them to the kernel, which clears each page anew.
//! This one asks the kernel for pages of two megabytes, of which each thread
//! would fill a few in part: they are refused.

use std::ffi::c_long;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h: milliseconds after which free pages
/// are returned.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
const NEVER: c_long = -1;

/// Keeps free pages until the program ends, and small ones only.
#[expect(
    unsafe_code,
    reason = "the allocator and the kernel are set by foreign functions"
)]
pub(crate) fn keep() {
    // SAFETY: it writes a number into the allocator's table of options.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, NEVER) };
    // SAFETY: it takes no pointers; a kernel that does not know it says so.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0)
    };
}
