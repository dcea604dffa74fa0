//! What the importer makes of lists, whatever gets lost, comes twice or breaks off.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod world;

use photovote_domain::import::{Columns, Counts, ImportCommand, Status};
use photovote_queues::ImportMessage;

use crate::world::{ELECTION, HOUR, IMPORT, LISTS, World, addresses, ask, killed_after, list, tell};

const ONE: ImportMessage = ImportMessage::import(ELECTION, IMPORT);
/// More rows than a message is worth, and not a multiple.
const VOTERS: usize = 8;

fn counts(new: u32, already: u32, imported: u32) -> Counts {
    Counts { rows: 10, new, already, rejected: 2, imported }
}

#[tokio::test]
async fn a_list_is_read_and_registered_in_pieces() {
    let world = World::confirmed(VOTERS).await;
    assert_eq!(world.import().await.counts, counts(8, 0, 0));
    assert_eq!(world.work_off().await, 4, "ten rows, three at a time");
    let import = world.import().await;
    assert_eq!((import.status, import.problem.clone(), import.counts), (Status::Done, None, counts(8, 0, 8)));
    assert_eq!(world.registered().await, addresses(VOTERS));
    assert_eq!(world.turnout().await, 8);
    assert!(world.is_cleared().await);
    // What comes late changes nothing.
    assert!(world.tell().await && world.ask(&ONE).await);
    assert_eq!((world.work_off().await, world.voters().await.len()), (0, VOTERS));
}

#[tokio::test]
async fn every_row_is_registered_once_if_importers_die() {
    for polls in 0.. {
        let world = World::confirmed(VOTERS).await;
        // Each importer dies after so many polls; the queue brings the message again.
        let mut is_killed = false;
        while let Some(message) = world.message().await {
            if killed_after(polls, Box::pin(world.ask(&message))).await.is_none() {
                is_killed = true;
                assert!(world.ask(&message).await, "after {polls} polls");
            }
        }
        let import = world.import().await;
        assert_eq!((import.status, import.counts), (Status::Done, counts(8, 0, 8)), "after {polls} polls");
        assert_eq!(world.registered().await, addresses(VOTERS), "after {polls} polls");
        assert_eq!((world.turnout().await, world.voters().await.len()), (8, VOTERS), "after {polls} polls");
        assert!(world.is_cleared().await, "after {polls} polls");
        if !is_killed {
            assert!(polls > 20, "an importer waits often: {polls}");
            return;
        }
    }
}

#[tokio::test]
async fn two_importers_at_the_same_rows_count_them_once() {
    let world = World::confirmed(VOTERS).await;
    while let Some(message) = world.message().await {
        let (one, other) = tokio::join!(world.ask(&message), world.ask(&message));
        assert!(one || other);
        if !(one && other) {
            assert!(world.ask(&message).await);
        }
    }
    let import = world.import().await;
    assert_eq!((import.status, import.counts), (Status::Done, counts(8, 0, 8)));
    assert_eq!((world.turnout().await, world.voters().await.len()), (8, VOTERS));
}

#[tokio::test]
async fn an_import_is_undone_wherever_importers_die() {
    for polls in (0..).step_by(3) {
        let world = World::confirmed(VOTERS).await;
        world.register(1, "before@example.org").await;
        world.work_off().await;
        // Whom an administrator has removed is not counted.
        world.remove("voter3@example.org").await;
        world.command(ImportCommand::Undo).await;
        let mut is_killed = false;
        let mut next = Some(ONE);
        while let Some(message) = next {
            if killed_after(polls, Box::pin(world.ask(&message))).await.is_none() {
                is_killed = true;
                assert!(world.ask(&message).await, "after {polls} polls");
            }
            next = world.message().await;
        }
        let import = world.import().await;
        assert_eq!((import.status, import.counts.imported), (Status::Undone, 1), "after {polls} polls");
        assert_eq!(world.registered().await, ["before@example.org"], "after {polls} polls");
        assert_eq!(world.turnout().await, 1, "after {polls} polls");
        assert!(world.is_cleared().await, "after {polls} polls");
        if !is_killed {
            return;
        }
    }
}

#[tokio::test]
async fn others_addresses_are_counted_and_left_alone() {
    let world = World::new().await;
    world.register(1, "VOTER1@example.org").await;
    world.upload(&list(VOTERS));
    assert!(world.tell().await);
    assert_eq!(world.import().await.counts, counts(7, 1, 0));
    // Another one comes between reading and importing.
    world.register(2, "voter7@example.org").await;
    world.command(ImportCommand::Confirm).await;
    assert!(world.ask(&ONE).await);
    world.work_off().await;
    assert_eq!(world.import().await.counts, counts(7, 2, 6));
    assert_eq!((world.turnout().await, world.voters().await.len()), (8, 8));
}

