#!/usr/bin/env python3
"""Removes one guard after the other from a copy of the source, and runs the simulation's fixed seeds on each copy. They
have to fail every time: a guard that nobody would miss is not tested, or not needed. Of some guards the simulation sees
nothing, because the reconciler mends what their removal does: those name the test that has to fail instead.

    make mutants                 all of them
    make mutants ONLY=gate       those with this in their names

With `check` it only looks whether every guard stands in the source once.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
TREE = ROOT / "target" / "mutants"
SIMULATION = "simulation"

# name, file, what stands there, what is put in its place; a file of tests, if it is not the simulation
MUTANTS = [
    (
        "gate condition of a cast",
        "storage/coordination-write/src/write.rs",
        '"#status = :open AND (attribute_not_exists(closes_at) OR :now < closes_at)"',
        '"#status = :open OR attribute_exists(pk) OR :now < closes_at"',
    ),
    (
        "gate condition of a registration",
        "storage/coordination-write/src/write.rs",
        '"(#status = :draft OR #status = :open) AND (attribute_not_exists(links) OR links = :links)"',
        '"(#status = :draft OR #status = :open OR attribute_exists(pk)) AND (attribute_not_exists(links) OR links = :links)"',
    ),
    (
        "a voter is registered in the way of the gate",
        "storage/coordination-write/src/write.rs",
        'Links::Invite => "(#status = :draft OR #status = :open) AND links = :links",',
        'Links::Invite => "(#status = :draft OR #status = :open) AND (links = :links OR attribute_exists(pk))",',
    ),
    (
        "a mail is claimed by one mailer",
        "storage/coordination-write/src/mails.rs",
        '"attribute_exists(pk) AND (attribute_not_exists(claimed) OR claimed < :now OR claimant = :by)"',
        '"attribute_exists(pk) AND (attribute_not_exists(claimed) OR claimed < :now OR attribute_exists(pk))"',
    ),
    (
        "a commit is followed once",
        "storage/coordination-write/src/followers.rs",
        '.condition_expression("attribute_not_exists(pk)")',
        '.condition_expression("attribute_not_exists(no_such_attribute)")',
        "school",
    ),
    (
        "only the link that is awaited is issued",
        "domain/src/ballot.rs",
        "(Some(awaited), _) if awaited == link =>",
        "(Some(awaited), _) if awaited == link || awaited != link =>",
        "rules",
    ),
    (
        "a creation is counted once",
        "storage/coordination-write/src/creations.rs",
        '.expression_attribute_values(":one", number(1))',
        '.expression_attribute_values(":one", number(2))',
    ),
    (
        "version condition of a commit",
        "storage/events-append/src/append.rs",
        'const PLACE_IS_FREE: &str = "attribute_not_exists(sk)";',
        'const PLACE_IS_FREE: &str = "attribute_not_exists(no_such_attribute)";',
    ),
    (
        "a decision that depends on two streams",
        "storage/events-append/src/append.rs",
        ".condition_expression(PLACE_IS_FREE)\n            .build()?;\n        Ok(TransactWriteItem::builder().condition_check(check).build())",
        ".condition_expression(\"attribute_not_exists(pk) OR attribute_exists(pk)\")\n            .build()?;\n        Ok(TransactWriteItem::builder().condition_check(check).build())",
        "append",
    ),
    (
        "what a count has come to is kept",
        "workers/counting/src/fold.rs",
        "tally: self.tally(&kept)?,",
        "tally: self.tally(&kept).map(|_| Tally::default())?,",
    ),
    (
        "the last shard asks for the sum",
        "workers/counting/src/lib.rs",
        "len() == usize::from(election.shards.get()) {",
        "len() > usize::from(election.shards.get()) {",
    ),
    (
        "released results stay released",
        "storage/documents-write/src/counted.rs",
        'put.condition_expression("attribute_not_exists(tag)")',
        'put.condition_expression("attribute_not_exists(no_such_attribute)")',
        "counting",
    ),
    (
        "nothing of a deleted election is published",
        "storage/documents-write/src/counted.rs",
        "attribute_exists(pk) AND #status <> :deleted",
        "attribute_exists(pk) OR #status <> :deleted",
        "counting",
    ),
    (
        "a close comes again until the counter is told",
        "workers/projection/src/lib.rs",
        "whole.failed = earlier(whole.failed, self.tell(to_count, to_delete).await);",
        "let _ = self.tell(to_count, to_delete).await;",
        "projector",
    ),
    (
        "gates are missing for a while",
        "workers/counting/src/lib.rs",
        "            Err(early) if early.is_early() => self.put_off(message, &early).await,\n",
        "",
        "counter",
    ),
    (
        "version condition of a document",
        "storage/documents-write/src/write.rs",
        'pub(crate) const NOT_MOVED: &str = "version = :previous";',
        'pub(crate) const NOT_MOVED: &str = "version >= :previous OR version < :previous";',
    ),
    (
        "command id: what is known is not done again",
        "storage/events-append/src/execute.rs",
        "            match history.known(record) {\n                Known::Done(version) => return",
        "            match Known::No {\n                Known::Done(version) => return",
    ),
    (
        "what a call itself wrote is no repetition",
        "storage/events-append/src/execute.rs",
        "is_none_or(|hash| !tried.contains(&hash));",
        "is_none_or(|hash| tried.is_empty() || !hash.as_bytes().is_empty());",
    ),
    (
        "reading the ballot again after a refused gate",
        "storage/events-append/src/execute.rs",
        "let before = history.version();\n                    self.reader().refresh(&mut history).await?;",
        "let before = history.version();",
    ),
    (
        "a refusal never rests on a stale cache",
        "api/ballot-commands/src/execute.rs",
        "let fresh = self.elections.fresh(id).await?;\n                self.store.reader().refresh",
        "let fresh = self.elections.recent(id).await?;\n                self.store.reader().refresh",
    ),
    (
        "of a cached ballot the news are read",
        "api/ballot-commands/src/execute.rs",
        "&& !self.store.reader().refresh_within(ballot, KNOWN_COMMANDS).await?",
        "&& ballot.commands() == 0",
    ),
    (
        "a ballot is read from a commit that says everything",
        "storage/events/src/reader.rs",
        "let alone = commit.decode::<A>()?.iter().any(A::stands_alone);",
        "let alone = !commit.decode::<A>()?.is_empty();",
    ),
    (
        "gap healing",
        "workers/projection/src/project.rs",
        "        if !gap {\n",
        "        if !gap || gap {\n",
    ),
    (
        "a failed batch comes again",
        "workers/projection/src/project.rs",
        "        Trouble::Later(reason) => Stuck::Later(reason),\n",
        "        Trouble::Later(_) => Stuck::Never(Vec::new()),\n",
    ),
    (
        "pagination",
        "storage/dynamodb/src/pages.rs",
        "query.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;",
        "query.send().await.map(|page| page.items.unwrap_or_default());",
    ),
    (
        "unprocessed keys",
        "storage/coordination/src/gate.rs",
        "keys = rest.map(|rest| rest.keys).unwrap_or_default();",
        "keys = rest.map(|rest| rest.keys).filter(Vec::is_empty).unwrap_or_default();",
    ),
    (
        "retry of a transaction conflict",
        "storage/dynamodb/src/transact.rs",
        "StorageError::Contended | StorageError::Throttled) if retry.again().await",
        "StorageError::Throttled) if retry.again().await",
    ),
    (
        "finishing a half-done close",
        "workers/clock/src/lib.rs",
        "        if matches!(state.status, Status::Open | Status::Closing) {\n",
        "        if state.status == Status::Closing {\n            return Ok(false);\n        }\n"
        "        if state.status == Status::Open {\n",
    ),
    (
        "finishing a half-done opening",
        "workers/clock/src/lib.rs",
        "self.control.open_gates(id, election.shards, election.closes_at).await?;\n        }",
        "let _ = gates.len();\n        }",
    ),
    (
        "parts of a document belong together",
        "storage/documents-read/src/item.rs",
        ".map(|place| parts.remove(&place.id).filter(|part| part.version == place.version))",
        ".map(|place| parts.remove(&place.id))",
    ),
]


def copy_tree():
    """The files of this tree, as they stand; what has not changed keeps its time, so that little is built again,
    and what is no longer there goes."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for directory, inner, files in os.walk(TREE):
        inner[:] = [name for name in inner if pathlib.Path(directory, name) != TREE / "target"]
        for path in (pathlib.Path(directory, name) for name in files):
            if not (ROOT / path.relative_to(TREE)).is_file():
                path.unlink()
    for name in listed.stdout.splitlines():
        source, target = ROOT / name, TREE / name
        if source.is_file() and not (target.is_file() and target.read_bytes() == source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def survives(suite):
    """Do the tests of this file pass? And what they say."""
    # A target directory of its own: cargo takes the same package of two trees for one. The first build takes its time.
    environment = os.environ | {"CARGO_TARGET_DIR": str(TREE / "target"), "RUST_BACKTRACE": "0"}
    build = ["cargo", "test", "--workspace", "--all-features", "--offline", "--quiet", "--test", suite]
    built = subprocess.run([*build, "--no-run"], cwd=TREE, env=environment, capture_output=True, text=True)
    if built.returncode != 0:
        sys.exit(f"the mutant does not compile:\n{built.stderr}")
    run = [*build, "nothing_is_lost"] if suite == SIMULATION else build
    ran = subprocess.run(run, cwd=TREE, env=environment, capture_output=True, text=True, timeout=3600)
    said = [line.strip() for line in (ran.stderr + ran.stdout).splitlines()]
    mark = "SEED=" if suite == SIMULATION else "---- "
    first = next((i for i, line in enumerate(said) if line.startswith(mark)), None)
    return ran.returncode == 0, "no fault of this kind" if first is None else f"{said[first]}: {said[first + 1][:110]}"


def check():
    """Every guard stands in its file, and once."""
    wrong = [name for name, file, here, *_ in MUTANTS if (ROOT / file).read_text().count(here) != 1]
    if wrong:
        sys.exit(f"tests/simulation/mutants does not find these guards any more: {', '.join(wrong)}")


def main():
    check()
    if sys.argv[1:] == ["check"]:
        return
    only = os.environ.get("ONLY", "")
    survivors = []
    print("| Guard that is removed | What the tests say | Seconds |\n|---|---|---:|")
    for name, file, here, there, *suite in MUTANTS:
        if only not in name:
            continue
        copy_tree()
        path = TREE / file
        source = path.read_text()
        path.write_text(source.replace(here, there))
        started = time.monotonic()
        alive, said = survives(*suite or [SIMULATION])
        copy_tree()
        if alive:
            survivors.append(name)
        print(f"| {name} | {'**nothing**' if alive else said} | {time.monotonic() - started:.0f} |", flush=True)
    if survivors:
        sys.exit(f"nobody missed: {', '.join(survivors)}")


if __name__ == "__main__":
    main()
