//! Names that lead outside when they are asked for and inwards a second later (DNS rebinding), by a
//! foreign server.

use std::time::Duration;

use serde_json::{Value, json};

use super::{SOON, status};
use crate::support::{Lab, Options, Running, inside_of, said, text, wait_for, web_server};

/// Where the foreign server listens; what the hub asks at port 53 is led there.
const PORT: u16 = 5300;
/// Longer than the names are good for.
const OFTEN: Duration = Duration::from_millis(300);
/// The resolver takes such addresses out of what it hears: the name has none.
const NOWHERE: &str = "502 000";
const SERVED: &str = "200 200";

/// The server outside of all names, in the place of the lab's own.
struct Names<'a> {
    lab: &'a Lab,
    outside: &'a Value,
    running: Option<Running>,
}

impl<'a> Names<'a> {
    fn over(lab: &'a Lab, outside: &'a Value) -> Self {
        let names = Self { lab, outside, running: None };
        let to = format!("redirect to :{PORT}");
        for words in [
            "add table ip turn",
            "add chain ip turn in { type nat hook prerouting priority -100; }",
            &format!("add rule ip turn in udp dport 53 {to}"),
            &format!("add rule ip turn in tcp dport 53 {to}"),
        ] {
            let (ended, told) = said(inside_of(outside, &["nft", words]));
            assert_eq!(ended, Some(0), "{words}: {told}");
        }
        names
    }

    /// From now on the name has these addresses, for a second.
    fn turn(&mut self, name: &str, addresses: &[&str]) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
        let mut conf = format!(
            "server:\n interface: 0.0.0.0@{PORT}\n access-control: 0.0.0.0/0 allow\n \
             chroot: \"\"\n username: \"\"\n pidfile: \"\"\n module-config: \"iterator\"\n \
             use-syslog: no\n logfile: \"/dev/null\"\n local-zone: \"{name}.\" static\n"
        );
        for address in addresses {
            conf += &format!(" local-data: \"{name}. 1 IN A {address}\"\n");
        }
        let path = self.lab.path().join("turn.conf");
        std::fs::write(&path, conf).expect("it can be written");
        let words = ["unbound", "-d", "-c", path.to_str().expect("UTF-8")];
        self.running = Some(Running::start(inside_of(self.outside, &words)));
    }
}

/// covers: G6 (DNS rebinding): what a name says of inner addresses is believed neither by the gateway nor
/// by whom it answers, with rules that let everything
#[test]
fn a_name_that_turns_inwards_leads_nowhere() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (place, far) = (&json["segments"][0], &json["segments"][1]);
    let (outside, inner) = (text(&json["external"]["address"]), text(&far["address"]));
    let _inner = web_server(far, 80, lab.path());
    let everything = json!({ "id": "all", "name": { "en": "All" }, "action": "allow",
        "ports": ["tcp/1-65535"] });
    let mut rules = lab.gateway(&["rules"]);
    rules["rules"] = json!([everything]);
    lab.apply(&rules);

    let mut names = Names::over(&lab, &json["external"]);
    let (hub, http) = lab.proxy("http");
    let proxy = format!("http://{hub}:{http}");
    let asked = || status(place, &["-p", "-x", &proxy], "turns.example:80");
    let until = |wanted: &str| {
        wait_for(wanted, SOON, OFTEN, || (asked() == wanted).then_some(()));
    };
    names.turn("turns.example", &[outside]);
    until(SERVED);
    for inwards in [inner, &hub, "169.254.169.254", "127.0.0.1"] {
        names.turn("turns.example", &[inwards]);
        until(NOWHERE);
        let dig = format!("@{hub}");
        let words = ["dig", "+short", "+tries=1", &dig, "turns.example"];
        let (_, told) = said(inside_of(place, &words));
        assert!(!told.contains(inwards), "{told}");
    }
    // With both, the one outside is what is connected to, each time.
    names.turn("turns.example", &[inner, outside]);
    until(SERVED);
    for _ in 0..10 {
        assert_eq!(asked(), SERVED);
        std::thread::sleep(OFTEN);
    }
}