#[tokio::test]
async fn a_voter_removed_meanwhile_is_not_registered_again() {
    let world = World::confirmed(VOTERS).await;
    let first = world.message().await.unwrap();
    // The importer dies after it has registered the voters, and before it has noted that.
    let registered = async || world.voters().await.len() == 3;
    for polls in 0.. {
        assert!(polls < 10_000, "it never dies at that moment");
        let _dead = killed_after(polls, Box::pin(world.ask(&first))).await;
        if registered().await {
            break;
        }
    }
    world.remove("voter1@example.org").await;
    assert!(world.ask(&first).await);
    world.work_off().await;
    assert_eq!(world.import().await.counts, counts(8, 0, 8));
    assert_eq!((world.turnout().await, world.voters().await.len()), (7, VOTERS));
}

#[tokio::test]
async fn an_election_that_closes_meanwhile_ends_the_import() {
    let world = World::confirmed(VOTERS).await;
    let first = world.message().await.unwrap();
    assert!(world.ask(&first).await);
    world.close().await;
    world.work_off().await;
    let import = world.import().await;
    assert_eq!((import.status, import.counts), (Status::Done, counts(8, 0, 3)));
    assert_eq!(import.problem.unwrap().code, "registration_closed");
    assert_eq!(world.turnout().await, 3);
    assert!(world.is_cleared().await);
}

#[tokio::test]
async fn nothing_remains_of_a_deleted_elections_imports() {
    // One is ready, one under way, one awaits its file.
    let world = World::new().await;
    world.upload(&list(VOTERS));
    assert!(world.tell().await);
    world.delete().await;
    world.look().await;
    assert_eq!(world.import().await.problem.unwrap().code, "election_deleted");
    assert!(world.is_cleared().await);

    let world = World::confirmed(VOTERS).await;
    let first = world.message().await.unwrap();
    assert!(world.ask(&first).await);
    world.delete().await;
    world.work_off().await;
    let import = world.import().await;
    assert_eq!((import.status, import.counts.imported), (Status::Done, 3));
    assert!(world.is_cleared().await);

    let world = World::new().await;
    world.delete().await;
    world.look().await;
    assert_eq!(world.import().await.status, Status::Refused);
    assert_eq!(world.look().await, 0, "the reconciler asks no more");
}

#[tokio::test]
async fn imports_that_stopped_go_on() {
    // S3 reports nothing.
    let world = World::new().await;
    world.upload(&list(VOTERS));
    world.look().await;
    assert_eq!(world.import().await.status, Status::Ready);
    // What is shown of it is lost.
    world.control.forget_import(ELECTION, IMPORT).await.unwrap();
    world.look().await;
    assert!(world.control.reader().import(ELECTION, IMPORT).await.unwrap().findings.is_some());
    // The importer is not asked.
    world.command(ImportCommand::Confirm).await;
    world.look().await;
    assert_eq!(world.import().await.counts, counts(8, 0, 8));
    world.command(ImportCommand::Undo).await;
    world.look().await;
    assert_eq!((world.import().await.status, world.turnout().await), (Status::Undone, 0));
}

#[tokio::test]
async fn nothing_remains_of_an_import_that_is_cancelled() {
    for polls in (0..).step_by(3) {
        let world = World::new().await;
        world.upload(&list(VOTERS));
        // An administrator cancels it while it is read, or afterwards.
        let is_killed = {
            let reading = killed_after(polls, Box::pin(world.tell())).await.is_none();
            world.command(ImportCommand::Undo).await;
            reading
        };
        assert!(world.ask(&ONE).await, "after {polls} polls");
        world.work_off().await;
        assert_eq!(world.import().await.problem.unwrap().code, "cancelled", "after {polls} polls");
        assert!(world.is_cleared().await, "after {polls} polls");
        // The file comes late, or once more.
        world.upload(&list(VOTERS));
        assert!(world.tell().await);
        assert!(world.is_cleared().await, "after {polls} polls");
        assert_eq!(world.turnout().await, 0);
        if !is_killed {
            return;
        }
    }
}

#[tokio::test]
async fn imports_that_nobody_goes_on_with_end() {
    let world = World::new().await;
    world.pass(24 * HOUR - 1);
    world.look().await;
    assert_eq!(world.import().await.status, Status::Requested);
    world.pass(1);
    world.look().await;
    assert_eq!(world.import().await.problem.unwrap().code, "not_uploaded");

    let world = World::new().await;
    world.upload(&list(VOTERS));
    assert!(world.tell().await);
    world.pass(7 * 24 * HOUR);
    world.look().await;
    assert_eq!(world.import().await.problem.unwrap().code, "not_confirmed");
    assert!(world.is_cleared().await);
}

