//! The registry of a lab: a CSV file that an empty registry begins with.

use std::path::Path;

use ets_model::Parent;
use ets_registry::{Author, Registry};

use crate::config::Lab;
use crate::exit::Failure;

/// Plants the lab's segments when the registry is empty.
pub(crate) async fn plant(registry: &Registry, lab: &Lab) -> Result<(), Failure> {
    if registry.catalog().all_segments().next().is_some() {
        return Ok(());
    }
    let author = Author::new("lab");
    if let Some(path) = &lab.parents {
        for parent in parents(path)? {
            if registry.catalog().parent(&parent.id).is_none() {
                registry.create_parent(parent, &author).await.map_err(|e| Failure::internal(&e))?;
            }
        }
    }
    let Some(path) = &lab.seed else { return Ok(()) };
    let file = read(path)?;
    let preview = registry.preview_csv(&file);
    if let Some(fault) = preview.faults.first() {
        let (line, what, remedy) = (fault.line, fault.message(), fault.remedy());
        return Err(Failure::Usage(format!("{}:{line:?}: {what}; {remedy}", path.display())));
    }
    registry
        .apply_csv(&file, &preview.digest, &author)
        .await
        .map(drop)
        .map_err(|error| Failure::internal(&error))
}

fn parents(path: &Path) -> Result<Vec<Parent>, Failure> {
    serde_json::from_slice(&read(path)?)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))
}
