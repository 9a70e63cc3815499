//! The rights that an empty hub begins with: a file of the lab.

use ets_model::Service;

use crate::{Error, Rights};

/// Reads rights from JSON: an object like [`Rights`], or a list of services alone. Services
/// without a number get the next one.
///
/// # Errors
/// [`Error::Seed`] when it cannot be understood; unknown keys are refused.
pub fn read_seed(file: &[u8]) -> Result<Rights, Error> {
    let seed = |error: serde_json::Error| Error::Seed(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(file).map_err(seed)?;
    let mut rights = if value.is_array() {
        let services: Vec<Service> = serde_json::from_value(value).map_err(seed)?;
        Rights { services, ..Rights::default() }
    } else {
        known_keys(&value)?;
        serde_json::from_value(value).map_err(seed)?
    };
    number(&mut rights);
    Ok(rights)
}

fn known_keys(value: &serde_json::Value) -> Result<(), Error> {
    const KEYS: [&str; 5] = ["services", "grants", "limits", "own_limits", "shaped"];
    let keys = value.as_object().into_iter().flat_map(|object| object.keys());
    match keys.into_iter().find(|key| !KEYS.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let known = KEYS.join(", ");
            Err(Error::Seed(format!("{key} is not known: use {known}")))
        }
    }
}

fn number(rights: &mut Rights) {
    let mut last = rights.services.iter().map(|one| one.no.0).max().unwrap_or(0);
    for service in rights.services.iter_mut().filter(|one| one.no.0 == 0) {
        last += 1;
        service.no.0 = last;
    }
    rights.services.iter_mut().for_each(|one| one.version = one.version.max(1));
    rights.services.sort_by_key(|one| one.no);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_rights_or_a_list_of_services_and_nothing_else() {
        let service = r#"{"id":"mail","name":{"ru":"Почта"},"addresses":["10.1.0.10"],
            "ports":["tcp/25"]}"#;
        let list = read_seed(format!("[{service}]").as_bytes()).unwrap();
        assert_eq!((list.services[0].no.0, list.services[0].version), (1, 1));
        let whole = format!(r#"{{"services":[{service}],"grants":{{"s001":["mail"]}}}}"#);
        let rights = read_seed(whole.as_bytes()).unwrap();
        assert_eq!(rights.services, list.services);
        assert!(rights.has_grant(&"s001".parse().unwrap(), &"mail".parse().unwrap()));
        assert!(read_seed(br#"{"grant":{}}"#).unwrap_err().to_string().contains("grant is not"));
        assert!(read_seed(b"nonsense").is_err());
    }
}
