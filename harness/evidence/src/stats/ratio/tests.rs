use super::*;
use proptest::prelude::*;

fn pair(block: u32, a: f64, b: f64) -> Pair {
    Pair {
        block,
        name: format!("block {block}"),
        a: vec![a],
        b: vec![b],
    }
}

fn pairs(values: &[(f64, f64)]) -> Vec<Pair> {
    (0..)
        .zip(values)
        .map(|(block, (a, b))| pair(block, *a, *b))
        .collect()
}

fn ratio(values: &[(f64, f64)]) -> anyhow::Result<Ratio> {
    paired_ratio(&pairs(values)).ok_or_else(|| anyhow::anyhow!("no pair"))
}

#[test]
fn a_clear_difference_has_a_larger_side_and_two_pairs_have_none() -> anyhow::Result<()> {
    let values = [(20.0, 10.0), (21.0, 10.0), (20.5, 10.0)];
    let found = ratio(&values)?;
    anyhow::ensure!(found.larger() == Side::A && found.effect() == Effect::Large);
    let two = ratio(&values[..2])?;
    anyhow::ensure!(two.larger() == Side::Undecided && two.interval.is_none());
    anyhow::ensure!(two.p_decided() == 1.0);
    Ok(())
}

#[test]
fn a_difference_within_the_margin_is_none() -> anyhow::Result<()> {
    let values: Vec<(f64, f64)> = (0..5)
        .map(|n| (10.0 + f64::from(n) / 100.0, 10.0))
        .collect();
    let found = ratio(&values)?;
    anyhow::ensure!(found.larger() == Side::Neither);
    anyhow::ensure!(found.p_equivalent() < 0.05 && found.p_outside() == 1.0);
    Ok(())
}

#[test]
fn drift_that_both_sides_share_cancels_out() -> anyhow::Result<()> {
    let values: Vec<(f64, f64)> = (1..=12)
        .map(|n| (f64::from(n) * 2.0, f64::from(n)))
        .collect();
    let found = ratio(&values)?;
    anyhow::ensure!((found.value - 2.0).abs() < 1e-9 && found.larger() == Side::A);
    Ok(())
}

#[test]
fn dropped_pairs_are_named_with_what_they_lack() -> anyhow::Result<()> {
    let mut given = pairs(&[(2.0, 1.0), (0.0, 1.0), (2.0, 1.0), (2.0, 1.0), (2.0, 1.0)]);
    given[2].b.clear();
    given[3].a.clear();
    given[4].a.clear();
    given[4].b.clear();
    let found = paired_ratio(&given).ok_or_else(|| anyhow::anyhow!("no pair"))?;
    let dropped: Vec<(&str, Missing)> = found
        .dropped
        .iter()
        .map(|each| (each.pair.as_str(), each.missing))
        .collect();
    let expected = [
        ("block 1", Missing::NotPositive),
        ("block 2", Missing::B),
        ("block 3", Missing::A),
        ("block 4", Missing::Both),
    ];
    anyhow::ensure!(dropped == expected && found.pairs == 1);
    anyhow::ensure!(paired_ratio(&given[1..]).is_none());
    Ok(())
}

#[test]
fn pairs_of_one_block_count_once() -> anyhow::Result<()> {
    let given: Vec<Pair> = (0..12)
        .map(|n| pair(n / 6, 2.0 + f64::from(n), 1.0))
        .collect();
    let found = paired_ratio(&given).ok_or_else(|| anyhow::anyhow!("no pair"))?;
    anyhow::ensure!(found.pairs == 2 && found.interval.is_none());
    Ok(())
}

#[test]
fn a_level_that_ranks_cannot_reach_is_undecided() -> anyhow::Result<()> {
    let values: Vec<(f64, f64)> = (1..=12).map(|n| (2.0 + f64::from(n), 1.0)).collect();
    let found = ratio(&values)?;
    anyhow::ensure!(found.larger_at(0.9995) == Side::A);
    anyhow::ensure!(found.interval_at(0.9999).is_none());
    anyhow::ensure!(found.larger_at(0.9999) == Side::Undecided);
    anyhow::ensure!((found.p_outside() - 2.0 / 4096.0).abs() < 1e-12);
    anyhow::ensure!(
        found.more_pairs_needed(0.9999) == Some(3),
        "{:?}",
        found.more_pairs_needed(0.9999)
    );
    Ok(())
}

#[test]
fn more_blocks_are_asked_for_as_the_spread_demands() -> anyhow::Result<()> {
    let wide = ratio(&[(1.0, 1.0), (1.3, 1.0), (1.6, 1.0)])?;
    let narrow = ratio(&[(1.15, 1.0), (1.3, 1.0), (1.45, 1.0)])?;
    let (wide, narrow) = (
        wide.more_pairs_needed(LEVEL),
        narrow.more_pairs_needed(LEVEL),
    );
    anyhow::ensure!(
        narrow.is_some_and(|n| n > 0) && narrow < wide,
        "{narrow:?} {wide:?}"
    );
    // Decided already, and never.
    anyhow::ensure!(ratio(&[(2.0, 1.0); 3])?.more_pairs_needed(LEVEL) == Some(0));
    let on_the_margin = ratio(&[(1.0, 1.0), (1.05, 1.0), (1.1025, 1.0)])?;
    anyhow::ensure!(on_the_margin.more_pairs_needed(LEVEL).is_none());
    // What lacks for an interval.
    anyhow::ensure!(ratio(&[(2.0, 1.0)])?.more_pairs_needed(LEVEL) == Some(2));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn swapping_the_sides_inverts_the_ratio(
        values in prop::collection::vec((0.1f64..1e3, 0.1f64..1e3), 1..30),
    ) {
        let swapped: Vec<(f64, f64)> = values.iter().map(|(a, b)| (*b, *a)).collect();
        let found = |values: &[(f64, f64)]| ratio(values).map_err(|_| TestCaseError::fail("none"));
        let (there, back) = (found(&values)?, found(&swapped)?);
        prop_assert!((there.value * back.value - 1.0).abs() < 1e-9);
        prop_assert!((there.superiority + back.superiority - 1.0).abs() < 1e-9);
        prop_assert!((there.p_outside() - back.p_outside()).abs() < 1e-9);
        prop_assert_eq!(there.effect(), back.effect());
    }

    #[test]
    fn the_p_values_mirror_the_decision(
        logs in prop::collection::vec(-0.1f64..0.1, 3..30),
        shift in -0.2f64..0.2,
        level in 0.5f64..0.999,
    ) {
        let values: Vec<(f64, f64)> = logs.iter().map(|log| ((log + shift).exp(), 1.0)).collect();
        let found = ratio(&values).map_err(|_| TestCaseError::fail("none"))?;
        let alpha = 1.0 - level;
        prop_assume!((found.p_outside() - alpha).abs() > 1e-9);
        prop_assume!((found.p_equivalent() - alpha).abs() > 1e-9);
        let decided = found.larger_at(level);
        prop_assert_eq!(matches!(decided, Side::A | Side::B), found.p_outside() < alpha);
        prop_assert_eq!(decided == Side::Neither, found.p_equivalent() < alpha);
        prop_assert_eq!(decided != Side::Undecided, found.p_decided() < alpha);
        if let Some(interval) = found.interval_at(level) {
            prop_assert!(interval.low <= found.value && found.value <= interval.high);
        }
    }
}
