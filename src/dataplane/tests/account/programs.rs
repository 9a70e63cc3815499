use crate::bed::Bed;
use ets_dataplane::account::trial::{Merged, Trial};
use ets_dataplane::account::*;
use ets_model::SegmentNo;
use ets_netd_api::*;

/// covers: N5.1
#[test]
fn the_verifier_accepts_the_programs() {
    let Some(bed) = Bed::with_accounting(100) else { return };
    let mut m = Meters::open(bed.pins()).unwrap();
    m.configure(
        &[(SegmentNo(7), vec!["10.10.7.0/24".parse().unwrap()])],
        &[],
        &[("10.1.0.0/24".parse().unwrap(), Class::Outside)],
    )
    .unwrap();
    let t = Trial::open(bed.pins(), Direction::Up).unwrap();
    let mut f = vec![0u8; 14];
    f[12] = 8;
    let mut ip = vec![
        0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 10, 7, 1, 10, 1, 0, 10, 0, 1, 0, 80, 0, 8, 0,
        0,
    ];
    f.append(&mut ip);
    println!("{:?}", t.run(&f, Merged::default(), 1));
    println!("{:?}", t.run(&f, Merged::default(), 1_000_000));
    let mut out = vec![];
    m.read(&mut out);
    println!("{out:?}");
}
