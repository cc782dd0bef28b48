"""The three dashboards: what is on them, in PromQL."""

from __future__ import annotations

from deploy.grafana.panel import Dashboard, Panel


def _quantiles(name: str) -> dict[str, str]:
    rate = _here(f"{name}_bucket", "rate")
    return {
        f"p{quantile * 100:g}": f"histogram_quantile({quantile}, sum by (le) ({rate}))"
        for quantile in (0.5, 0.95, 0.99)
    }


def _durations() -> dict[str, str]:
    name = "groundswell_http_req_duration_seconds"
    quantiles = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}
    return {
        f"{word} {{{{run}}}}": _of_runs(name, labels=f'quantile="{quantile}"')
        for word, quantile in quantiles.items()
    }


def _here(name: str, function: str = "") -> str:
    """A metric of the coordinators that are chosen."""
    return _of('instance=~"$instance"', name, function)


def _of_runs(name: str, function: str = "", labels: str = "") -> str:
    """A metric of the runs that are chosen."""
    return _of(f'test=~"$test", run=~"$run"{labels and f", {labels}"}', name, function)


def _of(labels: str, name: str, function: str) -> str:
    selector = f"{name}{{{labels}}}"
    return f"{function}({selector}[$__rate_interval])" if function else selector


_INSTANCE = {"instance": "label_values(groundswell_build_info, instance)"}

COORDINATOR = Dashboard(
    uid="groundswell-coordinator",
    title="groundswell / coordinator",
    about="Is the coordinator well: its store, how late it judges, what became of its runs.",
    variables=_INSTANCE,
    panels=(
        Panel("Ready", "bool_yes_no", {"{{instance}}": _here("groundswell_ready")},
              "What /readyz says.", 4, 4, "stat"),
        Panel("Version", "none", {"{{version}}": _here("groundswell_build_info")}, "", 4, 4, "stat"),
        Panel("Generation", "none", {"{{instance}}": _here("groundswell_generation")},
              "How often the store has had a new owner.", 4, 4, "stat"),
        Panel("Up for", "s", {"{{instance}}": f"time() - {_here('process_start_time_seconds')}"},
              "", 4, 4, "stat"),
        Panel("Runs ended in a day", "none",
              {"{{verdict}}": 'sum by (verdict) (increase(groundswell_runs_ended_total{instance=~"$instance"}[1d]))'},
              "By verdict; none: before any load.", 8, 4, "stat"),
        Panel("Seal delay", "s",
              _quantiles("groundswell_seal_delay_seconds"),
              "From the end of a second until it is judged: 0.8 s at most, unless the coordinator does not keep up."),
        Panel("Store transactions", "s",
              _quantiles("groundswell_store_transaction_seconds")),
        Panel("Store failures", "none", {"{{instance}}": _here("groundswell_store_failures_total", "increase")},
              "Transactions that the store did not take."),
        Panel("Seconds of runs sealed", "ops", {"{{instance}}": _here("groundswell_intervals_sealed_total", "rate")},
              "One a second for each run under load."),
        Panel("CPU", "none", {"{{instance}}": _here("process_cpu_seconds_total", "rate")}, "In cores."),
        Panel("Memory", "bytes", {"{{instance}}": _here("process_resident_memory_bytes")}),
        Panel("Open files", "none",
              {"open": _here("process_open_fds"), "allowed": _here("process_max_fds")}),
        Panel("Why runs were no PASS", "none",
              {"{{reason}}": f"sum by (reason) ({_here('groundswell_run_reasons_total', 'increase')}) > 0"},
              "Each reason once a run; docs/exit-codes.md and docs/saturation.md say what they mean.", 16),
    ),
)  # fmt: skip

POOL = Dashboard(
    uid="groundswell-pool",
    title="groundswell / pool",
    about="Are there agents enough, and do they keep up.",
    variables=_INSTANCE,
    panels=(
        Panel("Agents", "none",
              {"{{state}}": f"sum by (state) ({_here('groundswell_agents')})"},
              "Lost ones have no stream, and their run still waits for them.", 12, 8, stacked=True),
        Panel("Runs", "none", {"{{state}}": f"sum by (state) ({_here('groundswell_runs')})"},
              "That have not ended.", 12, 8, stacked=True),
        Panel("Runs that wait for agents", "none", {"{{instance}}": _here("groundswell_queue_length")}),
        Panel("Streams", "none", {"{{instance}}": _here("groundswell_attached_streams")},
              "Agents' streams that are open."),
        Panel("Reports", "ops",
              {"{{outcome}}": f"sum by (outcome) ({_here('groundswell_reports_total', 'rate')})"},
              "An amendment came after its second was sealed; what is too late is in no verdict.", stacked=True),
        Panel("Size of reports", "Bps", {"{{instance}}": _here("groundswell_report_bytes_total", "rate")}),
        Panel("Busiest agent", "percentunit", {"{{run}}": _here("groundswell_run_agent_cpu_max_ratio")},
              "A share of what it may use, of each run."),
        Panel("Send lag of the latest agent, p99", "s", {"{{run}}": _here("groundswell_run_send_lag_p99_max_seconds")},
              "How late it starts what is planned; above 5 ms an agent is saturated."),
    ),
)  # fmt: skip

RUNS = Dashboard(
    uid="groundswell-runs",
    title="groundswell / runs",
    about="Runs under load, second by second. What has ended is in the store: groundswell show RUN --html.",
    variables={
        "test": "label_values(groundswell_run_elapsed_seconds, test)",
        "run": 'label_values(groundswell_run_elapsed_seconds{test=~"$test"}, run)',
    },
    panels=(
        Panel("Iterations a second", "ops",
              {"planned {{run}}": _of_runs("groundswell_run_planned_rate"),
               "achieved {{run}}": _of_runs("groundswell_run_achieved_rate")},
              "Where these part, either no VU is free or the agents are late.", 12, 8),
        Panel("Duration of requests", "s",
              _durations(),
              "Of the latest second, over all agents: exact, as histograms are merged.", 12, 8),
        Panel("Requests", "reqps", {"{{run}}": _of_runs("groundswell_http_reqs_total", "rate")}),
        Panel("Failed requests", "percentunit",
              {"{{run}}": f"{_of_runs('groundswell_http_req_failed_total', 'rate')}"
                          f" / {_of_runs('groundswell_http_reqs_total', 'rate')}"}, maximum=1),
        Panel("Virtual users", "none", {"{{run}}": _of_runs("groundswell_vus")}),
        Panel("Dropped iterations", "ops", {"{{run}}": _of_runs("groundswell_dropped_iterations_total", "rate")},
              "Planned and not started."),
        Panel("Thresholds", "none",
              {"{{standing}} {{run}}": _of_runs("groundswell_run_thresholds")}, "By how they stand.", stacked=True),
        Panel("Agents", "none", {"{{health}} {{run}}": _of_runs("groundswell_run_agents")},
              "A run with a saturated one will be INCONCLUSIVE.", stacked=True),
        Panel("Average duration", "s",
              {"{{run}}": f"{_of_runs('groundswell_http_req_duration_seconds_sum', 'rate')}"
                          f" / {_of_runs('groundswell_http_req_duration_seconds_count', 'rate')}"}),
        Panel("Busiest agent", "percentunit", {"{{run}}": _of_runs("groundswell_run_agent_cpu_max_ratio")}),
        Panel("Send lag of the latest agent, p99", "s",
              {"{{run}}": _of_runs("groundswell_run_send_lag_p99_max_seconds")}),
    ),
)  # fmt: skip

DASHBOARDS = {"coordinator": COORDINATOR, "pool": POOL, "runs": RUNS}
