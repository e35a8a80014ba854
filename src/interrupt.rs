//! Ctrl-C during a run: the first is noted, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

static NOTED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was pressed since [`listen`].
pub(crate) fn noted() -> bool {
    NOTED.load(Ordering::Relaxed)
}

/// Notes the next Ctrl-C in place of ending the program by it; the one after it
/// ends the program as ever.
#[cfg(unix)]
#[expect(unsafe_code, reason = "signals are set by a foreign function")]
pub(crate) fn listen() {
    extern "C" fn note(_: libc::c_int) {
        NOTED.store(true, Ordering::Relaxed);
    }
    // SAFETY: all zeros is a valid `sigaction`; the handler does nothing but
    // store to an atomic, which a signal handler may.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART | libc::SA_RESETHAND;
        libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut());
    }
}

/// Where there are no such signals, Ctrl-C ends the program.
#[cfg(not(unix))]
pub(crate) fn listen() {}
