"""B54 and B69: a run of another configuration than its assets take, and what steps work with."""

from dagster import (
    Config,
    ConfigurableResource,
    DagsterInvalidConfigError,
    asset,
    materialize,
)

from home import home, leave, steps


class Wanted(Config):
    rows: int


def other_type() -> dict:
    """B54. A number that is a word, one that is missing, and one that is right."""

    @asset
    def made(config: Wanted):
        leave(f"made_{config.rows}")

    with home() as instance:

        def run(config: dict) -> str:
            try:
                run_config = {"ops": {"made": {"config": config}}}
                result = materialize([made], instance=instance, run_config=run_config)
            except DagsterInvalidConfigError:
                return "refused"
            return result.dagster_run.status.value.lower()

        return {
            "a_word": run({"rows": "many"}),
            "missing": run({}),
            "right": run({"rows": 3}),
            "executed": steps(),
            "runs": len(instance.get_runs()),
        }


def handed_in() -> dict:
    """B69. What a step works with is handed in by whoever defines the assets; in a test, something else."""

    class Shop(ConfigurableResource):
        name: str

    @asset
    def orders(shop: Shop):
        leave(f"orders_of_{shop.name}")

    with home() as instance:
        for shop in (Shop(name="live"), Shop(name="double")):
            materialize([orders], instance=instance, resources={"shop": shop})
        return {"executed": steps()}