#[tokio::test]
async fn a_replaced_file_is_read_again_or_not_imported() {
    let world = World::new().await;
    world.upload(&list(VOTERS));
    assert!(world.tell().await && world.tell().await);
    assert_eq!(world.import().await.counts.rows, 10);
    world.upload(&list(2));
    assert!(world.tell().await);
    assert_eq!(world.import().await.counts.rows, 4);
    // Nobody has looked at the rows of another file after the confirmation.
    world.command(ImportCommand::Confirm).await;
    world.upload(&list(VOTERS));
    assert!(world.ask(&ONE).await);
    let import = world.import().await;
    assert_eq!((import.status, import.problem.unwrap().code.as_str()), (Status::Done, "file_changed"));
    assert_eq!(world.turnout().await, 0);

    let world = World::confirmed(VOTERS).await;
    assert!(world.buckets.lose(LISTS, &photovote_keys::objects::list_key(ELECTION, IMPORT)));
    world.work_off().await;
    assert_eq!(world.import().await.problem.unwrap().code, "file_lost");
}

#[tokio::test]
async fn an_importer_with_an_older_file_reads_the_right_one() {
    let world = World::new().await;
    let (one, other) = (world.importer(), world.importer());
    world.upload(&list(2));
    assert!(tell(&one).await);
    world.upload(&list(VOTERS));
    assert!(tell(&other).await);
    world.command(ImportCommand::Confirm).await;
    assert!(ask(&one, &ONE).await);
    world.work_off().await;
    let import = world.import().await;
    assert_eq!((import.status, import.problem, import.counts), (Status::Done, None, counts(8, 0, 8)));
    assert_eq!(world.registered().await, addresses(VOTERS));
}

#[tokio::test]
async fn an_undone_import_leaves_nobody_beside_another() {
    for polls in 0.. {
        let world = World::confirmed(VOTERS).await;
        let message = world.message().await.unwrap();
        let mut slow = Box::pin(world.ask(&message));
        if killed_after(polls, &mut slow).await.is_some() {
            assert!(polls > 10, "an importer waits often: {polls}");
            return;
        }
        // Another importer finds another file, and ends the import. An administrator undoes it.
        world.upload(&list(2));
        assert!(world.ask(&ONE).await);
        world.command(ImportCommand::Undo).await;
        assert!(world.ask(&ONE).await);
        world.work_off().await;
        assert_eq!(world.import().await.status, Status::Undone, "after {polls} polls");
        // The slow one goes on. If it fails, the message comes again.
        assert!(slow.await || world.ask(&message).await, "after {polls} polls");
        world.work_off().await;
        assert!(world.registered().await.is_empty(), "after {polls} polls");
        assert_eq!(world.turnout().await, 0, "after {polls} polls");
        assert!(world.is_cleared().await, "after {polls} polls");
    }
}

#[tokio::test]
async fn a_late_importer_registers_nobody_of_another_file() {
    for polls in 0.. {
        let world = World::new().await;
        world.register(1, "voter0@example.org").await;
        world.upload(&list(VOTERS));
        assert!(world.tell().await);
        world.command(ImportCommand::Confirm).await;
        let mut slow = Box::pin(world.ask(&ONE));
        if killed_after(polls, &mut slow).await.is_some() {
            return;
        }
        // Another importer does all the work. Then another file is uploaded.
        assert!(world.ask(&ONE).await);
        world.work_off().await;
        assert_eq!(world.import().await.counts, counts(7, 1, 7), "after {polls} polls");
        world.upload("name,email\nOther,other@example.org\n");
        assert!(slow.await || world.ask(&ONE).await, "after {polls} polls");
        world.work_off().await;
        assert_eq!(world.registered().await, addresses(VOTERS), "after {polls} polls");
        assert!(world.is_cleared().await, "after {polls} polls");
    }
}

#[tokio::test]
async fn columns_chosen_while_the_file_is_read_count() {
    let columns = |name| Columns { email: 1, name, ..Columns::default() };
    for polls in (0..).step_by(2) {
        let world = World::new().await;
        world.upload(&list(VOTERS));
        assert!(world.tell().await);
        world.command(ImportCommand::Choose(columns(None))).await;
        let dead = killed_after(polls, Box::pin(world.ask(&ONE))).await;
        world.command(ImportCommand::Choose(columns(Some(1)))).await;
        assert!(world.ask(&ONE).await);
        world.work_off().await;
        let import = world.import().await;
        assert_eq!((import.status, import.columns), (Status::Ready, Some(columns(Some(1)))));
        let shown = world.control.reader().import(ELECTION, IMPORT).await.unwrap().findings.unwrap().shown;
        assert_eq!(shown.sample[0].name, "voter0@example.org", "after {polls} polls");
        if dead.is_some() {
            return;
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_list_is_refused_and_deleted() {
    let world = World::new().await;
    world.upload("a,b\n1,2\n");
    assert!(world.tell().await);
    let import = world.import().await;
    assert_eq!((import.status, import.problem.unwrap().code.as_str()), (Status::Refused, "no_addresses"));
    assert!(world.is_cleared().await);
}

#[tokio::test]
async fn a_message_that_is_not_understood_comes_again() {
    let world = World::new().await;
    assert!(!world.deliver("{}").await);
    assert!(world.deliver(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#).await);
    let elsewhere = r#"{"Records":[{"s3":{"object":{"key":"elsewhere"}}}]}"#;
    assert!(world.deliver(elsewhere).await, "it is no list, for ever");
}
