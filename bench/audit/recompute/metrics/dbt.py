"""dbt: whether the models came out right, what was built without need, and what the engine knows of dbt's
graph itself."""

from .capability import EMULATED, NATIVE, UNSUPPORTED, completed_itself

SELF = ("models_ms",)


class Project:
    """The project by what the harness recorded of dbt's manifest."""

    def __init__(self, observed):
        self.reads, self.failed, self.rows_wrong = {}, None, set()
        self.edges_unknown = self.tests_unknown = 0
        self.lines = []
        for metric, value, labels in observed:
            model = labels.get("model")
            if metric == "model_failed":
                self.failed = model
            elif metric in ("model_rows_wrong", "model_missing"):
                self.reads.setdefault(model, set())
                if value > 0:
                    self.rows_wrong.add(model)
            elif metric == "model_edge_told":
                self.reads.setdefault(model, set()).add(labels["reads"])
                self.edges_unknown += value == 0
            elif metric == "model_test_told":
                self.tests_unknown += value == 0
            elif metric in ("graph_lines", "run_lines"):
                self.lines.append((metric, value, labels))

    def after(self, model):
        """The models that read it, directly or not."""
        found = {child for child, reads in self.reads.items() if model in reads}
        return found.union(*map(self.after, found))

    def due(self, number):
        """What run `number` has to execute."""
        if self.failed is None:
            return set(self.reads)
        after = self.after(self.failed)
        return set(self.reads) - after if number == 0 else after | {self.failed}


def derive(trial, observed):
    project = Project(observed)
    wrong, repeated, built = judged(trial, project)
    found = list(project.lines)
    found += [
        ("models_wrong", float(wrong), {}),
        ("models_repeated", float(repeated), {}),
        ("edges_unknown", float(project.edges_unknown), {}),
        ("tests_unknown", float(project.tests_unknown), {}),
    ]
    found += level(trial, project, wrong + repeated, built)
    if len(trial.runs) == 1 and not wrong and trial.plan.get("side_by_side", 1) == 1:
        found += whole_ms(trial, trial.runs[0])
    return found


def judged(trial, project):
    """How many models are wrong, how many executions were not needed, and the keys that ended well."""
    wrong, repeated, built = set(project.rows_wrong), 0, {}
    well = [one for each in trial.by_key.values() for one in each if one.ok]
    for number, run in enumerate(trial.runs):
        due = project.due(number)
        for model, reads in project.reads.items():
            key = f"{run.id}/build_model/{model}"
            each = trial.by_key.get(key, [])
            ended_well = any(one.ok for one in each)
            fails = number == 0 and model == project.failed
            if model in due and (not each or ended_well == fails):
                wrong.add(model)
            if number == 0 and each and model not in due:
                wrong.add(model)
            for parent in reads:
                names = {f"{other.id}/build_model/{parent}" for other in trial.runs}
                ends = [one.ended_ns for one in well if one.key in names]
                if any(not ends or min(ends) > one.invoked_ns for one in each):
                    wrong.add(model)
            repeated += max(0, len(each) - (model in due))
            if ended_well:
                built.setdefault(run.id, set()).add(key)
    ends_due = [True, False] if project.failed else [False]
    ends = [run.failure is not None for run in trial.runs]
    whole = ends == ends_due and all(run.ended_ns is not None for run in trial.runs) and project.reads
    return len(wrong) + (not whole), repeated, built


def level(trial, project, amiss, built):
    """2 where the engine's account has each model that was built, it tells every edge and test, and no
    user code makes its graph; 1 where less than that; 0 where something came out wrong or twice."""
    if amiss:
        return [("capability_level", UNSUPPORTED, {})]
    own = True
    for run in trial.runs:
        done = completed_itself(trial, run)
        if done is None:
            return []
        own = own and done.issuperset(built.get(run.id, ()))
    knows = project.edges_unknown + project.tests_unknown == 0
    lines = dict((metric, value) for metric, value, _ in project.lines).get("graph_lines", 0.0)
    return [("capability_level", NATIVE if own and knows and not lines else EMULATED, {})]


def whole_ms(trial, run):
    """From the acknowledgement of a run of all models to its end."""
    begun = [event["t_ns"] for event in trial.of("run_acknowledged") if event["run"] == run.id]
    return [("models_ms", max(0, run.ended_ns - begun[0]) / 1e6, {})] if begun else []
