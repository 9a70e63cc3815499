//! From a target to a running store: lock, look, check, migrate, start the writer.

use std::fs::File;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::connect::{self, Options};
use crate::driver::{Connection, Lent};
use crate::fault::Place;
use crate::reserve::Reserve;
use crate::state::State;
use crate::store::Inner;
use crate::writer::Writer;
use crate::{Durability, Error, Migration, Release, Target, migrate};

/// So many pieces of work may wait before who brings more has to wait, too.
const QUEUE: usize = 1_024;

pub(crate) async fn open(
    target: &Target,
    migrations: &[Migration],
    release: Release,
) -> Result<Inner, Error> {
    let (options, place) = connect::options(target)?;
    let lock = own(target)?;
    look(&options, release, &place).await?;
    let mut connection = options.writer(&place).await?;
    let state = Arc::new(State::new(target.engine()));
    prepare(&mut connection, target, &options, &place, &state).await?;
    migrate::migrate(&mut connection.lend(), migrations, release, &place).await?;
    let reserve = reserve(target, &place);
    state.set_reserve(reserve.state());
    let (sender, orders) = mpsc::channel(QUEUE);
    let writer = Writer {
        options: options.clone(),
        place: place.clone(),
        connection: Some(connection),
        reserve,
        state: Arc::clone(&state),
        orders,
        lock: lock.clone(),
    };
    let readers = options.readers();
    let task = tokio::spawn(writer.run());
    Ok(Inner::new(place, readers, sender, task, state, lock))
}

/// Whether `open` would refuse what is there as foreign or too new; nothing is touched.
pub(crate) async fn check(target: &Target, release: Release) -> Result<(), Error> {
    let (options, place) = connect::options(target)?;
    if place.file.as_ref().is_some_and(|file| !file.exists()) {
        return Ok(());
    }
    look(&options, release, &place).await
}

fn own(target: &Target) -> Result<Option<Arc<File>>, Error> {
    match target {
        Target::Sqlite { path, .. } => Ok(Some(Arc::new(connect::own_file(path)?))),
        Target::Postgres { .. } => Ok(None),
    }
}

/// Refuses a foreign or too new database before anything in it is touched.
async fn look(options: &Options, release: Release, place: &Place) -> Result<(), Error> {
    let mut looker = options.looker(place).await?;
    let may = migrate::may_read(&mut looker.lend(), release, place).await;
    looker.close().await;
    may
}

/// The check of the file: at once where it is small and everything depends on it, else beside the
/// running work.
async fn prepare(
    connection: &mut Connection,
    target: &Target,
    options: &Options,
    place: &Place,
    state: &Arc<State>,
) -> Result<(), Error> {
    match target {
        Target::Postgres { .. } => {
            connect::make_schema(&mut connection.lend(), options, place).await?;
            state.set_damage(String::new());
        }
        Target::Sqlite { durability: Durability::Full, .. } => {
            let found = quick_check(&mut connection.lend(), place).await?;
            if !found.is_empty() {
                return Err(place.corrupt(found));
            }
            state.set_damage(found);
        }
        Target::Sqlite { .. } => {
            tokio::spawn(check_beside(options.clone(), place.clone(), Arc::clone(state)));
        }
    }
    Ok(())
}

async fn check_beside(options: Options, place: Place, state: Arc<State>) {
    let found = match options.checker(&place).await {
        Ok(mut connection) => {
            let found = quick_check(&mut connection.lend(), &place).await;
            connection.close().await;
            found.unwrap_or_else(|error| error.to_string())
        }
        Err(error) => error.to_string(),
    };
    if !found.is_empty() {
        tracing::error!(place = place.name, found, "the check of the file found damage");
    }
    state.set_damage(found);
}

/// What the check found first; empty when the file is sound.
async fn quick_check(connection: &mut Lent<'_>, place: &Place) -> Result<String, Error> {
    let rows = connection.query("PRAGMA quick_check(1)", &[], place).await?;
    let found = rows.first().ok_or(Error::NoRow)?.text("quick_check")?;
    Ok(if found == "ok" { String::new() } else { found.to_owned() })
}

fn reserve(target: &Target, place: &Place) -> Reserve {
    match target {
        Target::Sqlite { path, reserve, .. } => {
            let mut kept = Reserve::new(path, *reserve, place);
            kept.restore(place);
            kept
        }
        Target::Postgres { .. } => Reserve::new("".as_ref(), 0, place),
    }
}
