#!/usr/bin/env python3
"""Tables from the newest results: medians over the runs of the last start of each benchmark.

  bench/table.py                                      prints them
  bench/table.py --write docs/reference/performance.md  puts them between the page's markers

A marker pair is `<!-- table NAME -->` and `<!-- end -->`, NAME one of compare, http_posts, embedded,
backlog, llm_gateway, llm_gateway_aimock, conversations, conversation_writes.
"""
import collections
import json
import pathlib
import re
import statistics
import sys

from facts import RESULTS

PHASES = {
    "post": "posted and confirmed; latency of one batch",
    "take": "taken and acknowledged; latency of one batch",
    "cycle": "posted, taken and acknowledged at once; latency from post to consumer",
}
NAMES = {  # {}: the version
    "baton-journal": "Baton, journal",
    "baton-sqlite": "Baton, SQLite",
    "baton-journal-lazy": "Baton, journal",
    "baton-journal-ack-pop": "Baton, journal, ack and pop in one call",
    "baton-journal-stream": "Baton, journal, /v1/stream",
    "jetstream": "NATS {} JetStream, file",
    "jetstream-fsync": "NATS {} JetStream, file",
    "redis": "Redis {} stream",
    "rabbitmq": "RabbitMQ {} quorum queue",
    "beanstalkd": "beanstalkd {}",
    "postgres": "PostgreSQL {}, skip locked",
}


LLM_ROWS = {
    "steady": "1,000 a second",
    "steady-stream": "1,000 streams a second",
    "most": "as many as go, 64 at a time",
    "most-stream": "as many streams as go, 64 at a time",
    "streams": "{streams:,} streams at a time",
}
LLM_SYSTEMS = {"direct": "upstream alone", "baton-pass-through": "Baton, pass-through",
               "baton-durable": "Baton, durable", "portkey": "@portkey-ai/gateway 1.15.2"}


def newest(bench, **facts):
    """The rows of the last start that have these facts."""
    path = RESULTS / f"{bench}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    rows = [row for row in rows if facts.items() <= row.items()]
    last = max((row.get("started", "") for row in rows), default="")
    return [row for row in rows if row.get("started") == last]


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def number(value):
    return f"{value:,.0f}"


def ms(micros):
    return f"{micros / 1000:.3g}" if micros < 99_950 else f"{micros / 1000:,.0f}"


def conditions(rows):
    first = rows[0]
    syncs = sorted({row["fdatasync_p50_us"] for row in rows if "fdatasync_p50_us" in row})
    text = f"{first['machine']}; build {first['build']}, commit {first['commit']}; {first['started']}"
    runs = 1 + max((row.get("run", 0) for row in rows), default=0)
    text += f"; {runs} run" + ("s" if runs > 1 else "")
    if syncs:
        text += f"; fdatasync of 4 KiB p50 {syncs[0]}" + (
            f" to {syncs[-1]}" if len(syncs) > 1 else "") + " µs"
    return text + (f"; {first['body_bytes']}-byte bodies." if first["body_bytes"] else ".")


def compare():
    rows = newest("compare")
    if not rows:
        return "Not measured.\n"
    groups = collections.defaultdict(list)
    for row in rows:
        if "per_second" in row:
            groups[row["phase"], row["system"], row["batch"]].append(row)
    systems = list(dict.fromkeys(row["system"] for row in rows if "per_second" in row))
    batches = sorted({row["batch"] for row in rows if "batch" in row})
    out = [conditions(rows), ""]
    for phase, what in PHASES.items():
        out += [f"**{phase}**: {what}. Messages a second, and p50 / p95 / p99 / max in ms.", ""]
        out.append("| system | durability |" + "".join(
            f" batches of {batch} | ms |" for batch in batches))
        out.append("|---|---|" + "---:|---|" * len(batches))
        for system in systems:
            cells = []
            durability = version = ""
            for batch in batches:
                found = groups.get((phase, system, batch))
                if not found:
                    cells += ["–", "–"]
                    continue
                durability, version = found[0]["durability"], found[0]["version"]
                cells.append(number(median(found, "per_second")))
                cells.append(" / ".join(
                    ms(median(found, key)) for key in ("p50_us", "p95_us", "p99_us", "max_us")))
            out.append(f"| {NAMES[system].format(version)} | {durability} | " + " | ".join(cells) + " |")
        out.append("")
    connections = {row["batch"]: row["producers"] for row in rows if "producers" in row}
    out.append("Connections that post, and as many that take: " + ", ".join(
        f"{count} with batches of {batch}" for batch, count in sorted(connections.items())) + ".")
    for row in rows:
        if "unsupported" in row:
            out.append(f"{row['system']} ({row['durability']}): "
                       f"not measured, {row['unsupported']}.")
        if "void" in row:
            out.append(f"Void: {row['system']}, batches of {row['batch']}, run {row['run']}: "
                       f"{row['void']}.")
    return "\n".join(out) + "\n"


def http_posts():
    rows = [row for row in newest("http_posts") if "posts" in row]
    if not rows:
        return "Not measured.\n"
    out = [conditions(rows), "",
           "| store | connections | posts a second | p50 / p95 / p99 / max ms | daemon's CPU a post | idle memory |",
           "|---|---:|---:|---|---:|---:|"]
    for store in dict.fromkeys(row["store"] for row in rows):
        for connections in (64, 1):
            found = [row for row in rows
                     if row["store"] == store and row["connections"] == connections]
            latency = " / ".join(
                ms(median(found, key)) for key in ("p50_us", "p95_us", "p99_us", "max_us"))
            out.append(f"| {store} | {connections} | {number(median(found, 'per_second'))} | {latency} | "
                       f"{median(found, 'cpu_us_per_post'):.1f} µs | {median(found, 'idle_rss_mb'):.1f} MiB |")
    return "\n".join(out) + "\n"


