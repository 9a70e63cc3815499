use super::*;

fn lane() -> Arc<Lane> {
    Lanes::default().of(SegmentNo(1)).0
}

/// Bytes that `tunnels` move in a time, each as fast as it may.
async fn moved(lane: &Arc<Lane>, side: Side, tunnels: usize, time: Duration) -> Vec<u64> {
    let until = Instant::now() + time;
    let all = (0..tunnels).map(|_| {
        let lane = Arc::clone(lane);
        tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(bytes) = tokio::time::timeout_at(until, lane.take(side, 256 << 10)).await {
                // What is moved takes a little, as on a wire.
                sleep(Duration::from_micros(100)).await;
                sum += bytes as u64;
            }
            sum
        })
    });
    let all: Vec<_> = all.collect();
    let mut sums = Vec::new();
    for one in all {
        sums.push(one.await.unwrap());
    }
    sums
}

/// covers: N6.1: within 5 % over two seconds beside the burst, each way by itself, fair among tunnels
#[tokio::test(flavor = "multi_thread")]
async fn a_bandwidth_is_held_and_shared() {
    let cases = [(8_000_000, 1), (8_000_000, 10), (400_000_000, 3), (800_000, 5)];
    let all = cases.map(|(bits, tunnels)| tokio::spawn(is_held(bits, tunnels)));
    for one in all {
        one.await.unwrap();
    }
}

async fn is_held(bits: u64, tunnels: usize) {
    const TIME: Duration = Duration::from_secs(2);
    let (lane, rate) = (lane(), bits / 8);
    lane.set(None, Some(bits));
    let (down, up) =
        tokio::join!(moved(&lane, Side::Down, tunnels, TIME), moved(&lane, Side::Up, 1, TIME));
    let (all, burst) = (down.iter().sum::<u64>(), (rate / 10).max(64 << 10));
    // Never more; less where the machine has no time for us, or turns are not over yet.
    let most = (2 * rate + burst) * 105 / 100;
    let least = 2 * rate * 85 / 100 - tunnels as u64 * rate / 50;
    assert!((least..=most).contains(&all), "{bits} bit/s: {all} of {least} to {most}");
    assert!((least..=most).contains(&up[0]), "the other way has its own: {up:?}");
    let (low, high) = (down.iter().min().unwrap(), down.iter().max().unwrap());
    assert!(*low * 2 >= *high, "each has its share: {down:?}");
}

/// covers: N6.1: a change reaches who waits already
#[tokio::test]
async fn another_limit_holds_at_once() {
    let lane = lane();
    assert_eq!(lane.take(Side::Up, 1 << 20).await, 1 << 20, "without a limit nobody waits");
    lane.set(None, Some(8_000));
    let slow = tokio::spawn({
        let lane = Arc::clone(&lane);
        async move {
            let mut times = 0;
            while lane.take(Side::Down, 1 << 20).await < 1 << 20 {
                times += 1;
            }
            times
        }
    });
    sleep(Duration::from_millis(200)).await;
    assert!(!slow.is_finished(), "a kilobyte a second");
    lane.set(None, None);
    let times = tokio::time::timeout(Duration::from_secs(1), slow).await.unwrap().unwrap();
    assert!(times < 100, "{times} turns of 1500 bytes");

    // A volume: leave ends with it, and comes with more of it.
    lane.set(Some(10_000), None);
    assert_eq!(lane.take(Side::Up, 7_000).await, 7_000);
    assert_eq!(lane.take(Side::Down, 7_000).await, 3_000, "both ways together");
    let waits = tokio::spawn({
        let lane = Arc::clone(&lane);
        async move { lane.take(Side::Down, 7_000).await }
    });
    tokio::task::yield_now().await;
    assert!(!waits.is_finished());
    lane.set(Some(0), None);
    sleep(Duration::from_millis(50)).await;
    assert!(!waits.is_finished(), "nothing of nothing");
    lane.set(Some(5), None);
    assert_eq!(waits.await.unwrap(), 5);
    lane.give_back(Side::Down, 2);
    assert_eq!(lane.take(Side::Up, 100).await, 2, "what was not used is there again");
}

/// covers: N6.1: datagrams hold the rate by themselves and with tunnels beside them, and pass before
/// those; a volume ends them too
#[tokio::test(flavor = "multi_thread")]
async fn datagrams_pass_at_once_or_not_at_all_and_hold_the_rate_with_the_tunnels() {
    const TIME: Duration = Duration::from_secs(2);
    const SIZE: usize = 1_200;
    let (lane, bits) = (lane(), 8_000_000);
    assert!((0..10_000).all(|_| lane.take_now(Side::Up, SIZE)), "without a limit all of them");
    lane.set(None, Some(bits));
    let beside = moved(&lane, Side::Down, 3, TIME);
    // Half of the rate is offered below; twice of it above.
    let half = offered(&lane, Side::Down, SIZE, Duration::from_micros(2_400), TIME);
    let twice = offered(&lane, Side::Up, SIZE, Duration::from_micros(600), TIME);
    let (tunnels, half, twice) = tokio::join!(beside, half, twice);
    let (rate, tunnels) = (bits / 8, tunnels.iter().sum::<u64>());
    assert!(half.0 * 100 >= half.1 * 95, "a call beside downloads: {half:?}");
    let all = tunnels + half.0;
    let most = (2 * rate + 2 * (rate / 10)) * 105 / 100;
    assert!((2 * rate * 80 / 100..=most).contains(&all), "both together: {all}");
    assert!((2 * rate * 80 / 100..=most).contains(&twice.0), "datagrams alone: {twice:?}");

    lane.set(Some(1_000), None);
    assert!(lane.take_now(Side::Up, SIZE), "the last one of a volume");
    assert!(!lane.take_now(Side::Down, 1), "nothing of nothing");
}

/// Bytes of datagrams that passed, of those that were offered.
async fn offered(
    lane: &Lane,
    side: Side,
    size: usize,
    every: Duration,
    time: Duration,
) -> (u64, u64) {
    let mut due = tokio::time::interval(every);
    let (until, mut passed) = (Instant::now() + time, (0, 0));
    while Instant::now() < until {
        due.tick().await;
        passed.1 += size as u64;
        if lane.take_now(side, size) {
            passed.0 += size as u64;
        }
    }
    passed
}
