//! One statement, two databases.

use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::{Db, Store, WriteTx};

/// Where a statement runs: a pool (reading) or a transaction. Functions that only read take `impl Into<Ex<'_>>`,
/// so that `&store` and `&mut tx` both fit.
#[derive(Debug)]
pub enum Ex<'a> {
    #[doc(hidden)]
    LitePool(&'a SqlitePool),
    #[doc(hidden)]
    PgPool(&'a PgPool),
    #[doc(hidden)]
    Lite(&'a mut SqliteConnection),
    #[doc(hidden)]
    Pg(&'a mut PgConnection),
}

impl Ex<'_> {
    /// True where the statement runs on PostgreSQL.
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self, Self::PgPool(_) | Self::Pg(_))
    }
}

#[derive(Debug)]
pub(super) enum TxInner {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

impl<'a> From<&'a Store> for Ex<'a> {
    fn from(store: &'a Store) -> Self {
        match &store.db {
            Db::Lite(pool) => Ex::LitePool(pool),
            Db::Pg(pool) => Ex::PgPool(pool),
        }
    }
}

impl<'a> From<&'a mut WriteTx> for Ex<'a> {
    fn from(tx: &'a mut WriteTx) -> Self {
        match &mut tx.inner {
            TxInner::Lite(tx) => Ex::Lite(&mut *tx),
            TxInner::Pg(tx) => Ex::Pg(&mut *tx),
        }
    }
}

/// Runs one statement wherever `$on` leads; errors of the schema become refusals.
macro_rules! run {
    ($on:expr, $ex:ident => $body:expr) => {
        match Into::<$crate::store::Ex<'_>>::into($on) {
            $crate::store::Ex::LitePool($ex) => $body.await,
            $crate::store::Ex::PgPool($ex) => $body.await,
            $crate::store::Ex::Lite($ex) => $body.await,
            $crate::store::Ex::Pg($ex) => $body.await,
        }
        .map_err($crate::store::StoreError::classify)
    };
}

/// Runs one statement that returns no rows; the value is the number of rows it changed.
macro_rules! exec {
    ($on:expr, $ex:ident => $body:expr) => {
        match Into::<$crate::store::Ex<'_>>::into($on) {
            $crate::store::Ex::LitePool($ex) => $body.await.map(|done| done.rows_affected()),
            $crate::store::Ex::PgPool($ex) => $body.await.map(|done| done.rows_affected()),
            $crate::store::Ex::Lite($ex) => $body.await.map(|done| done.rows_affected()),
            $crate::store::Ex::Pg($ex) => $body.await.map(|done| done.rows_affected()),
        }
        .map_err($crate::store::StoreError::classify)
    };
}

/// As `run!`, with `$Db` naming the database for `QueryBuilder`.
macro_rules! run_as {
    ($tx:expr, $ex:ident : $Db:ident => $body:expr) => {
        match Into::<$crate::store::Ex<'_>>::into($tx) {
            $crate::store::Ex::Lite($ex) => {
                type $Db = sqlx::Sqlite;
                $body.await
            }
            $crate::store::Ex::Pg($ex) => {
                type $Db = sqlx::Postgres;
                $body.await
            }
            $crate::store::Ex::LitePool($ex) => {
                type $Db = sqlx::Sqlite;
                $body.await
            }
            $crate::store::Ex::PgPool($ex) => {
                type $Db = sqlx::Postgres;
                $body.await
            }
        }
        .map_err($crate::store::StoreError::classify)
    };
}