def embedded(bench="embedded"):
    rows = newest(bench)
    if not rows:
        return "Not measured.\n"
    out = [conditions(rows), "", "| store | what | messages a second, or as said | p50 / p95 / p99 / max ms |",
           "|---|---|---:|---|"]
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["store"], row["row"]].append(row)
    for (store, what), found in groups.items():
        rate = number(median(found, "per_second")) if "per_second" in found[0] else ""
        for key, unit in (("mib", "MiB"), ("seconds", "s")):
            if key in found[0] and "per_second" not in found[0]:
                rate = f"{median(found, key):.3g} {unit}"
        latency = ""
        if "p50_us" in found[0]:
            latency = " / ".join(
                ms(median(found, key)) for key in ("p50_us", "p95_us", "p99_us", "max_us"))
        out.append(f"| {store} | {what} | {rate} | {latency} |")
    return "\n".join(out) + "\n"


def llm_gateway(upstream="minimal"):
    rows = newest("llm_gateway", upstream=upstream)
    if not rows:
        return "Not measured.\n"
    out = [conditions(rows), "",
           "| what | through | answers a second | whole answer, p50 / p95 / p99 / max ms | first piece | "
           "added p99: whole / first | memory |", "|---|---|---:|---|---|---|---:|"]
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["what"], row["system"]].append(row)
    for (what, system), found in groups.items():
        name = LLM_ROWS[what].format(**found[0]).replace("1,000", f"{found[0].get('rate', 1000):,.0f}")
        good = [row for row in found if "failed" not in row and not row["errors"]]
        if len(good) < len(found):
            errors = sum(row.get("errors", 1) for row in found)
            out.append(f"| {name} | {LLM_SYSTEMS[system]} | {errors:,} answers were not whole | | | | |")
            continue

        def times(kind):
            keys = ("p50", "p95", "p99", "max")
            return " / ".join(ms(statistics.median(row[kind][key] for row in found)) for key in keys)

        def more(key):
            return ms(median(found, key)) if key in found[0] and system != "direct" else "–"

        first = times("first_us") if "first_us" in found[0] else "–"
        out.append(f"| {name} | {LLM_SYSTEMS[system]} | {number(median(found, 'per_second'))} | {times('whole_us')} | "
                   f"{first} | {more('added_p99_us')} / {more('added_first_p99_us')} | "
                   f"{median(found, 'rss_mb'):.0f} MiB |")
    return "\n".join(out) + "\n"


DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def conversations():
    """A row for each kind of page: all its orders, both ways, at all depths."""
    newest_of = {each: newest("conversations", database=each) for each in ("sqlite", "postgres")}
    databases = [each for each, rows in newest_of.items() if rows]
    if not databases:
        return "Not measured.\n"
    rows = [row for each in databases for row in newest_of[each]]
    out = [f"- {DATABASES[each]}: {conditions(newest_of[each])}" for each in databases] + ["",
           "| page of | " + " | ".join(f"{DATABASES[each]}: pages | p50 | p95 | p99 | slowest" for each in databases)
           + " |", "|---|" + "---:|---:|---:|---:|---|" * len(databases)]
    groups = collections.defaultdict(list)
    for row in rows:
        if "list" in row:
            kind = re.sub(r"(, by (update|priority))?(, up)?$", "", row["list"])
            groups[kind, row["database"]].append(row)
    for kind in dict.fromkeys(kind for kind, _ in groups):
        cells = []
        for database in databases:
            found = groups[kind, database]
            every = [row for row in found if row["depth"] == "all"]
            worst = max((row for row in found if row["depth"] != "all"), key=lambda row: row["p95_ms"])
            cells.append(f"{sum(row['pages'] for row in every):,} | {median(every, 'p50_ms'):.1f} | "
                         f"{max(row['p95_ms'] for row in every):.1f} | {max(row['p99_ms'] for row in every):.1f} | "
                         f"{worst['p95_ms']:.1f} at {worst['depth']}")
        out.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def conversation_writes():
    rows = [row for row in newest("conversations") + newest("writes") if "phase" in row]
    if not rows:
        return "Not measured.\n"
    names = {"create": "conversations made", "add": "messages added", "settle": "messages answered"}
    out = [conditions(rows), "", "| database | what | writers at once | rows | a second |", "|---|---|---:|---:|---:|"]
    for row in rows:
        out.append(f"| {DATABASES[row['database']]} | {names[row['phase']]} | {row['writers']} | {row['count']:,} | "
                   f"{number(row['per_second'])} |")
    return "\n".join(out) + "\n"


def main():
    tables = {"compare": compare, "http_posts": http_posts, "embedded": embedded,
              "backlog": lambda: embedded("backlog"), "llm_gateway": llm_gateway,
              "llm_gateway_aimock": lambda: llm_gateway("aimock"), "conversations": conversations,
              "conversation_writes": conversation_writes}
    if len(sys.argv) == 3 and sys.argv[1] == "--write":
        page = pathlib.Path(sys.argv[2])
        text = page.read_text()
        for name, make in tables.items():
            text = re.sub(rf"(<!-- table {name} -->\n).*?(<!-- end -->)",
                          lambda match, make=make: match[1] + make() + match[2], text, flags=re.S)
        page.write_text(text)
    else:
        for name, make in tables.items():
            print(f"## {name}\n\n{make()}")


if __name__ == "__main__":
    main()
