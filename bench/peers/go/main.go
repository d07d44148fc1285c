// Command peers-go is the peer of the Rust worker of pipelines/temporal: the same workflow of empty steps on
// Temporal's Go SDK, under the same names. `cargo bench --bench peers` builds it, starts it and holds
// the two against each other; every limit comes from there, so that both workers have the same.
//
// It prints "ready" when it polls, and stops on SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// maxSteps is where the Rust workflow continues as new.
const maxSteps = 2000

// noopInput is the argument of NoopWorkflow.
type noopInput struct {
	Shape string `json:"shape"`
	Steps uint32 `json:"steps"`
	Local bool   `json:"local"`
	Done  uint32 `json:"done"`
}

// noopOutcome is its result.
type noopOutcome struct {
	Steps uint32 `json:"steps"`
}

// noopWorkflow executes a chain of steps, one after the other. The Rust worker's knows fan-outs, local
// activities and longer chains as well, which the comparison does not use.
func noopWorkflow(ctx workflow.Context, input noopInput) (noopOutcome, error) {
	if input.Shape != "chain" || input.Local || input.Done != 0 || input.Steps > maxSteps {
		message := fmt.Sprintf("expected a chain of at most %d steps, not local, none done; found %+v", maxSteps, input)
		return noopOutcome{}, temporal.NewNonRetryableApplicationError(message, "BadInput", nil)
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	for step := range input.Steps {
		var done uint32
		if err := workflow.ExecuteActivity(ctx, "noop", step).Get(ctx, &done); err != nil {
			return noopOutcome{}, err
		}
	}
	return noopOutcome{Steps: input.Steps}, nil
}

// noop is the step: nothing.
func noop(_ context.Context, step uint32) (uint32, error) {
	return step, nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	address := flag.String("address", "127.0.0.1:7233", "the server's host:port")
	namespace := flag.String("namespace", "default", "the namespace")
	queue := flag.String("task-queue", "", "the task queue")
	cached := flag.Int("cached-workflows", 1000, "workflows kept between their tasks")
	workflowTasks := flag.Int("workflow-tasks", 100, "workflow tasks in work at a time")
	activities := flag.Int("activities", 100, "activities in work at a time")
	eager := flag.Int("eager-activities", 3, "activities that a workflow task may take along")
	pollers := flag.Int("pollers", 5, "pollers of each kind of task")
	sticky := flag.Duration("sticky-timeout", 10*time.Second, "how long a task waits for the worker that has its workflow")
	drain := flag.Duration("drain", 10*time.Second, "how long activities may go on after SIGTERM")
	flag.Parse()
	if *queue == "" || flag.NArg() > 0 {
		return fmt.Errorf("expected -task-queue and flags only, found %q", os.Args[1:])
	}

	logger := log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	server, err := client.Dial(client.Options{HostPort: *address, Namespace: *namespace, Logger: logger})
	if err != nil {
		return fmt.Errorf("server %s, namespace %s: %w", *address, *namespace, err)
	}
	defer server.Close()

	worker.SetStickyWorkflowCacheSize(*cached)
	w := worker.New(server, *queue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize:      *workflowTasks,
		MaxConcurrentActivityExecutionSize:          *activities,
		MaxEagerActivityReservationsPerWorkflowTask: eager,
		MaxConcurrentWorkflowTaskPollers:            *pollers,
		MaxConcurrentActivityTaskPollers:            *pollers,
		StickyScheduleToStartTimeout:                *sticky,
		WorkerStopTimeout:                           *drain,
	})
	w.RegisterWorkflowWithOptions(noopWorkflow, workflow.RegisterOptions{Name: "NoopWorkflow"})
	w.RegisterActivityWithOptions(noop, activity.RegisterOptions{Name: "noop"})
	if err := w.Start(); err != nil {
		return fmt.Errorf("task queue %s: %w", *queue, err)
	}
	fmt.Println("ready")
	<-worker.InterruptCh()
	w.Stop()
	return nil
}
