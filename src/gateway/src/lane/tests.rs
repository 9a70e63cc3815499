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
