//! The day's budget of a source, counted in the database: it holds over restarts and over several workers.

use std::time::Duration;

use futures::future::BoxFuture;

use super::Pipeline;
use crate::platforms::{Meter, QuotaDay, SourceInfo};
use crate::store::{StoreError, crawl};

/// Counts requests of one source.
pub(super) struct StoreMeter<'a> {
    pipeline: &'a Pipeline,
    /// Name of the source, or `SOURCE:BUCKET`.
    source: String,
    budget: i64,
    /// Where its day begins at midnight.
    zone: &'static str,
}

impl<'a> StoreMeter<'a> {
    /// Counts against the budget of a source.
    pub fn of(pipeline: &'a Pipeline, source: &SourceInfo) -> Self {
        Self { pipeline, source: source.name.to_owned(), budget: (source.budget)(&pipeline.config), zone: source.quota_zone }
    }
}

impl StoreMeter<'_> {
    async fn take_one(&self) -> Result<bool, StoreError> {
        let mut tx = self.pipeline.store.write_tx().await?;
        let day = QuotaDay::of(tx.now(), self.zone).key;
        let taken = crawl::take_quota(&mut tx, &self.source, &day, self.budget).await?;
        tx.commit_housekeeping().await?;
        Ok(taken)
    }

    async fn take_some(&self, most: i64) -> Result<i64, StoreError> {
        let mut tx = self.pipeline.store.write_tx().await?;
        let day = QuotaDay::of(tx.now(), self.zone).key;
        let taken = crawl::take_quota_up_to(&mut tx, &self.source, &day, self.budget, most).await?;
        tx.commit_housekeeping().await?;
        Ok(taken)
    }

    async fn give_some_back(&self, unused: i64) -> Result<(), StoreError> {
        let mut tx = self.pipeline.store.write_tx().await?;
        let day = QuotaDay::of(tx.now(), self.zone).key;
        crawl::give_quota_back(&mut tx, &self.source, &day, unused).await?;
        tx.commit_housekeeping().await
    }

    async fn reserve_one(&self, name: &str, limit: i64, within: Duration) -> Result<bool, StoreError> {
        let mut tx = self.pipeline.store.write_tx().await?;
        let since = tx.now().minus(within);
        let placed = crawl::reserve(&mut tx, &self.source, name, since, limit).await?;
        tx.commit_housekeeping().await?;
        Ok(placed)
    }
}

impl Meter for StoreMeter<'_> {
    fn take(&self) -> BoxFuture<'_, Result<bool, String>> {
        Box::pin(async { self.take_one().await.map_err(|error| error.to_string()) })
    }

    fn take_up_to(&self, most: i64) -> BoxFuture<'_, Result<i64, String>> {
        Box::pin(async move { self.take_some(most).await.map_err(|error| error.to_string()) })
    }

    fn give_back(&self, unused: i64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.give_some_back(unused).await.map_err(|error| error.to_string()) })
    }

    fn reserve<'a>(&'a self, name: &'a str, limit: i64, within: Duration) -> BoxFuture<'a, Result<bool, String>> {
        Box::pin(async move { self.reserve_one(name, limit, within).await.map_err(|error| error.to_string()) })
    }

    fn bucket<'a>(&'a self, name: &str, budget: i64) -> Box<dyn Meter + 'a> {
        Box::new(StoreMeter { pipeline: self.pipeline, source: format!("{}:{name}", self.source), budget, zone: self.zone })
    }
}
