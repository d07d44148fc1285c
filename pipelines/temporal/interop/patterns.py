"""Every workflow pattern from Python: started by name, signalled, queried, updated, compared.

Usage: patterns.py ADDRESS TASK_QUEUE

Nothing of the Rust code is needed but the contract: names and JSON. An answer that is not the
expected one ends the program with 1 and says both.
"""

import asyncio
import sys
import uuid
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleSpec,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError

PATIENCE_S = 30
DAY = "2013-01-01"


def expect(name, expected, found):
    if found != expected:
        sys.exit(f"{name}: expected {expected!r}, found {found!r}")
    print(f"python: {name}: {expected!r}")


class Patterns:
    def __init__(self, client: Client, queue: str):
        self.client = client
        self.queue = queue
        # The same id may not run twice at a time: each run of this program has its own.
        self.ids = f"python-{uuid.uuid4()}"

    async def start(self, workflow, argument) -> WorkflowHandle:
        return await self.client.start_workflow(
            workflow, argument, id=f"{self.ids}-{workflow}", task_queue=self.queue
        )

    async def execute(self, workflow, argument):
        return await (await self.start(workflow, argument)).result()

    async def pipelines(self):
        """Start and wait; ask what has closed."""
        for workflow in ["DataPipelineWorkflow", "SequentialWorkflow", "ParallelWorkflow"]:
            handle = await self.start(workflow, "one-day")
            summary = await handle.result()
            expect(workflow, 842, summary["accepted"])
            expect(workflow, summary["accepted"], summary["loaded"])
            if workflow != "DataPipelineWorkflow":
                expect(f"{workflow} progress", 1, await handle.query("progress"))

    async def a_second_run_changes_nothing(self):
        again = await self.execute("DataPipelineWorkflow", "one-day")
        expect("DataPipelineWorkflow again", 0, again["changed"])

    async def saga(self):
        handle = await self.start("SagaWorkflow", "one-day")
        expect("SagaWorkflow", 842, (await handle.result())["accepted"])
        acts = [["load", DAY], ["publish", None], ["announce", None]]
        progress = await handle.query("progress")
        expect("SagaWorkflow progress", {"begun": acts, "undone": []}, progress)

    async def extract(self):
        """One long activity, all days of the source."""
        outcome = await self.execute("ExtractWorkflow", "my-source")
        expect("ExtractWorkflow", (7, 0), (outcome["days"], outcome["resumed"]))

    async def backfill(self):
        """An update of a running workflow, and one that its validator refuses."""
        # Forty days one by one last longer than it takes to change that.
        argument = {"pipeline": {"source": "all", "concurrency": 1}, "last": "2013-02-09"}
        handle = await self.start("BackfillWorkflow", argument)
        name = "BackfillWorkflow set_concurrency"
        expect(name, 1, await handle.execute_update("set_concurrency", 16))
        try:
            await handle.execute_update("set_concurrency", 0)
            sys.exit(f"{name}: expected a refusal of 0")
        except WorkflowUpdateFailedError as refused:
            expect(name, True, "expected 1 to" in str(refused.cause))
        progress = await handle.query("progress")
        expect("BackfillWorkflow progress", 16, progress["concurrency"])
        outcome = await handle.result()
        expect("BackfillWorkflow", (40, []), (outcome["succeeded"], outcome["failed"]))

    async def approval(self):
        """Two signals, of which the first one counts, and two queries."""
        handle = await self.start("ApprovalWorkflow", "one-day")
        await until("ApprovalWorkflow waits", self.waiting, handle)
        lineage = await handle.query("lineage")
        expect("ApprovalWorkflow lineage", [DAY], [day["day"] for day in lineage])
        await handle.signal("approve", {"who": "bob", "why": "looks right"})
        outcome = await handle.result()
        expect("ApprovalWorkflow", "approved", outcome["decision"])
        expect("ApprovalWorkflow", {"who": "bob", "why": "looks right"}, outcome["verdict"])
        expect("ApprovalWorkflow", 842, outcome["summary"]["accepted"])
        expect("ApprovalWorkflow progress", "done", (await handle.query("progress"))["stage"])

    async def waiting(self, handle):
        return (await handle.query("progress"))["stage"] == "waiting"

    async def daily(self):
        """By hand, and by a schedule."""
        day = await self.execute("DailyWorkflow", {"pipeline": "one-day", "day": DAY})
        expect("DailyWorkflow", (DAY, 842), (day["day"], day["loaded"]["rows"]))
        action = ScheduleActionStartWorkflow(
            "DailyWorkflow", "one-day", id=f"{self.ids}-scheduled", task_queue=self.queue
        )
        spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=1))])
        schedule = await self.client.create_schedule(self.ids, Schedule(action=action, spec=spec))
        try:
            await until("the schedule starts", self.started, schedule)
            described = await schedule.describe()
        finally:
            await schedule.delete()
        run = described.info.recent_actions[0].action
        handle = self.client.get_workflow_handle(run.workflow_id)
        expect("DailyWorkflow by a schedule", DAY, (await handle.result())["day"])

    async def started(self, schedule):
        return (await schedule.describe()).info.num_actions > 0

    async def bad_argument(self):
        for argument, error in [("no-such", "UnknownSource"), (7, "BadInput")]:
            try:
                await self.execute("SequentialWorkflow", argument)
                sys.exit(f"SequentialWorkflow {argument!r}: expected a failure")
            except WorkflowFailureError as failed:
                cause = failed.cause
                assert isinstance(cause, ApplicationError), cause
                found = (cause.type, cause.non_retryable)
                expect(f"SequentialWorkflow {argument!r}", (error, True), found)


async def until(what, holds, *arguments):
    async def look():
        while not await holds(*arguments):
            await asyncio.sleep(0.05)

    try:
        await asyncio.wait_for(look(), PATIENCE_S)
    except asyncio.TimeoutError:
        sys.exit(f"not within {PATIENCE_S} s: {what}")


async def main():
    address, queue = sys.argv[1:]
    patterns = Patterns(await Client.connect(address), queue)
    await patterns.pipelines()
    await patterns.a_second_run_changes_nothing()
    await patterns.saga()
    await patterns.extract()
    await patterns.backfill()
    await patterns.approval()
    await patterns.daily()
    await patterns.bad_argument()


asyncio.run(main())
