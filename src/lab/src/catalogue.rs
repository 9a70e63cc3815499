//! The services that the lab's hub begins with: what the servers behind it answer, and who may ask.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::conference;
use crate::error::{Context, Error, Result};
use crate::plan::{EXTERNAL, Plan, SERVICES};
use crate::servers::{
    DNS, DOCUMENTS, FRONT, MAIL, NAMES, PROXY_HTTP, PROXY_HTTPS, PROXY_SOCKS, PROXY_UDP, SPEED, WEB,
};

/// Writes the services and grants as the hub takes them: a JSON object. Document flow is for every
/// second segment, everything else for all of them.
pub(crate) fn write(plan: &Plan, path: &Path) -> Result<()> {
    let speed = json!({
        "id": "speed",
        "name": { "kk": "Арна жылдамдығы", "ru": "Скорость канала", "en": "Speed of the channel" },
        "place": "hub",
        "ports": [format!("tcp/{SPEED}")],
        "open_to": "everyone",
    });
    let proxies = [PROXY_HTTP, PROXY_HTTPS, PROXY_SOCKS].map(|port| format!("tcp/{port}"));
    let services = [
        service("mail", ("Пошта", "Почта", "Mail"), &[format!("tcp/{MAIL}")], true),
        service("portal", ("Портал", "Портал", "Portal"), &[format!("tcp/{WEB}")], true),
        service(
            "names",
            ("Атаулар қызметі", "Служба имён", "Names"),
            &[format!("udp/{NAMES}")],
            true,
        ),
        service("echo", ("Тексеру", "Проверка связи", "Echo"), &["icmp".to_owned()], true),
        service(
            "documents",
            ("Құжат айналымы", "Документооборот", "Document flow"),
            &[format!("tcp/{DOCUMENTS}")],
            false,
        ),
        speed,
        json!({
            "id": "front",
            "name": { "kk": "Менің қосылымым", "ru": "Моё подключение", "en": "My connection" },
            "place": "hub",
            "ports": [format!("tcp/{FRONT}")],
            "open_to": "everyone",
        }),
        json!({
            "id": "gateway",
            "name": { "kk": "Интернетке шығу", "ru": "Выход в интернет", "en": "The way out" },
            "place": "hub",
            "ports": proxies.iter().cloned().chain([format!("udp/{PROXY_UDP}")]).collect::<Vec<_>>(),
            "open_to": "everyone",
        }),
        json!({
            "id": "conference",
            "name": { "kk": "Бейнеконференция", "ru": "Видеоконференции", "en": "Video calls" },
            "place": "hub",
            "ports": conference_ports(),
            "open_to": "everyone",
        }),
        json!({
            "id": "dns",
            "name": { "kk": "Тораптың атаулар қызметі", "ru": "Имена от узла", "en": "Names from the hub" },
            "place": "hub",
            "ports": [format!("udp/{DNS}"), format!("tcp/{DNS}")],
            "open_to": "everyone",
        }),
    ];
    let granted = plan.segments.iter().filter(|segment| segment.number % 2 == 0);
    let grants: serde_json::Map<String, Value> =
        granted.map(|segment| (segment.id.clone(), json!(["documents"]))).collect();
    let limits = json!({ "connections": 20_000, "new_connections": 2_000, "packets": 200_000 });
    let rights = json!({ "services": services, "grants": grants, "limits": limits });
    let text = serde_json::to_vec_pretty(&rights).map_err(|error| Error::Bug(error.to_string()))?;
    fs::write(path, text).at("write", path)
}

/// Control and media of the conference service, which segments reach through the hub alone.
fn conference_ports() -> [String; 2] {
    let (first, last) = conference::MEDIA.into_inner();
    [format!("tcp/{}", conference::CONTROL), format!("udp/{first}-{last}")]
}

/// Writes the rules of the way out: the lab's outside network and the conference service, for
/// everybody.
pub(crate) fn write_gateway(path: &Path) -> Result<()> {
    let rules = json!({ "rules": [{
        "id": "outside",
        "name": { "kk": "Сыртқы желі", "ru": "Внешняя сеть", "en": "The outside network" },
        "to": { "addresses": [EXTERNAL.net4(), EXTERNAL.net6()] },
        "action": "allow",
    }], "relays": [{
        "id": "conference",
        "name": { "kk": "Бейнеконференция", "ru": "Видеоконференции", "en": "Video calls" },
        "ports": conference_ports(),
        "target": SERVICES.server4,
    }] });
    let text = serde_json::to_vec_pretty(&rules).map_err(|error| Error::Bug(error.to_string()))?;
    fs::write(path, text).at("write", path)
}

fn service(id: &str, (kk, ru, en): (&str, &str, &str), ports: &[String], open: bool) -> Value {
    json!({
        "id": id,
        "name": { "kk": kk, "ru": ru, "en": en },
        "addresses": [SERVICES.server4, SERVICES.server6],
        "ports": ports,
        "checks": checks(ports),
        "open_to": if open { "everyone" } else { "granted" },
    })
}

/// How the lab's hub asks a service: each second, and down after three failures.
fn checks(ports: &[String]) -> Vec<Value> {
    let of = |port: &String| {
        let (kind, more) = match port.as_str() {
            "icmp" => return None,
            port if port.starts_with("udp/") => ("dns", json!({ "name": "mail.kenzhar.example" })),
            port if port.ends_with(&format!("/{MAIL}")) => ("tcp", json!({})),
            _ => ("http", json!({ "path": "/" })),
        };
        let mut check = json!({ "kind": kind, "every_s": 1, "timeout_s": 1 });
        for (key, value) in more.as_object().into_iter().flatten() {
            check[key] = value.clone();
        }
        Some(check)
    };
    ports.iter().filter_map(of).collect()
}
