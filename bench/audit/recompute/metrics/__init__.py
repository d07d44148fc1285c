"""Metrics of trials, one module an experiment."""

from . import (
    change,
    cost,
    dbt,
    deploy,
    effort,
    limits,
    microservices,
    observability,
    overhead,
    rehearsal,
    repetition,
    restart_survival,
    retries,
    saga,
    throughput,
    timers,
    waiting,
)

EXPERIMENTS = {
    "change": change,
    "dbt": dbt,
    "deploy": deploy,
    "effort": effort,
    "limits": limits,
    "microservices": microservices,
    "observability": observability,
    "overhead": overhead,
    "rehearsal": rehearsal,
    "restart-survival": restart_survival,
    "retries": retries,
    "saga": saga,
    "throughput": throughput,
    "timers": timers,
    "waiting": waiting,
}


def samples(trial):
    """Everything that a completed trial measured: (metric, value, labels)."""
    experiment = EXPERIMENTS.get(trial.plan["experiment"])
    observed = trial.samples()
    return cost.derive(experiment.derive(trial, observed) if experiment else observed)
