"""Code locations that the daemon's loops load by the path of this file and a name in it."""

from dagster import (
    AssetDep,
    AssetExecutionContext,
    BackfillPolicy,
    DagsterRunStatus,
    DailyPartitionsDefinition,
    Definitions,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    DynamicPartitionsDefinition,
    RunRequest,
    ScheduleDefinition,
    SensorResult,
    TimeWindowPartitionMapping,
    asset,
    build_schedule_from_partitioned_job,
    define_asset_job,
    in_process_executor,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)

from home import leave, path

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")


def _sensor_of(name: str, assets, look):
    """A location with a sensor."""
    job = define_asset_job("the_job", selection=assets)
    evaluate = sensor(name=name, job=job, default_status=DefaultSensorStatus.RUNNING)
    return Definitions(
        assets=assets, jobs=[job], sensors=[evaluate(look)], executor=in_process_executor
    )


@asset
def failing():
    leave("failing")
    raise RuntimeError("as planned")


@asset
def item():
    leave("item")


def _always_the_same(context):
    yield RunRequest(run_key="item")


def _twice_at_once(context):
    yield RunRequest(run_key="item")
    yield RunRequest(run_key="item")


def _closed_once(context):
    """Fails at its second look."""
    seen = int(context.cursor or 0)
    if leave("look") == 1:
        raise RuntimeError("as planned")
    context.update_cursor(str(seen + 1))
    yield RunRequest(run_key=f"item-{seen}")


failed_key = _sensor_of("failed_key", [failing], _always_the_same)
equal_keys = _sensor_of("equal_keys", [item], _twice_at_once)
failing_look = _sensor_of("failing_look", [item], _closed_once)


FRUITS = DynamicPartitionsDefinition(name="fruits")


@asset(partitions_def=FRUITS)
def fruit():
    pass


def _growing(context):
    """Adds a key and asks for it."""
    return SensorResult(
        run_requests=[RunRequest(run_key="apple", partition_key="apple")],
        dynamic_partitions_requests=[FRUITS.build_add_request(["apple"])],
    )


growing = _sensor_of("growing", [fruit], _growing)


@run_failure_sensor(
    default_status=DefaultSensorStatus.RUNNING, monitor_all_code_locations=True
)
def _alarm(context):
    leave("told")


alarms = Definitions(assets=[failing], sensors=[_alarm], executor=in_process_executor)


@asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
def morning(context: AssetExecutionContext):
    leave(context.partition_key)


_mornings = define_asset_job("mornings", selection=[morning])
mornings = Definitions(
    assets=[morning],
    jobs=[_mornings],
    schedules=[
        build_schedule_from_partitioned_job(
            _mornings, hour_of_day=6, default_status=DefaultScheduleStatus.RUNNING
        )
    ],
    executor=in_process_executor,
)


def _at(hour: int) -> Definitions:
    """A schedule of that hour; each time is a run."""
    job = define_asset_job("items", selection=[item])
    schedule = ScheduleDefinition(
        name="daily",
        job=job,
        cron_schedule=f"0 {hour} * * *",
        default_status=DefaultScheduleStatus.RUNNING,
    )
    return Definitions(
        assets=[item], jobs=[job], schedules=[schedule], executor=in_process_executor
    )


at_ten, at_eight = _at(10), _at(8)


@asset
def lookup():
    leave("lookup")


@asset(deps=[lookup], partitions_def=DAYS)
def daily(context: AssetExecutionContext):
    leave("daily")
    if path(f"fail-{context.partition_key}").exists():
        raise RuntimeError("as planned")


@asset(deps=[daily])
def total():
    leave("total")


@asset(
    deps=[
        AssetDep(
            "balance",
            partition_mapping=TimeWindowPartitionMapping(start_offset=-1, end_offset=-1),
        )
    ],
    partitions_def=DAYS,
)
def balance(context: AssetExecutionContext):
    leave(context.partition_key)
    if path(f"fail-{context.partition_key}").exists():
        raise RuntimeError("as planned")


own_past = Definitions(assets=[balance], executor=in_process_executor)
week = Definitions(assets=[lookup, daily, total], executor=in_process_executor)


@asset(name="daily", partitions_def=DAYS, backfill_policy=BackfillPolicy.single_run())
def _range(context: AssetExecutionContext) -> None:
    for key in context.partition_keys:
        leave(key)
    leave("end")


ranges = Definitions(assets=[_range], executor=in_process_executor)


@run_status_sensor(
    run_status=DagsterRunStatus.SUCCESS,
    default_status=DefaultSensorStatus.RUNNING,
    monitor_all_code_locations=True,
)
def _report(context):
    leave("told")


reports = Definitions(assets=[failing, item], sensors=[_report], executor=in_process_executor)
