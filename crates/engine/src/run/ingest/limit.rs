//! Whether so many rows may be set aside.

use std::collections::BTreeMap;

use hubcensus_spec::RejectLimit;

use crate::run::step_error::StepError;

/// The rows of a file: those that stay, and those set aside by reason.
pub(super) struct RowCounts<'a> {
    pub(super) kept: u64,
    pub(super) rejected: &'a BTreeMap<String, u64>,
}

impl RowCounts<'_> {
    /// Whether the file's rows make a snapshot, by the limit of their table and
    /// that of their source. `absent` says which columns no row has.
    ///
    /// # Errors
    ///
    /// There is no row, none that stays, or too many are set aside: for a
    /// reason with a limit of its own, or for all others together.
    pub(super) fn within(
        &self,
        table: &RejectLimit,
        source: &RejectLimit,
        address: &str,
        absent: impl FnOnce() -> Option<String>,
    ) -> Result<(), StepError> {
        let rows = self.kept + self.rejected.values().sum::<u64>();
        if rows == 0 {
            return Err(StepError::Unreadable(format!(
                "{address} holds no rows; a snapshot has at least one"
            )));
        }
        let because = || {
            absent()
                .map(|absent| format!("; {absent}"))
                .unwrap_or_default()
        };
        if self.kept == 0 {
            return Err(StepError::NothingUsable {
                address: address.to_owned(),
                rows,
                because: because(),
            });
        }
        let mut others = 0;
        for (reason, &rejected) in self.rejected {
            let Some(limit) = table.of_reason(source, reason) else {
                others += rejected;
                continue;
            };
            if rejected > limit.of(rows) {
                return Err(StepError::TooManyRejected {
                    address: address.to_owned(),
                    rejected,
                    of_reason: format!(" for `{reason}`"),
                    rows,
                    limit: limit.of(rows),
                    because: because(),
                });
            }
        }
        let allowed = table.general(source).of_few(self.kept + others);
        if others > allowed {
            return Err(StepError::TooManyRejected {
                address: address.to_owned(),
                rejected: others,
                of_reason: String::new(),
                rows,
                limit: allowed,
                because: because(),
            });
        }
        Ok(())
    }
}
