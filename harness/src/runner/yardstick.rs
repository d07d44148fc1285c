//! A yardstick for the machine: work of a fixed size, timed beside each trial. A shared machine is a tenth
//! slower for minutes on end, by what its neighbours do and no count of the kernel's tells; two runs can be
//! compared only at equal speed.

use std::sync::LazyLock;
use std::thread;
use std::time::Instant;

/// Multiplications in a row, each on the last one's result.
const MULTIPLICATIONS: u32 = 6_000_000;
/// Places of a walk through memory: more than the caches of one core hold.
const PLACES: usize = 1 << 22;
/// Steps of that walk, each to where the last one says.
const STEPS: u32 = 200_000;

/// How long the work takes when every processor does it at once, milliseconds: the mean of theirs.
pub(super) fn read() -> f64 {
    LazyLock::force(&WALK);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let times: Vec<f64> = thread::scope(|scope| {
        let started: Vec<_> = (0..processors).map(|_| scope.spawn(work_ms)).collect();
        let ended = started.into_iter().filter_map(|each| each.join().ok());
        ended.collect()
    });
    times.iter().sum::<f64>() / times.len() as f64
}

fn work_ms() -> f64 {
    let begun = Instant::now();
    let product = (0..MULTIPLICATIONS).fold(1_u64, |product, number| {
        product.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(number)
    });
    let place = (0..STEPS).fold(0_u32, |place, _| WALK[place as usize]);
    std::hint::black_box((product, place));
    begun.elapsed().as_secs_f64() * 1e3
}

/// From each place to the next of one cycle through all of them, far from the last one. By a stride that is
/// odd, and so meets all places of a power of two.
static WALK: LazyLock<Vec<u32>> = LazyLock::new(|| {
    const STRIDE: usize = 2_654_435_761 % PLACES;
    let next = |place: usize| ((place + STRIDE) % PLACES) as u32;
    (0..PLACES).map(next).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_meets_every_place_before_it_comes_back() {
        let mut place = WALK[0];
        let mut met = 1;
        while place != 0 {
            place = WALK[place as usize];
            met += 1;
        }
        assert_eq!(met, PLACES);
        assert!(read() > 0.0);
    }
}
