//! `[front]`: pages for people without entry.

use std::net::SocketAddr;
use std::num::NonZeroU16;

use ets_config::Section;
use ets_front::{Config, Ways};
use ets_model::Names;

use super::{Dashboard, Speed};

/// The names of its sockets.
pub(crate) const SOCKETS: [&str; 2] = ["front", "front-v6"];
/// Where browsers look when only an address is typed.
const HTTP: NonZeroU16 = NonZeroU16::new(80).expect("not nought");

pub(super) fn declare(s: &mut Section<'_>) -> Config {
    let port = s.optional(
        "port",
        "The port of `my connection`, in plain HTTP; segments reach it once the rules have a service on the hub with it",
        HTTP,
    );
    let phone: Option<String> = s.optional(
        "duty_phone",
        "The telephone of whoever is on duty",
        "+7 7232 00-00-00".to_owned(),
    );
    let mut whom = |key, doc, example: &str| -> String {
        let whom: Option<String> = s.optional(key, doc, example.to_owned());
        whom.into_iter().chain(phone.clone()).collect::<Vec<_>>().join(", ")
    };
    let duty = Names {
        kk: whom("duty_kk", "Who that is, in Kazakh", "Желі кезекшісі"),
        ru: whom("duty_ru", "The same in Russian", "Дежурный по сети"),
        en: whom("duty_en", "The same in English", "The network’s duty officer"),
    };
    Config { port: port.map(NonZeroU16::get), duty, ..Config::default() }
}

/// With what other sections say.
pub(super) fn complete(
    config: Config,
    (dashboard, speed, gateway): (&Dashboard, Speed, &ets_gateway::Config),
    closed: &str,
) -> Config {
    Config {
        certificate_url: closed.to_owned(),
        time_zone: dashboard.pages.time_zone.clone(),
        title: dashboard.pages.title.clone(),
        owner: dashboard.pages.owner.clone(),
        ways: Ways { http: gateway.http, socks: gateway.socks, speed: speed.port },
        ..config
    }
}

/// The sockets that `netd` holds for it: at every address of the hub, in both families.
pub(super) fn held(config: &Config) -> impl Iterator<Item = (String, SocketAddr)> {
    config.port.into_iter().flat_map(|port| {
        let v4 = SocketAddr::from(([0; 4], port));
        let v6 = SocketAddr::from(([0_u16; 8], port));
        SOCKETS.map(str::to_owned).into_iter().zip([v4, v6])
    })
}
