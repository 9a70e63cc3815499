//! Machines that get certificates by themselves in a running star: an institution's server by ACME,
//! with its file in the segment, and a segment's router by EST (T1.2, T-5).

use serde_json::Value;

use crate::support::{Lab, Options, text, tool, web_server};

/// Whether openssl takes a certificate for one of the hub's authority.
#[track_caller]
fn must_verify(json: &Value, certificate: &str) {
    let (root, issuing) = (text(&json["ca_cert"]), text(&json["issuer_cert"]));
    tool("openssl", &["verify", "-CAfile", root, "-untrusted", issuing, certificate]);
}

/// covers: T1.2, T-5 (uacme in the lab)
#[test]
fn a_server_in_a_segment_gets_its_certificate_by_acme_and_a_neighbour_does_not() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (own, other) = (&json["segments"][0], &json["segments"][1]);
    let files = tempfile::tempdir().expect("a folder can be made");
    let proofs = files.path().join(".well-known/acme-challenge");
    std::fs::create_dir_all(&proofs).expect("a folder can be made");
    let _web = web_server(own, 80, files.path());
    let address = text(&own["address"]);
    let order = ["acme-key", "--institution", "Әкімдік", "--name", address];
    let key = lab.hub("ca", &order, &Value::Null);
    let hook = files.path().join("hook");
    let script = format!(
        "#!/bin/sh\ncase \"$1 $2\" in 'begin http-01') printf %s \"$5\" >{}/\"$4\";;\n\
         begin*) exit 1;; esac\n",
        proofs.display()
    );
    std::fs::write(&hook, script).expect("the hook can be written");
    tool("chmod", &["755", hook.to_str().expect("a path of the test's")]);
    let uacme = |words: &str| {
        // It knows no authorities but the system's, so it is given a system of its own.
        let script = format!(
            "mount --bind '{}' /etc/ssl/certs/ca-certificates.crt && cd '{}' && \
             exec uacme -a '{}/acme/directory' -c u -h ./hook -y -t EC {words}",
            text(&json["ca_cert"]),
            files.path().display(),
            text(&json["dashboard_url"]).trim_end_matches('/'),
        );
        let mut command = crate::support::program("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
        command.output().expect("uacme starts")
    };
    let bind = format!("-e '{}:{}' new it@akimat.example", text(&key["kid"]), text(&key["hmac"]));
    let said = uacme(&bind);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = uacme(&format!("issue {address}"));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let certificate = files.path().join(format!("u/{address}/cert.pem"));
    must_verify(&json, certificate.to_str().expect("a path of the test's"));
    let refused = uacme(&format!("issue {}", text(&other["address"])));
    assert!(!refused.status.success(), "the neighbour's address is not this institution's");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("rejectedIdentifier"));
    println!("uacme: issued for {address}, refused for its neighbour");
}

/// covers: T1.2, T1.3, T-5 (curl and openssl in the lab)
#[test]
fn a_router_gets_its_certificate_with_a_secret_once_and_is_nobody_with_it() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let dir = tempfile::tempdir().expect("a folder can be made");
    let at = |name: &str| format!("{}/{name}", dir.path().display());
    let secret = lab.hub("ca", &["est-secret", "--name", "router-1"], &Value::Null);
    let user = format!("router-1:{}", text(&secret["secret"]));
    let ask = |name: &str, path: &str, who: &[&str]| {
        let (key, csr, body) = (at(&format!("{name}.key")), at("csr"), at("b64"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let made = ["req", "-new", "-subj", "/CN=router-1", "-keyout", &key, "-out", &csr];
        tool("openssl", &[&made[..], &["-outform", "DER"], &curve].concat());
        tool("openssl", &["base64", "-in", &csr, "-out", &body]);
        let url = text(&json["dashboard_url"]).trim_end_matches('/');
        let (out, sent) = (at("out"), format!("@{body}"));
        let base = ["-sS", "--max-time", "20", "--cacert", text(&json["ca_cert"]), "-o", &out];
        let post = ["-w", "%{http_code}", "-H", "content-type: application/pkcs10"];
        let url = format!("{url}/.well-known/est/{path}");
        let more = ["--data-binary", &sent, &url];
        tool("curl", &[&base[..], &post, &more, who].concat())
    };
    let unpack = |name: &str| {
        let pem = at(&format!("{name}.pem"));
        tool("openssl", &["base64", "-d", "-A", "-in", &at("out"), "-out", &at("p7")]);
        let print = ["pkcs7", "-inform", "DER", "-in", &at("p7"), "-print_certs", "-out", &pem];
        tool("openssl", &print);
        must_verify(&json, &pem);
    };
    assert_eq!(ask("first", "simpleenroll", &["-u", &user]), "200");
    unpack("first");
    assert_eq!(ask("again", "simpleenroll", &["-u", &user]), "401");
    let shown = ["--cert", &at("first.pem"), "--key", &at("first.key")];
    // That it renews in the second half of its life is told in the room itself.
    assert_eq!(ask("second", "simplereenroll", &shown), "403");
    let told = std::fs::read_to_string(at("out")).expect("the answer is there");
    assert!(told.contains("can be renewed from"), "{told}");
    // A machine is nobody at the doors of people.
    for (door, status) in [("portal_url", "403"), ("dashboard_url", "401")] {
        let url = format!("{}/me", text(&json[door]).trim_end_matches('/'));
        let base = ["-sS", "--max-time", "20", "--cacert", text(&json["ca_cert"]), "-o"];
        let more = ["/dev/null", "-w", "%{http_code}", &url];
        assert_eq!(tool("curl", &[&base[..], &more, &shown].concat()), status, "{door}");
    }
    println!("curl and openssl: enrolled once, renewed when it is time, nobody elsewhere");
}
