//! The day's budget of a source, counted in the database: it holds over restarts and over several workers.

use futures::future::BoxFuture;

use super::Pipeline;
use crate::platforms::{Meter, utc_day};
use crate::store::{StoreError, crawl};

/// Counts requests of one source.
pub(super) struct StoreMeter<'a> {
    pub pipeline: &'a Pipeline,
    pub source: &'static str,
    pub budget: i64,
}

impl StoreMeter<'_> {
    async fn take_one(&self) -> Result<bool, StoreError> {
        let mut tx = self.pipeline.store.write_tx().await?;
        let day = utc_day(tx.now());
        let taken = crawl::take_quota(&mut tx, self.source, &day, self.budget).await?;
        tx.commit_housekeeping().await?;
        Ok(taken)
    }
}

impl Meter for StoreMeter<'_> {
    fn take(&self) -> BoxFuture<'_, Result<bool, String>> {
        Box::pin(async { self.take_one().await.map_err(|error| error.to_string()) })
    }
}
