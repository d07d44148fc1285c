//! The product of partition sets: a piece for every combination of their keys.

use std::sync::Arc;

use super::{PartitionError, PartitionKeys, Partitions, Shape};

/// Separates the keys of the dimensions in a key of their product, as in Dagster.
pub(super) const SEPARATOR: char = '|';

/// One dimension of a product.
#[derive(Debug, Clone)]
pub(crate) struct Dimension {
    pub name: String,
    pub keys: PartitionKeys,
}

impl Partitions {
    /// One partition for every combination of keys of the named dimensions, the last dimension
    /// running fastest. A key joins theirs by `|` in the order of the dimensions' names, as
    /// Dagster's does: `2013-01-01|JFK` for the dimensions `date` and `origin`.
    ///
    /// # Errors
    /// A dimension without keys of its own or with a `|` in one, a name twice, or more
    /// combinations than can be counted.
    pub fn product<'a, I>(dimensions: I) -> Result<Self, PartitionError>
    where
        I: IntoIterator<Item = (&'a str, Self)>,
    {
        let mut named = Vec::new();
        for (name, partitions) in dimensions {
            named.push(dimension(name, partitions)?);
        }
        named.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = named.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(PartitionError::Duplicate(pair[0].name.clone()));
        }
        let found = named.iter().fold(1_usize, |count, dimension| {
            count.saturating_mul(dimension.keys.len())
        });
        super::fits(found)?;
        let mut keys = vec![String::new()];
        for (number, dimension) in named.iter().enumerate() {
            keys = keys
                .iter()
                .flat_map(|prefix| {
                    dimension
                        .keys
                        .iter()
                        .map(move |key| join(number, prefix, key))
                })
                .collect();
        }
        Self::of_keys(keys, Shape::Product(named.into()))
    }
}

/// The dimensions of a product with the position of each in a position of the product.
pub(super) fn split(
    dimensions: &[Dimension],
    mut position: u32,
) -> impl Iterator<Item = (&Dimension, u32)> {
    // The last one runs fastest.
    dimensions.iter().rev().map(move |dimension| {
        // A product is made only when all its combinations can be counted, and no dimension is empty.
        let count = u32::try_from(dimension.keys.len()).unwrap_or(u32::MAX);
        let at = position % count;
        position /= count;
        (dimension, at)
    })
}

fn dimension(name: &str, partitions: Partitions) -> Result<Dimension, PartitionError> {
    let wrong = |found| PartitionError::Dimension {
        dimension: name.to_owned(),
        found,
    };
    let Partitions::Keys(keys) = partitions else {
        return Err(wrong("no partitions"));
    };
    if matches!(keys.shape(), Shape::Product(_)) {
        return Err(wrong("another product"));
    }
    if let Some(key) = keys.iter().find(|key| key.contains(SEPARATOR)) {
        return Err(PartitionError::Separator {
            dimension: name.to_owned(),
            key: key.to_string(),
        });
    }
    Ok(Dimension {
        name: name.to_owned(),
        keys,
    })
}

fn join(number: usize, prefix: &str, key: &Arc<str>) -> String {
    if number == 0 {
        key.to_string()
    } else {
        format!("{prefix}{SEPARATOR}{key}")
    }
}

/// How the positions of a product hang together with those of one of its dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stride {
    /// Keys of the dimension.
    count: u32,
    /// Combinations of the dimensions after it.
    inner: u32,
}

impl Stride {
    /// That of the dimension of these keys, if the product has it.
    pub fn of(product: &PartitionKeys, keys: &PartitionKeys) -> Option<Self> {
        let Shape::Product(dimensions) = product.shape() else {
            return None;
        };
        let at = dimensions
            .iter()
            .position(|dimension| dimension.keys.is_same_set(keys))?;
        let inner: usize = dimensions[at + 1..]
            .iter()
            .map(|dimension| dimension.keys.len())
            .product();
        // A product is made only when all its combinations can be counted.
        Some(Self {
            count: u32::try_from(keys.len()).ok()?,
            inner: u32::try_from(inner).ok()?,
        })
    }

    /// The dimensions of a product that have the same keys as these, when there are several.
    pub fn alike(product: &PartitionKeys, keys: &PartitionKeys) -> Vec<String> {
        let Shape::Product(dimensions) = product.shape() else {
            return Vec::new();
        };
        let alike = dimensions
            .iter()
            .filter(|dimension| dimension.keys.is_same_set(keys));
        let names: Vec<String> = alike.map(|dimension| dimension.name.clone()).collect();
        if names.len() > 1 { names } else { Vec::new() }
    }

    /// The dimension's position in a position of the product.
    pub fn position(self, product: u32) -> u32 {
        product / self.inner % self.count
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_product_has_every_combination_by_name_of_dimension() {
        let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
        let origins = Partitions::static_keys(["EWR", "JFK", "LGA"]).unwrap();
        let both = Partitions::product([("origin", origins.clone()), ("date", days.clone())]);
        let both = both.unwrap();
        assert_eq!(both.count(), 6);
        assert_eq!(both.key(1).unwrap().as_ref(), "2013-01-01|JFK");
        assert_eq!(both.position(Some("2013-01-02|EWR")), Some(3));
        let (Partitions::Keys(both), Partitions::Keys(days), Partitions::Keys(origins)) =
            (both, days, origins)
        else {
            panic!("all are sets of keys");
        };
        let day = Stride::of(&both, &days).unwrap();
        let origin = Stride::of(&both, &origins).unwrap();
        assert_eq!(
            (0..6).map(|at| day.position(at)).collect::<Vec<_>>(),
            [0, 0, 0, 1, 1, 1]
        );
        assert_eq!(
            (0..6).map(|at| origin.position(at)).collect::<Vec<_>>(),
            [0, 1, 2, 0, 1, 2]
        );
        assert_eq!(Stride::of(&days, &both), None);
    }

    #[test]
    fn errors_name_the_dimension() {
        let days = Partitions::daily("2013-01-01", "2013-01-02").unwrap();
        let error = |dimensions: [(&str, Partitions); 2]| {
            Partitions::product(dimensions).unwrap_err().to_string()
        };
        assert_eq!(
            error([("date", days.clone()), ("x", Partitions::Unpartitioned)]),
            "dimension x: expected partition keys, found no partitions"
        );
        let odd = Partitions::static_keys(["a|b"]).unwrap();
        assert_eq!(
            error([("date", days.clone()), ("x", odd)]),
            "partition key \"a|b\" of dimension x: '|' separates the keys of a product"
        );
        assert_eq!(
            error([("date", days.clone()), ("date", days)]),
            "partition key \"date\" occurs twice"
        );
    }
}
