//! What was made, of what, and what of it holds: newest pieces, staleness and lineage.

use std::collections::BTreeMap;

use asset_engine::{AssetGraph, Lineage, Plan, Selection, StaleReason, staleness};
use orchbench_assets::{GraphOptions, definitions, step_making};
use orchbench_etl::{SourceCatalogue, StepName};

use super::{Asked, asset_of, input, is_data, materialized, name, named};
use orchbench_evidence::experiment::observability::Fact;

/// How far a lineage is followed: further than the pipeline goes.
const ALL_LAYERS: u32 = 100;

impl Asked<'_> {
    pub(super) fn newest_versions(&self) -> anyhow::Result<Vec<String>> {
        let mut facts = Vec::new();
        for source in self.subject.sources() {
            let marts = asset_of(&self.graph(source)?, StepName::Publish)?;
            let newest = self.catalog.latest(&marts, None)?;
            facts.extend(newest.map(|made| format!("{source} {}", made.data_version)));
        }
        Ok(facts)
    }

    pub(super) fn made_from(&self) -> anyhow::Result<Vec<String>> {
        let marts = self.asset(StepName::Publish)?;
        let Some(made) = self.catalog.latest(&marts, None)? else {
            return Ok(Vec::new());
        };
        let inputs = made.inputs.iter().filter_map(input);
        let inputs = inputs.map(|(parent, version)| format!("{parent} {version}"));
        Ok(std::iter::once(format!("run {}", made.run))
            .chain(inputs)
            .collect())
    }

    pub(super) fn parent_versions(&self) -> anyhow::Result<Vec<String>> {
        let joined = self.asset(StepName::Transform)?;
        let mut facts = Vec::new();
        for made in self.catalog.latest_of(&joined)? {
            let inputs = made.inputs.iter().filter_map(input);
            facts.extend(
                inputs.map(|(parent, version)| format!("{} from {parent} {version}", name(&made))),
            );
        }
        Ok(facts)
    }

    pub(super) fn made_when(&self) -> anyhow::Result<Vec<Fact>> {
        let loaded = self.asset(StepName::Load)?;
        let events = self.events()?;
        let made = events.iter().filter_map(|record| {
            let made = materialized(record).filter(|made| made.asset == loaded)?;
            Some(Fact {
                what: name(made),
                at_ns: Some(record.t_ns),
            })
        });
        Ok(made.collect())
    }

    /// The assets with the step's code changed.
    fn changed(&self) -> anyhow::Result<AssetGraph> {
        let sources = SourceCatalogue::embedded()?;
        let options = GraphOptions {
            code_versions: BTreeMap::from([(self.subject.changed, "changed".to_owned())]),
            ..GraphOptions::default()
        };
        Ok(definitions(sources.get(&self.subject.source)?, &options)?)
    }

    pub(super) fn stale(&self) -> anyhow::Result<Vec<String>> {
        let graph = self.changed()?;
        let plan = Plan::new(&graph, &Selection::all())?;
        let stale = staleness(&graph, &self.catalog, &plan)?.into_iter();
        let told = stale.map(|step| {
            let why = match step.reason {
                StaleReason::CodeVersion { .. } => "code".to_owned(),
                other => other.to_string(),
            };
            format!("{}: {why}", named(&step.asset, step.partition.as_deref()))
        });
        Ok(told.collect())
    }

    /// What is stale, and all that is made of it; a judgement is no data.
    pub(super) fn refresh(&self) -> anyhow::Result<Vec<String>> {
        let graph = self.changed()?;
        let plan = Plan::new(&graph, &Selection::all())?;
        let stale = staleness(&graph, &self.catalog, &plan)?;
        if stale.is_empty() {
            return Ok(Vec::new());
        }
        let mut down: Vec<String> = stale
            .iter()
            .map(|step| format!("{}*", step.asset))
            .collect();
        down.dedup();
        let days = stale.iter().filter_map(|step| step.partition.clone());
        let down = Selection::parse(&down.join(", "))?.with_partitions(days);
        let plan = Plan::new(&graph, &down)?;
        let pieces = plan.iter(&graph);
        let data = pieces.filter(|(asset, _)| step_making(asset.as_str()) != Some(StepName::Check));
        Ok(data
            .map(|(asset, day)| named(asset, day.map(AsRef::as_ref)))
            .collect())
    }

    fn lineage_of(&self, step: StepName, up: u32, down: u32) -> anyhow::Result<Lineage> {
        let graph = self.graph(&self.subject.source)?;
        let (asset, day) = (asset_of(&graph, step)?, self.subject.day.to_string());
        let piece = (&asset, Some(day.as_str()));
        Ok(Lineage::of_piece(&graph, &self.catalog, piece, up, down)?)
    }

    pub(super) fn lineage(&self) -> anyhow::Result<Vec<String>> {
        let mut facts = Vec::new();
        for (side, up, down) in [("upstream", 1, 0), ("downstream", 0, ALL_LAYERS)] {
            let lineage = self.lineage_of(StepName::Transform, up, down)?;
            let nodes = lineage.nodes.iter().filter(|node| !node.focus);
            let data = nodes.filter(|node| is_data(&node.asset));
            facts.extend(
                data.map(|node| {
                    format!("{side} {}", named(&node.asset, node.partition.as_deref()))
                }),
            );
        }
        Ok(facts)
    }

    pub(super) fn unpublished(&self) -> anyhow::Result<Vec<String>> {
        let mut facts = Vec::new();
        for source in self.subject.sources() {
            let graph = self.graph(source)?;
            let marts = self
                .catalog
                .latest(&asset_of(&graph, StepName::Publish)?, None)?;
            let loaded = self.catalog.latest_of(&asset_of(&graph, StepName::Load)?)?;
            // user code: unpublished
            let read = marts.map(|marts| marts.inputs.clone()).unwrap_or_default();
            let open = loaded
                .iter()
                .filter(|load| !read.contains(&load.as_input()));
            facts.extend(open.map(|load| format!("{source} {}", name(load))));
            // end of user code
        }
        Ok(facts)
    }

    pub(super) fn bad_partition(&self) -> anyhow::Result<Vec<String>> {
        let lineage = self.lineage_of(StepName::ExtractFlights, 0, ALL_LAYERS)?;
        let loads = lineage
            .nodes
            .iter()
            .filter(|node| step_making(node.asset.as_str()) == Some(StepName::Load));
        let told = loads.filter_map(|node| {
            let version = node.data_version.as_ref()?;
            Some(format!(
                "{} {version}",
                named(&node.asset, node.partition.as_deref())
            ))
        });
        Ok(told.collect())
    }
}
